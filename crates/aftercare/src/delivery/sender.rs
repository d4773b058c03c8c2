//! The sender: takes messages whose time has come, looks whether they are still true, hands them over, and
//! writes down what came of it.
//!
//! A message is leased while it is under way: a sender that dies leaves it to another, so each is tried at least
//! once and, after a crash at the wrong moment, twice: it carries its id, and what shows it shows it once. Whether
//! it is true is looked at in the transaction of the lease, last before it goes.

use super::{Outcome, email, http, message::Say, next_rung, target::Target, web_push};
use crate::{agenda::Agenda, app::App, traces::span};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::{Instant, Span},
};
use aftercare_seal::bytes;
use aftercare_store::{
    StoreError, Tx,
    channel::{self, Channel, ChannelKind, ChannelState},
    delivery::{self, Attempt, Delivery, DeliveryKind, DeliveryState},
    event::{self, Event, EventKind},
    open_reminder::{self, OpenReminder},
    outbox,
};
use futures_util::{StreamExt, stream};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};
use tracing::Instrument as _;
use uuid::Uuid;

/// Nobody else tries what is under way before this: longer than any request takes.
const LEASE: Span = Span::from_secs(60);
/// So many are under way at once.
const AT_ONCE: usize = 128;
/// At most so many are taken at a time.
const BATCH: usize = 1_024;
/// A browser that has not shown a message within this is taken for one that does not.
const SHOWN_WITHIN: Span = Span::from_minutes(2);
/// After so many failures of one message the next channel has it too.
const PATIENCE: i16 = 3;

/// A message that is to go.
struct Job {
    attempt: Attempt,
    delivery: Delivery,
    channel: Channel,
    target: Target,
    say: Say,
}

/// Sends everything whose time has come; how many were handed over or tried.
pub async fn round(app: &App) -> Result<u64, StoreError> {
    turn(app, &mut Agenda::of(delivery::QUEUE)).await
}

/// Sends what an agenda says is due, then, where that is old, everything.
async fn turn(app: &App, agenda: &mut Agenda) -> Result<u64, StoreError> {
    let mut first = app.sending.lock().await;
    agenda.hear(app, &app.messages).await?;
    let mut total = work_off(app, agenda, &mut first).await?;
    if agenda.is_old(app.now()) {
        agenda.ask(app).await?;
        total += work_off(app, agenda, &mut first).await?;
    }
    Ok(total)
}

async fn work_off(app: &App, agenda: &mut Agenda, first: &mut i16) -> Result<u64, StoreError> {
    let mut total = 0;
    loop {
        let buckets = agenda.due(app.now());
        if buckets.is_empty() {
            return Ok(total);
        }
        let (taken, jobs) = claim(app, &buckets, first).await?;
        total += jobs.len() as u64;
        let sent = stream::iter(jobs).map(|job| async {
            if app.is_stopping() {
                return Err(job.attempt);
            }
            let span = span!(
                "message",
                channel = crate::metrics::name(job.channel.kind),
                outcome = tracing::field::Empty
            );
            let sending = send(app, &job.delivery, &job.channel, &job.target, &job.say);
            let outcome = sending.instrument(span.clone()).await;
            span.record("outcome", outcome.name());
            app.metrics.sent(job.channel.kind, &outcome);
            Ok((job, outcome))
        });
        let sent: Vec<_> = sent.buffer_unordered(AT_ONCE).collect().await;
        let (mut done, mut left) = (Vec::new(), Vec::new());
        for one in sent {
            one.map_or_else(|attempt| left.push(attempt), |one| done.push(one));
        }
        settle(app, done).await?;
        if app.is_stopping() {
            give_back(app, &left).await?;
            return Ok(total);
        }
        agenda.ask_of(app, &buckets).await?;
        // What another sender holds is left to it.
        if taken == 0 {
            return Ok(total);
        }
    }
}

/// Takes what is due in some buckets, and gives what of it is still true. Begins with a bucket, and says with which to go
/// on: where there is more than can be taken at once, nobody waits for ever.
async fn claim(app: &App, buckets: &[i16], first: &mut i16) -> Result<(usize, Vec<Job>), StoreError> {
    let mut buckets = buckets.to_vec();
    let turn = buckets.partition_point(|bucket| bucket < first);
    buckets.rotate_left(turn);
    let now = app.now();
    // A lease that is lost is one that a dead sender held.
    let mut tx = app.store.write_unsynced().await?;
    let attempts = delivery::claim(&mut tx, &buckets, now, now + LEASE, BATCH).await?;
    if attempts.is_empty() {
        *first = 0;
        return Ok((0, Vec::new()));
    }
    let jobs = still_true(app, &mut tx, &attempts).await?;
    tx.commit().await?;
    let of: BTreeSet<i16> = attempts.iter().map(|one| Bucket::of(one.user_id).get()).collect();
    let last = buckets.iter().rfind(|bucket| of.contains(*bucket));
    *first = last.map_or(0, |last| last + 1);
    Ok((attempts.len(), jobs))
}

/// Of what was taken: what is to be sent. What is not true any more is dropped; where a browser has
/// not shown a message in time, the next channel gets it.
async fn still_true(app: &App, tx: &mut Tx, attempts: &[Attempt]) -> Result<Vec<Job>, StoreError> {
    let now = app.now();
    let by_id: BTreeMap<_, Attempt> = attempts.iter().map(|one| (one.delivery_id, *one)).collect();
    let ids: Vec<_> = by_id.values().map(|one| (one.user_id, one.delivery_id)).collect();
    let people: BTreeSet<UserId> = attempts.iter().map(|one| one.user_id).collect();
    let people: Vec<UserId> = people.into_iter().collect();
    let deliveries = delivery::some(tx, &ids).await?;
    let still = open_reminder::still(tx, &people, now).await?;
    let theirs = channel::of_people(tx, &people).await?;
    let deliveries = deliveries.answer(tx).await?;
    let mut open: HashMap<UserId, Vec<OpenReminder>> = HashMap::new();
    for one in still.answer(tx).await? {
        open.entry(one.patient_id).or_default().push(one);
    }
    let mut channels: HashMap<UserId, Vec<Channel>> = HashMap::new();
    for channel in theirs.answer(tx).await? {
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
                fall_back(app, tx, &one, &channel, theirs, "it was not shown in time").await?;
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

/// What of a message is still to be said: what was said with it and is open still. `None` for one that is about no
/// reminder: it is true until it expires.
fn covered(one: &Delivery, open: &[OpenReminder]) -> Option<Vec<OpenReminder>> {
    let same = |item: &&OpenReminder| item.open.said_at == Some(one.said_at);
    matches!(one.kind, DeliveryKind::Reminder | DeliveryKind::Switched)
        .then(|| open.iter().filter(same).copied().collect())
}

/// Sends one message that is about no reminder, now.
pub async fn send_one(app: &App, channel: &Channel, one: &Delivery) -> Result<Outcome, StoreError> {
    let target = Target::open(app, channel.id, &channel.target)?;
    Ok(send(app, one, channel, &target, &Say::of(app, one, 1, &[])).await)
}

/// Writes down what came of it.
pub async fn settle_test(
    app: &App,
    channel: &Channel,
    one: &Delivery,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    let now = app.now();
    let mut tx = app.store.write().await?;
    match outcome {
        Outcome::Handed { reached } => {
            // What was broken and takes messages again is live.
            let works =
                Channel { state: ChannelState::Live, failing_since: None, fault: None, ..channel.clone() };
            channel::update(&mut tx, &works).await?;
            channel::handed(&mut tx, &[(one.user_id, channel.id)], *reached, now).await?;
        }
        Outcome::Later { fault, .. } | Outcome::Failed(fault) => {
            channel::failed(&mut tx, one.user_id, channel.id, false, fault, now).await?;
        }
        Outcome::Gone(fault) => {
            channel::failed(&mut tx, one.user_id, channel.id, true, fault, now).await?;
        }
    }
    tx.commit().await
}

async fn send(app: &App, delivery: &Delivery, channel: &Channel, target: &Target, say: &Say) -> Outcome {
    match target {
        Target::Email { address } => {
            let unsubscribe = email::unsubscribe_url(app, delivery.user_id, channel.id);
            let answer = say.only().map(|tap| tap.page(app));
            let with = email::With { unsubscribe: Some(&unsubscribe), answer: answer.as_deref(), code: None };
            app.mail.send(app.now(), say, address, with).await
        }
        Target::WebPush { endpoint, p256dh, auth } => {
            let to = Target::subscription(p256dh, auth);
            web_push::send(app, say, endpoint, &to, &acknowledgement(app, delivery)).await
        }
        Target::Calendar => Outcome::Failed("calendars ask by themselves".to_owned()),
        Target::Webhook { url, secret } => http::webhook(app, say, url, secret).await,
        Target::Ntfy { url, token } => http::ntfy(app, say, url, token.as_deref()).await,
        Target::Http { url, headers, template } => http::templated(app, say, url, headers, template).await,
    }
}

/// What a browser's worker answers with: `<user>.<delivery>.<mac>`, good for nothing else.
fn acknowledgement(app: &App, delivery: &Delivery) -> String {
    let mac = app.master.digest("ack", &[delivery.user_id.as_bytes(), delivery.id.as_bytes()]);
    bytes::encode(&[delivery.user_id.as_bytes().as_slice(), delivery.id.as_bytes(), &mac.0[..16]].concat())
}

/// Which message of whom an answer is about; `None` for one that was made up.
pub fn acknowledged(app: &App, token: &str) -> Option<(UserId, aftercare_core::id::DeliveryId)> {
    let parts = bytes::decode(token).filter(|parts| parts.len() == 48)?;
    let [user, id] = [&parts[..16], &parts[16..32]].map(|id| Uuid::from_slice(id).unwrap_or_default());
    let mac = app.master.digest("ack", &[user.as_bytes(), id.as_bytes()]);
    bytes::same(&mac.0[..16], &parts[32..]).then_some((UserId(user), id.into()))
}

/// Leaves what was not tried to others, at once.
async fn give_back(app: &App, left: &[Attempt]) -> Result<(), StoreError> {
    if left.is_empty() {
        return Ok(());
    }
    let mut tx = app.store.write().await?;
    delivery::release_many(&mut tx, left).await?;
    let now = app.now();
    let attempts: Vec<_> = left.iter().map(|one| Attempt { at: now, ..*one }).collect();
    delivery::enqueue(&mut tx, &attempts).await?;
    tx.commit().await
}

/// Writes down what came of messages.
async fn settle(app: &App, sent: Vec<(Job, Outcome)>) -> Result<(), StoreError> {
    if sent.is_empty() {
        return Ok(());
    }
    let now = app.now();
    let mut tx = app.store.write().await?;
    let mut handed: BTreeMap<bool, Vec<&Job>> = BTreeMap::new();
    for (job, outcome) in &sent {
        match outcome {
            Outcome::Handed { reached } => handed.entry(*reached).or_default().push(job),
            failed => not_handed(app, &mut tx, job, failed, now).await?,
        }
    }
    for (reached, jobs) in handed {
        let leases: Vec<_> = jobs.iter().map(|job| job.attempt).collect();
        delivery::release_many(&mut tx, &leases).await?;
        let deliveries: Vec<_> = jobs.iter().map(|job| (job.delivery.user_id, job.delivery.id)).collect();
        delivery::set_state(&mut tx, &deliveries, DeliveryState::Handed, now).await?;
        let on: BTreeSet<_> = jobs.iter().map(|job| (job.delivery.user_id, job.channel.id)).collect();
        channel::handed(&mut tx, &on.into_iter().collect::<Vec<_>>(), reached, now).await?;
        if reached {
            let people: BTreeSet<UserId> = jobs.iter().map(|job| job.delivery.user_id).collect();
            super::reached(&mut tx, &people.into_iter().collect::<Vec<_>>(), now).await?;
        } else {
            let shown = |job: &&&Job| job.delivery.kind == DeliveryKind::Reminder;
            let looks =
                jobs.iter().filter(shown).map(|job| Attempt { at: now + SHOWN_WITHIN, ..job.attempt });
            delivery::enqueue(&mut tx, &looks.collect::<Vec<_>>()).await?;
        }
    }
    tx.commit().await
}

/// Puts off what was not taken, or gives it up; then the next channel has it.
async fn not_handed(
    app: &App,
    tx: &mut Tx,
    job: &Job,
    outcome: &Outcome,
    now: Instant,
) -> Result<(), StoreError> {
    let Job { attempt, delivery: one, channel, .. } = job;
    if !delivery::release(tx, attempt).await? {
        // The lease had ended: another sender has it.
        return Ok(());
    }
    let user = one.user_id;
    let (fault, gone) = match outcome {
        Outcome::Later { fault, .. } | Outcome::Failed(fault) => (fault, false),
        Outcome::Gone(fault) => (fault, true),
        Outcome::Handed { .. } => return Ok(()),
    };
    tracing::info!(delivery = %one.id, kind = ?channel.kind, %fault, "a message was not taken");
    channel::failed(tx, user, channel.id, gone, fault, now).await?;
    if gone {
        outbox::tell_doctors(tx, user).await?;
    }
    let again = match outcome {
        Outcome::Later { after, .. } => {
            Some(now + pause(one.attempts, after.unwrap_or(Span::ZERO), one.id.0))
        }
        _ => None,
    };
    let again = again.filter(|again| *again < one.expires_at);
    let state = if again.is_some() { DeliveryState::Waiting } else { DeliveryState::Failed };
    delivery::failed(tx, user, one.id, state, fault).await?;
    if let Some(at) = again {
        delivery::enqueue(tx, &[Attempt { at, ..*attempt }]).await?;
    }
    if again.is_none() || one.attempts + 1 == PATIENCE {
        let theirs = channel::of(tx, user).await?;
        fall_back(app, tx, one, channel, &theirs, fault).await?;
    }
    Ok(())
}

/// Before trying again: 15 seconds, doubled each time, up to ten minutes; a quarter more or less, so that many do
/// not come back together; never before the other side has asked for it.
fn pause(attempts: i16, asked: Span, id: Uuid) -> Span {
    let doubled = 15_i64 << attempts.clamp(0, 6);
    let seconds = doubled.min(600);
    let jitter = i64::from(id.as_bytes()[15]) * seconds * 1_000_000 / 512;
    let pause = Span::from_micros(seconds * 750_000 + jitter);
    pause.max(asked.min(Span::from_hours(1)))
}

/// Gives a reminder to the next channel, and says that the first has failed.
async fn fall_back(
    app: &App,
    tx: &mut Tx,
    one: &Delivery,
    failed: &Channel,
    theirs: &[Channel],
    why: &str,
) -> Result<(), StoreError> {
    if !matches!(one.kind, DeliveryKind::Reminder | DeliveryKind::Switched) {
        return Ok(());
    }
    let now = app.now();
    let broken = Event {
        id: app.random.id(now),
        user_id: one.user_id,
        kind: EventKind::Channel,
        object_id: Some(failed.id.0),
        at: now,
    };
    event::tell(tx, &[broken]).await?;
    let next: Vec<_> = next_rung(theirs, failed)
        .into_iter()
        .map(|channel| Delivery {
            id: app.random.id(now),
            channel_id: channel.id,
            kind: DeliveryKind::Switched,
            state: DeliveryState::Waiting,
            attempts: 0,
            handed_at: None,
            reached_at: None,
            fault: Some(why.to_owned()),
            ..one.clone()
        })
        .collect();
    delivery::insert(tx, &next, |_| now).await
}

/// Runs until `stop` is done: a round at each next attempt, and on a hint. What is under way then is finished.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut agenda = Agenda::of(delivery::QUEUE);
    loop {
        if let Err(error) = turn(&app, &mut agenda).await {
            tracing::error!(%error, "messages could not be sent; it is tried again");
            agenda = Agenda::of(delivery::QUEUE);
        }
        tokio::select! {
            () = &mut stop => return,
            () = app.messages.given() => {}
            // What another sender holds is not asked for without end.
            () = agenda.rest(app.now(), Duration::from_millis(5)) => {}
        }
    }
}

/// Whether a channel's messages are acknowledged by what shows them.
pub fn is_acknowledged(kind: ChannelKind) -> bool {
    kind == ChannelKind::WebPush
}
