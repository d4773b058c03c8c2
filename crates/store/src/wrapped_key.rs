//! Account root keys, wrapped under what opens them (a slot each) and under the outer layer.

use crate::{
    StoreError, Tx,
    sql::{fetch_one, put},
};
use aftercare_core::id::{Bucket, UserId};

/// Stores a wrapped account root key in its slot, replacing what was there.
pub async fn put(tx: &mut Tx, id: UserId, slot: u8, epoch: i32, blob: &[u8]) -> Result<(), StoreError> {
    put!(
        tx,
        "-- wrapped_key::put
        insert into wrapped_key (bucket, user_id, slot, epoch, blob) values ($1, $2, $3, $4, $5)
        on conflict (bucket, user_id, slot) do update set epoch = excluded.epoch, blob = excluded.blob",
        Bucket::of(id).get(),
        id.0,
        i16::from(slot),
        epoch,
        blob
    )?;
    Ok(())
}

/// A wrapped account root key: its epoch and the blob under the outer layer.
pub async fn get(tx: &mut Tx, id: UserId, slot: u8) -> Result<Option<(i32, Vec<u8>)>, StoreError> {
    let row = fetch_one!(
        tx,
        (i32, Vec<u8>),
        "-- wrapped_key::get
        select epoch, blob from wrapped_key where bucket = $1 and user_id = $2 and slot = $3",
        Bucket::of(id).get(),
        id.0,
        i16::from(slot)
    )?;
    Ok(row)
}
