//! The check-in log: every answer, in the order it was given. Nothing is overwritten; what was put away ([`crate::fold`]) lies
//! with its step.

use crate::{
    Asked, StoreError, Tx, code,
    many::ask_for,
    sql::{fetch_all, put},
};
use aftercare_core::{
    course::Answer,
    id::{Bucket, CheckInId, NoteId, StepId, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// Adds an answer; `reason` is sealed for the readers of a note.
pub async fn insert(
    tx: &mut Tx,
    patient: UserId,
    step: StepId,
    id: CheckInId,
    answer: &Answer,
    reason: Option<(NoteId, &[u8])>,
) -> Result<(), StoreError> {
    put!(
        tx,
        "-- check_in::insert
        insert into check_in (bucket, step_id, id, patient_id, ordinal, status, at, recorded_at, reason, note_id, cause)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        Bucket::of(patient).get(),
        step.0,
        id.0,
        patient.0,
        i32::try_from(answer.ordinal).unwrap_or(i32::MAX),
        code::answer(answer.status),
        answer.at.as_micros(),
        answer.recorded_at.as_micros(),
        reason.map(|(_, sealed)| sealed),
        reason.map(|(note, _)| note.0),
        answer.cause.map(code::cause)
    )?;
    Ok(())
}

/// A sealed reason for leaving an occurrence out.
#[derive(Clone, Debug)]
pub struct Reason {
    /// Of which step.
    pub step_id: StepId,
    /// Of which occurrence.
    pub ordinal: u32,
    /// The answer it came with.
    pub check_in_id: CheckInId,
    /// For whose readers it is sealed; `None`: the note the step came out of.
    pub note_id: Option<NoteId>,
    /// The sealed words.
    pub sealed: Vec<u8>,
}

/// The reasons given for steps that [`crate::step::of_patient`] gives for the same arguments, in
/// the order they were given.
pub async fn reasons(
    tx: &mut Tx,
    patient: UserId,
    doctor: Option<UserId>,
    since: Instant,
) -> Result<Vec<Reason>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid, i32, Uuid, Option<Uuid>, Vec<u8>),
        "-- check_in::reasons
        select step_id, ordinal, id, note_id, reason from check_in
        where bucket = $1 and reason is not null and step_id in (
          select id from step where bucket = $1 and patient_id = $2 and (doctor_id = $3 or $3 is null)
            and coalesce(superseded_at, 9223372036854775807) >= $4)
        order by recorded_at, id",
        Bucket::of(patient).get(),
        patient.0,
        doctor.map(|id| id.0),
        since.as_micros()
    )?;
    Ok(rows
        .into_iter()
        .map(|(step, ordinal, id, note, sealed)| Reason {
            step_id: StepId(step),
            ordinal: u32::try_from(ordinal).unwrap_or(0),
            check_in_id: CheckInId(id),
            note_id: note.map(NoteId),
            sealed,
        })
        .collect())
}

/// As the columns of an answer stand in each question.
pub(crate) type Row = (Uuid, i32, i16, i64, i64, Option<i16>);

pub(crate) fn read(
    (step, ordinal, status, at, recorded_at, cause): Row,
) -> Result<(StepId, Answer), StoreError> {
    let answer = Answer {
        ordinal: u32::try_from(ordinal).unwrap_or(0),
        status: code::to_answer(status)?,
        at: at.into(),
        recorded_at: recorded_at.into(),
        cause: cause.map(code::to_cause).transpose()?,
    };
    Ok((StepId(step), answer))
}

/// The log of one step.
pub async fn of_step(tx: &mut Tx, patient: UserId, step: StepId) -> Result<Vec<Answer>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        "-- check_in::of_step
        select step_id, ordinal, status, at, recorded_at, cause from check_in
        where bucket = $1 and step_id = $2 and patient_id = $3 order by recorded_at, id",
        Bucket::of(patient).get(),
        step.0,
        patient.0
    )?;
    rows.into_iter().map(|row| read(row).map(|(_, answer)| answer)).collect()
}

/// The logs of some steps, each from an ordinal on.
pub async fn of_steps(
    tx: &mut Tx,
    steps: &[(UserId, StepId, u32)],
) -> Result<Asked<Vec<(StepId, Answer)>>, StoreError> {
    ask_for!(
        tx,
        Row,
        "-- check_in::of_steps
        select check_in.step_id, check_in.ordinal, status, at, recorded_at, cause from check_in,",
        steps,
        |one| [
            bucket = Bucket::of(one.0).get(),
            step_id = one.1.0,
            ordinal = i32::try_from(one.2).unwrap_or(i32::MAX)
        ],
        "where check_in.bucket = key.bucket and check_in.step_id = key.step_id and check_in.ordinal >= key.ordinal
        order by check_in.step_id, recorded_at, id",
        |rows| rows.into_iter().map(read).collect()
    )
}

/// How many answers were given to steps of a note since an instant.
pub async fn count_since(
    tx: &mut Tx,
    patient: UserId,
    note: NoteId,
    since: Instant,
) -> Result<i64, StoreError> {
    let rows = fetch_all!(
        tx,
        (i64,),
        "-- check_in::count_since
        select count(*) from check_in where bucket = $1 and recorded_at >= $3 and step_id in (
          select id from step where bucket = $1 and note_id = $2)",
        Bucket::of(patient).get(),
        note.0,
        since.as_micros()
    )?;
    Ok(rows.first().map_or(0, |row| row.0))
}
