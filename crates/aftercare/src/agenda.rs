//! When each bucket of the due table has something: asked for whole now and then, kept up by what is worked off.
//!
//! To ask for all of it is a probe of the index for each of 1,024 buckets: too much for every reminder.

use crate::app::App;
use aftercare_core::instant::{Instant, Span};
use aftercare_store::{StoreError, due};
use std::collections::BTreeMap;

/// What other processes have put there is known after so long while there is work; while there is none, after a heartbeat.
const OLD: Span = Span::from_secs(1);

/// When each bucket has something.
#[derive(Debug, Default)]
pub struct Agenda {
    heads: BTreeMap<i16, Instant>,
    /// Nobody has asked yet where this is empty.
    asked_at: Option<Instant>,
}

impl Agenda {
    /// All of it.
    pub async fn ask(app: &App) -> Result<Self, StoreError> {
        let asked_at = Some(app.now());
        let heads = due::heads(&mut app.store.peek().await?).await?.into_iter().collect();
        Ok(Self { heads, asked_at })
    }

    /// Some buckets of it.
    pub async fn ask_of(&mut self, app: &App, buckets: &[i16]) -> Result<(), StoreError> {
        let heads = due::heads_of(&mut app.store.peek().await?, buckets).await?;
        for bucket in buckets {
            self.heads.remove(bucket);
        }
        self.heads.extend(heads);
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

    /// When the next of all is due.
    pub fn next(&self) -> Option<Instant> {
        self.heads.values().min().copied()
    }
}
