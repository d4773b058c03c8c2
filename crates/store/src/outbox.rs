//! What the doctors' side is to learn of the patients': written in the patient's transaction, worked off later, and
//! as often as it takes.

use crate::{
    StoreError, Tx, care, code,
    event::{self, Event, EventKind},
    many::{execute_in, fetch_in, insert_many},
    sql::{fetch_all, put},
};
use aftercare_core::{
    id::{Bucket, EventId, UserId},
    instant::Instant,
};
use uuid::Uuid;

pub use crate::code::News;

/// Something for a doctor to learn. While it waits, the same is not said twice.
#[derive(Clone, Copy, Debug)]
pub struct Letter {
    /// What makes it the same: a choice has an id of its own, a look one for what is to be looked at.
    pub id: Uuid,
    /// Of whom.
    pub patient_id: UserId,
    /// For whom.
    pub doctor_id: UserId,
}

/// Writes news of patients.
pub async fn put(tx: &mut Tx, letters: &[Letter], news: News) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- outbox::put\ninsert into outbox (bucket, id, patient_id, doctor_id, kind)",
        letters,
        |one| [Bucket::of(one.patient_id).get(), one.id, one.patient_id.0, one.doctor_id.0, code::news(news)],
        "on conflict do nothing"
    )
}

/// Has every doctor of a patient look at their list again.
pub async fn tell_doctors(tx: &mut Tx, patient: UserId) -> Result<(), StoreError> {
    put!(
        tx,
        "-- outbox::tell_doctors
        insert into outbox (bucket, id, patient_id, doctor_id, kind)
          select bucket, id, patient_id, doctor_id, $3 from care where bucket = $1 and patient_id = $2 and until is null
          on conflict do nothing",
        Bucket::of(patient).get(),
        patient.0,
        code::news(News::Attention)
    )
}

/// The buckets in which something waits.
pub async fn buckets(tx: &mut Tx) -> Result<Vec<i16>, StoreError> {
    let rows =
        fetch_all!(tx, (i16,), "-- outbox::buckets\nselect distinct bucket from outbox order by bucket")?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Brings the doctors' side up to what patients of some buckets have done. `id` gives an event's.
pub async fn work_off(
    tx: &mut Tx,
    buckets: &[i16],
    now: Instant,
    mut id: impl FnMut() -> EventId,
) -> Result<usize, StoreError> {
    let rows = fetch_in!(
        tx,
        (i16, Uuid, Uuid, Uuid, i16),
        "-- outbox::work_off\nselect bucket, id, patient_id, doctor_id, kind from outbox where (bucket)",
        buckets,
        |bucket| [*bucket],
        "order by bucket, id for update"
    )?;
    let (mut to_look, mut chosen) = (Vec::new(), Vec::new());
    for (_, _, patient, doctor, news) in &rows {
        let pair = (UserId(*patient), UserId(*doctor));
        match code::to_news(*news)? {
            News::Choice => {
                care::project(tx, pair.0, pair.1).await?;
                chosen.push(pair);
            }
            News::Attention => to_look.push(pair),
        }
    }
    to_look.sort_unstable();
    to_look.dedup();
    // Who has been left, or is no more, looks at nobody; but that it is so, they learn.
    let mut changed = care::current(tx, &to_look).await?;
    changed.extend(chosen);
    changed.sort_unstable();
    changed.dedup();
    let events = changed.into_iter().map(|(patient, user_id)| Event {
        id: id(),
        user_id,
        kind: EventKind::WorkList,
        object_id: Some(patient.0),
        at: now,
    });
    event::tell(tx, &events.collect::<Vec<_>>()).await?;
    execute_in!(
        tx,
        "-- outbox::work_off done\ndelete from outbox where (bucket, id)",
        &rows,
        |letter| [letter.0, letter.1],
        ""
    )?;
    Ok(rows.len())
}
