//! New devices that wait to be handed the root key of their owner.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_one, put},
};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};
use uuid::Uuid;

fn bucket(id: Uuid) -> i16 {
    Bucket::of(UserId(id)).get()
}

/// Stores a new device's public keys.
pub async fn insert(tx: &mut Tx, id: Uuid, bundle: &str, expires_at: Instant) -> Result<(), StoreError> {
    put!(
        tx,
        "-- device_link::insert\ninsert into device_link (bucket, id, bundle, expires_at) values ($1, $2, $3, $4)",
        bucket(id),
        id,
        bundle,
        expires_at.as_micros()
    )?;
    Ok(())
}

/// Its public keys, and what it was answered, while it waits.
pub async fn get(
    tx: &mut Tx,
    id: Uuid,
    now: Instant,
) -> Result<Option<(String, Option<String>)>, StoreError> {
    fetch_one!(
        tx,
        (String, Option<String>),
        "-- device_link::get
        select bundle, answer from device_link where bucket = $1 and id = $2 and expires_at > $3",
        bucket(id),
        id,
        now.as_micros()
    )
}

/// Answers it; whether it still waited, and nobody had.
pub async fn answer(tx: &mut Tx, id: Uuid, answer: &str, now: Instant) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- device_link::answer
        update device_link set answer = $3 where bucket = $1 and id = $2 and answer is null and expires_at > $4",
        bucket(id),
        id,
        answer,
        now.as_micros()
    )?;
    Ok(rows == 1)
}

/// Removes those that waited in vain.
pub async fn delete_expired(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    execute!(
        tx,
        "-- device_link::delete_expired\ndelete from device_link where expires_at <= $1",
        now.as_micros()
    )
}
