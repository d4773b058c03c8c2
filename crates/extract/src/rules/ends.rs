//! What ends a medicine: "stop", "hold", "do not take", before its name or behind it.

use crate::{
    drugs,
    token::{Shape, Token},
};

const VERBS: &[&str] = &[
    "Do not restart", "Do not resume", "Do not start", "Do not take", "Do not use", "Don't take",
    "Don't use", "Never take", "Stop taking", "Stop", "Hold", "Avoid", "Discontinue", "No",
];

/// With which words an action ends something, if it does: "Do not take" of "Do not take aspirin".
pub(crate) fn verb_of(action: &str) -> Option<&'static str> {
    VERBS.iter().copied().find(|verb| {
        action.get(..verb.len()).is_some_and(|head| head.eq_ignore_ascii_case(verb))
            && !action[verb.len()..].starts_with(char::is_alphanumeric)
    })
}

/// "then resume 500 mg": what comes after the end is not ended.
pub(crate) fn begins_anew(words: &[Token]) -> bool {
    words
        .iter()
        .any(|token| token.is(&["then", "resume", "restart", "start", "continue", "switch", "change"]))
}

/// Whether words only say that what was named before them is ended: "- stop", "stopped", "hold until Friday".
pub(crate) fn ends_the_one_before(words: &[Token]) -> bool {
    words.first().is_some_and(|token| token.is(ENDED))
        && words.get(1).is_none_or(|token| {
            matches!(token.shape, Shape::Mark(_)) || token.is(&["until", "till", "for", "now", "today", "as"])
        })
}

const ENDED: &[&str] = &["stop", "stopped", "held", "hold", "discontinued", "ceased"];

/// Whether words, in the middle of what seems to be a medicine to take, say that it is not:
/// "ramipril 2.5 mg od - stop", "would not start", "no longer needs", "d/c digoxin".
pub(crate) fn says(words: &[Token]) -> bool {
    let at = |i: usize| words.get(i);
    let is = |i: usize, set: &[&str]| at(i).is_some_and(|token| token.is(set));
    let named = words.iter().any(drugs::is_drug);
    named
        && (0..words.len()).any(|i| {
            let before = i.checked_sub(1).and_then(at);
            let ended = is(i, ENDED)
                && before
                    .is_some_and(|token| !token.is(&["then", "and", "not", "or", "before", "without", "if"]))
                && !words[i + 1..].iter().any(drugs::is_drug);
            let refused = is(i, &["not", "n't"])
                && is(i + 1, &["for", "start", "restart", "resume", "need", "needed", "indicated", "be"])
                || is(i, &["not"]) && is(i + 1, &["to"]) && is(i + 2, &["take", "use", "start", "restart"])
                || is(i, &["not", "don't"]) && is(i + 1, &["take", "use"])
                || is(i, &["no"]) && (is(i + 1, &["longer"]) || at(i + 1).is_some_and(drugs::is_drug));
            let short = is(i, &["dc"]) && at(i + 1).is_some_and(drugs::is_drug)
                || is(i, &["d"])
                    && at(i + 1).is_some_and(|token| token.is_mark('/'))
                    && is(i + 2, &["c", "c'd"])
                    && words[i + 3..].iter().take(3).any(drugs::is_drug);
            ended || refused || short
        })
}
