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
    outbox,
    reach::{self, Reach},
    service,
};
use std::collections::HashMap;

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

/// People, with how well they are reached, whom a message is owed to, some of them from now on. Those who have not been reached for a
/// day are told, and their doctors; gives when to look at the others.
pub async fn look(
    app: &App,
    tx: &mut Tx,
    known: &[(UserId, Reach)],
    owed_now: &[UserId],
    now: Instant,
) -> Result<Vec<Wake>, StoreError> {
    let owed: HashMap<_, _> = known.iter().filter_map(|(id, reach)| Some((*id, reach.owed_since?))).collect();
    let begins = |id: &&UserId| !owed.contains_key(*id);
    let mut wakes: Vec<_> =
        owed_now.iter().filter(begins).map(|id| Wake::person(*id, unreached_at(now, &[]))).collect();
    reach::owe(tx, owed_now, now).await?;
    let waiting: Vec<_> = known.iter().filter(|(_, reach)| !reach.told).collect();
    let waiting: Vec<_> = waiting.iter().filter_map(|(id, reach)| Some((*id, reach.owed_since?))).collect();
    if !waiting.iter().any(|(_, owed)| unreached_at(*owed, &[]) <= now) {
        return Ok(wakes);
    }
    let outages = service::outages(tx).await?.answer(tx).await?.since(now - LOOK_BACK, now);
    let (mut told, mut events): (Vec<UserId>, Vec<_>) = (vec![], vec![]);
    for (id, owed) in waiting {
        let at = unreached_at(owed, &outages);
        if at > now {
            wakes.push(Wake::person(id, at));
            continue;
        }
        told.push(id);
        events.push(Event {
            id: app.random.id(now),
            user_id: id,
            kind: EventKind::Channel,
            object_id: None,
            at: now,
        });
        outbox::tell_doctors(tx, id).await?;
    }
    event::tell(tx, &events).await?;
    reach::set_told(tx, &told).await?;
    Ok(wakes)
}

/// People were reached: where their doctors had been told that they were not, they learn of it.
pub async fn reached(tx: &mut Tx, people: &[UserId], now: Instant) -> Result<(), StoreError> {
    for person in reach::reached(tx, people, now).await? {
        outbox::tell_doctors(tx, person).await?;
    }
    Ok(())
}
