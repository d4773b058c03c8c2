//! What the patient reads: the doctor's words as an imperative.

use super::{act::Found, ends, verbs};
use crate::{
    drugs::is_drug,
    lexicon::Class,
    token::{Token, tokens},
};

/// The imperative for the patient: the words themselves, led by a verb where they have none.
pub(super) fn action(source: &str, found: Found, drug: Option<&str>) -> String {
    let words = source.trim().trim_end_matches(['.', ',', ';', ':']);
    if let Some((verb, length)) = ends::short(&tokens(words)) {
        let rest = tokens(words).get(length).map_or("", |first| &words[first.start..]);
        return format!("{verb} {rest}");
    }
    let words = behind_then(words);
    let read = tokens(words);
    let ordered = read.first().is_some_and(|first| verbs::verb(&first.text).is_some() && !first.is(CHANGES));
    match found {
        Found::Drug | Found::Dose if ordered => capitalised(words),
        Found::Drug => led_by_its_verb(words).unwrap_or_else(|| format!("Take {words}")),
        Found::Dose => {
            let named = drug.filter(|drug| !drug.is_empty() && !read.iter().any(is_drug));
            let of = named.map_or_else(String::new, |drug| format!("{drug} "));
            of_the_drug(words, named).unwrap_or_else(|| format!("Take {of}{words}"))
        }
        Found::Test => format!("Have {}", within_a_sentence(words)),
        Found::Visit => format!("Attend {words}"),
        Found::Measure => format!("Measure {words}"),
        Found::Habit => format!("Keep to {words}"),
        Found::Verb(_) | Found::Object(..) | Found::Prohibition => {
            of_the_drug(words, drug.filter(|drug| !drug.is_empty())).unwrap_or_else(|| capitalised(words))
        }
    }
}

/// With what tests are called in English, where it is no name: within a sentence it is small.
const COMMON: &[&str] = &[
    "allergy", "basic", "blood", "bone", "cardiac", "chest", "complete", "eye", "fasting", "full", "glucose",
    "hearing", "kidney", "lipid", "liver", "lung", "pregnancy", "renal", "repeat", "skin", "sleep", "stool",
    "stress", "throat", "thyroid", "urine", "wound",
];

/// Words that began a sentence and no longer do.
fn within_a_sentence(words: &str) -> String {
    let (first, rest) = words.split_at(words.find(|c: char| !c.is_alphabetic()).unwrap_or(words.len()));
    let small = first.to_lowercase();
    if !COMMON.contains(&small.as_str()) {
        return words.to_owned();
    }
    let read = tokens(rest);
    let is_one = read.iter().find(|token| token.is(ONE) || !token.text.chars().all(char::is_alphabetic));
    let article = match is_one.filter(|token| token.is(ONE)) {
        None => "",
        Some(_) if small.starts_with(['a', 'e']) => "an ",
        Some(_) => "a ",
    };
    format!("{article}{small}{rest}")
}

/// What one has one of.
const ONE: &[&str] = &["test", "scan", "panel", "count", "profile", "biopsy", "swab", "ultrasound"];

/// Words without the one that only says that they come after others.
fn behind_then(words: &str) -> &str {
    const FIRST: &[&str] = &["then ", "thereafter ", "after that ", "danach ", "dann "];
    let led = FIRST
        .iter()
        .find(|first| words.get(..first.len()).is_some_and(|head| head.eq_ignore_ascii_case(first)));
    led.map_or(words, |first| words[first.len()..].trim_start())
}

pub(super) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Changes of a medicine that is not named again.
const CHANGES: &[&str] = &[
    "restart", "resume", "reduce", "increase", "decrease", "taper", "titrate", "reducing", "increasing",
    "hold", "stop", "drop", "repeat", "double", "halve", "step",
];

/// Whether a clause changes the medicine named before it: "reduce by 5 mg", "resume 500 mg BID",
/// but not "reduce alcohol".
pub(super) fn changes_the_drug(words: &[Token]) -> bool {
    const BEHIND: &[&str] = &[
        "by", "to", "the", "in", "after", "on", "at", "once", "when", "tomorrow", "from", "every", "weekly",
        "daily", "monthly", "next", "this", "it",
    ];
    let skip = words.iter().take_while(|t| t.is(&["then", "and"])).count();
    // "Drop in to the surgery"
    let drops = !words.get(skip).is_some_and(|t| t.is(&["drop", "step"]))
        || words.get(skip + 1).is_some_and(|t| t.is(&["to", "by"]));
    drops
        && words.get(skip).is_some_and(|t| t.is(CHANGES))
        && !words.iter().any(is_drug)
        && words.get(skip + 1).is_none_or(|t| t.is(BEHIND) || t.number().is_some())
        && !words.get(skip + 2).is_some_and(|t| t.is_a(Class::HABIT))
}

/// "Reduce by 5 mg" after prednisolone: "Reduce prednisolone by 5 mg".
fn of_the_drug(words: &str, drug: Option<&str>) -> Option<String> {
    let read = tokens(words);
    if !changes_the_drug(&read) {
        return None;
    }
    let verb = &words[read[0].start..read[0].end];
    let rest = words[read[0].end..].trim_start();
    Some(format!("{} {} {rest}", capitalised(verb), drug?).trim_end().to_owned())
}

/// "Methotrexate restart in 1 week": "Restart methotrexate in 1 week".
fn led_by_its_verb(words: &str) -> Option<String> {
    let read = tokens(words);
    let verb = read.get(1).filter(|token| token.is(&["restart", "resume"]))?;
    let name = &words[read[0].start..read[0].end];
    let rest = words[verb.end..].trim_start();
    Some(format!("{} {name} {rest}", capitalised(&words[verb.start..verb.end])).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_a_test_and_several_counts() {
        let said = |words| action(words, Found::Test, None);
        assert_eq!(said("Blood test in 1 week"), "Have a blood test in 1 week");
        assert_eq!(said("Eye test next month"), "Have an eye test next month");
        assert_eq!(said("Fasting lipid panel"), "Have a fasting lipid panel");
        assert_eq!(said("Blood tests next week"), "Have blood tests next week");
        assert_eq!(said("Kidney function, liver panel"), "Have kidney function, liver panel");
        assert_eq!(said("HbA1c in 3 months"), "Have HbA1c in 3 months");
    }
}
