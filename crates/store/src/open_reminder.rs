//! What is open for a person now: due, unanswered, in force, and how often it was said. Whatever may be
//! announced is here, and nothing else.

use crate::{
    Asked, StoreError, Tx,
    many::{ask_in, execute_in, insert_many},
    sql::{execute, fetch_one},
};
use aftercare_core::{
    announce::Open,
    id::{Bucket, StepId, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// Something that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenReminder {
    /// Whose.
    pub patient_id: UserId,
    /// Of which step.
    pub step_id: StepId,
    /// Which occurrence.
    pub ordinal: u32,
    /// When it is due and closes, and what was said of it.
    pub open: Open,
}

type Row = (Uuid, Uuid, i32, i64, i64, bool, i16, Option<i64>, Option<i64>);

fn read((patient, step, ordinal, due, closes, once, said, said_at, snoozed): Row) -> OpenReminder {
    OpenReminder {
        patient_id: UserId(patient),
        step_id: StepId(step),
        ordinal: u32::try_from(ordinal).unwrap_or(0),
        open: Open {
            due_at: due.into(),
            closes_at: closes.into(),
            once,
            said: u8::try_from(said).unwrap_or(u8::MAX),
            said_at: said_at.map(Instant::from),
            snoozed_until: snoozed.map(Instant::from),
        },
    }
}

/// What is open for some people.
pub async fn of_people(tx: &mut Tx, people: &[UserId]) -> Result<Asked<Vec<OpenReminder>>, StoreError> {
    ask_in!(
        tx,
        Row,
        "-- open_reminder::of_people
        select patient_id, step_id, ordinal, due_at, closes_at, once, said, said_at, snoozed_until
        from open_reminder where (bucket, patient_id)",
        people,
        |id| [Bucket::of(*id).get(), id.0],
        "order by patient_id, due_at, step_id",
        [],
        |rows| Ok(rows.into_iter().map(read).collect())
    )
}

/// What is open of one step.
pub async fn of_step(tx: &mut Tx, patient: UserId, step: StepId) -> Result<Option<OpenReminder>, StoreError> {
    let row = fetch_one!(
        tx,
        Row,
        "-- open_reminder::of_step
        select patient_id, step_id, ordinal, due_at, closes_at, once, said, said_at, snoozed_until
        from open_reminder where bucket = $1 and patient_id = $2 and step_id = $3",
        Bucket::of(patient).get(),
        patient.0,
        step.0
    )?;
    Ok(row.map(read))
}

/// Puts in what is open now, in the place of what was open of the same steps. What was said of an occurrence
/// stays with it.
pub async fn put(tx: &mut Tx, open: &[OpenReminder]) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- open_reminder::put
        insert into open_reminder (bucket, patient_id, step_id, ordinal, due_at, closes_at, once, said, said_at, snoozed_until)",
        open,
        |one| [
            Bucket::of(one.patient_id).get(),
            one.patient_id.0,
            one.step_id.0,
            i32::try_from(one.ordinal).unwrap_or(i32::MAX),
            one.open.due_at.as_micros(),
            one.open.closes_at.as_micros(),
            one.open.once,
            i16::from(one.open.said),
            one.open.said_at.map(Instant::as_micros),
            one.open.snoozed_until.map(Instant::as_micros),
        ],
        "on conflict (bucket, patient_id, step_id) do update set
          ordinal = excluded.ordinal, due_at = excluded.due_at, closes_at = excluded.closes_at,
          said = excluded.said, said_at = excluded.said_at, snoozed_until = excluded.snoozed_until"
    )
}

/// Takes out what is open no more.
pub async fn remove(tx: &mut Tx, steps: &[(UserId, StepId)]) -> Result<(), StoreError> {
    execute_in!(
        tx,
        "-- open_reminder::remove\ndelete from open_reminder where (bucket, patient_id, step_id)",
        steps,
        |key| [Bucket::of(key.0).get(), key.0.0, key.1.0],
        ""
    )
}

/// Has something wait: it is said again from `until` (`None`: now) on, as if for the first time.
pub async fn snooze(
    tx: &mut Tx,
    patient: UserId,
    step: StepId,
    ordinal: u32,
    until: Option<Instant>,
) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- open_reminder::snooze
        update open_reminder set said = 0, said_at = null, snoozed_until = $5
        where bucket = $1 and patient_id = $2 and step_id = $3 and ordinal = $4",
        Bucket::of(patient).get(),
        patient.0,
        step.0,
        i32::try_from(ordinal).unwrap_or(i32::MAX),
        until.map(Instant::as_micros)
    )?;
    Ok(rows == 1)
}

/// Who of some people still has open what was said at an instant, and how much of it: step and ordinal where it is
/// one thing. What has closed by `now`, or was asked to wait, is not.
pub async fn still(
    tx: &mut Tx,
    people: &[UserId],
    now: Instant,
) -> Result<Asked<Vec<OpenReminder>>, StoreError> {
    ask_in!(
        tx,
        Row,
        "-- open_reminder::still
        select patient_id, step_id, ordinal, due_at, closes_at, once, said, said_at, snoozed_until
        from open_reminder where closes_at > $1 and (snoozed_until is null or snoozed_until <= $1)
          and said_at is not null and (bucket, patient_id)",
        people,
        |id| [Bucket::of(*id).get(), id.0],
        "order by patient_id, due_at, step_id",
        [now.as_micros()],
        |rows| Ok(rows.into_iter().map(read).collect())
    )
}
