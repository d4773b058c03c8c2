//! What can go wrong between the product and its database, and what follows from it.

use tokio_postgres::error::SqlState;

/// An error of the store.
///
/// - [`Taken`](Self::Taken) is the caller's to tell: something unique is there already.
/// - [`Conflict`](Self::Conflict) is run again, [`Unavailable`](Self::Unavailable) passes: the caller
///   answers "try again".
/// - [`Schema`](Self::Schema) needs an operator: the service does not start.
/// - [`Broken`](Self::Broken) is a defect or a damaged database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key exists already.
    #[error("already there: {0}")]
    Taken(String),
    /// Undone for another's sake (a deadlock, a lock waited for too long, a demoted primary):
    /// running the whole transaction again helps.
    #[error("the transaction was undone: {0}")]
    Conflict(String),
    /// The database is locked, full, gone, or took too long.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database is not of a form this version knows.
    #[error("{0}")]
    Schema(String),
    /// Anything else.
    #[error("the database answered unexpectedly: {0}")]
    Broken(String),
}

/// Serialization failure, deadlock, lock timeout, administrator's shutdown, read-only (demoted).
const CONFLICTS: [SqlState; 5] = [
    SqlState::T_R_SERIALIZATION_FAILURE,
    SqlState::T_R_DEADLOCK_DETECTED,
    SqlState::LOCK_NOT_AVAILABLE,
    SqlState::ADMIN_SHUTDOWN,
    SqlState::READ_ONLY_SQL_TRANSACTION,
];

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        // Its details may quote rows; its message does not.
        let Some(refusal) = error.as_db_error() else { return Self::Unavailable(error.to_string()) };
        let (code, said) = (refusal.code(), refusal.message().to_owned());
        if *code == SqlState::UNIQUE_VIOLATION {
            return Self::Taken(said);
        }
        if CONFLICTS.contains(code) {
            return Self::Conflict(said);
        }
        // Class 08 connection, 53 resources, 55 state, 57 intervention, 58 system.
        if ["08", "53", "55", "57", "58"].iter().any(|class| code.code().starts_with(class)) {
            Self::Unavailable(said)
        } else {
            Self::Broken(format!("{said} ({})", code.code()))
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::{ErrorCode as Code, ffi};
        let Some(failure) = error.sqlite_error() else { return Self::Broken(error.to_string()) };
        let unique = [ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CONSTRAINT_PRIMARYKEY];
        match failure.code {
            Code::ConstraintViolation if unique.contains(&failure.extended_code) => {
                Self::Taken(error.to_string())
            }
            Code::OperationInterrupted => Self::Unavailable("no answer within 10 s".to_owned()),
            Code::DatabaseBusy
            | Code::DatabaseLocked
            | Code::ReadOnly
            | Code::SystemIoFailure
            | Code::DiskFull
            | Code::CannotOpen => Self::Unavailable(error.to_string()),
            _ => Self::Broken(error.to_string()),
        }
    }
}
