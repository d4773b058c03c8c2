//! How a note with its steps looks to its doctor: what was read, what is unclear, what it changes.

use super::{
    notes::NoteView,
    submission::Outcome,
    view::{SafetyNetView, Show, StepStatus, StepView},
    words::{Sealed, Words},
};
use crate::{notebook::OpenNote, outline::Outline, plan::Plan, review::Asked};
use aftercare_core::{
    id::{NoteId, StepId},
    step::Kind,
    supersede::changes,
    wording::Language,
};
use aftercare_extract::extraction::{About, Quote, Rejected};
use aftercare_store::note::NoteState;
use serde::Serialize;
use utoipa::ToSchema;

/// Who read the note.
#[derive(Serialize, ToSchema)]
pub struct ExtractorView {
    /// `rules`, `gemini` or `openai`.
    provider: String,
    /// Its model or version.
    model: String,
    /// Whether it stepped in for one that failed.
    fallback: bool,
    /// Why nothing could be read, where nothing could.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// Something the note leaves open.
#[derive(Serialize, ToSchema)]
pub struct QuestionView {
    /// About which step.
    #[schema(value_type = Uuid)]
    step_id: StepId,
    /// What is unclear; `docs/EXTRACTION.md` lists what there is.
    #[schema(value_type = String, example = "frequency")]
    about: About,
    /// The words it is about.
    evidence: String,
    /// Whether the doctor has answered it; a draft comes into force when all are.
    answered: bool,
}

/// Words of the note with their place, in characters.
#[derive(Serialize, ToSchema)]
pub struct QuoteView {
    /// The words.
    quote: String,
    /// First character.
    start: usize,
    /// One past the last.
    end: usize,
}

/// A proposal that was not taken.
#[derive(Serialize, ToSchema)]
pub struct RejectedView {
    /// What was proposed.
    action: String,
    /// Why it was not taken.
    reason: String,
}

/// What a note changes, or would.
#[derive(Serialize, ToSchema)]
pub struct ChangesView {
    /// Steps of the old plan that end.
    stops: Vec<StepView>,
    /// Steps that begin.
    starts: Vec<StepView>,
    /// Steps that keep the count and log of an old one.
    continues: Vec<StepView>,
}

/// A note with what was read out of it.
#[derive(Serialize, ToSchema)]
pub struct Submitted {
    /// The note.
    note: NoteView,
    /// `active`; `draft`: waits for its doctor; `extraction_failed`: kept, nothing changed;
    /// `superseded`: a note submitted later was in force already.
    status: &'static str,
    /// Who read it.
    extractor: ExtractorView,
    /// Things to do once.
    checklist: Vec<StepView>,
    /// Things to repeat or continue.
    plan: Vec<StepView>,
    /// When to seek help.
    safety_net: Vec<SafetyNetView>,
    /// What is unclear.
    questions: Vec<QuestionView>,
    /// Sentences that look like instructions and gave no step.
    unused: Vec<QuoteView>,
    /// Proposals that were not taken.
    rejected: Vec<RejectedView>,
    /// What this changes for the patient.
    changes: ChangesView,
    /// In a sealed session: the notes these stand in, to be opened on the device.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    envelopes: Vec<Sealed>,
}

/// An outcome as its doctor sees it.
pub(super) fn view(done: Outcome, language: Language) -> Submitted {
    let Outcome { note, old, new, outline, words, failure } = done;
    let show = Show { habits: &old.habits, language, now: old.now };
    let open = words.note(note.id).cloned();
    let text = open.as_ref().map(|open| open.text.clone());
    let OpenNote { safety_net, review, .. } = open.unwrap_or_default();
    let draft = note.state == NoteState::Draft;
    let mut shown = show.steps(&new, &words);
    for step in shown.iter_mut().filter(|_| draft) {
        step.status = StepStatus::Draft;
    }
    let changes = match note.state {
        NoteState::Live | NoteState::Draft => {
            changes_view(&show, &outline, (note.id, note.state), &old, &shown, &words)
        }
        _ => ChangesView { stops: Vec::new(), starts: Vec::new(), continues: Vec::new() },
    };
    let of_kind = |kind| shown.iter().filter(|step| step.kind == kind).cloned().collect();
    Submitted {
        status: NoteView::status(note.state),
        checklist: of_kind(Kind::Checklist),
        plan: of_kind(Kind::Plan),
        safety_net: safety_net.into_iter().map(SafetyNetView::from).collect(),
        questions: review.questions.iter().map(question_view).collect(),
        unused: review.unused.iter().map(quote_view).collect(),
        rejected: review.rejected.iter().map(rejected_view).collect(),
        changes,
        note: NoteView::of(&note, text),
        extractor: ExtractorView {
            provider: note.provider,
            model: note.model,
            fallback: note.fallback,
            failure,
        },
        envelopes: words.into_sealed(),
    }
}

fn changes_view(
    show: &Show<'_>,
    outline: &[Outline],
    (id, state): (NoteId, NoteState),
    old: &Plan,
    shown: &[StepView],
    words: &Words,
) -> ChangesView {
    let active: Vec<_> = old.steps.iter().filter(|step| step.is_active() || step.was_ended_by(id)).collect();
    let mut ids: Vec<_> = active.iter().map(|step| step.row.id).collect();
    // Of a note in force, what went on stands among its own steps.
    let carried = outline.iter().filter(|step| step.continues && state == NoteState::Live);
    ids.extend(carried.map(|step| step.id));
    let new: Vec<_> =
        outline.iter().map(|step| (step.id, Some(step.id).filter(|_| step.continues))).collect();
    let changes = changes(&ids, &new);
    let pick = |wanted: &[StepId]| shown.iter().filter(|step| wanted.contains(&step.id)).cloned().collect();
    let stops = active.into_iter().filter(|step| changes.stops.contains(&step.row.id));
    ChangesView {
        stops: show.steps(stops, words),
        starts: pick(&changes.starts),
        continues: pick(&changes.continues),
    }
}

fn question_view(asked: &Asked) -> QuestionView {
    let Asked { step_id, about, evidence, answered } = asked.clone();
    QuestionView { step_id, about, evidence, answered }
}

fn quote_view(quote: &Quote) -> QuoteView {
    QuoteView { quote: quote.quote.clone(), start: quote.start, end: quote.end }
}

fn rejected_view(rejected: &Rejected) -> RejectedView {
    RejectedView { action: rejected.action.clone(), reason: rejected.reason.clone().into_owned() }
}
