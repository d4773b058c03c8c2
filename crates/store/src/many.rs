//! Many rows in one statement, on both engines with one text. To PostgreSQL they go as arrays, a column each: the
//! way there and back costs more than most statements do. On SQLite there is no way: the statement is run for each.

/// `head` for one row on SQLite: ` values ($1, $2) tail`.
pub(crate) fn row_of(head: &str, columns: usize, tail: &str) -> String {
    format!("{head} values ({}) {tail}", places(0, columns))
}

/// `head` for rows on PostgreSQL: ` select * from unnest($1, $2) tail`.
pub(crate) fn rows_of(head: &str, columns: usize, tail: &str) -> String {
    format!("{head} select * from unnest({}) {tail}", places(0, columns))
}

/// `head` for one key on SQLite, after so many other arguments: ` = ($2, $3) tail`.
pub(crate) fn key(head: &str, before: usize, columns: usize, tail: &str) -> String {
    format!("{head} = ({}) {tail}", places(before, columns))
}

/// `head` for keys on PostgreSQL: ` in (select * from unnest($2, $3)) tail`.
pub(crate) fn keys(head: &str, before: usize, columns: usize, tail: &str) -> String {
    format!("{head} in (select * from unnest({})) {tail}", places(before, columns))
}

/// `head, (select $1 as a, $2 as b) as key tail` on SQLite, for names `a, b`.
pub(crate) fn with_row(head: &str, names: &[&str], tail: &str) -> String {
    let columns: Vec<_> = (1..).zip(names).map(|(place, name)| format!("${place} as {name}")).collect();
    format!("{head} (select {}) as key {tail}", columns.join(", "))
}

/// `head, unnest($1, $2) as key(a, b) tail` on PostgreSQL.
pub(crate) fn with_rows(head: &str, names: &[&str], tail: &str) -> String {
    format!("{head} unnest({}) as key({}) {tail}", places(0, names.len()), names.join(", "))
}

fn places(before: usize, columns: usize) -> String {
    let places: Vec<_> = (1..=columns).map(|column| format!("${}", before + column)).collect();
    places.join(", ")
}

/// Inserts rows; each is a list of values.
macro_rules! insert_many {
    ($tx:expr, $head:literal, $rows:expr, |$row:ident| [$($value:expr),+ $(,)?], $tail:literal) => {{
        let rows = $rows;
        let columns = [$(stringify!($value)),+].len();
        if rows.is_empty() {
            Ok(())
        } else {
            match $tx {
                $crate::Tx::Sqlite(tx) => {
                    let sql = $crate::many::row_of($head, columns, $tail);
                    tx.many(&sql).and_then(|mut statement| {
                        rows.iter().try_for_each(|$row| statement.execute(rusqlite::params![$($value),+]))
                    })
                }
                $crate::Tx::Postgres(tx) => {
                    let sql = $crate::many::rows_of($head, columns, $tail);
                    let args = $crate::args::args![$(rows.iter().map(|$row| { let _ = $row; $value }).collect::<Vec<_>>()),+];
                    tx.put(&sql, args).await
                }
            }
        }
    }};
}

/// All rows of a query over keys, which stand where `head` ends: its last words are the key's columns. No rows for no
/// keys.
macro_rules! fetch_in {
    ($tx:expr, $row:ty, $head:expr, $keys:expr, |$key:ident| [$($part:expr),+ $(,)?], $tail:literal $(, $arg:expr)* $(,)?) => {
        match $crate::many::ask_in!($tx, $row, $head, $keys, |$key| [$($part),+], $tail, [$($arg),*], Ok) {
            Ok(asked) => asked.answer($tx).await,
            Err(error) => Err(error),
        }
    };
}

/// The same, to be read when they are needed: an [`Asked`](crate::Asked).
macro_rules! ask_in {
    ($tx:expr, $row:ty, $head:expr, $keys:expr, |$key:ident| [$($part:expr),+ $(,)?], $tail:literal, [$($arg:expr),*], $read:expr) => {{
        let keys = $keys;
        let before = <[&str]>::len(&[$(stringify!($arg)),*]);
        let columns = [$(stringify!($part)),+].len();
        match $tx {
            _ if keys.is_empty() => $crate::Asked::here::<$row>(Vec::new(), $read),
            $crate::Tx::Sqlite(tx) => {
                let sql = $crate::many::key($head, before, columns, $tail.trim_end_matches(" for update"));
                let mut rows = Vec::<$row>::new();
                tx.many(&sql).and_then(|mut statement| {
                    keys.iter().try_for_each(|$key| statement.rows(rusqlite::params![$($arg,)* $($part),+], &mut rows))
                }).and_then(|()| $crate::Asked::here::<$row>(rows, $read))
            }
            $crate::Tx::Postgres(tx) => {
                let one_by_one = tx.spread && ($tail.ends_with("for update") || $tail.starts_with("returning"));
                let asked = if one_by_one {
                    let sql = $crate::many::key($head, before, columns, $tail);
                    let mut all = Vec::new();
                    for $key in keys {
                        all.push($crate::args::args![$($arg,)* $($part),+]);
                    }
                    tx.ask_each(&sql, all).await
                } else {
                    let sql = $crate::many::keys($head, before, columns, $tail);
                    let args = $crate::args::args![$($arg,)* $(keys.iter().map(|$key| { let _ = $key; $part }).collect::<Vec<_>>()),+];
                    tx.ask(&sql, args).await
                };
                asked.map(|rows| $crate::Asked::coming::<$row>(rows, $read))
            }
        }
    }};
}

/// Runs a statement over keys, which stand where `head` ends. Nothing for no keys.
macro_rules! execute_in {
    ($tx:expr, $head:expr, $keys:expr, |$key:ident| [$($part:expr),+ $(,)?], $tail:literal $(, $arg:expr)* $(,)?) => {{
        let keys = $keys;
        let before = <[&str]>::len(&[$(stringify!($arg)),*]);
        let columns = [$(stringify!($part)),+].len();
        if keys.is_empty() {
            Ok(())
        } else {
            match $tx {
                $crate::Tx::Sqlite(tx) => {
                    let sql = $crate::many::key($head, before, columns, $tail);
                    tx.many(&sql).and_then(|mut statement| {
                        keys.iter().try_for_each(|$key| statement.execute(rusqlite::params![$($arg,)* $($part),+]))
                    })
                }
                $crate::Tx::Postgres(tx) if tx.spread => {
                    let sql = $crate::many::key($head, before, columns, $tail);
                    let mut all = Vec::new();
                    for $key in keys {
                        all.push($crate::args::args![$($arg,)* $($part),+]);
                    }
                    tx.put_each(&sql, all).await
                }
                $crate::Tx::Postgres(tx) => {
                    let sql = $crate::many::keys($head, before, columns, $tail);
                    let args = $crate::args::args![$($arg,)* $(keys.iter().map(|$key| { let _ = $key; $part }).collect::<Vec<_>>()),+];
                    tx.put(&sql, args).await
                }
            }
        }
    }};
}

/// All rows of a query that goes over named rows, which stand where `head` ends and are called `key`; to be read when they
/// are needed: an [`Asked`](crate::Asked).
macro_rules! ask_for {
    ($tx:expr, $row:ty, $head:literal, $keys:expr, |$key:ident| [$($name:ident = $part:expr),+ $(,)?], $tail:literal, $read:expr) => {{
        let keys = $keys;
        let names = [$(stringify!($name)),+];
        match $tx {
            _ if keys.is_empty() => $crate::Asked::here::<$row>(Vec::new(), $read),
            $crate::Tx::Sqlite(tx) => {
                let sql = $crate::many::with_row($head, &names, $tail);
                let mut rows = Vec::<$row>::new();
                tx.many(&sql).and_then(|mut statement| {
                    keys.iter().try_for_each(|$key| statement.rows(rusqlite::params![$($part),+], &mut rows))
                }).and_then(|()| $crate::Asked::here::<$row>(rows, $read))
            }
            $crate::Tx::Postgres(tx) => {
                let sql = $crate::many::with_rows($head, &names, $tail);
                let args = $crate::args::args![$(keys.iter().map(|$key| { let _ = $key; $part }).collect::<Vec<_>>()),+];
                tx.ask(&sql, args).await.map(|rows| $crate::Asked::coming::<$row>(rows, $read))
            }
        }
    }};
}

/// Runs a statement that goes over named rows, which stand where `head` ends and are called `key`.
macro_rules! execute_for {
    ($tx:expr, $head:literal, $keys:expr, |$key:ident| [$($name:ident = $part:expr),+ $(,)?], $tail:literal) => {{
        let keys = $keys;
        let names = [$(stringify!($name)),+];
        if keys.is_empty() {
            Ok(())
        } else {
            match $tx {
                $crate::Tx::Sqlite(tx) => {
                    let sql = $crate::many::with_row($head, &names, $tail);
                    tx.many(&sql).and_then(|mut statement| {
                        keys.iter().try_for_each(|$key| statement.execute(rusqlite::params![$($part),+]))
                    })
                }
                $crate::Tx::Postgres(tx) if tx.spread => {
                    let sql = $crate::many::with_row($head, &names, $tail);
                    let mut all = Vec::new();
                    for $key in keys {
                        all.push($crate::args::args![$($part),+]);
                    }
                    tx.put_each(&sql, all).await
                }
                $crate::Tx::Postgres(tx) => {
                    let sql = $crate::many::with_rows($head, &names, $tail);
                    let args = $crate::args::args![$(keys.iter().map(|$key| { let _ = $key; $part }).collect::<Vec<_>>()),+];
                    tx.put(&sql, args).await
                }
            }
        }
    }};
}

pub(crate) use ask_for;
pub(crate) use ask_in;
pub(crate) use execute_for;
pub(crate) use execute_in;
pub(crate) use fetch_in;
pub(crate) use insert_many;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_right() {
        assert_eq!(row_of("insert into t (a, b)", 2, "x"), "insert into t (a, b) values ($1, $2) x");
        assert_eq!(rows_of("insert into t", 2, "x"), "insert into t select * from unnest($1, $2) x");
        assert_eq!(key("where (a, b)", 1, 2, "x"), "where (a, b) = ($2, $3) x");
        assert_eq!(with_row("from t,", &["a", "b"], "x"), "from t, (select $1 as a, $2 as b) as key x");
        assert_eq!(with_rows("from t,", &["a", "b"], "x"), "from t, unnest($1, $2) as key(a, b) x");
        assert_eq!(keys("where (a, b)", 1, 2, "x"), "where (a, b) in (select * from unnest($2, $3)) x");
    }
}
