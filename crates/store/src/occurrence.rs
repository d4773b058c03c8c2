//! Occurrences that have happened: one row each, ever. What is still to come is computed.

use crate::{StoreError, Tx, code, many::insert_many, sql::execute, sql::fetch_all, sql::fetch_one};
use aftercare_core::{
    course::Occurrence,
    id::{Bucket, StepId, UserId},
    instant::Instant,
};

/// How many occurrences of a step are recorded: ordinals 0 to this, without it.
pub async fn recorded(tx: &mut Tx, patient: UserId, step: StepId) -> Result<u32, StoreError> {
    let row = fetch_one!(
        tx,
        (Option<i32>,),
        "-- occurrence::recorded\nselect max(ordinal) from occurrence where bucket = $1 and step_id = $2",
        Bucket::of(patient).get(),
        step.0
    )?;
    Ok(row.and_then(|row| row.0).and_then(|last| u32::try_from(last).ok()).map_or(0, |last| last + 1))
}

/// Records occurrences, or how they stand now.
pub async fn put(
    tx: &mut Tx,
    occurrences: &[(UserId, StepId, &Occurrence)],
    now: Instant,
) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- occurrence::put
        insert into occurrence (bucket, step_id, ordinal, patient_id, due_at, closes_at, status, recorded_at)",
        occurrences,
        |one| [
            Bucket::of(one.0).get(),
            one.1.0,
            i32::try_from(one.2.ordinal).unwrap_or(i32::MAX),
            one.0.0,
            one.2.due_at.as_micros(),
            one.2.closes_at.as_micros(),
            code::occurrence(one.2.status),
            now.as_micros(),
        ],
        "on conflict (bucket, step_id, ordinal) do update
        set due_at = excluded.due_at, closes_at = excluded.closes_at, status = excluded.status, recorded_at = excluded.recorded_at"
    )
}

/// Removes what a correction has made unnecessary: an extension that is not needed after all.
pub async fn truncate(tx: &mut Tx, patient: UserId, step: StepId, count: u32) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- occurrence::truncate
        delete from occurrence where bucket = $1 and step_id = $2 and ordinal >= $3",
        Bucket::of(patient).get(),
        step.0,
        i32::try_from(count).unwrap_or(i32::MAX)
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
