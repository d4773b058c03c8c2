//! The two engines behind one type: opening, transactions, deadlines.

use crate::{StoreError, schema};
use sqlx::{
    PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{future::Future, net::IpAddr, path::Path, str::FromStr, time::Duration};

/// No statement, no wait for a connection and no commit takes longer; then the connection is
/// dropped and the caller told to try again.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A database: one SQLite file, or a PostgreSQL.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    /// One connection that writes, several that only read.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction on either engine. Dropped without [`commit`](Self::commit) it is undone.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Whether nobody between here and a PostgreSQL can read along: on this machine, by a socket, or by TLS whose
/// certificate is checked. Judged by what the driver makes of the URL.
pub fn is_private(url: &str) -> bool {
    let Ok(options) = PgConnectOptions::from_str(url) else { return false };
    let host = options.get_host().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let socket = options.get_socket().is_some() || host.starts_with('/');
    socket || loopback || matches!(options.get_ssl_mode(), PgSslMode::VerifyFull)
}

impl Store {
    /// Opens a SQLite file, made where it does not exist.
    pub async fn sqlite(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // NORMAL loses acknowledged commits at a power cut; FULL loses none.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .pragma("trusted_schema", "off")
            .pragma("secure_delete", "on")
            .statement_cache_capacity(256);
        let pool = |options, connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .min_connections(1)
                .acquire_timeout(DEADLINE)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .connect_with(options)
        };
        let write = pool(options.clone(), 1).await?;
        let read = pool(options.pragma("query_only", "on"), 4).await?;
        Ok(Self { engine: Engine::Sqlite { write, read } })
    }

    /// Opens a PostgreSQL by its URL (`postgres://user:password@host/database`).
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| {
                StoreError::Schema(
                    "the database URL is not of the form postgres://user:password@host/database".to_owned(),
                )
            })?
            .application_name("aftercare")
            .options([
                ("statement_timeout", "10s"),
                ("idle_in_transaction_session_timeout", "30s"),
                ("lock_timeout", "5s"),
            ]);
        let pool =
            PgPoolOptions::new().max_connections(16).acquire_timeout(DEADLINE).connect_with(options).await?;
        Ok(Self { engine: Engine::Postgres(pool) })
    }

    /// What kind of database this is, for people.
    pub fn engine_name(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite { .. } => "SQLite",
            Engine::Postgres(_) => "PostgreSQL",
        }
    }

    /// Brings the schema up to this version; refuses one that is newer.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        schema::migrate(self).await
    }

    /// Begins a transaction that only reads.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        in_time(async {
            Ok(match &self.engine {
                Engine::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
                Engine::Postgres(pool) => {
                    Tx::Postgres(pool.begin_with("begin isolation level repeatable read read only").await?)
                }
            })
        })
        .await
    }

    /// Begins a transaction that writes. On SQLite it is the only one.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        in_time(async {
            Ok(match &self.engine {
                Engine::Sqlite { write, .. } => Tx::Sqlite(begin_immediate(write).await?),
                Engine::Postgres(pool) => Tx::Postgres(pool.begin().await?),
            })
        })
        .await
    }

    /// Closes all connections; SQLite folds its log into the file.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }
}

/// Begins on the connection that writes. `SQLite` itself undoes a transaction when the disk is full
/// or fails, and the connection then takes itself to be within one for ever: it is closed, and the
/// next one opened.
async fn begin_immediate(write: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    match write.begin_with("begin immediate").await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            write.acquire().await?.close().await?;
            write.begin_with("begin immediate").await
        }
        begun => begun,
    }
}

impl Tx {
    /// Makes it permanent. Runs to its end even where the caller is dropped: a cancelled COMMIT
    /// would leave nobody knowing.
    pub async fn commit(self) -> Result<(), StoreError> {
        let commit = tokio::spawn(async move {
            match self {
                Self::Sqlite(tx) => tx.commit().await,
                Self::Postgres(tx) => tx.commit().await,
            }
        });
        let joined = tokio::time::timeout(DEADLINE, commit).await;
        match joined {
            Ok(Ok(done)) => Ok(done?),
            Ok(Err(_)) | Err(_) => {
                Err(StoreError::Unavailable("commit did not end in time; its outcome is unknown".to_owned()))
            }
        }
    }
}

/// Ends what takes longer than the deadline.
pub(crate) async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::Unavailable("no answer within 10 s".to_owned())),
    }
}
