//! Review before effect: a draft's steps are read, edited, put into force, taken back or put aside.

use super::{
    actor::{Actor, Doctor, Reader},
    force::{self, InForce},
    json::{Id, Json},
    notes::{on_record, open},
    problem::{FieldError, Problem, transact},
    scope::scope,
    sealed_note::{self, ClearStep},
    submission::{Outcome, add_envelope, add_page, current_care, written},
    submitted::{self, Submitted},
    words::Words,
};
use crate::{
    app::App,
    audit::{self, Action},
    draft::{Edit, apply},
    keyring::People,
    notebook::OpenNote,
    outline::{Outline, outline},
    plan::{Plan, PlanStep},
};
use aftercare_core::{access::Act, id::NoteId};
use aftercare_seal::envelope::Envelope;
use aftercare_store::{
    Tx, care, envelope,
    note::{self, Note, NoteState},
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// A note of this doctor's, for a patient of theirs.
async fn own(tx: &mut Tx, actor: &Actor, id: NoteId) -> Result<Note, Problem> {
    let note = note::by_doctor(tx, actor.id, id).await?;
    let note = note.filter(|note| note.state != NoteState::Discarded).ok_or_else(Problem::not_found)?;
    scope(tx, actor, Some(note.patient_id), Act::WriteNote).await?;
    Ok(note)
}

/// The same, locked against all else that happens between this doctor and this patient.
async fn lock_own(tx: &mut Tx, actor: &Actor, id: NoteId) -> Result<(Note, care::Care), Problem> {
    let note = own(tx, actor, id).await?;
    let care = current_care(tx, note.patient_id, actor.id).await?;
    Ok((own(tx, actor, id).await?, care))
}

fn not_a_draft(note: &Note) -> Problem {
    let (code, detail) = match note.state {
        NoteState::Live => ("already_active", "this note is in force; submit a new note to change it"),
        NoteState::ExtractionFailed => ("no_steps", "give this note its steps first: PUT its steps"),
        _ => ("superseded", "a newer note has taken the place of this one; submit a new note"),
    };
    Problem::conflict(code, detail)
}

/// The steps of a stored note without their words.
async fn stored_outline(app: &App, tx: &mut Tx, actor: &Actor, note: &Note) -> Result<Vec<Outline>, Problem> {
    match envelope::outline(tx, note.patient_id, note.id).await? {
        Some(json) => serde_json::from_str(&json).map_err(Problem::internal),
        // Sealed before outlines were kept.
        None => Ok(outline(&open(app, tx, actor, note).await?)),
    }
}

/// A note that is stored, with its steps: as they are, or as a draft would begin them now.
pub(super) async fn stored(app: &App, tx: &mut Tx, actor: &Actor, note: Note) -> Result<Outcome, Problem> {
    if note.state == NoteState::Draft {
        return draft(app, tx, actor, note).await;
    }
    let outline = stored_outline(app, tx, actor, &note).await?;
    let now = app.now();
    // Its own steps, and those that it ended.
    let since = note.activated_at.or(note.superseded_at).unwrap_or(now);
    let mut old = Plan::load(tx, note.patient_id, Some(note.doctor_id), since, now).await?;
    let (new, others) = old.steps.into_iter().partition(|step| step.row.note_id == note.id);
    old.steps = others;
    let superseded = note::superseded_by(tx, note.patient_id, note.id).await?;
    let mut notes = vec![(note.id, note.doctor_id)];
    let before = superseded.into_iter().filter(|other| other.activated_at.is_some());
    notes.extend(before.map(|before| (before.id, before.doctor_id)));
    let words = Words::load(app, tx, actor, note.patient_id, &notes).await?;
    Ok(Outcome { note, old, new, outline, words, failure: None })
}

/// A draft beside the plan it would replace.
async fn draft(app: &App, tx: &mut Tx, actor: &Actor, note: Note) -> Result<Outcome, Problem> {
    let now = app.now();
    let outline = stored_outline(app, tx, actor, &note).await?;
    let live = note::live(tx, note.patient_id, note.doctor_id).await?.answer(tx).await?;
    let plan = Plan::current(tx, note.patient_id, Some(note.doctor_id), now).await?;
    let mut new = force::begun(&note, &outline, &plan.habits, now)?;
    for step in &mut new {
        // One that goes on has its log behind it already.
        if let Some(old) = plan.steps.iter().find(|old| old.row.id == step.row.id) {
            *step = PlanStep {
                row: aftercare_store::step::StepRow { note_id: note.id, ..old.row.clone() },
                ..old.clone()
            };
        }
    }
    let mut notes = vec![(note.id, note.doctor_id)];
    notes.extend(live.map(|live| (live.id, live.doctor_id)));
    let words = Words::load(app, tx, actor, note.patient_id, &notes).await?;
    Ok(Outcome { note, old: plan, new, outline, words, failure: None })
}

/// Read a note's steps
///
/// For its doctor: the steps as they stand, what is unclear, what was left out, and what a draft
/// would change.
#[utoipa::path(get, path = "/api/notes/{id}/steps/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 200, body = Submitted), (status = 404, body = Problem)))]
pub async fn read_steps(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    Id(id): Id<NoteId>,
) -> Result<Json<Submitted>, Problem> {
    let mut tx = app.store.read().await?;
    let note = own(&mut tx, &actor, id).await?;
    let patient = note.patient_id;
    let outcome = stored(&app, &mut tx, &actor, note).await?;
    drop(tx);
    on_record(&app, &actor, patient, Action::PlanRead).await?;
    Ok(Json(submitted::view(outcome, reader.0)))
}

/// Edit a draft
///
/// The steps as they are to be, all of them, in their order: a step that is left out is removed,
/// one without an `id` is added. A note that could not be read becomes a draft with these steps.
#[utoipa::path(put, path = "/api/notes/{id}/steps/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = Edit, responses(
    (status = 200, body = Submitted), (status = 404, body = Problem),
    (status = 409, description = "`already_active` or `superseded`", body = Problem), (status = 422, body = Problem)))]
pub async fn edit_steps(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    Id(id): Id<NoteId>,
    Json(body): Json<Edit>,
) -> Result<Json<Submitted>, Problem> {
    let outcome = transact!({
        let mut tx = app.store.write().await?;
        let (mut note, mut care) = lock_own(&mut tx, &actor, id).await?;
        if !matches!(note.state, NoteState::Draft | NoteState::ExtractionFailed) {
            return Err(not_a_draft(&note));
        }
        let now = app.now();
        note.state = NoteState::Draft;
        note::update(&mut tx, &note).await?;
        let words = open(&app, &mut tx, &actor, &note).await?;
        let plan = Plan::current(&mut tx, note.patient_id, Some(actor.id), now).await?;
        let words = apply(&body, &words, &plan, || app.random.id(now)).map_err(Problem::invalid)?;
        let people = People::load(&mut tx, &[note.patient_id, note.doctor_id]).await?;
        add_page(&app, &mut tx, (&actor, &people), &note, &mut care, &words).await?;
        care::update(&mut tx, &care).await?;
        let outcome = draft(&app, &mut tx, &actor, note).await?;
        audit::record(&app, &mut tx, written(&actor, &outcome.note)).await?;
        tx.commit().await?;
        Ok(outcome)
    })?;
    Ok(Json(submitted::view(outcome, reader.0)))
}

/// A draft sealed anew.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedEdit {
    /// Envelope v1: the next of the doctor's chain for this patient, of the same note.
    #[schema(value_type = Object)]
    envelope: Envelope,
    /// What the server needs to schedule its steps.
    #[serde(default)]
    clear_steps: Vec<ClearStep>,
}

/// Edit a draft on the device
///
/// Its sealed form as it is to be.
#[utoipa::path(put, path = "/api/notes/{id}/envelope/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = SealedEdit, responses(
    (status = 200, body = Submitted), (status = 404, body = Problem),
    (status = 409, description = "`already_active`, `superseded`, `out_of_sequence` or `stale_keys`", body = Problem), (status = 422, body = Problem)))]
pub async fn edit_envelope(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    Id(id): Id<NoteId>,
    Json(body): Json<SealedEdit>,
) -> Result<Json<Submitted>, Problem> {
    let outcome = transact!({
        let mut tx = app.store.write().await?;
        let (mut note, mut care) = lock_own(&mut tx, &actor, id).await?;
        if !matches!(note.state, NoteState::Draft | NoteState::ExtractionFailed) {
            return Err(not_a_draft(&note));
        }
        let outline = sealed_note::check(&app, &mut tx, &care, &body.envelope, &body.clear_steps).await?;
        if sealed_note::id_of(&body.envelope) != note.id {
            return Err(Problem::invalid_field("/envelope/note_id", "must be that of this note"));
        }
        note.state = NoteState::Draft;
        note::update(&mut tx, &note).await?;
        add_envelope(&mut tx, &note, &mut care, &body.envelope, &outline).await?;
        care::update(&mut tx, &care).await?;
        let outcome = draft(&app, &mut tx, &actor, note).await?;
        audit::record(&app, &mut tx, written(&actor, &outcome.note)).await?;
        tx.commit().await?;
        Ok(outcome)
    })?;
    Ok(Json(submitted::view(outcome, reader.0)))
}

/// Put a draft into force
///
/// Its steps begin, or go on where they say so, and every other step of this doctor's plan for the
/// patient ends. Everything that was asked must have been answered.
#[utoipa::path(post, path = "/api/notes/{id}/activate/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 200, body = Submitted), (status = 404, body = Problem),
    (status = 409, description = "`open_questions`, `cannot_continue`, `already_active`, `no_steps` or `superseded`", body = Problem)))]
pub async fn activate(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    Id(id): Id<NoteId>,
) -> Result<Json<Submitted>, Problem> {
    let outcome = transact!({
        let mut tx = app.store.write().await?;
        let (mut note, mut care) = lock_own(&mut tx, &actor, id).await?;
        if note.state != NoteState::Draft {
            return Err(not_a_draft(&note));
        }
        // In a sealed session what is open is known to the doctor's own device alone.
        if !actor.is_sealed() {
            no_open_questions(&open(&app, &mut tx, &actor, &note).await?)?;
        }
        let outline = stored_outline(&app, &mut tx, &actor, &note).await?;
        let before = InForce::lock(&app, &mut tx, (note.patient_id, actor.id)).await?;
        // To put it into force is to submit it: of two notes in flight the later wins.
        note.ticket = care::take_ticket(&mut tx, &care).await?;
        care.last_ticket = note.ticket;
        let replaced = force::put(&app, &mut tx, &mut note, &mut care, &outline, &before).await?;
        note::update(&mut tx, &note).await?;
        care::update(&mut tx, &care).await?;
        let notes: Vec<_> =
            [Some(note.id), replaced.note].into_iter().flatten().map(|id| (id, actor.id)).collect();
        let words = Words::load_beside(&app, &mut tx, &actor, note.patient_id, &notes, before.sealed).await?;
        tx.commit().await?;
        Ok(Outcome { note, old: before.plan, new: replaced.new, outline, words, failure: None })
    })?;
    app.stir(outcome.note.patient_id);
    Ok(Json(submitted::view(outcome, reader.0)))
}

fn no_open_questions(words: &OpenNote) -> Result<(), Problem> {
    let questions = words.review.questions.iter().enumerate().filter(|(_, asked)| !asked.answered);
    let errors: Vec<_> = questions
        .map(|(place, asked)| {
            let detail = format!("answer it in the step {}, or say that it stands as it is", asked.step_id);
            FieldError::at(format!("/questions/{place}"), detail)
        })
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let open = Problem::conflict("open_questions", "the note leaves something open that only you can answer");
    Err(open.with_errors(errors))
}

/// Take a note back
///
/// For 60 seconds after it came into force, and while none of its steps has been answered: it is a
/// draft again, and what it replaced goes on as if nothing had been.
#[utoipa::path(post, path = "/api/notes/{id}/undo/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 200, body = Submitted), (status = 404, body = Problem),
    (status = 409, description = "`too_late` or `answered`", body = Problem)))]
pub async fn undo(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    Id(id): Id<NoteId>,
) -> Result<Json<Submitted>, Problem> {
    let outcome = transact!({
        let mut tx = app.store.write().await?;
        let (mut note, mut care) = lock_own(&mut tx, &actor, id).await?;
        force::take_back(&app, &mut tx, &mut note, &mut care).await?;
        care::update(&mut tx, &care).await?;
        let outcome = stored(&app, &mut tx, &actor, note).await?;
        tx.commit().await?;
        Ok(outcome)
    })?;
    app.stir(outcome.note.patient_id);
    Ok(Json(submitted::view(outcome, reader.0)))
}

/// Put a draft aside
///
/// It is listed no more and changes nothing.
#[utoipa::path(delete, path = "/api/notes/{id}/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404, body = Problem),
    (status = 409, description = "`already_active` or `superseded`", body = Problem)))]
pub async fn discard(
    State(app): State<App>,
    Doctor(actor): Doctor,
    Id(id): Id<NoteId>,
) -> Result<StatusCode, Problem> {
    transact!({
        let mut tx = app.store.write().await?;
        let (mut note, _) = lock_own(&mut tx, &actor, id).await?;
        if !matches!(note.state, NoteState::Draft | NoteState::ExtractionFailed) {
            return Err(not_a_draft(&note));
        }
        note.state = NoteState::Discarded;
        note::update(&mut tx, &note).await?;
        tx.commit().await?;
        Ok(())
    })?;
    Ok(StatusCode::NO_CONTENT)
}
