//! What the engine claims: the next instant at which something changes, for each running step.

use crate::{StoreError, Tx, sql::execute, sql::fetch_all};
use aftercare_core::{
    id::{Bucket, StepId, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// A step whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake {
    /// When it came.
    pub at: Instant,
    /// Which step.
    pub step_id: StepId,
    /// Whose.
    pub patient_id: UserId,
}

/// Has a step looked at again at an instant; asking twice is asking once.
pub async fn insert(tx: &mut Tx, wake: Wake) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- due::insert
        insert into due (bucket, wake_at, step_id, patient_id) values ($1, $2, $3, $4) on conflict do nothing",
        Bucket::of(wake.patient_id).get(),
        wake.at.as_micros(),
        wake.step_id.0,
        wake.patient_id.0
    )?;
    Ok(())
}

/// The buckets with something due by `now`, by one probe of the index each.
pub async fn buckets(tx: &mut Tx, now: Instant) -> Result<Vec<i16>, StoreError> {
    let rows = fetch_all!(
        tx,
        (i32,),
        "-- due::buckets
        with recursive buckets(bucket) as (select 0 union all select bucket + 1 from buckets where bucket < 1023)
        select bucket from buckets
        where exists (select 1 from due where due.bucket = buckets.bucket and wake_at <= $1)",
        now.as_micros()
    )?;
    Ok(rows.into_iter().filter_map(|row| i16::try_from(row.0).ok()).collect())
}

/// When the next step of all is due.
pub async fn next(tx: &mut Tx) -> Result<Option<Instant>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Option<i64>,),
        "-- due::next
        with recursive buckets(bucket) as (select 0 union all select bucket + 1 from buckets where bucket < 1023)
        select min((select min(wake_at) from due where due.bucket = buckets.bucket)) from buckets"
    )?;
    Ok(rows.first().and_then(|row| row.0).map(Instant::from))
}

/// Takes up to `limit` of what is due in a bucket out of the table; what another worker holds is
/// left to it. They come back by [`insert`] in the same transaction, or not at all.
pub async fn claim(tx: &mut Tx, bucket: i16, now: Instant, limit: i64) -> Result<Vec<Wake>, StoreError> {
    let rows = fetch_all!(
        tx,
        (i64, Uuid, Uuid),
        "-- due::claim
        with claimed as materialized (
          select wake_at, step_id from due where bucket = $1 and wake_at <= $2 order by wake_at limit $3",
        postgres(" for update skip locked"),
        ") delete from due where bucket = $1 and (wake_at, step_id) in (select wake_at, step_id from claimed)
        returning wake_at, step_id, patient_id",
        bucket,
        now.as_micros(),
        limit
    )?;
    Ok(rows
        .into_iter()
        .map(|(at, step, patient)| Wake { at: at.into(), step_id: StepId(step), patient_id: UserId(patient) })
        .collect())
}
