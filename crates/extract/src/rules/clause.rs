//! Cutting a sentence: conditional advice off, then one part for each act that can be done on
//! its own.

use super::{act, begins, item, verbs};
use crate::{
    lexicon::Class,
    note::trimmed,
    token::{Token, tokens},
};
use std::ops::Range;

type Ranges = Vec<Range<usize>>;

/// The parts of a sentence that hold without condition, and the conditional ones.
///
/// "Review in 7d, or earlier if worse" keeps its first half; "return if fever" keeps nothing.
pub(super) fn without_condition(text: &str, range: Range<usize>) -> (Ranges, Ranges) {
    let source = &text[range.clone()];
    let words = tokens(source);
    let Some(at) = condition(&words) else {
        return (vec![range], Vec::new());
    };
    let offset = range.start;
    // The condition reaches back to the comma or "but" before what it conditions.
    let border = words[..at]
        .iter()
        .rposition(|t| t.is_mark(',') || t.is(&["but"]) || t.is_mark('(') || t.is_mark('-') && !t.glued)
        .filter(|border| {
            let between = &words[border + 1..at];
            // ", if": the condition belongs to what stands before the comma, unless that was cut by "or sooner".
            !between.is_empty() && !between.iter().all(|t| t.is(&["and"]))
        });
    let sooner = words[..=at].iter().rposition(|t| t.is(&["earlier", "sooner"]));
    let or = at.checked_sub(1).filter(|i| *i > 2 && words[*i].is(&["or"]));
    let cut = match (sooner.or(or), border) {
        // "Metoprolol 25 mg BID, hold for SBP <100": what is to be taken stands before.
        _ if words[at].is(PAUSES) => at - 1,
        (Some(sooner), _) => {
            words[..sooner].iter().rposition(|t| t.is(&["or"]) || t.is_mark(',')).unwrap_or(sooner)
        }
        (None, Some(border)) => border,
        (None, None) => 0,
    };
    if cut == 0 {
        return (Vec::new(), vec![trimmed(text, range)]);
    }
    let split = offset + words[cut].start;
    let head = range.start..split;
    let net = trimmed(text, split..range.end);
    (vec![head], if sooner.is_some() { Vec::new() } else { vec![net] })
}

/// Tests that are had one by one, unlike those of one blood sample.
const IMAGES: &[&str] = &[
    "mri", "ct", "x", "xray", "echo", "echocardiogram", "ecg", "ekg", "eeg", "emg", "ultrasound", "uss",
    "dexa", "holter", "mammogram", "colonoscopy", "endoscopy", "angiogram", "spirometry", "pulmonary",
    "urine", "sputum", "stool",
];

const PAUSES: &[&str] = &["hold", "omit", "withhold", "stop"];

/// Where a condition begins; "if needed" is none.
fn condition(words: &[Token]) -> Option<usize> {
    const NEED: &[&str] = &["needed", "required", "necessary", "need", "reqd"];
    for (i, token) in words.iter().enumerate() {
        let next = words.get(i + 1);
        let found = match token.text.as_str() {
            "if" | "wenn" | "falls" | "si" => {
                let needed =
                    next.is_some_and(|next| next.is(NEED) || next.is(&["precisa", "necesario", "besoin"]));
                // "Chlorphenamine every 4-6 h if itching" is a medicine for need.
                let relief = next.is_some_and(|next| next.is(crate::timing::SYMPTOMS))
                    && words[..i].iter().any(|t| crate::drugs::is_drug(t) || crate::drugs::is_strength(t))
                    && words.len() - i <= 6;
                // "Omit if vomiting" is no medicine for need.
                let relief = relief
                    && !words[i.saturating_sub(6)..i]
                        .iter()
                        .any(|t| t.is(&["omit", "hold", "stop", "withhold"]));
                let able =
                    next.is_some_and(|next| next.is(&["tolerated", "possible", "able", "desired", "wanted"]));
                !needed && !relief && !able
            }
            // "Metoprolol 25 mg BID, hold for SBP <100"
            _ if token.is(PAUSES) && i > 1 => {
                next.is_some_and(|next| next.is(&["for", "if", "when", "unless"]))
                    && words.get(i + 2).is_some_and(|next| next.number().is_none())
                    && words[..i].iter().any(crate::drugs::is_drug)
                    && (words[i - 1].is_mark(',') || words[i - 1].is_mark('-'))
            }
            "unless" | "inb" | "whether" => true,
            // "Call for fever", "return with any worsening"
            "for" if i > 0 && i <= 4 && words[0].is(&["call", "phone", "ring"]) => next.is_some_and(|next| {
                !next.is(&["appointment", "an", "a", "results", "result", "your", "the", "test"])
            }),
            "for" | "with" => {
                next.is_some_and(|next| next.is(SIGNS))
                    && words[i.saturating_sub(6)..i].iter().any(|t| {
                        t.is(&["call", "return", "come", "back", "go", "seek", "present", "ring", "contact"])
                    })
            }
            "should" | "when" => i == 0,
            "case" => i > 0 && words[i - 1].is(&["in"]),
            "questions" | "concerns" => {
                words[..i].iter().any(|t| t.is(&["call", "contact", "with", "phone", "ring"]))
            }
            "sooner" | "earlier" => next.is_some_and(|next| next.is(&["if", "for", "as"])),
            _ => false,
        };
        if found {
            return Some(i);
        }
    }
    None
}

const SIGNS: &[&str] = &[
    "any", "fever", "fevers", "worsening", "severe", "increased", "increasing", "new", "clots", "bleeding",
    "trouble", "difficulty", "signs", "symptoms", "swelling", "redness", "chest", "shortness", "vomiting",
    "uncontrolled", "persistent", "inability", "problems", "emergency", "emergencies", "excessive", "sudden",
    "heavy", "pus", "drainage",
];

/// One part for each separately schedulable act.
pub(super) fn clauses(text: &str, range: Range<usize>) -> Ranges {
    let words = tokens(&text[range.clone()]);
    let mut out = Vec::new();
    let mut start = 0;
    for i in 1..words.len() {
        if i > start
            && let Some(skip) = border(&words, start, i)
        {
            out.push(range.start + words[start].start..range.start + words[i - 1].end);
            start = i + skip;
        }
    }
    if let Some(first) = words.get(start) {
        out.push(range.start + first.start..range.end);
    }
    out
}

/// Whether an act of its own begins at or right behind word `i`; how many joining words to skip.
fn border(words: &[Token], start: usize, i: usize) -> Option<usize> {
    let mut skip = 0;
    let mut joined = false;
    let mut arrowed = false;
    while let Some(token) = words.get(i + skip) {
        let arrow = token.is_mark('>')
            || token.is_mark('-') && words.get(i + skip + 1).is_some_and(|t| t.is_mark('>'));
        let dash = token.is_mark('-') && !token.glued && words.get(i + skip + 1).is_some_and(|t| !t.glued);
        arrowed |= arrow;
        if token.is_mark(',')
            || arrow
            || dash
            || token.is_mark('+')
            || token.is(&["and", "und", "y", "but", "well", "also", "plus", "e"])
            || token.is(&["as"]) && words.get(i + skip + 1).is_some_and(|t| t.is(&["well"]))
        {
            joined = true;
            skip += 1;
        } else {
            break;
        }
    }
    let whole = words.get(i + skip..)?;
    // What an act begins with stands near.
    let rest = &whole[..whole.len().min(24)];
    let first = rest.first()?;
    if first.is(&["then", "danach", "dann", "thereafter"]) {
        // "then 20 mg", "danach Kontrolle": an act that follows.
        return (rest.len() > 1).then_some(skip);
    }
    let instead = super::ends::short(rest).is_some();
    if instead
        && (joined || first.is(&["instead", "replaces", "replacing"]))
        && act::is_whole(&words[start..i])
    {
        return Some(skip);
    }
    if super::doubt::is_permission(rest) && act::is_whole(&words[start..i]) {
        return Some(skip);
    }
    // "max 4 g per day" belongs to the medicine before it.
    if !joined || open_bracket(&words[start..i]) || first.is(&["max", "maximum", "höchstens"]) {
        return None;
    }
    let before = &words[start..i];
    // "Daily, not 10 mg", "alternate ibuprofen and paracetamol"
    if first.is(&["not"]) && medicine_in(before) || before[0].is(&["alternate", "alternating"]) {
        return None;
    }
    if first.is(&["skip", "omit", "except"]) && medicine_in(before) {
        return None;
    }
    if super::ends::ends_the_one_before(rest) && before.iter().any(crate::drugs::is_drug) {
        return None;
    }
    if arrowed && item::is_stage(rest) {
        return Some(skip);
    }
    if (begins::begins_prohibition(rest) || begins::forbids(rest))
        && act::is_whole(before)
        && (joined || arrowed)
    {
        return Some(skip);
    }
    if first.is(&["including", "eg", "e.g", "like", "such", "especially", "which", "who"]) {
        return None;
    }
    let image = |words: &[Token]| words.iter().take(5).any(|t| t.is(IMAGES));
    let other_test = begins::begins_test(rest) && (image(rest) || image(before)) && rest.len() <= 9;
    let listed_tests =
        before.iter().any(|t| t.is_a(Class::TEST)) && !before.iter().any(|t| t.is_a(Class::VISIT));
    let medicine = medicine_in(before);
    if medicine && elaborates(before, rest) {
        return None;
    }
    let another = first.is(&["to"])
        && rest
            .get(1)
            .is_some_and(|t| verbs::verb(&t.text).is_some() || t.shape == crate::token::Shape::Word)
        && (rest.get(1).is_some_and(|t| verbs::verb(&t.text).is_some())
            || rest.get(2).is_some_and(|t| {
                t.is(&["a", "the", "his", "her", "your", "their", "in", "up", "on", "off", "it", "any"])
            }));
    let tests = before.iter().any(|t| t.is_a(Class::TEST)) && rest.first().is_some_and(crate::drugs::is_drug);
    if tests && !rest.iter().any(crate::drugs::is_strength)
        || verbs::gerund(&first.text).is_some() && rest.len() <= 3
    {
        return None;
    }
    let begins = another
        || begins::begins_verb(rest)
        || begins::begins_drug(rest)
        || begins::begins_dose(rest) && medicine
        || begins::begins_measure(rest)
        || super::frame::find(rest).is_some_and(|frame| frame.at <= 6)
        || begins::begins_prohibition(rest)
        || (!listed_tests && before.len() <= 4 && begins::begins_test(rest))
        || other_test
        || item::item(rest).is_some()
            && !rest[0].is(FUNCTION)
            && (timed(before) || !item::awaits_time(before))
        || rest[0].is(&["adv", "advised", "advise"])
        || begins::begins_lifestyle(rest, before)
        || begins::begins_visit(rest);
    (begins && act::is_whole(before)).then_some(skip)
}

fn medicine_in(words: &[Token]) -> bool {
    words.iter().any(|t| crate::drugs::is_drug(t) || crate::drugs::is_strength(t))
}

/// "Sertraline 50 mg OD, take in the morning", "Symbicort 160/4.5, 2 puffs twice a day", "start 2
/// days before travel and carry on": more about the medicine just named.
fn elaborates(before: &[Token], rest: &[Token]) -> bool {
    let names = |words: &[Token]| words.iter().any(crate::drugs::is_drug);
    let timed = |words: &[Token]| {
        let timing = crate::timing::of_words(words);
        timing.is_scheduled() || timing.duration.is_some()
    };
    let rest = if rest.len() > 1 && rest[0].is(&["to"]) { &rest[1..] } else { rest };
    let again = rest[0].is(&[
        "take", "start", "restart", "resume", "use", "apply", "carry", "starting", "taking", "change",
        "shake", "mix",
    ]) && rest.get(1).is_none_or(|t| {
        t.number().is_some()
            || t.is(&[
                "in", "with", "at", "on", "before", "after", "it", "them", "w", "well", "twice", "once",
                "daily",
            ])
    });
    let number = rest[0].number().is_some() || rest[0].is(&["one", "two", "half", "three"]);
    !names(rest) && (again || number && !timed(before))
}

const FUNCTION: &[&str] =
    &["to", "in", "within", "for", "by", "before", "after", "on", "at", "with", "from", "until"];

fn timed(words: &[Token]) -> bool {
    crate::timing::due_of_words(words).is_some() || crate::timing::of_words(words).recurs()
}

fn open_bracket(words: &[Token]) -> bool {
    let count = |mark| words.iter().filter(|t| t.is_mark(mark)).count();
    count('(') > count(')')
}
