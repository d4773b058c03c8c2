//! Occurrences that have happened, a row each, until they are long past. What is still to come is computed.

use crate::{
    StoreError, Tx, code,
    many::insert_many,
    sql::{fetch_all, put},
};
use aftercare_core::{
    course::Occurrence,
    id::{Bucket, StepId, UserId},
    instant::Instant,
};

/// Records occurrences, or how they stand now.
pub async fn put(
    tx: &mut Tx,
    occurrences: &[(UserId, StepId, &Occurrence)],
    now: Instant,
) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- occurrence::put
        insert into occurrence (bucket, due_at, step_id, ordinal, patient_id, closes_at, status, recorded_at)",
        occurrences,
        |one| [
            Bucket::of(one.0).get(),
            one.2.due_at.as_micros(),
            one.1.0,
            i32::try_from(one.2.ordinal).unwrap_or(i32::MAX),
            one.0.0,
            one.2.closes_at.as_micros(),
            code::occurrence(one.2.status),
            now.as_micros(),
        ],
        "on conflict (bucket, due_at, step_id, ordinal) do update
        set closes_at = excluded.closes_at, status = excluded.status, recorded_at = excluded.recorded_at
        where occurrence.status <> excluded.status or occurrence.closes_at <> excluded.closes_at"
    )
}

/// Removes what fell due from an instant on: an extension that is not needed after all, times of day that have changed.
pub async fn forget_from(
    tx: &mut Tx,
    patient: UserId,
    step: StepId,
    from: Instant,
) -> Result<(), StoreError> {
    put!(
        tx,
        "-- occurrence::forget_from
        delete from occurrence where bucket = $1 and due_at >= $2 and step_id = $3",
        Bucket::of(patient).get(),
        from.as_micros(),
        step.0
    )?;
    Ok(())
}

/// Removes what fell due in a bucket before an instant: it is recorded for those who look at the database, and computed for
/// everybody else.
pub async fn forget_before(tx: &mut Tx, bucket: i16, before: Instant) -> Result<(), StoreError> {
    put!(
        tx,
        "-- occurrence::forget_before\ndelete from occurrence where bucket = $1 and due_at < $2",
        bucket,
        before.as_micros()
    )?;
    Ok(())
}

/// Everything recorded of a step, in order: ordinal, due, status number.
pub async fn of_step(
    tx: &mut Tx,
    patient: UserId,
    step: StepId,
) -> Result<Vec<(u32, Instant, i16)>, StoreError> {
    let rows = fetch_all!(
        tx,
        (i32, i64, i16),
        "-- occurrence::of_step
        select ordinal, due_at, status from occurrence where bucket = $1 and step_id = $2 order by ordinal",
        Bucket::of(patient).get(),
        step.0
    )?;
    Ok(rows
        .into_iter()
        .map(|(ordinal, due_at, status)| (u32::try_from(ordinal).unwrap_or(0), due_at.into(), status))
        .collect())
}

/// The number by which a status is recorded.
pub fn number(status: aftercare_core::course::OccurrenceStatus) -> i16 {
    code::occurrence(status)
}
