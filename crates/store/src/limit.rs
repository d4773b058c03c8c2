//! The limit of the machine: the narrowest rows and the fewest statements by which something falls due, is recorded and
//! moves on by a day, with nothing else of what the product does. To measure against.

use crate::{
    StoreError, Tx,
    many::insert_many,
    sql::{execute, fetch_all, put},
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
    put!(
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

/// A row of the floor of a read: id, step, ordinal, due and status.
type Row = (Uuid, Uuid, i32, i64, i16);

/// Makes a table of thirty rows that one person has, and a hundred others have too.
pub async fn prepare_read(tx: &mut Tx, person: Uuid, now: Instant) -> Result<(), StoreError> {
    let sqlite = matches!(tx, Tx::Sqlite(_));
    let (small, whole, big, uuid) = if sqlite {
        ("integer", "integer", "integer", "blob")
    } else {
        ("smallint", "integer", "bigint", "uuid")
    };
    let clustered = if sqlite { " strict, without rowid" } else { "" };
    let sql = format!(
        "create table limit_read (person {uuid} not null, due_at {big} not null, id {uuid} not null, step {uuid} not null,
          ordinal {whole} not null, status {small} not null, primary key (person, due_at, id)){clustered}"
    );
    execute!(tx, sql.as_str())?;
    let others = (1..=100).map(Uuid::from_u128);
    let rows: Vec<_> = std::iter::once(person)
        .chain(others)
        .flat_map(|who| (0..30_i32).map(move |n| (who, n)))
        .map(|(who, n)| (who, (now + Span::from_hours(n.into())).as_micros(), n))
        .collect();
    insert_many!(
        tx,
        "-- limit::prepare_read\ninsert into limit_read (person, due_at, id, step, ordinal, status)",
        &rows,
        |row| [row.0, row.1, Uuid::from_u128(row.2.unsigned_abs().into()), row.0, row.2, 0_i16],
        ""
    )
}

/// Those of one person.
pub async fn read(tx: &mut Tx, person: Uuid) -> Result<Vec<Row>, StoreError> {
    fetch_all!(
        tx,
        Row,
        "-- limit::read
        select id, step, ordinal, due_at, status from limit_read where person = $1 order by due_at limit 30",
        person
    )
}
