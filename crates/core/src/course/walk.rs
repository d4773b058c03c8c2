//! What a replay carries along: the count of misses, and the windows as far as they are asked for.

use super::{Course, OccurrenceStatus};
use crate::{
    instant::{Instant, Span},
    pattern::{Pattern, Slots},
};

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

/// Counts misses and finds lapses.
pub(super) struct Tally {
    threshold: u32,
    run: u32,
    /// Closed without an answer, by whosever fault.
    pub(super) unanswered: u32,
    /// Whether a run of misses ever was a lapse.
    pub(super) lapsed: bool,
}

impl Tally {
    pub(super) fn new(threshold: u32) -> Self {
        Self { threshold, run: 0, unanswered: 0, lapsed: false }
    }

    pub(super) fn count(&mut self, status: OccurrenceStatus) {
        match status {
            OccurrenceStatus::Done | OccurrenceStatus::Skipped => self.run = 0,
            OccurrenceStatus::Missed => {
                self.run += 1;
                self.unanswered += 1;
            }
            // Not the patient's miss: neither adds to a run nor ends one.
            OccurrenceStatus::NotDelivered => self.unanswered += 1,
            OccurrenceStatus::Due | OccurrenceStatus::Cancelled => {}
        }
        self.lapsed |= self.lapsed_now();
    }

    pub(super) fn lapsed_now(&self) -> bool {
        self.run >= self.threshold
    }
}

/// The windows of a course, computed as far as somebody asks.
pub(super) struct Windows<'a> {
    pattern: Option<&'a Pattern>,
    slots: Option<Slots<'a>>,
    known: Vec<Instant>,
}

impl<'a> Windows<'a> {
    pub(super) fn of(course: &'a Course) -> Self {
        let pattern = course.pattern.as_ref();
        Self { pattern, slots: pattern.map(Pattern::slots), known: Vec::new() }
    }

    fn slot(&mut self, index: usize) -> Option<Instant> {
        while self.known.len() <= index {
            let slot = self.slots.as_mut()?.next()?;
            self.known.push(slot);
        }
        Some(self.known[index])
    }

    /// The same for an ordinal that somebody names: none where it lies more than so many slots
    /// beyond `now`. A made-up one must not make us compute for ever.
    pub(super) fn near(&mut self, ordinal: u32, now: Instant) -> Option<Window> {
        const AHEAD: usize = 10_000;
        let index = ordinal as usize;
        while self.known.len() <= index {
            let len = self.known.len();
            if len > AHEAD && self.known[len - AHEAD] > now {
                return None;
            }
            self.slot(len)?;
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
