//! Notes, opened for the two who may read them; and their sealed forms, exactly as signed.

use super::{
    actor::Actor,
    json::{Id, Json, Params},
    page::page_size,
    problem::Problem,
    scope::{Scope, scope},
    words::{Sealed, Words},
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    notebook::OpenNote,
};
use aftercare_core::{
    access::Act,
    id::{NoteId, UserId},
    instant::{Instant, Span},
    people::Role,
};
use aftercare_store::{
    Tx, audit as audit_rows, envelope,
    note::{self, Note, NoteState},
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A note.
#[derive(Serialize, ToSchema)]
pub struct NoteView {
    /// `UUIDv7`.
    #[schema(value_type = Uuid)]
    id: NoteId,
    /// About whom.
    #[schema(value_type = Uuid)]
    patient_id: UserId,
    /// By whom.
    #[schema(value_type = Uuid)]
    doctor_id: UserId,
    /// When it was submitted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// The doctor's words. In a sealed session they are within the envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// `active`, `superseded`, `extraction_failed`; for its doctor also `draft`.
    status: &'static str,
    /// The note that took its place.
    #[schema(value_type = Option<Uuid>)]
    superseded_by: Option<NoteId>,
    /// When a device of the patient had it; null: not yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    received_at: Option<Instant>,
    /// When the patient said that they had read it.
    #[schema(value_type = Option<String>, format = DateTime)]
    read_at: Option<Instant>,
}

impl NoteView {
    /// A note with its words.
    pub fn of(note: &Note, text: Option<String>) -> Self {
        Self {
            id: note.id,
            patient_id: note.patient_id,
            doctor_id: note.doctor_id,
            created_at: note.created_at,
            text,
            status: Self::status(note.state),
            superseded_by: note.superseded_by,
            received_at: note.received_at,
            read_at: note.read_at,
        }
    }
}

impl NoteView {
    /// How a note stands, in a word.
    pub fn status(state: NoteState) -> &'static str {
        match state {
            NoteState::Live => "active",
            NoteState::Superseded => "superseded",
            NoteState::ExtractionFailed => "extraction_failed",
            NoteState::Draft => "draft",
            NoteState::Discarded => "discarded",
        }
    }
}

/// One note for somebody who may read it, opened: not in a sealed session.
pub(super) async fn open(app: &App, tx: &mut Tx, actor: &Actor, note: &Note) -> Result<OpenNote, Problem> {
    if actor.is_sealed() {
        return Err(Problem::sealed_session("read the note there"));
    }
    let words = Words::load(app, tx, actor, note.patient_id, &[(note.id, note.doctor_id)]).await?;
    words.note(note.id).cloned().ok_or_else(|| Problem::internal(format!("note {} does not open", note.id)))
}

/// Which notes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// For doctors: of which patient.
    #[param(value_type = Option<Uuid>)]
    patient_id: Option<UserId>,
    /// At most so many, 1 to 200 (50).
    limit: Option<i64>,
    /// From the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<NoteId>,
}

/// A page of notes.
#[derive(Serialize, ToSchema)]
pub struct NoteList {
    /// Newest first.
    items: Vec<NoteView>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    /// In a sealed session: the notes, to be opened on the device.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    envelopes: Vec<Sealed>,
}

/// List notes
///
/// A patient's own; for a doctor those they wrote for the patient, and those opened to them since.
#[utoipa::path(get, path = "/api/notes/", tag = "Notes and steps", security(("bearer" = [])), params(Which), responses(
    (status = 200, body = NoteList), (status = 404, body = Problem)))]
pub async fn list_notes(
    State(app): State<App>,
    actor: Actor,
    Params(which): Params<Which>,
) -> Result<Json<NoteList>, Problem> {
    let limit = page_size(which.limit)?;
    let mut tx = app.store.peek().await?;
    let Scope { patient, doctor } = scope(&mut tx, &actor, which.patient_id, Act::ReadNotes).await?;
    // What was granted is for those who care for the patient now.
    let granted = scope(&mut tx, &actor, Some(patient), Act::ReadPlan).await.is_ok();
    let notes = note::list(&mut tx, patient, doctor, granted, which.cursor, limit).await?;
    let ids: Vec<_> = notes.iter().map(|note| (note.id, note.doctor_id)).collect();
    let words = Words::texts(&app, &mut tx, &actor, patient, &ids).await?;
    drop(tx);
    on_record(&app, &actor, patient, Action::NotesRead).await?;
    let full = i64::try_from(notes.len()).is_ok_and(|found| found == limit);
    let next_cursor = notes.last().filter(|_| full).map(|last| last.id.to_string());
    let text = |note: &Note| words.note(note.id).cloned();
    let items = notes.iter().map(|note| NoteView::of(note, text(note))).collect();
    Ok(Json(NoteList { items, next_cursor, envelopes: words.into_sealed() }))
}

/// A note its reader may see.
pub(super) async fn find(tx: &mut Tx, actor: &Actor, id: NoteId) -> Result<Note, Problem> {
    let (note, act) = match actor.role {
        Role::Patient => (note::get(tx, actor.id, id).await?, Act::ReadNotes),
        Role::Doctor => match note::by_doctor(tx, actor.id, id).await? {
            Some(note) => (Some(note), Act::ReadNotes),
            // What was granted is for those who care for the patient now.
            None => (note::by_grantee(tx, actor.id, id).await?, Act::ReadPlan),
        },
    };
    // A draft is its doctor's alone.
    let hidden = |note: &Note| match note.state {
        NoteState::Draft => actor.role == Role::Patient,
        state => state == NoteState::Discarded,
    };
    let note = note.filter(|note| !hidden(note)).ok_or_else(Problem::not_found)?;
    scope(tx, actor, Some(note.patient_id), act).await?;
    Ok(note)
}

/// A note, open or sealed.
#[derive(Serialize, ToSchema)]
pub struct OneNote {
    /// The note.
    #[serde(flatten)]
    note: NoteView,
    /// In a sealed session: its words, to be opened on the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

/// Puts on record that a doctor opens what is a patient's: once in a while, not for each look.
pub(super) async fn on_record(
    app: &App,
    actor: &Actor,
    patient: UserId,
    action: Action,
) -> Result<(), Problem> {
    opened(app, actor, patient, action, None).await
}

/// The same of one note.
async fn opened(
    app: &App,
    actor: &Actor,
    patient: UserId,
    action: Action,
    note: Option<NoteId>,
) -> Result<(), Problem> {
    const WHILE: Span = Span::from_minutes(15);
    if actor.id == patient {
        return Ok(());
    }
    let object = note.map(|note| note.0);
    let event = Event { object, ..Event::by(actor.id, patient, action) };
    let mut tx = app.store.read().await?;
    let newest = audit_rows::newest(&mut tx, patient, None, 32).await?;
    drop(tx);
    let same = |row: &audit_rows::Row| {
        (row.actor_id, row.action, row.object_id) == (event.actor, action as i16, object)
    };
    if newest.iter().any(|row| same(row) && app.now() - row.at < WHILE) {
        return Ok(());
    }
    let mut tx = app.store.write().await?;
    audit::record(app, &mut tx, event).await?;
    Ok(tx.commit().await?)
}

/// Read a note
#[utoipa::path(get, path = "/api/notes/{id}/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 200, body = OneNote), (status = 404, body = Problem)))]
pub async fn read_note(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id<NoteId>,
) -> Result<Json<OneNote>, Problem> {
    let mut tx = app.store.read().await?;
    let note = find(&mut tx, &actor, id).await?;
    let words = Words::texts(&app, &mut tx, &actor, note.patient_id, &[(note.id, note.doctor_id)]).await?;
    drop(tx);
    opened(&app, &actor, note.patient_id, Action::NotesRead, Some(id)).await?;
    let text = words.note(id).cloned();
    Ok(Json(OneNote { note: NoteView::of(&note, text), sealed: words.into_sealed().pop() }))
}

/// Fetch the sealed form of a note
///
/// Envelope v1, exactly as signed. It opens with the reader's own key and nothing else.
#[utoipa::path(get, path = "/api/notes/{id}/envelope/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 200, description = "Envelope v1", body = Object), (status = 404, body = Problem)))]
pub async fn read_envelope(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id<NoteId>,
) -> Result<Response, Problem> {
    let mut tx = app.store.read().await?;
    let note = find(&mut tx, &actor, id).await?;
    let body = envelope::newest(&mut tx, note.patient_id, id).await?.ok_or_else(Problem::not_found)?;
    drop(tx);
    opened(&app, &actor, note.patient_id, Action::NotesRead, Some(id)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
