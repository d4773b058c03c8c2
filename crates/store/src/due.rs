//! What the engine claims: the next instant at which something changes, for each running step.

use crate::{
    Asked, StoreError, Tx,
    many::insert_many,
    queue::{Queue, queue},
    sql::{ask_all, fetch_all, fetch_postgres},
};
use aftercare_core::{
    id::{Bucket, StepId, UserId},
    instant::{Instant, Span},
};
use std::collections::HashMap;
use uuid::Uuid;

/// The engine's queue.
pub const QUEUE: Queue = queue!("due", "wake_at");

/// Something that cannot be looked at is put off for so long.
pub const PUT_OFF: Span = Span::from_hours(1);

type Row = (i64, Uuid, Uuid, Option<i64>);

/// Something whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake {
    /// When it came.
    pub at: Instant,
    /// Which step; one that is named as its patient stands for the patient, who may have to be told something.
    pub step_id: StepId,
    /// Whose.
    pub patient_id: UserId,
    /// What of the step fell due before this is recorded: the wake's own time, where it was not put off.
    pub since: Instant,
}

impl Wake {
    /// Has a step looked at when something of it changes; all that changed before is recorded.
    pub fn step(patient_id: UserId, step_id: StepId, at: Instant) -> Self {
        Self { at, step_id, patient_id, since: at }
    }

    /// Has somebody looked at who may have to be told something.
    pub fn person(patient_id: UserId, at: Instant) -> Self {
        Self::step(patient_id, StepId(patient_id.0), at)
    }

    /// Puts a step off, whose rows may be missing since an instant.
    pub fn put_off(patient_id: UserId, step_id: StepId, since: Instant, now: Instant) -> Self {
        Self { since, ..Self::step(patient_id, step_id, now + PUT_OFF) }
    }

    fn read((at, step, patient, since): Row) -> Self {
        Self {
            at: at.into(),
            step_id: StepId(step),
            patient_id: UserId(patient),
            since: since.unwrap_or(at).into(),
        }
    }

    /// Whether it is of a person, not of a step.
    pub fn is_of_person(&self) -> bool {
        self.step_id.0 == self.patient_id.0
    }
}

/// Has something looked at again at an instant; asking twice is asking once.
pub async fn insert(tx: &mut Tx, wake: Wake) -> Result<(), StoreError> {
    insert_many(tx, &[wake]).await
}

/// The same for many.
pub async fn insert_many(tx: &mut Tx, wakes: &[Wake]) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- due::insert\ninsert into due (bucket, wake_at, step_id, patient_id, since)",
        wakes,
        |wake| [
            Bucket::of(wake.patient_id).get(),
            wake.at.as_micros(),
            wake.step_id.0,
            wake.patient_id.0,
            (wake.since != wake.at).then_some(wake.since.as_micros())
        ],
        "on conflict (bucket, wake_at, step_id) do update set since = excluded.since
        where excluded.since < coalesce(due.since, due.wake_at)"
    )
}

/// Takes all that is due in some buckets out of the table; what another worker holds is left to it. They come back
/// by [`insert`] in the same transaction, or not at all. A bucket is taken whole: what is due of one person is looked
/// at together.
pub async fn claim(tx: &mut Tx, buckets: &[i16], now: Instant) -> Result<Vec<Wake>, StoreError> {
    let mut rows: Vec<Row> = Vec::new();
    if let Tx::Sqlite(_) = tx {
        for bucket in buckets {
            rows.extend(fetch_all!(
                tx,
                Row,
                "-- due::claim
                delete from due where bucket = $1 and wake_at <= $2 returning wake_at, step_id, patient_id, since",
                *bucket,
                now.as_micros()
            )?);
        }
    } else if tx.is_spread() {
        for bucket in buckets {
            rows.extend(fetch_postgres!(
                tx,
                Row,
                "-- due::claim
                delete from due where bucket = $1 and wake_at <= $2 and ctid in (
                  select ctid from due where bucket = $1 and wake_at <= $2 for update skip locked)
                returning wake_at, step_id, patient_id, since",
                *bucket,
                now.as_micros()
            )?);
        }
    } else {
        rows = fetch_postgres!(
            tx,
            Row,
            "-- due::claim
            delete from due where bucket = any($1) and wake_at <= $2 and (tableoid, ctid) in (
              select tableoid, ctid from due where bucket = any($1) and wake_at <= $2 for update skip locked)
            returning wake_at, step_id, patient_id, since",
            buckets,
            now.as_micros()
        )?;
    }
    Ok(rows.into_iter().map(Wake::read).collect())
}

/// When a person and their steps are looked at next.
pub async fn of_person(tx: &mut Tx, person: UserId) -> Result<Vec<Wake>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        "-- due::of_person
        select wake_at, step_id, patient_id, since from due where bucket = $1 and patient_id = $2 order by wake_at",
        Bucket::of(person).get(),
        person.0
    )?;
    Ok(rows.into_iter().map(Wake::read).collect())
}

/// Since when rows of a patient's step may be missing; `None` where none of before now are. A step that was not looked at
/// in time has a wake that is past, or was put off: no later one is looked at.
pub async fn since(
    tx: &mut Tx,
    patient: UserId,
    step: StepId,
    now: Instant,
) -> Result<Asked<Option<Instant>>, StoreError> {
    ask_all!(
        tx,
        (Option<i64>,),
        "-- due::since
        select min(coalesce(since, wake_at)) from due where bucket = $1 and wake_at <= $2 and step_id = $3",
        [Bucket::of(patient).get(), (now + PUT_OFF).as_micros(), step.0],
        |rows| Ok(rows.into_iter().next().and_then(|row| row.0).map(Instant::from))
    )
}

/// The same of all steps of a doctor's that are in force.
pub async fn since_of_plan(
    tx: &mut Tx,
    patient: UserId,
    doctor: UserId,
    now: Instant,
) -> Result<Asked<HashMap<StepId, Instant>>, StoreError> {
    ask_all!(
        tx,
        (Uuid, i64),
        "-- due::since_of_plan
        select step_id, min(coalesce(since, wake_at)) from due where bucket = $1 and wake_at <= $4 and step_id in (
          select id from step where bucket = $1 and patient_id = $2 and doctor_id = $3
            and coalesce(superseded_at, 9223372036854775807) = 9223372036854775807)
        group by step_id",
        [Bucket::of(patient).get(), patient.0, doctor.0, (now + PUT_OFF).as_micros()],
        |rows| Ok(rows.into_iter().map(|(step, since)| (StepId(step), since.into())).collect())
    )
}
