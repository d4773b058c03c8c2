//! The slots of a timing: the strictly increasing instants at which a course's occurrences fall
//! due, for as long as anybody asks.
//!
//! Hours and minutes are elapsed time. Everything else is wall clock in the patient's zone; a
//! time in a gap takes the offset before the gap, a doubled time the first instant (RFC 5545).

use crate::{
    anchors::Anchors,
    instant::{Instant, Span},
    timing::{Quantity, Start, Timing, Unit},
};
use jiff::{
    ToSpan,
    civil::{Date, Time},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

/// The patient's zone and times of day as they hold from an instant on. A change begins a new
/// regime, so that what already fell due keeps its instant.
#[derive(Clone, Debug)]
pub struct Regime {
    /// From when on it holds.
    pub from: Instant,
    /// The IANA time zone.
    pub zone: TimeZone,
    /// The times of day.
    pub anchors: Anchors,
}

/// A timing made concrete for one patient and one start.
#[derive(Clone, Debug)]
pub struct Pattern {
    timing: Timing,
    regimes: Vec<Regime>,
    begin: Instant,
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    /// Evenly in elapsed time: `frequency` times every `period`.
    Elapsed { frequency: i64, period: Span },
    /// By calendar days from a first day on.
    Days(DayPattern),
}

/// Which days, and how many times on each: a block of days that repeats.
#[derive(Clone, Debug)]
struct DayPattern {
    first: Date,
    period: u32,
    unit: Unit,
    /// Days of the block with the number of times on each.
    block: Vec<(u32, u32)>,
}

impl Pattern {
    /// The pattern of a timing activated at `activated` under the regimes that hold from then
    /// on (in order; the first holds from activation).
    ///
    /// `None` where the timing plans nothing ahead or `regimes` is empty.
    pub fn new(timing: &Timing, activated: Instant, regimes: Vec<Regime>) -> Option<Self> {
        if !timing.is_scheduled() {
            return None;
        }
        let regime = regimes.first()?;
        let begin = begin(timing, activated, &regime.zone);
        let (frequency, period, unit) = timing.rate();
        let shape = if unit.is_elapsed() {
            let minutes = i64::from(period) * i64::try_from(unit.approximate_minutes()).unwrap_or(1);
            Shape::Elapsed { frequency: i64::from(frequency), period: Span::from_minutes(minutes) }
        } else {
            let days = DayPattern {
                first: regime.zone.to_datetime(begin.timestamp()).date(),
                period,
                unit,
                block: block(timing),
            };
            Shape::Days(days)
        };
        let mut pattern = Self { timing: timing.clone(), regimes, begin, shape };
        pattern.settle_first_day();
        Some(pattern)
    }

    /// The first day is the local day of the beginning if a slot of it is still ahead, else the
    /// next day.
    fn settle_first_day(&mut self) {
        let Shape::Days(days) = &self.shape else { return };
        let count = days.block.first().map_or(1, |(_, count)| *count);
        let first = days.first;
        let ahead = self
            .times(&self.regimes[0], count)
            .into_iter()
            .any(|time| at(first, time, &self.regimes[0].zone) >= self.begin);
        if let (false, Shape::Days(days)) = (ahead, &mut self.shape) {
            days.first = days.first.saturating_add(1.day());
        }
    }

    /// The times of a day with `count` occurrences, in order.
    fn times(&self, regime: &Regime, count: u32) -> Vec<Time> {
        regime.anchors.times(&self.timing, count)
    }

    /// All slots from the beginning on, without end: where a course stops is not the pattern's
    /// matter, and what closes the last occurrence is the slot that would have followed.
    pub fn slots(&self) -> Slots<'_> {
        self.slots_from(Place::default())
    }

    /// Those from a place on.
    pub(crate) fn slots_from(&self, place: Place) -> Slots<'_> {
        let regime = place.regime.min(self.regimes.len() - 1);
        Slots {
            pattern: self,
            queue: place.queue.into_iter(),
            at: Place { queue: Vec::new(), regime, ..place },
        }
    }

    /// When the patient's zone or times of day changed last; `None` where they never did.
    pub(crate) fn changed_at(&self) -> Option<Instant> {
        self.regimes[1..].last().map(|regime| regime.from)
    }

    /// How many occurrences the timing plans; `None` where it is open-ended.
    pub fn planned(&self) -> Option<u32> {
        let by_duration = self.timing.duration.map(|duration| self.planned_within(duration));
        let by_until = self.timing.until.map(|until| {
            let zone = &self.regimes[0].zone;
            let within = |slot: &Instant| zone.to_datetime(slot.timestamp()).date() <= until;
            let slots = self.slots().take(10 * crate::timing::MAX_PLANNED as usize).take_while(within);
            u32::try_from(slots.count()).unwrap_or(u32::MAX)
        });
        [self.timing.count, by_duration, by_until].into_iter().flatten().min()
    }

    /// The same under the regimes that began by an instant; `None` where those are all.
    pub(crate) fn as_known_at(&self, instant: Instant) -> Option<Self> {
        // The first holds from activation, whenever it was set.
        let known = 1 + self.regimes[1..].iter().take_while(|regime| regime.from <= instant).count();
        (known < self.regimes.len()).then(|| Self { regimes: self.regimes[..known].to_vec(), ..self.clone() })
    }

    /// The slot after one, as it was foreseen when that one fell due: a journey or new times since have moved `next`.
    pub(crate) fn foreseen(&self, due: Instant, next: Instant) -> Instant {
        let later = self.regimes[1..].iter().find(|regime| regime.from > due);
        // Slots from before a change are the same with it and without it.
        let moved = later.filter(|regime| regime.from <= next).and_then(|_| self.as_known_at(due));
        moved.and_then(|then| then.slots().find(|slot| *slot > due)).unwrap_or(next)
    }

    /// The slots of the pattern days inside the duration, counted as if the first day were whole.
    fn planned_within(&self, duration: Quantity) -> u32 {
        let count = match &self.shape {
            Shape::Elapsed { frequency, period } => {
                let zone = &self.regimes[0].zone;
                let end = after(self.begin, duration, zone);
                let length = (end - self.begin).as_micros().max(0);
                (length * frequency + period.as_micros() - 1) / period.as_micros()
            }
            Shape::Days(days) => {
                let end = date_after(days.first, duration);
                days.iter(&self.timing)
                    .take_while(|(date, _)| *date < end)
                    .take(crate::timing::MAX_PLANNED as usize)
                    .map(|(_, count)| i64::try_from(self.times(&self.regimes[0], count).len()).unwrap_or(0))
                    .sum()
            }
        };
        u32::try_from(count.clamp(1, i64::from(crate::timing::MAX_PLANNED))).unwrap_or(1)
    }

    /// Two days' worth of occurrences: from so many misses in a row on a course may have lapsed.
    pub fn two_days_worth(&self) -> u32 {
        let count = match &self.shape {
            Shape::Elapsed { frequency, period } => {
                let two_days = Span::from_days(2).as_micros() * frequency;
                u32::try_from((two_days + period.as_micros() - 1) / period.as_micros()).unwrap_or(u32::MAX)
            }
            Shape::Days(days) => {
                let most =
                    days.block.iter().map(|(_, count)| self.times(&self.regimes[0], *count).len()).max();
                2 * u32::try_from(most.unwrap_or(1)).unwrap_or(1)
            }
        };
        count.max(2)
    }
}

impl DayPattern {
    fn iter<'a>(&'a self, timing: &'a Timing) -> impl Iterator<Item = (Date, u32)> + 'a {
        (0..).flat_map(move |block| (0..self.block.len()).filter_map(move |i| self.day(timing, block, i)))
    }

    /// The i-th day of a block; `None` where it is not one of the named weekdays.
    fn day(&self, timing: &Timing, block: u32, i: usize) -> Option<(Date, u32)> {
        let (offset, count) = self.block[i];
        let base = date_after(self.first, Quantity::of(block.saturating_mul(self.period), self.unit));
        let date = base.saturating_add(i64::from(offset).days());
        let named =
            |date: Date| timing.day_of_week.is_empty() || timing.day_of_week.contains(&date.weekday());
        match self.unit {
            // "Monthly on a Monday": the first such day from the monthly date on.
            Unit::Mo | Unit::A => {
                (0..7).map(|shift| date.saturating_add(shift.days())).find(|d| named(*d)).map(|d| (d, count))
            }
            _ => named(date).then_some((date, count)),
        }
    }
}

/// Slots in order; see [`Pattern::slots`].
#[derive(Debug)]
pub struct Slots<'a> {
    pattern: &'a Pattern,
    queue: std::vec::IntoIter<Instant>,
    /// Without its queue.
    at: Place,
}

/// How far in a pattern somebody is. It can be kept: what comes after it is the same, whatever changes of zone and
/// times of day are added that begin later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    regime: usize,
    block: u32,
    in_block: usize,
    /// What is left of a day.
    queue: Vec<Instant>,
    nth: i64,
    last: Option<Instant>,
    /// After a journey the new zone's slots begin here, not too close to the last one before it.
    floor: Option<Instant>,
}

impl Place {
    /// The slot before it.
    pub(crate) fn last(&self) -> Option<Instant> {
        self.last
    }
}

/// Days looked at in vain before a pattern is taken for empty (a weekday that never comes).
const MAX_EMPTY_DAYS: usize = 4_000;

impl Slots<'_> {
    /// Where the next is found.
    pub(crate) fn place(&self) -> Place {
        Place { queue: self.queue.as_slice().to_vec(), ..self.at.clone() }
    }

    /// Whether all that is left of a day is past.
    pub(crate) fn is_past(&self, now: Instant) -> bool {
        self.queue.as_slice().last().is_none_or(|last| *last < now)
    }

    fn next_elapsed(&mut self, frequency: i64, period: Span) -> Instant {
        let micros = i128::from(self.at.nth) * i128::from(period.as_micros()) / i128::from(frequency);
        self.at.nth += 1;
        self.pattern.begin + Span::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    fn next_on_days(&mut self, days: &DayPattern) -> Option<Instant> {
        for _ in 0..MAX_EMPTY_DAYS {
            for slot in self.queue.by_ref() {
                if slot >= self.pattern.begin && self.at.last.is_none_or(|last| slot > last) {
                    return Some(slot);
                }
            }
            let day = days.day(&self.pattern.timing, self.at.block, self.at.in_block);
            self.at.in_block += 1;
            if self.at.in_block == days.block.len() {
                (self.at.block, self.at.in_block) = (self.at.block.checked_add(1)?, 0);
            }
            if let Some((date, count)) = day {
                self.queue = self.day(days, date, count).into_iter();
            }
        }
        None
    }

    /// The slots of one day, going over to the next regime where one begins before them.
    fn day(&mut self, days: &DayPattern, date: Date, count: u32) -> Vec<Instant> {
        let pattern = self.pattern;
        let regime = &pattern.regimes[self.at.regime];
        let slots = |regime: &Regime| -> Vec<Instant> {
            let mut slots: Vec<_> =
                pattern.times(regime, count).into_iter().map(|time| at(date, time, &regime.zone)).collect();
            slots.sort_unstable();
            slots
        };
        let mut today = slots(regime);
        today.retain(|slot| self.at.floor.is_none_or(|floor| *slot >= floor));
        // All regimes that begin by the end of this day, in order.
        while let Some(next) = pattern.regimes.get(self.at.regime + 1) {
            if today.last().is_none_or(|last| *last < next.from) {
                break;
            }
            let before = &pattern.regimes[self.at.regime];
            self.at.regime += 1;
            if next.zone == before.zone {
                today = with_new_times(&today, &slots(next), next.from);
                continue;
            }
            // The patient travels: on with the pattern from the new local day, never two doses
            // closer than half their interval.
            let interval = today.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(Span::from_days(1));
            today.retain(|slot| *slot < next.from);
            let last = today.last().copied().or(self.at.last);
            self.at.floor = Some(last.map_or(next.from, |last| next.from.max(last + interval.div(2))));
            self.rewind(days, next.zone.to_datetime(next.from.timestamp()).date());
            break;
        }
        today
    }

    /// Steps back to the first pattern day that is not before `date`.
    fn rewind(&mut self, days: &DayPattern, date: Date) {
        while self.at.block > 0
            && date_after(days.first, Quantity::of(self.at.block * days.period, days.unit)) > date
        {
            self.at.block -= 1;
        }
        self.at.in_block = 0;
    }
}

/// A day's slots after a time of day was changed at an instant: what has passed stays, and what
/// would be past at its new time today keeps the old one.
fn with_new_times(old: &[Instant], new: &[Instant], at: Instant) -> Vec<Instant> {
    let same = new.len() == old.len();
    let mut slots: Vec<_> = old.iter().copied().filter(|slot| *slot < at).collect();
    slots.extend(new.iter().enumerate().filter_map(|(i, slot)| match old.get(i) {
        Some(before) if same && *before < at => None,
        Some(before) if same && *slot < at => Some(*before),
        _ => (*slot >= at).then_some(*slot),
    }));
    slots.sort_unstable();
    slots
}

impl Iterator for Slots<'_> {
    type Item = Instant;

    fn next(&mut self) -> Option<Instant> {
        let pattern = self.pattern;
        let slot = match &pattern.shape {
            Shape::Elapsed { frequency, period } => self.next_elapsed(*frequency, *period),
            Shape::Days(days) => self.next_on_days(days)?,
        };
        self.at.last = Some(slot);
        Some(slot)
    }
}

/// How many times fall on which days of a block.
fn block(timing: &Timing) -> Vec<(u32, u32)> {
    let (frequency, period, unit) = timing.rate();
    let named = u32::try_from(timing.day_of_week.len()).unwrap_or(7);
    if unit == Unit::Wk && named > 0 {
        let count = (frequency / named).max(1);
        return (0..7).map(|day| (day, count)).collect();
    }
    let length = period * u32::try_from(unit.approximate_minutes() / 1_440).unwrap_or(1);
    let fits = unit != Unit::D && frequency <= length;
    let mut block: Vec<(u32, u32)> = Vec::new();
    for i in 0..frequency {
        let day = if fits {
            i * (length / frequency)
        } else {
            u32::try_from(u64::from(i) * u64::from(length) / u64::from(frequency)).unwrap_or(0)
        };
        match block.last_mut() {
            Some((last, count)) if *last == day => *count += 1,
            _ => block.push((day, 1)),
        }
    }
    block
}

/// When a task done once is due: hours after activation, or on its day at the first time of day.
/// `None` where the timing names no day. Never before activation.
pub fn task_due(timing: &Timing, activated: Instant, regime: &Regime) -> Option<Instant> {
    timing.start?;
    let begin = begin(timing, activated, &regime.zone);
    if matches!(timing.start, Some(Start::After(delay)) if delay.unit.is_elapsed() || delay.value == 0) {
        return Some(begin);
    }
    let date = regime.zone.to_datetime(begin.timestamp()).date();
    Some(at(date, regime.anchors.first, &regime.zone).max(activated))
}

fn begin(timing: &Timing, activated: Instant, zone: &TimeZone) -> Instant {
    match timing.start {
        None => activated,
        Some(Start::After(delay)) if delay.value == 0 => activated,
        Some(Start::After(delay)) if delay.unit.is_elapsed() => after(activated, delay, zone),
        Some(Start::After(delay)) => {
            let today = zone.to_datetime(activated.timestamp()).date();
            at(date_after(today, delay), Time::midnight(), zone)
        }
        // A date that has passed cannot bring reminders into the past.
        Some(Start::On(on)) => at(on.date, Time::midnight(), zone).max(activated),
    }
}

/// The instant at which a wall clock shows this; RFC 5545's reading of gaps and folds.
pub fn at(date: Date, time: Time, zone: &TimeZone) -> Instant {
    zone.to_ambiguous_timestamp(date.to_datetime(time))
        .compatible()
        .map_or(Instant::from_micros(i64::MAX), Instant::from)
}

fn after(instant: Instant, quantity: Quantity, zone: &TimeZone) -> Instant {
    if quantity.unit.is_elapsed() {
        let minutes = u64::from(quantity.value) * quantity.unit.approximate_minutes();
        return instant + Span::from_minutes(i64::try_from(minutes).unwrap_or(i64::MAX));
    }
    let local = zone.to_datetime(instant.timestamp());
    if matches!(quantity.unit, Unit::D | Unit::Wk) {
        let days = u64::from(quantity.value) * quantity.unit.approximate_minutes() / 1_440;
        return instant + Span::from_days(i64::try_from(days).unwrap_or(i64::MAX));
    }
    at(date_after(local.date(), quantity), local.time(), zone)
}

/// A date so much later, months clamped to their last day. Hours count as the days they begin.
fn date_after(date: Date, quantity: Quantity) -> Date {
    let n = i64::from(quantity.value);
    let span = match quantity.unit {
        Unit::Min => (n + 1_439).div_euclid(1_440).days(),
        Unit::H => (n + 23).div_euclid(24).days(),
        Unit::D => n.min(3_000_000).days(),
        Unit::Wk => n.min(500_000).weeks(),
        Unit::Mo => n.min(100_000).months(),
        Unit::A => n.min(10_000).years(),
    };
    date.saturating_add(span)
}
