//! What is to be sent is taken first: leased, so that nobody else tries it meanwhile, and looked at, whether it is still true.

use super::{message::Say, sender, target::Target};
use crate::app::App;
use aftercare_core::{
    id::{Bucket, UserId},
    instant::{Instant, Span},
};
use aftercare_store::{
    Asked, StoreError, Tx,
    channel::{self, Channel},
    delivery::{self, Attempt, Delivery, DeliveryKind, DeliveryState},
    open_reminder::{self, OpenReminder},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

/// Nobody else tries what is under way before this: longer than any request takes.
const LEASE: Span = Span::from_secs(60);
/// At most so many are taken at a time.
const MOST: usize = 1_024;

/// A message that is to go.
pub(super) struct Job {
    pub(super) attempt: Attempt,
    pub(super) delivery: Delivery,
    pub(super) channel: Channel,
    pub(super) target: Target,
    pub(super) say: Say,
}

/// Messages that this process has stored a moment ago, for a sender beside: who knows them need not look for them. They lie in
/// the queue too, and are sent out of it where nobody has taken them from here.
#[derive(Default)]
pub struct Made(Mutex<Vec<Delivery>>);

impl Made {
    /// Messages that can go at once; whether there was room for them.
    pub fn put(&self, new: &[Delivery]) -> bool {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = made.len() + new.len() <= MOST;
        if room {
            made.extend_from_slice(new);
        }
        room
    }

    pub(super) fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes what was made a moment ago and nobody else has taken, and gives what of it is still true.
pub(super) async fn made(app: &App, made: Vec<Delivery>) -> Result<Vec<Job>, StoreError> {
    let now = app.now();
    // A lease that is lost is one that a dead sender held.
    let mut tx = app.store.write_unsynced().await?;
    let queued =
        made.iter().map(|one| Attempt { at: one.said_at, delivery_id: one.id, user_id: one.user_id });
    let queued: Vec<_> = queued.collect();
    let taken = delivery::take(&mut tx, &queued, now + LEASE).await?;
    let look = Look::ask(&mut tx, &queued, now).await?;
    let taken = taken.answer(&mut tx).await?;
    let jobs = look.answer(app, &mut tx, &taken, made).await?;
    tx.commit().await?;
    Ok(jobs)
}

/// Takes what is due in some buckets, and gives how much it was and what of it is still true. Begins with a bucket, and says
/// with which to go on: where there is more than can be taken at once, nobody waits for ever.
pub(super) async fn due(
    app: &App,
    buckets: &[i16],
    first: &mut i16,
) -> Result<(usize, Vec<Job>), StoreError> {
    let mut buckets = buckets.to_vec();
    let turn = buckets.partition_point(|bucket| bucket < first);
    buckets.rotate_left(turn);
    let now = app.now();
    // A lease that is lost is one that a dead sender held.
    let mut tx = app.store.write_unsynced().await?;
    let attempts = delivery::claim(&mut tx, &buckets, now, now + LEASE, MOST).await?;
    if attempts.is_empty() {
        *first = 0;
        return Ok((0, Vec::new()));
    }
    let ids: Vec<_> = attempts.iter().map(|one| (one.user_id, one.delivery_id)).collect();
    let deliveries = delivery::some(&mut tx, &ids).await?;
    let look = Look::ask(&mut tx, &attempts, now).await?;
    let deliveries = deliveries.answer(&mut tx).await?;
    let jobs = look.answer(app, &mut tx, &attempts, deliveries).await?;
    tx.commit().await?;
    let of: BTreeSet<i16> = attempts.iter().map(|one| Bucket::of(one.user_id).get()).collect();
    let last = buckets.iter().rfind(|bucket| of.contains(*bucket));
    *first = last.map_or(0, |last| last + 1);
    Ok((attempts.len(), jobs))
}

/// A look whether messages are still true: what is open for their people, and how they are told.
struct Look {
    open: Asked<Vec<OpenReminder>>,
    channels: Asked<Vec<Channel>>,
}

impl Look {
    async fn ask(tx: &mut Tx, attempts: &[Attempt], now: Instant) -> Result<Self, StoreError> {
        let people: BTreeSet<UserId> = attempts.iter().map(|one| one.user_id).collect();
        let people: Vec<UserId> = people.into_iter().collect();
        Ok(Self {
            open: open_reminder::still(tx, &people, now).await?,
            channels: channel::of_people(tx, &people).await?,
        })
    }

    /// Of what was taken: what is to be sent. What is not true any more is dropped; where a browser has not shown a message
    /// in time, the next channel gets it.
    async fn answer(
        self,
        app: &App,
        tx: &mut Tx,
        attempts: &[Attempt],
        deliveries: Vec<Delivery>,
    ) -> Result<Vec<Job>, StoreError> {
        let now = app.now();
        let by_id: BTreeMap<_, Attempt> = attempts.iter().map(|one| (one.delivery_id, *one)).collect();
        let mut open: HashMap<UserId, Vec<OpenReminder>> = HashMap::new();
        for one in self.open.answer(tx).await? {
            open.entry(one.patient_id).or_default().push(one);
        }
        let mut channels: HashMap<UserId, Vec<Channel>> = HashMap::new();
        for channel in self.channels.answer(tx).await? {
            channels.entry(channel.user_id).or_default().push(channel);
        }
        let (mut jobs, mut over, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        // What is there no more is not looked for again at the end of each lease.
        let there: BTreeSet<_> = deliveries.iter().map(|one| one.id).collect();
        over.extend(by_id.values().filter(|one| !there.contains(&one.delivery_id)).copied());
        for one in deliveries {
            let Some(attempt) = by_id.get(&one.id) else { continue };
            let theirs = channels.get(&one.user_id).map_or(&[][..], Vec::as_slice);
            let covered = covered(&one, open.get(&one.user_id).map_or(&[][..], Vec::as_slice));
            let count = match &covered {
                Some(open) => i32::try_from(open.len()).unwrap_or(i32::MAX),
                None => one.count.max(1),
            };
            let channel = theirs.iter().find(|channel| channel.id == one.channel_id).cloned();
            let (true, Some(channel)) = (now < one.expires_at && count > 0, channel) else {
                over.push(*attempt);
                if one.state == DeliveryState::Waiting {
                    dropped.push((one.user_id, one.id));
                }
                continue;
            };
            if one.state != DeliveryState::Waiting {
                // It was handed over, and this is the look whether it was shown.
                over.push(*attempt);
                if one.state == DeliveryState::Handed && one.reached_at.is_none() {
                    sender::fall_back(app, tx, &one, &channel, theirs, "it was not shown in time").await?;
                }
                continue;
            }
            match Target::open(app, channel.id, &channel.target) {
                Ok(target) => {
                    let say = Say::of(app, &one, count, covered.as_deref().unwrap_or_default());
                    jobs.push(Job { attempt: *attempt, delivery: one, channel, target, say });
                }
                Err(error) => {
                    tracing::error!(channel = %channel.id, %error, "a channel cannot be read");
                    over.push(*attempt);
                    dropped.push((one.user_id, one.id));
                }
            }
        }
        delivery::release_many(tx, &over).await?;
        delivery::set_state(tx, &dropped, DeliveryState::Dropped, now).await?;
        Ok(jobs)
    }
}

/// What of a message is still to be said: what was said with it and is open still. `None` for one that is about no
/// reminder: it is true until it expires.
fn covered(one: &Delivery, open: &[OpenReminder]) -> Option<Vec<OpenReminder>> {
    let same = |item: &&OpenReminder| item.open.said_at == Some(one.said_at);
    matches!(one.kind, DeliveryKind::Reminder | DeliveryKind::Switched)
        .then(|| open.iter().filter(same).copied().collect())
}
