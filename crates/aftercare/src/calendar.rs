//! A plan as a calendar that others subscribe to (RFC 5545, RFC 7986): times, and not a word of what they are for.
//!
//! One event for each time of day of a step. An extension raises `COUNT`; what was answered ahead is taken out with
//! `EXDATE`; a step that was replaced stays for some weeks as `CANCELLED`, since calendars keep what merely vanishes.

use crate::plan::{Plan, PlanStep};
use aftercare_core::{
    course::{CourseState, Occurrence, OccurrenceStatus},
    instant::{Instant, Span},
    recurrence::{Series, Start, series},
};
use jiff::{civil::DateTime, tz::TimeZone};
use std::fmt::Write;

/// What is over is shown for so long.
pub const KEPT: Span = Span::from_days(28);
/// So much of what has no end is looked at to find its rule, and shown where it has none.
const AHEAD: usize = 64;

/// A text in the form of RFC 5545: lines of at most 75 octets, ended by CR LF.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, line: &str) {
        let mut octets = 0;
        for char in line.chars() {
            if octets + char.len_utf8() > 75 {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(char);
            octets += char.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

fn local(time: DateTime) -> String {
    time.strftime("%Y%m%dT%H%M%S").to_string()
}

fn utc(instant: Instant) -> String {
    format!("{}Z", local(TimeZone::UTC.to_datetime(instant.timestamp())))
}

/// The calendar of a plan. `origin` is where the app is, `host` what its ids end in.
pub fn calendar(plan: &Plan, origin: &str, host: &str) -> String {
    let zone = plan.habits.zone(plan.now);
    let name = zone.iana_name().unwrap_or("UTC");
    let mut lines = Lines::default();
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Aftercare//Aftercare//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "NAME:Aftercare",
        "X-WR-CALNAME:Aftercare",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ] {
        lines.put(line);
    }
    // No X-WR-TIMEZONE: readers move what is in UTC by it, and every eight hours becomes every nine.
    let first = plan.steps.iter().map(|step| step.row.activated_at).min().unwrap_or(plan.now);
    time_zone(&mut lines, zone, name, (first, plan.now));
    for step in &plan.steps {
        Events { step, plan, zone, name, origin, host }.put(&mut lines);
    }
    lines.put("END:VCALENDAR");
    lines.0
}

/// The zone, each change of its offset from a year before the first event to ten years from now.
fn time_zone(lines: &mut Lines, zone: &TimeZone, name: &str, (first, now): (Instant, Instant)) {
    let (from, to) = (first - Span::from_days(366), now + Span::from_days(3_660));
    let observance = |lines: &mut Lines, at: Instant, before: jiff::tz::Offset| {
        let info = zone.to_offset_info(at.timestamp());
        let kind = if info.dst().is_dst() { "DAYLIGHT" } else { "STANDARD" };
        lines.put(&format!("BEGIN:{kind}"));
        // By the clock as it was before.
        lines.put(&format!("DTSTART:{}", local(before.to_datetime(at.timestamp()))));
        lines.put(&format!("TZOFFSETFROM:{}", offset(before)));
        lines.put(&format!("TZOFFSETTO:{}", offset(info.offset())));
        lines.put(&format!("TZNAME:{}", info.abbreviation()));
        lines.put(&format!("END:{kind}"));
    };
    lines.put("BEGIN:VTIMEZONE");
    lines.put(&format!("TZID:{name}"));
    let mut before = zone.to_offset(from.timestamp());
    observance(lines, from, before);
    for change in zone.following(from.timestamp()) {
        let at = Instant::from(change.timestamp());
        if at > to {
            break;
        }
        observance(lines, at, before);
        before = change.offset();
    }
    lines.put("END:VTIMEZONE");
}

/// `+0100`, with seconds where there are some.
fn offset(offset: jiff::tz::Offset) -> String {
    let seconds = offset.seconds();
    let (sign, rest) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let mut text = format!("{sign}{:02}{:02}", rest / 3_600, rest / 60 % 60);
    if rest % 60 != 0 {
        // A String takes everything.
        let _ = write!(text, "{:02}", rest % 60);
    }
    text
}

/// One step's events.
struct Events<'a> {
    step: &'a PlanStep,
    plan: &'a Plan,
    zone: &'a TimeZone,
    name: &'a str,
    origin: &'a str,
    host: &'a str,
}

impl Events<'_> {
    fn put(&self, lines: &mut Lines) {
        let now = self.plan.now;
        let over = match &self.step.course {
            _ if self.step.row.superseded_at.is_some() => self.step.row.superseded_at,
            Some((_, replay)) if replay.state != CourseState::Running => {
                replay.occurrences.last().map(|last| last.closes_at)
            }
            None => self.step.row.due_at,
            Some(_) => None,
        };
        if over.is_some_and(|over| over + KEPT < now) {
            return;
        }
        let elapsed = self.step.timing.as_ref().is_some_and(|timing| timing.rate().2.is_elapsed());
        let (instants, endless) = self.instants();
        let all = series(&instants, endless, self.zone, elapsed && self.step.course.is_some());
        let near = |series: &&Series| series.rule.is_some() || self.at(series.start) + KEPT > now;
        for (n, series) in all.iter().filter(near).enumerate() {
            self.event(lines, n, series);
        }
    }

    /// The instants of a step under the zone and times of day that hold now; whether more follow without end.
    fn instants(&self) -> (Vec<Instant>, bool) {
        let Some((course, replay)) = &self.step.course else {
            return (self.step.row.due_at.into_iter().collect(), false);
        };
        let since = self.plan.habits.at(self.plan.now).from;
        let endless = course.cap().is_none() && replay.state == CourseState::Running;
        let most = if endless { AHEAD } else { usize::MAX };
        let past = replay.occurrences.iter().map(|one| one.due_at).filter(|due| *due >= since);
        let ahead = course.upcoming(replay).map(|(_, window)| window.due_at).take(most);
        (past.chain(ahead).collect(), endless)
    }

    fn at(&self, start: Start) -> Instant {
        match start {
            Start::Elapsed(at) => at,
            Start::Local(time) => {
                self.zone.to_ambiguous_timestamp(time).compatible().map_or(self.plan.now, Instant::from)
            }
        }
    }

    /// `;TZID=Europe/Berlin:20260202T080000`, or in UTC.
    fn value(&self, start: Start) -> String {
        match start {
            Start::Local(time) => format!(";TZID={}:{}", self.name, local(time)),
            Start::Elapsed(at) => format!(":{}", utc(at)),
        }
    }

    fn event(&self, lines: &mut Lines, n: usize, series: &Series) {
        let row = &self.step.row;
        let changed = self.changed();
        let part = if n == 0 { String::new() } else { format!("-{n}") };
        lines.put("BEGIN:VEVENT");
        lines.put(&format!("UID:{}{part}@{}", row.id, self.host));
        lines.put(&format!("DTSTAMP:{}", utc(changed)));
        lines.put(&format!("LAST-MODIFIED:{}", utc(changed)));
        // It grows with each change, in minutes since the step began.
        let minutes = (changed - row.activated_at).as_micros() / 60_000_000;
        lines.put(&format!("SEQUENCE:{minutes}"));
        lines.put(&format!("DTSTART{}", self.value(series.start)));
        lines.put("DURATION:PT5M");
        if let Some(rule) = series.rrule() {
            lines.put(&format!("RRULE:{rule}"));
        }
        for gone in self.answered_ahead().filter(|_| series.rule.is_some()) {
            let start = match series.start {
                Start::Elapsed(_) => Start::Elapsed(gone),
                Start::Local(first) => {
                    let time = self.zone.to_datetime(gone.timestamp());
                    if time.time() != first.time() {
                        continue;
                    }
                    Start::Local(time)
                }
            };
            lines.put(&format!("EXDATE{}", self.value(start)));
        }
        let cancelled = row.superseded_at.is_some();
        lines.put(if cancelled { "STATUS:CANCELLED" } else { "STATUS:CONFIRMED" });
        for line in ["SUMMARY:Aftercare", "CLASS:PRIVATE", "TRANSP:TRANSPARENT"] {
            lines.put(line);
        }
        lines.put(&format!("URL:{}/today", self.origin));
        if !cancelled {
            for line in
                ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:PT0S", "DESCRIPTION:Aftercare", "END:VALARM"]
            {
                lines.put(line);
            }
        }
        lines.put("END:VEVENT");
    }

    /// What is answered before its time needs no alarm.
    fn answered_ahead(&self) -> impl Iterator<Item = Instant> {
        let answered =
            |one: &&Occurrence| matches!(one.status, OccurrenceStatus::Done | OccurrenceStatus::Skipped);
        let ahead =
            move |one: &&Occurrence| answered(one) && one.answered_at.is_some_and(|at| at < one.due_at);
        self.step.occurrences().iter().filter(ahead).map(|one| one.due_at)
    }

    /// When anything changed last of what this says: an answer, a miss, the times of day, the end.
    fn changed(&self) -> Instant {
        let regime = self.plan.habits.at(self.plan.now).from;
        let missed = |one: &&Occurrence| {
            matches!(one.status, OccurrenceStatus::Missed | OccurrenceStatus::NotDelivered)
        };
        let closed = self.step.occurrences().iter().filter(missed).map(|one| one.closes_at);
        let own = [
            Some(self.step.row.activated_at),
            self.step.row.superseded_at,
            self.step.row.answered_at,
            self.step.heard_at,
        ];
        own.into_iter()
            .flatten()
            .chain(closed)
            .chain([regime])
            .max()
            .unwrap_or(self.plan.now)
            .max(self.step.row.activated_at)
    }
}
