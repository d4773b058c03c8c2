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
                $crate::Tx::Postgres(tx) => $crate::engine::in_time(async {
                    let sql = $crate::many::rows_of($head, columns, $tail);
                    let query = sqlx::query(sqlx::AssertSqlSafe(sql));
                    $(let query = query.bind(rows.iter().map(|$row| { let _ = $row; $value }).collect::<Vec<_>>());)+
                    query.execute(&mut **tx).await?;
                    Ok(())
                }).await,
            }
        }
    }};
}

/// All rows of a query over keys, which stand where `head` ends: its last words are the key's columns. No rows for no
/// keys.
macro_rules! fetch_in {
    ($tx:expr, $row:ty, $head:literal, $keys:expr, |$key:ident| [$($part:expr),+ $(,)?], $tail:literal $(, $arg:expr)* $(,)?) => {{
        let keys = $keys;
        let before = <[&str]>::len(&[$(stringify!($arg)),*]);
        let columns = [$(stringify!($part)),+].len();
        if keys.is_empty() {
            Ok(Vec::new())
        } else {
            match $tx {
                $crate::Tx::Sqlite(tx) => {
                    let sql = $crate::many::key($head, before, columns, $tail.trim_end_matches(" for update"));
                    let mut rows = Vec::<$row>::new();
                    tx.many(&sql).and_then(|mut statement| {
                        keys.iter().try_for_each(|$key| statement.rows(rusqlite::params![$($arg,)* $($part),+], &mut rows))
                    }).map(|()| rows)
                }
                $crate::Tx::Postgres(tx) if tx.spread && $tail.ends_with("for update") => $crate::engine::in_time(async {
                    let sql = $crate::many::key($head, before, columns, $tail);
                    let mut rows = Vec::<$row>::new();
                    for $key in keys {
                        let query = sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe(sql.clone()))$(.bind($arg))*$(.bind($part))+;
                        rows.extend(query.fetch_all(&mut **tx).await?);
                    }
                    Ok(rows)
                }).await,
                $crate::Tx::Postgres(tx) => $crate::engine::in_time(async {
                    let sql = $crate::many::keys($head, before, columns, $tail);
                    let query = sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe(sql))$(.bind($arg))*;
                    $(let query = query.bind(keys.iter().map(|$key| { let _ = $key; $part }).collect::<Vec<_>>());)+
                    Ok(query.fetch_all(&mut **tx).await?)
                }).await,
            }
        }
    }};
}

/// Runs a statement over keys, which stand where `head` ends. Nothing for no keys.
macro_rules! execute_in {
    ($tx:expr, $head:literal, $keys:expr, |$key:ident| [$($part:expr),+ $(,)?], $tail:literal $(, $arg:expr)* $(,)?) => {{
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
                $crate::Tx::Postgres(tx) if tx.spread => $crate::engine::in_time(async {
                    let sql = $crate::many::key($head, before, columns, $tail);
                    for $key in keys {
                        let query = sqlx::query(sqlx::AssertSqlSafe(sql.clone()))$(.bind($arg))*$(.bind($part))+;
                        query.execute(&mut **tx).await?;
                    }
                    Ok(())
                }).await,
                $crate::Tx::Postgres(tx) => $crate::engine::in_time(async {
                    let sql = $crate::many::keys($head, before, columns, $tail);
                    let query = sqlx::query(sqlx::AssertSqlSafe(sql))$(.bind($arg))*;
                    $(let query = query.bind(keys.iter().map(|$key| { let _ = $key; $part }).collect::<Vec<_>>());)+
                    query.execute(&mut **tx).await?;
                    Ok(())
                }).await,
            }
        }
    }};
}

/// All rows of a query that goes over named rows, which stand where `head` ends and are called `key`.
macro_rules! fetch_for {
    ($tx:expr, $row:ty, $head:literal, $keys:expr, |$key:ident| [$($name:ident = $part:expr),+ $(,)?], $tail:literal) => {{
        let keys = $keys;
        let names = [$(stringify!($name)),+];
        if keys.is_empty() {
            Ok(Vec::new())
        } else {
            match $tx {
                $crate::Tx::Sqlite(tx) => {
                    let sql = $crate::many::with_row($head, &names, $tail);
                    let mut rows = Vec::<$row>::new();
                    tx.many(&sql).and_then(|mut statement| {
                        keys.iter().try_for_each(|$key| statement.rows(rusqlite::params![$($part),+], &mut rows))
                    }).map(|()| rows)
                }
                $crate::Tx::Postgres(tx) => $crate::engine::in_time(async {
                    let sql = $crate::many::with_rows($head, &names, $tail);
                    let query = sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe(sql));
                    $(let query = query.bind(keys.iter().map(|$key| { let _ = $key; $part }).collect::<Vec<_>>());)+
                    Ok(query.fetch_all(&mut **tx).await?)
                }).await,
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
                $crate::Tx::Postgres(tx) if tx.spread => $crate::engine::in_time(async {
                    let sql = $crate::many::with_row($head, &names, $tail);
                    for $key in keys {
                        sqlx::query(sqlx::AssertSqlSafe(sql.clone()))$(.bind($part))+.execute(&mut **tx).await?;
                    }
                    Ok(())
                }).await,
                $crate::Tx::Postgres(tx) => $crate::engine::in_time(async {
                    let sql = $crate::many::with_rows($head, &names, $tail);
                    let query = sqlx::query(sqlx::AssertSqlSafe(sql));
                    $(let query = query.bind(keys.iter().map(|$key| { let _ = $key; $part }).collect::<Vec<_>>());)+
                    query.execute(&mut **tx).await?;
                    Ok(())
                }).await,
            }
        }
    }};
}

pub(crate) use execute_for;
pub(crate) use execute_in;
pub(crate) use fetch_for;
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
