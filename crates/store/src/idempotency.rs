//! Answers to requests that carried an `Idempotency-Key`, sealed, for 24 hours.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_one, put},
};
use aftercare_core::instant::Instant;

/// A request that was seen before.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Keyed hash of its body.
    pub request: Vec<u8>,
    /// The answer's HTTP status; [`IN_FLIGHT`] while it is being worked on, [`AGAIN`] where it may be
    /// tried again.
    pub status: i16,
    /// The sealed answer.
    pub answer: Vec<u8>,
    /// When it first came.
    pub created_at: Instant,
    /// When it was last taken up.
    pub claimed_at: Instant,
}

/// It is being worked on.
pub const IN_FLIGHT: i16 = 0;
/// It went wrong in a way that may have had its effect, and may be tried again as the same.
pub const AGAIN: i16 = -1;

fn bucket(scope: &[u8; 32]) -> i16 {
    (i16::from(scope[0]) << 2) | i16::from(scope[1] >> 6)
}

/// What is known of a request.
pub async fn get(tx: &mut Tx, scope: &[u8; 32]) -> Result<Option<Seen>, StoreError> {
    let row = fetch_one!(
        tx,
        (Vec<u8>, i16, Vec<u8>, i64, i64),
        "-- idempotency::get
        select request, status, answer, created_at, claimed_at from idempotency where bucket = $1 and scope = $2",
        bucket(scope),
        scope.as_slice()
    )?;
    Ok(row.map(|(request, status, answer, at, claimed)| Seen {
        request,
        status,
        answer,
        created_at: at.into(),
        claimed_at: claimed.into(),
    }))
}

/// Begins a request; [`StoreError::Taken`] where another did.
pub async fn begin(tx: &mut Tx, scope: &[u8; 32], request: &[u8], now: Instant) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- idempotency::begin
        insert into idempotency (bucket, scope, request, status, answer, created_at, claimed_at) values ($1, $2, $3, 0, $4, $5, $5)",
        bucket(scope),
        scope.as_slice(),
        request,
        [0_u8; 0].as_slice(),
        now.as_micros()
    )?;
    Ok(())
}

/// Takes a request up again; false where another was faster.
pub async fn take_over(
    tx: &mut Tx,
    scope: &[u8; 32],
    status: i16,
    claimed_at: Instant,
    now: Instant,
) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- idempotency::take_over
        update idempotency set status = 0, claimed_at = $5
        where bucket = $1 and scope = $2 and status = $3 and claimed_at = $4",
        bucket(scope),
        scope.as_slice(),
        status,
        claimed_at.as_micros(),
        now.as_micros()
    )?;
    Ok(rows == 1)
}

/// Keeps the answer.
///
/// As [`forget`] only where the request is held still by whoever began or took it over at `claimed_at`.
pub async fn finish(
    tx: &mut Tx,
    scope: &[u8; 32],
    claimed_at: Instant,
    status: i16,
    answer: &[u8],
) -> Result<(), StoreError> {
    put!(
        tx,
        "-- idempotency::finish
        update idempotency set status = $3, answer = $4
        where bucket = $1 and scope = $2 and status = 0 and claimed_at = $5",
        bucket(scope),
        scope.as_slice(),
        status,
        answer,
        claimed_at.as_micros()
    )?;
    Ok(())
}

/// Forgets a request, so that it can be made again.
pub async fn forget(tx: &mut Tx, scope: &[u8; 32], claimed_at: Instant) -> Result<(), StoreError> {
    put!(
        tx,
        "-- idempotency::forget
        delete from idempotency where bucket = $1 and scope = $2 and status = 0 and claimed_at = $3",
        bucket(scope),
        scope.as_slice(),
        claimed_at.as_micros()
    )?;
    Ok(())
}

/// Forgets all that came before an instant.
pub async fn forget_before(tx: &mut Tx, before: Instant) -> Result<u64, StoreError> {
    execute!(
        tx,
        "-- idempotency::forget_before\ndelete from idempotency where created_at < $1",
        before.as_micros()
    )
}
