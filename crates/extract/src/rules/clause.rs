//! Cutting a sentence: conditional advice off, then one part for each act that can be done on
//! its own.

use super::{act, begins, doubt, ends, item, verbs};
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
    if at == 0 && is_relief(&words) {
        return (vec![range], Vec::new());
    }
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
    // "Colace 100 mg twice a day as needed if the iron is constipating"
    let needed = words[..at].windows(2).any(|pair| pair[0].is(&["as"]) && pair[1].is(&["needed"]));
    if cut == 0 && (needed || words[..at].iter().any(|t| t.is(&["prn"]))) {
        return (vec![trimmed(text, offset + words[0].start..offset + words[at].start)], Vec::new());
    }
    if cut == 0 {
        return (Vec::new(), vec![trimmed(text, range)]);
    }
    let split = offset + words[cut].start;
    let head = range.start..split;
    let net = trimmed(text, split..range.end);
    (vec![head], if sooner.is_some() { Vec::new() } else { vec![net] })
}

/// "If you have a headache, take paracetamol 500 mg as needed": what it is for comes first, a medicine for need it is.
fn is_relief(words: &[Token]) -> bool {
    let Some(comma) = words.iter().position(|t| t.is_mark(',')) else { return false };
    let treats = &words[comma + 1..];
    let needed = |pair: &[Token]| {
        pair[0].is(&["as", "if", "when"]) && pair[1].is(&["needed", "required", "necessary"])
    };
    let needed = treats.windows(2).any(needed) || treats.iter().any(|t| t.is(&["prn"]));
    // What else is to be done then stays conditional.
    let more =
        |t: &Token| t.is(PAUSES) || t.is(&["and", "then", "call", "ring", "see", "go", "come", "return"]);
    needed && treats.iter().any(crate::drugs::is_drug) && !treats.iter().any(more)
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
    let joint = Joint::at(words, i);
    let whole = words.get(i + joint.words..)?;
    // What an act begins with stands near.
    let rest = &whole[..whole.len().min(24)];
    let first = rest.first()?;
    let before = &words[start..i];
    let after_that = first.is(&["after"]) && rest.get(1).is_some_and(|t| t.is(&["that"]));
    if first.is(&["then", "danach", "dann", "thereafter"]) || after_that {
        // "then 20 mg", "danach Kontrolle": an act that follows.
        return (rest.len() > 1).then_some(joint.words);
    }
    let instead =
        ends::short(rest).is_some() && (joint.joined || first.is(&["instead", "replaces", "replacing"]));
    if (instead || doubt::is_permission(rest)) && act::is_whole(before) {
        return Some(joint.words);
    }
    if !joint.joined || open_bracket(before) || belongs_to(before, rest) {
        return None;
    }
    let begins =
        joint.arrowed && item::is_stage(rest) || act::is_whole(before) && begins_an_act(before, rest);
    begins.then_some(joint.words)
}

/// What stands between two acts: ", and", "->", " - ".
struct Joint {
    words: usize,
    joined: bool,
    arrowed: bool,
}

impl Joint {
    fn at(words: &[Token], i: usize) -> Self {
        let mut out = Self { words: 0, joined: false, arrowed: false };
        while let Some(token) = words.get(i + out.words) {
            let next = words.get(i + out.words + 1);
            let arrow = token.is_mark('>') || token.is_mark('-') && next.is_some_and(|t| t.is_mark('>'));
            let dash = token.is_mark('-') && !token.glued && next.is_some_and(|t| !t.glued);
            let word = token.is(&["and", "und", "y", "but", "well", "also", "plus", "e"])
                || token.is(&["as"]) && next.is_some_and(|t| t.is(&["well"]));
            if !(token.is_mark(',') || token.is_mark('+') || arrow || dash || word) {
                break;
            }
            out.arrowed |= arrow;
            out.joined = true;
            out.words += 1;
        }
        out
    }
}

/// Whether words say more about what stands before them: a limit, an exception, the end of the
/// medicine just named.
fn belongs_to(before: &[Token], rest: &[Token]) -> bool {
    let first = &rest[0];
    let medicine = medicine_in(before);
    // "max 4 g per day"
    first.is(&["max", "maximum", "höchstens"])
        || before[0].is(&["alternate", "alternating"])
        || medicine && first.is(&["not", "skip", "omit", "except"])
        || medicine && first.is(&["last", "final"]) && rest.get(1).is_some_and(|t| t.is(&["dose", "day"]))
        || ends::ends_the_one_before(rest) && before.iter().any(crate::drugs::is_drug)
}

/// Whether an act begins with these words, behind those of another.
fn begins_an_act(before: &[Token], rest: &[Token]) -> bool {
    let first = &rest[0];
    if begins::begins_prohibition(rest) || begins::forbids(rest) {
        return true;
    }
    if first.is(&["including", "eg", "e.g", "like", "such", "especially", "which", "who"]) {
        return false;
    }
    let medicine = medicine_in(before);
    let tests = before.iter().any(|t| t.is_a(Class::TEST));
    if medicine && elaborates(before, rest)
        || tests && crate::drugs::is_drug(first) && !rest.iter().any(crate::drugs::is_strength)
        || verbs::gerund(&first.text).is_some() && rest.len() <= 3
    {
        return false;
    }
    let image = |words: &[Token]| words.iter().take(5).any(|t| t.is(IMAGES));
    let other_test = begins::begins_test(rest) && (image(rest) || image(before)) && rest.len() <= 9;
    let listed_tests = tests && !before.iter().any(|t| t.is_a(Class::VISIT));
    let another = first.is(&["to"])
        && (rest.get(1).is_some_and(|t| verbs::verb(&t.text).is_some())
            || rest.get(1).is_some_and(|t| t.shape == crate::token::Shape::Word)
                && rest.get(2).is_some_and(|t| {
                    t.is(&["a", "the", "his", "her", "your", "their", "in", "up", "on", "off", "it", "any"])
                }));
    another
        || begins::begins_verb(rest)
        || begins::begins_drug(rest)
        || begins::begins_dose(rest) && medicine
        || begins::begins_measure(rest)
        || super::frame::find(rest).is_some_and(|frame| frame.at <= 6)
        || (!listed_tests && before.len() <= 4 && begins::begins_test(rest))
        || other_test
        || item::item(rest).is_some() && !first.is(FUNCTION) && (timed(before) || !item::awaits_time(before))
        || first.is(&["adv", "advised", "advise"])
        || begins::begins_lifestyle(rest, before)
        || begins::begins_visit(rest)
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
