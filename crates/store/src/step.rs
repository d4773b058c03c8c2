//! Steps: when, never what. The words stand in the note's envelope. Whoever changes one holds its patient's lock
//! ([`crate::person_lock`]): steps have none of their own.

use crate::{
    Asked, StoreError, Tx, code,
    many::insert_many,
    row::{Columns, FromRow, row},
    sql::{ask_all, fetch_all, put},
};
use aftercare_core::{
    course::Policy,
    id::{Bucket, NoteId, StepId, UserId},
    instant::Instant,
    step::Kind,
};
use uuid::Uuid;

/// How a task stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// Not answered.
    #[default]
    Open,
    /// Done.
    Done,
    /// Left out on purpose.
    Skipped,
}

/// A step.
#[derive(Clone, Debug)]
pub struct StepRow {
    /// Which; also its item in the envelope.
    pub id: StepId,
    /// Out of which note.
    pub note_id: NoteId,
    /// Whose.
    pub patient_id: UserId,
    /// By whom.
    pub doctor_id: UserId,
    /// Its place in the note.
    pub position: i16,
    /// Task or plan.
    pub kind: Kind,
    /// How a task stands; of no meaning for a plan.
    pub task: Task,
    /// The schedule of a plan step, the exact JSON that was signed.
    pub timing: Option<String>,
    /// What a miss does.
    pub policy: Policy,
    /// When it came into force.
    pub activated_at: Instant,
    /// When a task is due.
    pub due_at: Option<Instant>,
    /// When a task was answered.
    pub answered_at: Option<Instant>,
    /// When a newer note took its place.
    pub superseded_at: Option<Instant>,
    /// Which.
    pub superseded_by: Option<NoteId>,
    /// Why its doctor was told to look, as [`aftercare_core::attention::Reason::bits`] has it.
    pub attention: i16,
    /// Until when its patient does not want to be reminded.
    pub paused_until: Option<Instant>,
    /// What was answered of it, where that was put away ([`crate::fold`]).
    pub folded: Option<String>,
}

/// Stores steps.
pub async fn insert(tx: &mut Tx, steps: &[&StepRow]) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- step::insert
        insert into step (bucket, id, note_id, patient_id, doctor_id, position, kind, state, timing, policy, activated_at,
          due_at, answered_at, superseded_at, superseded_by)",
        steps,
        |step| [
            Bucket::of(step.patient_id).get(),
            step.id.0,
            step.note_id.0,
            step.patient_id.0,
            step.doctor_id.0,
            step.position,
            code::kind(step.kind),
            code::task(step.task),
            step.timing.as_deref(),
            code::policy(step.policy),
            step.activated_at.as_micros(),
            step.due_at.map(Instant::as_micros),
            step.answered_at.map(Instant::as_micros),
            step.superseded_at.map(Instant::as_micros),
            step.superseded_by.map(|id| id.0),
        ],
        ""
    )
}

row! {
    pub(crate) struct Row {
        id: Uuid,
        note_id: Uuid,
        doctor_id: Uuid,
        position: i16,
        kind: i16,
        state: i16,
        timing: Option<String>,
        policy: i16,
        activated_at: i64,
        due_at: Option<i64>,
        answered_at: Option<i64>,
        superseded_at: Option<i64>,
        superseded_by: Option<Uuid>,
        attention: i16,
        paused_until: Option<i64>,
        folded: Option<String>,
    }
}

impl Row {
    pub(crate) fn read(self, patient_id: UserId) -> Result<StepRow, StoreError> {
        Ok(StepRow {
            id: StepId(self.id),
            note_id: NoteId(self.note_id),
            patient_id,
            doctor_id: UserId(self.doctor_id),
            position: self.position,
            kind: code::to_kind(self.kind)?,
            task: code::to_task(self.state)?,
            timing: self.timing,
            policy: code::to_policy(self.policy)?,
            activated_at: self.activated_at.into(),
            due_at: self.due_at.map(Instant::from),
            answered_at: self.answered_at.map(Instant::from),
            superseded_at: self.superseded_at.map(Instant::from),
            superseded_by: self.superseded_by.map(NoteId),
            attention: self.attention,
            paused_until: self.paused_until.map(Instant::from),
            folded: self.folded,
        })
    }
}

/// A patient's steps, of one doctor or of all: those in force, and those that were still in
/// force at `since`. In the order of notes and places. Asked for in the words of the index `step_in_force`.
pub async fn of_patient(
    tx: &mut Tx,
    patient: UserId,
    doctor: Option<UserId>,
    since: Instant,
) -> Result<Asked<Vec<StepRow>>, StoreError> {
    ask_all!(
        tx,
        Row,
        "-- step::of_patient
        select id, note_id, doctor_id, position, kind, state, timing, policy, activated_at, due_at, answered_at, superseded_at, superseded_by, attention, paused_until, folded
        from step where bucket = $1 and patient_id = $2 and (doctor_id = $3 or $3 is null)
          and coalesce(superseded_at, 9223372036854775807) >= $4
        order by note_id, position",
        [Bucket::of(patient).get(), patient.0, doctor.map(|id| id.0), since.as_micros()],
        move |rows| rows.into_iter().map(|row| row.read(patient)).collect()
    )
}

/// The steps of a note.
pub async fn of_note(tx: &mut Tx, patient: UserId, note: NoteId) -> Result<Vec<StepRow>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        "-- step::of_note
        select id, note_id, doctor_id, position, kind, state, timing, policy, activated_at, due_at, answered_at, superseded_at, superseded_by, attention, paused_until, folded
        from step where bucket = $1 and note_id = $2 order by position",
        Bucket::of(patient).get(),
        note.0
    )?;
    rows.into_iter().map(|row| row.read(patient)).collect()
}

struct Theirs {
    patient_id: Uuid,
    row: Row,
}

impl FromRow for Theirs {
    fn read(row: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self { patient_id: row.next()?, row: FromRow::read(row)? })
    }
}

/// A step of a patient; none of anybody else's.
pub async fn get(tx: &mut Tx, patient: UserId, step: StepId) -> Result<Asked<Option<StepRow>>, StoreError> {
    ask_all!(
        tx,
        Theirs,
        "-- step::get
        select patient_id,
          id, note_id, doctor_id, position, kind, state, timing, policy, activated_at, due_at, answered_at, superseded_at, superseded_by, attention, paused_until, folded
        from step where bucket = $1 and id = $2",
        [Bucket::of(patient).get(), step.0],
        move |rows| {
            let theirs = rows.into_iter().find(|found| found.patient_id == patient.0);
            theirs.map(|found| found.row.read(patient)).transpose()
        }
    )
}

/// Answers a task.
pub async fn answer(tx: &mut Tx, step: &StepRow) -> Result<(), StoreError> {
    put!(
        tx,
        "-- step::answer\nupdate step set state = $3, answered_at = $4 where bucket = $1 and id = $2",
        Bucket::of(step.patient_id).get(),
        step.id.0,
        code::task(step.task),
        step.answered_at.map(Instant::as_micros)
    )?;
    Ok(())
}

/// Until when the patient does not want to be reminded; `None`: from now on again.
pub async fn pause(
    tx: &mut Tx,
    patient: UserId,
    step: StepId,
    until: Option<Instant>,
) -> Result<(), StoreError> {
    put!(
        tx,
        "-- step::pause\nupdate step set paused_until = $3 where bucket = $1 and id = $2",
        Bucket::of(patient).get(),
        step.0,
        until.map(Instant::as_micros)
    )?;
    Ok(())
}

/// Ends all steps of a note in favour of another.
pub async fn supersede(
    tx: &mut Tx,
    patient: UserId,
    note: NoteId,
    at: Instant,
    by: NoteId,
) -> Result<(), StoreError> {
    put!(
        tx,
        "-- step::supersede
        update step set superseded_at = $3, superseded_by = $4
        where bucket = $1 and note_id = $2 and superseded_at is null",
        Bucket::of(patient).get(),
        note.0,
        at.as_micros(),
        by.0
    )?;
    Ok(())
}

/// Puts a step under a newer note, keeping its log, and remembers how it stood.
pub async fn carry(tx: &mut Tx, before: &StepRow, after: &StepRow) -> Result<(), StoreError> {
    let bucket = Bucket::of(before.patient_id).get();
    put!(
        tx,
        "-- step::carry carried
        insert into carried (bucket, note_id, step_id, patient_id, from_note_id, position, timing, policy)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        bucket,
        after.note_id.0,
        before.id.0,
        before.patient_id.0,
        before.note_id.0,
        before.position,
        before.timing.as_deref(),
        code::policy(before.policy)
    )?;
    place(tx, after).await
}

/// Writes under which note a step stands, where, and on what schedule.
async fn place(tx: &mut Tx, step: &StepRow) -> Result<(), StoreError> {
    put!(
        tx,
        "-- step::place
        update step set note_id = $3, position = $4, timing = $5, policy = $6, paused_until = $7, settled = null, settled_count = 0 where bucket = $1 and id = $2",
        Bucket::of(step.patient_id).get(),
        step.id.0,
        step.note_id.0,
        step.position,
        step.timing.as_deref(),
        code::policy(step.policy),
        step.paused_until.map(Instant::as_micros)
    )?;
    Ok(())
}

/// Takes back that a note came into force: its own steps go, those it carried on return to where
/// they stood, those of the note `before` that it ended are in force again. Gives what is in force
/// again.
pub async fn put_back(
    tx: &mut Tx,
    patient: UserId,
    note: NoteId,
    before: Option<NoteId>,
) -> Result<Vec<StepId>, StoreError> {
    let bucket = Bucket::of(patient).get();
    let carried = fetch_all!(
        tx,
        (Uuid, Uuid, i16, Option<String>, i16),
        "-- step::put_back carried
        select step_id, from_note_id, position, timing, policy from carried where bucket = $1 and note_id = $2",
        bucket,
        note.0
    )?;
    let mut back: Vec<StepId> = Vec::new();
    for (id, from, position, timing, policy) in carried {
        if let Some(mut step) = get(tx, patient, StepId(id)).await?.answer(tx).await? {
            (step.note_id, step.position, step.timing) = (NoteId(from), position, timing);
            step.policy = code::to_policy(policy)?;
            place(tx, &step).await?;
            back.push(step.id);
        }
    }
    put!(
        tx,
        "-- step::put_back forget\ndelete from carried where bucket = $1 and note_id = $2",
        bucket,
        note.0
    )?;
    remove(tx, patient, note).await?;
    let ended = fetch_all!(
        tx,
        (Uuid,),
        "-- step::put_back ended
        update step set superseded_at = null, superseded_by = null
        where bucket = $1 and superseded_by = $2 and note_id = $3 returning id",
        bucket,
        note.0,
        before.map(|note| note.0)
    )?;
    back.extend(ended.into_iter().map(|row| StepId(row.0)));
    Ok(back)
}

/// Removes the steps of a note that is to be a draft again, with all that was recorded of them.
pub async fn remove(tx: &mut Tx, patient: UserId, note: NoteId) -> Result<(), StoreError> {
    let bucket = Bucket::of(patient).get();
    for table in ["check_in", "occurrence", "due", "open_reminder"] {
        let sql = format!(
            "-- step::remove {table}\ndelete from {table} where bucket = $1 and step_id in (
               select id from step where bucket = $1 and note_id = $2)"
        );
        put!(tx, sql.as_str(), bucket, note.0)?;
    }
    put!(tx, "-- step::remove\ndelete from step where bucket = $1 and note_id = $2", bucket, note.0)?;
    Ok(())
}
