//! How often something was tried, shared by all replicas. What was tried is known by a keyed hash only.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_all, put},
};
use aftercare_core::instant::{Instant, Span};

fn bucket(scope: &[u8; 32]) -> i16 {
    (i16::from(scope[0]) << 2) | i16::from(scope[1] >> 6)
}

/// Counts one more try within a window that begins with the first; how many there are now, and
/// since when.
pub async fn count(
    tx: &mut Tx,
    scope: &[u8; 32],
    window: Span,
    now: Instant,
) -> Result<(i64, Instant), StoreError> {
    let rows = fetch_all!(
        tx,
        (i64, i64),
        "-- throttle::count
        insert into throttle (bucket, scope, count, since) values ($1, $2, 1, $3)
        on conflict (bucket, scope) do update set
          count = case when throttle.since <= $4 then 1 else throttle.count + 1 end,
          since = case when throttle.since <= $4 then $3 else throttle.since end
        returning count, since",
        bucket(scope),
        scope.as_slice(),
        now.as_micros(),
        (now - window).as_micros()
    )?;
    Ok(rows.first().map_or((1, now), |row| (row.0, row.1.into())))
}

/// How many tries there are of three things, and since when: nought where there are none.
pub async fn get(
    tx: &mut Tx,
    scopes: [&[u8; 32]; 3],
    now: Instant,
) -> Result<[(i64, Instant); 3], StoreError> {
    let [one, two, three] = scopes;
    let rows = fetch_all!(
        tx,
        (Vec<u8>, i64, i64),
        "-- throttle::get
        select scope, count, since from throttle
        where bucket = $1 and scope = $2 or bucket = $3 and scope = $4 or bucket = $5 and scope = $6",
        bucket(one),
        one.as_slice(),
        bucket(two),
        two.as_slice(),
        bucket(three),
        three.as_slice()
    )?;
    let of = |scope: &[u8; 32]| {
        rows.iter().find(|row| row.0 == scope).map_or((0, now), |row| (row.1, row.2.into()))
    };
    Ok(scopes.map(of))
}

/// Takes a try back: it was none.
pub async fn give_back(tx: &mut Tx, scope: &[u8; 32]) -> Result<(), StoreError> {
    put!(
        tx,
        "-- throttle::give_back
        update throttle set count = count - 1 where bucket = $1 and scope = $2 and count > 0",
        bucket(scope),
        scope.as_slice()
    )?;
    Ok(())
}

/// Forgets all tries.
pub async fn clear(tx: &mut Tx, scope: &[u8; 32]) -> Result<(), StoreError> {
    put!(
        tx,
        "-- throttle::clear\ndelete from throttle where bucket = $1 and scope = $2",
        bucket(scope),
        scope.as_slice()
    )?;
    Ok(())
}

/// Forgets what began before an instant.
pub async fn forget_before(tx: &mut Tx, before: Instant) -> Result<u64, StoreError> {
    execute!(tx, "-- throttle::forget_before\ndelete from throttle where since < $1", before.as_micros())
}
