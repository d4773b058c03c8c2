//! The key that messages to browsers are signed with (RFC 8292), sealed. There is one.

use crate::{
    StoreError, Tx,
    sql::{fetch_one, put},
};
use uuid::Uuid;

/// The key, with the id of its row.
pub async fn get(tx: &mut Tx) -> Result<Option<(Uuid, Vec<u8>)>, StoreError> {
    fetch_one!(tx, (Uuid, Vec<u8>), "-- push_key::get\nselect id, sealed from push_key order by id limit 1")
}

/// Stores it.
pub async fn insert(tx: &mut Tx, id: Uuid, sealed: &[u8]) -> Result<(), StoreError> {
    put!(tx, "-- push_key::insert\ninsert into push_key (id, sealed) values ($1, $2)", id, sealed)?;
    Ok(())
}
