//! Two readers: what the rules found and what a model pointed at, laid over each other.
//!
//! A step that both found is sure; one that only one of them found is to be looked at.

use super::prompt::Label;
use crate::{
    extraction::{FoundBy, Proposed},
    rules::{self, Clause, Proposals},
};
use aftercare_core::step::Category;
use std::ops::Range;

/// The proposals of both, in the order of the note.
pub fn combine(
    text: &str,
    by_rules: &Proposals,
    alone: Alone,
    clauses: &[Clause],
    labels: &[Label],
) -> Vec<Proposed> {
    let pointed: Vec<(&Clause, Category)> = clauses
        .iter()
        .zip(labels)
        .filter_map(|(clause, label)| match label {
            Label::Act(category) => Some((clause, *category)),
            Label::Watch | Label::None => None,
        })
        .collect();
    let mut out: Vec<Proposed> = Vec::new();
    for step in &by_rules.steps {
        let both = pointed.iter().any(|(clause, _)| overlap(&clause.range, &step.range));
        let found_by = if both { FoundBy::Both } else { FoundBy::Rules };
        out.push(Proposed::of(text, step.clone(), found_by));
    }
    for (clause, category) in pointed {
        let known = by_rules.steps.iter().any(|step| overlap(&clause.range, &step.range));
        if !known && alone.takes(text, clause) && !rules::is_told(text, clause) {
            out.push(Proposed::of(text, rules::as_instruction(text, clause, category), FoundBy::Model));
        }
    }
    out.sort_by_key(|step| step.at);
    out
}

/// What becomes a step that a model alone has pointed at. Everything else it points at is shown to
/// the doctor as not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alone {
    /// Nothing: the model only agrees, or not.
    Nothing,
    /// Clauses under a heading that announces instructions, if they say when. Measured best with a
    /// small model (`docs/EVALUATION.md`).
    #[default]
    Timed,
    /// Every clause that does not plainly tell of something else.
    All,
}

impl Alone {
    fn takes(self, text: &str, clause: &Clause) -> bool {
        match self {
            Self::Nothing => false,
            Self::Timed => clause.in_plan && rules::says_when(text, clause),
            Self::All => true,
        }
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}
