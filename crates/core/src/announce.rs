//! Whether a person is told something now, and when to look again: a pure function of what is open, what
//! was said of it, and when they want to be left alone.
//!
//! There is one message for a person at a time, however much is due: it covers all that is open. What nobody
//! answers is said again, at most three times. After an outage, or when quiet hours end, what has gathered is
//! one message too, and what has closed meanwhile is in none.

use crate::{
    anchors::Anchors,
    instant::{Instant, Span},
    pattern::at,
};
use jiff::{ToSpan, civil::Time, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// What nobody has answered is said again after this.
pub const REPEAT: Span = Span::from_minutes(10);
/// So often at most, the first time included.
pub const MOST: u8 = 4;

/// Something that is open for a person: due, unanswered, in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// When it fell due.
    pub due_at: Instant,
    /// Until when it can be said.
    pub closes_at: Instant,
    /// A task: said once, whoever leaves it open.
    pub once: bool,
    /// How often it was said since it fell due, or since the person asked for it to wait.
    pub said: u8,
    /// When last.
    pub said_at: Option<Instant>,
    /// Until when the person asked for it to wait.
    pub snoozed_until: Option<Instant>,
}

/// How a person wants to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wishes {
    /// Between these times of day nothing is said; what falls due is said when they end.
    pub quiet: Option<Quiet>,
    /// Whether what nobody answers is said again.
    pub repeat: bool,
    /// Nothing but one message at breakfast, lunch, dinner and bedtime, with what has gathered.
    pub digest: bool,
    /// The IANA zone they are in for a while, where the plan keeps the times of home: quiet hours and the moments of
    /// the day are those of there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<String>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { quiet: None, repeat: true, digest: false, away: None }
    }
}

/// Quiet hours, by the wall clock; from 22:00 to 07:00 goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// From.
    #[serde(with = "crate::timing::hh_mm")]
    pub from: Time,
    /// Until, without it.
    #[serde(with = "crate::timing::hh_mm")]
    pub to: Time,
}

impl Quiet {
    /// When the quiet at an instant ends; `None` where it is not quiet.
    fn end(self, instant: Instant, zone: &TimeZone) -> Option<Instant> {
        let local = zone.to_datetime(instant.timestamp());
        let time = local.time();
        let (over_midnight, late) = (self.from > self.to, time >= self.from);
        let quiet = if over_midnight { late || time < self.to } else { late && time < self.to };
        let days = i64::from(over_midnight && late);
        let end = quiet.then(|| at(local.date().saturating_add(days.days()), self.to, zone))?;
        // Where clocks are put back, the same time of day comes twice.
        (end > instant).then_some(end)
    }
}

/// A message to a person: that something is due, never what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// When the newest of what it covers fell due: the time it carries, also when it is repeated.
    pub due_at: Instant,
    /// How many things it covers.
    pub count: usize,
    /// Whether nothing of it is said for the first time.
    pub repeated: bool,
}

/// What follows from what is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What to say now.
    pub message: Option<Message>,
    /// When to look again, if nothing changes before.
    pub next: Option<Instant>,
}

/// A person's wishes, where and when they live.
#[derive(Clone, Copy, Debug)]
pub struct Listener<'a> {
    /// How they want to be told.
    pub wishes: &'a Wishes,
    /// Their zone.
    pub zone: &'a TimeZone,
    /// Their times of day.
    pub anchors: &'a Anchors,
}

impl Listener<'_> {
    /// Decides, and marks as said what the message covers.
    pub fn decide(&self, open: &mut [Open], now: Instant) -> Verdict {
        let quiet_until = self.quiet_end(now);
        let owed = |one: &Open| now < one.closes_at && self.speaks_from(one).is_some_and(|from| from <= now);
        let owed = open.iter().any(owed);
        let message = if owed && quiet_until.is_none() { say(open, now) } else { None };
        let later = |one: &Open| {
            let from = self.speaks_from(one)?.max(quiet_until.unwrap_or(now));
            (from < one.closes_at).then_some(from)
        };
        Verdict { message, next: open.iter().filter_map(later).min() }
    }

    fn quiet_end(&self, instant: Instant) -> Option<Instant> {
        self.wishes.quiet.and_then(|quiet| quiet.end(instant, self.zone))
    }

    /// From when on something may be said next; `None`: not any more.
    fn speaks_from(&self, one: &Open) -> Option<Instant> {
        let owed = match one.said_at {
            None => one.due_at.max(one.snoozed_until.unwrap_or(one.due_at)),
            Some(_) if one.once || !self.wishes.repeat || self.wishes.digest || one.said >= MOST => {
                return None;
            }
            Some(at) => at + REPEAT,
        };
        // What would have closed by the next moment of the day does not wait for it.
        let gathered = self.wishes.digest.then(|| self.gathered(owed)).filter(|at| *at < one.closes_at);
        let from = gathered.unwrap_or(owed);
        let from = self.quiet_end(from).unwrap_or(from);
        (from < one.closes_at).then_some(from)
    }

    /// The first of the day's four moments that is not before an instant.
    fn gathered(&self, instant: Instant) -> Instant {
        let Anchors { breakfast, lunch, dinner, bedtime, .. } = *self.anchors;
        let today = self.zone.to_datetime(instant.timestamp()).date();
        let moments = [today, today.saturating_add(1.day())].into_iter().flat_map(|date| {
            [breakfast, lunch, dinner, bedtime].into_iter().map(move |time| at(date, time, self.zone))
        });
        moments.filter(|moment| *moment >= instant).min().unwrap_or(instant)
    }
}

/// One message about all that is open.
fn say(open: &mut [Open], now: Instant) -> Option<Message> {
    let covers = |one: &&mut Open| {
        let waits = one.snoozed_until.is_some_and(|until| until > now);
        one.due_at <= now && now < one.closes_at && !waits && !(one.once && one.said_at.is_some())
    };
    let (mut due_at, mut count, mut repeated) = (None, 0, true);
    for one in open.iter_mut().filter(covers) {
        due_at = due_at.max(Some(one.due_at));
        count += 1;
        repeated &= one.said_at.is_some();
        one.said = one.said.saturating_add(1);
        one.said_at = Some(now);
    }
    Some(Message { due_at: due_at?, count, repeated })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 1_770_000_000 - 1_770_000_000 % 86_400;

    fn minute(n: i64) -> Instant {
        Instant::from_micros((DAY + n * 60) * 1_000_000)
    }

    fn due(at: i64, closes: i64) -> Open {
        Open {
            due_at: minute(at),
            closes_at: minute(closes),
            once: false,
            said: 0,
            said_at: None,
            snoozed_until: None,
        }
    }

    /// Looks whenever it is said to, from a minute on; the minutes of the messages, with their due times.
    fn told(wishes: &Wishes, open: &mut [Open], from: i64, until: i64) -> Vec<(i64, i64, usize)> {
        let (zone, anchors) = (TimeZone::UTC, Anchors::default());
        let listener = Listener { wishes, zone: &zone, anchors: &anchors };
        let (mut now, mut said) = (minute(from), Vec::new());
        let number = |instant: Instant| (instant - minute(0)).as_micros() / 60_000_000;
        loop {
            let Verdict { message, next } = listener.decide(open, now);
            said.extend(message.map(|m| (number(now), number(m.due_at), m.count)));
            match next.filter(|next| *next < minute(until)) {
                Some(next) => {
                    assert!(next > now, "{next} after {now}");
                    now = next;
                }
                None => return said,
            }
        }
    }

    #[test]
    fn said_again_three_times_with_the_original_time() {
        let told = told(&Wishes::default(), &mut [due(480, 1_920)], 480, 3_000);
        assert_eq!(told, [(480, 480, 1), (490, 480, 1), (500, 480, 1), (510, 480, 1)]);
    }

    #[test]
    fn what_falls_due_together_is_one_message() {
        let told = told(&Wishes::default(), &mut [due(480, 600), due(480, 600), due(485, 600)], 480, 500);
        assert_eq!(told, [(480, 480, 2), (485, 485, 3), (495, 485, 3)]);
    }

    #[test]
    fn after_an_outage_there_is_one_message_and_none_for_what_has_closed() {
        let mut open = [due(360, 480), due(480, 600), due(540, 1_000)];
        let told = told(&Wishes { repeat: false, ..Wishes::default() }, &mut open, 590, 3_000);
        assert_eq!(told, [(590, 540, 2)]);
    }

    #[test]
    fn quiet_hours_shift_and_silence() {
        let quiet = Some(Quiet { from: Time::constant(22, 0, 0, 0), to: Time::constant(7, 0, 0, 0) });
        let wishes = Wishes { quiet, repeat: false, ..Wishes::default() };
        // Due at 23:00 and closing the next day; due at 02:00 and closing at 06:00.
        let mut open = [due(1_380, 2_820), due(1_560, 1_800)];
        assert_eq!(told(&wishes, &mut open, 1_380, 5_000), [(1_860, 1_380, 1)]);
        // A repeat that would fall into the quiet comes after it.
        let wishes = Wishes { repeat: true, ..wishes };
        let told = told(&wishes, &mut [due(1_315, 2_700)], 1_315, 5_000);
        assert_eq!(told.iter().map(|one| one.0).collect::<Vec<_>>(), [1_315, 1_860, 1_870, 1_880]);
    }

    #[test]
    fn a_digest_gathers() {
        let wishes = Wishes { digest: true, ..Wishes::default() };
        let mut open = [due(500, 1_900), due(600, 1_900), due(480, 1_900), due(1_080, 2_000)];
        assert_eq!(told(&wishes, &mut open, 480, 3_000), [(480, 480, 1), (750, 600, 3), (1_110, 1_080, 4)]);
    }

    #[test]
    fn tasks_are_said_once_and_snoozed_things_later() {
        let mut task = [Open { once: true, ..due(480, 9_000) }];
        assert_eq!(told(&Wishes::default(), &mut task, 480, 3_000), [(480, 480, 1)]);
        let mut snoozed = [Open { snoozed_until: Some(minute(540)), ..due(480, 1_920) }];
        let told = told(&Wishes::default(), &mut snoozed, 485, 3_000);
        assert_eq!(told[0], (540, 480, 1));
        assert_eq!(told.len(), 4);
    }

    proptest! {
        /// However late or often somebody looks: nothing is said of what has closed, in the quiet, or too
        /// often; and what stays open is said.
        #[test]
        fn never_a_storm_and_never_silence(
            items in proptest::collection::vec((0_i64..1_440, 1_i64..2_000, any::<bool>()), 1..6),
            looks in proptest::collection::vec(1_i64..400, 1..60),
            repeat in any::<bool>(), digest in any::<bool>(),
            quiet in proptest::option::of((0_i8..24, 0_i8..24)),
        ) {
            let quiet = quiet.filter(|(from, to)| from != to).map(|(from, to)| Quiet {
                from: Time::constant(from, 0, 0, 0), to: Time::constant(to, 0, 0, 0),
            });
            let wishes = Wishes { quiet, repeat, digest, away: None };
            let (zone, anchors) = (TimeZone::UTC, Anchors::default());
            let listener = Listener { wishes: &wishes, zone: &zone, anchors: &anchors };
            let mut open: Vec<_> = items.iter()
                .map(|(at, length, once)| Open { once: *once, ..due(*at, at + length) }).collect();
            let (mut now, mut messages) = (minute(0), 0);
            for step in looks {
                let before = open.clone();
                let Verdict { message, next } = listener.decide(&mut open, now);
                if let Some(message) = message {
                    messages += 1;
                    prop_assert!(listener.quiet_end(now).is_none());
                    prop_assert!(message.due_at <= now && message.count > 0);
                }
                for (one, before) in open.iter().zip(&before) {
                    let said = one.said != before.said;
                    prop_assert!(!said || (now < one.closes_at && one.due_at <= now));
                    prop_assert!(!said || !one.once || one.said == 1);
                }
                prop_assert!(next.is_none_or(|next| next > now));
                // Looking a second time at once says nothing.
                prop_assert_eq!(listener.decide(&mut open, now).message, None);
                now = now + Span::from_minutes(step);
            }
            prop_assert!(messages <= items.len() * usize::from(MOST));
            // Whoever looks when told to says something of all that is open long enough.
            let mut open: Vec<_> = items.iter().map(|(at, _, once)| Open { once: *once, ..due(*at, at + 2_881) }).collect();
            let mut now = minute(0);
            while let Some(next) = listener.decide(&mut open, now).next {
                now = next;
            }
            prop_assert!(open.iter().all(|one| one.said > 0), "{:?}", open);
        }
    }
}
