//! What is done as needed: a log, never due and never missed.

use crate::{
    course::{Answer, AnswerStatus},
    instant::{Instant, Span},
    timing::Timing,
};
use std::collections::BTreeMap;

/// One that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// Which of the log, from 0.
    pub ordinal: u32,
}

/// The log as it stands, by time: of several answers to one the last holds, and what was taken back is not in it.
pub fn entries(log: &[Answer]) -> Vec<Entry> {
    let last: BTreeMap<u32, &Answer> = log.iter().map(|answer| (answer.ordinal, answer)).collect();
    let done = last.into_values().filter(|answer| answer.status == AnswerStatus::Done);
    let mut entries: Vec<_> = done.map(|answer| Entry { at: answer.at, ordinal: answer.ordinal }).collect();
    entries.sort_unstable();
    entries
}

/// Which the next is.
pub fn next(log: &[Answer]) -> u32 {
    log.iter().map(|answer| answer.ordinal.saturating_add(1)).max().unwrap_or(0)
}

/// Until when it should not be done again: where the timing names a limit ("every 6 hours", "up to 4 times a day") that is
/// reached at `now`. Of a range the doctor's outer bound holds ("every 4 to 6 hours": 4; "2 to 3 times": 3), and a day is
/// any 24 hours.
pub fn not_before(timing: &Timing, entries: &[Entry], now: Instant) -> Option<Instant> {
    if !timing.is_as_needed() || (!timing.recurs() && timing.frequency_max.is_none()) {
        return None;
    }
    let (.., unit) = timing.rate();
    let minutes =
        i64::from(timing.period.unwrap_or(1)).checked_mul(i64::try_from(unit.approximate_minutes()).ok()?)?;
    let most = timing.frequency_max.or(timing.frequency).unwrap_or(1);
    let within = Span::from_minutes(minutes);
    // The entry that must leave the window before there is room for one more.
    let oldest = entries.len().checked_sub(usize::try_from(most).ok()?)?;
    entries.get(oldest).map(|one| one.at + within).filter(|until| *until > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Instant {
        Instant::from_micros(0) + Span::from_hours(hours)
    }

    fn answer(ordinal: u32, status: AnswerStatus, hours: i64) -> Answer {
        Answer { ordinal, status, at: at(hours), recorded_at: at(hours), cause: None }
    }

    fn taken(hours: &[i64]) -> Vec<Entry> {
        let log: Vec<_> = (0..).zip(hours).map(|(n, hours)| answer(n, AnswerStatus::Done, *hours)).collect();
        entries(&log)
    }

    #[test]
    fn what_was_taken_back_is_not_in_it_and_its_number_is_not_given_again() {
        use AnswerStatus::{Done, Skipped};
        let log = [answer(0, Done, 5), answer(1, Done, 3), answer(0, Skipped, 5), answer(2, Done, 1)];
        assert_eq!(entries(&log), [Entry { at: at(1), ordinal: 2 }, Entry { at: at(3), ordinal: 1 }]);
        assert_eq!((next(&log), next(&[])), (3, 0));
    }

    #[test]
    fn a_limit_that_is_reached_says_until_when() {
        let timing = |json: &str| serde_json::from_str::<Timing>(json).unwrap();
        let limit = |json: &str, hours: &[i64], now| not_before(&timing(json), &taken(hours), at(now));
        let six_hours = r#"{"asNeeded":true,"frequency":1,"period":4,"periodMax":6,"periodUnit":"h"}"#;
        assert_eq!(limit(six_hours, &[], 0), None);
        assert_eq!(limit(six_hours, &[0, 9], 10), Some(at(13)));
        assert_eq!(limit(six_hours, &[0, 9], 13), None);
        let four_a_day = r#"{"asNeeded":true,"frequencyMax":4,"periodUnit":"d"}"#;
        assert_eq!(limit(four_a_day, &[1, 2, 3], 4), None);
        assert_eq!(limit(four_a_day, &[1, 2, 3, 23], 24), Some(at(25)), "over midnight too");
        assert_eq!(
            limit(four_a_day, &[1, 2, 3, 4, 5], 6),
            Some(at(26)),
            "more than allowed: the second must be past"
        );
        for none in [r#"{"asNeeded":true}"#, r#"{"frequency":2}"#] {
            assert_eq!(limit(none, &[1, 1, 1, 1], 1), None, "{none}");
        }
    }
}
