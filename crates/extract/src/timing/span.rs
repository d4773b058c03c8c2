//! For how long, how many in all, and from when: durations, counts, starts.

use super::{Reader, rate::recurs};
use aftercare_core::{
    step::Kind,
    timing::{OnDate, Quantity, Start, Unit},
};
use jiff::civil::Weekday;

/// "A 7-day course" lasts for so long.
const COURSES: &[&str] =
    &["course", "supply", "treatment", "regimen", "trial", "taper", "prescription", "of", "then", "and"];

/// What may follow "once" where it says how often: "once only", "once today", "once with food".
const BEHIND_ONCE: &[&str] = &[
    "only", "more", "now", "today", "tonight", "tomorrow", "then", "and", "again", "stat", "for", "on", "at",
    "as", "with", "after", "before", "to", "prn", "if", "this", "po", "by", "orally", "nocte", "mane",
];

pub(super) fn after(value: u32, unit: Unit) -> Start {
    Start::After(Quantity::of(value, unit))
}

impl Reader<'_> {
    fn set_duration(&mut self, quantity: Quantity) {
        // Minutes are the length of one session ("for 20 minutes"), not of a course.
        if quantity.unit != Unit::Min {
            let said = self.out.timing.duration.replace(quantity).filter(|said| *said != quantity);
            self.conflict |= said.is_some();
            self.out.timing.duration = said.or(Some(quantity));
        }
    }

    fn set_start(&mut self, start: Start) {
        self.out.timing.start.get_or_insert(start);
    }

    /// UK notation: `3/7` days, `2/52` weeks, `6/12` months.
    pub(super) fn fraction(&mut self, at: usize) -> Option<usize> {
        // "Partners of the last 6/12"
        if self.is(at, &["last", "past", "previous"])
            && let Some((_, _, slash)) =
                self.range_before_slash(at + 1).filter(|(_, _, slash)| self.mark(*slash, '/'))
        {
            return Some(slash + 2);
        }
        let (lead, at) = match self.token(at) {
            Some(token) if token.is(&["for", "x", "in", "after", "within"]) => {
                (Some(token.text.clone()), at + 1)
            }
            _ => (None, at),
        };
        let at = if lead.is_some() { self.skip(at, &["first", "next", "another", "a", "the"]) } else { at };
        let at = if lead.is_some() { self.phrase(at, &[&["1"], &["st"]]).unwrap_or(at) } else { at };
        let (value, max, slash) = self.range_before_slash(at)?;
        // "3/12/2026" is a date, in an order that differs between countries: a question.
        if !self.mark(slash, '/')
            || !self.token(slash)?.glued
            || !self.token(slash + 1)?.glued
            || self.mark(slash + 2, '/')
        {
            return None;
        }
        let unit = match self.token(slash + 1)?.text.as_str() {
            "7" => Unit::D,
            "52" => Unit::Wk,
            "12" => Unit::Mo,
            _ => return None,
        };
        let quantity = Quantity { value, max, unit };
        if self.kind == Kind::Checklist || lead.is_some_and(|lead| lead == "in" || lead == "after") {
            self.set_start(Start::After(quantity));
        } else {
            self.set_duration(quantity);
        }
        Some(slash + 2)
    }

    fn range_before_slash(&self, at: usize) -> Option<(u32, Option<u32>, usize)> {
        let (low, next) = self.number(at)?;
        if self.mark(next, '-')
            && let Some((high, end)) = self.number(next + 1).filter(|(high, _)| *high > low)
        {
            return Some((low, Some(high), end));
        }
        Some((low, None, next))
    }

    /// `for 7 days`, `x10d`, `x 3 wks`, `5 days`, `für 7 Tage`, `7-day course`.
    pub(super) fn duration(&mut self, at: usize) -> Option<usize> {
        // "At 28 weeks" of a pregnancy.
        if let Some((_, end)) = self.phrase(at, &[&["at"]]).and_then(|next| self.quantity(next)) {
            self.out.event = true;
            return Some(end);
        }
        // "A 24-hour Holter": what kind of thing it is.
        if let Some((_, end)) =
            self.quantity(at).filter(|_| self.mark(at + 1, '-') && self.tokens[at + 1].glued)
            && self.token(end).is_some_and(|t| t.shape == crate::token::Shape::Word && !t.is(COURSES))
            && self.number(at + 2).is_none()
        {
            return Some(end);
        }
        let lead = self.phrase(
            at,
            &[&["for", "x", "×", "times", "für", "durante", "por", "over", "pendant", "long", "til"]],
        );
        let mut next = lead.unwrap_or(at);
        for filler in [
            &["a", "the"][..],
            &[
                "total", "next", "first", "1st", "initial", "upto", "approx", "around", "roughly", "minimum",
                "nächsten", "próximos", "about", "at", "another",
            ][..],
            &["of", "least", "about"][..],
        ] {
            if lead.is_some() && self.is(next, filler) && self.quantity(next).is_none() {
                next += 1;
            }
        }
        if lead.is_some() {
            next = self.phrase(next, &[&["1"], &["st"]]).unwrap_or(next);
        }
        let (quantity, end) = self.quantity(next)?;
        if lead.is_some() {
            if self.kind == Kind::Checklist {
                return Some(end);
            }
            self.set_duration(quantity);
            return Some(end);
        }
        // "10 days" alone: how long a plan runs, or when a task is due.
        if self.is(end, &["old", "ago", "hx", "history"]) {
            return None;
        }
        if quantity.unit == Unit::Min
            || (quantity.unit == Unit::H && self.kind == Kind::Plan && quantity.value < 24)
        {
            return None;
        }
        let article = self.is(at, &["a", "an", "the", "next"]);
        if article && self.kind == Kind::Plan && !recurs(&self.out.timing) {
            return None;
        }
        if self.kind == Kind::Checklist {
            self.set_start(Start::After(quantity));
        } else {
            self.set_duration(quantity);
        }
        Some(end)
    }

    /// `x 3 doses`, `#30`, `dispense 14`, `(28 capsules)`.
    pub(super) fn count(&mut self, at: usize) -> Option<usize> {
        const DOSES: &[&str] = &[
            "doses", "treatments", "sessions", "injections", "dosis", "séances", "sitzungen", "applications",
        ];
        const PIECES: &[&str] = &["tablets", "tabs", "capsules", "caps", "pills", "tablet", "capsule"];
        if let Some(lead) = self.phrase(at, &[&["x", "for", "×"]]) {
            let (n, next) = self.number(lead)?;
            // "Once a week x 6": so many in all.
            let bare = self.is(at, &["x", "×"]) && self.out.timing.recurs() && self.ends_here(next);
            let next = self.phrase(next, &[DOSES]).or(bare.then_some(next))?;
            self.out.timing.count = Some(n);
            return Some(next);
        }
        if let Some((n, next)) = self.number(at).filter(|_| self.out.timing.recurs())
            && let Some(next) = self.phrase(next, &[&["séances", "sessions", "sitzungen", "doses"]])
            && self.amounts.read == 0
        {
            self.out.timing.count = Some(n);
            return Some(next);
        }
        if self.mark(at, '#') {
            let (n, next) = self.number(at + 1)?;
            self.dispensed(n);
            return Some(next);
        }
        if let Some(next) =
            self.phrase(at, &[&["dispense", "disp", "supply", "dispensed", "number", "qty", "quantity"]])
        {
            let next = if self.mark(next, '#') || self.mark(next, ':') { next + 1 } else { next };
            let (n, next) = self.number(next)?;
            self.dispensed(n);
            return Some(self.skip(next, PIECES));
        }
        if self.mark(at, '(') {
            let (n, next) = self.number(at + 1)?;
            let next = self.phrase(next, &[PIECES])?;
            if self.mark(next, ')') && n > 5 {
                self.dispensed(n);
                return Some(next + 1);
            }
        }
        None
    }

    /// A dispensed quantity is a count of doses where one piece is a dose; else it is only stock.
    fn dispensed(&mut self, n: u32) {
        let several = self.tokens.windows(2).any(|pair| {
            pair[0].number().is_some_and(|n| n > 1.0 && n < 5.0)
                && pair[1].is(&["tab", "tabs", "tablets", "caps", "capsules", "puffs", "pills"])
        });
        if !several && !self.out.timing.as_needed {
            self.out.timing.count.get_or_insert(n);
        }
    }

    /// `in 2 weeks`, `tomorrow`, `now`, `within a week`, `next week`, `after 48 hours`.
    pub(super) fn start(&mut self, at: usize) -> Option<usize> {
        // "48 hours after the last dose", "within 24 h of sildenafil": anchored at an event.
        let led = self.skip(at, &["within", "in", "for"]);
        if let Some((quantity, end)) = self.quantity(led) {
            let of = self.is(end, &["of"]) && led > at && quantity.unit.is_elapsed();
            let meal = (end + 1..end + 4).any(|i| {
                self.is(
                    i,
                    &[
                        "breakfast", "meal", "meals", "food", "eating", "lunch", "dinner", "supper", "bed",
                        "bedtime", "frühstück",
                    ],
                )
            });
            if of || self.is(end, &["after", "before", "prior"]) && !meal && led == at {
                self.out.event = true;
                return Some(end + 1);
            }
        }
        // "Once" with nothing behind it that it could be the condition of.
        if self.is(at, &["once"])
            && self
                .token(at + 1)
                .is_none_or(|t| matches!(t.shape, crate::token::Shape::Mark(_)) || t.is(BEHIND_ONCE))
        {
            self.out.once = true;
            return Some(at + 1);
        }
        if let Some(start) = self.token(at).and_then(|token| match token.text.as_str() {
            "today" | "tonight" | "heute" | "hoy" | "aujourd'hui" => Some(after(0, Unit::D)),
            "tomorrow" | "tmrw" | "tmr" | "tomorow" | "demain" | "mañana" | "morgen"
                if self.kind == Kind::Checklist || self.is(at, &["tomorrow", "tmrw", "tmr", "demain"]) =>
            {
                Some(after(1, Unit::D))
            }
            _ => None,
        }) {
            self.set_start(start);
            return Some(at + 1);
        }
        if self.is(at, &["now", "immediately", "asap"]) {
            self.out.once |= self.is(at, &["now"]);
            self.set_start(after(0, Unit::D));
            return Some(at + 1);
        }
        if let Some(next) = self.phrase(at, &[&["ce"], &["soir"]]) {
            self.set_start(after(0, Unit::D));
            return Some(next);
        }
        if let Some(next) = self.phrase(at, &[&["day"], &["after"], &["tomorrow"]]) {
            self.set_start(after(2, Unit::D));
            return Some(next);
        }
        if let Some(next) = self.phrase(at, &[&["this"], &["afternoon", "evening", "morning"]]) {
            self.set_start(after(0, Unit::D));
            return Some(next);
        }
        if let Some(next) = self.phrase(at, &[&["this"], &["weekend"]]) {
            return self.on_weekday(Weekday::Saturday, next);
        }
        if let Some(next) = self.phrase(at, &[&["next"], &["week", "wk", "month", "year"]]) {
            let unit = [("week", Unit::Wk), ("wk", Unit::Wk), ("month", Unit::Mo), ("year", Unit::A)]
                .into_iter()
                .find(|(word, _)| self.is(at + 1, &[word]))?
                .1;
            self.set_start(after(1, unit));
            return Some(next);
        }
        // "Flu jab in October"
        if let Some(date) = self.phrase(at, &[&["in"]]).and_then(|next| self.month_alone(next)) {
            self.set_start(Start::On(OnDate { date }));
            return Some(at + 2);
        }
        if let Some(next) = self
            .phrase(at, &[&["day"], &["of"]])
            .or_else(|| self.phrase(at, &[&["day"]]).filter(|_| self.is(at + 2, &["of"])))
        {
            self.out.event = true;
            return Some(next);
        }
        // "Stitches out day 12"
        if self.kind == Kind::Checklist
            && let Some((n, end)) = self.phrase(at, &[&["day"]]).and_then(|next| self.number(next))
        {
            self.set_start(after(n, Unit::D));
            return Some(end);
        }
        let next =
            self.phrase(at, &[&["in", "within", "after", "en", "nach", "innerhalb", "dans", "après"]])?;
        let next = self.skip(next, &["about", "approximately", "around", "roughly", "the", "ca", "approx"]);
        let next = if self.mark(next, '~') { next + 1 } else { next };
        let next = self.skip(next, &["next"]);
        let (quantity, end) = self.quantity(next)?;
        if quantity.unit == Unit::Min {
            return None;
        }
        let end = if self.mark(end, '\'') { end + 1 } else { end };
        self.set_start(Start::After(quantity));
        Some(self.skip(end, &["time"]))
    }

    /// The next such weekday after the note, for something to be done once.
    pub(super) fn on_weekday(&mut self, day: Weekday, end: usize) -> Option<usize> {
        let today = self.note_date?;
        let ahead = day.since(today.weekday());
        let ahead = if ahead == 0 { 7 } else { ahead };
        let date = today.checked_add(jiff::Span::new().days(i64::from(ahead))).ok()?;
        self.set_start(Start::On(OnDate { date }));
        Some(end)
    }

    /// Whether nothing that could belong to a number follows.
    fn ends_here(&self, at: usize) -> bool {
        self.token(at).is_none_or(|token| {
            matches!(token.shape, crate::token::Shape::Mark(mark) if mark != '-' && mark != '/')
                || token.is(&["then", "and", "to", "at", "in", "with"])
        })
    }

    /// "Then", "danach", "after that": this begins when the one before ends.
    pub(super) fn sequence(&mut self, at: usize) -> Option<usize> {
        let next = self.phrase(at, &[&["after"], &["that"]]).or_else(|| {
            self.phrase(
                at,
                &[&[
                    "then", "thereafter", "afterwards", "danach", "anschließend", "luego", "dann",
                    "followed", "puis", "ensuite",
                ]],
            )
        })?;
        // Behind a rate it leads to a stage of its own, which this reading does not hold.
        if self.out.timing.recurs() {
            self.rate.staged = true;
        } else {
            self.out.follows = true;
        }
        Some(next)
    }
}
