//! How much: amounts and daily maximums. They say nothing of when; what they leave over does.
//!
//! "2 tablets three a day" and "take every day 1" were written by people and mean several things.
//! An amount is taken for one only where it stands in its place; elsewhere its number is left
//! over, and the doctor is asked.

use super::{Reader, words};
use crate::{
    drugs,
    token::{Shape, Token},
};

/// No bare count of pieces is larger: "take 120 every day" is a slip.
const MOST_PIECES: u32 = 10;
/// No single dose is larger, in millilitres.
const MOST_MILLILITRES: f64 = 2_000.0;

const VERBS: &[&str] = &[
    "take", "takes", "taking", "use", "apply", "inhale", "inject", "instil", "instill", "give", "chew",
    "swallow", "insert", "nehmen", "nimm", "tomar", "tome", "prendre", "dissolve", "to", "then",
];

impl Reader<'_> {
    /// `no more than 8 tablets in a day`, `max 4 g per 24 h`: a bound, not a rate. It stays in the
    /// action.
    pub(super) fn limit(&mut self, at: usize) -> Option<usize> {
        const LEADS: &[&[&[&str]]] = &[
            &[&["no", "not"], &["more"], &["than"]],
            &[&["nte"]],
            &[&["limited", "limit"], &["to"]],
            &[&["up"], &["to"], &["a"], &["maximum", "max"], &["of"]],
            &[&["to"], &["a"], &["maximum", "max"], &["of"]],
            &[&["maximum", "max"], &["of"]],
            &[&["not"], &["to"], &["exceed"]],
            &[&["not"], &["exceed"]],
            &[&["do"], &["not"], &["exceed"]],
            &[&["don't"], &["exceed"]],
            &[&["at"], &["most"]],
            &[&["maximal", "maximum", "max", "höchstens", "máximo", "máx"]],
        ];
        if let Some(next) = self.phrase(at, &[&["repeat", "repeated"], &["once"]]) {
            let end = self.skip(next, &["after", "in"]);
            return Some(self.quantity(end).map_or(next, |(_, end)| end));
        }
        let next = LEADS.iter().find_map(|lead| self.phrase(at, lead))?;
        let next = if self.mark(next, '.') || self.mark(next, ':') { next + 1 } else { next };
        let number = self.token(next)?;
        if number.number().is_none() && words::number(&number.text, None, None).is_none() {
            return None;
        }
        let next = self.amount_end(next);
        // "max 3 x daily" and "no more than 3 times a day" say how often, at most.
        if self.is(next, &["times", "x", "mal"]) {
            return None;
        }
        let named = self.token(next).is_some_and(|t| t.is(words::DOSE_UNITS));
        let next = next + usize::from(named);
        let per = self.phrase(next, &[&["in", "per", "a", "each", "every", "pro", "al", "am"]]);
        let per = per.or_else(|| self.mark(next, '/').then_some(next + 1));
        let Some(per) = per else {
            return self.is(next, &["daily", "täglich", "tgl"]).then_some(next + 1).or(named.then_some(next));
        };
        let per = self.skip(per, &["a", "any", "one", "the", "each"]);
        let period = self.range(per).map_or(per, |(_, _, next)| next);
        let period = if self.mark(period, '-') { period + 1 } else { period };
        let (_, end) = self.unit(period)?;
        Some(self.skip(end, &["period"]))
    }

    /// `500 mg`, `1-2 tablets`, `half a tablet`, `2 x 5 ml`, `20 minutes` of cooling, `take 2`.
    pub(super) fn amount(&mut self, at: usize) -> Option<usize> {
        if let Some(next) = self.part_of_one(at) {
            return Some(self.counted(next));
        }
        let token = self.token(at)?;
        let value =
            token.number().or_else(|| words::number(&token.text, None, None).map(|(n, _)| f64::from(n)))?;
        // "One 21 mg patch"
        if let Some(next) = self.strength_of_one(at) {
            return Some(self.counted(next));
        }
        let (mut next, spread) = self.amount_range(at);
        let mut factor = false;
        while self.mark(next, '/') || self.is(next, &["x", "and", "×"]) {
            let Some(further) = self.token(next + 1).and_then(Token::number).map(|_| next + 2) else { break };
            factor |= self.is(next, &["x", "×"]);
            next = further;
        }
        if self.mark(next, '-') && self.token(next + 1).is_some_and(|t| t.is(words::DOSE_UNITS)) {
            next += 1;
        }
        next = self.skip(next, &["full", "small", "large", "single", "half"]);
        let unit = self.token(next).filter(|unit| {
            unit.is_mark('%') || unit.is(words::DOSE_UNITS) || words::misspelt_piece(&unit.text)
        });
        if let Some(unit) = unit {
            let too_much = unit.is(&["ml", "mls"]) && value > MOST_MILLILITRES;
            if too_much || spread || self.twice_said(at) {
                return None;
            }
            let strength = drugs::is_measure(unit);
            self.amounts.product |= factor;
            self.amounts.strength = strength;
            let mut next = self.plural_mark(next + 1);
            // "14 mg/24 h", "3 sets of 10"
            if self.mark(next, '/') && strength {
                next = self.quantity(next + 1).map_or(next, |(_, end)| end);
            } else if self.is(next, &["of"]) && self.token(next + 1).is_some_and(|t| t.number().is_some()) {
                next += 2;
            }
            return Some(self.counted(next));
        }
        self.bare(at, next, value, spread || factor)
    }

    fn strength_of_one(&self, at: usize) -> Option<usize> {
        let one = self.is(at, &["one", "a", "two"]);
        let number = self.token(at + 1).is_some_and(|t| t.number().is_some());
        let strength = self.token(at + 2).is_some_and(drugs::is_measure);
        let piece = self.token(at + 3).is_some_and(|t| t.is(words::DOSE_UNITS) || t.is(&["patches"]));
        (one && number && strength && piece).then_some(at + 4)
    }

    /// Behind a number or a range of it: `8`, `6-8`.
    fn amount_end(&self, at: usize) -> usize {
        let high = self.mark(at + 1, '-') && self.token(at + 2).is_some_and(|t| t.number().is_some());
        if high { at + 3 } else { at + 1 }
    }

    /// `tablet(s)`
    fn plural_mark(&self, at: usize) -> usize {
        if self.mark(at, '(') && self.is(at + 1, &["s", "n", "en"]) && self.mark(at + 2, ')') {
            at + 3
        } else {
            at
        }
    }

    fn counted(&mut self, next: usize) -> usize {
        self.amounts.read += 1;
        self.amounts.end = next;
        next
    }

    /// `1-2`, `10 to 20`; whether it is spread so far apart that it may be two numbers.
    fn amount_range(&self, at: usize) -> (usize, bool) {
        // "Up from 3.75 to 5 mg"
        if self.is(at + 1, &["to"]) && self.token(at + 2).is_some_and(|t| t.number().is_some()) {
            return (at + 3, false);
        }
        let Some((low, high, next)) = self.range(at) else { return (at + 1, false) };
        let spaced = self.token(at + 1).is_some_and(|t| t.is_mark('-') && !t.glued);
        (next, high.is_some_and(|high| spaced && high > 4 * low))
    }

    /// `half a tablet`, `one and a half tablets`, `1/2 tablet`, `half a sachet`.
    fn part_of_one(&self, at: usize) -> Option<usize> {
        let one = self
            .number(at)
            .and_then(|(_, next)| self.phrase(next, &[&["and"], &["a", "one"], &["half"]]))
            .or_else(|| self.phrase(at, &[&["half", "quarter"], &["a", "of"]]))
            .or_else(|| self.phrase(at, &[&["half", "½", "halbe", "media"]]))?;
        let one = self.skip(one, &["a"]);
        self.token(one).is_some_and(|t| t.is(words::DOSE_UNITS)).then_some(one + 1)
    }

    /// A number without a unit: a count of pieces behind its verb or at the very beginning, or a
    /// strength behind the medicine's name.
    fn bare(&mut self, at: usize, next: usize, value: f64, doubtful: bool) -> Option<usize> {
        let before = at.checked_sub(1).and_then(|i| self.token(i));
        // "HCTZ 25 qAM"
        if before.is_some_and(drugs::is_drug) && !doubtful {
            self.amounts.strength = true;
            return Some(self.counted(next));
        }
        // "210 mg one a day": pieces of a named strength.
        let pieces = self.amounts.read == 1 && self.amounts.strength && self.amounts.end == at;
        let in_place = pieces || before.is_none_or(|before| before.is(VERBS));
        let after = self.token(next);
        let joined = after.is_none_or(|after| match after.shape {
            // "2. 5 ml", "1 or 2 - 3 times": a number that was torn apart, or another one.
            Shape::Mark(mark) => {
                matches!(mark, ',' | ';' | '-' | '.')
                    && self.token(next + 1).is_none_or(|t| t.number().is_none())
            }
            Shape::Number(_) => false,
            Shape::Word => {
                self.phrase(next, &[&["to"], &["be"]]).is_some()
                    || words::number(&after.text, None, None).is_none() && after.is(BEHIND_A_COUNT)
            }
        });
        if !in_place || !joined || value > f64::from(MOST_PIECES) || doubtful {
            return None;
        }
        self.amounts.bare = true;
        Some(self.counted(next))
    }

    /// "25 ml (1000 mg) twice daily": the amount is said twice, and no medicine is named whose
    /// strength the second could be.
    fn twice_said(&self, at: usize) -> bool {
        self.amounts.read > 0
            && at
                .checked_sub(1)
                .is_some_and(|i| self.mark(i, '(') || self.mark(i, '-') || self.is(i, &["half", "one"]))
            && !self.tokens.iter().any(drugs::is_drug)
    }

    /// `2 per day`, `1 tablet a day`: behind an amount, once a day.
    pub(super) fn amount_per_day(&mut self, at: usize) -> Option<usize> {
        // "8 glasses of water a day"
        let of = self.amounts.end;
        let behind = of == at || self.is(of, &["of"]) && (of + 2..=of + 3).contains(&at);
        if self.amounts.read == 0 || !behind {
            return None;
        }
        let next = self.phrase(at, &[&["per", "a", "al", "pro", "each", "every"], &["day", "tag", "día"]])?;
        // "2 per day" may be twice one or once two; it is read so only where nothing else is said.
        let plain = self.token(next).is_none_or(|after| {
            matches!(after.shape, Shape::Mark(_))
                || after.is(&[
                    "as", "for", "to", "with", "when", "if", "in", "at", "and", "until", "x", "on", "w",
                ])
        });
        if self.amounts.bare && !plain {
            return None;
        }
        self.once_daily_of_amount();
        Some(next)
    }
}

impl Reader<'_> {
    /// Once a day, said of the amount right before it. "2 x 200 mg per day" may be one dose or two.
    pub(super) fn once_daily_of_amount(&mut self) {
        self.conflict |= self.amounts.product;
        self.set_rate(1, 1, aftercare_core::timing::Unit::D);
    }
}

/// What may stand behind a bare count of pieces.
const BEHIND_A_COUNT: &[&str] = &[
    "at", "in", "on", "every", "each", "per", "a", "daily", "once", "twice", "thrice", "up", "as", "when",
    "if", "prn", "bd", "bid", "tds", "tid", "qds", "qid", "od", "om", "on", "nocte", "mane", "qd", "weekly",
    "monthly", "before", "after", "with", "for", "now", "stat", "morgens", "abends", "täglich", "q",
    "hourly", "alternate", "nightly", "tonight", "today", "then", "until", "by", "hs", "qhs", "qam", "po",
    "orally", "sl", "pr", "pv",
];
