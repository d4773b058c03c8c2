//! When a step is to be done: the subset of FHIR R4 `Timing.repeat` that the product schedules.
//!
//! <https://hl7.org/fhir/R4/datatypes.html#Timing>. Field names are FHIR's where FHIR has one.

use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Serialize};

/// Units of time by their UCUM codes: `min` `h` `d` `wk` `mo` `a`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Minutes.
    Min,
    /// Hours.
    H,
    /// Days.
    #[default]
    D,
    /// Weeks.
    Wk,
    /// Calendar months, never 30 days.
    Mo,
    /// Calendar years.
    A,
}

impl Unit {
    /// Hours and minutes are elapsed time; everything else follows the wall clock.
    pub fn is_elapsed(self) -> bool {
        matches!(self, Self::Min | Self::H)
    }

    /// About how many minutes; exact but for months and years. For bounds and comparisons only.
    pub fn approximate_minutes(self) -> u64 {
        match self {
            Self::Min => 1,
            Self::H => 60,
            Self::D => 1_440,
            Self::Wk => 10_080,
            Self::Mo => 43_830,
            Self::A => 525_960,
        }
    }
}

/// An amount of time, or a range of it where `max` is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// How many; the lower end of a range.
    pub value: u32,
    /// The upper end of a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// Of what.
    pub unit: Unit,
}

impl Quantity {
    /// Without a range.
    pub const fn of(value: u32, unit: Unit) -> Self {
        Self { value, max: None, unit }
    }
}

/// When a course begins, relative to its activation, or on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Start {
    /// So long after activation.
    After(Quantity),
    /// At local midnight of a date.
    On(OnDate),
}

/// A calendar date in an object of its own: `{"date": "2026-02-06"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnDate {
    /// The date, `YYYY-MM-DD`.
    pub date: Date,
}

/// Codes for times of day that follow a person's habits (FHIR event-timing, HL7 v3 `TimingEvent`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "HL7's own codes; `Anchors::times_of` says what each stands for")]
#[rustfmt::skip]
pub enum When {
    Wake, Morn, Noon, Aft, Eve, Night, Hs,
    Ac, Acm, Acd, Acv, C, Cm, Cd, Cv, Pc, Pcm, Pcd, Pcv,
}

impl When {
    /// Whether it is tied to a meal.
    pub fn is_meal(self) -> bool {
        self >= Self::Ac
    }
}

/// When and for how long. Every key is optional; what is absent was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Timing {
    /// How many times in a period (1 if absent).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<u32>,
    /// Upper end of "3 to 4 times"; alone it is "up to 4 times".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_max: Option<u32>,
    /// The length of the period (1 if absent).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
    /// Upper end of "every 4 to 6 hours".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_max: Option<u32>,
    /// The unit of the period (days if absent).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_unit: Option<Unit>,
    /// Wall-clock times; excludes `when`.
    #[serde(skip_serializing_if = "Vec::is_empty", with = "hh_mm_list")]
    pub time_of_day: Vec<Time>,
    /// Times of day by habit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<When>,
    /// Minutes before or after the habit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u16>,
    /// Only on these days of the week.
    #[serde(skip_serializing_if = "Vec::is_empty", with = "weekdays")]
    pub day_of_week: Vec<Weekday>,
    /// Only if needed: never scheduled, never missed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub as_needed: bool,
    /// How long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Quantity>,
    /// How many times in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The last day, inclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// When it begins; at activation if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
}

/// Why a timing cannot be scheduled. Names the key and the mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct TimingError {
    /// The key at fault, as in the JSON.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub detail: String,
}

/// At most so many occurrences may be planned in one course.
pub const MAX_PLANNED: u32 = 10_000;
/// The shortest time between two occurrences, in minutes.
const MIN_GAP_MINUTES: u64 = 5;
/// The longest period, duration or delay, in minutes (about fifty years).
const MAX_MINUTES: u64 = 50 * 525_960;
/// At most so many times a period.
const MAX_FREQUENCY: u32 = 288;

impl Timing {
    /// "n times every `period` units", with the defaults 1, 1, day filled in.
    pub fn rate(&self) -> (u32, u32, Unit) {
        (
            self.frequency.unwrap_or(1),
            self.period_max.or(self.period).unwrap_or(1),
            self.period_unit.unwrap_or_default(),
        )
    }

    /// Whether anything says when it recurs. Without it there is a duty but no schedule.
    pub fn recurs(&self) -> bool {
        self.frequency.is_some()
            || self.period.is_some()
            || !self.time_of_day.is_empty()
            || !self.when.is_empty()
            || !self.day_of_week.is_empty()
    }

    /// Whether occurrences are planned ahead: it recurs, is not "as needed" and not a mere
    /// upper limit ("up to four times a day").
    pub fn is_scheduled(&self) -> bool {
        self.recurs() && !self.is_as_needed()
    }

    /// Whether it is done when there is need: so says the note, or it names an upper limit and nothing else.
    pub fn is_as_needed(&self) -> bool {
        self.as_needed || (self.frequency.is_none() && self.frequency_max.is_some())
    }

    /// Refuses what no person could follow or no machine should compute.
    pub fn check(&self) -> Result<(), TimingError> {
        let fail = |key, detail: &str| Err(TimingError { key, detail: detail.to_owned() });
        let (frequency, period, unit) = self.rate();
        for (key, value) in [
            ("frequency", self.frequency),
            ("frequencyMax", self.frequency_max),
            ("period", self.period),
            ("periodMax", self.period_max),
            ("count", self.count),
        ] {
            if value == Some(0) {
                return fail(key, "must be 1 or more; leave it out where nothing was said");
            }
        }
        if frequency > MAX_FREQUENCY || self.frequency_max.is_some_and(|max| max > MAX_FREQUENCY) {
            return fail("frequency", "more than 288 times a period cannot be scheduled");
        }
        if self.frequency_max.is_some_and(|max| self.frequency.is_some_and(|min| max < min)) {
            return fail("frequencyMax", "must not be below `frequency`");
        }
        if self.period_max.is_some_and(|max| max < self.period.unwrap_or(1)) {
            return fail("periodMax", "must not be below `period`");
        }
        let period_minutes = u64::from(period) * unit.approximate_minutes();
        if period_minutes > MAX_MINUTES {
            return fail("period", "longer than fifty years");
        }
        if period_minutes < MIN_GAP_MINUTES * u64::from(frequency) {
            return fail("period", "occurrences less than 5 minutes apart cannot be scheduled");
        }
        for (key, length) in [
            ("timeOfDay", self.time_of_day.len()),
            ("when", self.when.len()),
            ("dayOfWeek", self.day_of_week.len()),
        ] {
            if length > 24 {
                return fail(key, "must have at most 24 entries");
            }
        }
        if !self.time_of_day.is_empty() && !self.when.is_empty() {
            return fail("timeOfDay", "excludes `when`: give one of the two");
        }
        if unit.is_elapsed()
            && !(self.time_of_day.is_empty() && self.when.is_empty() && self.day_of_week.is_empty())
        {
            return fail(
                "periodUnit",
                "`min` and `h` count elapsed time and exclude `timeOfDay`, `when` and `dayOfWeek`",
            );
        }
        if self.offset.is_some() && (self.when.is_empty() || !self.time_of_day.is_empty()) {
            return fail("offset", "needs `when`: it is minutes before or after it");
        }
        if self.offset.is_some_and(|minutes| minutes > 720) {
            return fail("offset", "must be 720 minutes or less");
        }
        if let Some(duration) = self.duration {
            check_quantity("duration", duration, 1)?;
        }
        if let Some(Start::After(delay)) = self.start {
            check_quantity("start", delay, 0)?;
        }
        if [self.duration.is_some(), self.until.is_some()].iter().filter(|set| **set).count() > 1 {
            return fail("until", "excludes `duration`: give one bound");
        }
        if self.planned_at_most() > u64::from(MAX_PLANNED) {
            return fail("duration", "plans more than 10,000 occurrences");
        }
        Ok(())
    }

    /// An upper estimate of the planned occurrences, without a calendar.
    fn planned_at_most(&self) -> u64 {
        let (frequency, period, unit) = self.rate();
        let a_day = self.time_of_day.len().max(self.when.len() * 3).max(1) as u64;
        let per_period = u64::from(frequency).max(a_day);
        let bound = self.duration.map_or(0, |d| u64::from(d.value) * d.unit.approximate_minutes());
        let by_duration = per_period * bound / (u64::from(period) * unit.approximate_minutes()).max(1);
        by_duration.max(self.count.map_or(0, u64::from))
    }
}

fn check_quantity(key: &'static str, quantity: Quantity, least: u32) -> Result<(), TimingError> {
    let fail = |detail: &str| Err(TimingError { key, detail: detail.to_owned() });
    if quantity.value < least {
        return fail("must be 1 or more");
    }
    if quantity.max.is_some_and(|max| max < quantity.value) {
        return fail("`max` must not be below `value`");
    }
    if u64::from(quantity.max.unwrap_or(quantity.value)) * quantity.unit.approximate_minutes() > MAX_MINUTES {
        return fail("longer than fifty years");
    }
    Ok(())
}

/// `"08:00"` in JSON, on the whole minute.
pub(crate) mod hh_mm {
    use jiff::civil::Time;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn parse(text: &str) -> Option<Time> {
        let (hour, minute) = text.split_once(':')?;
        let part = |digits: &str| {
            (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()))
                .then(|| digits.parse().ok())
                .flatten()
        };
        Time::new(part(hour)?, part(minute)?, 0, 0).ok()
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(crate) fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:02}:{:02}", time.hour(), time.minute()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not a time such as \"08:00\"")))
    }
}

mod hh_mm_list {
    use jiff::civil::Time;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(times: &[Time], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(times.iter().map(|t| format!("{:02}:{:02}", t.hour(), t.minute())))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Time>, D::Error> {
        Vec::<String>::deserialize(deserializer)?
            .into_iter()
            .map(|text| {
                super::hh_mm::parse(&text).ok_or_else(|| {
                    D::Error::custom(format!("timeOfDay: {text:?} is not a time such as \"08:00\""))
                })
            })
            .collect()
    }
}

mod weekdays {
    use jiff::civil::Weekday;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) const CODES: [(&str, Weekday); 7] = [
        ("mon", Weekday::Monday),
        ("tue", Weekday::Tuesday),
        ("wed", Weekday::Wednesday),
        ("thu", Weekday::Thursday),
        ("fri", Weekday::Friday),
        ("sat", Weekday::Saturday),
        ("sun", Weekday::Sunday),
    ];

    pub(super) fn serialize<S: Serializer>(days: &[Weekday], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            days.iter().map(|day| CODES[usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)].0),
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Weekday>, D::Error> {
        Vec::<String>::deserialize(deserializer)?
            .into_iter()
            .map(|code| {
                CODES.iter().find(|(name, _)| *name == code).map(|(_, day)| *day).ok_or_else(|| {
                    D::Error::custom(format!("dayOfWeek: {code:?} is none of mon tue wed thu fri sat sun"))
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(json: &str) -> Timing {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn json_is_fhir_and_round_trips() {
        let json = r#"{"frequency":2,"period":1,"periodUnit":"d","when":["ACM","HS"],"offset":20,"dayOfWeek":["mon","sun"],"duration":{"value":7,"unit":"d"},"start":{"date":"2026-02-06"}}"#;
        assert_eq!(serde_json::to_string(&timing(json)).unwrap(), json);
        assert_eq!(serde_json::to_string(&Timing::default()).unwrap(), "{}");
    }

    #[test]
    fn unknown_keys_and_odd_values_are_refused() {
        for json in [
            r#"{"frequencies":2}"#,
            r#"{"timeOfDay":["8:00"]}"#,
            r#"{"timeOfDay":["24:00"]}"#,
            r#"{"dayOfWeek":["monday"]}"#,
            r#"{"frequency":-1}"#,
            r#"{"frequency":1.5}"#,
            r#"{"until":"2026-02-30"}"#,
            r#"{"start":{"value":1}}"#,
        ] {
            assert!(serde_json::from_str::<Timing>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn impossible_timings_are_refused_by_name() {
        for (json, key) in [
            (r#"{"frequency":0}"#, "frequency"),
            (r#"{"frequency":1000000}"#, "frequency"),
            (r#"{"period":0}"#, "period"),
            (r#"{"period":1,"periodUnit":"min"}"#, "period"),
            (r#"{"duration":{"value":1000000000,"unit":"d"}}"#, "duration"),
            (r#"{"duration":{"value":0,"unit":"d"}}"#, "duration"),
            (r#"{"frequency":24,"duration":{"value":3,"unit":"a"}}"#, "duration"),
            (r#"{"count":4000000000}"#, "duration"),
            (r#"{"timeOfDay":["08:00"],"when":["HS"]}"#, "timeOfDay"),
            (r#"{"offset":10}"#, "offset"),
            (r#"{"period":8,"periodUnit":"h","when":["HS"]}"#, "periodUnit"),
            (r#"{"start":{"value":4000000000,"unit":"d"}}"#, "start"),
            (r#"{"duration":{"value":7,"unit":"d"},"until":"2026-02-06"}"#, "until"),
        ] {
            assert_eq!(timing(json).check().unwrap_err().key, key, "{json}");
        }
    }

    #[test]
    fn only_fixed_recurrence_is_scheduled() {
        assert!(timing(r#"{"frequency":1}"#).is_scheduled());
        assert!(timing(r#"{"dayOfWeek":["mon"]}"#).is_scheduled());
        for json in [
            r"{}",
            r#"{"frequencyMax":4}"#,
            r#"{"frequency":1,"asNeeded":true}"#,
            r#"{"duration":{"value":3,"unit":"d"}}"#,
        ] {
            assert!(!timing(json).is_scheduled(), "{json}");
        }
    }
}
