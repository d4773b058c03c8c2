//! What stands before an instruction and is none: "ABPA: prednisone …", "CHANGED: lisinopril …",
//! and the title of a note.

use super::{frame, verbs};
use crate::{
    drugs::is_drug,
    lexicon::Class,
    note::trimmed,
    timing,
    token::{Token, tokens},
};
use std::ops::Range;

/// A sentence without the label before its colon; one that says what to do stays.
pub(super) fn skip(text: &str, range: Range<usize>) -> Range<usize> {
    let words = tokens(&text[range.clone()]);
    // "For his allergic rhinitis, continue Zyrtec"
    if words.first().is_some_and(|t| t.is(&["for", "regarding"]))
        && let Some(comma) = words.iter().take(8).position(|t| t.is_mark(',')).filter(|comma| *comma > 1)
        && words.get(comma + 1).is_some_and(|t| verbs::verb(&t.text).is_some() || is_drug(t))
        && !words[..comma].iter().any(|t| is_drug(t) || t.number().is_some())
    {
        return trimmed(text, range.start + words[comma].end..range.end);
    }
    let Some(colon) = words.iter().take(6).position(|t| t.is_mark(':')) else { return range };
    let label = &words[..colon];
    let says = label.iter().any(|t| {
        t.is(&["stop", "stopped", "hold", "discontinue", "discontinued", "stopping"])
            || verbs::verb(&t.text).is_some()
                && !t.is(&["start", "continue", "follow", "further", "change", "note"])
            || is_drug(t)
            || t.number().is_some()
            || t.is_a(Class::TEST)
            || t.is_a(Class::VISIT)
    });
    let behind = range.start + words[colon].end;
    // "8:50" is a time.
    let clock = words.get(colon + 1).is_some_and(|t| t.glued);
    if colon == 0 || says || clock || behind >= range.end { range } else { trimmed(text, behind..range.end) }
}

/// "Safety net: fever, loin pain", "Red flags - chest pain": when to seek help, in a list.
pub(super) fn is_safety_net(words: &[Token]) -> bool {
    let is = |at: usize, set: &[&str]| words.get(at).is_some_and(|token| token.is(set));
    let led = is(0, &["safety"]) && is(1, &["net", "netting"])
        || is(0, &["red"]) && is(1, &["flags", "flag"])
        || is(0, &["return", "worsening"]) && is(1, &["precautions", "advice"]);
    led && words.len() > 3 && words.get(2).is_some_and(|token| token.is_mark(':') || token.is_mark('-'))
}

/// "Telephone medication review", "Travel clinic, Thursday 5 September": the first line of a note
/// says what it is, not what to do.
pub(super) fn is_title(words: &[Token]) -> bool {
    let kind = words.iter().take(5).any(|t| {
        t.is(&["review", "clinic", "checkup", "check-up"])
            || t.is(&[
                "call", "visit", "sheet", "summary", "post", "urgent", "care", "minor", "ops", "list",
                "consult", "tel", "telephone", "results", "discharge", "peds", "f/u", "check", "sick", "op",
            ])
    });
    let timing = timing::of_words(words);
    let fraction = words.len() > 2
        && words[words.len() - 2].is_mark('/')
        && words.last().is_some_and(|t| t.is(&["7", "52", "12"]));
    let due = fraction
        || matches!(timing.start, Some(aftercare_core::timing::Start::After(after)) if after.value > 0);
    kind && !due
        && timing.period.is_none()
        && !frame::orders(words)
        && frame::find(words).is_none()
        && !words.iter().any(|t| is_drug(t) || t.is(&["follow", "return", "refer", "referral", "prn"]))
}
