//! What a replay carries along: the count of misses, and the windows as far as they are asked for.

use super::{Course, Occurrence, OccurrenceStatus, Settled};
use crate::{
    attention::Cause,
    instant::{Instant, Span},
    pattern::{Pattern, Slots},
};
use serde::{Deserialize, Serialize};

/// When one occurrence is due, closes, and may first be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When it falls due.
    pub due_at: Instant,
    /// Until when it is open: min(next due, due + max(24 h, gap / 4)).
    pub closes_at: Instant,
    /// min(2 h, gap / 4): so far off due counts as on time, and may be answered ahead.
    pub tolerance: Span,
}

impl Window {
    /// What it was when it fell due: a change since only ends it earlier, where the next is due earlier.
    pub(super) fn between(due_at: Instant, next: Instant, foreseen: Instant) -> Self {
        let gap = foreseen - due_at;
        Self {
            due_at,
            closes_at: next.min(due_at + Span::from_hours(24).max(gap.div(4))),
            tolerance: Span::from_hours(2).min(gap.div(4)),
        }
    }

    pub(super) fn on_time(&self, at: Instant) -> bool {
        at >= self.due_at - self.tolerance && at <= self.due_at + self.tolerance
    }
}

/// What has happened so far, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Occurrences that have fallen due or were answered ahead.
    pub happened: u32,
    /// Those that were done or left out on purpose.
    pub answered: u32,
    /// Those that were missed.
    pub missed: u32,
    /// Those that closed without an answer, by whosever fault.
    pub unanswered: u32,
    /// Whether one was left out for a side effect.
    pub side_effect: bool,
    /// Whether a run of misses ever was a lapse.
    pub lapsed: bool,
    /// How many were missed in a row, up to now.
    pub run: u32,
    /// When the first fell due.
    pub begun_at: Option<Instant>,
}

impl Tally {
    pub(super) fn count(&mut self, one: &Occurrence, threshold: u32) {
        self.happened += 1;
        self.begun_at = self.begun_at.or(Some(one.due_at));
        self.side_effect |= one.cause == Some(Cause::SideEffect);
        match one.status {
            OccurrenceStatus::Done | OccurrenceStatus::Skipped => {
                self.answered += 1;
                self.run = 0;
            }
            OccurrenceStatus::Missed => {
                self.missed += 1;
                self.unanswered += 1;
                self.run += 1;
            }
            // Not the patient's miss: neither adds to a run nor ends one.
            OccurrenceStatus::NotDelivered => self.unanswered += 1,
            OccurrenceStatus::Due | OccurrenceStatus::Cancelled => {}
        }
        self.lapsed |= self.run >= threshold;
    }
}

/// The windows of a course from an ordinal on, computed as far as somebody asks.
pub(super) struct Windows<'a> {
    pattern: Option<&'a Pattern>,
    slots: Option<Slots<'a>>,
    first: usize,
    known: Vec<Instant>,
}

impl<'a> Windows<'a> {
    pub(super) fn of(course: &'a Course) -> Self {
        Self::from(course, &Settled::default())
    }

    /// Those that are not settled.
    pub(super) fn from(course: &'a Course, settled: &Settled) -> Self {
        let pattern = course.pattern.as_ref();
        let slots = pattern.map(|pattern| pattern.slots_from(settled.slots.clone()));
        Self { pattern, slots, first: settled.tally.happened as usize, known: Vec::new() }
    }

    fn slot(&mut self, index: usize) -> Option<Instant> {
        let place = index.checked_sub(self.first)?;
        while self.known.len() <= place {
            let slot = self.slots.as_mut()?.next()?;
            self.known.push(slot);
        }
        Some(self.known[place])
    }

    /// The same for an ordinal that somebody names: none where it lies more than so many slots
    /// beyond `now`. A made-up one must not make us compute for ever.
    pub(super) fn near(&mut self, ordinal: u32, now: Instant) -> Option<Window> {
        const AHEAD: usize = 10_000;
        let index = ordinal as usize;
        while self.first + self.known.len() <= index {
            let len = self.known.len();
            if len > AHEAD && self.known[len - AHEAD] > now {
                return None;
            }
            self.slot(self.first + len)?;
        }
        self.get(ordinal)
    }

    pub(super) fn get(&mut self, ordinal: u32) -> Option<Window> {
        let index = ordinal as usize;
        let due_at = self.slot(index)?;
        let next = self.slot(index + 1)?;
        let foreseen = self.pattern?.foreseen(due_at, next);
        Some(Window::between(due_at, next, foreseen))
    }
}
