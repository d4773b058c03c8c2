//! De-identification before a note goes to a model elsewhere: names of the two people, addresses,
//! numbers and dates of birth are replaced by placeholders.
//!
//! The map from placeholders to words stays in memory and is not needed again: a model only labels
//! clauses by their numbers, quotes and actions are made of the note itself. What is found is found
//! by form and by the names that are known; names of others in free text get through, and
//! `docs/EXTRACTION.md` says so.

mod phone;

use crate::{
    plain::Plain,
    shield::{Shielded, is_seen},
    token::{Shape, Token, tokens},
};
use phone::phone;
use std::{collections::BTreeSet, ops::Range};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

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
        let plain = plain(text);
        let words = tokens(&plain.text);
        let names = Names::new(names);
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            match found_at(&plain.text, &words, at, &names.words) {
                Some((class, next)) => {
                    let place = plain.source(words[at].start..words[next - 1].end);
                    found.extend(place.map(|place| (place, class)));
                    at = next;
                }
                None => at += 1,
            }
        }
        for name in &names.unspaced {
            let places = plain.text.match_indices(name.as_str());
            let places = places.filter_map(|(at, name)| plain.source(at..at + name.len()));
            found.extend(places.map(|place| (place, Masked::Name)));
        }
        found.sort_by_key(|(range, _)| (range.start, range.end));
        let mut apart: Vec<(Range<usize>, Masked)> = Vec::new();
        for (range, class) in found {
            match apart.last_mut().filter(|(last, _)| range.start < last.end) {
                Some((last, _)) => last.end = last.end.max(range.end),
                None => apart.push((range, class)),
            }
        }
        Self(apart)
    }

    /// A part of the text as a reader sees it, with placeholders for identifiers, and what was
    /// replaced in it.
    pub fn mask(&self, text: &Shielded, part: Range<usize>) -> (String, BTreeSet<Masked>) {
        let mut out = String::new();
        let mut classes = BTreeSet::new();
        let mut done = part.start;
        let first = self.0.partition_point(|(range, _)| range.end <= part.start);
        for (range, class) in self.0[first..].iter().take_while(|(range, _)| range.start < part.end) {
            out += &text.seen(done..range.start.max(done));
            out += class.placeholder();
            classes.insert(*class);
            done = range.end.min(part.end);
        }
        out += &text.seen(done..part.end);
        (out, classes)
    }
}

/// A text without accents, invisible characters and typographic apostrophes, in which one name is
/// written in one way.
fn plain(source: &str) -> Plain {
    Plain::of(source, |c| is_seen(c).then(|| plainly(c)).into_iter().flatten())
}

fn plainly(c: char) -> impl Iterator<Item = char> {
    let spelt = match c {
        'ł' => "l",
        'Ł' => "L",
        'ø' => "o",
        'Ø' => "O",
        'đ' => "d",
        'Đ' => "D",
        'ß' => "ss",
        'ẞ' => "SS",
        'æ' => "ae",
        'Æ' => "Ae",
        'œ' => "oe",
        'ı' => "i",
        '\u{2018}' | '\u{2019}' | '\u{02bc}' => "'",
        _ => "",
    };
    // What is full-width is written so only for its looks.
    let narrow = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    let letter = std::iter::once(narrow).filter(move |_| spelt.is_empty());
    spelt.chars().chain(letter.nfd().filter(|c| !is_combining_mark(*c)))
}

/// The names of the two people, as they may stand in a note.
struct Names {
    /// Word by word, in small letters.
    words: BTreeSet<String>,
    /// Of scripts that put no space between words: whole, and given name and surname apart.
    unspaced: Vec<String>,
}

impl Names {
    fn new(names: &[String]) -> Self {
        let mut out = Self { words: BTreeSet::new(), unspaced: Vec::new() };
        for name in names {
            let name = plain(name).text;
            for part in name.split(|c: char| !c.is_alphanumeric() && c != '\'') {
                let part = part.to_lowercase();
                // "O'Brien" is also written "OBrien" and "O Brien".
                if let Some((head, tail)) = part.split_once('\'') {
                    out.add(format!("{head}{tail}"));
                    out.add(tail.to_owned());
                }
                out.add(part);
            }
        }
        out
    }

    fn add(&mut self, part: String) {
        if part.contains(is_unspaced) {
            // Of three characters and more the first is the surname, or the first two.
            let chars: Vec<char> = part.chars().collect();
            let halves =
                (1..=2).filter(|cut| chars.len() > cut + 1).flat_map(|cut| [&chars[..cut], &chars[cut..]]);
            self.unspaced.extend(halves.filter(|half| half.len() > 1).map(|half| half.iter().collect()));
            self.unspaced.push(part);
        } else if part.chars().count() > 1 && !TITLES.contains(&part.as_str()) {
            self.words.insert(part);
        }
    }
}

/// Letters of scripts that put no space between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{e00}'..='\u{e7f}')
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
    let run = run.to_ascii_lowercase();
    let link = run.contains("://") || run.contains("www.");
    (link && next > at + 2).then_some((Masked::Url, next))
}

/// "DOB 03/04/1950", "MRN: 0012345", "NHS no. 943 476 5919".
fn labelled(words: &[Token], at: usize) -> Option<(Masked, usize)> {
    let born = words[at]
        .is(&["dob", "born", "birthdate", "geb", "geboren", "nacimiento", "ne", "nee", "naissance"])
        || words[at].is(&["birth"])
            && (at > 0 && words[at - 1].is(&["of"]) || words.get(at + 1).is_some_and(|t| t.is(&["date"])));
    let record = words[at].is(&[
        "mrn", "nhs", "ssn", "hospital", "insurance", "account", "acct", "record", "patient", "policy",
        "medicare", "medicaid", "versicherungsnummer", "kvnr", "id", "case", "chart", "fallnummer", "dni",
        "accession", "encounter",
    ]);
    if !born && !record {
        return None;
    }
    let mut next = at + 1;
    while next < at + 8
        && words.get(next).is_some_and(|token| {
            token.is(&[
                "no", "number", "nr", "id", "on", "am", "le", "el", "is", "date", "of", "birth", "card", "in",
            ]) || matches!(token.shape, Shape::Mark(':' | '.' | '#' | '(' | '-'))
        })
    {
        next += 1;
    }
    let first = next;
    let mut digits = 0;
    while let Some(token) = words.get(next) {
        let figures = token.text.chars().filter(char::is_ascii_digit).count();
        let month = born && (is_month(token) || token.is(&["st", "nd", "rd", "th", "of", "de", "the"]));
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

/// The name of a month, also short, in the languages that notes are read in.
fn is_month(token: &Token) -> bool {
    const MONTHS: &[&str] = &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mai", "okt",
        "dez", "ene", "abr", "ago", "dic", "fev", "avr", "juin", "juil", "aout",
    ];
    token.shape == Shape::Word && MONTHS.iter().any(|month| token.text.starts_with(month))
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
