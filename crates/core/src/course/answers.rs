//! Which answers count: each is judged as it was when the service learnt of it.

use super::{Answer, Course, Settled, Window, walk::Windows};
use crate::instant::{Instant, Span};
use std::collections::BTreeMap;

/// Why an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The occurrence does not exist (any more, or yet).
    #[error("there is no such occurrence in this course")]
    Unknown,
    /// Before it may be answered.
    #[error("this is not due yet; it can be answered from {0}")]
    TooEarly(Instant),
    /// More than seven days after it closed, or after everything prescribed was answered.
    #[error("this can no longer be answered; it could be corrected until {0}")]
    TooLate(Instant),
    /// The plan was replaced.
    #[error("a newer plan has replaced this step")]
    Superseded,
}

/// For so long after closing a missed occurrence can be corrected.
pub const CORRECTION: Span = Span::from_days(7);

impl Course {
    /// The answers that count, by occurrence: each was acceptable when it was recorded.
    pub(super) fn accepted(
        &self,
        settled: &Settled,
        log: &[Answer],
        now: Instant,
        windows: &mut Windows<'_>,
    ) -> BTreeMap<u32, Answer> {
        // At one and the same instant the answer was first: later ones are not taken any more.
        let in_force = |answer: &&Answer| self.superseded_at.is_none_or(|at| answer.recorded_at <= at);
        let open = |answer: &&Answer| answer.ordinal >= settled.first_open();
        let mut log: Vec<_> =
            log.iter().filter(|answer| answer.recorded_at <= now).filter(in_force).filter(open).collect();
        log.sort_by_key(|answer| answer.recorded_at);
        let mut accepted = BTreeMap::new();
        for answer in log {
            let taken = match self.as_known_at(answer.recorded_at) {
                // The patient's zone or times of day have changed since: the answer was good for
                // the window it was given for, and stays good.
                Some(then) => {
                    then.judge(settled, *answer, &accepted, &mut Windows::from(&then, settled)).is_ok()
                }
                None => self.judge(settled, *answer, &accepted, windows).is_ok(),
            };
            if taken {
                accepted.insert(answer.ordinal, *answer);
            }
        }
        accepted
    }

    /// The course under the regimes that were known at an instant; `None` where those are all.
    fn as_known_at(&self, instant: Instant) -> Option<Self> {
        let pattern = self.pattern.as_ref()?.as_known_at(instant)?;
        Some(Self { pattern: Some(pattern), ..self.clone() })
    }

    fn judge(
        &self,
        settled: &Settled,
        answer: Answer,
        accepted: &BTreeMap<u32, Answer>,
        windows: &mut Windows<'_>,
    ) -> Result<(), Refusal> {
        let number = |count: usize| settled.tally.answered + u32::try_from(count).unwrap_or(u32::MAX);
        if !self.belongs(answer.ordinal, number(accepted.range(..answer.ordinal).count())) {
            return Err(Refusal::Unknown);
        }
        let window = windows.near(answer.ordinal, answer.recorded_at).ok_or(Refusal::Unknown)?;
        let earliest = window.due_at - window.tolerance;
        if answer.at < earliest || answer.recorded_at < earliest {
            return Err(Refusal::TooEarly(earliest));
        }
        let latest = window.closes_at + CORRECTION;
        // Doses are conserved: once everything prescribed is answered, no further one is taken.
        let complete = self.planned.is_some_and(|planned| number(accepted.len()) >= planned);
        if answer.recorded_at > latest || (complete && !accepted.contains_key(&answer.ordinal)) {
            return Err(Refusal::TooLate(latest));
        }
        Ok(())
    }

    /// Whether an answer would be taken after this log; the reason where not.
    pub fn check_in(&self, log: &[Answer], answer: Answer) -> Result<Window, Refusal> {
        if self.superseded_at.is_some_and(|at| answer.recorded_at >= at) {
            return Err(Refusal::Superseded);
        }
        let mut windows = Windows::of(self);
        let none = Settled::default();
        let accepted = self.accepted(&none, log, answer.recorded_at, &mut windows);
        self.judge(&none, answer, &accepted, &mut windows)?;
        windows.get(answer.ordinal).ok_or(Refusal::Unknown)
    }
}
