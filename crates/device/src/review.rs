//! What a doctor has to look at before a note becomes the plan: questions the note leaves open,
//! sentences that gave no step, proposals that were not taken.
//!
//! Sealed with the note: it is made of its words.

use crate::notebook::StepText;
use aftercare_core::id::StepId;
use aftercare_extract::extraction::{About, Extraction, Quote, Rejected};
use serde::{Deserialize, Serialize};

/// What there is to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Review {
    /// What only the doctor can answer.
    pub questions: Vec<Asked>,
    /// Sentences that look like instructions and gave no step.
    pub unused: Vec<Quote>,
    /// Proposals without proof.
    pub rejected: Vec<Rejected>,
    /// Stages that begin when the step before them ends.
    pub follow: Vec<StepId>,
}

/// A question about a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which step.
    pub step_id: StepId,
    /// What is unclear.
    pub about: About,
    /// The words it is about.
    pub evidence: String,
    /// Whether the doctor has answered it.
    #[serde(default)]
    pub answered: bool,
}

/// A step as it was and as the doctor wants it.
pub struct Edited<'a> {
    /// The step of the draft it was; `None` for one added by hand.
    pub was: Option<(StepId, &'a StepText)>,
    /// What it is now.
    pub is: (StepId, &'a StepText),
}

impl Review {
    /// Of what was read, its steps named by `ids`.
    pub fn of(extraction: &Extraction, ids: &[StepId]) -> Self {
        let questions = extraction.questions.iter().filter_map(|question| {
            let (about, evidence) = (question.about, question.evidence.clone());
            Some(Asked { step_id: *ids.get(question.step)?, about, evidence, answered: false })
        });
        Self {
            questions: questions.collect(),
            unused: extraction.unused.clone(),
            rejected: extraction.rejected.clone(),
            follow: extraction.follow.iter().filter_map(|step| ids.get(*step).copied()).collect(),
        }
    }

    /// What is not answered yet.
    pub fn open(&self) -> impl Iterator<Item = &Asked> {
        self.questions.iter().filter(|asked| !asked.answered)
    }

    /// The same after the doctor's hand: what was asked about a step is answered by changing what
    /// was asked about, or by saying that it stands as it is.
    #[must_use]
    pub fn edited(&self, steps: &[Edited<'_>], stands: &[(StepId, About)]) -> Self {
        let now = |id: StepId| steps.iter().find(|step| step.was.is_some_and(|(was, _)| was == id));
        let questions = self.questions.iter().filter_map(|asked| {
            let Edited { was, is: (id, is) } = now(asked.step_id)?;
            let changed = was.is_some_and(|(_, was)| match asked.about {
                About::Frequency | About::Timing | About::LongCourse | About::Often => {
                    was.schedule != is.schedule
                }
                About::Dose | About::Duplicate => was.title != is.title,
            });
            let stands = stands.contains(&(asked.step_id, asked.about));
            Some(Asked { step_id: *id, answered: asked.answered || changed || stands, ..asked.clone() })
        });
        Self {
            questions: questions.collect(),
            follow: self.follow.iter().filter_map(|id| Some(now(*id)?.is.0)).collect(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aftercare_core::{
        step::{Category, Kind, Step},
        timing::Timing,
    };
    use uuid::Uuid;

    fn id(n: u128) -> StepId {
        StepId(Uuid::from_u128(n))
    }

    fn text(frequency: Option<u32>) -> StepText {
        let timing = Timing { frequency, ..Timing::default() };
        let step = Step {
            kind: Kind::Plan,
            action: "Take paracetamol".to_owned(),
            evidence: "paracetamol".to_owned(),
            category: Category::Medication,
            timing: Some(timing),
        };
        StepText::of(&step, 0)
    }

    fn asked(step: u128) -> Review {
        let question =
            Asked { step_id: id(step), about: About::Frequency, evidence: String::new(), answered: false };
        Review { questions: vec![question], follow: vec![id(step)], ..Review::default() }
    }

    #[test]
    fn a_question_is_answered_by_a_schedule_by_saying_so_or_by_dropping_the_step() {
        let (before, scheduled) = (text(None), text(Some(4)));
        let open = |review: &Review| review.open().count();
        let same = Edited { was: Some((id(1), &before)), is: (id(1), &before) };
        assert_eq!(open(&asked(1).edited(&[same], &[])), 1);
        let changed = Edited { was: Some((id(1), &before)), is: (id(9), &scheduled) };
        let review = asked(1).edited(&[changed], &[]);
        assert_eq!(
            (open(&review), review.questions[0].step_id, review.follow.clone()),
            (0, id(9), vec![id(9)])
        );
        let same = Edited { was: Some((id(1), &before)), is: (id(1), &before) };
        assert_eq!(open(&asked(1).edited(&[same], &[(id(1), About::Frequency)])), 0);
        let added = Edited { was: None, is: (id(2), &scheduled) };
        assert_eq!(asked(1).edited(&[added], &[]).questions, []);
    }
}
