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

/// Whether the schedule begins with something that no clock tells: "once INR <2".
pub(crate) fn awaits_something(words: &[Token], read: &[Range<usize>]) -> bool {
    let said = said_by(read);
    (0..words.len()).any(|at| !said(&words[at]) && is_condition(words, at))
}

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
