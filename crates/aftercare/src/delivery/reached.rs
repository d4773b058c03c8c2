//! Whether people are reached: what was sent was seen to arrive, or has nowhere to go.

use super::rung::says;
use crate::app::App;
use aftercare_core::{
    attention::unreached_at,
    course::Outage,
    id::UserId,
    instant::{Instant, Span},
};
use aftercare_store::{
    StoreError, Tx,
    channel::{Channel, ChannelState},
    due::Wake,
    event::{self, Event, EventKind},
    outbox, reach, service,
};
use uuid::Uuid;

/// Our outages are remembered for so long where somebody is not reached.
pub const LOOK_BACK: Span = Span::from_days(30);

/// Whether somebody wants messages and no channel takes any more.
pub fn is_cut_off(channels: &[Channel]) -> bool {
    let mut wanted = channels.iter().filter(|channel| says(channel.kind)).peekable();
    wanted.peek().is_some() && wanted.all(|channel| channel.state == ChannelState::Broken)
}

/// Since when a message has been owed that nobody has seen arrive, where that is longer than a day.
pub async fn unreached_since(
    tx: &mut Tx,
    user: UserId,
    outages: &[Outage],
    now: Instant,
) -> Result<Option<Instant>, StoreError> {
    let owed = reach::of(tx, user).await?.owed_since;
    Ok(owed.filter(|since| unreached_at(*since, outages) <= now))
}

/// People of a bucket whom a message is owed to, some of them from now on. Those who have not been reached for a
/// day are told, and their doctors; gives when to look at the others.
pub async fn look(
    app: &App,
    tx: &mut Tx,
    bucket: i16,
    people: &[UserId],
    owed_now: &[UserId],
    now: Instant,
) -> Result<Vec<Wake>, StoreError> {
    let known = reach::of_people(tx, bucket, people).await?;
    let begins =
        |id: &&UserId| !known.iter().any(|(known, reach)| known == *id && reach.owed_since.is_some());
    let mut wakes: Vec<_> =
        owed_now.iter().filter(begins).map(|id| Wake::person(*id, unreached_at(now, &[]))).collect();
    reach::owe(tx, bucket, owed_now, now).await?;
    let waiting: Vec<_> = known.iter().filter(|(_, reach)| !reach.told).collect();
    let waiting: Vec<_> = waiting.iter().filter_map(|(id, reach)| Some((*id, reach.owed_since?))).collect();
    if !waiting.iter().any(|(_, owed)| unreached_at(*owed, &[]) <= now) {
        return Ok(wakes);
    }
    let outages = service::outages(tx, now - LOOK_BACK, now).await?;
    let (mut told, mut events): (Vec<Uuid>, Vec<_>) = (vec![], vec![]);
    for (id, owed) in waiting {
        let at = unreached_at(owed, &outages);
        if at > now {
            wakes.push(Wake::person(id, at));
            continue;
        }
        told.push(id.0);
        events.push(Event {
            id: app.random.id(now),
            user_id: id,
            kind: EventKind::Channel,
            object_id: None,
            at: now,
        });
        outbox::tell_doctors(tx, id).await?;
    }
    event::tell(tx, bucket, &events).await?;
    reach::set_told(tx, bucket, &told).await?;
    Ok(wakes)
}

/// People of a bucket were reached: where their doctors had been told that they were not, they learn of it.
pub async fn reached(tx: &mut Tx, bucket: i16, people: &[UserId], now: Instant) -> Result<(), StoreError> {
    for person in reach::reached(tx, bucket, people, now).await? {
        outbox::tell_doctors(tx, person).await?;
    }
    Ok(())
}
