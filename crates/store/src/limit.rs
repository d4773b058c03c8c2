//! The limit of the machine: the narrowest rows and the fewest statements by which something falls due, is recorded and
//! moves on by a day, with nothing else of what the product does. To measure against.

use crate::{
    StoreError, Tx,
    many::insert_many,
    sql::{execute, fetch_all},
};
use aftercare_core::instant::{Instant, Span};
use uuid::Uuid;

/// Makes the tables, in a database that holds nothing else.
pub async fn prepare(tx: &mut Tx) -> Result<(), StoreError> {
    let clustered = if let Tx::Sqlite(_) = tx { " strict, without rowid" } else { "" };
    let (integer, uuid) = if let Tx::Sqlite(_) = tx { ("integer", "blob") } else { ("bigint", "uuid") };
    for (table, column) in [("limit_due", ""), ("limit_occurrence", "status integer not null, ")] {
        let sql = format!(
            "create table {table} (at {integer} not null, id {uuid} not null, {column}primary key (at, id)){clustered}"
        );
        execute!(tx, sql.as_str())?;
    }
    Ok(())
}

/// Adds what is to fall due: what and when.
pub async fn add(tx: &mut Tx, due: &[(Uuid, Instant)]) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- limit::add\ninsert into limit_due (at, id)",
        due,
        |one| [one.1.as_micros(), one.0],
        ""
    )
}

/// Records up to `limit` of what fell due after `from`, by `now`, and moves each on by a day; how many.
pub async fn round(tx: &mut Tx, from: Instant, now: Instant, limit: i64) -> Result<u64, StoreError> {
    let day = Span::from_days(1).as_micros();
    let (from, now) = (from.as_micros(), now.as_micros());
    if let Tx::Postgres(_) = tx {
        return execute!(
            tx,
            "-- limit::round
            with claimed as materialized (
              delete from limit_due where ctid = any(array(
                select ctid from limit_due where at > $1 and at <= $2 order by at limit $3 for update skip locked))
              returning at, id),
            recorded as (insert into limit_occurrence (at, id, status) select at, id, 0 from claimed)
            insert into limit_due (at, id) select at + $4, id from claimed",
            from,
            now,
            limit,
            day
        );
    }
    let claimed = fetch_all!(
        tx,
        (i64, Uuid),
        "-- limit::round
        select at, id from limit_due where at > $1 and at <= $2 order by at, id limit $3",
        from,
        now,
        limit
    )?;
    let Some(last) = claimed.last() else { return Ok(0) };
    execute!(
        tx,
        "-- limit::round taken\ndelete from limit_due where at > $1 and (at, id) <= ($2, $3)",
        from,
        last.0,
        last.1
    )?;
    insert_many!(
        tx,
        "-- limit::round recorded\ninsert into limit_occurrence (at, id, status)",
        &claimed,
        |one| [one.0, one.1, 0],
        ""
    )?;
    insert_many!(
        tx,
        "-- limit::round moved\ninsert into limit_due (at, id)",
        &claimed,
        |one| [one.0 + day, one.1],
        ""
    )?;
    Ok(claimed.len() as u64)
}
