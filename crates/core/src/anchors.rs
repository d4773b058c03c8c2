//! A patient's times of day: what "in the morning" means for this person.

use crate::timing::{Timing, Unit, When};
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// The wall-clock times that words such as "at breakfast" stand for. All have defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Anchors {
    /// Getting up, 07:00.
    #[serde(with = "crate::timing::hh_mm")]
    pub wake: Time,
    /// Breakfast and "in the morning", 08:00.
    #[serde(with = "crate::timing::hh_mm")]
    pub breakfast: Time,
    /// Lunch, 12:30.
    #[serde(with = "crate::timing::hh_mm")]
    pub lunch: Time,
    /// Dinner, 18:30.
    #[serde(with = "crate::timing::hh_mm")]
    pub dinner: Time,
    /// Going to bed and "at night", 22:00.
    #[serde(with = "crate::timing::hh_mm")]
    pub bedtime: Time,
    /// The first dose of a bare "n times a day", 08:00.
    #[serde(with = "crate::timing::hh_mm")]
    pub first: Time,
    /// The last dose of a bare "n times a day", 20:00.
    #[serde(with = "crate::timing::hh_mm")]
    pub last: Time,
}

impl Default for Anchors {
    fn default() -> Self {
        let at = |hour, minute| Time::constant(hour, minute, 0, 0);
        Self {
            wake: at(7, 0),
            breakfast: at(8, 0),
            lunch: at(12, 30),
            dinner: at(18, 30),
            bedtime: at(22, 0),
            first: at(8, 0),
            last: at(20, 0),
        }
    }
}

/// Times of day that contradict each other, or would crowd doses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{earlier}` ({}) must be at least {hours} h before `{later}` ({})", hm(*from), hm(*to))]
pub struct AnchorsError {
    earlier: &'static str,
    later: &'static str,
    hours: i32,
    from: Time,
    to: Time,
}

fn hm(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

impl Anchors {
    /// Checks what a person entered: meals in their order, and room for several doses a day.
    pub fn check(&self) -> Result<(), AnchorsError> {
        for (earlier, from, later, to, hours) in [
            ("first", self.first, "last", self.last, 6),
            ("breakfast", self.breakfast, "lunch", self.lunch, 1),
            ("lunch", self.lunch, "dinner", self.dinner, 1),
        ] {
            if minutes(to) - minutes(from) < hours * 60 {
                return Err(AnchorsError { earlier, later, hours, from, to });
            }
        }
        Ok(())
    }

    /// The times of one code of the day, `offset` minutes off where one is given
    /// (30 for before and after meals). A meal code without a meal means all three.
    fn times_of(&self, when: When, offset: Option<u16>) -> Vec<Time> {
        use When::{
            Ac, Acd, Acm, Acv, Aft, C, Cd, Cm, Cv, Eve, Hs, Morn, Night, Noon, Pc, Pcd, Pcm, Pcv, Wake,
        };
        let meals = [self.breakfast, self.lunch, self.dinner];
        let meal = i32::from(offset.unwrap_or(30));
        let other = i32::from(offset.unwrap_or(0));
        let (bases, shift): (&[Time], i32) = match when {
            Wake => (&[self.wake], other),
            Morn => (&[self.breakfast], other),
            Noon => (&[Time::constant(12, 0, 0, 0)], other),
            Aft => (&[Time::constant(15, 0, 0, 0)], other),
            Eve => (&[Time::constant(18, 0, 0, 0)], other),
            Night => (&[self.bedtime], other),
            // HL7 defines HS as "prior to beginning a regular period of extended sleep".
            Hs => (&[self.bedtime], -other),
            Ac => (&meals, -meal),
            Acm => (&meals[..1], -meal),
            Acd => (&meals[1..2], -meal),
            Acv => (&meals[2..], -meal),
            C => (&meals, 0),
            Cm => (&meals[..1], 0),
            Cd => (&meals[1..2], 0),
            Cv => (&meals[2..], 0),
            Pc => (&meals, meal),
            Pcm => (&meals[..1], meal),
            Pcd => (&meals[1..2], meal),
            Pcv => (&meals[2..], meal),
        };
        bases.iter().map(|&base| shifted(base, shift)).collect()
    }

    /// The times of a timing's day with `count` occurrences, in order.
    pub(crate) fn times(&self, timing: &Timing, count: u32) -> Vec<Time> {
        let mut times = if !timing.time_of_day.is_empty() {
            timing.time_of_day.clone()
        } else if !timing.when.is_empty() {
            let times: Vec<_> =
                timing.when.iter().flat_map(|when| self.times_of(*when, timing.offset)).collect();
            // "Four times a day before meals": the number of doses outranks the number of meals.
            match timing.rate() {
                (frequency, 1, Unit::D) if frequency > 1 && frequency as usize != times.len() => {
                    self.spread(frequency)
                }
                _ => times,
            }
        } else {
            self.spread(count)
        };
        times.sort_unstable();
        times.dedup();
        times
    }

    /// "n times a day" spread evenly from first to last, to the minute.
    fn spread(&self, times: u32) -> Vec<Time> {
        let (first, last) = (minutes(self.first), minutes(self.last).max(minutes(self.first)));
        let steps = i32::try_from(times.saturating_sub(1).max(1)).unwrap_or(i32::MAX);
        (0..i32::try_from(times.max(1)).unwrap_or(i32::MAX))
            .map(|i| at_minute(first + (last - first) * i / steps))
            .collect()
    }
}

fn minutes(time: Time) -> i32 {
    i32::from(time.hour()) * 60 + i32::from(time.minute())
}

fn at_minute(minute: i32) -> Time {
    let minute = minute.clamp(0, 24 * 60 - 1);
    // Both parts fit an i8 after the clamp.
    let part = |n: i32| i8::try_from(n).unwrap_or(0);
    Time::new(part(minute / 60), part(minute % 60), 0, 0).unwrap_or(Time::midnight())
}

/// Moved within the same day: half an hour before a breakfast at 00:10 is midnight, not yesterday.
fn shifted(time: Time, by: i32) -> Time {
    at_minute(minutes(time) + by)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(times: Vec<Time>) -> Vec<String> {
        times.into_iter().map(hm).collect()
    }

    #[test]
    fn spreads_as_the_contract_says() {
        let anchors = Anchors::default();
        assert_eq!(text(anchors.spread(1)), ["08:00"]);
        assert_eq!(text(anchors.spread(2)), ["08:00", "20:00"]);
        assert_eq!(text(anchors.spread(3)), ["08:00", "14:00", "20:00"]);
        assert_eq!(text(anchors.spread(4)), ["08:00", "12:00", "16:00", "20:00"]);
    }

    #[test]
    fn a_meal_code_without_a_meal_means_all_three() {
        let anchors = Anchors::default();
        assert_eq!(text(anchors.times_of(When::Ac, None)), ["07:30", "12:00", "18:00"]);
        assert_eq!(text(anchors.times_of(When::Pcv, Some(45))), ["19:15"]);
        assert_eq!(text(anchors.times_of(When::Hs, Some(30))), ["21:30"]);
    }

    #[test]
    fn first_must_come_before_last() {
        let night: Anchors = serde_json::from_str(r#"{"first":"20:00","last":"08:00"}"#).unwrap();
        assert_eq!(
            night.check().unwrap_err().to_string(),
            "`first` (20:00) must be at least 6 h before `last` (08:00)"
        );
    }
}
