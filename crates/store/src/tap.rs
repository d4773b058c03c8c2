//! One-tap answers that were given: each token is good once.

use crate::{StoreError, Tx, sql::execute};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};

/// Uses a token up; whether it was good still.
pub async fn take(tx: &mut Tx, user: UserId, tap: &[u8], expires_at: Instant) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- tap::take
        insert into used_tap (bucket, user_id, tap, expires_at) values ($1, $2, $3, $4) on conflict do nothing",
        Bucket::of(user).get(),
        user.0,
        tap,
        expires_at.as_micros()
    )?;
    Ok(rows == 1)
}

/// Forgets those that have expired.
pub async fn forget_before(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    execute!(tx, "-- tap::forget_before\ndelete from used_tap where expires_at < $1", now.as_micros())
}
