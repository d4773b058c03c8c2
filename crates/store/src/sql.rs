//! One SQL text for both engines. Each macro type-checks its statement's arguments and rows on
//! both; the text's first line names the function it stands in.
//!
//! Parameters are `$1`, `$2`, … on both. Words in `postgres(…)` are left out on SQLite: row locks,
//! which a single writer does not need.

/// Runs a statement; the number of rows it touched.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        $crate::engine::in_time(async {
            Ok(match $tx {
                $crate::Tx::Sqlite(tx) => tx.execute(sqlx::query($sql)$(.bind($arg))*).await?,
                $crate::Tx::Postgres(tx) => sqlx::query($sql)$(.bind($arg))*.execute(&mut **tx).await?.rows_affected(),
            })
        }).await
    };
}

/// All rows of a query, as a type that is read from columns by name or place.
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $head:literal, postgres($lock:literal), $tail:literal $(, $arg:expr)* $(,)?) => {
        $crate::engine::in_time(async {
            Ok(match $tx {
                $crate::Tx::Sqlite(tx) => tx.rows(sqlx::query_as::<_, $row>(concat!($head, $tail))$(.bind($arg))*).await?,
                $crate::Tx::Postgres(tx) => sqlx::query_as::<_, $row>(concat!($head, $lock, $tail))$(.bind($arg))*.fetch_all(&mut **tx).await?,
            })
        }).await
    };
    ($tx:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        $crate::engine::in_time(async {
            Ok(match $tx {
                $crate::Tx::Sqlite(tx) => tx.rows(sqlx::query_as::<_, $row>($sql)$(.bind($arg))*).await?,
                $crate::Tx::Postgres(tx) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_all(&mut **tx).await?,
            })
        }).await
    };
}

/// The row of a query that has at most one.
macro_rules! fetch_one {
    ($tx:expr, $row:ty, $head:literal, postgres($lock:literal), $tail:literal $(, $arg:expr)* $(,)?) => {
        $crate::engine::in_time(async {
            Ok(match $tx {
                $crate::Tx::Sqlite(tx) => tx.row(sqlx::query_as::<_, $row>(concat!($head, $tail))$(.bind($arg))*).await?,
                $crate::Tx::Postgres(tx) => sqlx::query_as::<_, $row>(concat!($head, $lock, $tail))$(.bind($arg))*.fetch_optional(&mut **tx).await?,
            })
        }).await
    };
    ($tx:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        $crate::engine::in_time(async {
            Ok(match $tx {
                $crate::Tx::Sqlite(tx) => tx.row(sqlx::query_as::<_, $row>($sql)$(.bind($arg))*).await?,
                $crate::Tx::Postgres(tx) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_optional(&mut **tx).await?,
            })
        }).await
    };
}

pub(crate) use execute;
pub(crate) use fetch_all;
pub(crate) use fetch_one;
