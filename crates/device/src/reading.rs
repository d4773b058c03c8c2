//! What was read out of a note, on its way to become one: between whoever reads and whoever seals.

use crate::{
    notebook::{OpenNote, SafetyNet, StepText},
    review::{Asked, Review},
};
use aftercare_core::id::StepId;
use aftercare_extract::extraction::{About, Extraction, FoundBy, Quote, Rejected};
use serde::{Deserialize, Serialize};

/// The version of the rules, recorded with what they read.
pub const RULES_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What was read, and by whom.
#[derive(Clone, Debug)]
pub struct Read {
    /// The steps and what goes with them.
    pub extraction: Extraction,
    /// By whom.
    pub by: By,
}

/// Who read a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// `rules`, `gemini` or `openai`.
    pub provider: &'static str,
    /// Its model or version.
    pub model: String,
    /// Whether it stepped in for one that failed.
    pub fallback: bool,
}

/// What was read out of a note, and by whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// `rules`, `gemini` or `openai`.
    pub provider: String,
    /// Its model or version.
    pub model: String,
    /// Whether it stepped in for one that failed.
    pub fallback: bool,
    /// The steps, in their order.
    pub steps: Vec<StepText>,
    /// Steps that begin when the one before them ends, by place.
    pub follow: Vec<usize>,
    /// When to seek help.
    pub safety_net: Vec<SafetyNet>,
    /// What the note leaves open.
    pub questions: Vec<Open>,
    /// Sentences that look like instructions and gave no step.
    pub unused: Vec<Quote>,
    /// Proposals without proof.
    pub rejected: Vec<Rejected>,
}

/// Something a note leaves open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Open {
    /// About which step, by place.
    pub step: usize,
    /// What is unclear.
    pub about: About,
    /// The words it is about.
    pub evidence: String,
}

impl Reading {
    /// Of what a reader gave.
    pub fn of(Read { extraction, by }: &Read) -> Self {
        let By { provider, model, fallback } = by;
        let steps = extraction.steps.iter().zip(&extraction.found_by).map(|((step, start), found_by)| {
            let sure = match (*provider, found_by) {
                // One reader alone has nobody to agree with.
                ("rules", _) => None,
                (_, found_by) => Some(*found_by == FoundBy::Both),
            };
            StepText { sure, ..StepText::of(step, *start) }
        });
        let questions = extraction.questions.iter().map(|question| Open {
            step: question.step,
            about: question.about,
            evidence: question.evidence.clone(),
        });
        Self {
            provider: (*provider).to_owned(),
            model: model.clone(),
            fallback: *fallback,
            steps: steps.collect(),
            follow: extraction.follow.clone(),
            safety_net: extraction.safety_net.iter().map(SafetyNet::of).collect(),
            questions: questions.collect(),
            unused: extraction.unused.clone(),
            rejected: extraction.rejected.clone(),
        }
    }

    /// The note it was read out of, its steps named.
    pub fn into_note(self, text: String, mut new_id: impl FnMut() -> StepId) -> OpenNote {
        let steps: Vec<_> = self.steps.into_iter().map(|step| (new_id(), step)).collect();
        let named = |place: usize| steps.get(place).map(|(id, _)| *id);
        let asked = |open: Open| {
            let Open { step, about, evidence } = open;
            Some(Asked { step_id: named(step)?, about, evidence, answered: false })
        };
        let review = Review {
            questions: self.questions.into_iter().filter_map(asked).collect(),
            unused: self.unused,
            rejected: self.rejected,
            follow: self.follow.into_iter().filter_map(named).collect(),
        };
        OpenNote::of(text, steps, self.safety_net, review)
    }
}
