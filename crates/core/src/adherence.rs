//! How well a plan was followed, in figures that say what they count.
//!
//! The names PDC and MPR are not used: they need dispensing data.

use crate::course::{Occurrence, OccurrenceStatus};
use jiff::{civil::Date, tz::TimeZone};
use serde::Serialize;
use std::collections::BTreeMap;

/// Counts over closed occurrences; open, future, cancelled and undelivered ones are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Done.
    pub done: u32,
    /// Closed unanswered.
    pub missed: u32,
    /// Left out on purpose.
    pub skipped: u32,
    /// Of the done: within min(2 h, gap / 4) of due.
    pub on_time: u32,
}

/// What each figure means, printed beside it.
pub const DEFINITIONS: [(&str, &str); 5] = [
    (
        "rate",
        "done / (done + missed + skipped), closed occurrences only; as-needed, future, cancelled and not delivered ones are left out; null: not yet",
    ),
    ("correct_days", "days on which everything due was done / days on which anything was due"),
    ("on_time", "done within min(2 h, a quarter of the interval) of due / done"),
    ("completion", "done / planned, for courses with an end"),
    ("missed", "closed without an answer while the service was reachable"),
];

impl Figures {
    /// Counts one occurrence.
    pub fn count(&mut self, occurrence: &Occurrence) {
        match occurrence.status {
            OccurrenceStatus::Done => {
                self.done += 1;
                self.on_time += u32::from(occurrence.on_time == Some(true));
            }
            OccurrenceStatus::Skipped => self.skipped += 1,
            OccurrenceStatus::Missed => self.missed += 1,
            OccurrenceStatus::Due | OccurrenceStatus::NotDelivered | OccurrenceStatus::Cancelled => {}
        }
    }

    /// Of several.
    pub fn of<'a>(occurrences: impl IntoIterator<Item = &'a Occurrence>) -> Self {
        let mut figures = Self::default();
        occurrences.into_iter().for_each(|occurrence| figures.count(occurrence));
        figures
    }

    /// Together with others.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            done: self.done + other.done,
            missed: self.missed + other.missed,
            skipped: self.skipped + other.skipped,
            on_time: self.on_time + other.on_time,
        }
    }

    /// Dose adherence, 0 to 1; `None` ("not yet", never 0 %) before the first has closed.
    pub fn rate(&self) -> Option<f64> {
        ratio(self.done, self.done + self.missed + self.skipped)
    }

    /// The share of the done that was on time.
    pub fn punctuality(&self) -> Option<f64> {
        ratio(self.on_time, self.done)
    }

    /// done / planned.
    pub fn completion(&self, planned: Option<u32>) -> Option<f64> {
        ratio(self.done, planned?)
    }
}

fn ratio(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

/// How a day went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Everything that was due was done.
    Done,
    /// Some of it.
    Part,
    /// None of it.
    Missed,
    /// Nothing was due, or nothing has closed.
    None,
}

/// Figures by the patient's local day of the due time.
pub fn by_day<'a>(
    occurrences: impl IntoIterator<Item = &'a Occurrence>,
    zone: &TimeZone,
) -> BTreeMap<Date, Figures> {
    let mut days: BTreeMap<Date, Figures> = BTreeMap::new();
    for occurrence in occurrences {
        let mut figures = Figures::default();
        figures.count(occurrence);
        if figures != Figures::default() {
            let date = zone.to_datetime(occurrence.due_at.timestamp()).date();
            let day = days.entry(date).or_default();
            *day = day.plus(figures);
        }
    }
    days
}

impl Figures {
    /// How a day with these figures went.
    pub fn day(&self) -> Day {
        match (self.done, self.missed + self.skipped) {
            (0, 0) => Day::None,
            (_, 0) => Day::Done,
            (0, _) => Day::Missed,
            _ => Day::Part,
        }
    }
}

/// The share of days on which everything due was done.
pub fn correct_days(days: &BTreeMap<Date, Figures>) -> Option<f64> {
    let correct = days.values().filter(|figures| figures.day() == Day::Done).count();
    ratio(u32::try_from(correct).ok()?, u32::try_from(days.len()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::{Instant, Span};

    fn occurrence(day: i64, status: OccurrenceStatus) -> Occurrence {
        let due_at = Instant::from_micros(0) + Span::from_days(day);
        Occurrence {
            ordinal: 0,
            due_at,
            closes_at: due_at + Span::from_days(1),
            status,
            on_time: (status == OccurrenceStatus::Done).then_some(day == 0),
            answered_at: None,
            cause: None,
        }
    }

    #[test]
    fn only_what_has_closed_counts() {
        use OccurrenceStatus::{Cancelled, Done, Due, Missed, NotDelivered, Skipped};
        let all: Vec<_> = [Done, Done, Missed, Skipped, Due, NotDelivered, Cancelled]
            .into_iter()
            .zip(0..)
            .map(|(status, day)| occurrence(day, status))
            .collect();
        let figures = Figures::of(&all);
        assert_eq!(figures.rate(), Some(0.5));
        assert_eq!(figures.punctuality(), Some(0.5));
        assert_eq!(figures.completion(Some(4)), Some(0.5));
        let days = by_day(&all, &TimeZone::UTC);
        assert_eq!(correct_days(&days), Some(0.5));
        assert_eq!(days.len(), 4);
    }

    #[test]
    fn before_the_first_closes_it_is_not_yet() {
        let figures = Figures::of(&[occurrence(0, OccurrenceStatus::Due)]);
        assert_eq!((figures.rate(), figures.punctuality(), figures.completion(None)), (None, None, None));
        assert_eq!(correct_days(&by_day(&[], &TimeZone::UTC)), None);
    }

    #[test]
    fn days_are_the_patients_own() {
        let mut late = occurrence(0, OccurrenceStatus::Done);
        late.due_at = Instant::from_micros(0) - Span::from_minutes(30);
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(by_day(&[late.clone()], &berlin).keys().next().unwrap().to_string(), "1970-01-01");
        assert_eq!(by_day(&[late], &TimeZone::UTC).keys().next().unwrap().to_string(), "1969-12-31");
    }
}
