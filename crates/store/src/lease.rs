//! `SQLite`'s connections: one that writes, several that only read.
//!
//! A pool of the driver asks each connection, whenever it comes back, whether it is still there: one more
//! way to its thread and back, for each transaction. A file does not go away.

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
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
    /// Begins a transaction.
    pub(crate) async fn begin(mut self, how: &'static str) -> Result<Self, sqlx::Error> {
        // Set first: who is dropped meanwhile may have begun.
        self.within = true;
        sqlx::query(how).execute(&mut *self).await?;
        Ok(self)
    }

    /// Makes it permanent.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        if self.within {
            sqlx::query("commit").execute(&mut *self).await?;
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
