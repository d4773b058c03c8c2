//! `SQLite`'s connections: one that writes, several that only read.
//!
//! Each statement goes to a connection's own thread and back, which costs more than most statements do. So
//! nothing goes that way twice: a pool of the driver asks each connection, whenever it comes back, whether it
//! is still there, and a file does not go away; the driver waits for the end of an answer, and then for the
//! end of its channel.

use futures_util::TryStreamExt;
use sqlx::{
    ConnectOptions, Connection, Either, Executor, FromRow, Sqlite, SqliteConnection,
    query::{Query, QueryAs},
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow},
};
use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Some connections to one file.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: SqliteConnectOptions,
    /// How many may be on lease at once, in the order they were asked for.
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Shared {
    fn take(&self) -> Option<SqliteConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give(&self, connection: SqliteConnection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

impl Connections {
    /// So many at most; one is opened now.
    pub(crate) async fn open(options: SqliteConnectOptions, most: usize) -> Result<Self, sqlx::Error> {
        let idle = Mutex::new(vec![options.connect().await?]);
        Ok(Self(Arc::new(Shared { options, permits: Arc::new(Semaphore::new(most)), idle })))
    }

    /// One of them, once one is free.
    pub(crate) async fn lease(&self) -> Result<Lease, sqlx::Error> {
        let Self(shared) = self;
        let permit = Arc::clone(&shared.permits).acquire_owned().await;
        let permit = permit.map_err(|_| sqlx::Error::PoolClosed)?;
        let connection = match shared.take() {
            Some(connection) => connection,
            None => shared.options.connect().await?,
        };
        Ok(Lease { held: Some((connection, Home(Arc::clone(shared), permit))), within: false })
    }

    /// Closes those that are not on lease, and gives out no more.
    pub(crate) async fn close(&self) {
        self.0.permits.close();
        while let Some(connection) = self.0.take() {
            // It ends either way.
            let _ = connection.close().await;
        }
    }
}

/// Where a connection goes back to; its permit ends after.
#[derive(Debug)]
struct Home(Arc<Shared>, #[expect(dead_code, reason = "ends when dropped")] OwnedSemaphorePermit);

/// A connection on lease, within a transaction or outside of one. Dropped within one, it is undone.
#[derive(Debug)]
pub struct Lease {
    /// Taken when it goes back.
    held: Option<(SqliteConnection, Home)>,
    within: bool,
}

impl Deref for Lease {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match &self.held {
            Some((connection, _)) => connection,
            None => unreachable!("held until it is dropped"),
        }
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match &mut self.held {
            Some((connection, _)) => connection,
            None => unreachable!("held until it is dropped"),
        }
    }
}

impl Lease {
    /// Runs a statement; the number of rows it touched.
    pub(crate) async fn execute(
        &mut self,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<u64, sqlx::Error> {
        let mut answer = (**self).fetch_many(query);
        while let Some(next) = answer.try_next().await? {
            if let Either::Left(done) = next {
                return Ok(done.rows_affected());
            }
        }
        Ok(0)
    }

    /// All rows of a query.
    pub(crate) async fn rows<R>(
        &mut self,
        query: QueryAs<'_, Sqlite, R, SqliteArguments>,
    ) -> Result<Vec<R>, sqlx::Error>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let mut rows = Vec::new();
        let mut answer = (**self).fetch_many(query);
        while let Some(Either::Right(row)) = answer.try_next().await? {
            rows.push(R::from_row(&row)?);
        }
        Ok(rows)
    }

    /// The row of a query that has at most one. Whether there is one takes the same time: the first that comes
    /// back is the row, or that there is none.
    pub(crate) async fn row<R>(
        &mut self,
        query: QueryAs<'_, Sqlite, R, SqliteArguments>,
    ) -> Result<Option<R>, sqlx::Error>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        match (**self).fetch_many(query).try_next().await? {
            Some(Either::Right(row)) => R::from_row(&row).map(Some),
            _ => Ok(None),
        }
    }

    /// Begins a transaction.
    pub(crate) async fn begin(mut self, how: &'static str) -> Result<Self, sqlx::Error> {
        // Set first: who is dropped meanwhile may have begun.
        self.within = true;
        self.execute(sqlx::query(how)).await?;
        Ok(self)
    }

    /// Makes it permanent.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        if self.within {
            self.execute(sqlx::query("commit")).await?;
            self.within = false;
        }
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some((mut connection, home)) = self.held.take() else { return };
        if !self.within {
            home.0.give(connection);
        } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // On a full or failing disk SQLite has undone it by itself, and there is nothing to roll
                // back: such a connection is closed, and another opened when one is asked for.
                if sqlx::query("rollback").execute(&mut connection).await.is_ok() {
                    home.0.give(connection);
                }
            });
        }
    }
}
