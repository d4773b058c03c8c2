//! Occurrences that have happened: one row each, ever. What is still to come is computed.

use crate::{StoreError, Tx, code, sql::execute, sql::fetch_all};
use aftercare_core::{
    course::Occurrence,
    id::{Bucket, StepId, UserId},
    instant::Instant,
};

/// How far a step's occurrences are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// How many rows there are: ordinals 0 to this, without it.
    pub count: u32,
    /// The first ordinal that is still open.
    pub open: Option<u32>,
}

/// How far a step is recorded.
pub async fn recorded(tx: &mut Tx, patient: UserId, step: StepId) -> Result<Recorded, StoreError> {
    let rows = fetch_all!(
        tx,
        (i32, i16),
        // Open ones stand at the end: the next may be answered while one is open, no further one.
        "-- occurrence::recorded
        select ordinal, status from occurrence where bucket = $1 and step_id = $2 order by ordinal desc limit 3",
        Bucket::of(patient).get(),
        step.0
    )?;
    let ordinal = |ordinal: i32| u32::try_from(ordinal).ok();
    let open = rows.iter().filter(|(_, status)| *status == 0).filter_map(|(n, _)| ordinal(*n)).min();
    Ok(Recorded { count: rows.first().and_then(|(last, _)| ordinal(*last)).map_or(0, |last| last + 1), open })
}

/// Records an occurrence, or how it stands now.
pub async fn put(
    tx: &mut Tx,
    patient: UserId,
    step: StepId,
    occurrence: &Occurrence,
    now: Instant,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- occurrence::put
        insert into occurrence (bucket, step_id, ordinal, patient_id, due_at, closes_at, status, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (bucket, step_id, ordinal) do update
        set due_at = excluded.due_at, closes_at = excluded.closes_at, status = excluded.status, recorded_at = excluded.recorded_at",
        Bucket::of(patient).get(),
        step.0,
        i32::try_from(occurrence.ordinal).unwrap_or(i32::MAX),
        patient.0,
        occurrence.due_at.as_micros(),
        occurrence.closes_at.as_micros(),
        code::occurrence(occurrence.status),
        now.as_micros()
    )?;
    Ok(())
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
