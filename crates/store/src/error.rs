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

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).map(std::borrow::Cow::into_owned)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let Some(database) = error.as_database_error() {
            if database.is_unique_violation() {
                return Self::Taken(database.message().to_owned());
            }
            let code = code(&error).unwrap_or_default();
            if CONFLICTS.contains(&code.as_str()) {
                return Self::Conflict(error.to_string());
            }
            // SQLite: busy 5, locked 6, read-only 8, I/O 10, full 13, cannot open 14.
            // PostgreSQL: class 08 connection, 53 resources, 55 state, 57 intervention, 58 system.
            let primary = code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff);
            let passes = matches!(primary, Some(5 | 6 | 8 | 10 | 13 | 14))
                || code.len() == 5
                    && ["08", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class));
            return if passes {
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
