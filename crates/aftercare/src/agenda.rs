//! When each bucket of a queue has something: asked for whole now and then, kept up by what is worked off, and by hints of
//! what this process has put there.
//!
//! To ask for all of it is a probe of the index for each of 1,024 buckets: too much for every reminder.

use crate::{app::App, engine::HEARTBEAT};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::{Instant, Span},
};
use aftercare_store::{StoreError, queue::Queue};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// What other processes have put there is known after so long while there is work; while there is none, after a heartbeat.
const OLD: Span = Span::from_secs(1);

/// The runtime's own timer is late by up to so much.
const COARSE: Duration = Duration::from_millis(2);

/// When each bucket has something.
#[derive(Debug)]
pub struct Agenda {
    queue: Queue,
    heads: BTreeMap<i16, Instant>,
    /// Nobody has asked yet where this is empty.
    asked_at: Option<Instant>,
}

impl Agenda {
    /// Of a queue that nobody has asked yet.
    pub fn of(queue: Queue) -> Self {
        Self { queue, heads: BTreeMap::new(), asked_at: None }
    }

    /// All of it.
    pub async fn ask(&mut self, app: &App) -> Result<(), StoreError> {
        self.asked_at = Some(app.now());
        self.heads = self.queue.heads(&mut app.store.peek().await?).await?.into_iter().collect();
        Ok(())
    }

    /// Some buckets of it.
    pub async fn ask_of(&mut self, app: &App, buckets: &[i16]) -> Result<(), StoreError> {
        if buckets.is_empty() {
            return Ok(());
        }
        let heads = self.queue.heads_of(&mut app.store.peek().await?, buckets).await?;
        for bucket in buckets {
            self.heads.remove(bucket);
        }
        self.heads.extend(heads);
        Ok(())
    }

    /// What somebody has given a hint of. Where nobody has asked yet, all of it is asked for anyhow, and hints are left to
    /// whoever keeps an agenda.
    pub async fn hear(&mut self, app: &App, hint: &Hint) -> Result<(), StoreError> {
        if self.asked_at.is_none() {
            return Ok(());
        }
        let (due, others): (Vec<_>, Vec<_>) = hint.take().into_iter().partition(|(_, is_due)| *is_due);
        let others: Vec<i16> = others.into_iter().map(|(bucket, _)| bucket).collect();
        self.ask_of(app, &others).await?;
        let now = app.now();
        self.heads.extend(due.into_iter().map(|(bucket, _)| (bucket, now)));
        Ok(())
    }

    /// Whether there may be something that it does not know.
    pub fn is_old(&self, now: Instant) -> bool {
        // A clock that was set back says nothing.
        self.asked_at.is_none_or(|asked| now < asked || now - asked >= OLD)
    }

    /// The buckets with something due by `now`.
    pub fn due(&self, now: Instant) -> Vec<i16> {
        self.heads.iter().filter(|(_, at)| **at <= now).map(|(bucket, _)| *bucket).collect()
    }

    /// Until the next of all is due; for so long at the least, and a heartbeat at the most. Where it could not be asked, until
    /// it is worth another try.
    pub async fn rest(&self, now: Instant, least: Duration) {
        let most = if self.asked_at.is_some() { HEARTBEAT } else { OLD };
        let next = self.heads.values().min().map_or(most, |next| (*next - now).min(most));
        let pause = Duration::from_micros(u64::try_from(next.as_micros()).unwrap_or(0)).max(least);
        let until = std::time::Instant::now() + pause;
        tokio::time::sleep(pause.saturating_sub(COARSE)).await;
        let rest = until.saturating_duration_since(std::time::Instant::now());
        if !rest.is_zero() {
            // A thread that waits is woken within tens of microseconds; where none is to be had, it is over sooner.
            drop(tokio::task::spawn_blocking(move || std::thread::sleep(rest)).await);
        }
    }
}

/// Where this process has put something into a queue, for whoever works it off: after it was committed, or they find nothing.
#[derive(Debug, Default)]
pub struct Hint {
    /// Each with whether something there is known to be due.
    buckets: Mutex<BTreeMap<i16, bool>>,
    given: Notify,
}

impl Hint {
    /// Something of some people.
    pub fn give(&self, people: impl IntoIterator<Item = UserId>) {
        self.put(people, false);
    }

    /// Something of some people that is due already: nobody needs to ask when.
    pub fn give_due(&self, people: impl IntoIterator<Item = UserId>) {
        self.put(people, true);
    }

    /// Something that whoever works it off is told of elsewhere.
    pub fn wake(&self) {
        self.given.notify_one();
    }

    fn put(&self, people: impl IntoIterator<Item = UserId>, due: bool) {
        let mut people = people.into_iter().peekable();
        if people.peek().is_none() {
            return;
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        for person in people {
            *buckets.entry(Bucket::of(person).get()).or_default() |= due;
        }
        self.wake();
    }

    /// The buckets since it was last asked.
    fn take(&self) -> BTreeMap<i16, bool> {
        std::mem::take(&mut *self.buckets.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Until one is given.
    pub async fn given(&self) {
        self.given.notified().await;
    }
}
