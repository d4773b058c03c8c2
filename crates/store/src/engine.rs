//! The two engines behind one type: opening, transactions, deadlines.

use crate::{
    StoreError, fault,
    lease::{Connections, Lease},
    schema,
    tls::Target,
    wire::{self, Held},
};
use std::{
    future::Future,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

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
        write: Connections,
        read: Connections,
    },
    Postgres(wire::Connections),
}

/// Whether a commit waits until the disk has it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Synced {
    Yes,
    No,
}

/// A transaction on either engine. Dropped without [`commit`](Self::commit) it is undone.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Lease),
    /// On PostgreSQL.
    Postgres(Held),
}

/// Whether nobody between here and a PostgreSQL can read along: on this machine, by a socket, or by TLS whose
/// certificate is checked.
pub fn is_private(url: &str) -> bool {
    Target::of(url).is_ok_and(|target| target.is_private())
}

impl Store {
    /// Opens a SQLite file, made where it does not exist.
    pub fn sqlite(file: &Path) -> Result<Self, StoreError> {
        let write = Connections::open(file.to_owned(), true, 1)?;
        let read = Connections::open(file.to_owned(), false, 4)?;
        Ok(Self { engine: Engine::Sqlite { write, read } })
    }

    /// Opens a PostgreSQL by its URL (`postgres://user:password@host/database`).
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        Ok(Self { engine: Engine::Postgres(wire::Connections::open(url).await?) })
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
        self.migrate_in(None).await
    }

    /// The same; the tables of a new PostgreSQL lie in so many parts by bucket, where some are wanted.
    pub async fn migrate_in(&self, parts: Option<u32>) -> Result<(), StoreError> {
        schema::migrate(self, parts).await
    }

    /// Begins a transaction that only reads.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        in_time(async {
            Ok(match &self.engine {
                Engine::Sqlite { read, .. } => Tx::Sqlite(read.lease().await?.begin()?),
                Engine::Postgres(connections) => Tx::Postgres(connections.begin().await?),
            })
        })
        .await
    }

    /// For a read of one statement, or of several that need not see the same state: spares the way to
    /// begin and to end a transaction.
    pub async fn peek(&self) -> Result<Tx, StoreError> {
        in_time(async {
            Ok(match &self.engine {
                Engine::Sqlite { read, .. } => Tx::Sqlite(read.lease().await?),
                Engine::Postgres(connections) => Tx::Postgres(connections.lease().await?),
            })
        })
        .await
    }

    /// Begins a transaction that writes. On SQLite it is the only one.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        self.begin_writing(Synced::Yes).await
    }

    /// The same, for what may be lost with the machine, since it is then done again: its commit does not wait for the
    /// disk, nor for a standby. What is committed after it and waits keeps this too: none is kept without those before.
    pub async fn write_unsynced(&self) -> Result<Tx, StoreError> {
        self.begin_writing(Synced::No).await
    }

    async fn begin_writing(&self, synced: Synced) -> Result<Tx, StoreError> {
        in_time(async {
            Ok(match &self.engine {
                Engine::Sqlite { write, .. } => Tx::Sqlite(write.lease().await?.begin_writing(synced).await?),
                Engine::Postgres(connections) => Tx::Postgres(connections.begin_writing(synced).await?),
            })
        })
        .await
    }

    /// Closes all connections; SQLite folds its log into the file.
    pub fn close(&self) {
        match &self.engine {
            Engine::Sqlite { write, read } => {
                read.close();
                write.close();
            }
            Engine::Postgres(connections) => connections.close(),
        }
    }
}

impl Tx {
    /// Whether rows are spread over machines by bucket: then one statement locks, and changes, those of one.
    pub(crate) fn is_spread(&self) -> bool {
        matches!(self, Self::Postgres(Held { spread: true, .. }))
    }

    /// Lets what was said go to the server before the caller computes for a while: it is worked on meanwhile.
    pub async fn send(&mut self) {
        if let Self::Postgres(_) = self {
            tokio::task::yield_now().await;
        }
    }

    /// Makes it permanent. Runs to its end even where the caller is dropped: a cancelled COMMIT
    /// would leave nobody knowing.
    pub async fn commit(self) -> Result<(), StoreError> {
        fault::step()?;
        let commit = Box::pin(async move {
            match self {
                Self::Sqlite(lease) => lease.commit().await,
                Self::Postgres(held) => held.commit().await,
            }
        });
        match tokio::time::timeout(DEADLINE, ToItsEnd(Some(commit))).await {
            Ok(done) => {
                done?;
                fault::step()
            }
            Err(_) => {
                Err(StoreError::Unavailable("commit did not end in time; its outcome is unknown".to_owned()))
            }
        }
    }
}

/// Work that goes on by itself where whoever waits for it is dropped.
struct ToItsEnd<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> Future for ToItsEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for ToItsEnd<T> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

/// Ends what takes longer than the deadline.
pub(crate) async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    fault::step()?;
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::Unavailable("no answer within 10 s".to_owned())),
    }
}
