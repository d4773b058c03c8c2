//! What of a course can change no more, so that a look at it costs the same after a year as on its first day.
//!
//! An occurrence is settled when its answer can be corrected no more. Nothing that comes later touches it: zones and
//! times of day change from then on, outages are recorded as they end.

use super::{CORRECTION, Course, OccurrenceStatus, Replay, walk::Tally};
use crate::{
    instant::{Instant, Span},
    pattern::Place,
};
use serde::{Deserialize, Serialize};

/// So many occurrences are settled together: remembering them is a write.
const AT_ONCE: u32 = 8;
/// No change of zone or times of day reaches further back than the day on which it begins, wherever that is.
const DAYS_OF_CHANGE: Span = Span::from_days(2);

/// The settled beginning of a course: its numbers, and the place at which its pattern goes on. By default there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// How many occurrences were prescribed: finding out walks the whole course.
    pub(super) planned: Option<u32>,
    /// What they have come to.
    pub(super) tally: Tally,
    /// Where the next is found.
    pub(super) slots: Place,
}

impl Settled {
    /// The first occurrence that is not settled.
    pub fn first_open(&self) -> u32 {
        self.tally.happened
    }

    /// When the last that is settled fell due.
    pub fn until(&self) -> Option<Instant> {
        self.slots.last()
    }
}

impl Course {
    /// More of the course that is settled at `now`, where it is worth remembering.
    pub fn settle(&self, replay: &Replay, now: Instant) -> Option<Settled> {
        let pattern = self.pattern.as_ref().filter(|_| self.superseded_at.is_none())?;
        let changed = pattern.changed_at() + DAYS_OF_CHANGE;
        let mut tally = replay.settled.tally;
        // The latest stays: much is asked of it.
        let (_, before) = replay.occurrences.split_last()?;
        for one in before {
            let open = matches!(one.status, OccurrenceStatus::Due | OccurrenceStatus::Cancelled);
            if open || one.closes_at + CORRECTION >= now || one.due_at < changed {
                break;
            }
            tally.count(one, self.lapse_threshold());
        }
        let more = tally.happened - replay.settled.tally.happened;
        if more < AT_ONCE {
            return None;
        }
        let mut slots = pattern.slots_from(replay.settled.slots.clone());
        slots.nth(more as usize - 1)?;
        Some(Settled { planned: self.planned, tally, slots: slots.into_place() })
    }
}
