//! Where people are reached. The target is sealed: an address, an endpoint.

use crate::{
    Asked, StoreError, Tx,
    many::{ask_in, execute_in},
    row::row,
    sql::{execute, put},
};
use aftercare_core::{
    id::{Bucket, ChannelId, UserId},
    instant::Instant,
};
use uuid::Uuid;

pub use crate::code::{ChannelKind, ChannelState};

/// A way to reach a person.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Which.
    pub id: ChannelId,
    /// Whose.
    pub user_id: UserId,
    /// Of which kind.
    pub kind: ChannelKind,
    /// How it stands.
    pub state: ChannelState,
    /// The order in which they are tried.
    pub place: i16,
    /// As its owner calls it.
    pub name: String,
    /// Where, under the outer layer.
    pub target: Vec<u8>,
    /// A keyed hash of what only its owner was given.
    pub secret_hash: Option<Vec<u8>>,
    /// When it was added.
    pub created_at: Instant,
    /// When a message was handed over last.
    pub handed_at: Option<Instant>,
    /// When one is known to have arrived last.
    pub reached_at: Option<Instant>,
    /// Since when nothing could be handed over.
    pub failing_since: Option<Instant>,
    /// Why, in plain words.
    pub fault: Option<String>,
}

row! {
    struct Row {
        user_id: Uuid,
        id: Uuid,
        kind: i16,
        state: i16,
        place: i16,
        name: String,
        target: Vec<u8>,
        secret_hash: Option<Vec<u8>>,
        created_at: i64,
        handed_at: Option<i64>,
        reached_at: Option<i64>,
        failing_since: Option<i64>,
        fault: Option<String>,
    }
}

fn read(row: Row) -> Result<Channel, StoreError> {
    Ok(Channel {
        id: ChannelId(row.id),
        user_id: UserId(row.user_id),
        kind: crate::code::to_channel_kind(row.kind)?,
        state: crate::code::to_channel_state(row.state)?,
        place: row.place,
        name: row.name,
        target: row.target,
        secret_hash: row.secret_hash,
        created_at: row.created_at.into(),
        handed_at: row.handed_at.map(Instant::from),
        reached_at: row.reached_at.map(Instant::from),
        failing_since: row.failing_since.map(Instant::from),
        fault: row.fault,
    })
}

/// Adds a channel.
pub async fn insert(tx: &mut Tx, channel: &Channel) -> Result<(), StoreError> {
    put!(
        tx,
        "-- channel::insert
        insert into channel (bucket, user_id, id, kind, state, place, name, target, secret_hash, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        Bucket::of(channel.user_id).get(),
        channel.user_id.0,
        channel.id.0,
        crate::code::channel_kind(channel.kind),
        crate::code::channel_state(channel.state),
        channel.place,
        channel.name.as_str(),
        channel.target.as_slice(),
        channel.secret_hash.as_deref(),
        channel.created_at.as_micros()
    )?;
    Ok(())
}

/// The channels of some people, in the order they are tried.
pub async fn of_people(tx: &mut Tx, people: &[UserId]) -> Result<Asked<Vec<Channel>>, StoreError> {
    ask_in!(
        tx,
        Row,
        "-- channel::of_people
        select user_id, id, kind, state, place, name, target, secret_hash, created_at, handed_at, reached_at, failing_since, fault
        from channel where (bucket, user_id)",
        people,
        |id| [Bucket::of(*id).get(), id.0],
        "order by user_id, place, id",
        [],
        |rows| rows.into_iter().map(read).collect()
    )
}

/// A person's channels, in the order they are tried.
pub async fn of(tx: &mut Tx, user: UserId) -> Result<Vec<Channel>, StoreError> {
    of_people(tx, &[user]).await?.answer(tx).await
}

/// One of a person's channels.
pub async fn get(tx: &mut Tx, user: UserId, id: ChannelId) -> Result<Option<Channel>, StoreError> {
    Ok(of(tx, user).await?.into_iter().find(|channel| channel.id == id))
}

/// Changes a channel's name, place, state and what it is found by.
pub async fn update(tx: &mut Tx, channel: &Channel) -> Result<(), StoreError> {
    put!(
        tx,
        "-- channel::update
        update channel set name = $4, place = $5, state = $6, secret_hash = $7, failing_since = $8, fault = $9
        where bucket = $1 and user_id = $2 and id = $3",
        Bucket::of(channel.user_id).get(),
        channel.user_id.0,
        channel.id.0,
        channel.name.as_str(),
        channel.place,
        crate::code::channel_state(channel.state),
        channel.secret_hash.as_deref(),
        channel.failing_since.map(Instant::as_micros),
        channel.fault.as_deref()
    )?;
    Ok(())
}

/// Removes a channel; whether there was one.
pub async fn delete(tx: &mut Tx, user: UserId, id: ChannelId) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- channel::delete\ndelete from channel where bucket = $1 and user_id = $2 and id = $3",
        Bucket::of(user).get(),
        user.0,
        id.0
    )?;
    Ok(rows == 1)
}

/// Messages were handed over to these channels; `reached`: and have arrived.
pub async fn handed(
    tx: &mut Tx,
    channels: &[(UserId, ChannelId)],
    reached: bool,
    now: Instant,
) -> Result<(), StoreError> {
    execute_in!(
        tx,
        "-- channel::handed
        update channel set handed_at = $1, reached_at = case when $2 then $1 else reached_at end, failing_since = null, fault = null
        where (bucket, user_id, id)",
        channels,
        |key| [Bucket::of(key.0).get(), key.0.0, key.1.0],
        "",
        now.as_micros(),
        reached
    )
}

/// A message has arrived: somebody's device has said so.
pub async fn reached(tx: &mut Tx, user: UserId, id: ChannelId, now: Instant) -> Result<(), StoreError> {
    put!(
        tx,
        "-- channel::reached\nupdate channel set reached_at = $4 where bucket = $1 and user_id = $2 and id = $3",
        Bucket::of(user).get(),
        user.0,
        id.0,
        now.as_micros()
    )?;
    Ok(())
}

/// Nothing could be handed over; `broken`: nor will be.
pub async fn failed(
    tx: &mut Tx,
    user: UserId,
    id: ChannelId,
    broken: bool,
    fault: &str,
    now: Instant,
) -> Result<(), StoreError> {
    put!(
        tx,
        "-- channel::failed
        update channel set failing_since = coalesce(failing_since, $4), fault = $5, state = case when $6 then $7 else state end
        where bucket = $1 and user_id = $2 and id = $3",
        Bucket::of(user).get(),
        user.0,
        id.0,
        now.as_micros(),
        fault,
        broken,
        crate::code::channel_state(ChannelState::Broken)
    )?;
    Ok(())
}
