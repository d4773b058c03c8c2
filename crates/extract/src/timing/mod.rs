//! The timing parser: reads a schedule out of a doctor's words, whoever found them.
//!
//! Deterministic and linear. It never guesses: a missing frequency or duration stays missing, and
//! a number or time word it could not read is a leftover, which becomes a question to the doctor.

mod amount;
mod calendar;
mod habit;
mod rate;
mod span;
mod words;

pub(crate) use rate::SYMPTOMS;

use crate::token::{Shape, Token, tokens};
use aftercare_core::{
    step::Kind,
    timing::{Quantity, Start, Timing, Unit, When},
};
use jiff::civil::Date;
use std::ops::Range;

/// Whether the word at a place, a medicine, is followed by a number of nothing: "metformin 500".
pub(crate) fn is_bare_strength(words: &[Token], at: usize) -> bool {
    let number = words.get(at + 1).is_some_and(|t| t.number().is_some_and(|n| n >= 5.0));
    let named = words.get(at + 2).is_some_and(|next| {
        next.is(words::DOSE_UNITS)
            || crate::drugs::is_strength(next)
            || words::unit(&next.text).is_some()
            || next.is(&["x", "times", "hourly", "hrly", "to", "and"])
            || matches!(next.shape, Shape::Mark(mark) if mark != ',' && mark != '.' && mark != ';')
    });
    number && !named
}

/// When a task in words that were cut already is due, whatever the day.
pub(crate) fn due_of_words(words: &[Token]) -> Option<Start> {
    let someday = Date::new(2024, 1, 1).ok();
    Reader::new("", words, Kind::Checklist, someday).read().timing.start
}

/// What was read out of a piece of text.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each said or not said")]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The schedule; keys that were not said are absent.
    pub timing: Timing,
    /// Numbers and time words that no rule explains, as byte ranges of the text.
    pub leftovers: Vec<Range<usize>>,
    /// "Then", "danach": begins when the step before ends.
    pub follows: bool,
    /// "All other days": the weekdays the step before leaves out.
    pub other_days: bool,
    /// Anchored at an event ("after surgery"): has no start that a clock could tell.
    pub event: bool,
    /// Names one weekday in the singular: which, only the note's date tells.
    pub one_day: bool,
    /// Said to be taken once ("now", "stat", "single dose").
    pub once: bool,
    /// The words of time, as byte ranges of the text, in order.
    pub spans: Vec<Range<usize>>,
}

impl Reading {
    /// The schedule, where all of it was understood. Half a schedule would be a guess: a number or
    /// time word left over leaves nothing but the question.
    pub fn schedule(&self) -> Timing {
        if self.leftovers.is_empty() { self.timing.clone() } else { Timing::default() }
    }
}

/// Reads the schedule of a step of this kind, dates relative to the note's.
pub fn read(text: &str, kind: Kind, note_date: Option<Date>) -> Reading {
    Reader::new(text, &tokens(text), kind, note_date).read()
}

/// The schedule in words that were cut already.
pub(crate) fn of_words(words: &[Token]) -> Timing {
    Reader::new("", words, Kind::Plan, None).read().timing
}

/// The state of one reading. Each rule looks at a position and, where it matches, writes what it
/// read and tells how far.
struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    kind: Kind,
    note_date: Option<Date>,
    out: Reading,
    amounts: Amounts,
    rate: RateSaid,
    /// "With breakfast": when, if nothing else says so.
    meals: Vec<When>,
    /// One weekday, in the singular: which Monday, or every one?
    lone_weekday: Option<Range<usize>>,
    /// The rule at work has found a second answer to what was answered already.
    conflict: bool,
}

/// What was read of amounts.
#[derive(Default)]
struct Amounts {
    /// How many.
    read: u32,
    /// Behind the last of them.
    end: usize,
    /// One was a bare count of pieces.
    bare: bool,
    /// The last was a strength: `500 mg`.
    strength: bool,
    /// One was a product: `2 x 5 ml`.
    product: bool,
}

/// What was read of the rate beside the rate itself.
#[derive(Default)]
struct RateSaid {
    /// It only follows from a habit: "every morning".
    of_habit: bool,
    /// "Then" behind it: what comes now belongs to a stage of its own.
    staged: bool,
    /// A sentence has ended behind it; the next one says how often something else is done.
    closed: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, tokens: &'a [Token], kind: Kind, note_date: Option<Date>) -> Self {
        Self {
            text,
            tokens,
            kind,
            note_date,
            out: Reading::default(),
            amounts: Amounts::default(),
            rate: RateSaid::default(),
            meals: Vec::new(),
            lone_weekday: None,
            conflict: false,
        }
    }
}

impl Reader<'_> {
    fn read(mut self) -> Reading {
        let mut at = 0;
        while at < self.tokens.len() {
            if let Some(next) = self
                .limit(at)
                .or_else(|| self.until_some_event(at))
                .or_else(|| self.instead(at))
                .or_else(|| self.before_a_clock(at))
            {
                at = next;
            } else if let Some(next) = self.rule_at(at) {
                let next = next.max(at + 1).min(self.tokens.len());
                let place = self.tokens[at].start..self.tokens[next - 1].end;
                if std::mem::take(&mut self.conflict) {
                    self.out.leftovers.push(place.clone());
                }
                self.out.spans.push(place);
                at = next;
            } else if let Some(next) = self.amount(at) {
                at = next;
            } else {
                self.note_leftover(at);
                at += 1;
            }
        }
        self.finish()
    }

    fn rule_at(&mut self, at: usize) -> Option<usize> {
        self.as_needed(at)
            .or_else(|| self.scheme(at))
            .or_else(|| self.fraction(at))
            .or_else(|| self.count(at))
            .or_else(|| self.until(at))
            .or_else(|| self.start(at))
            .or_else(|| self.times_per(at))
            .or_else(|| self.amount_per_day(at))
            .or_else(|| self.every(at))
            .or_else(|| self.code(at))
            .or_else(|| self.weekdays(at))
            .or_else(|| self.habit(at))
            .or_else(|| self.clock(at))
            .or_else(|| self.duration(at))
            .or_else(|| self.date(at))
            .or_else(|| self.sequence(at))
    }

    fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    fn is(&self, at: usize, words: &[&str]) -> bool {
        self.token(at).is_some_and(|token| token.is(words))
    }

    fn mark(&self, at: usize, mark: char) -> bool {
        self.token(at).is_some_and(|token| token.is_mark(mark))
    }

    /// Skips any of these words once.
    fn skip(&self, at: usize, words: &[&str]) -> usize {
        if self.is(at, words) { at + 1 } else { at }
    }

    /// A phrase, word by word, each with its alternatives.
    fn phrase(&self, mut at: usize, phrase: &[&[&str]]) -> Option<usize> {
        for words in phrase {
            if !self.is(at, words) {
                return None;
            }
            at += 1;
        }
        Some(at)
    }

    /// A whole number in digits or words.
    fn number(&self, at: usize) -> Option<(u32, usize)> {
        let token = self.token(at)?;
        match token.shape {
            Shape::Number(n) if n.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&n) =>
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "whole and in range"
                )]
                Some((n as u32, at + 1))
            }
            Shape::Word => {
                let (n, words) = words::number(&token.text, self.token(at + 1), self.token(at + 2))?;
                Some((n, at + words))
            }
            _ => None,
        }
    }

    /// A number or a range: `4`, `4-6`, `4 to 6`, `four or five`.
    fn range(&self, at: usize) -> Option<(u32, Option<u32>, usize)> {
        let (low, next) = self.number(at)?;
        let dash = self.mark(next, '-') || self.mark(next, '/') && !self.mark(next + 2, '/');
        let joined = dash || self.is(next, &["to", "or", "bis", "a", "oder", "à", "ou"]);
        match self.number(next + 1) {
            Some((high, end)) if joined && high > low => Some((low, Some(high), end)),
            _ => Some((low, None, next)),
        }
    }

    fn unit(&self, at: usize) -> Option<(Unit, usize)> {
        let token = self.token(at)?;
        let unit = words::unit(&token.text)?;
        // "10 d.": an abbreviated unit may carry a dot that ends no sentence.
        Some((unit, at + 1))
    }

    /// A number with a unit: `10 days`, `x10d`, `a fortnight`, `2 wks`.
    fn quantity(&self, at: usize) -> Option<(Quantity, usize)> {
        if let Some(next) =
            self.phrase(at, &[&["fortnight"]]).or_else(|| self.phrase(at, &[&["a"], &["fortnight"]]))
        {
            return Some((Quantity::of(2, Unit::Wk), next));
        }
        if let Some(next) = self.phrase(at, &[&["a", "the", "next"], &["couple"]]) {
            let next = self.skip(next, &["of"]);
            let next = self.skip(next, &["more"]);
            let (unit, next) = self.unit(next)?;
            return Some((Quantity::of(2, unit), next));
        }
        if let Some(next) = self.phrase(at, &[&["half"], &["an"], &["hour"]]) {
            return Some((Quantity::of(30, Unit::Min), next));
        }
        if let Some(next) = self.phrase(at, &[&["half"], &["a"], &["year"]]) {
            return Some((Quantity::of(6, Unit::Mo), next));
        }
        if let Some((value, max, next)) = self.range(at) {
            let next = if self.mark(next, '-') { next + 1 } else { next };
            let next = self.skip(
                next,
                &[
                    "full", "premiers", "primeros", "ersten", "consecutive", "straight", "solid", "more",
                    "whole", "further", "additional", "weitere",
                ],
            );
            let (unit, next) = self.unit(next)?;
            return Some((Quantity { value, max, unit }, next));
        }
        let next = self.phrase(
            at,
            &[&["a", "an", "one", "the", "next", "ein", "eine", "einen", "una", "un", "another"]],
        )?;
        let next =
            self.skip(next, &["full", "further", "additional", "whole", "next", "first", "month's", "day"]);
        if let Some(next) = self.phrase(next, &[&["fortnight"]]) {
            return Some((Quantity::of(2, Unit::Wk), next));
        }
        let (unit, next) = self.unit(next)?;
        Some((Quantity::of(1, unit), next))
    }

    /// What looks like time or number and was not read.
    fn note_leftover(&mut self, at: usize) {
        let token = &self.tokens[at];
        let counts = match token.shape {
            Shape::Number(_) => !words::harmless_number(self.tokens, at),
            Shape::Word => token.is(words::TIME_WORDS) || self.is_stray(at),
            Shape::Mark(mark) => {
                if mark == '.' && self.out.timing.recurs() {
                    self.rate.closed |=
                        !self.is(at + 1, &["then", "take", "use", "apply", "increase", "reduce"]);
                }
                false
            }
        };
        if counts {
            self.out.leftovers.push(token.start..token.end);
        }
    }

    /// Words that belong to an amount which could not be read: "quarter at 7am", "1 every day take",
    /// `OneTo Be Taken`.
    fn is_stray(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let next = self.token(at + 1);
        // "One tablet one at night"
        let again = self.amounts.read > 0
            && self.amounts.end == at
            && words::number(&token.text, None, None).is_some();
        let part = token.is(&["half", "quarter"])
            && next.is_some_and(|next| next.number().is_some() || next.is(&["at"]));
        let last = at > 0 && next.is_none() && token.is(&["take"]);
        let source = self.text.get(token.start..token.end).unwrap_or_default();
        let run_on = source.char_indices().skip(1).any(|(i, c)| {
            let before = c.is_uppercase().then(|| token.text.get(..i)).flatten();
            before.is_some_and(|word| words::number(word, None, None).is_some())
        });
        again || part || last || run_on && !token.upper
    }

    /// "Start the exercises on Saturday, 2 sets a day" begins then; else nobody can tell which.
    fn lone_day(&mut self, place: Range<usize>) {
        let begins =
            self.tokens.iter().any(|t| t.is(&["start", "starts", "starting", "begin", "begins", "from"]));
        let day = self.out.timing.day_of_week.first().copied();
        match day.zip(self.note_date).and_then(|(day, today)| today.nth_weekday(1, day).ok()) {
            Some(date) if begins => {
                self.out.timing.day_of_week.clear();
                self.out.timing.start.get_or_insert(Start::On(aftercare_core::timing::OnDate { date }));
            }
            _ => self.out.leftovers.push(place),
        }
    }

    fn finish(mut self) -> Reading {
        // "Three times a week on Monday" is no weekly day.
        let weekly = self.out.timing.period_unit == Some(Unit::Wk)
            && self.out.timing.frequency.is_none_or(|times| times <= 1);
        if let Some(place) = self.lone_weekday.clone().filter(|_| !weekly && self.kind == Kind::Plan) {
            self.out.one_day = self.out.timing.period.is_none();
            self.lone_day(place);
        }
        let timing = &mut self.out.timing;
        timing.when.sort_unstable();
        timing.when.dedup();
        timing.time_of_day.sort_unstable();
        timing.time_of_day.dedup();
        timing.day_of_week.sort_by_key(|day| day.to_monday_zero_offset());
        timing.day_of_week.dedup();
        // "Twice a day with meals": the meal is advice. Alone it says when.
        if !self.meals.is_empty() && timing.period.is_none() && timing.when.is_empty() {
            timing.when = self.meals;
        }
        if !timing.when.is_empty() && !timing.time_of_day.is_empty() {
            timing.when.clear();
        }
        // "Every night for at least 6 hours" is how long each time, not for how long.
        let daily = timing.period_unit.is_some_and(|unit| !unit.is_elapsed()) || !timing.when.is_empty();
        if daily && timing.duration.is_some_and(|d| d.unit == Unit::H && d.value < 24) {
            timing.duration = None;
        }
        // "Every morning before food" is before one meal; "before meals and at bedtime" before each.
        let any_meal = |when: &When| matches!(when, When::C | When::Ac | When::Pc);
        let at_night = |when: &When| matches!(when, When::Hs | When::Night);
        if timing.when.iter().any(|when| !any_meal(when) && !at_night(when)) {
            timing.when.retain(|when| !any_meal(when));
        }
        // "Every morning before breakfast" is one time: the meal says which.
        let meal = |when: &When| {
            !matches!(
                when,
                When::Morn | When::Noon | When::Aft | When::Eve | When::Night | When::Hs | When::Wake
            ) && !any_meal(when)
        };
        if self.rate.of_habit
            && timing.when.len() == 2
            && timing.when.iter().filter(|when| meal(when)).count() == 1
        {
            timing.when.retain(meal);
        }
        if self.rate.of_habit && timing.when.len() > 1 && timing.when.iter().any(any_meal) {
            // "ac and hs": before each of three meals, and at bedtime.
            (timing.frequency, timing.period, timing.period_unit) = (None, None, None);
        } else if self.rate.of_habit && timing.when.len() > 1 {
            timing.frequency = u32::try_from(timing.when.len()).ok();
        }
        if self.kind == Kind::Checklist {
            let start = timing.start.or(timing.duration.map(Start::After));
            *timing = Timing { start, ..Timing::default() };
        }
        self.out
    }
}

#[cfg(test)]
mod tests;
