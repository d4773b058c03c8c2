//! The proposer that needs no model: finds the instructions in a note by rule.
//!
//! It only finds and classifies: which words carry an instruction and of what kind. What they
//! say of time is read by [`crate::timing`]; whether they stand in the note is proven afterwards.

mod act;
mod advice;
mod begins;
mod clause;
pub(crate) mod doubt;
pub(crate) mod ends;
mod filter;
mod frame;
mod item;
mod label;
mod list;
mod verbs;
mod wording;

use crate::{
    note::{self, Sentence},
    shield::{Shielded, shield},
    timing,
    token::tokens,
};
use aftercare_core::step::{Category, Kind};
use std::{collections::HashSet, ops::Range};

/// A place in the note that carries an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Checklist or plan.
    pub kind: Kind,
    /// What it is about.
    pub category: Category,
    /// The words, as bytes of the note.
    pub range: Range<usize>,
    /// What the patient is to do: the verb, where the words leave it out, and the words.
    pub action: String,
    /// Begins when the one before it ends, though no word of it says so.
    pub follows: bool,
    /// Whether it is to be taken at all must be asked.
    pub asks: bool,
}

/// What the rules made of a note.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposals {
    /// The instructions.
    pub steps: Vec<Proposal>,
    /// Conditional advice ("return if fever"), as bytes of the note.
    pub safety_net: Vec<Range<usize>>,
    /// Sentences that look like instructions and gave nothing.
    pub unused: Vec<Range<usize>>,
}

/// Reads a note.
pub fn propose(text: &str) -> Proposals {
    propose_in(&shield(text))
}

/// Reads a note whose foreign parts are blanked out already.
pub(crate) fn propose_in(shielded: &Shielded) -> Proposals {
    let text = shielded.text.as_str();
    let mut out = Proposals::default();
    let mut seen = HashSet::new();
    let mut carried = Carried::default();
    for sentence in note::sentences(text) {
        read_sentence(text, &sentence, &mut carried, &mut out, &mut seen);
        if out.steps.len() > MOST {
            break;
        }
    }
    if is_list_of_medicines(text, &out) {
        out.unused.extend(out.steps.drain(..).map(|step| step.range));
    }
    // What speaks to software is nobody's order, but a doctor should see what was passed over.
    out.unused.extend(shielded.closed.iter().cloned());
    out
}

/// Three medicines or more with their doses, and not a word of what to do: what somebody takes
/// already. The doctor sees it as not used.
fn is_list_of_medicines(text: &str, out: &Proposals) -> bool {
    let bare = |step: &Proposal| {
        let words = tokens(&text[step.range.clone()]);
        let timing = timing::of_words(&words);
        step.category == Category::Medication
            && step.action.starts_with("Take ")
            && !frame::orders(&words)
            && timing.duration.is_none()
            && timing.count.is_none()
            && timing.start.is_none()
            && timing.until.is_none()
    };
    let planned = note::sentences(text).iter().any(|sentence| sentence.in_plan);
    out.steps.len() >= 3 && !planned && out.safety_net.is_empty() && out.steps.iter().all(bare)
}

/// A part of the note that a model is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The words, as bytes of the note.
    pub range: Range<usize>,
    /// Whether it stands under a heading that announces instructions.
    pub in_plan: bool,
}

/// The clauses of a note that may hold an instruction, in order.
pub fn clauses(text: &str) -> Vec<Clause> {
    let shielded = shield(text);
    let text = shielded.text.as_str();
    let mut out = Vec::new();
    for sentence in note::sentences(text) {
        let range = label::skip(text, sentence.range.clone());
        let (parts, conditional) = clause::without_condition(text, range);
        let cut = parts.into_iter().flat_map(|part| clause::clauses(text, part)).chain(conditional);
        let ranges = cut.map(|range| note::trimmed(text, range)).filter(|range| !range.is_empty());
        out.extend(ranges.map(|range| Clause { range, in_plan: sentence.in_plan }));
    }
    out.sort_by_key(|clause| clause.range.start);
    out
}

/// A clause that somebody else takes for an instruction of a category: where it begins, and of what
/// kind it is.
pub fn as_instruction(text: &str, clause: &Clause, category: Category) -> Proposal {
    let words = tokens(&text[clause.range.clone()]);
    if let Some(read) = act::read(text, clause.range.clone(), &words, true, None) {
        return read;
    }
    let timing = timing::of_words(&words);
    let kind = match category {
        Category::Medication | Category::Measurement | Category::Lifestyle => Kind::Plan,
        _ if timing.period.is_some() => Kind::Plan,
        _ => Kind::Checklist,
    };
    let action = wording::capitalised(&text[clause.range.clone()]);
    Proposal { kind, category, range: clause.range.clone(), action, follows: false, asks: false }
}

/// Whether a clause says when or how often.
pub fn says_when(text: &str, clause: &Clause) -> bool {
    let words = tokens(&text[clause.range.clone()]);
    let timing = timing::of_words(&words);
    timing.recurs() || timing.as_needed || timing.duration.is_some() || timing::due_of_words(&words).is_some()
}

/// Whether a clause tells of something that was, that others do, or that is not to be: to be looked
/// at twice before anybody calls it an instruction.
pub fn is_told(text: &str, clause: &Clause) -> bool {
    let words = tokens(&text[clause.range.clone()]);
    let framed = frame::find(&words).is_some();
    framed && filter::framed(&words)
        || !framed && (filter::whole(&words) || frame::tells(&words) && !frame::orders(&words))
}

/// What the sentences before have left open.
#[derive(Default)]
struct Carried {
    /// "STOP taking:" stands over a list.
    list: list::List,
    /// The medicine named last.
    drug: Option<String>,
}

fn read_sentence(
    text: &str,
    sentence: &Sentence,
    carried: &mut Carried,
    out: &mut Proposals,
    seen: &mut HashSet<Seen>,
) {
    let before = out.steps.len();
    let whole = tokens(&text[sentence.range.clone()]);
    if carried.list.opens(text, sentence, &whole) {
        return;
    }
    // "Glipizide 5 mg daily. Stop."
    let right_before = |last: &Proposal| {
        text.get(last.range.end..sentence.range.start)
            .is_some_and(|between| !between.contains(char::is_alphanumeric))
    };
    let last = out.steps.last_mut().filter(|last| ends::ends_the_last(&whole, last) && right_before(last));
    if let Some(last) = last {
        let quote = &text[last.range.clone()];
        let bounded = timing::of_words(&tokens(quote));
        if bounded.duration.is_none() && bounded.count.is_none() && bounded.until.is_none() {
            ends::stop(last, quote, &whole);
        }
        return;
    }
    if label::is_safety_net(&whole) {
        out.safety_net.push(sentence.range.clone());
        return;
    }
    let heading = carried.list.over(text, sentence, &whole);
    let mut ending = heading;
    // "Then 5 mg less each week": of the medicine of the sentence before.
    let mut drug = carried.drug.clone().filter(|_| whole.first().is_some_and(|t| t.is(THEN)));
    let range = label::skip(text, sentence.range.clone());
    let (parts, conditional) = clause::without_condition(text, range);
    out.safety_net.extend(conditional);
    let mut told = false;
    let mut theirs = false;
    for part in parts {
        if filter::elsewhere(&tokens(&text[part.clone()])) {
            continue;
        }
        for clause in clause::clauses(text, part) {
            let tokens = tokens(&text[clause.clone()]);
            let asked =
                text[sentence.range.start..clause.start].trim_end().ends_with('?') || tokens[0].is_mark('?');
            if asked || doubt::is_permission(&tokens) {
                out.unused.push(clause);
                continue;
            }
            if sentence.range.start == 0 && !sentence.in_plan && label::is_title(&tokens) {
                continue;
            }
            let framed = frame::find(&tokens).is_some();
            // "He received Toradol 30 mg and Zofran 4 mg": what is told goes on being told.
            let orders = frame::orders(&tokens);
            told = !framed && !orders && (told || frame::tells(&filter::outside_brackets(&tokens)));
            // "His mother takes insulin and was told to have an eye exam": the exam is hers.
            theirs |=
                told && filter::of_a_relative(&tokens) && !tokens.iter().any(|t| t.is(&["give", "gives"]));
            if told || theirs || framed && filter::framed(&tokens) || !framed && filter::tells(&tokens) {
                continue;
            }
            // "Take 2 tablets today then 1 tablet daily": of what nobody names.
            let last = out.steps[before..].last().filter(|last| last.category == Category::Medication);
            let of = drug.as_deref().or(last.map(|_| ""));
            if let Some(mut proposal) = act::read(text, clause.clone(), &tokens, sentence.in_plan, of) {
                // "15 mg for 2 weeks, 10 mg for 2 weeks": one after the other.
                proposal.follows |= out.steps.len() > before
                    && drug.is_some()
                    && item::is_stage(&tokens)
                    && out.steps.last().is_some_and(|last| last.category == Category::Medication);
                proposal.range = note::trimmed(text, proposal.range);
                let quote = &text[proposal.range.clone()];
                if let Some(heading) = heading {
                    heading.rule(&mut proposal, quote);
                }
                let listed = listed(text, &proposal);
                proposal.asks |= ending.is_some() && !listed && ends::is_another(&tokens);
                ends::end(&mut proposal, quote, ending.filter(|_| listed || !ends::is_another(&tokens)));
                ending = ends::Ending::of(&proposal);
                if let Some(name) = act::drug_name(&tokens) {
                    drug = Some(name);
                }
                // A restated instruction is one step.
                if !proposal.range.is_empty() && seen.insert(seen_as(text, &proposal)) {
                    out.steps.push(proposal);
                }
            }
        }
    }
    carried.drug = act::drug_name(&whole).or(drug).or(carried.drug.take());
    if let Some(heading) = heading.filter(|_| out.steps.len() == before) {
        out.steps.extend(heading.of_unknown(text, sentence.range.clone()));
    }
    let quiet = out.steps.len() == before
        && out.safety_net.last().is_none_or(|net| net.start < sentence.range.start)
        && out.unused.last().is_none_or(|unused| unused.start < sentence.range.start);
    let asks = act::looks_like_one(&whole)
        || timing::read(&text[sentence.range.clone()], Kind::Plan, None).timing.recurs();
    if quiet && (sentence.in_plan && act::treats(&whole) || asks && !filter::whole(&whole)) {
        out.unused.push(sentence.range.clone());
    }
}

/// Whether "and" joins a step to the one before, and not a comma alone.
fn listed(text: &str, proposal: &Proposal) -> bool {
    let before = text[..proposal.range.start].trim_end();
    ["and", "or", "&", "+", "und", "y"].iter().any(|word| before.ends_with(word))
        || text[..proposal.range.start].rfind('\n').map_or(0, |line| line + 1) == proposal.range.start
        || before.ends_with(['-', '*', '\u{2022}'])
}

const THEN: &[&str] = &[
    "then", "thereafter", "afterwards", "followed", "danach", "dann", "reduce", "increase", "resume",
    "restart", "decrease", "hold", "stop", "omit", "taper", "drop", "double", "halve",
];

/// Far more than anybody is told in one note; the rest is not looked at.
const MOST: usize = 400;

type Seen = (Kind, String, String);

fn seen_as(text: &str, proposal: &Proposal) -> Seen {
    let words = aftercare_core::quote::Folded::new(&text[proposal.range.clone()]);
    (proposal.kind, words.as_str().to_owned(), proposal.action.clone())
}
