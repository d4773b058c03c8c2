//! How often: rates, codes, habits, schemes, weekdays and clock times.

use super::Reader;
use aftercare_core::{
    step::Kind,
    timing::{Timing, Unit, When},
};

const PER: &[&str] = &["par", "a", "an", "per", "each", "every", "al", "por", "pro", "am", "the", "in"];

/// "If itching", "when wheezy": what makes a medicine one for need.
pub(crate) const SYMPTOMS: &[&str] = &[
    "pain", "painful", "itching", "itchy", "nausea", "nauseous", "nauseated", "wheezing", "wheezy",
    "breathless", "breathlessness", "fever", "febrile", "feverish", "constipated", "constipation", "anxious",
    "anxiety", "headache", "headaches", "cough", "coughing", "vomiting", "diarrhoea", "diarrhea", "dizzy",
    "dizziness", "bloated", "bloating", "spasm", "spasms", "cramps", "cramping", "sore", "heartburn",
    "indigestion", "reflux", "tight", "sleepless", "insomnia", "agitated", "agitation", "congested",
    "congestion", "flushed", "craving", "cravings", "schmerzen", "fieber", "übelkeit", "dolor", "fiebre",
    "douleur", "douleurs", "fièvre", "uncomfortable", "discomfort", "sob",
];

impl Reader<'_> {
    pub(super) fn set_rate(&mut self, frequency: u32, period: u32, unit: Unit) {
        let timing = &mut self.out.timing;
        let new = (frequency, period, unit);
        let Some(read) = timing.period.zip(timing.period_unit) else {
            (timing.frequency, timing.period, timing.period_unit) =
                (Some(frequency), Some(period), Some(unit));
            return;
        };
        let read = (timing.frequency.unwrap_or(1), read.0, read.1);
        // "Three times a day (every 8 hours)", "twice a day, every day" say it again.
        let hours = |(n, period, unit): (u32, u32, Unit)| match unit {
            Unit::H if n == 1 => Some(period),
            Unit::D if period == 1 && n > 0 && 24 % n == 0 => Some(24 / n),
            _ => None,
        };
        let again = read == new
            || !self.rate.staged && new == (1, 1, Unit::D) && matches!(read.2, Unit::D | Unit::H)
            || hours(read).is_some() && hours(read) == hours(new);
        self.conflict |= !again && !self.rate.closed;
    }

    /// How often, where only a habit says it: "every morning".
    fn set_rate_of_habit(&mut self) {
        if self.out.timing.period.is_none() {
            self.set_rate(1, 1, Unit::D);
            self.rate.of_habit = true;
        }
    }

    pub(super) fn set_when(&mut self, codes: &[When]) {
        self.out.timing.when.extend_from_slice(codes);
    }

    /// `as needed`, `PRN`, `if required`, `bei Bedarf`.
    pub(super) fn as_needed(&mut self, at: usize) -> Option<usize> {
        const NEED: &[&str] = &["req'd", "req", "needed", "required", "necessary", "need", "needs", "reqd"];
        let next = self
            .phrase(at, &[&["prn", "sos"]])
            .or_else(|| self.phrase(at, &[&["only"], &["as", "if", "when", "where"], NEED]))
            .or_else(|| self.phrase(at, &[&["as", "if", "when", "where", "whenever"], NEED]))
            .or_else(|| self.phrase(at, &[&["as"], &["and"], &["when"], NEED]))
            .or_else(|| self.phrase(at, &[&["bei"], &["bedarf"]]))
            .or_else(|| self.phrase(at, &[&["nach"], &["bedarf"]]))
            .or_else(|| self.phrase(at, &[&["si"], &["precisa", "necesario", "necesita"]]))
            .or_else(|| self.phrase(at, &[&["si"], &["besoin", "nécessaire"]]))
            .or_else(|| self.phrase(at, &[&["at"], &["the"], &["onset"]]))
            .or_else(|| self.phrase(at, &[&["at"], &["onset"]]))
            .or_else(|| self.phrase(at, &[&["at"], &["headache", "migraine", "symptom"], &["onset"]]))
            .or_else(|| self.phrase(at, &[&["for"], &["breakthrough"]]))
            .or_else(|| self.phrase(at, &[&["for"], &["anaphylaxis"]]))
            .or_else(|| self.phrase(at, &[&["if", "when", "for"], &["any"], SYMPTOMS]))
            .or_else(|| self.phrase(at, &[&["if", "when", "wenn", "bei", "si"], SYMPTOMS]))?;
        self.out.timing.as_needed = true;
        Some(next)
    }

    /// `1-0-1`, `1-0-1-0`: morning, noon, evening, night.
    pub(super) fn scheme(&mut self, at: usize) -> Option<usize> {
        let part = |i: usize| self.token(i)?.number().filter(|n| *n <= 4.0);
        let dash = |i: usize| self.mark(i, '-') && self.token(i).is_some_and(|t| t.glued);
        let first = part(at)?;
        if !(dash(at + 1) && dash(at + 3)) {
            return None;
        }
        let mut parts = vec![first, part(at + 2)?, part(at + 4)?];
        let mut next = at + 5;
        if let (true, Some(night)) = (dash(next), part(next + 1)) {
            parts.push(night);
            next += 2;
        }
        let codes = [When::Morn, When::Noon, When::Eve, When::Night];
        let taken: Vec<When> =
            codes.into_iter().zip(&parts).filter(|(_, n)| **n > 0.0).map(|(code, _)| code).collect();
        if taken.is_empty() {
            return None;
        }
        self.set_rate(u32::try_from(taken.len()).unwrap_or(1), 1, Unit::D);
        self.set_when(&taken);
        Some(next)
    }

    /// `twice a day`, `3 times per week`, `3x/wk`, `up to four times daily`, `2x täglich`.
    pub(super) fn times_per(&mut self, at: usize) -> Option<usize> {
        let limit = self
            .phrase(at, &[&["up"], &["to"]])
            .or_else(|| self.phrase(at, &[&["bis"], &["zu"]]))
            .or_else(|| self.phrase(at, &[&["hasta"]]))
            .or_else(|| {
                let next = self.phrase(at, &[&["max", "maximum", "maximal", "höchstens", "máximo"]])?;
                Some(if self.mark(next, '.') { next + 1 } else { next })
            })
            .or_else(|| self.phrase(at, &[&["no", "not"], &["more"], &["than"]]));
        if let Some(limit) = limit
            && let Some(frequency) = self.latin_rate(limit)
        {
            self.out.timing.frequency_max = Some(frequency);
            (self.out.timing.period, self.out.timing.period_unit) = (Some(1), Some(Unit::D));
            return Some(limit + 1);
        }
        if let Some(next) =
            self.phrase(at, &[&["on"], &["the"]]).and_then(|next| self.day_of_each_month(next))
        {
            self.set_rate(1, 1, Unit::Mo);
            return Some(next);
        }
        if let Some(next) = self.days_a_week(at) {
            return Some(next);
        }
        let (low, high, counted) = self.times(limit.unwrap_or(at))?;
        let (period, unit, next) = self.per(counted)?;
        // "Repeat x1 in 72 h" is once, then; only within a day it is a rate.
        if low == 1
            && self.is(counted, &["in"])
            && (period, unit) != (24, Unit::H)
            && (period, unit) != (1, Unit::D)
        {
            return None;
        }
        let timing = &mut self.out.timing;
        if limit.is_some() && timing.period.is_some() {
            // A bound beside a rate stays in the action.
            return Some(next);
        }
        if limit.is_some() {
            timing.frequency_max = Some(high.unwrap_or(low));
            (timing.period, timing.period_unit) = (Some(period), Some(unit));
        } else {
            self.set_rate(low, period, unit);
            self.out.timing.frequency_max = high;
        }
        Some(next)
    }

    fn latin_rate(&self, at: usize) -> Option<u32> {
        match self.token(at)?.text.as_str() {
            "bd" | "bid" => Some(2),
            "tds" | "tid" => Some(3),
            "qds" | "qid" => Some(4),
            _ => None,
        }
    }

    /// `1st of each month`
    fn day_of_each_month(&self, at: usize) -> Option<usize> {
        let (_, next) = self.number(at).or_else(|| self.is(at, &["first", "last"]).then_some((1, at + 1)))?;
        let next = self.skip(next, &["st", "nd", "rd", "th"]);
        self.phrase(next, &[&["of"], &["each", "every", "the"], &["month"]])
    }

    /// `5 days a week`
    fn days_a_week(&mut self, at: usize) -> Option<usize> {
        let (low, high, next) = self.range(at)?;
        let next = self.phrase(next, &[&["days"], &["a", "per", "each", "/", "every"], &["week", "wk"]])?;
        self.set_rate(low, 1, Unit::Wk);
        self.out.timing.frequency_max = high;
        Some(next)
    }

    /// The count of `times_per`: `once`, `twice`, `3 times`, `3x`, `2 to 3 times`, `2-mal`.
    fn times(&self, at: usize) -> Option<(u32, Option<u32>, usize)> {
        const TIMES: &[&str] =
            &["times", "time", "x", "mal", "veces", "vez", "×", "fois", "sets", "sessions", "visits"];
        for (word, n) in [
            ("once", 1),
            ("twice", 2),
            ("thrice", 3),
            ("einmal", 1),
            ("zweimal", 2),
            ("dreimal", 3),
            ("viermal", 4),
        ] {
            if self.is(at, &[word]) {
                let next = at + 1;
                // "once or twice a day"
                if self.is(next, &["or", "to"]) && self.is(next + 1, &["twice", "thrice"]) {
                    return Some((n, Some(n + 1), next + 2));
                }
                return Some((n, None, next));
            }
        }
        // "x3/day"
        let factor =
            self.phrase(at, &[&["x", "×"]]).filter(|next| self.token(*next).is_some_and(|t| t.glued));
        if let Some((low, high, next)) = factor.and_then(|next| self.range(next)) {
            return Some((low, high, next));
        }
        let (low, high, next) = self.range(at)?;
        // "1 - 2 times": one, twice; or one to two times?
        if high.is_some() && self.token(at + 1).is_some_and(|t| t.is_mark('-') && !t.glued) {
            return None;
        }
        let next = if self.mark(next, '-') { next + 1 } else { next };
        if self.is(next, TIMES) {
            return Some((low, high, next + 1));
        }
        // "two per day", "one a day", "one to be taken every day"; only with a bare small count.
        None
    }

    /// The period of `times_per`: `a day`, `daily`, `/d`, `per week`, `every 2 weeks`.
    fn per(&self, at: usize) -> Option<(u32, Unit, usize)> {
        if let Some((unit, next)) = self.adverb(at) {
            return Some((1, unit, next));
        }
        // "3 x wk"
        if at.checked_sub(1).is_some_and(|i| self.is(i, &["x", "×"]))
            && let Some((unit @ (Unit::D | Unit::Wk), next)) = self.unit(at)
        {
            return Some((1, unit, next));
        }
        let next = if self.mark(at, '/') { at + 1 } else { self.phrase(at, &[PER])? };
        let next = self.skip(next, &["the"]);
        if let Some((unit, next)) = self.unit(next) {
            return Some((1, unit, next));
        }
        let (n, next) = self.number(next)?;
        let (unit, next) = self.unit(next)?;
        Some((n, unit, next))
    }

    fn adverb(&self, at: usize) -> Option<(Unit, usize)> {
        let unit = match self.token(at)?.text.as_str() {
            "daily" | "täglich" | "tgl" | "diario" | "diaria" | "diariamente" | "tägl" => Unit::D,
            "weekly" | "wöchentlich" | "semanal" => Unit::Wk,
            "monthly" | "mensuel" | "monatlich" | "mensual" => Unit::Mo,
            "hourly" | "hrly" | "stündlich" => Unit::H,
            "yearly" | "annually" | "jährlich" => Unit::A,
            _ => return None,
        };
        Some((unit, at + 1))
    }

    /// `every 4 to 6 hours`, `q8h`, `every other day`, `4 hourly`, `alternate days`, `daily`.
    pub(super) fn every(&mut self, at: usize) -> Option<usize> {
        if let Some(next) = self
            .phrase(at, &[&["on"], &["alternate"], &["night", "nights"]])
            .or_else(|| self.phrase(at, &[&["alternate"], &["night", "nights"]]))
        {
            self.set_rate(1, 2, Unit::D);
            self.set_when(&[When::Night]);
            return Some(next);
        }
        if let Some(next) = self
            .phrase(at, &[&["on"], &["alternate"], &["day", "days"]])
            .or_else(|| self.phrase(at, &[&["alternate", "alt"], &["day", "days"]]))
        {
            self.set_rate(1, 2, Unit::D);
            return Some(next);
        }
        if self.is(
            at,
            &[
                "every", "each", "q", "cada", "alle", "jeden", "jede", "jedes", "evry", "ea", "toutes",
                "tous", "chaque",
            ],
        ) {
            return self.every_period(at + 1, self.is(at, &["q"]));
        }
        if let Some((unit, next)) = self.adverb(at) {
            if unit == Unit::D && self.amounts.read > 0 && self.amounts.end == at {
                self.once_daily_of_amount();
            } else {
                self.set_rate(1, 1, unit);
            }
            return Some(next);
        }
        for (word, period, unit) in
            [("fortnightly", 2, Unit::Wk), ("nightly", 1, Unit::D), ("biweekly", 2, Unit::Wk)]
        {
            if self.is(at, &[word]) {
                if word == "nightly" {
                    self.set_rate_of_habit();
                    self.set_when(&[When::Night]);
                } else {
                    self.set_rate(1, period, unit);
                }
                return Some(at + 1);
            }
        }
        // "4 hourly", "4-6 hrly", "8-stündlich"
        let (low, high, next) = self.range(at)?;
        let next = if self.mark(next, '-') { next + 1 } else { next };
        let (unit, next) = self.adverb(next).filter(|(unit, _)| *unit == Unit::H)?;
        self.set_rate(1, low, unit);
        self.out.timing.period_max = high;
        Some(next)
    }

    fn every_period(&mut self, at: usize, latin: bool) -> Option<usize> {
        let at = if latin && self.mark(at, '.') { at + 1 } else { at };
        let at = self.skip(at, &["waking", "les", "single"]);
        if let Some(next) = self.phrase(at, &[&["other", "second", "alternate", "2nd", "zweiten", "otro"]]) {
            if let Some(code) = self.token(next).and_then(|t| match t.text.as_str() {
                "morning" => Some(When::Morn),
                "evening" => Some(When::Eve),
                "night" => Some(When::Night),
                _ => None,
            }) {
                self.set_rate(1, 2, Unit::D);
                self.set_when(&[code]);
                return Some(next + 1);
            }
            let (unit, next) = self.unit(next).or_else(|| {
                self.weekday(next).map(|(day, next)| {
                    self.out.timing.day_of_week.push(day);
                    (Unit::Wk, next)
                })
            })?;
            self.set_rate(1, 2, unit);
            return Some(next);
        }
        if let Some(next) = self.phrase(at, &[&["third", "3rd", "dritten"]]) {
            let (unit, next) = self.unit(next)?;
            self.set_rate(1, 3, unit);
            return Some(next);
        }
        if let Some(next) = self.phrase(at, &[&["couple"]]) {
            let (unit, next) = self.unit(self.skip(next, &["of"]))?;
            self.set_rate(1, 2, unit);
            return Some(next);
        }
        if let Some((low, high, next)) = self.range(at) {
            let next = if self.mark(next, '-') { next + 1 } else { next };
            // "q2pm": a clock time, not a period.
            if latin && self.is(next, &["pm", "am"]) {
                self.add_clock(low, 0, Some(self.is(next, &["pm"])))?;
                self.set_rate(1, 1, Unit::D);
                return Some(next + 1);
            }
            let (unit, next) = self.unit(next).or_else(|| self.adverb(next))?;
            self.set_rate(1, low, unit);
            self.out.timing.period_max = high;
            return Some(next);
        }
        for (words, codes) in [
            (&["morning", "am", "morgen", "mañana"][..], &[When::Morn][..]),
            (&["afternoon"][..], &[When::Aft][..]),
            (&["evening", "pm", "abend", "eve", "tarde"][..], &[When::Eve][..]),
            (&["night", "nacht", "noche", "nite"][..], &[When::Night][..]),
            (&["bedtime", "hs"][..], &[When::Hs][..]),
            (&["meal", "mahlzeit"][..], &[When::C][..]),
            (&["breakfast"][..], &[When::Cm][..]),
        ] {
            if self.is(at, words) {
                self.set_rate_if_habit(codes);
                self.set_when(codes);
                return Some(at + 1);
            }
        }
        if let Some((day, next)) = self.weekday(at) {
            self.out.timing.day_of_week.push(day);
            self.set_rate(1, 1, Unit::Wk);
            return Some(self.more_weekdays(next));
        }
        let (unit, next) = self.unit(at)?;
        self.set_rate(1, 1, unit);
        Some(next)
    }

    pub(super) fn set_rate_if_habit(&mut self, codes: &[When]) {
        if !codes.iter().any(|code| code.is_meal()) {
            self.set_rate_of_habit();
        }
    }

    /// Latin and house abbreviations.
    pub(super) fn code(&mut self, at: usize) -> Option<usize> {
        let token = self.token(at)?;
        let (upper, text) = (token.upper, token.text.clone());
        let rate = match text.as_str() {
            "bid" | "bd" | "bds" => Some((2, 1)),
            "tid" | "tds" | "td" => Some((3, 1)),
            "qid" | "qds" => Some((4, 1)),
            "qd" => Some((1, 1)),
            // "1 gtt OD": into the right eye.
            "od" if (upper || at > 0)
                && !self.is(at.saturating_sub(1), &["gtt", "gtts", "drop", "drops"]) =>
            {
                Some((1, 1))
            }
            "qod" | "eod" => Some((1, 2)),
            _ => None,
        };
        if let Some((frequency, period)) = rate {
            self.set_rate(frequency, period, Unit::D);
            return Some(at + 1);
        }
        let when = match text.as_str() {
            "qam" | "mane" | "morgens" => When::Morn,
            "om" if upper || at.checked_sub(1).is_some_and(|i| self.is(i, super::words::DOSE_UNITS)) => {
                When::Morn
            }
            "qpm" | "abends" => When::Eve,
            "qhs" | "hs" => When::Hs,
            "nocte" | "qn" | "noct" | "nachts" => When::Night,
            "on" if upper
                && at > 0
                && self.tokens.iter().any(|t| t.shape == crate::token::Shape::Word && !t.upper) =>
            {
                When::Night
            }
            "ac" if upper || self.kind == Kind::Plan => When::Ac,
            "pc" if upper || self.kind == Kind::Plan => When::Pc,
            "mittags" => When::Noon,
            "stat" => {
                self.out.once = true;
                self.out.timing.start.get_or_insert(super::span::after(0, Unit::D));
                return Some(at + 1);
            }
            _ => return None,
        };
        if matches!(
            text.as_str(),
            "qam" | "mane" | "om" | "qpm" | "qhs" | "nocte" | "qn" | "on" | "hs" | "noct"
        ) {
            self.set_rate_of_habit();
        }
        self.set_when(&[when]);
        Some(at + 1)
    }
}

/// Whether a reading says how often.
pub(super) fn recurs(timing: &Timing) -> bool {
    timing.recurs() || timing.frequency_max.is_some()
}
