//! Courses under everything that may happen, held to a naive model: a list of slots walked once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aftercare_core::{
    anchors::Anchors,
    attention,
    course::{Answer, AnswerStatus, Course, CourseState, OccurrenceStatus, Outage, Replay, Settled},
    instant::{Instant, Span},
    pattern::{Pattern, Regime},
    timing::Timing,
};
use jiff::tz::TimeZone;
use proptest::prelude::*;

const ZONES: [&str; 6] = [
    "Europe/Berlin", "America/New_York", "UTC", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca",
];

/// A schedule with a bound, or without.
fn timing() -> impl Strategy<Value = Timing> {
    let rate = prop_oneof![
        (1..5_u32).prop_map(|n| format!(r#""frequency":{n}"#)),
        (4..25_u32).prop_map(|h| format!(r#""period":{h},"periodUnit":"h""#)),
        (1..4_u32).prop_map(|d| format!(r#""frequency":1,"period":{d}"#)),
        Just(r#""dayOfWeek":["mon","thu"]"#.to_owned()),
        Just(r#""timeOfDay":["02:30","21:15"]"#.to_owned()),
        Just(r#""when":["ACM","HS"]"#.to_owned()),
    ];
    let bound = prop_oneof![
        (1..15_u32).prop_map(|n| format!(r#","duration":{{"value":{n},"unit":"d"}}"#)),
        (1..20_u32).prop_map(|n| format!(r#","count":{n}"#)),
        Just(String::new()),
    ];
    (rate, bound).prop_map(|(rate, bound)| serde_json::from_str(&format!("{{{rate}{bound}}}")).unwrap())
}

/// What a patient does about each occurrence in turn.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Nothing,
    /// Answers so far (in thousandths) into the window.
    Answers(AnswerStatus, i64),
    /// Says so later, in days after it closed.
    Corrects(i64),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let status = prop_oneof![Just(AnswerStatus::Done), Just(AnswerStatus::Skipped)];
    let deed = prop_oneof![
        2 => Just(Deed::Nothing),
        4 => (status, 0..1000_i64).prop_map(|(status, part)| Deed::Answers(status, part)),
        1 => (0..9_i64).prop_map(Deed::Corrects),
    ];
    prop::collection::vec(deed, 0..40)
}

#[derive(Clone, Debug)]
struct Story {
    timing: Timing,
    zone: &'static str,
    start: Instant,
    deeds: Vec<Deed>,
    until: Span,
}

fn story() -> impl Strategy<Value = Story> {
    // Around both clock changes of 2026, at any second.
    let start = prop_oneof![1_774_000_000..1_775_000_000_i64, 1_792_000_000..1_793_500_000_i64];
    (timing(), prop::sample::select(ZONES.as_slice()), start, deeds(), 0..50_i64).prop_map(
        |(timing, zone, start, deeds, days)| Story {
            timing,
            zone,
            start: Instant::from_micros(start * 1_000_000),
            deeds,
            until: Span::from_hours(days * 24 + 7),
        },
    )
}

impl Story {
    fn regimes(&self) -> Vec<Regime> {
        let zone = TimeZone::get(self.zone).unwrap();
        vec![Regime { from: self.start, zone, anchors: Anchors::default() }]
    }

    fn course(&self) -> Course {
        Course::new(&self.timing, self.start, self.regimes(), None)
    }

    fn slots(&self) -> Vec<Instant> {
        Pattern::new(&self.timing, self.start, self.regimes()).unwrap().slots().take(500).collect()
    }

    fn now(&self) -> Instant {
        self.start + self.until
    }

    /// The log that the deeds leave, only what the service took.
    fn log(&self) -> Vec<Answer> {
        let (course, slots) = (self.course(), self.slots());
        let mut wanted = Vec::new();
        for ((ordinal, deed), pair) in (0..).zip(&self.deeds).zip(slots.windows(2)) {
            let (due, closes) = (pair[0], closes(pair));
            match *deed {
                Deed::Nothing => {}
                Deed::Answers(status, part) => {
                    let at = due + Span::from_micros((closes - due).as_micros() / 1_000 * part);
                    wanted.push(Answer { ordinal, status, at, recorded_at: at, cause: None });
                }
                Deed::Corrects(days) => {
                    let recorded_at = closes + Span::from_days(days);
                    wanted.push(Answer {
                        ordinal,
                        status: AnswerStatus::Done,
                        at: due,
                        recorded_at,
                        cause: None,
                    });
                }
            }
        }
        wanted.sort_by_key(|answer| answer.recorded_at);
        let mut log: Vec<Answer> = Vec::new();
        for answer in wanted.into_iter().filter(|answer| answer.recorded_at <= self.now()) {
            if course.check_in(&log, answer).is_ok() {
                log.push(answer);
            }
        }
        log
    }

    fn replay(&self, log: &[Answer]) -> Replay {
        self.course().replay(log, &[], self.now())
    }
}

fn closes(pair: &[Instant]) -> Instant {
    let gap = pair[1] - pair[0];
    pair[1].min(pair[0] + Span::from_hours(24).max(gap.div(4)))
}

/// The naive model: slot by slot, until as many are answered as were planned, or the cap.
fn naive(story: &Story, log: &[Answer]) -> Vec<(Instant, OccurrenceStatus)> {
    let planned = story.course().planned().map(|n| n as usize);
    let bounded = story.timing.duration.is_some() || story.timing.count.is_some();
    let mut happened: Vec<(Instant, OccurrenceStatus)> = Vec::new();
    for (ordinal, pair) in story.slots().windows(2).enumerate() {
        let answered = happened
            .iter()
            .filter(|(_, status)| matches!(status, OccurrenceStatus::Done | OccurrenceStatus::Skipped))
            .count();
        let answer = log.iter().rev().find(|answer| answer.ordinal as usize == ordinal);
        let over = planned.is_some_and(|n| bounded && answered >= n || ordinal >= n + n.div_ceil(2));
        if over || (pair[0] > story.now() && answer.is_none()) {
            break;
        }
        let status = match answer {
            Some(Answer { status: AnswerStatus::Done, .. }) => OccurrenceStatus::Done,
            Some(Answer { status: AnswerStatus::Skipped, .. }) => OccurrenceStatus::Skipped,
            None if closes(pair) > story.now() => OccurrenceStatus::Due,
            None => OccurrenceStatus::Missed,
        };
        happened.push((pair[0], status));
    }
    happened
}

fn shape(replay: &Replay) -> Vec<(Instant, OccurrenceStatus)> {
    replay.occurrences.iter().map(|o| (o.due_at, o.status)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// The replay is what the naive walk gives.
    #[test]
    fn the_replay_is_the_naive_models(story in story()) {
        let log = story.log();
        prop_assert_eq!(shape(&story.replay(&log)), naive(&story, &log));
    }

    /// Nobody is given more than was prescribed, nor two at one time, nor more than the cap.
    #[test]
    fn doses_are_conserved(story in story()) {
        let replay = story.replay(&story.log());
        let answered = replay.occurrences.iter().filter(|o| matches!(o.status, OccurrenceStatus::Done | OccurrenceStatus::Skipped)).count();
        if let Some(planned) = replay.planned {
            prop_assert!(answered <= planned as usize);
            prop_assert!(replay.occurrences.len() <= (planned + planned.div_ceil(2)) as usize);
            prop_assert_eq!(replay.state == CourseState::Completed, answered == planned as usize);
        }
        prop_assert!(replay.occurrences.windows(2).all(|pair| pair[0].due_at < pair[1].due_at));
        prop_assert!(replay.occurrences.windows(2).all(|pair| pair[0].closes_at <= pair[1].due_at));
        prop_assert!(replay.occurrences.iter().filter(|o| o.status == OccurrenceStatus::Due).count() <= 1);
    }

    /// The same events twice, or told in another order, are the same events.
    #[test]
    fn repeats_and_order_do_not_matter(story in story()) {
        let log = story.log();
        let once = story.replay(&log);
        let mut told: Vec<_> = log.iter().rev().flat_map(|answer| [*answer, *answer]).collect();
        prop_assert_eq!(&story.replay(&told), &once);
        told.reverse();
        prop_assert_eq!(&story.replay(&told), &once);
    }

    /// What has happened keeps its instants, whatever happens after.
    #[test]
    fn the_past_keeps_its_instants(story in story(), days in 1..30_i64) {
        let log = story.log();
        let later = Story { until: story.until + Span::from_days(days), ..story.clone() };
        let (before, after) = (story.replay(&log), later.replay(&log));
        let dues = |replay: &Replay| replay.occurrences.iter().map(|o| (o.due_at, o.closes_at)).collect::<Vec<_>>();
        let (before, after) = (dues(&before), dues(&after));
        prop_assert!(after.starts_with(&before), "{:?} {:?}", before, after);
    }

    /// Nothing changes by itself before `wake_at`, and something does then; a running course has one.
    #[test]
    fn nothing_changes_before_the_next_wake(story in story()) {
        let log = story.log();
        let (course, now) = (story.course(), story.replay(&log));
        prop_assert_eq!(now.wake_at.is_some(), now.state == CourseState::Running);
        if let Some(wake) = now.wake_at {
            prop_assert!(wake > story.now());
            let just_before = course.replay(&log, &[], wake - Span::from_micros(1));
            prop_assert_eq!(shape(&just_before), shape(&now));
            prop_assert_ne!(shape(&course.replay(&log, &[], wake)), shape(&now));
        }
    }

    /// Doing everything on time never makes a course longer; each miss adds one, up to the cap.
    #[test]
    fn each_miss_adds_one(timing in timing(), misses in 0..6_u32) {
        let story = Story { timing, zone: "Europe/Berlin", start: Instant::from_micros(1_774_000_000_000_000), deeds: Vec::new(), until: Span::from_days(400) };
        prop_assume!(story.course().planned().is_some());
        let planned = story.course().planned().unwrap();
        let slots = story.slots();
        let log: Vec<_> = (misses..planned + misses).zip(&slots[misses as usize..]).map(|(ordinal, due)| Answer { ordinal, status: AnswerStatus::Done, at: *due, recorded_at: *due, cause: None }).collect();
        let replay = story.course().replay(&log, &[], *slots.last().unwrap());
        prop_assert_eq!(replay.extended_by, misses.min(planned.div_ceil(2)));
        prop_assert_eq!(replay.state == CourseState::Completed, misses <= planned.div_ceil(2));
    }

    /// An outage never makes a miss; without it the same occurrences are missed.
    #[test]
    fn outages_excuse_and_never_accuse(story in story(), from in 0..20_i64, hours in 1..200_i64) {
        let log = story.log();
        let outage = Outage { from: story.start + Span::from_days(from), to: story.start + Span::from_days(from) + Span::from_hours(hours) };
        let (with, without) = (story.course().replay(&log, &[outage], story.now()), story.replay(&log));
        for (a, b) in with.occurrences.iter().zip(&without.occurrences) {
            if a.status != b.status {
                prop_assert_eq!((a.status, b.status), (OccurrenceStatus::NotDelivered, OccurrenceStatus::Missed));
                prop_assert!(outage.from <= a.due_at && a.closes_at <= outage.to);
            }
        }
        prop_assert_eq!(with.occurrences.len(), without.occurrences.len());
    }

    /// New zones and times of day hold from then on, however often they change; what fell due
    /// before keeps its instants, and from the last change on the last one rules.
    #[test]
    fn new_habits_leave_the_past(story in story(), changes in prop::collection::vec((0..6_i64, prop::sample::select(ZONES.as_slice()), 6..12_i8), 1..5)) {
        let mut regimes = story.regimes();
        let mut at = story.start;
        for (hours, zone, hour) in changes {
            at = at + Span::from_minutes(hours * 60 + 1);
            let anchors = Anchors { first: jiff::civil::Time::constant(hour, 0, 0, 0), ..Anchors::default() };
            regimes.push(Regime { from: at, zone: TimeZone::get(zone).unwrap(), anchors });
        }
        let slots = |regimes: &[Regime]| -> Vec<Instant> {
            Pattern::new(&story.timing, story.start, regimes.to_vec()).unwrap().slots().take(60).collect()
        };
        for known in 1..regimes.len() {
            let (before, after) = (slots(&regimes[..known]), slots(&regimes[..=known]));
            let changed_at = regimes[known].from;
            let past = |slots: &[Instant]| slots.iter().copied().take_while(|slot| *slot < changed_at).collect::<Vec<_>>();
            prop_assert_eq!(past(&after), past(&before));
        }
        let all = slots(&regimes);
        prop_assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        // Two days after the last change nothing of what held before is left.
        let last = regimes.last().unwrap();
        if story.timing.frequency == Some(1) && story.timing.period.is_none() {
            for slot in all.iter().filter(|slot| **slot > at + Span::from_days(2)) {
                prop_assert_eq!(last.zone.to_datetime(slot.timestamp()).hour(), last.anchors.first.hour());
            }
        }
    }
    /// What has closed stays as it closed, and what is open is not closed by a change, only by the next being due.
    #[test]
    fn new_habits_reopen_nothing(weekly in any::<bool>(), story in story(), days in 0..20_i64, minutes in 0..1_440_i64, zone in prop::sample::select(ZONES.as_slice())) {
        let mut story = story;
        if weekly {
            story.timing = serde_json::from_str(r#"{"frequency":1,"period":1,"periodUnit":"wk"}"#).unwrap();
        }
        let changed = story.start + Span::from_days(days) + Span::from_minutes(minutes);
        let mut regimes = story.regimes();
        regimes.push(Regime { from: changed, zone: TimeZone::get(zone).unwrap(), anchors: Anchors::default() });
        let after = Course::new(&story.timing, story.start, regimes, None);
        let log: Vec<_> = story.log().into_iter().filter(|answer| answer.recorded_at < changed).collect();
        let (was, is) = (story.course().replay(&log, &[], changed), after.replay(&log, &[], changed));
        prop_assert_eq!(was.occurrences.len(), is.occurrences.len());
        for (was, is) in was.occurrences.iter().zip(&is.occurrences) {
            prop_assert_eq!((was.due_at, was.status, was.on_time), (is.due_at, is.status, is.on_time));
            prop_assert!(was.closes_at == is.closes_at || (was.closes_at > changed && is.closes_at >= changed));
        }
    }

    /// A course of which a beginning is settled stands as the whole course does, however often it was looked at
    /// before, wherever the patient went meanwhile, and whatever of it we slept through.
    #[test]
    fn what_is_settled_changes_nothing(
        story in story(), seldom in 0..3, pauses in prop::collection::vec(1..60_i64, 1..40),
        (moved, zone) in (0..40_i64, prop::sample::select(ZONES.as_slice())), (down, hours) in (0..40_i64, 1..100_i64),
    ) {
        let mut story = story;
        if seldom > 0 {
            story.timing = serde_json::from_str(&format!(r#"{{"frequency":1,"period":{seldom},"periodUnit":"wk"}}"#)).unwrap();
        }
        let journey = Regime {
            from: story.start + Span::from_days(moved) + Span::from_hours(5),
            zone: TimeZone::get(zone).unwrap(),
            anchors: Anchors::default(),
        };
        let from = story.start + Span::from_days(down);
        let outage = Outage { from, to: from + Span::from_hours(hours) };
        let log = story.log();
        let (mut settled, mut now, mut heard) = (Settled::default(), story.start, story.start);
        for pause in pauses {
            now = now + Span::from_hours(pause);
            if outage.from < now && now < outage.to {
                continue;
            }
            // Whoever writes down an answer to what is settled takes it that nothing is.
            let corrects = |answer: &&Answer| answer.ordinal < settled.first_open() && answer.recorded_at > heard;
            if log.iter().filter(|answer| answer.recorded_at <= now).any(|answer| corrects(&answer)) {
                settled = Settled::default();
            }
            heard = now;
            let mut regimes = story.regimes();
            regimes.extend((journey.from <= now).then(|| journey.clone()));
            let outages: Vec<_> = [outage].into_iter().filter(|outage| outage.to <= now).collect();
            let whole = Course::new(&story.timing, story.start, regimes.clone(), None);
            let course = Course::go_on(&story.timing, story.start, regimes, None, &settled);
            let later: Vec<_> = log.iter().copied().filter(|answer| answer.ordinal >= settled.first_open()).collect();
            let (all, is) = (whole.replay(&log, &outages, now), course.replay_from(settled.clone(), &later, &outages, now));
            let rest = all.occurrences.iter().skip(settled.first_open() as usize);
            prop_assert!(rest.eq(&is.occurrences), "{:?} {:?}", all, is);
            prop_assert_eq!(
                (all.planned, all.state, all.extended_by, all.lapsed, all.lapsed_now, all.next_due_at, all.wake_at, all.tally),
                (is.planned, is.state, is.extended_by, is.lapsed, is.lapsed_now, is.next_due_at, is.wake_at, is.tally)
            );
            prop_assert_eq!(attention::of_course(&whole, &all, now), attention::of_course(&course, &is, now));
            prop_assert_eq!(attention::soon(&whole, &all), attention::soon(&course, &is));
            let ahead = |course: &Course, replay: &Replay| course.upcoming(replay).take(3).collect::<Vec<_>>();
            prop_assert_eq!(ahead(&whole, &all), ahead(&course, &is));
            if let Some(more) = course.settle(&is, now) {
                prop_assert!(more.first_open() > settled.first_open());
                settled = serde_json::from_str(&serde_json::to_string(&more).unwrap()).unwrap();
            }
        }
    }
}
