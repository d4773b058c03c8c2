//! De-identification before a note goes to a model elsewhere: names of the two people, addresses,
//! numbers and dates of birth are replaced by placeholders.
//!
//! The map from placeholders to words stays in memory and is not needed again: a model only labels
//! clauses by their numbers, quotes and actions are made of the note itself. What is found is found
//! by form and by the names that are known; names of others in free text get through, and
//! `docs/EXTRACTION.md` says so.

use crate::token::{Shape, Token, tokens};
use std::{collections::BTreeSet, ops::Range};

/// What kind of identifier was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Masked {
    /// Names of the patient and the doctor, and names behind a title.
    Name,
    /// E-mail addresses.
    Email,
    /// Telephone numbers.
    Phone,
    /// Streets with a number, and postal codes.
    Address,
    /// Dates of birth.
    BirthDate,
    /// Record, insurance and account numbers.
    RecordNumber,
    /// Addresses on the web.
    Url,
}

impl Masked {
    /// As it is put on record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::BirthDate => "birth_date",
            Self::RecordNumber => "record_number",
            Self::Url => "url",
        }
    }

    /// What stands in its place.
    fn placeholder(self) -> &'static str {
        match self {
            Self::Name => "[name]",
            Self::Email => "[email]",
            Self::Phone => "[phone]",
            Self::Address => "[address]",
            Self::BirthDate => "[date of birth]",
            Self::RecordNumber => "[number]",
            Self::Url => "[link]",
        }
    }
}

/// The identifiers in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identifiers(Vec<(Range<usize>, Masked)>);

impl Identifiers {
    /// Finds what identifies people; `names` are those of the two, as they are known.
    pub fn find(text: &str, names: &[String]) -> Self {
        let words = tokens(text);
        let parts: BTreeSet<String> = names
            .iter()
            .flat_map(|name| name.split(|c: char| !c.is_alphanumeric() && c != '\''))
            .map(str::to_lowercase)
            .filter(|part| part.chars().count() > 1 && !TITLES.contains(&part.as_str()))
            .collect();
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            match found_at(text, &words, at, &parts) {
                Some((class, next)) => {
                    found.push((words[at].start..words[next - 1].end, class));
                    at = next;
                }
                None => at += 1,
            }
        }
        Self(found)
    }

    /// A part of the text with placeholders for identifiers, and what was replaced in it.
    pub fn mask(&self, text: &str, part: Range<usize>) -> (String, BTreeSet<Masked>) {
        let first = self.0.partition_point(|(range, _)| range.end <= part.start);
        let mut out = String::new();
        let mut classes = BTreeSet::new();
        let mut done = part.start;
        for (range, class) in self.0[first..].iter().take_while(|(range, _)| range.start < part.end) {
            out += &text[done..range.start.max(done)];
            out += class.placeholder();
            classes.insert(*class);
            done = range.end.min(part.end);
        }
        out += &text[done..part.end];
        (out, classes)
    }
}

const TITLES: &[&str] = &["dr", "mr", "mrs", "ms", "miss", "prof", "herr", "frau", "doctor", "sr", "sra"];

fn found_at(text: &str, words: &[Token], at: usize, names: &BTreeSet<String>) -> Option<(Masked, usize)> {
    glued(text, words, at)
        .or_else(|| labelled(words, at))
        .or_else(|| phone(text, words, at))
        .or_else(|| street(text, words, at))
        .or_else(|| name(text, words, at, names))
}

/// An e-mail address or a link: a run of tokens without a space that has an `@` or begins so.
fn glued(text: &str, words: &[Token], at: usize) -> Option<(Masked, usize)> {
    if words[at].glued {
        return None;
    }
    let mut next = at + 1;
    while words.get(next).is_some_and(|token| token.glued) {
        next += 1;
    }
    // A full stop behind it is the sentence's.
    while next > at + 1 && words[next - 1].shape != Shape::Word && words[next - 1].number().is_none() {
        next -= 1;
    }
    let run = &text[words[at].start..words[next - 1].end];
    let domain = run.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'));
    if domain {
        return Some((Masked::Email, next));
    }
    let link = run.starts_with("http") || run.starts_with("www.");
    (link && next > at + 2).then_some((Masked::Url, next))
}

/// "DOB 03/04/1950", "MRN: 0012345", "NHS no. 943 476 5919".
fn labelled(words: &[Token], at: usize) -> Option<(Masked, usize)> {
    let born = words[at]
        .is(&["dob", "born", "birthdate", "geb", "geboren", "nacimiento", "né", "née", "naissance"])
        || words[at].is(&["birth"]) && at > 0 && words[at - 1].is(&["of"]);
    let record = words[at].is(&[
        "mrn", "nhs", "ssn", "hospital", "insurance", "account", "acct", "record", "patient", "policy",
        "medicare", "medicaid", "versicherungsnummer", "kvnr", "id", "case", "chart", "fallnummer", "dni",
        "accession", "encounter",
    ]);
    if !born && !record {
        return None;
    }
    let mut next = at + 1;
    while words.get(next).is_some_and(|token| {
        token.is(&["no", "number", "nr", "id", "on", "am", "le", "el", "is", "date", "of", "birth", "card"])
            || matches!(token.shape, Shape::Mark(':' | '.' | '#' | '(' | '-'))
    }) {
        next += 1;
    }
    let first = next;
    let mut digits = 0;
    while let Some(token) = words.get(next) {
        let figures = token.text.chars().filter(char::is_ascii_digit).count();
        let month = born && token.shape == Shape::Word && token.text.len() >= 3 && next < first + 4;
        let joins = matches!(token.shape, Shape::Mark('/' | '-' | '.')) && next > first
            || born && token.is_mark(',') && next > first && digits > 0
            || token.shape == Shape::Word && token.upper && token.text.len() <= 3 && record;
        if figures == 0 && !joins && !month {
            break;
        }
        digits += figures;
        next += 1;
        if born && digits >= 8 || next > first + 10 {
            break;
        }
    }
    while next > first && matches!(words[next - 1].shape, Shape::Mark(_)) {
        next -= 1;
    }
    let enough = if born { 4 } else { 5 };
    let class = if born { Masked::BirthDate } else { Masked::RecordNumber };
    (digits >= enough).then_some((class, next))
}

/// `+44 20 7946 0018`, `(555) 014-7788`, `0171/1234567`: seven figures and more, in the groups of a
/// telephone number.
fn phone(text: &str, words: &[Token], at: usize) -> Option<(Masked, usize)> {
    let first = &words[at];
    let led = first.is_mark('+') || first.is_mark('(') || first.number().is_some();
    if !led || at > 0 && first.glued && words[at - 1].number().is_some() {
        return None;
    }
    let mut next = at;
    let mut digits = 0;
    let mut groups = 0;
    while let Some(token) = words.get(next) {
        let figures = token.text.chars().filter(char::is_ascii_digit).count();
        // "30/500 1-2 tabs": but for a leading one, no group is of one figure.
        if token.number().is_some() && !token.text.contains(',') && (figures > 1 || groups == 0) {
            digits += figures;
            groups += 1;
        } else if !matches!(token.shape, Shape::Mark('+' | '(' | ')' | '-' | '/' | '.')) {
            break;
        }
        next += 1;
    }
    while next > at && words[next - 1].number().is_none() {
        next -= 1;
    }
    if next == at {
        return None;
    }
    let run = &text[first.start..words[next - 1].end];
    let begins =
        first.is_mark('+') || first.is_mark('(') || run.starts_with('0') || groups >= 3 || digits >= 10;
    // "14/06/2024" is a date.
    let date = run.matches('/').count() == 2
        || run.matches('.').count() == 2 && digits == 8
        || run.len() == 10 && run.matches('-').count() == 2;
    (begins && (7..=15).contains(&digits) && !date).then_some((Masked::Phone, next))
}

/// "12 Acacia Avenue", "Hauptstraße 5", a British or German postal code with its town.
fn street(text: &str, words: &[Token], at: usize) -> Option<(Masked, usize)> {
    const KINDS: &[&str] = &[
        "street", "st", "road", "rd", "avenue", "ave", "lane", "ln", "drive", "dr", "close", "court", "ct",
        "boulevard", "blvd", "crescent", "terrace", "place", "gardens", "grove", "way", "mews", "square",
        "calle", "rue", "plaza",
    ];
    let capital = |i: usize| words.get(i).is_some_and(|t| text[t.start..].starts_with(char::is_uppercase));
    if words[at].number().is_some_and(|n| n.fract() == 0.0 && n < 20_000.0) {
        for length in 1..=3 {
            let kind = at + length + 1;
            if (1..=length).all(|i| capital(at + i))
                && words.get(kind).is_some_and(|t| t.is(KINDS))
                && capital(kind)
            {
                return Some((Masked::Address, kind + 1));
            }
        }
    }
    let german = ["straße", "strasse", "weg", "gasse", "allee", "platz", "str"]
        .iter()
        .any(|end| words[at].text.len() > end.len() + 2 && words[at].text.ends_with(end));
    if german && capital(at) {
        let dot = usize::from(words.get(at + 1).is_some_and(|t| t.is_mark('.')));
        if words.get(at + 1 + dot).is_some_and(|t| t.number().is_some()) {
            return Some((Masked::Address, at + 2 + dot));
        }
    }
    // "SW1A 1AA"
    let run: String = words[at..].iter().take(5).map(|t| &text[t.start..t.end]).collect::<Vec<_>>().join(" ");
    let code: Vec<char> = run.chars().filter(|c| !c.is_whitespace()).take(7).collect();
    let shape: String = code
        .iter()
        .map(|c| {
            if c.is_ascii_uppercase() {
                'A'
            } else if c.is_ascii_digit() {
                '9'
            } else {
                '.'
            }
        })
        .collect();
    let outward = ["AA9A9AA", "AA999AA", "AA99AA", "A999AA", "A99AA", "A9A9AA"];
    let british = outward.iter().find(|pattern| shape.starts_with(**pattern))?;
    let mut length = 0;
    let mut next = at;
    while length < british.len() {
        length += words.get(next)?.end - words[next].start;
        next += 1;
    }
    (length == british.len()).then_some((Masked::Address, next))
}

/// A name that is known, or one behind a title.
fn name(text: &str, words: &[Token], at: usize, names: &BTreeSet<String>) -> Option<(Masked, usize)> {
    let capital = |i: usize| words.get(i).is_some_and(|t| text[t.start..].starts_with(char::is_uppercase));
    let known = |i: usize| {
        words.get(i).is_some_and(|t| {
            t.shape == Shape::Word
                && names.contains(t.text.trim_end_matches("'s"))
                && (capital(i) || t.text.len() > 3)
        })
    };
    // "MS" is a disease; "her doctor. Quit smoking" names nobody.
    let source = &text[words[at].start..words[at].end];
    if words[at].is(TITLES) && source != "MS" {
        let dot = words.get(at + 1).is_some_and(|t| t.is_mark('.')) && !words[at].is(&["doctor", "miss"]);
        let first = at + 1 + usize::from(dot);
        let mut next = first;
        while words.get(next).is_some_and(|t| t.shape == Shape::Word)
            && (capital(next) || known(next))
            && next < first + 3
            && !text[words[next - 1].end..words[next].start].contains('\n')
        {
            next += 1;
        }
        return (next > first).then_some((Masked::Name, next));
    }
    if !known(at) {
        return None;
    }
    let mut next = at + 1;
    while known(next) || words.get(next).is_some_and(|t| t.is_mark('-') && t.glued) && known(next + 1) {
        next += 1;
    }
    Some((Masked::Name, next))
}
