//! `POST /api/notes/{id}/receipt/`: a patient's device has a note; its patient has read it.

use super::{
    actor::Patient,
    json::{Id, Json},
    notes::NoteView,
    problem::{Problem, transact},
};
use crate::app::App;
use aftercare_core::id::NoteId;
use aftercare_store::{
    care,
    note::{self, NoteState},
    outbox, person_lock,
};
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

/// How far a note came.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// A device of the patient has opened it.
    Received,
    /// The patient says that they have read it.
    Read,
}

/// What to tell the doctor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// How far it came.
    status: Came,
}

/// Say that a note has arrived, or was read
///
/// Its doctor sees when. Said again it changes nothing: the first time stands.
#[utoipa::path(post, path = "/api/notes/{id}/receipt/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = Receipt, responses(
    (status = 200, body = NoteView), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn receipt(
    State(app): State<App>,
    Patient(actor): Patient,
    Id(id): Id<NoteId>,
    Json(body): Json<Receipt>,
) -> Result<Json<NoteView>, Problem> {
    let note = transact!({
        let mut tx = app.store.write().await?;
        person_lock::lock_ahead(&mut tx, actor.id).await?;
        let hidden = |note: &note::Note| matches!(note.state, NoteState::Draft | NoteState::Discarded);
        let there = note::get(&mut tx, actor.id, id).await?.filter(|note| !hidden(note));
        let mut note = there.ok_or_else(Problem::not_found)?;
        let (now, read) = (app.now(), body.status == Came::Read);
        if note.received_at.is_some() && (note.read_at.is_some() || !read) {
            return Ok(note);
        }
        note::received(&mut tx, actor.id, id, now, read).await?;
        if read && note.state == NoteState::Live {
            care::note_read(&mut tx, actor.id, note.doctor_id, now).await?;
        }
        outbox::tell_doctors(&mut tx, actor.id).await?;
        tx.commit().await?;
        note.received_at = note.received_at.or(Some(now));
        note.read_at = note.read_at.or(read.then_some(now));
        Ok(note)
    })?;
    app.stir(actor.id);
    Ok(Json(NoteView::of(&note, None)))
}
