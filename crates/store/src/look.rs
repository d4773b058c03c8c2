//! Steps as the engine looks at them: many at once, each with what of it is settled and told.

use crate::{
    Asked, StoreError, Tx,
    many::{ask_in, execute_for, execute_in},
    row::{Columns, FromRow},
    sql::put,
    step::{self, StepRow},
};
use aftercare_core::id::{Bucket, StepId, UserId};
use uuid::Uuid;

/// Some steps, of people whose locks are held.
pub async fn at(tx: &mut Tx, steps: &[(UserId, StepId)]) -> Result<Asked<Vec<Found>>, StoreError> {
    ask_in!(
        tx,
        FoundRow,
        "-- look::at
        select patient_id, settled,
          id, note_id, doctor_id, position, kind, state, timing, policy, activated_at, due_at, answered_at, superseded_at, superseded_by, attention, paused_until, folded
        from step where (bucket, id)",
        steps,
        |key| [Bucket::of(key.0).get(), key.1.0],
        "order by id",
        [],
        |rows| Ok(rows.into_iter().map(FoundRow::found).collect())
    )
}

/// A step that was looked for.
#[derive(Debug)]
pub struct Found {
    /// Which.
    pub id: StepId,
    /// Whose.
    pub patient_id: UserId,
    /// What of its course is over (JSON).
    pub settled: Option<String>,
    /// The step; an error where its row cannot be read.
    pub row: Result<StepRow, StoreError>,
}

struct FoundRow {
    patient_id: Uuid,
    settled: Option<String>,
    step: step::Row,
}

impl FromRow for FoundRow {
    fn read(row: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self { patient_id: row.next()?, settled: row.next()?, step: FromRow::read(row)? })
    }
}

impl FoundRow {
    fn found(self) -> Found {
        let (id, patient_id) = (StepId(self.step.id), UserId(self.patient_id));
        Found { id, patient_id, settled: self.settled, row: self.step.read(patient_id) }
    }
}

/// Remembers why the doctor of some steps was told to look.
pub async fn set_attention(tx: &mut Tx, steps: &[(UserId, StepId)], bits: i16) -> Result<(), StoreError> {
    execute_in!(
        tx,
        "-- look::set_attention\nupdate step set attention = $1 where (bucket, id)",
        steps,
        |key| [Bucket::of(key.0).get(), key.1.0],
        "",
        bits
    )
}

/// What of a step's course is over.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Whose.
    pub patient_id: UserId,
    /// Of which step.
    pub step_id: StepId,
    /// So many occurrences.
    pub count: u32,
    /// What they have come to (JSON).
    pub json: String,
}

/// Remembers what of some steps' courses is over.
pub async fn settle(tx: &mut Tx, steps: &[Settled]) -> Result<(), StoreError> {
    execute_for!(
        tx,
        "-- look::settle\nupdate step set settled = key.settled, settled_count = key.count from",
        steps,
        |one| [
            bucket = Bucket::of(one.patient_id).get(),
            id = one.step_id.0,
            settled = one.json.as_str(),
            count = i32::try_from(one.count).unwrap_or(i32::MAX)
        ],
        "where step.bucket = key.bucket and step.id = key.id"
    )
}

/// An occurrence was answered: where that was over, nothing is settled any more.
pub async fn unsettle(tx: &mut Tx, patient: UserId, step: StepId, ordinal: u32) -> Result<(), StoreError> {
    put!(
        tx,
        "-- look::unsettle
        update step set settled = null, settled_count = 0 where bucket = $1 and id = $2 and settled_count > $3",
        Bucket::of(patient).get(),
        step.0,
        i32::try_from(ordinal).unwrap_or(i32::MAX)
    )?;
    Ok(())
}
