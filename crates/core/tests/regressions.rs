//! Mistakes others made, one test each: those that are the pure core's to prevent.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aftercare_core::{
    anchors::Anchors,
    course::{Answer, AnswerStatus, Course, CourseState, OccurrenceStatus, Replay},
    instant::{Instant, Span},
    pattern::Regime,
    timing::Timing,
};
use jiff::tz::TimeZone;

/// Monday, 2 February 2026, 06:00 in Berlin.
const START: &str = "2026-02-02T05:00:00Z";

fn course(json: &str) -> Course {
    course_from(json, START.parse().unwrap())
}

fn course_from(json: &str, start: Instant) -> Course {
    let timing: Timing = serde_json::from_str(json).unwrap();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    Course::new(&timing, start, vec![Regime { from: start, zone, anchors: Anchors::default() }], None)
}

const WEEK: &str = r#"{"frequency":1,"duration":{"value":7,"unit":"d"}}"#;

fn day(n: i64) -> Instant {
    START.parse::<Instant>().unwrap() + Span::from_hours(24 * n + 2)
}

fn done(ordinal: u32, at: Instant) -> Answer {
    Answer { ordinal, status: AnswerStatus::Done, at, recorded_at: at, cause: None }
}

fn statuses(replay: &Replay) -> Vec<OccurrenceStatus> {
    replay.occurrences.iter().map(|o| o.status).collect()
}

/// Of what is daily all is settled but the latest, and what makes no eight yet; of what is more often, whole days.
#[test]
fn the_past_is_settled() {
    let course = course(r#"{"frequency":1}"#);
    let replay = |days| course.replay(&[], &[], day(days));
    let settled = |days| course.settle(&replay(days), day(days)).map(|settled| settled.first_open());
    assert_eq!((settled(7), settled(30), settled(400)), (None, Some(29), Some(399)));
    let first = course.settle(&replay(30), day(30)).unwrap();
    let later = |days| course.settle(&course.replay_from(first.clone(), &[], &[], day(days)), day(days));
    assert_eq!(later(37), None);
    assert_eq!(later(38).unwrap().first_open(), 37);
}

#[test]
fn a_course_ends() {
    let replay = course(WEEK).replay(&[], &[], day(400));
    assert_eq!((replay.state, replay.occurrences.len()), (CourseState::Incomplete, 11));
    assert_eq!((replay.wake_at, replay.next_due_at), (None, None));
    let all: Vec<_> = (0..7).map(|n| done(n, day(i64::from(n)))).collect();
    assert_eq!(course(WEEK).replay(&all, &[], day(6)).state, CourseState::Completed);
}

#[test]
fn a_missed_occurrence_is_never_put_into_the_past() {
    for now in 1..12 {
        let replay = course(WEEK).replay(&[], &[], day(now));
        assert!(replay.next_due_at.is_none_or(|next| next > day(now)));
        assert!(replay.wake_at.is_none_or(|wake| wake > day(now)));
    }
}

#[test]
fn being_reminded_is_not_having_done_it() {
    let replay = course(WEEK).replay(&[], &[], day(0));
    assert_eq!(statuses(&replay), [OccurrenceStatus::Due]);
    assert_eq!(statuses(&course(WEEK).replay(&[], &[], day(1)))[0], OccurrenceStatus::Missed);
}

#[test]
fn one_check_in_answers_one_occurrence() {
    let replay = course(WEEK).replay(&[done(0, day(0))], &[], day(1));
    assert_eq!(replay.state, CourseState::Running);
    assert_eq!(statuses(&replay), [OccurrenceStatus::Done, OccurrenceStatus::Due]);
}

#[test]
fn being_punctual_lengthens_nothing() {
    let all: Vec<_> = (0..7).map(|n| done(n, day(i64::from(n)))).collect();
    let replay = course(WEEK).replay(&all, &[], day(30));
    assert_eq!((replay.extended_by, replay.occurrences.len()), (0, 7));
}

#[test]
fn never_answering_is_noticed() {
    assert!(!course(WEEK).replay(&[], &[], day(1)).lapsed);
    assert!(course(WEEK).replay(&[], &[], day(3)).lapsed);
}

#[test]
fn clock_changes_leave_the_wall_clock_alone() {
    // Both nights on which Berlin's clocks change in 2026.
    for start in ["2026-03-27T05:00:00Z", "2026-10-23T05:00:00Z"] {
        let start: Instant = start.parse().unwrap();
        let replay = course_from(WEEK, start).replay(&[], &[], start + Span::from_days(6));
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for occurrence in &replay.occurrences {
            let local = zone.to_datetime(occurrence.due_at.timestamp());
            assert_eq!((local.hour(), local.minute()), (8, 0), "{}", occurrence.due_at);
        }
    }
}

#[test]
fn a_dose_answered_ahead_stays_answered_when_its_time_is_moved() {
    let start: Instant = START.parse().unwrap();
    let timing: Timing = serde_json::from_str(WEEK).unwrap();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let later = Anchors { first: jiff::civil::Time::constant(12, 0, 0, 0), ..Anchors::default() };
    let regimes = vec![
        Regime { from: start, zone: zone.clone(), anchors: Anchors::default() },
        Regime { from: start + Span::from_minutes(60), zone, anchors: later },
    ];
    let course = Course::new(&timing, start, regimes, None);
    let ahead = done(0, start + Span::from_minutes(30));
    let replay = course.replay(&[ahead], &[], start + Span::from_hours(8));
    assert_eq!(statuses(&replay), [OccurrenceStatus::Done], "not to be taken twice");
}

#[test]
fn the_next_dose_may_be_answered_while_one_is_open() {
    let ahead = done(1, day(1) - Span::from_minutes(60));
    let replay = course(WEEK).replay(&[ahead], &[], day(1) - Span::from_minutes(30));
    assert_eq!(statuses(&replay), [OccurrenceStatus::Due, OccurrenceStatus::Done]);
    assert_eq!(replay.wake_at, Some(day(1)), "the open one closes then");
    let replay = course(WEEK).replay(&[ahead], &[], day(1));
    assert_eq!(statuses(&replay), [OccurrenceStatus::Missed, OccurrenceStatus::Done]);
}

#[test]
fn an_answer_given_at_the_instant_of_an_override_stays() {
    let replaced = course(WEEK).superseded(Some(day(0)));
    let replay = replaced.replay(&[done(0, day(0))], &[], day(1));
    assert_eq!(statuses(&replay), [OccurrenceStatus::Done]);
    assert!(replaced.check_in(&[], done(0, day(0))).is_err(), "but no new one is taken then");
}
