//! What happened, for whoever is signed in and listens: kinds and ids, kept for a day.

use crate::{
    StoreError, Tx, code,
    many::insert_many,
    sql::{fetch_all, put},
};
use aftercare_core::{
    id::{Bucket, EventId, UserId},
    instant::Instant,
};
use uuid::Uuid;

pub use crate::code::EventKind;

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// In the order they happened.
    pub id: EventId,
    /// For whom.
    pub user_id: UserId,
    /// What.
    pub kind: EventKind,
    /// To what.
    pub object_id: Option<Uuid>,
    /// When.
    pub at: Instant,
}

/// Tells of what happened to people.
pub async fn tell(tx: &mut Tx, events: &[Event]) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- event::tell\ninsert into event (bucket, user_id, id, kind, object_id, at)",
        events,
        |one| [
            Bucket::of(one.user_id).get(),
            one.user_id.0,
            one.id.0,
            code::event(one.kind),
            one.object_id,
            one.at.as_micros()
        ],
        ""
    )
}

/// What happened for a person after an event, in order.
pub async fn after(tx: &mut Tx, user: UserId, id: EventId, limit: i64) -> Result<Vec<Event>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid, i16, Option<Uuid>, i64),
        "-- event::after
        select id, kind, object_id, at from event where bucket = $1 and id > $2 and user_id = $3 order by id limit $4",
        Bucket::of(user).get(),
        id.0,
        user.0,
        limit
    )?;
    rows.into_iter()
        .map(|(id, kind, object_id, at)| {
            Ok(Event {
                id: EventId(id),
                user_id: user,
                kind: code::to_event(kind)?,
                object_id,
                at: at.into(),
            })
        })
        .collect()
}

/// Removes what happened before an event.
pub async fn forget_before(tx: &mut Tx, bucket: i16, id: EventId) -> Result<(), StoreError> {
    put!(tx, "-- event::forget_before\ndelete from event where bucket = $1 and id < $2", bucket, id.0)?;
    Ok(())
}
