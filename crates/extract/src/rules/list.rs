//! Lists under a heading that says what is done with each of their medicines: "STOP taking:".

use super::{Proposal, begins, ends::Ending, frame};
use crate::{
    note::Sentence,
    token::{Shape, Token},
};
use aftercare_core::step::{Category, Kind};
use std::ops::Range;

/// The list being read, if any.
#[derive(Default)]
pub(super) struct List {
    heading: Option<Heading>,
}

/// What stands over a list.
#[derive(Clone, Copy)]
struct Heading {
    ending: Ending,
    /// Whether its items are told by their marks: the heading has none.
    marked: bool,
    /// Its list ends with this paragraph.
    paragraph: usize,
    /// Where it, or the last item, ends.
    end: usize,
}

impl List {
    /// Whether a sentence is such a heading; it opens a list then.
    pub(super) fn opens(&mut self, text: &str, sentence: &Sentence, words: &[Token]) -> bool {
        let behind = text[sentence.range.end..].trim_start_matches([' ', '*', '-']);
        let over = behind.starts_with([':', '\n', '\r']);
        let Some(ending) = heading(words).filter(|_| over) else { return false };
        self.heading = Some(Heading {
            ending,
            marked: !has_list_mark(text, sentence.range.start),
            paragraph: sentence.paragraph + 1,
            end: sentence.range.end,
        });
        true
    }

    /// What is done with the medicines of a sentence by the heading over it.
    pub(super) fn over(&mut self, text: &str, sentence: &Sentence, words: &[Token]) -> Option<Ending> {
        let heading = self.heading.as_mut()?;
        let item = begins::begins_drug(words)
            || heading.marked && has_list_mark(text, sentence.range.start) && !frame::orders(words);
        if sentence.paragraph <= heading.paragraph && item {
            heading.paragraph = sentence.paragraph;
            heading.end = sentence.range.end;
            return Some(heading.ending);
        }
        // "- ibuprofen. Use paracetamol instead.": more about the item.
        if text[heading.end..sentence.range.start].contains('\n') {
            self.heading = None;
        }
        None
    }
}

impl Ending {
    /// Of the list that it stands over, whatever a step is about.
    pub(super) fn rule(self, proposal: &mut Proposal, quote: &str) {
        if self.ends() && proposal.category != Category::Medication {
            proposal.action = format!("{} {quote}", self.verb);
            proposal.kind = self.kind;
            proposal.category = Category::Medication;
        }
    }

    /// An item of a list of what is ended, of which nothing else was made: "St John's wort".
    pub(super) fn of_unknown(self, text: &str, range: Range<usize>) -> Option<Proposal> {
        let action = format!("{} {}", self.verb, &text[range.clone()]);
        self.ends().then_some(Proposal {
            kind: self.kind,
            category: Category::Medication,
            range,
            action,
            follows: false,
            asks: false,
        })
    }

    fn ends(self) -> bool {
        matches!(self.verb, "Stop" | "Hold" | "Avoid")
    }
}

/// "STOP taking:", "Hold the following", "CONTINUE:": nothing but what is done.
fn heading(words: &[Token]) -> Option<Ending> {
    const OF_A_LIST: &[&str] = &[
        "taking", "using", "the", "following", "these", "this", "medication", "medications", "medicine",
        "medicines", "meds", "drugs", "tablets", "now", "for", "all", "your", "to", "please",
    ];
    let verb = |token: &Token| {
        let (verb, kind) = match token.text.as_str() {
            "stop" | "stopped" | "discontinue" | "discontinued" | "cease" => ("Stop", Kind::Checklist),
            "hold" | "held" | "withhold" | "pause" => ("Hold", Kind::Checklist),
            "avoid" => ("Avoid", Kind::Plan),
            "continue" | "continued" => ("Continue", Kind::Plan),
            "start" | "started" => ("Start", Kind::Plan),
            _ => return None,
        };
        Some(Ending { verb, kind })
    };
    let mut verbs = words.iter().filter_map(verb);
    let first = verbs.next().filter(|_| verbs.next().is_none());
    let nothing_else = words
        .iter()
        .all(|token| token.is(OF_A_LIST) || verb(token).is_some() || matches!(token.shape, Shape::Mark(_)));
    first.filter(|_| nothing_else)
}

/// Whether a sentence is the first of an item of a list.
fn has_list_mark(text: &str, start: usize) -> bool {
    let line = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let mark = text[line..start].trim();
    !mark.is_empty() && !mark.contains(char::is_alphabetic)
}
