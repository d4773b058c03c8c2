//! `POST /api/submit-notes/`: a note is read, sealed, and becomes the plan.

use super::{
    actor::{Actor, Doctor, Reader},
    json::{Id, Json},
    notes::open,
    problem::{FieldError, Problem},
    review::stored,
    scope::{given, scope},
    sealed_note::{self, ClearStep},
    submission::{Arrived, Outcome, already_extracted, can_be_read_again, read_and_store},
    submitted::{self, Submitted},
};
use crate::app::App;
use aftercare_core::{
    access::Act,
    id::{NoteId, UserId},
    people::check_note,
};
use aftercare_seal::envelope::Envelope;
use aftercare_store::{
    Tx,
    account::{self, NoteMode},
    care, envelope,
    note::{self, Note, NoteState},
};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A note for a patient.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// One of the doctor's patients.
    #[schema(value_type = Option<Uuid>)]
    patient_id: Option<UserId>,
    /// The doctor's words, at most 65,536 bytes. The server reads and seals them.
    #[schema(example = "Buy Drug A. Take Drug A daily for 7 days.")]
    note: Option<String>,
    /// Instead of both, the note as the doctor's own device has read and sealed it: envelope v1, the
    /// next of the doctor's chain for the patient.
    #[schema(value_type = Option<Object>)]
    envelope: Option<Envelope>,
    /// With an envelope: what the server needs to schedule its steps.
    #[serde(default)]
    clear_steps: Vec<ClearStep>,
    /// `activate`: the steps come into force at once and replace this doctor's plan for the patient.
    /// `review`: they wait as a draft. Absent: as this doctor, else the deployment, has it.
    mode: Option<Mode>,
}

/// What becomes of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They come into force at once.
    Activate,
    /// They wait for the doctor.
    Review,
}

impl From<Mode> for NoteMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Activate => Self::Activate,
            Mode::Review => Self::Review,
        }
    }
}

impl From<NoteMode> for Mode {
    fn from(mode: NoteMode) -> Self {
        match mode {
            NoteMode::Activate => Self::Activate,
            NoteMode::Review => Self::Review,
        }
    }
}

/// How a note is taken: as it says, as its doctor has it, as the deployment has it.
fn mode(app: &App, said: Option<Mode>, own: Option<NoteMode>) -> NoteMode {
    said.map(NoteMode::from).or(own).unwrap_or_else(|| app.config.note_mode())
}

/// The same where it is not known yet how the doctor has it.
async fn mode_of(app: &App, tx: &mut Tx, doctor: UserId, said: Option<Mode>) -> Result<NoteMode, Problem> {
    Ok(mode(app, said, account::note_mode(tx, doctor).await?.answer(tx).await?))
}

/// Submit a note
///
/// The note is read for a checklist and a plan, each step with the words that say so; note and
/// steps are sealed for this patient and this doctor, and replace what this doctor had scheduled
/// before. If it cannot be read, it is kept and the running plan goes on untouched.
#[utoipa::path(post, path = "/api/submit-notes/", tag = "Notes and steps", security(("bearer" = [])), request_body = Submit, responses(
    (status = 201, body = Submitted), (status = 403, description = "`sealed_session`", body = Problem),
    (status = 404, description = "Not a patient of this doctor", body = Problem),
    (status = 409, description = "`selection_stale`; with an envelope also `out_of_sequence`, `stale_keys` or `note_exists`", body = Problem),
    (status = 422, body = Problem)))]
pub async fn submit_note(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    retry: Option<axum::Extension<super::idempotency::Retry>>,
    Json(body): Json<Submit>,
) -> Result<(StatusCode, Json<Submitted>), Problem> {
    let (patient, text) = match (body.patient_id, body.note, body.envelope) {
        (Some(patient), Some(note), None) => (patient, note),
        (None, None, Some(envelope)) => {
            let mode = mode_of(&app, &mut app.store.peek().await?, actor.id, body.mode).await?;
            let done = sealed_note::submit(&app, &actor, &envelope, &body.clear_steps, mode).await?;
            return Ok((StatusCode::CREATED, Json(submitted::view(done, reader.0))));
        }
        _ => return Err(which_note()),
    };
    if actor.is_sealed() {
        return Err(Problem::sealed_session("read and seal the note there and send its envelope"));
    }
    check_note(&text).map_err(|error| Problem::invalid_field("/note", error))?;
    let now = app.now();
    let again = retry.map(|retry| retry.id());
    let id: NoteId = again.unwrap_or_else(|| app.random.id(now));

    // A ticket that is lost is lost with its note: of that nobody was told anything.
    let mut tx = app.store.write_unsynced().await?;
    let care = care::lock(&mut tx, patient, actor.id).await?;
    let own_mode = account::note_mode(&mut tx, actor.id).await?;
    let care = care.answer(&mut tx).await?.ok_or_else(Problem::not_found)?;
    given(&actor, patient, Some(&care), Act::WriteNote)?;
    // A retry whose first attempt was stored, but never answered.
    let first = if again.is_some() { note::get(&mut tx, patient, id).await? } else { None };
    if let Some(note) = first {
        let stored = stored(&app, &mut tx, &actor, note).await?;
        return Ok((StatusCode::CREATED, Json(submitted::view(stored, reader.0))));
    }
    let mode = mode(&app, body.mode, own_mode.answer(&mut tx).await?);
    let ticket = care::take_ticket(&mut tx, &care).await?;
    tx.commit().await?;

    let arrived = Arrived { id, patient, ticket, text, created_at: now, envelope: None, mode };
    let done = to_its_end(app, actor, arrived, None).await?;
    Ok((StatusCode::CREATED, Json(submitted::view(done, reader.0))))
}

fn which_note() -> Problem {
    let detail = "give patient_id and note, or an envelope alone";
    let missing = ["/patient_id", "/note"].map(|pointer| FieldError::at(pointer, detail));
    Problem::invalid(missing.into())
}

/// Reads and stores a note. Where the doctor's connection breaks while a model thinks, the model is
/// left alone and the note is kept unread: one that has arrived is never lost.
async fn to_its_end(
    app: App,
    actor: Actor,
    arrived: Arrived,
    again: Option<Note>,
) -> Result<Outcome, Problem> {
    // Dropped with the request: a model is not waited for when nobody waits for us.
    let (here, gone) = tokio::sync::oneshot::channel::<()>();
    let work = tokio::spawn(async move {
        let gone = async {
            let _ = gone.await;
        };
        read_and_store(&app, &actor, arrived, again, gone).await
    });
    // What a panic says may be words of the note.
    let done = work.await.map_err(|_| Problem::internal("the reading of a note broke off"))?;
    drop(here);
    done
}

/// Have a note read again
///
/// After a failure, or to begin a draft anew. Counts as submitted when it first was: a newer note
/// stays in force.
#[utoipa::path(post, path = "/api/notes/{id}/extract/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 200, body = Submitted), (status = 404, body = Problem),
    (status = 409, description = "`already_extracted`; `changed_meanwhile`: edited while it was read, the edit stands; `extraction_failed`: the draft stands as it was", body = Problem)))]
pub async fn extract_again(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    Id(id): Id<NoteId>,
) -> Result<Json<Submitted>, Problem> {
    let mut tx = app.store.read().await?;
    let note = note::by_doctor(&mut tx, actor.id, id).await?.ok_or_else(Problem::not_found)?;
    scope(&mut tx, &actor, Some(note.patient_id), Act::WriteNote).await?;
    if !can_be_read_again(note.state) {
        return Err(already_extracted());
    }
    // What waits for its doctor goes on waiting.
    let mode = match note.state {
        NoteState::Draft => NoteMode::Review,
        _ => mode_of(&app, &mut tx, actor.id, None).await?,
    };
    let text = open(&app, &mut tx, &actor, &note).await?.text;
    let envelope = envelope::newest(&mut tx, note.patient_id, id).await?;
    drop(tx);
    let arrived = Arrived {
        id,
        patient: note.patient_id,
        ticket: note.ticket,
        text,
        created_at: note.created_at,
        envelope,
        mode,
    };
    let done = to_its_end(app, actor, arrived, Some(note)).await?;
    Ok(Json(submitted::view(done, reader.0)))
}
