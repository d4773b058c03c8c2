//! Dates: `until 2 April 2024`, `from 13 March`, `3/15/2024`, relative to the note's date.

use super::Reader;
use aftercare_core::{
    step::Kind,
    timing::{OnDate, Start},
};
use jiff::{ToSpan, civil::Date};

const UNTIL: &[&str] = &["until", "till", "til", "through", "bis", "hasta", "thru", "jusqu'au", "jusqu'à"];
const BEFORE_DATE: &[&str] = &["the", "einschließlich", "inkl", "zum", "el", "and"];

impl Reader<'_> {
    /// `until 2 April`, `through Friday`, `until finished` (no bound).
    pub(super) fn until(&mut self, at: usize) -> Option<usize> {
        let last = self.phrase(at, &[&["last", "final"], &["dose", "day"]]);
        if let Some((date, end)) = last.and_then(|next| self.any_date(self.skip(next, &["on"]))) {
            self.out.timing.until = Some(date);
            return Some(end);
        }
        let day = last.or_else(|| self.phrase(at, &[UNTIL]));
        if let Some(next) = day.and_then(|next| self.phrase(next, &[&["tomorrow", "today", "tonight"]])) {
            let days = i64::from(self.is(next - 1, &["tomorrow"]));
            self.out.timing.until = Some(self.note_date?.checked_add(days.days()).ok()?);
            return Some(next);
        }
        let next = self.phrase(at, &[UNTIL])?;
        let next = self.skip(next, BEFORE_DATE);
        if let Some((date, end)) = self.any_date(next).or_else(|| self.end_of_month(next)) {
            if self.kind == Kind::Plan {
                self.out.timing.until = Some(date);
            }
            return Some(end);
        }
        // "Until 36 weeks", "until 24 h without fever": an event too.
        self.quantity(next).map(|(_, end)| end)
    }

    /// "Until stable", "until sutures are out": said, but no date. Nothing is bounded by it, and no
    /// schedule says it, so it is no word of the schedule.
    pub(super) fn until_some_event(&self, at: usize) -> Option<usize> {
        let next = self.phrase(at, &[UNTIL])?;
        let vague = self.token(next).is_some_and(|token| token.number().is_none());
        let day = self.skip(next, BEFORE_DATE);
        if self.is(day, &["tomorrow", "today", "tonight"]) {
            return None;
        }
        let dated = self.any_date(day).or_else(|| self.end_of_month(day)).is_some();
        (vague && !dated && self.quantity(day).is_none()).then_some(next)
    }

    /// `from 13 March`, `starting 5 May`, `on 3 April 2024`, or a date alone for a task.
    pub(super) fn date(&mut self, at: usize) -> Option<usize> {
        let lead = self.phrase(
            at,
            &[&[
                "from", "starting", "beginning", "on", "by", "ab", "vom", "start", "el", "resume", "restart",
                "le", "partir",
            ]],
        );
        if self.kind == Kind::Checklist
            && let Some(next) = self.phrase(at, &[&["before", "by"]])
            && let Some((date, end)) = self.end_of_month(self.skip(next, &["the"]))
        {
            self.out.timing.start.get_or_insert(Start::On(OnDate { date }));
            return Some(end);
        }
        let next = lead.map_or(at, |next| self.skip(next, &["on", "from", "del", "de", "the"]));
        // "From Mon 4 March"
        let next =
            self.weekday(next).map(|(_, day)| day).filter(|day| self.date_at(*day).is_some()).unwrap_or(next);
        let (date, end) = self.any_date(next)?;
        if lead.is_none() && self.kind == Kind::Plan {
            return None;
        }
        self.out.timing.start.get_or_insert(Start::On(OnDate { date }));
        Some(end)
    }

    fn any_date(&self, at: usize) -> Option<(Date, usize)> {
        self.date_at(at).or_else(|| self.weekday_date(at))
    }

    /// A date in figures or with its month's name.
    pub(super) fn date_at(&self, at: usize) -> Option<(Date, usize)> {
        self.iso_date(at)
            .or_else(|| self.worded_date(at))
            .or_else(|| self.dotted_date(at))
            .or_else(|| self.slashed_date(at))
    }

    /// `3/28`, `14/06/2024`: one of the two is above 12, so that nobody can take it for the month.
    fn slashed_date(&self, at: usize) -> Option<(Date, usize)> {
        let part =
            |i: usize| self.token(i).and_then(crate::token::Token::number).filter(|n| n.fract() == 0.0);
        let (first, second) = (part(at)?, part(at + 2).filter(|_| self.mark(at + 1, '/'))?);
        let (day, month) = match (first > 12.0, second > 12.0) {
            (true, false) => (first, second),
            (false, true) => (second, first),
            _ => return None,
        };
        match part(at + 4).filter(|year| self.mark(at + 3, '/') && *year > 1900.0) {
            Some(year) => Some((date(year, month, day)?, at + 5)),
            None if self.mark(at + 3, '/') => None,
            None => Some((self.nearest(month, day)?, at + 3)),
        }
    }

    /// `Friday`, `next Monday` behind "until" or "starting": the first such day after the note's.
    fn weekday_date(&self, at: usize) -> Option<(Date, usize)> {
        let led = at.checked_sub(1).is_some_and(|lead| self.is(lead, super::habit::DATE_LEADS));
        let named = self.skip(at, &["next", "this", "coming"]);
        let (day, end) = self.weekday(named)?;
        if !(led || named > at && self.kind == Kind::Checklist) {
            return None;
        }
        Some((self.note_date?.nth_weekday(1, day).ok()?, end))
    }

    /// `the end of October`
    fn end_of_month(&self, at: usize) -> Option<(Date, usize)> {
        let next = self.phrase(at, &[&["end"], &["of"]]).or_else(|| self.phrase(at, &[&["end"]]))?;
        let next = self.skip(next, &["the"]);
        let (today, first) = (self.note_date?, self.nearest(self.month(next)?, 1.0)?);
        let within = if first.month() == today.month() { today } else { first };
        Some((within.last_of_month(), next + 1))
    }

    /// The first day of the next such month; "may" is also a verb.
    pub(super) fn month_alone(&self, at: usize) -> Option<Date> {
        let today = self.note_date?;
        // "Last done in January", "started in March"
        let past = (at.saturating_sub(5)..at).any(|before| {
            self.is(
                before,
                &["last", "since", "started", "increased", "letter", "done", "was", "seen", "had", "but"],
            )
        });
        if past || self.kind != Kind::Checklist {
            return None;
        }
        let day = self.token(at + 1).is_some_and(|next| next.number().is_some());
        let first = self.nearest(self.month(at)?, 1.0).filter(|_| !day)?;
        let first = if first < today { first.checked_add(1.year()).ok()? } else { first };
        (first.month() != today.month()).then_some(first)
    }

    /// `2024-04-02`
    fn iso_date(&self, at: usize) -> Option<(Date, usize)> {
        let part = |i: usize| self.token(i).and_then(crate::token::Token::number);
        if !(self.mark(at + 1, '-') && self.mark(at + 3, '-')) {
            return None;
        }
        let date = date(part(at)?, part(at + 2)?, part(at + 4)?)?;
        (date.year() > 1900).then_some((date, at + 5))
    }

    /// `13 March 2024`, `March 13, 2024`, `13th of March`.
    fn worded_date(&self, at: usize) -> Option<(Date, usize)> {
        let number =
            |i: usize| self.token(i).and_then(crate::token::Token::number).filter(|n| n.fract() == 0.0);
        let (day, month, next) = if let Some(month) = self.month(at) {
            let next = at + 2;
            (number(at + 1)?, month, self.skip(next, &["st", "nd", "rd", "th"]))
        } else {
            let day = number(at)?;
            let next = self.skip(at + 1, &["st", "nd", "rd", "th"]);
            let next = if self.mark(next, '.') { next + 1 } else { next };
            let next = self.skip(next, &["of", "de"]);
            (day, self.month(next)?, next + 1)
        };
        let comma = usize::from(self.mark(next, ','));
        match number(next + comma).filter(|year| (1900.0..2200.0).contains(year)) {
            Some(year) => Some((date(year, month, day)?, next + comma + 1)),
            None => Some((self.nearest(month, day)?, next)),
        }
    }

    /// `02.04.2024` as Germans write it. Dates with slashes differ between countries and stay
    /// unread: they become a question.
    fn dotted_date(&self, at: usize) -> Option<(Date, usize)> {
        let text = &self.token(at)?.text;
        let (day, month) = text.split_once('.')?;
        if !self.mark(at + 1, '.') || text.len() != 5 {
            return None;
        }
        let Some(year) = self.token(at + 2).filter(|t| t.glued).and_then(crate::token::Token::number) else {
            return Some((self.nearest(month.parse().ok()?, day.parse().ok()?)?, at + 2));
        };
        Some((date(year, month.parse().ok()?, day.parse().ok()?)?, at + 3))
    }

    fn month(&self, at: usize) -> Option<f64> {
        const MONTHS: [&[&str]; 12] = [
            &["january", "jan", "januar", "enero"],
            &["february", "feb", "februar", "febrero"],
            &["march", "mar", "märz", "marzo"],
            &["april", "apr", "abril"],
            &["may", "mai", "mayo"],
            &["june", "jun", "juni", "junio"],
            &["july", "jul", "juli", "julio"],
            &["august", "aug", "agosto"],
            &["september", "sep", "sept", "septiembre"],
            &["october", "oct", "oktober", "octubre"],
            &["november", "nov", "noviembre"],
            &["december", "dec", "dezember", "diciembre"],
        ];
        let index = MONTHS.iter().position(|names| self.is(at, names))?;
        u8::try_from(index + 1).ok().map(f64::from)
    }

    /// Without a year: the first such date that is not before the note.
    fn nearest(&self, month: f64, day: f64) -> Option<Date> {
        let today = self.note_date?;
        let year = f64::from(today.year());
        date(year, month, day).filter(|date| *date >= today).or_else(|| date(year + 1.0, month, day))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn date(year: f64, month: f64, day: f64) -> Option<Date> {
    let small = |n: f64| (n.fract() == 0.0 && (0.0..100.0).contains(&n)).then_some(n as i8);
    let year = (year.fract() == 0.0 && (1900.0..2200.0).contains(&year)).then_some(year as i16)?;
    Date::new(year, small(month)?, small(day)?).ok()
}
