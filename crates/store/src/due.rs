//! What the engine claims: the next instant at which something changes, for each running step.

use crate::{
    StoreError, Tx,
    many::insert_many,
    queue::heads,
    sql::{fetch_all, fetch_postgres},
};
use aftercare_core::{
    id::{Bucket, StepId, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// Something whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake {
    /// When it came.
    pub at: Instant,
    /// Which step; one that is named as its patient stands for the patient, who may have to be told something.
    pub step_id: StepId,
    /// Whose.
    pub patient_id: UserId,
}

impl Wake {
    /// Has somebody looked at who may have to be told something.
    pub fn person(patient_id: UserId, at: Instant) -> Self {
        Self { at, step_id: StepId(patient_id.0), patient_id }
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
        "-- due::insert\ninsert into due (bucket, wake_at, step_id, patient_id)",
        wakes,
        |wake| [Bucket::of(wake.patient_id).get(), wake.at.as_micros(), wake.step_id.0, wake.patient_id.0],
        "on conflict do nothing"
    )
}

/// The buckets that hold anything, in their order, each with when its first is due.
pub async fn heads(tx: &mut Tx) -> Result<Vec<(i16, Instant)>, StoreError> {
    let heads = heads!(tx, "due::heads", "due", "wake_at")?;
    Ok(heads.into_iter().map(|(bucket, at)| (bucket, at.into())).collect())
}

/// The buckets with something due by `now`.
pub async fn buckets(tx: &mut Tx, now: Instant) -> Result<Vec<i16>, StoreError> {
    let heads = heads(tx).await?.into_iter();
    Ok(heads.filter(|(_, at)| *at <= now).map(|(bucket, _)| bucket).collect())
}

/// When the next of all is due.
pub async fn next(tx: &mut Tx) -> Result<Option<Instant>, StoreError> {
    Ok(heads(tx).await?.into_iter().map(|(_, at)| at).min())
}

/// Takes all that is due in some buckets out of the table; what another worker holds is left to it. They come back
/// by [`insert`] in the same transaction, or not at all. A bucket is taken whole: what is due of one person is looked
/// at together.
pub async fn claim(tx: &mut Tx, buckets: &[i16], now: Instant) -> Result<Vec<Wake>, StoreError> {
    let mut rows: Vec<(i64, Uuid, Uuid)> = Vec::new();
    if let Tx::Sqlite(_) = tx {
        for bucket in buckets {
            rows.extend(fetch_all!(
                tx,
                (i64, Uuid, Uuid),
                "-- due::claim
                delete from due where bucket = $1 and wake_at <= $2 returning wake_at, step_id, patient_id",
                *bucket,
                now.as_micros()
            )?);
        }
    } else {
        rows = fetch_postgres!(
            tx,
            (i64, Uuid, Uuid),
            "-- due::claim
            with claimed as materialized (
              select bucket, wake_at, step_id from due where bucket = any($1) and wake_at <= $2
              for update skip locked)
            delete from due using claimed where due.bucket = claimed.bucket and due.wake_at = claimed.wake_at
              and due.step_id = claimed.step_id
            returning due.wake_at, due.step_id, due.patient_id",
            buckets,
            now.as_micros()
        )?;
    }
    Ok(rows
        .into_iter()
        .map(|(at, step, patient)| Wake { at: at.into(), step_id: StepId(step), patient_id: UserId(patient) })
        .collect())
}

/// When a person and their steps are looked at next.
pub async fn of_person(tx: &mut Tx, person: UserId) -> Result<Vec<Wake>, StoreError> {
    let rows = fetch_all!(
        tx,
        (i64, Uuid),
        "-- due::of_person\nselect wake_at, step_id from due where bucket = $1 and patient_id = $2 order by wake_at",
        Bucket::of(person).get(),
        person.0
    )?;
    Ok(rows
        .into_iter()
        .map(|(at, step)| Wake { at: at.into(), step_id: StepId(step), patient_id: person })
        .collect())
}
