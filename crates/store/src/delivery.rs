//! Messages on their way to people: one row a message and channel, and the queue of next attempts.

use crate::{
    Asked, StoreError, Tx, code,
    many::{ask_in, execute_in, insert_many},
    queue::{Queue, queue},
    row::row,
    sql::{execute, fetch_all, fetch_postgres, put},
};
use aftercare_core::{
    id::{Bucket, ChannelId, DeliveryId, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// The sender's queue.
pub const QUEUE: Queue = queue!("sending", "at");

pub use crate::code::{DeliveryKind, DeliveryState};

/// A message to one channel.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Which.
    pub id: DeliveryId,
    /// To whom.
    pub user_id: UserId,
    /// By which way.
    pub channel_id: ChannelId,
    /// What it says.
    pub kind: DeliveryKind,
    /// When it was decided; what it covers was said at this instant.
    pub said_at: Instant,
    /// The time it carries.
    pub due_at: Instant,
    /// What it is about, where it is one thing.
    pub object_id: Option<Uuid>,
    /// How many things it covers.
    pub count: i32,
    /// Whether it was said before.
    pub repeated: bool,
    /// How it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i16,
    /// After this it is of no use.
    pub expires_at: Instant,
    /// When the channel took it.
    pub handed_at: Option<Instant>,
    /// When it is known to have arrived.
    pub reached_at: Option<Instant>,
    /// Why it failed, in plain words.
    pub fault: Option<String>,
}

/// A delivery whose next attempt has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it came; once claimed, until when it is leased.
    pub at: Instant,
    /// Which.
    pub delivery_id: DeliveryId,
    /// To whom.
    pub user_id: UserId,
}

/// Stores new messages, and has each sent at its time.
pub async fn insert(
    tx: &mut Tx,
    new: &[Delivery],
    at: impl Fn(&Delivery) -> Instant,
) -> Result<(), StoreError> {
    store(tx, new).await?;
    let attempts: Vec<_> =
        new.iter().map(|one| Attempt { at: at(one), delivery_id: one.id, user_id: one.user_id }).collect();
    enqueue(tx, &attempts).await
}

/// Stores a message that is handed over by whoever has made it.
pub async fn insert_handed(tx: &mut Tx, one: &Delivery) -> Result<(), StoreError> {
    store(tx, std::slice::from_ref(one)).await
}

async fn store(tx: &mut Tx, new: &[Delivery]) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- delivery::insert
        insert into delivery (bucket, user_id, id, channel_id, kind, said_at, due_at, object_id, count, repeated, state, attempts, expires_at)",
        new,
        |one| [
            Bucket::of(one.user_id).get(),
            one.user_id.0,
            one.id.0,
            one.channel_id.0,
            code::delivery_kind(one.kind),
            one.said_at.as_micros(),
            one.due_at.as_micros(),
            one.object_id,
            one.count,
            one.repeated,
            code::delivery_state(one.state),
            one.attempts,
            one.expires_at.as_micros(),
        ],
        ""
    )
}

/// Has deliveries tried.
pub async fn enqueue(tx: &mut Tx, attempts: &[Attempt]) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- delivery::enqueue\ninsert into sending (bucket, at, delivery_id, user_id)",
        attempts,
        |one| [Bucket::of(one.user_id).get(), one.at.as_micros(), one.delivery_id.0, one.user_id.0],
        "on conflict do nothing"
    )
}

/// Takes up to `limit` attempts that are due out of some buckets, in their order, and leases them until `lease`:
/// nobody else tries them before.
pub async fn claim(
    tx: &mut Tx,
    buckets: &[i16],
    now: Instant,
    lease: Instant,
    limit: usize,
) -> Result<Vec<Attempt>, StoreError> {
    let most = |taken: usize| i64::try_from(limit - taken).unwrap_or(i64::MAX);
    let mut rows: Vec<(Uuid, Uuid)> = Vec::new();
    if let Tx::Sqlite(_) = tx {
        for bucket in buckets {
            rows.extend(fetch_all!(
                tx,
                (Uuid, Uuid),
                "-- delivery::claim
                delete from sending where (bucket, at, delivery_id) in (
                  select bucket, at, delivery_id from sending where bucket = $1 and at <= $2 order by at limit $3)
                returning delivery_id, user_id",
                *bucket,
                now.as_micros(),
                most(rows.len())
            )?);
            if rows.len() >= limit {
                break;
            }
        }
    } else if tx.is_spread() {
        for bucket in buckets {
            rows.extend(fetch_postgres!(
                tx,
                (Uuid, Uuid),
                "-- delivery::claim
                with claimed as materialized (
                  select at, delivery_id from sending where bucket = $1 and at <= $2 order by at limit $3
                  for update skip locked)
                delete from sending using claimed where sending.bucket = $1 and sending.at = claimed.at
                  and sending.delivery_id = claimed.delivery_id
                returning sending.delivery_id, sending.user_id",
                *bucket,
                now.as_micros(),
                most(rows.len())
            )?);
            if rows.len() >= limit {
                break;
            }
        }
    } else {
        rows = fetch_postgres!(
            tx,
            (Uuid, Uuid),
            "-- delivery::claim
            with claimed as materialized (
              select found.* from unnest($1) as turn(bucket) cross join lateral (
                select bucket, at, delivery_id from sending where sending.bucket = turn.bucket and at <= $2
                order by at limit $3 for update skip locked) as found
              limit $3)
            delete from sending using claimed where sending.bucket = claimed.bucket and sending.at = claimed.at
              and sending.delivery_id = claimed.delivery_id
            returning sending.delivery_id, sending.user_id",
            buckets,
            now.as_micros(),
            most(0)
        )?;
    }
    let attempts = leased(rows, lease);
    enqueue(tx, &attempts).await?;
    Ok(attempts)
}

/// Leases attempts that are due, as they stand in the queue, until `lease`; those that nobody else has taken.
pub async fn take(
    tx: &mut Tx,
    attempts: &[Attempt],
    lease: Instant,
) -> Result<Asked<Vec<Attempt>>, StoreError> {
    ask_in!(
        tx,
        (Uuid, Uuid),
        "-- delivery::take\nupdate sending set at = $1 where (bucket, at, delivery_id)",
        attempts,
        |one| [Bucket::of(one.user_id).get(), one.at.as_micros(), one.delivery_id.0],
        "returning delivery_id, user_id",
        [lease.as_micros()],
        move |rows| Ok(leased(rows, lease))
    )
}

fn leased(rows: Vec<(Uuid, Uuid)>, lease: Instant) -> Vec<Attempt> {
    let attempt = |(id, user)| Attempt { at: lease, delivery_id: DeliveryId(id), user_id: UserId(user) };
    rows.into_iter().map(attempt).collect()
}

/// Ends a lease; whether it was still held.
pub async fn release(tx: &mut Tx, attempt: &Attempt) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- delivery::release\ndelete from sending where bucket = $1 and at = $2 and delivery_id = $3",
        Bucket::of(attempt.user_id).get(),
        attempt.at.as_micros(),
        attempt.delivery_id.0
    )?;
    Ok(rows == 1)
}

/// Ends leases.
pub async fn release_many(tx: &mut Tx, attempts: &[Attempt]) -> Result<(), StoreError> {
    execute_in!(
        tx,
        "-- delivery::release_many\ndelete from sending where (bucket, at, delivery_id)",
        attempts,
        |one| [Bucket::of(one.user_id).get(), one.at.as_micros(), one.delivery_id.0],
        ""
    )
}

row! {
    struct Row {
        user_id: Uuid,
        id: Uuid,
        channel_id: Uuid,
        kind: i16,
        said_at: i64,
        due_at: i64,
        object_id: Option<Uuid>,
        count: i32,
        repeated: bool,
        state: i16,
        attempts: i16,
        expires_at: i64,
        handed_at: Option<i64>,
        reached_at: Option<i64>,
        fault: Option<String>,
    }
}

fn read(row: Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: DeliveryId(row.id),
        user_id: UserId(row.user_id),
        channel_id: ChannelId(row.channel_id),
        kind: code::to_delivery_kind(row.kind)?,
        said_at: row.said_at.into(),
        due_at: row.due_at.into(),
        object_id: row.object_id,
        count: row.count,
        repeated: row.repeated,
        state: code::to_delivery_state(row.state)?,
        attempts: row.attempts,
        expires_at: row.expires_at.into(),
        handed_at: row.handed_at.map(Instant::from),
        reached_at: row.reached_at.map(Instant::from),
        fault: row.fault,
    })
}

/// Messages by their ids.
pub async fn some(tx: &mut Tx, ids: &[(UserId, DeliveryId)]) -> Result<Asked<Vec<Delivery>>, StoreError> {
    ask_in!(
        tx,
        Row,
        "-- delivery::some
        select user_id, id, channel_id, kind, said_at, due_at, object_id, count, repeated, state, attempts, expires_at,
          handed_at, reached_at, fault
        from delivery where (bucket, id)",
        ids,
        |key| [Bucket::of(key.0).get(), key.1.0],
        "order by id",
        [],
        |rows| rows.into_iter().map(read).collect()
    )
}

/// One message to a person.
pub async fn get(tx: &mut Tx, user: UserId, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let found = some(tx, &[(user, id)]).await?.answer(tx).await?;
    Ok(found.into_iter().find(|delivery| delivery.user_id == user))
}

/// What went to a channel, newest first: so many, from before a message on.
pub async fn of_channel(
    tx: &mut Tx,
    user: UserId,
    channel: ChannelId,
    before: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        "-- delivery::of_channel
        select user_id, id, channel_id, kind, said_at, due_at, object_id, count, repeated, state, attempts, expires_at,
          handed_at, reached_at, fault
        from delivery where bucket = $1 and user_id = $2 and channel_id = $3 and ($4 is null or id < $4)
        order by id desc limit $5",
        Bucket::of(user).get(),
        user.0,
        channel.0,
        before.map(|id| id.0),
        limit
    )?;
    rows.into_iter().map(read).collect()
}

/// How messages stand now.
pub async fn set_state(
    tx: &mut Tx,
    ids: &[(UserId, DeliveryId)],
    state: DeliveryState,
    now: Instant,
) -> Result<(), StoreError> {
    execute_in!(
        tx,
        "-- delivery::set_state
        update delivery set state = $1, attempts = attempts + case when $1 = 1 then 1 else 0 end,
          handed_at = case when $1 = 1 then $2 else handed_at end
        where (bucket, id)",
        ids,
        |key| [Bucket::of(key.0).get(), key.1.0],
        "",
        code::delivery_state(state),
        now.as_micros()
    )
}

/// An attempt failed: how it stands, and why.
pub async fn failed(
    tx: &mut Tx,
    user: UserId,
    id: DeliveryId,
    state: DeliveryState,
    fault: &str,
) -> Result<(), StoreError> {
    put!(
        tx,
        "-- delivery::failed
        update delivery set state = $3, attempts = attempts + 1, fault = $4 where bucket = $1 and id = $2",
        Bucket::of(user).get(),
        id.0,
        code::delivery_state(state),
        fault
    )?;
    Ok(())
}

/// A message has arrived; whether that was not known yet.
pub async fn reached(tx: &mut Tx, user: UserId, id: DeliveryId, now: Instant) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- delivery::reached
        update delivery set reached_at = $4 where bucket = $1 and id = $2 and user_id = $3 and reached_at is null",
        Bucket::of(user).get(),
        id.0,
        user.0,
        now.as_micros()
    )?;
    Ok(rows == 1)
}

/// Removes the messages that were made before an id.
pub async fn forget_before(tx: &mut Tx, bucket: i16, id: DeliveryId) -> Result<(), StoreError> {
    put!(tx, "-- delivery::forget_before\ndelete from delivery where bucket = $1 and id < $2", bucket, id.0)?;
    Ok(())
}
