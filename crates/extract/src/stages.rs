//! The stages of a course: each begins when the one before ends.

use crate::timing::Reading;
use aftercare_core::timing::{OnDate, Quantity, Start, Timing, Unit};
use jiff::{ToSpan, civil::Weekday};

/// Stages of a taper follow each other: each begins when the one before ends.
#[derive(Default)]
pub(crate) struct Stages {
    end: Option<Start>,
    days: Vec<Weekday>,
    last: Timing,
}

impl Stages {
    /// Whether a stage falls due at the times of the one before: two amounts for one time, where
    /// "5 mg in the morning, 10 mg at night" are two doses.
    pub(crate) fn at_the_same_times(&self, timing: &Timing) -> bool {
        let times = |t: &Timing| {
            (
                t.frequency,
                t.period,
                t.period_unit,
                t.when.clone(),
                t.time_of_day.clone(),
                t.day_of_week.clone(),
            )
        };
        times(&self.last) == times(timing)
    }

    /// Places a stage; whether it begins by the end of the one before.
    pub(crate) fn place(&mut self, reading: &mut Reading) -> bool {
        let timing = &mut reading.timing;
        if reading.other_days && !self.days.is_empty() {
            timing.day_of_week = week().filter(|day| !self.days.contains(day)).collect();
        }
        let follows = reading.follows && timing.start.is_none() && self.end.is_some();
        if follows {
            timing.start = self.end;
            // "40 mg daily for 3 days, 30 mg for 3 days"
            if timing.duration.is_some() && !timing.recurs() && !timing.as_needed {
                self.repeat_rate(timing);
            }
        }
        self.days.clone_from(&timing.day_of_week);
        self.last.clone_from(timing);
        self.end = end_of(timing);
        follows
    }

    fn repeat_rate(&self, timing: &mut Timing) {
        let last = &self.last;
        (timing.frequency, timing.frequency_max) = (last.frequency, last.frequency_max);
        (timing.period, timing.period_max, timing.period_unit) =
            (last.period, last.period_max, last.period_unit);
        timing.when.clone_from(&last.when);
        timing.time_of_day.clone_from(&last.time_of_day);
        timing.day_of_week.clone_from(&last.day_of_week);
    }
}

fn week() -> impl Iterator<Item = Weekday> {
    Weekday::Monday.cycle_forward().take(7)
}

/// When a stage ends, as the start of the next: the day after its last.
fn end_of(timing: &Timing) -> Option<Start> {
    if let Some(until) = timing.until {
        return until.tomorrow().ok().map(|date| Start::On(OnDate { date }));
    }
    let duration = timing.duration?;
    let before = match timing.start {
        Some(Start::After(start)) => start,
        None => Quantity::of(0, duration.unit),
        Some(Start::On(on)) => {
            let days = match duration.unit {
                Unit::D => duration.value,
                Unit::Wk => duration.value.saturating_mul(7),
                _ => return None,
            };
            let date = on.date.checked_add(i64::from(days).days()).ok()?;
            return Some(Start::On(OnDate { date }));
        }
    };
    if before.unit == duration.unit {
        return Some(Start::After(Quantity::of(before.value.saturating_add(duration.value), duration.unit)));
    }
    let days = |q: Quantity| match q.unit {
        Unit::D => Some(q.value),
        Unit::Wk => Some(q.value.saturating_mul(7)),
        _ if q.value == 0 => Some(0),
        _ => None,
    };
    Some(Start::After(Quantity::of(days(before)?.saturating_add(days(duration)?), Unit::D)))
}
