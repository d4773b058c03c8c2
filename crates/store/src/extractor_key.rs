//! Keys that texts are sealed to which are to be read once and stored nowhere: each for a day.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_all, put},
};
use aftercare_core::instant::Instant;
use uuid::Uuid;

/// A key, sealed by the outer layer.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Instant,
    /// The sealed root.
    pub sealed: Vec<u8>,
}

/// Lets one process at a time look whether there is a key, and make one.
pub async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    if let Tx::Postgres(_) = tx {
        put!(tx, "-- extractor_key::lock\nselect pg_advisory_xact_lock(4711045)")?;
    }
    Ok(())
}

/// All keys, newest first.
pub async fn all(tx: &mut Tx) -> Result<Vec<Row>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid, i64, Vec<u8>),
        "-- extractor_key::all\nselect id, created_at, sealed from extractor_key order by created_at desc, id"
    )?;
    Ok(rows.into_iter().map(|(id, at, sealed)| Row { id, created_at: at.into(), sealed }).collect())
}

/// Stores a key.
pub async fn add(tx: &mut Tx, row: &Row) -> Result<(), StoreError> {
    put!(
        tx,
        "-- extractor_key::add\ninsert into extractor_key (id, created_at, sealed) values ($1, $2, $3)",
        row.id,
        row.created_at.as_micros(),
        row.sealed.as_slice()
    )?;
    Ok(())
}

/// Removes those made before an instant: what was sealed to them opens no more.
pub async fn delete_before(tx: &mut Tx, before: Instant) -> Result<u64, StoreError> {
    execute!(
        tx,
        "-- extractor_key::delete_before\ndelete from extractor_key where created_at < $1",
        before.as_micros()
    )
}
