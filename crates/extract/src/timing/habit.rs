//! At which times: habits of the day, weekdays and clock times.

use super::Reader;
use aftercare_core::{step::Kind, timing::When};
use jiff::civil::{Time, Weekday};

/// Words behind which a weekday is a date.
pub(super) const DATE_LEADS: &[&str] = &[
    "until", "till", "through", "thru", "bis", "hasta", "from", "starting", "beginning", "by", "ab", "vom",
    "start",
];

impl Reader<'_> {
    /// `in the morning`, `at night`, `before meals`, `with breakfast`, `on waking`.
    pub(super) fn habit(&mut self, at: usize) -> Option<usize> {
        // "1 hour before food", "30 minutes after breakfast": how long before is for the action.
        if let Some((_, next)) = self.quantity(at).filter(|(quantity, _)| quantity.unit.is_elapsed())
            && self.is(next, &["before", "prior", "after", "vor", "nach", "antes"])
        {
            return self.around_meal(next, next + 1);
        }
        if let Some(next) = self.bare_habit(at) {
            return Some(next);
        }
        if let Some(next) = self
            .phrase(at, &[&["before", "avant", "après", "prior", "after", "vor", "nach", "antes", "después"]])
        {
            return self.around_meal(at, next);
        }
        let next = self.phrase(
            at,
            &[&[
                "in", "at", "on", "upon", "zur", "am", "zum", "por", "with", "around", "and", "after", ",",
                "le", "la", "au", "et", "y", "und", "or", "w", "con", "mit",
            ]],
        )?;
        if self.is(at, &["with", "w", "mit", "con"]) {
            return self.with_meal(next);
        }
        let next = self.skip(next, &["the", "la", "le", "first", "early", "dem", "der"]);
        let code = match self.token(next)?.text.as_str() {
            "morning" | "mornings" | "am" | "morgen" | "mañana" | "mornin" | "matin" => When::Morn,
            "noon" | "midday" | "lunchtime" | "mittag" => When::Noon,
            "afternoon" | "afternoons" => When::Aft,
            "evening" | "evenings" | "abend" | "teatime" | "tarde" | "soir" | "eve" | "pm" => When::Eve,
            "night" | "nights" | "nighttime" | "nacht" | "noche" | "nuit" | "nite" => When::Night,
            "bedtime" | "bed" | "coucher" => When::Hs,
            "waking" | "awakening" => When::Wake,
            "breakfast" => When::Cm,
            "lunch" => When::Cd,
            "dinner" | "supper" => When::Cv,
            _ => return None,
        };
        // "and" joins a habit only to one read before it.
        if self.is(at, &["and", ",", "et", "y", "und", "or"]) && self.out.timing.when.is_empty() {
            return None;
        }
        self.set_when(&[code]);
        Some(next + 1)
    }

    /// `AM and HS`, `matin et soir`, `overnight`: habits without a word before them.
    fn bare_habit(&mut self, at: usize) -> Option<usize> {
        let token = self.token(at)?;
        let behind_number = at.checked_sub(1).is_some_and(|i| self.tokens[i].number().is_some());
        let behind_drug = at.checked_sub(1).is_some_and(|i| crate::drugs::is_drug(&self.tokens[i]));
        // "0.5 mg am and 1 mg pm"
        let behind_amount = at.checked_sub(1).is_some_and(|i| crate::drugs::is_strength(&self.tokens[i]));
        let half = behind_amount || token.upper && !behind_number && !behind_drug;
        let code = match token.text.as_str() {
            "am" if half => When::Morn,
            "pm" if half => When::Eve,
            "overnight" if self.token(at + 1).is_none_or(|t| t.shape != crate::token::Shape::Word) => {
                When::Night
            }
            "morning"
                if self.is(at + 1, &["and", "+", "&"])
                    && self.is(at + 2, &["night", "evening", "bedtime"]) =>
            {
                self.set_when(&[
                    When::Morn,
                    if self.is(at + 2, &["evening"]) { When::Eve } else { When::Night },
                ]);
                return Some(at + 3);
            }
            "mornings" | "matin" => When::Morn,
            "evenings" | "soir" => When::Eve,
            "nights" if at > 0 => When::Night,
            _ => return None,
        };
        self.set_when(&[code]);
        Some(at + 1)
    }

    fn around_meal(&mut self, at: usize, next: usize) -> Option<usize> {
        let before = self.is(at, &["before", "prior", "vor", "antes"]);
        let next = self.skip(next, &["to", "de", "del", "le", "les"]);
        let next = self.skip(
            next,
            &["a", "each", "every", "all", "your", "her", "his", "the", "dem", "der", "den", "las"],
        );
        let next = match self.phrase(next, &[&["morning", "midday", "evening", "main"], &["meal"]]) {
            Some(_) => {
                let (b, a) = match self.token(next)?.text.as_str() {
                    "morning" => (When::Acm, When::Pcm),
                    "midday" => (When::Acd, When::Pcd),
                    _ => (When::Acv, When::Pcv),
                };
                self.set_when(&[if before { b } else { a }]);
                return Some(next + 2);
            }
            None => next,
        };
        let (b, a) = match self.token(next)?.text.as_str() {
            "meal" | "meals" | "food" | "eating" | "essen" | "mahlzeiten" | "comidas" => (When::Ac, When::Pc),
            "breakfast" | "frühstück" | "desayuno" | "petit-déjeuner" | "déjeuner" => {
                (When::Acm, When::Pcm)
            }
            "lunch" => (When::Acd, When::Pcd),
            "dinner" | "supper" | "cena" => (When::Acv, When::Pcv),
            "bed" | "bedtime" | "sleep" | "schlafengehen" if before => (When::Hs, When::Hs),
            _ => return None,
        };
        // "before eating out at a restaurant" is an occasion, not a meal of every day.
        if self.is(next + 1, &["out"]) {
            self.out.event = true;
            return Some(next + 2);
        }
        self.set_when(&[if before { b } else { a }]);
        Some(next + 1)
    }

    /// "With meals" beside a frequency is advice; alone it says when.
    fn with_meal(&mut self, at: usize) -> Option<usize> {
        let at = self.skip(at, &["each", "every", "a", "the", "your"]);
        if let Some(next) = self.phrase(at, &[&["evening", "main"], &["meal"]]) {
            self.meals.push(When::Cv);
            return Some(next);
        }
        let code = match self.token(at)?.text.as_str() {
            "breakfast" => When::Cm,
            "lunch" => When::Cd,
            "dinner" | "supper" => When::Cv,
            "meals" | "meal" => When::C,
            _ => return None,
        };
        self.meals.push(code);
        Some(at + 1)
    }

    /// "At night instead of in the morning": what it is instead of is not to be.
    pub(super) fn instead(&mut self, at: usize) -> Option<usize> {
        let next = self
            .phrase(at, &[&["instead"], &["of"]])
            .or_else(|| self.phrase(at, &[&["rather"], &["than"]]))
            .or_else(|| self.phrase(at, &[&["not"]]).filter(|next| self.is(*next, &["in", "at"])))?;
        let kept = self.out.clone();
        let end = self.habit(next);
        self.out = kept;
        end.or(Some(next))
    }

    pub(super) fn weekday(&self, at: usize) -> Option<(Weekday, usize)> {
        if self.is(at, &["sats", "suns", "mons", "weds"]) && !self.is(at, &["weds"]) {
            return None;
        }
        let day = match self.token(at)?.text.trim_end_matches('s') {
            "mon" | "monday" | "montag" | "lune" | "lundi" => Weekday::Monday,
            "tue" | "tuesday" | "dienstag" | "marte" | "mardi" => Weekday::Tuesday,
            "wed" | "weds" | "wednesday" | "mittwoch" | "wedne" | "miércole" | "mercredi" => {
                Weekday::Wednesday
            }
            "thu" | "thur" | "thursday" | "donnerstag" | "jueve" | "jeudi" => Weekday::Thursday,
            "fri" | "friday" | "freitag" | "vierne" | "vendredi" => Weekday::Friday,
            "sat" | "saturday" | "samstag" | "sábado" | "samedi" => Weekday::Saturday,
            "sun" | "sunday" | "sonntag" | "domingo" | "dimanche" => Weekday::Sunday,
            _ => return None,
        };
        // "sat" and "sun" are words too.
        if self.is(at, &["sat", "sun", "mon"]) && self.token(at).is_some_and(|t| t.text.len() == 3) {
            let near = |i: Option<usize>| {
                i.and_then(|i| self.token(i)).is_some_and(|t| {
                    t.is_mark('/')
                        || t.is_mark(',')
                        || t.is_mark('+')
                        || t.is_mark('&')
                        || t.is(&["on", "and", "every", "each"])
                })
            };
            if !(near(at.checked_sub(1)) || near(Some(at + 1))) {
                return None;
            }
        }
        Some((day, at + 1))
    }

    pub(super) fn more_weekdays(&mut self, mut at: usize) -> usize {
        loop {
            let mut next = at;
            while self.mark(next, '/')
                || self.mark(next, ',')
                || self.mark(next, '&')
                || self.mark(next, '+')
                || self.is(next, &["and", "und", "y", "et"])
            {
                next += 1;
            }
            match self.weekday(next) {
                Some((day, end)) if next > at => {
                    self.out.timing.day_of_week.push(day);
                    at = end;
                }
                _ => return at,
            }
        }
    }

    /// `Mon/Wed/Fri`, `on Mondays`, `all other days`, `on weekdays`.
    pub(super) fn weekdays(&mut self, at: usize) -> Option<usize> {
        let behind = |words: &[&str]| at.checked_sub(1).is_some_and(|before| self.is(before, words));
        // "Monday, November 4": the date says it.
        if let Some((_, next)) = self.weekday(self.skip(at, &["on", "am", "el", "le"])) {
            let comma = usize::from(self.mark(next, ','));
            if self.date_at(next + comma).is_some() {
                return Some(next);
            }
        }
        let dated = behind(DATE_LEADS) || behind(&["next", "this", "coming"]);
        if dated && self.weekday(at).is_some() {
            // "Until Friday" names a day, not every Friday; which one only the note's date tells.
            let day = self.token(at)?;
            let place = day.start..day.end;
            self.out.leftovers.push(place);
            return None;
        }
        let excepted = behind(&["except", "excluding", "not", "skip", "omit", "außer", "excepto"]);
        let before = self.out.timing.day_of_week.clone();
        let end = self.named_weekdays(at)?;
        if excepted {
            self.lone_weekday = None;
            let days = std::mem::replace(&mut self.out.timing.day_of_week, before);
            let week = Weekday::Monday.cycle_forward().take(7);
            self.out.timing.day_of_week.extend(week.filter(|day| !days.contains(day)));
        }
        Some(end)
    }

    fn named_weekdays(&mut self, at: usize) -> Option<usize> {
        if let Some(next) = self.letters(at) {
            return Some(next);
        }
        if self.is(at, &["mwf"]) {
            self.out.timing.day_of_week.extend([Weekday::Monday, Weekday::Wednesday, Weekday::Friday]);
            return Some(at + 1);
        }
        if let Some(next) = self
            .phrase(at, &[&["all", "the"], &["other", "remaining"], &["days"]])
            .or_else(|| self.phrase(at, &[&["all"], &["the"], &["other", "remaining"], &["days"]]))
            .or_else(|| {
                let next = self.phrase(at, &[&["all", "the"], &["other", "remaining"]])?;
                self.number(next).and_then(|(_, next)| self.phrase(next, &[&["days"]]))
            })
        {
            self.out.other_days = true;
            return Some(next);
        }
        let next = self.skip(at, &["on", "each", "am", "el", "le"]);
        let group: Option<&[Weekday]> = match self.token(next)?.text.as_str() {
            "weekdays" | "werktags" => Some(&[
                Weekday::Monday,
                Weekday::Tuesday,
                Weekday::Wednesday,
                Weekday::Thursday,
                Weekday::Friday,
            ]),
            "weekends" => Some(&[Weekday::Saturday, Weekday::Sunday]),
            _ => None,
        };
        if let Some(days) = group {
            self.out.timing.day_of_week.extend_from_slice(days);
            return Some(next + 1);
        }
        let (day, end) = self.weekday(next)?;
        if self.kind == Kind::Checklist {
            return self.on_weekday(day, end);
        }
        let alone = self.out.timing.day_of_week.is_empty();
        self.out.timing.day_of_week.push(day);
        let more = self.more_weekdays(end);
        let name = &self.tokens[next];
        let plural = name.text.ends_with('s') && !name.is(&["tues", "thurs", "wednes", "dienstags"]);
        if alone && more == end && !plural && !self.is(at, &["each"]) {
            self.lone_weekday = Some(name.start..name.end);
        }
        Some(more)
    }

    /// `M/W/F`, `T/Th`
    fn letters(&mut self, at: usize) -> Option<usize> {
        let day = |i: usize| {
            Some(match self.token(i)?.text.as_str() {
                "m" => Weekday::Monday,
                "t" | "tu" => Weekday::Tuesday,
                "w" => Weekday::Wednesday,
                "th" => Weekday::Thursday,
                "f" => Weekday::Friday,
                "sa" => Weekday::Saturday,
                "su" => Weekday::Sunday,
                _ => return None,
            })
        };
        let mut days = vec![day(at)?];
        let mut next = at + 1;
        while let Some(further) = day(next + 1).filter(|_| self.mark(next, '/')) {
            days.push(further);
            next += 2;
        }
        if days.len() < 2 {
            return None;
        }
        self.out.timing.day_of_week.extend(days);
        Some(next)
    }

    /// `at 22:00`, `8 am`, `10pm`, `at 8am and 8pm`.
    pub(super) fn clock(&mut self, at: usize) -> Option<usize> {
        let at_word = self.phrase(at, &[&["at", "um", "by", "around", "and", "@"]]);
        let next = at_word.unwrap_or(at);
        let hour = self.token(next)?.number().filter(|n| n.fract() == 0.0 && *n < 25.0)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 25")]
        let hour = hour as u32;
        let (minute, next) = match (
            self.mark(next + 1, ':'),
            self.token(next + 2).and_then(super::super::token::Token::number),
        ) {
            (true, Some(minute)) if minute < 60.0 => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 60")]
                let minute = minute as u32;
                (Some(minute), next + 3)
            }
            _ => (None, next + 1),
        };
        let half = self.token(next).and_then(|token| match token.text.as_str() {
            "am" => Some(false),
            "pm" => Some(true),
            _ => None,
        });
        let uhr = self.is(next, &["uhr", "o'clock", "hrs"]);
        if minute.is_none() && half.is_none() && !uhr {
            return None;
        }
        if self.is(at, &["and"]) && self.out.timing.time_of_day.is_empty() {
            return None;
        }
        self.add_clock(hour, minute.unwrap_or(0), half)?;
        Some(next + usize::from(half.is_some() || uhr))
    }

    /// "No caffeine after 2 pm": no time to do anything at, and no word of the schedule. Beside a
    /// time that is one it may be another.
    pub(super) fn before_a_clock(&mut self, at: usize) -> Option<usize> {
        let bound = self.is(at, &["after", "before", "past"]) && self.kind == Kind::Plan;
        let kept = self.out.clone();
        let end = self.clock(at + 1).filter(|_| bound);
        self.out = kept;
        if end.is_some() && !self.out.timing.time_of_day.is_empty() {
            let token = &self.tokens[at];
            self.out.leftovers.push(token.start..token.end);
        }
        end
    }

    pub(super) fn add_clock(&mut self, hour: u32, minute: u32, pm: Option<bool>) -> Option<()> {
        let hour = match pm {
            Some(_) if hour == 0 || hour > 12 => return None,
            Some(true) => hour % 12 + 12,
            Some(false) => hour % 12,
            None => hour,
        };
        let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()?;
        self.out.timing.time_of_day.push(time);
        Some(())
    }
}
