//! What ends a medicine: "stop", "hold", "do not take", before its name or behind it.

use super::Proposal;
use crate::{
    drugs,
    token::{Shape, Token, tokens},
};
use aftercare_core::step::{Category, Kind};

const VERBS: &[&str] = &[
    "Do not restart", "Do not resume", "Do not start", "Do not take", "Do not use", "Don't take",
    "Don't use", "Never take", "Stop taking", "Stop", "Hold", "Avoid", "Discontinue", "No", "Withhold",
    "Omit", "Skip", "Miss", "Pause", "Cease",
];

/// "Miss 2 doses", and not Miss Khan.
pub(super) fn misses(words: &[Token]) -> bool {
    words.first().is_some_and(|token| token.is(&["miss"]))
        && words.get(1).is_some_and(|next| {
            next.number().is_some()
                || next.is(&["the", "a", "one", "two", "next", "this", "your", "dose", "doses"])
        })
}

/// Whether a verb ends what is done, whatever it is: "stop", "skip", but not "avoid".
pub(crate) fn is_pause(verb: &str) -> bool {
    ["Stop", "Hold", "Withhold", "Omit", "Skip", "Miss", "Pause", "Cease", "Discontinue"].contains(&verb)
}

/// Whether an end has a day of its own: "stop aspirin on 7 June", but not "hold warfarin 2 days".
pub(crate) fn has_a_day(words: &[Token]) -> bool {
    let length = words.iter().any(|t| {
        t.is(&["until", "till", "before", "for", "after", "over", "prior", "x", "slowly", "gradually"])
    });
    let day = words.iter().any(|t| {
        t.is(&["today", "tonight", "tomorrow", "now", "in", "on", "from", "next", "heute", "morgen"])
    });
    day && !length
}

/// With which words an action ends something, if it does: "Do not take" of "Do not take aspirin".
pub(crate) fn verb_of(action: &str) -> Option<&'static str> {
    VERBS.iter().copied().find(|verb| {
        action.get(..verb.len()).is_some_and(|head| head.eq_ignore_ascii_case(verb))
            && !action[verb.len()..].starts_with(char::is_alphanumeric)
    })
}

/// What is done with medicines: "Stop", once; "Avoid", over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) verb: &'static str,
    pub(super) kind: Kind,
}

impl Ending {
    /// What a step ends, for those that follow it in one sentence.
    pub(super) fn of(proposal: &Proposal) -> Option<Self> {
        verb_of(&proposal.action).map(|verb| Self { verb, kind: proposal.kind })
    }
}

/// "Ramipril 2.5 mg od - stop", "aspirin on hold until Friday": the verb, where the medicine's words
/// end, and where those behind the verb begin.
fn behind(words: &[Token]) -> Option<(&'static str, usize, usize)> {
    let at = words.iter().rposition(|token| token.is(ENDED))?;
    let last = words[at + 1..].iter().find(|token| token.shape == Shape::Word);
    let number = words.get(at + 2).is_some_and(|token| token.number().is_some());
    let closed = last.is_none_or(|token| {
        token.is(&["until", "till", "now", "today"])
            || token.is(&["due", "because"])
            || token.is(&["for"]) && number
    });
    let before = words[..at].iter().rposition(|token| {
        token.shape == Shape::Word && !token.is(&["to", "on"]) || token.number().is_some()
    })?;
    let joined = words[..at].iter().any(|token| {
        token.is(&["then", "and", "not", "or", "before", "without", "if", "until", "once", "when", "was"])
    });
    let named = words[..=before].iter().any(drugs::is_drug);
    let verb = if words[at].is(&["hold", "held", "withheld"]) { "Hold" } else { "Stop" };
    (closed && !joined && named).then_some((verb, before + 1, at + 1))
}

/// "d/c digoxin", "instead of lisinopril", "replaces omeprazole", "c/w carvedilol": the verb that is
/// meant and how many words say it.
pub(super) fn short(words: &[Token]) -> Option<(&'static str, usize)> {
    let is = |i: usize, set: &[&str]| words.get(i).is_some_and(|token| token.is(set));
    let slash = words.get(1).is_some_and(|token| token.is_mark('/'));
    let (verb, length) = if is(0, &["dc", "replaces", "replacing"]) {
        ("Stop", 1)
    } else if is(0, &["d"]) && slash && is(2, &["c"]) {
        ("Stop", 3)
    } else if is(0, &["c"]) && slash && is(2, &["w"]) {
        ("Continue", 3)
    } else if is(0, &["instead"]) && is(1, &["of"]) {
        ("Stop", 2)
    } else {
        return None;
    };
    words[length..].iter().take(3).any(drugs::is_drug).then_some((verb, length))
}

/// Makes a medicine to take one to end, where its words or those before it say so.
pub(super) fn end(proposal: &mut Proposal, quote: &str, ending: Option<Ending>) {
    let words = tokens(quote);
    if proposal.category != Category::Medication || !proposal.action.starts_with("Take ") {
        return;
    }
    if let Some((verb, end, behind)) = behind(&words) {
        let rest = words.get(behind).map_or("", |token| quote[token.start..].trim_end_matches(')'));
        let action = format!("{verb} {} {rest}", &quote[..words[end - 1].end]);
        action.trim_end().clone_into(&mut proposal.action);
        proposal.kind = Kind::Checklist;
    } else if let Some(Ending { verb, kind }) = ending
        && !quote.to_lowercase().starts_with("take")
        && !begins_anew(&words)
    {
        // "Stop lisinopril, ibuprofen and naproxen": what is ended first is all ended.
        proposal.action = format!("{verb} {quote}");
        proposal.kind = kind;
    }
}

/// Whether an item behind a stop has times of its own: "stop lisinopril, amlodipine 5 mg daily
/// instead" may name what is to be taken in its place.
pub(super) fn is_another(words: &[Token]) -> bool {
    crate::timing::of_words(words).is_scheduled()
        || words.iter().any(|token| token.is(&["instead", "starting", "only", "until"]))
}

/// "Stop.", "Stop this." behind a medicine.
pub(super) fn ends_the_last(words: &[Token], last: &Proposal) -> bool {
    words.first().is_some_and(|token| token.is(ENDED))
        && words.iter().all(|token| token.is(ENDED) || token.is(&["this", "it", "now", "today"]))
        && last.category == Category::Medication
        && last.action.starts_with("Take ")
}

/// Makes a step the end of what it names, in the word that says so.
pub(super) fn stop(step: &mut Proposal, quote: &str, said: &[Token]) {
    let hold = said.iter().any(|token| token.is(&["hold", "held", "withheld"]));
    let medicine = quote.strip_prefix("Take ").or(quote.strip_prefix("take ")).unwrap_or(quote);
    step.action = format!("{} {medicine}", if hold { "Hold" } else { "Stop" });
    step.kind = Kind::Checklist;
}

/// "then resume 500 mg": what comes after the end is not ended.
fn begins_anew(words: &[Token]) -> bool {
    words
        .iter()
        .any(|token| token.is(&["then", "resume", "restart", "start", "continue", "switch", "change"]))
}

/// Whether words only say that what was named before them is ended: "- stop", "stopped", "hold until Friday".
pub(crate) fn ends_the_one_before(words: &[Token]) -> bool {
    words.first().is_some_and(|token| token.is(ENDED))
        && words.get(1).is_none_or(|token| {
            matches!(token.shape, Shape::Mark(_))
                || token.is(&["until", "till", "now", "today", "as", "due", "because"])
                || token.is(&["for"]) && words.get(2).is_some_and(|next| next.number().is_some())
        })
}

const ENDED: &[&str] = &["stop", "stopped", "held", "hold", "withheld", "discontinued", "ceased"];

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
                && before.is_some_and(|token| {
                    !token.is(&["then", "and", "not", "or", "before", "without", "if", "had"])
                })
                && !words[i + 1..].iter().any(drugs::is_drug);
            let refused = is(i, &["not", "n't"])
                && is(i + 1, &["for", "start", "restart", "resume", "need", "needed", "indicated", "be"])
                || is(i, &["not"]) && is(i + 1, &["to"]) && is(i + 2, &["take", "use", "start", "restart"])
                || is(i, &["not", "don't"]) && is(i + 1, &["take", "use"])
                || is(i, &["no"]) && (is(i + 1, &["longer"]) || at(i + 1).is_some_and(drugs::is_drug));
            let short = short(&words[i..]).is_some_and(|(verb, _)| verb == "Stop");
            ended || refused || short
        })
}
