//! Many rows in one statement, on both engines with one text: a way to the database and back costs more than
//! most statements do.

use std::fmt::Write;

/// At most so many rows in one statement.
const MOST: usize = 128;

/// How many of so many rows to take next: sizes are powers of two, so that few texts are prepared.
pub(crate) fn chunk(left: usize) -> usize {
    if left >= MOST { MOST } else { 1 << left.ilog2() }
}

/// `head ($1, $2), ($3, $4) tail`.
pub(crate) fn values(head: &str, columns: usize, rows: usize, tail: &str) -> String {
    let mut sql = String::with_capacity(head.len() + tail.len() + rows * columns * 6);
    sql.push_str(head);
    for row in 0..rows {
        sql.push_str(if row == 0 { " (" } else { ", (" });
        for column in 0..columns {
            let comma = if column == 0 { "" } else { ", " };
            // A String takes everything.
            let _ = write!(sql, "{comma}${}", row * columns + column + 1);
        }
        sql.push(')');
    }
    sql.push(' ');
    sql.push_str(tail);
    sql
}

/// `head ($3, $4, …) tail`: a list of ids after so many other arguments, and how often its last id is to be
/// said again to fill it up.
pub(crate) fn list(head: &str, before: usize, ids: usize, tail: &str) -> (String, usize) {
    let places = ids.next_power_of_two();
    let mut sql = String::with_capacity(head.len() + tail.len() + places * 5);
    sql.push_str(head);
    for place in 0..places {
        let _ = write!(sql, "{}${}", if place == 0 { " (" } else { ", " }, before + place + 1);
    }
    sql.push_str(") ");
    sql.push_str(tail);
    (sql, places - ids)
}

/// Inserts rows; each is a list of values.
macro_rules! insert_many {
    ($tx:expr, $head:literal, $rows:expr, |$row:pat_param| [$($value:expr),+ $(,)?], $tail:literal) => {{
        let mut left = $rows;
        while !left.is_empty() {
            let (now, rest) = left.split_at($crate::many::chunk(left.len()));
            let columns = [$(stringify!($value)),+].len();
            let sql = sqlx::AssertSqlSafe($crate::many::values($head, columns, now.len(), $tail));
            $crate::engine::in_time(async {
                match $tx {
                    $crate::Tx::Sqlite(tx) => {
                        let mut query = sqlx::query(sql);
                        for $row in now { $(query = query.bind($value);)+ }
                        tx.execute(query).await?;
                    }
                    $crate::Tx::Postgres(tx) => {
                        let mut query = sqlx::query(sql);
                        for $row in now { $(query = query.bind($value);)+ }
                        query.execute(&mut **tx).await?;
                    }
                }
                Ok(())
            }).await?;
            left = rest;
        }
    }};
}

/// All rows of a query over a list of ids, which stands where `head` ends. No rows for no ids.
macro_rules! fetch_in {
    ($tx:expr, $row:ty, $head:literal, $ids:expr, $tail:literal $(, $arg:expr)* $(,)?) => {{
        let ids: &[uuid::Uuid] = $ids;
        match ids.last() {
            None => Ok(Vec::new()),
            Some(last) => {
                let before = <[&str]>::len(&[$(stringify!($arg)),*]);
                let tail = if let $crate::Tx::Postgres(_) = $tx { $tail } else { $tail.trim_end_matches(" for update") };
                let (sql, again) = $crate::many::list($head, before, ids.len(), tail);
                let sql = sqlx::AssertSqlSafe(sql);
                let all = ids.iter().chain(std::iter::repeat_n(last, again));
                $crate::engine::in_time(async {
                    Ok(match $tx {
                        $crate::Tx::Sqlite(tx) => {
                            let query = sqlx::query_as::<_, $row>(sql)$(.bind($arg))*;
                            tx.rows(all.fold(query, |query, id| query.bind(*id))).await?
                        }
                        $crate::Tx::Postgres(tx) => {
                            let query = sqlx::query_as::<_, $row>(sql)$(.bind($arg))*;
                            all.fold(query, |query, id| query.bind(*id)).fetch_all(&mut **tx).await?
                        }
                    })
                }).await
            }
        }
    }};
}

/// Runs a statement over a list of ids, which stands where `head` ends. Nothing for no ids.
macro_rules! execute_in {
    ($tx:expr, $head:literal, $ids:expr, $tail:literal $(, $arg:expr)* $(,)?) => {{
        let ids: &[uuid::Uuid] = $ids;
        if let Some(last) = ids.last() {
            let before = <[&str]>::len(&[$(stringify!($arg)),*]);
            let (sql, again) = $crate::many::list($head, before, ids.len(), $tail);
            let sql = sqlx::AssertSqlSafe(sql);
            let all = ids.iter().chain(std::iter::repeat_n(last, again));
            $crate::engine::in_time(async {
                match $tx {
                    $crate::Tx::Sqlite(tx) => {
                        let query = sqlx::query(sql)$(.bind($arg))*;
                        tx.execute(all.fold(query, |query, id| query.bind(*id))).await?;
                    }
                    $crate::Tx::Postgres(tx) => {
                        let query = sqlx::query(sql)$(.bind($arg))*;
                        all.fold(query, |query, id| query.bind(*id)).execute(&mut **tx).await?;
                    }
                }
                Ok(())
            }).await?;
        }
    }};
}

pub(crate) use execute_in;
pub(crate) use fetch_in;
pub(crate) use insert_many;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_few_and_right() {
        assert_eq!(
            values("insert into t (a, b) values", 2, 2, "x"),
            "insert into t (a, b) values ($1, $2), ($3, $4) x"
        );
        assert_eq!(list("id in", 1, 3, "for update"), ("id in ($2, $3, $4, $5) for update".to_owned(), 1));
        let (mut left, mut sizes) = (203, Vec::new());
        while left > 0 {
            sizes.push(chunk(left));
            left -= chunk(left);
        }
        assert_eq!(sizes, [128, 64, 8, 2, 1]);
    }
}
