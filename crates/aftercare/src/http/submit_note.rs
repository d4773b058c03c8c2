//! `POST /api/submit-notes/`: a note is read, sealed, and becomes the plan.

use super::{
    actor::{Actor, Doctor, Reader},
    json::{Id, Json},
    notes::{NoteView, open},
    problem::{FieldError, Problem},
    scope::scope,
    submission::{Arrived, Outcome, already_extracted, read_and_store},
    view::{SafetyNetView, Show, StepView},
};
use crate::{
    app::App,
    plan::{Habits, Plan, PlanStep},
};
use aftercare_core::{
    access::Act,
    id::{NoteId, StepId, UserId},
    people::check_note,
    step::Kind,
    supersede::changes,
    wording::Language,
};
use aftercare_extract::extraction::{Extraction, Question, Quote, Rejected};
use aftercare_store::{
    Tx, care,
    note::{self, Note, NoteState},
    step,
};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

/// A note for a patient.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// One of the doctor's patients.
    #[schema(value_type = Uuid)]
    patient_id: UserId,
    /// The doctor's words, at most 65,536 bytes.
    #[schema(example = "Buy Drug A. Take Drug A daily for 7 days.")]
    note: String,
    /// `activate`: the steps come into force at once and replace this doctor's plan for the patient.
    #[serde(default)]
    mode: Mode,
}

/// What becomes of the steps.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They come into force at once.
    #[default]
    Activate,
}

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
    /// What is unclear: `frequency`, `duration` or `timing`.
    about: &'static str,
    /// The words it is about.
    evidence: String,
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
    reason: &'static str,
}

/// What a note changes.
#[derive(Serialize, ToSchema)]
pub struct ChangesView {
    /// Steps of the old plan that end.
    stops: Vec<StepView>,
    /// Steps that begin.
    starts: Vec<StepView>,
    /// Steps that keep the count and log of an old one.
    continues: Vec<StepView>,
}

/// What became of a note.
#[derive(Serialize, ToSchema)]
pub struct Submitted {
    /// The note.
    note: NoteView,
    /// `active`; `extraction_failed`: kept, nothing changed; `superseded`: a note submitted later
    /// was in force already.
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
}

/// Submit a note
///
/// The note is read for a checklist and a plan, each step with the words that say so; note and
/// steps are sealed for this patient and this doctor, and replace what this doctor had scheduled
/// before. If it cannot be read, it is kept and the running plan goes on untouched.
#[utoipa::path(post, path = "/api/submit-notes/", tag = "Notes and steps", security(("bearer" = [])), request_body = Submit, responses(
    (status = 201, body = Submitted), (status = 404, description = "Not a patient of this doctor", body = Problem),
    (status = 422, body = Problem)))]
pub async fn submit_note(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    retry: Option<axum::Extension<super::idempotency::Retry>>,
    Json(body): Json<Submit>,
) -> Result<(StatusCode, Json<Submitted>), Problem> {
    let Mode::Activate = body.mode;
    check_note(&body.note).map_err(|error| Problem::invalid(vec![FieldError::at("/note", error)]))?;
    let now = app.now();
    let id: NoteId = retry.map_or_else(|| app.random.id(now), |retry| retry.id());

    let mut tx = app.store.write().await?;
    let care = care::lock(&mut tx, body.patient_id, actor.id).await?.ok_or_else(Problem::not_found)?;
    scope(&mut tx, &actor, Some(body.patient_id), Act::WriteNote).await?;
    if let Some(note) = note::get(&mut tx, body.patient_id, id).await? {
        // A retry whose first attempt was stored, but never answered.
        return Ok((StatusCode::CREATED, Json(stored(&app, &mut tx, &actor, reader, note).await?)));
    }
    let ticket = care::take_ticket(&mut tx, &care).await?;
    tx.commit().await?;

    let arrived = Arrived { id, patient: body.patient_id, ticket, text: body.note, created_at: now };
    let done = to_its_end(app, actor, arrived, None).await?;
    Ok((StatusCode::CREATED, Json(answer(done, reader.0))))
}

fn answer(done: Outcome, language: Language) -> Submitted {
    let Outcome { note, old, new, open, in_force, extraction, failure } = done;
    let show = Show { habits: &old.habits, language, now: old.now };
    let active: Vec<_> = old.steps.iter().filter(|step| in_force && step.is_active()).collect();
    let ids: Vec<_> = active.iter().map(|step| step.row.id).collect();
    let starting: Vec<_> = new.iter().filter(|_| in_force).map(|step| (step.row.id, None)).collect();
    let changes = changes(&ids, &starting);
    let pick = |wanted: &[StepId]| {
        let steps = active.iter().copied().chain(&new).filter(|step| wanted.contains(&step.row.id));
        show.steps(steps, &open)
    };
    let of_kind = |kind| show.steps(new.iter().filter(|step| step.row.kind == kind), &open);
    let here = open.get(&note.id).cloned().unwrap_or_default();
    Submitted {
        status: NoteView::status(note.state),
        checklist: of_kind(Kind::Checklist),
        plan: of_kind(Kind::Plan),
        safety_net: here.safety_net.into_iter().map(SafetyNetView::from).collect(),
        questions: extraction.questions.iter().filter_map(|question| question_view(question, &new)).collect(),
        unused: extraction.unused.iter().map(quote_view).collect(),
        rejected: extraction.rejected.iter().map(rejected_view).collect(),
        changes: ChangesView {
            stops: pick(&changes.stops),
            starts: pick(&changes.starts),
            continues: pick(&changes.continues),
        },
        note: NoteView::of(&note, here.text),
        extractor: ExtractorView {
            provider: note.provider,
            model: note.model,
            fallback: note.fallback,
            failure,
        },
    }
}

fn question_view(question: &Question, steps: &[PlanStep]) -> Option<QuestionView> {
    let step_id = steps.get(question.step)?.row.id;
    Some(QuestionView { step_id, about: question.about, evidence: question.evidence.clone() })
}

fn quote_view(quote: &Quote) -> QuoteView {
    QuoteView { quote: quote.quote.clone(), start: quote.start, end: quote.end }
}

fn rejected_view(rejected: &Rejected) -> RejectedView {
    RejectedView { action: rejected.action.clone(), reason: rejected.reason }
}

/// Reads and stores a note, though the doctor's connection break while a model thinks: a note
/// that has arrived is kept.
async fn to_its_end(
    app: App,
    actor: Actor,
    arrived: Arrived,
    again: Option<Note>,
) -> Result<Outcome, Problem> {
    let work = tokio::spawn(async move { read_and_store(&app, &actor, arrived, again).await });
    work.await.map_err(Problem::internal)?
}

/// The answer for a note that is stored already: its steps, without what was only said once.
async fn stored(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    reader: Reader,
    note: Note,
) -> Result<Submitted, Problem> {
    let now = app.now();
    let habits = Habits::load(tx, note.patient_id).await?;
    let rows = step::of_note(tx, note.patient_id, note.id).await?;
    let new = rows.into_iter().map(|row| PlanStep::new(row, &habits, &[], &[], now));
    let new = new.collect::<Result<_, _>>()?;
    let done = Outcome {
        old: Plan { patient_id: note.patient_id, now, habits, steps: Vec::new() },
        new,
        open: HashMap::from([(note.id, open(app, tx, actor, &note).await?)]),
        in_force: note.state == NoteState::Live,
        extraction: Extraction::default(),
        failure: None,
        note,
    };
    Ok(answer(done, reader.0))
}

/// Have a note read again
///
/// After a failure. Counts as submitted when it first was: a newer note stays in force.
#[utoipa::path(post, path = "/api/notes/{id}/extract/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 200, body = Submitted), (status = 404, body = Problem),
    (status = 409, description = "`already_extracted`", body = Problem)))]
pub async fn extract_again(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    Id(id): Id<NoteId>,
) -> Result<Json<Submitted>, Problem> {
    let mut tx = app.store.read().await?;
    let note = note::by_doctor(&mut tx, actor.id, id).await?.ok_or_else(Problem::not_found)?;
    scope(&mut tx, &actor, Some(note.patient_id), Act::WriteNote).await?;
    if note.state != NoteState::ExtractionFailed {
        return Err(already_extracted());
    }
    let text = open(&app, &mut tx, &actor, &note).await?.text;
    drop(tx);
    let arrived =
        Arrived { id, patient: note.patient_id, ticket: note.ticket, text, created_at: note.created_at };
    let done = to_its_end(app, actor, arrived, Some(note)).await?;
    Ok(Json(answer(done, reader.0)))
}
