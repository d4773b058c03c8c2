//! One SQL text for both engines. Each macro type-checks its statement's arguments and rows on
//! both; the text's first line names the function it stands in.
//!
//! Parameters are `$1`, `$2`, … on both. Words in `postgres(…)` are left out on SQLite: row locks,
//! which a single writer does not need.

/// Runs a statement; the number of rows it touched.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $tx {
            $crate::Tx::Sqlite(tx) => tx.execute($sql, rusqlite::params![$($arg),*]),
            $crate::Tx::Postgres(tx) => tx.execute($sql, $crate::args::args![$($arg),*]).await,
        }
    };
}

/// Runs a statement whose answer says nothing: on PostgreSQL a refusal comes with the next answer that is waited for, or
/// with that to the commit.
macro_rules! put {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $tx {
            $crate::Tx::Sqlite(tx) => tx.execute($sql, rusqlite::params![$($arg),*]).map(|_| ()),
            $crate::Tx::Postgres(tx) => tx.put($sql, $crate::args::args![$($arg),*]).await,
        }
    };
}

/// Locks rows, which a single writer does not need: they are held by the time that anything asked later is answered.
macro_rules! lock {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $tx {
            $crate::Tx::Sqlite(_) => Ok(()),
            $crate::Tx::Postgres(tx) => tx.put($sql, $crate::args::args![$($arg),*]).await,
        }
    };
}

/// All rows of a query, as a type that is read from columns by name or place.
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $head:expr, postgres($lock:literal), $tail:literal $(, $arg:expr)* $(,)?) => {
        $crate::sql::fetch_all!(@ $tx, $row, concat!($head, $tail), concat!($head, $lock, $tail) $(, $arg)*)
    };
    ($tx:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        $crate::sql::fetch_all!(@ $tx, $row, $sql, $sql $(, $arg)*)
    };
    (@ $tx:expr, $row:ty, $sqlite:expr, $postgres:expr $(, $arg:expr)*) => {
        match $tx {
            $crate::Tx::Sqlite(tx) => tx.rows::<$row>($sqlite, rusqlite::params![$($arg),*]),
            $crate::Tx::Postgres(tx) => tx.rows::<$row>($postgres, $crate::args::args![$($arg),*]).await,
        }
    };
}

/// All rows of a query, to be read when they are needed: an [`Asked`](crate::Asked).
macro_rules! ask_all {
    ($tx:expr, $row:ty, $head:expr, postgres($lock:literal), [$($arg:expr),* $(,)?], $read:expr) => {
        $crate::sql::ask_all!(@ $tx, $row, $head, concat!($head, $lock), [$($arg),*], $read)
    };
    ($tx:expr, $row:ty, $sql:expr, [$($arg:expr),* $(,)?], $read:expr) => {
        $crate::sql::ask_all!(@ $tx, $row, $sql, $sql, [$($arg),*], $read)
    };
    (@ $tx:expr, $row:ty, $sqlite:expr, $postgres:expr, [$($arg:expr),*], $read:expr) => {
        match $tx {
            $crate::Tx::Sqlite(tx) => {
                let rows = tx.rows::<$row>($sqlite, rusqlite::params![$($arg),*]);
                rows.and_then(|rows| $crate::Asked::here::<$row>(rows, $read))
            }
            $crate::Tx::Postgres(tx) => {
                let asked = tx.ask($postgres, $crate::args::args![$($arg),*]).await;
                asked.map(|rows| $crate::Asked::coming::<$row>(rows, $read))
            }
        }
    };
}

/// All rows of a query that only PostgreSQL is asked; none on SQLite.
macro_rules! fetch_postgres {
    ($tx:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $tx {
            $crate::Tx::Sqlite(_) => Ok(Vec::new()),
            $crate::Tx::Postgres(tx) => tx.rows::<$row>($sql, $crate::args::args![$($arg),*]).await,
        }
    };
}

/// The row of a query that has at most one.
macro_rules! fetch_one {
    ($tx:expr, $row:ty, $head:expr, postgres($lock:literal), $tail:literal $(, $arg:expr)* $(,)?) => {
        $crate::sql::fetch_one!(@ $tx, $row, concat!($head, $tail), concat!($head, $lock, $tail) $(, $arg)*)
    };
    ($tx:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        $crate::sql::fetch_one!(@ $tx, $row, $sql, $sql $(, $arg)*)
    };
    (@ $tx:expr, $row:ty, $sqlite:expr, $postgres:expr $(, $arg:expr)*) => {
        match $tx {
            $crate::Tx::Sqlite(tx) => tx.row::<$row>($sqlite, rusqlite::params![$($arg),*]),
            $crate::Tx::Postgres(tx) => tx.row::<$row>($postgres, $crate::args::args![$($arg),*]).await,
        }
    };
}

/// The row of a query that knows no bucket and looks into every one: one probe of the index for each. Its head ends with the
/// column of the bucket.
macro_rules! fetch_anywhere {
    ($tx:expr, $row:ty, $head:expr, $tail:literal $(, $arg:expr)* $(,)?) => {
        $crate::sql::fetch_one!(@ $tx, $row,
            concat!($head, " in (
              with recursive every(bucket) as (select 0 union all select bucket + 1 from every where bucket < 1023)
              select bucket from every) ", $tail),
            concat!($head, " = any(array(select generate_series(0, 1023))::smallint[]) ", $tail)
            $(, $arg)*)
    };
}

pub(crate) use ask_all;
pub(crate) use execute;
pub(crate) use fetch_all;
pub(crate) use fetch_anywhere;
pub(crate) use fetch_one;
pub(crate) use fetch_postgres;
pub(crate) use lock;
pub(crate) use put;
