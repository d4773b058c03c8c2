//! What the server knows of a note's steps without a word of them: enough to schedule, nothing to read.

use crate::notebook::{OpenNote, StepText};
use aftercare_core::{course::Policy, id::StepId, step::Kind, timing::Timing};
use serde::{Deserialize, Serialize};

/// A step without its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The step.
    pub id: StepId,
    /// Checklist or plan.
    pub kind: Kind,
    /// When.
    pub schedule: Timing,
    /// What a miss does, where the doctor has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Goes on with the count and log of the step of the same id in the plan that it replaces.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
    /// Begins when the step before it ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follows: bool,
}

impl Outline {
    fn of(id: StepId, text: &StepText, follows: bool) -> Self {
        Self {
            id,
            kind: text.kind,
            schedule: text.schedule.clone(),
            policy: text.policy,
            continues: text.continues,
            follows,
        }
    }
}

/// The outline of a note whose words are at hand.
pub fn outline(words: &OpenNote) -> Vec<Outline> {
    let follows = |id: &StepId| words.review.follow.contains(id);
    words.steps.iter().map(|(id, text)| Outline::of(*id, text, follows(id))).collect()
}
