//! The sender: takes messages whose time has come and that are still true ([`claim`]), hands them over, and writes down what
//! came of it.
//!
//! A message is leased while it is under way: a sender that dies leaves it to another, so each is tried at least
//! once and, after a crash at the wrong moment, twice: it carries its id, and what shows it shows it once. Whether
//! it is true is looked at in the transaction of the lease, last before it goes.

use super::{
    Outcome,
    claim::{self, Job},
    email, http,
    message::Say,
    next_rung,
    target::Target,
    web_push,
};
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
    outbox,
};
use futures_util::{StreamExt, stream};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tracing::Instrument as _;
use uuid::Uuid;

/// So many are under way at once.
const AT_ONCE: usize = 128;
/// A browser that has not shown a message within this is taken for one that does not.
const SHOWN_WITHIN: Span = Span::from_minutes(2);
/// After so many failures of one message the next channel has it too.
const PATIENCE: i16 = 3;

/// Sends everything whose time has come; how many were handed over or tried.
pub async fn round(app: &App) -> Result<u64, StoreError> {
    turn(app, &mut Agenda::of(delivery::QUEUE)).await
}

/// Sends what an agenda says is due, then, where that is old, everything.
async fn turn(app: &App, agenda: &mut Agenda) -> Result<u64, StoreError> {
    let mut first = app.sending.lock().await;
    let mut total = 0;
    let made = app.made.take();
    if !made.is_empty() {
        let buckets: BTreeSet<i16> = made.iter().map(|one| Bucket::of(one.user_id).get()).collect();
        total += send_all(app, claim::made(app, made).await?).await?;
        agenda.ask_of(app, &buckets.into_iter().collect::<Vec<_>>()).await?;
    }
    agenda.hear(app, &app.messages).await?;
    total += work_off(app, agenda, &mut first).await?;
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
        let (taken, jobs) = claim::due(app, &buckets, first).await?;
        total += send_all(app, jobs).await?;
        if app.is_stopping() {
            return Ok(total);
        }
        agenda.ask_of(app, &buckets).await?;
        // What another sender holds is left to it.
        if taken == 0 {
            return Ok(total);
        }
    }
}

/// Sends them, many at once, and writes down what came of it; leaves to others what it does not begin since the process is
/// to end. How many there were.
async fn send_all(app: &App, jobs: Vec<Job>) -> Result<u64, StoreError> {
    let total = jobs.len() as u64;
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
    give_back(app, &left).await?;
    Ok(total)
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
pub(super) async fn fall_back(
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
