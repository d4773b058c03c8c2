//! `SQLite`'s connections: one that writes, several that only read.
//!
//! Statements run where they are asked for: most take a few microseconds, less than the way to another thread and
//! back. What waits for the disk, a commit, goes to a thread that may wait.

use crate::{StoreError, engine::Synced, fault, row::FromRow};
use rusqlite::{CachedStatement, Connection, Statement, ToSql, ffi, hooks::Wal};
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// How long somebody else's writing is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// So much of the file whoever writes keeps in memory (negative: in KiB); readers keep SQLite's usual 2 MiB each.
const CACHE_KIB: i32 = -65_536;
/// So many of SQLite's own steps are done between two looks at the time.
const STEPS: i32 = 10_000;

/// How the process ends when the disk fails (`EX_IOERR` of sysexits.h).
const UNSYNCED: i32 = 74;

/// Some connections to one file.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: PathBuf,
    writes: bool,
    /// How many may be on lease at once, in the order they were asked for.
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Open>>,
}

/// A connection, and when its statement began.
#[derive(Debug)]
struct Open {
    connection: Connection,
    watch: Arc<Watch>,
}

/// When a statement began, in milliseconds since it was made.
#[derive(Debug)]
struct Watch {
    made: Instant,
    began: AtomicU64,
}

impl Watch {
    fn now(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn begin(&self) {
        self.began.store(self.now(), Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        u128::from(self.now() - self.began.load(Ordering::Relaxed)) > crate::engine::DEADLINE.as_millis()
    }
}

impl Shared {
    fn take(&self) -> Option<Open> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give(&self, open: Open) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(open);
    }

    fn connect(&self) -> Result<Open, StoreError> {
        let connection = Connection::open(&self.file)?;
        connection.busy_timeout(PATIENCE)?;
        connection.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma trusted_schema = off;
            pragma secure_delete = on;",
        )?;
        if self.writes {
            // Whoever waits to write does so without holding a thread.
            connection.busy_timeout(Duration::ZERO)?;
            connection.wal_hook(Some(|log, pages| {
                fold(log, pages);
                Ok(())
            }));
            connection.pragma_update(None, "cache_size", CACHE_KIB)?;
        } else {
            connection.pragma_update(None, "query_only", "on")?;
        }
        connection.set_prepared_statement_cache_capacity(256);
        let watch = Arc::new(Watch { made: Instant::now(), began: AtomicU64::new(0) });
        let seen = Arc::clone(&watch);
        connection.progress_handler(STEPS, Some(move || seen.is_over()))?;
        Ok(Open { connection, watch })
    }
}

impl Connections {
    /// So many at most; one is opened now.
    pub(crate) fn open(file: PathBuf, writes: bool, most: usize) -> Result<Self, StoreError> {
        let permits = Arc::new(Semaphore::new(most));
        let shared = Shared { file, writes, permits, idle: Mutex::default() };
        shared.give(shared.connect()?);
        Ok(Self(Arc::new(shared)))
    }

    /// One of them, once one is free.
    pub(crate) async fn lease(&self) -> Result<Lease, StoreError> {
        let Self(shared) = self;
        let permit = Arc::clone(&shared.permits).acquire_owned().await;
        let permit = permit.map_err(|_| StoreError::Unavailable("it is being closed".to_owned()))?;
        let open = shared.take().map_or_else(|| shared.connect(), Ok)?;
        Ok(Lease { held: Some((open, Home(Arc::clone(shared), permit))) })
    }

    /// Closes those that are not on lease, and gives out no more.
    pub(crate) fn close(&self) {
        self.0.permits.close();
        while let Some(open) = self.0.take() {
            drop(open);
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
    held: Option<(Open, Home)>,
}

impl Lease {
    /// The connection, for one statement.
    fn connection(&self) -> Result<&Connection, StoreError> {
        fault::step()?;
        Ok(self.raw())
    }

    fn raw(&self) -> &Connection {
        match &self.held {
            Some((open, _)) => {
                open.watch.begin();
                &open.connection
            }
            None => unreachable!("held until it is dropped"),
        }
    }

    /// Runs a statement; the number of rows it touched.
    pub(crate) fn execute(&mut self, sql: &str, values: &[&dyn ToSql]) -> Result<u64, StoreError> {
        let mut statement = self.connection()?.prepare_cached(sql)?;
        let order = order(&statement);
        bind(&mut statement, &order, values)?;
        Ok(u64::try_from(statement.raw_execute()?).unwrap_or(u64::MAX))
    }

    /// Makes a statement that is run many times.
    pub(crate) fn many(&mut self, sql: &str) -> Result<Many<'_>, StoreError> {
        let statement = self.connection()?.prepare_cached(sql)?;
        Ok(Many { order: order(&statement), statement })
    }

    /// All rows of a query.
    pub(crate) fn rows<R: FromRow>(
        &mut self,
        sql: &str,
        values: &[&dyn ToSql],
    ) -> Result<Vec<R>, StoreError> {
        let mut rows = Vec::new();
        self.many(sql)?.rows(values, &mut rows)?;
        Ok(rows)
    }

    /// The row of a query that has at most one.
    pub(crate) fn row<R: FromRow>(
        &mut self,
        sql: &str,
        values: &[&dyn ToSql],
    ) -> Result<Option<R>, StoreError> {
        let mut statement = self.connection()?.prepare_cached(sql)?;
        let order = order(&statement);
        bind(&mut statement, &order, values)?;
        statement.raw_query().next()?.map(|row| R::read(&mut row.into())).transpose()
    }

    /// Runs statements as they stand.
    #[cfg(feature = "testing")]
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.raw().execute_batch(sql)?)
    }

    /// Begins a transaction that only reads.
    pub(crate) fn begin(self) -> Result<Self, StoreError> {
        self.raw().execute_batch("begin")?;
        Ok(self)
    }

    /// Begins a transaction that writes, once nobody else does.
    pub(crate) async fn begin_writing(self, synced: Synced) -> Result<Self, StoreError> {
        let asked = Instant::now();
        // Synchronous NORMAL loses acknowledged commits at a power cut; FULL loses none.
        self.raw().execute_batch(match synced {
            Synced::Yes => "pragma synchronous = full",
            Synced::No => "pragma synchronous = normal",
        })?;
        loop {
            match self.raw().execute_batch("begin immediate") {
                Ok(()) => return Ok(self),
                Err(error) if is_busy(&error) && asked.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes it permanent. Runs to its end even where the caller is dropped.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        if self.raw().is_autocommit() {
            return Ok(());
        }
        let work = move || Ok(self.raw().execute_batch("commit").inspect_err(end_if_unsynced)?);
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            // Whoever has one thread wants one thing after the other.
            return work();
        }
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) => Err(StoreError::Broken(error.to_string())),
        }
    }
}

/// After so many pages the log is folded into the file.
const PAGES: i32 = 1_000;

fn fold(log: &Wal, pages: i32) {
    if pages >= PAGES {
        // What cannot be folded now is folded later: the commit stands either way.
        let _ = log.checkpoint().inspect_err(end_if_unsynced);
    }
}

/// What the disk did not take is gone from memory too, and the next `fsync` says that all is well: nobody knows any
/// more what is kept. The process ends; what is on the disk is read when it starts again.
fn end_if_unsynced(error: &rusqlite::Error) {
    let unsynced = [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC];
    if error.sqlite_error().is_some_and(|error| unsynced.contains(&error.extended_code)) {
        tracing::error!(%error, "the disk did not take what was written; the service ends, so that it goes on from what is kept");
        std::process::exit(UNSYNCED);
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// A statement that is run many times.
pub(crate) struct Many<'a> {
    statement: CachedStatement<'a>,
    order: Vec<usize>,
}

impl Many<'_> {
    /// Runs it once.
    pub(crate) fn execute(&mut self, values: &[&dyn ToSql]) -> Result<(), StoreError> {
        bind(&mut self.statement, &self.order, values)?;
        self.statement.raw_execute()?;
        Ok(())
    }

    /// Adds the rows of its answer.
    pub(crate) fn rows<R: FromRow>(
        &mut self,
        values: &[&dyn ToSql],
        to: &mut Vec<R>,
    ) -> Result<(), StoreError> {
        bind(&mut self.statement, &self.order, values)?;
        let mut rows = self.statement.raw_query();
        while let Some(row) = rows.next()? {
            to.push(R::read(&mut row.into())?);
        }
        Ok(())
    }
}

/// Which value stands at each of a statement's places: to SQLite `$2` is a name, and its place is where it comes first.
fn order(statement: &Statement<'_>) -> Vec<usize> {
    let named = |place| statement.parameter_name(place)?.strip_prefix('$')?.parse().ok();
    (1..=statement.parameter_count()).map(|place| named(place).unwrap_or(place)).collect()
}

fn bind(statement: &mut Statement<'_>, order: &[usize], values: &[&dyn ToSql]) -> rusqlite::Result<()> {
    for (place, number) in order.iter().enumerate() {
        let value = values.get(number - 1);
        let value = value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), *number))?;
        statement.raw_bind_parameter(place + 1, value)?;
    }
    Ok(())
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some((open, home)) = self.held.take() else { return };
        if !open.connection.is_autocommit() {
            // On a full or failing disk SQLite has undone it by itself. A connection that cannot be rolled back is
            // closed, and another opened when one is asked for.
            open.watch.begin();
            if open.connection.execute_batch("rollback").is_err() && !open.connection.is_autocommit() {
                return;
            }
        }
        home.0.give(open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_may_be_lost_does_not_wait_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connections = Connections::open(folder.path().join("test.db"), true, 1).unwrap();
        for (synced, level) in [(Synced::No, 1), (Synced::Yes, 2), (Synced::No, 1)] {
            let lease = connections.lease().await.unwrap().begin_writing(synced).await.unwrap();
            let set: i64 = lease.raw().pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
            assert_eq!(set, level);
            lease.commit().await.unwrap();
        }
    }
}
