//! Notes, opened for the two who may read them; and their sealed forms, exactly as signed.

use super::{
    actor::Actor,
    doctors::page_size,
    json::{Id, Json, Params},
    problem::Problem,
    scope::{Scope, scope},
};
use crate::{
    app::App,
    notebook::{self, OpenNote, People},
};
use aftercare_core::{
    access::Act,
    id::{NoteId, UserId},
    instant::Instant,
    people::Role,
};
use aftercare_store::{
    Tx,
    note::{self, Note, NoteState},
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, hash_map::Entry};
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
    /// The doctor's words.
    text: String,
    /// `active`, `superseded`, `extraction_failed`; for its doctor also `draft`.
    status: &'static str,
    /// The note that took its place.
    #[schema(value_type = Option<Uuid>)]
    superseded_by: Option<NoteId>,
}

impl NoteView {
    /// A note with its words.
    pub fn of(note: &Note, text: String) -> Self {
        Self {
            id: note.id,
            patient_id: note.patient_id,
            doctor_id: note.doctor_id,
            created_at: note.created_at,
            text,
            status: Self::status(note.state),
            superseded_by: note.superseded_by,
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

/// Opens one note for somebody who may read it.
pub(crate) async fn open(app: &App, tx: &mut Tx, actor: &Actor, note: &Note) -> Result<OpenNote, Problem> {
    let mut open = open_all(app, tx, actor, note.patient_id, &[(note.id, note.doctor_id)]).await?;
    open.remove(&note.id).ok_or_else(Problem::not_found)
}

/// Opens a patient's notes, given with their authors, for somebody who may read them.
pub(crate) async fn open_all(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    patient: UserId,
    notes: &[(NoteId, UserId)],
) -> Result<HashMap<NoteId, OpenNote>, Problem> {
    let mut people = People::default();
    people.add(tx, actor.id).await?;
    let mut sealed: HashMap<NoteId, Vec<u8>> = HashMap::new();
    for &(id, author) in notes {
        if let Entry::Vacant(entry) = sealed.entry(id) {
            people.add(tx, author).await?;
            let body = note::envelope(tx, patient, id).await?;
            entry.insert(body.ok_or_else(|| Problem::internal(format!("note {id} without its envelope")))?);
        }
    }
    if sealed.is_empty() {
        return Ok(HashMap::new());
    }
    let keys = actor.keys(app)?;
    sealed.into_iter().map(|(id, body)| Ok((id, notebook::read(&body, &keys, &people)?))).collect()
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
}

/// List notes
///
/// A patient's own; for a doctor those they wrote for the patient.
#[utoipa::path(get, path = "/api/notes/", tag = "Notes and steps", security(("bearer" = [])), params(Which), responses(
    (status = 200, body = NoteList), (status = 404, body = Problem)))]
pub async fn list_notes(
    State(app): State<App>,
    actor: Actor,
    Params(which): Params<Which>,
) -> Result<Json<NoteList>, Problem> {
    let limit = page_size(which.limit)?;
    let mut tx = app.store.read().await?;
    let Scope { patient, doctor } = scope(&mut tx, &actor, which.patient_id, Act::ReadNotes).await?;
    let notes = note::list(&mut tx, patient, doctor, which.cursor, limit).await?;
    let ids: Vec<_> = notes.iter().map(|note| (note.id, note.doctor_id)).collect();
    let mut open = open_all(&app, &mut tx, &actor, patient, &ids).await?;
    let full = i64::try_from(notes.len()).is_ok_and(|found| found == limit);
    let next_cursor = notes.last().filter(|_| full).map(|last| last.id.to_string());
    let mut text = |note: &Note| open.remove(&note.id).map(|open| open.text).unwrap_or_default();
    let items = notes.iter().map(|note| NoteView::of(note, text(note))).collect();
    Ok(Json(NoteList { items, next_cursor }))
}

/// A note its reader may see.
async fn find(tx: &mut Tx, actor: &Actor, id: NoteId) -> Result<Note, Problem> {
    let note = match actor.role {
        Role::Patient => note::get(tx, actor.id, id).await?,
        Role::Doctor => note::by_doctor(tx, actor.id, id).await?,
    };
    // A draft is its doctor's alone.
    let hidden = |note: &Note| match note.state {
        NoteState::Draft => actor.role == Role::Patient,
        state => state == NoteState::Discarded,
    };
    let note = note.filter(|note| !hidden(note)).ok_or_else(Problem::not_found)?;
    scope(tx, actor, Some(note.patient_id), Act::ReadNotes).await?;
    Ok(note)
}

/// Read a note
#[utoipa::path(get, path = "/api/notes/{id}/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 200, body = NoteView), (status = 404, body = Problem)))]
pub async fn read_note(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id<NoteId>,
) -> Result<Json<NoteView>, Problem> {
    let mut tx = app.store.read().await?;
    let note = find(&mut tx, &actor, id).await?;
    let text = open(&app, &mut tx, &actor, &note).await?.text;
    Ok(Json(NoteView::of(&note, text)))
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
    let body = note::envelope(&mut tx, note.patient_id, id).await?.ok_or_else(Problem::not_found)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
