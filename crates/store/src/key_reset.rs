//! Leave to make new keys for an account whose password and recovery code are both lost.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_one, put},
};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};

/// Gives leave to whoever has the code, in the place of any given before.
pub async fn put(tx: &mut Tx, user: UserId, verifier: &[u8], expires_at: Instant) -> Result<(), StoreError> {
    put!(
        tx,
        "-- key_reset::put
        insert into key_reset (bucket, user_id, verifier, expires_at) values ($1, $2, $3, $4)
        on conflict (bucket, user_id) do update set verifier = excluded.verifier, expires_at = excluded.expires_at",
        Bucket::of(user).get(),
        user.0,
        verifier,
        expires_at.as_micros()
    )?;
    Ok(())
}

/// What the code is compared with, while it is good.
pub async fn verifier(tx: &mut Tx, user: UserId, now: Instant) -> Result<Option<Vec<u8>>, StoreError> {
    let row = fetch_one!(
        tx,
        (Vec<u8>,),
        "-- key_reset::verifier
        select verifier from key_reset where bucket = $1 and user_id = $2 and expires_at > $3",
        Bucket::of(user).get(),
        user.0,
        now.as_micros()
    )?;
    Ok(row.map(|row| row.0))
}

/// Uses the leave up; whether it was there still.
pub async fn take(tx: &mut Tx, user: UserId, verifier: &[u8]) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- key_reset::take\ndelete from key_reset where bucket = $1 and user_id = $2 and verifier = $3",
        Bucket::of(user).get(),
        user.0,
        verifier
    )?;
    Ok(rows == 1)
}

/// Removes those that nobody has used.
pub async fn delete_expired(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    execute!(
        tx,
        "-- key_reset::delete_expired\ndelete from key_reset where expires_at <= $1",
        now.as_micros()
    )
}
