//! Why a doctor should look at a patient: found from times and answers alone, without a word of a note.
//!
//! What our own outages have cost is nobody's fault: occurrences of that time are not missed, and nobody is
//! unreachable for it.

use crate::{
    course::{Course, CourseState, Outage, Policy, Replay},
    instant::{Instant, Span},
};
use serde::{Deserialize, Serialize};

/// A plan is said to end so long before its last occurrence.
const SOON: Span = Span::from_days(2);
/// Nobody is unreachable before a message was owed for so long.
pub const UNREACHED: Span = Span::from_hours(24);

/// Why an occurrence was left out, where that is a reason for the doctor to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It did not agree with the patient.
    SideEffect,
}

/// Why a look is needed, the most pressing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Something was left out for a side effect.
    SideEffect,
    /// A run of misses: max(two days' worth, ⌈planned / 4⌉).
    Lapsed,
    /// The cap was reached before everything was answered.
    Incomplete,
    /// Its patient has paused a step.
    Paused,
    /// A step was missed and never answered; soon this is a lapse.
    NotStarted,
    /// The newest note could not be read.
    ExtractionFailed,
    /// No message was seen arriving for a day, or no channel works.
    Unreachable,
    /// The last occurrence is due within two days.
    EndsSoon,
}

impl Reason {
    /// Its bit in a stored set. Frozen: rows are read by it.
    fn bit(self) -> i16 {
        match self {
            Self::SideEffect => 1,
            Self::Lapsed => 2,
            Self::Incomplete => 4,
            Self::NotStarted => 8,
            Self::ExtractionFailed => 16,
            Self::Unreachable => 32,
            Self::EndsSoon => 64,
            Self::Paused => 128,
        }
    }

    /// Several, as a number to be stored.
    pub fn bits(reasons: &[Self]) -> i16 {
        reasons.iter().fold(0, |bits, reason| bits | reason.bit())
    }
}

/// Why a look at one course is needed.
pub fn of_course(course: &Course, replay: &Replay, now: Instant) -> Vec<Reason> {
    let so_far = &replay.tally;
    let signs = [
        (Reason::SideEffect, so_far.side_effect),
        (Reason::Lapsed, replay.lapsed_now),
        (Reason::Incomplete, replay.state == CourseState::Incomplete),
        (Reason::NotStarted, so_far.missed > 0 && !replay.lapsed_now && so_far.answered == 0),
        (Reason::EndsSoon, soon(course, replay).is_some_and(|soon| soon <= now)),
    ];
    signs.into_iter().filter_map(|(reason, holds)| holds.then_some(reason)).collect()
}

/// Why a look at a plan is needed, given why at each of its courses that run or have run. A plan ends when the last
/// of its courses does.
pub fn of_plan<'a>(courses: impl Iterator<Item = (&'a Course, &'a Replay)>, now: Instant) -> Vec<Reason> {
    let (mut reasons, mut running, mut ending) = (Vec::new(), 0, 0);
    for (course, replay) in courses {
        let of = of_course(course, replay, now);
        running += u32::from(replay.state == CourseState::Running);
        ending += u32::from(of.contains(&Reason::EndsSoon));
        reasons.extend(of);
    }
    reasons.retain(|reason| *reason != Reason::EndsSoon || ending == running);
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

/// From when on a course ends soon: two days before its last occurrence. `None` where that is far, where it is over
/// or open-ended, and where it was so short from the beginning.
pub fn soon(course: &Course, replay: &Replay) -> Option<Instant> {
    let planned = course.planned().filter(|_| replay.state == CourseState::Running)?;
    let (begun, latest) = (replay.tally.begun_at?, replay.occurrences.last()?.due_at);
    let made_up_for = if course.policy() == Policy::Skip { 0 } else { replay.tally.unanswered };
    let left = planned.saturating_sub(replay.tally.happened - made_up_for);
    // With more than two days' worth, twice, the end is farther than the next look.
    if left > 2 * course.two_days_worth() + 2 {
        return None;
    }
    let last = course.upcoming(replay).last().map_or(latest, |(_, window)| window.due_at);
    Some(last - SOON).filter(|soon| *soon > begun)
}

/// From when on somebody is unreachable to whom a message is owed: a day later, and as much more as we were down.
pub fn unreached_at(owed_since: Instant, outages: &[Outage]) -> Instant {
    let mut at = owed_since + UNREACHED;
    for outage in outages {
        let from = outage.from.max(owed_since);
        if from < at && outage.to > from {
            at = at + (outage.to - from);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        anchors::Anchors,
        course::{Answer, AnswerStatus},
        pattern::Regime,
        timing::Timing,
    };
    use jiff::tz::TimeZone;

    const DAY: Span = Span::from_days(1);

    fn daily(days: u32) -> Course {
        let timing: Timing = serde_json::from_value(
            serde_json::json!({ "frequency": 1, "duration": { "value": days, "unit": "d" } }),
        )
        .unwrap();
        let regime = Regime { from: start(), zone: TimeZone::UTC, anchors: Anchors::default() };
        Course::new(&timing, start(), vec![regime], None)
    }

    fn start() -> Instant {
        "2026-02-02T05:00:00Z".parse().unwrap()
    }

    /// The day's occurrence, answered at eight.
    fn done(ordinal: u32, cause: Option<Cause>) -> Answer {
        let at = start() + Span::from_hours(3) + Span::from_days(i64::from(ordinal));
        let status = if cause.is_some() { AnswerStatus::Skipped } else { AnswerStatus::Done };
        Answer { ordinal, status, at, recorded_at: at, cause }
    }

    fn reasons(course: &Course, log: &[Answer], outages: &[Outage], at: Instant) -> Vec<Reason> {
        of_plan([(course, &course.replay(log, outages, at))].into_iter(), at)
    }

    #[test]
    fn what_is_never_begun_and_what_lapses() {
        let course = daily(7);
        let after = |days| start() + Span::from_hours(4) + Span::from_days(days);
        assert_eq!(reasons(&course, &[], &[], after(0)), []);
        assert_eq!(reasons(&course, &[], &[], after(1)), [Reason::NotStarted]);
        assert_eq!(reasons(&course, &[], &[], after(2)), [Reason::Lapsed]);
        assert_eq!(reasons(&course, &[done(2, None)], &[], after(2)), []);
        let down = [Outage { from: start(), to: after(3) }];
        assert_eq!(reasons(&course, &[], &down, after(3)), [], "we were down");
    }

    #[test]
    fn a_side_effect_stays_until_the_answer_is_another() {
        let course = daily(7);
        let now = start() + Span::from_hours(5);
        let skipped = done(0, Some(Cause::SideEffect));
        assert_eq!(reasons(&course, &[skipped], &[], now), [Reason::SideEffect]);
        let later = Answer { recorded_at: now, ..done(0, None) };
        assert_eq!(reasons(&course, &[skipped, later], &[], now), []);
    }

    #[test]
    fn a_plan_ends_soon_when_all_of_it_does() {
        let (course, longer) = (daily(7), daily(30));
        let log: Vec<_> = (0..5).map(|ordinal| done(ordinal, None)).collect();
        let replay = |course: &Course, now| course.replay(&log, &[], now);
        // The last of seven is due at eight on the seventh day.
        let soon = start() + Span::from_hours(3) + Span::from_days(4);
        let of = |now| of_plan([(&course, &replay(&course, now))].into_iter(), now);
        assert_eq!(super::soon(&course, &replay(&course, soon)), Some(soon));
        assert_eq!((of(soon - Span::from_secs(1)), of(soon)), (vec![], vec![Reason::EndsSoon]));
        let both = [(&course, &replay(&course, soon)), (&longer, &replay(&longer, soon))];
        assert_eq!(of_plan(both.into_iter(), soon), []);
        // What is short from the beginning is not said to be so; a miss moves the end.
        let short = daily(2);
        assert_eq!(super::soon(&short, &short.replay(&[], &[], soon)), None);
        let missed: Vec<_> = (1..5).map(|ordinal| done(ordinal, None)).collect();
        assert_eq!(super::soon(&course, &course.replay(&missed, &[], soon)), Some(soon + DAY));
    }

    #[test]
    fn nobody_is_unreachable_while_we_are_down() {
        let owed = start();
        assert_eq!(unreached_at(owed, &[]), owed + UNREACHED);
        let outage = |from: i64, to: i64| Outage {
            from: owed + Span::from_hours(from),
            to: owed + Span::from_hours(to),
        };
        assert_eq!(
            unreached_at(owed, &[outage(-5, -1), outage(-1, 2), outage(3, 4), outage(27, 28)]),
            owed + Span::from_hours(27)
        );
    }
}
