//! Instants as calendars write them: series of local times with rules (RFC 5545 §3.3.10).
//!
//! A rule is found in the instants, not made from what they were computed from: it stands only where it gives
//! those instants and no others. What no rule gives stands as single times.

use crate::{instant::Instant, pattern::at};
use jiff::{
    ToSpan,
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Times that one rule gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// When it begins.
    pub start: Start,
    /// How it goes on; `None` for a single time.
    pub rule: Option<Rule>,
    /// How many times in all; `None`: without end.
    pub count: Option<usize>,
}

/// The first time of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// By the wall clock.
    Local(DateTime),
    /// By elapsed time.
    Elapsed(Instant),
}

/// How a series goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Every so many minutes of elapsed time.
    Minutes(i64),
    /// Every so many days.
    Days(i64),
    /// On days of the week, every so many weeks counted from the first day.
    Weeks(i64, Vec<Weekday>),
    /// On a day of the month, every so many months; the last day where a month has no such day.
    Months(i64, i8),
}

fn day(weekday: Weekday) -> &'static str {
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][usize::from(weekday.to_monday_zero_offset().unsigned_abs())]
}

impl Series {
    /// The value of `RRULE`; `None` for a single time.
    pub fn rrule(&self) -> Option<String> {
        let rule = self.rule.as_ref()?;
        let mut text = match rule {
            Rule::Minutes(n) if n % 60 == 0 => format!("FREQ=HOURLY;INTERVAL={}", n / 60),
            Rule::Minutes(n) => format!("FREQ=MINUTELY;INTERVAL={n}"),
            Rule::Days(n) => format!("FREQ=DAILY;INTERVAL={n}"),
            Rule::Weeks(n, days) => {
                let days: Vec<_> = days.iter().map(|weekday| day(*weekday)).collect();
                format!("FREQ=WEEKLY;INTERVAL={n};BYDAY={}", days.join(","))
            }
            // Of the days up to this one the last that the month has.
            Rule::Months(n, day @ 29..) => {
                let days: Vec<_> = (28..=*day).map(|day| day.to_string()).collect();
                format!("FREQ=MONTHLY;INTERVAL={n};BYMONTHDAY={};BYSETPOS=-1", days.join(","))
            }
            Rule::Months(n, day) => format!("FREQ=MONTHLY;INTERVAL={n};BYMONTHDAY={day}"),
        };
        if let (Rule::Weeks(..), Start::Local(start)) = (rule, self.start) {
            // Weeks are counted from the first day, whichever it is.
            let _ = write!(text, ";WKST={}", day(start.date().weekday()));
        }
        if let Some(count) = self.count {
            let _ = write!(text, ";COUNT={count}");
        }
        Some(text)
    }
}

/// Rising instants as series; `endless` where they are the beginning of what has no end. `elapsed` where they follow
/// no wall clock.
pub fn series(instants: &[Instant], endless: bool, zone: &TimeZone, elapsed: bool) -> Vec<Series> {
    if elapsed {
        return by_elapsed(instants, endless);
    }
    let mut times: BTreeMap<Time, Vec<Date>> = BTreeMap::new();
    for instant in instants {
        let local = zone.to_datetime(instant.timestamp());
        times.entry(local.time()).or_default().push(local.date());
    }
    back_from_gaps(&mut times, zone);
    let mut all = Vec::new();
    for (time, dates) in times {
        // The last of what has no end may be missing at this time of day.
        let count = (!endless).then_some(dates.len());
        match rule(&dates) {
            Some(rule) => {
                let start = Start::Local(dates[0].to_datetime(time));
                all.push(Series {
                    start,
                    rule: rule.filter(|_| dates.len() > 1),
                    count: count.filter(|count| *count > 1),
                });
            }
            None => all.extend(dates.iter().map(|date| single(Start::Local(date.to_datetime(time))))),
        }
    }
    all.sort_by_key(|series| match series.start {
        Start::Local(start) => start,
        Start::Elapsed(start) => zone.to_datetime(start.timestamp()),
    });
    all
}

fn single(start: Start) -> Series {
    Series { start, rule: None, count: None }
}

fn by_elapsed(instants: &[Instant], endless: bool) -> Vec<Series> {
    let gaps: Vec<i64> = instants.windows(2).map(|pair| (pair[1] - pair[0]).as_micros()).collect();
    match gaps.first() {
        Some(gap) if gap % 60_000_000 == 0 && gaps.iter().all(|other| other == gap) => vec![Series {
            start: Start::Elapsed(instants[0]),
            rule: Some(Rule::Minutes(gap / 60_000_000)),
            count: (!endless).then_some(instants.len()),
        }],
        _ => instants.iter().map(|instant| single(Start::Elapsed(*instant))).collect(),
    }
}

/// A time in a gap shows as a later one; it goes back to the time of day that it stands for.
fn back_from_gaps(times: &mut BTreeMap<Time, Vec<Date>>, zone: &TimeZone) {
    let odd: Vec<(Time, Date)> = times
        .iter()
        .flat_map(|(time, dates)| dates.iter().map(|date| (*time, *date)))
        .filter(|(_, date)| {
            let day = at(*date, Time::midnight(), zone);
            let next = at(date.saturating_add(1.day()), Time::midnight(), zone);
            (next - day).as_micros() < 86_400_000_000
        })
        .collect();
    for (time, date) in odd {
        let instant = at(date, time, zone);
        let home = times.iter().find(|(other, dates)| {
            **other < time && !dates.contains(&date) && dates.len() > 1 && at(date, **other, zone) == instant
        });
        let Some(home) = home.map(|(home, _)| *home) else { continue };
        if let Some(dates) = times.get_mut(&time) {
            dates.retain(|other| *other != date);
        }
        let dates = times.entry(home).or_default();
        dates.push(date);
        dates.sort_unstable();
    }
    times.retain(|_, dates| !dates.is_empty());
}

/// The rule that gives these dates and no others between them; the outer `None` where there is none, the inner for one date.
#[expect(clippy::option_option, reason = "no rule needed, and no rule found, are two answers")]
fn rule(dates: &[Date]) -> Option<Option<Rule>> {
    let [first, second, ..] = dates else { return Some(None) };
    let days = |from: Date, to: Date| from.until(to).map_or(0, |span| i64::from(span.get_days()));
    let gap = days(*first, *second);
    if dates.windows(2).all(|pair| days(pair[0], pair[1]) == gap) {
        return Some(Some(Rule::Days(gap)));
    }
    let mut named: Vec<Weekday> = dates.iter().map(|date| date.weekday()).collect();
    named.sort_by_key(|weekday| weekday.to_monday_zero_offset());
    named.dedup();
    let months = |from: Date, to: Date| {
        i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month())
    };
    // The day meant is the latest seen: shorter months cut it.
    let meant = dates.iter().map(|date| date.day()).max()?;
    let weeks = (1..=8).map(|n| Rule::Weeks(n, named.clone()));
    let monthly = [months(*first, *second)].into_iter().filter(|n| *n > 0);
    let monthly = monthly.map(|n| Rule::Months(n, meant));
    weeks.chain(monthly).find(|rule| gives(rule, dates)).map(Some)
}

/// Whether a rule gives these dates, from the first to the last, and no others.
fn gives(rule: &Rule, dates: &[Date]) -> bool {
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else { return true };
    let mut given = Vec::new();
    for n in 0_i64.. {
        let next = match rule {
            Rule::Weeks(every, named) => {
                let week = first.saturating_add((n / 7 * every).weeks());
                let date = week.saturating_add((n % 7).days());
                if date <= *last && !named.contains(&date.weekday()) {
                    continue;
                }
                date
            }
            Rule::Months(every, day) => {
                let month = first.first_of_month().saturating_add((n * every).months());
                month.saturating_add(i64::from(*day.min(&month.days_in_month()) - 1).days())
            }
            Rule::Minutes(_) | Rule::Days(_) => return false,
        };
        if next > *last || given.len() > dates.len() {
            break;
        }
        given.push(next);
    }
    given == dates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(text: &[&str]) -> Vec<Instant> {
        text.iter().map(|date| at(date.parse().unwrap(), Time::constant(8, 0, 0, 0), &berlin())).collect()
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn rules(instants: &[Instant]) -> Vec<Option<String>> {
        series(instants, false, &berlin(), false).iter().map(Series::rrule).collect()
    }

    fn one(rule: &str) -> Vec<Option<String>> {
        vec![Some(rule.to_owned())]
    }

    #[test]
    fn rules_are_found_in_instants() {
        let days = ["2026-03-27", "2026-03-28", "2026-03-29", "2026-03-30"];
        assert_eq!(rules(&dates(&days)), one("FREQ=DAILY;INTERVAL=1;COUNT=4"));
        assert_eq!(rules(&dates(&days[..1])), [None]);
        let weekly = ["2026-02-04", "2026-02-06", "2026-02-09", "2026-02-11", "2026-02-13"];
        assert_eq!(rules(&dates(&weekly)), one("FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,WE,FR;WKST=WE;COUNT=5"));
        let months = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"];
        assert_eq!(
            rules(&dates(&months)),
            one("FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=28,29,30,31;BYSETPOS=-1;COUNT=4")
        );
        let years = ["2027-02-10", "2028-02-10", "2029-02-10"];
        assert_eq!(rules(&dates(&years)), one("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=10;COUNT=3"));
        assert_eq!(
            rules(&dates(&["2026-02-01", "2026-02-02", "2026-02-08", "2026-02-16"])),
            [None, None, None, None]
        );
    }

    #[test]
    fn a_time_in_a_gap_belongs_to_its_series() {
        let half_past_two = Time::constant(2, 30, 0, 0);
        let days = ["2026-03-28", "2026-03-29", "2026-03-30"];
        let instants: Vec<_> =
            days.iter().map(|date| at(date.parse().unwrap(), half_past_two, &berlin())).collect();
        assert_eq!(rules(&instants), one("FREQ=DAILY;INTERVAL=1;COUNT=3"));
        let elapsed: Vec<_> = (0..4).map(|n| instants[0] + crate::instant::Span::from_hours(8 * n)).collect();
        let found = series(&elapsed, true, &berlin(), true);
        assert_eq!(found[0].rrule().unwrap(), "FREQ=HOURLY;INTERVAL=8");
    }
}
