//! How a course would go on.

use super::{Course, Replay};
use crate::instant::Instant;
use serde::Serialize;

/// How a course would go on if some of what is open or to come is answered, and the rest missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ahead {
    /// The next 60 due times.
    pub upcoming: Vec<Instant>,
    /// When the last is due; `None` where open-ended.
    pub ends_at: Option<Instant>,
    /// How many beyond those prescribed there will have been.
    pub extended_by: u32,
}

impl Course {
    /// How this course goes on after `replay` if what `answers` says is answered.
    pub fn ahead(&self, replay: &Replay, answers: impl Fn(Instant) -> bool + Copy) -> Ahead {
        let all = || self.foretold(replay, answers).map(|(_, window)| window.due_at);
        let bounded = self.cap().is_some();
        let happened = replay.occurrences.len();
        let total = if bounded { happened + all().count() } else { happened };
        let beyond = self.planned().map_or(0, |planned| total.saturating_sub(planned as usize));
        let latest = || replay.occurrences.last().map(|one| one.due_at);
        Ahead {
            upcoming: all().take(60).collect(),
            ends_at: if bounded { all().last().or_else(latest) } else { None },
            extended_by: u32::try_from(beyond).unwrap_or(u32::MAX),
        }
    }
}
