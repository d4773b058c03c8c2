//! Words beside a medicine's schedule that make it another one ("by 5 mg every 3 days", "except
//! Sundays"), or let it begin nobody can tell when ("once INR <2").

use crate::{
    drugs::is_strength,
    token::{Shape, Token},
};
use std::ops::Range;

/// Whether words beside those read as a schedule change what it says: of it nothing holds.
pub(crate) fn changes_the_schedule(words: &[Token], read: &[Range<usize>]) -> bool {
    let said = said_by(read);
    (0..words.len()).filter(|at| !said(&words[*at])).any(|at| {
        let rest = &words[at..];
        let excepts = is_exception(rest) && !rest.get(1).is_some_and(&said);
        is_change(words, at) || excepts || is_another_amount(words, at)
    })
}

/// Whether words beside the schedule may make it begin, change or pause otherwise than it says. It
/// stands as a proposal then, and nobody is reminded by it before the doctor has looked.
pub(crate) fn may_differ(words: &[Token], read: &[Range<usize>]) -> bool {
    let said = said_by(read);
    let unread = |at: usize| !said(&words[at]);
    let from = words.iter().position(|token| token.is(&["from"]));
    let from_to = from.is_some_and(|at| {
        words[at..].iter().any(|token| token.is(&["to"])) && words.get(at + 1).is_some_and(&said)
    });
    let swapped = words.iter().any(|token| token.is(&["changed", "switched", "replaced", "swapped"]))
        && words.iter().filter(|token| crate::drugs::is_drug(token)).count() > 1;
    amounts(words) > 1
        || from_to
        || swapped
        || words.last().is_some_and(|token| token.is(&["thereafter", "afterwards"])) && words.len() > 1
        || words.iter().any(|token| token.is_mark('/')) && alternates(words)
        || (0..words.len()).any(|at| {
            unread(at) && (is_condition(words, at) || is_unsteady(words, at) || is_event(words, at))
        })
}

/// Strengths by mass; those of one preparation ("5/325 mg"), of a range and of a limit are one.
fn amounts(words: &[Token]) -> usize {
    let mass = |at: usize| words.get(at).is_some_and(crate::drugs::is_measure);
    (0..words.len())
        .filter(|at| {
            let before = at.checked_sub(1).map(|before| &words[before]);
            words[*at].number().is_some()
                && mass(at + 1)
                && !before.is_some_and(|token| {
                    token.is_mark('/')
                        || token.is_mark('(')
                        || token.is_mark('-')
                        || token.is(&["or", "max", "maximum", "of"])
                })
        })
        .count()
}

/// "4mg/5mg alternate days"
fn alternates(words: &[Token]) -> bool {
    words.iter().any(|token| token.is(&["alternate", "alternating"]))
}

/// "Alternate X and Y", "wean", "not at the same time": neither the amount nor the time is plain.
fn is_unsteady(words: &[Token], at: usize) -> bool {
    let token = &words[at];
    let not = token.is(&["not"])
        && !is(words, at + 1, &["to", "more", "exceed", "exceeding", "over", "for", "with", "on"]);
    let over = token.is(&["over"]) && words.get(at + 1).is_some_and(|next| next.number().is_some());
    not || over
        || super::ends::misses(&words[at..])
        || token.is(&[
            "alternate", "titrate", "uptitrate", "wean", "gradually", "slowly", "omit", "skip", "withhold",
            "withheld", "hold", "unless", "double", "halve", "break", "if", "extra",
        ])
}

/// "During periods", "day 8", "the day before surgery", "after chemo": not of every day, and not from
/// today.
fn is_event(words: &[Token], at: usize) -> bool {
    // "Until the flare resolves", "for flare prevention", "even after it has healed"
    let behind = &words[at.saturating_sub(3)..at];
    if behind.iter().any(|token| token.is(&["until", "till", "even", "for"])) {
        return false;
    }
    let token = &words[at];
    let next = words.get(at + 1);
    let anchored = token.is(&["after", "before"])
        && next.is_some_and(|next| next.shape == Shape::Word && !next.is(HABITS))
        && !is(words, at + 2, HABITS);
    let day = token.is(&["day", "days"]) && next.is_some_and(|next| next.number().is_some())
        || token.is(&["day", "morning", "evening", "night"]) && is(words, at + 1, &["of", "before"]);
    anchored
        || day
        || token.is(&[
            "during", "flare", "flares", "periods", "menses", "cycle", "attack", "attacks", "migraine",
            "episode", "episodes", "postop", "ascent", "chemo", "procedure", "surgery", "colonoscopy",
        ])
        || token.is(&["post"]) && is(words, at + 2, &["op"])
        || token.is(&["next"]) && is(words, at + 1, &["visit", "appointment", "review"])
        || token.is(&["when"]) && is(words, at + 1, &["well", "better", "settled"])
}

/// What one takes a medicine before and after every day.
const HABITS: &[&str] = &[
    "food", "meal", "meals", "eating", "breakfast", "lunch", "dinner", "supper", "bed", "bedtime", "sleep",
    "use", "application", "each", "every", "feeds", "feeding", "brushing", "washing", "bathing", "bath",
    "shower", "showering", "exercise", "sports", "bowel", "that", "emollient",
];

fn said_by(read: &[Range<usize>]) -> impl Fn(&Token) -> bool {
    |token| read.iter().any(|span| span.start <= token.start && token.end <= span.end)
}

fn is(words: &[Token], at: usize, set: &[&str]) -> bool {
    words.get(at).is_some_and(|token| token.is(set))
}

fn amount(words: &[Token]) -> bool {
    words.first().is_some_and(|token| token.number().is_some()) && words.get(1).is_some_and(is_strength)
}

/// "Once INR <2", "start when the swelling is gone".
fn is_condition(words: &[Token], at: usize) -> bool {
    let begins = words[..at].iter().any(|token| token.is(BEGIN));
    let asks = words.get(at + 1).is_some_and(|next| next.shape == Shape::Word);
    asks && (words[at].is(&["once"]) || words[at].is(&["when"]) && begins)
}

const BEGIN: &[&str] =
    &["start", "begin", "switch", "change", "restart", "resume", "increase", "reduce", "add", "convert"];

/// "Reduce by 5 mg every 3 days", "5 mg less each week", "60/50/40 mg": how the dose changes, not
/// how often it is taken.
fn is_change(words: &[Token], at: usize) -> bool {
    let rest = &words[at..];
    let followed = at > 0 && words[at - 1].is(&["followed"]);
    let steps = (0..3).all(|part| {
        rest.get(2 * part).is_some_and(|token| token.number().is_some())
            && (part == 2 || rest.get(2 * part + 1).is_some_and(|token| token.is_mark('/')))
    });
    let by = rest[0].is(&["by"]) && (amount(&rest[1..]) || is(rest, 1, &["half"]));
    by && !followed
        || amount(rest) && is(rest, 2, &["less", "more", "weniger", "mehr"])
        || steps && rest.iter().skip(5).take(2).any(is_strength)
}

/// "Except the day of methotrexate", "skip Sundays", "last dose tomorrow".
fn is_exception(rest: &[Token]) -> bool {
    rest[0].is(&["except", "excepting", "excluding", "skip", "skipping", "omit", "omitting", "außer"])
        || rest[0].is(&["apart"]) && is(rest, 1, &["from"])
        || rest[0].is(&["other"]) && is(rest, 1, &["than"])
        || rest[0].is(&["last", "final"]) && is(rest, 1, &["dose"])
}

/// "0.5 mg am and 1 mg nocte": two amounts, one schedule.
fn is_another_amount(words: &[Token], at: usize) -> bool {
    words[at].is(&["and", "plus"])
        && amount(&words[at + 1..])
        && (0..at).any(|before| amount(&words[before..at]))
}

/// "May increase to 300 mg": a change that is not ordered yet.
pub(super) fn is_permission(rest: &[Token]) -> bool {
    rest.first().is_some_and(|token| token.is(&["may", "can", "could", "might", "consider"]))
        && is(
            rest,
            1,
            &[
                "increase", "increasing", "decrease", "reduce", "titrate", "uptitrate", "double", "go",
                "halve", "raise", "step",
            ],
        )
        || rest.first().is_some_and(|token| token.is(&["down"])) && is(rest, 1, &["to"])
}
