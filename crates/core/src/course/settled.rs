//! What of a course is over, so that a look at it costs the same after a year as on its first day.
//!
//! An occurrence that has closed stays as it is unless it is answered after all: then whoever writes the answer down
//! takes it that nothing is settled. Nothing else touches it: zones and times of day change from now on, and outages
//! are recorded before anything else is looked at.

use super::{Course, OccurrenceStatus, Replay, walk::Tally};
use crate::{
    instant::{Instant, Span},
    pattern::Place,
};
use serde::{Deserialize, Serialize};

/// So many occurrences are settled together: remembering them is a write.
const AT_ONCE: u32 = 8;
/// An answer is judged by the zone and the times of day that were known when it was given: until answers from before
/// a change are past, nothing is settled.
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
        // The latest stays: much is asked of it.
        let (_, before) = replay.occurrences.split_last()?;
        if before.len() < AT_ONCE as usize {
            return None;
        }
        let changed = pattern.changed_at().map(|at| at + DAYS_OF_CHANGE);
        let mut slots = pattern.slots_from(replay.settled.slots.clone());
        let mut so_far = replay.settled.tally;
        let mut settled = None;
        for one in before {
            let open = matches!(one.status, OccurrenceStatus::Due | OccurrenceStatus::Cancelled);
            if open || one.closes_at >= now {
                break;
            }
            so_far.count(one, self.lapse_threshold());
            slots.next()?;
            // A day that is not over may still be cut by a journey.
            if changed.is_none_or(|changed| one.due_at >= changed) && slots.is_past(now) {
                settled = Some((so_far, slots.place()));
            }
        }
        let (tally, slots) = settled?;
        let more = tally.happened - replay.settled.tally.happened;
        (more >= AT_ONCE).then_some(Settled { planned: self.planned, tally, slots })
    }
}
