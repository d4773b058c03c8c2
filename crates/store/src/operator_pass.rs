//! What opens the operator's pages: links that are good once, and the sessions that come of them. Only hashes lie here.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_one, put},
};
use aftercare_core::instant::Instant;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Good once.
    Link,
    /// Good until it expires or is ended.
    Session,
}

/// Stores one.
pub async fn insert(
    tx: &mut Tx,
    digest: &[u8; 32],
    pass: Pass,
    expires_at: Instant,
) -> Result<(), StoreError> {
    put!(
        tx,
        "-- operator_pass::insert\ninsert into operator_pass (digest, is_link, expires_at) values ($1, $2, $3)",
        digest.as_slice(),
        pass == Pass::Link,
        expires_at.as_micros()
    )?;
    Ok(())
}

/// Whether there is such a session still.
pub async fn is_open(tx: &mut Tx, digest: &[u8; 32], now: Instant) -> Result<bool, StoreError> {
    let row = fetch_one!(
        tx,
        (i64,),
        "-- operator_pass::is_open
        select expires_at from operator_pass where digest = $1 and expires_at > $2 and not is_link",
        digest.as_slice(),
        now.as_micros()
    )?;
    Ok(row.is_some())
}

/// Uses one up; whether it was there and good.
pub async fn take(tx: &mut Tx, digest: &[u8; 32], pass: Pass, now: Instant) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- operator_pass::take
        delete from operator_pass where digest = $1 and is_link = $2 and expires_at > $3",
        digest.as_slice(),
        pass == Pass::Link,
        now.as_micros()
    )?;
    Ok(rows == 1)
}

/// Removes those that nobody can use any more.
pub async fn delete_expired(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    execute!(
        tx,
        "-- operator_pass::delete_expired\ndelete from operator_pass where expires_at <= $1",
        now.as_micros()
    )
}
