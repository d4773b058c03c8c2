//! What can go wrong between the product and its database, and what follows from it.

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
const CONFLICTS: [&str; 5] = ["40001", "40P01", "55P03", "57P01", "25006"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let Some(database) = error.as_database_error() {
            if database.is_unique_violation() {
                return Self::Taken(database.message().to_owned());
            }
            let code = database.code().unwrap_or_default();
            if CONFLICTS.contains(&code.as_ref()) {
                return Self::Conflict(error.to_string());
            }
            // Class 08 connection, 53 resources, 55 state, 57 intervention, 58 system.
            return if ["08", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class)) {
                Self::Unavailable(error.to_string())
            } else {
                Self::Broken(error.to_string())
            };
        }
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_) => Self::Unavailable(error.to_string()),
            error => Self::Broken(error.to_string()),
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
