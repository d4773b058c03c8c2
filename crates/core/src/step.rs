//! A step: one thing a patient is to do after the visit.

use crate::timing::Timing;
use serde::{Deserialize, Serialize};

/// Done once, or repeated and continued over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Done once.
    Checklist,
    /// Repeated, or continued over time.
    Plan,
}

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "plain words")]
pub enum Category {
    Medication,
    Test,
    Appointment,
    Measurement,
    Lifestyle,
    Other,
}

/// A step as read out of a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Checklist or plan.
    pub kind: Kind,
    /// A short imperative for the patient, made of the quoted words.
    pub action: String,
    /// The words of the note that carry the instruction, verbatim.
    pub evidence: String,
    /// What it is about.
    pub category: Category,
    /// When; `None` where the note says nothing of it.
    #[serde(default)]
    pub timing: Option<Timing>,
}
