//! `POST /api/notes/{id}/grants/`: a note opened to one more key by one of its readers.

use super::{
    actor::Actor,
    json::{Id, Json},
    notes::find,
    problem::{Problem, transact},
    words::sealed_note,
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    keyring::{History, raw},
};
use aftercare_core::id::{NoteId, UserId};
use aftercare_seal::{Bytes, envelope::Envelope, envelope::Stanza, grant::Grant};
use aftercare_store::{
    Tx, care,
    grant::{self, GrantRow},
    note::Note,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A note's content key sealed to one more key, signed by a reader of the note. Bytes are base64url
/// without padding.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// `{id, kid, enc, ct}`: as in an envelope.
    #[schema(value_type = Object)]
    stanza: Stanza,
    /// The key it is signed with, 32 bytes.
    #[schema(value_type = String)]
    by_kid: Bytes<32>,
    /// Over `PAE("aftercare/v1/grant", transcript, stanza)`, 64 bytes.
    #[schema(value_type = String)]
    sig: Bytes<64>,
}

/// Open a note to one more key
///
/// To a new key of the patient or the author; or, by the patient or the author, to a doctor the
/// patient has chosen who takes over.
#[utoipa::path(post, path = "/api/notes/{id}/grants/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = NewGrant, responses(
    (status = 204), (status = 404, body = Problem),
    (status = 409, description = "`stale_keys`", body = Problem), (status = 422, body = Problem)))]
pub async fn grant_note(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id<NoteId>,
    Json(body): Json<NewGrant>,
) -> Result<StatusCode, Problem> {
    let given = Grant {
        note_id: Bytes(*id.as_bytes()),
        stanza: body.stanza,
        by: raw(actor.id),
        by_kid: body.by_kid,
        sig: body.sig,
    };
    transact!({
        let mut tx = app.store.write().await?;
        let note = find(&mut tx, &actor, id).await?;
        check(&mut tx, &actor, &note, &given).await?;
        let recipient = UserId(Uuid::from_bytes(given.stanza.id.0));
        let row = GrantRow {
            note_id: id,
            patient_id: note.patient_id,
            recipient_id: recipient,
            recipient_kid: given.stanza.kid.0.to_vec(),
            by_id: actor.id,
            body: serde_json::to_vec(&given).map_err(Problem::internal)?,
            created_at: app.now(),
        };
        grant::put(&mut tx, &row).await?;
        let event = Event::by(actor.id, note.patient_id, Action::Granted).on(id.0);
        let event = event.with(serde_json::json!({ "to": recipient }));
        audit::record(&app, &mut tx, event).await?;
        tx.commit().await?;
        Ok(())
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn check(tx: &mut Tx, actor: &Actor, note: &Note, given: &Grant) -> Result<(), Problem> {
    let recipient = UserId(Uuid::from_bytes(given.stanza.id.0));
    let reads_it_anyway = [note.patient_id, note.doctor_id].contains(&recipient);
    if !reads_it_anyway {
        // A successor: whom the patient has chosen, and nobody else.
        let care = care::get(tx, note.patient_id, recipient).await?;
        if !care.is_some_and(|care| care.is_current()) {
            return Err(Problem::invalid_field(
                "/stanza/id",
                "must be the patient, the author, or a doctor the patient has chosen",
            ));
        }
    }
    let keys = History::load(tx, recipient).await?;
    if keys.current().kid() != given.stanza.kid {
        return Err(Problem::conflict(
            "stale_keys",
            "seal it to the key in use; fetch it at /api/keys/{user_id}/",
        ));
    }
    let own = History::load(tx, actor.id).await?;
    let by = own.by_kid(&given.by_kid);
    let by =
        by.ok_or_else(|| Problem::invalid_field("/by_kid", "must be a key of the one who is signed in"))?;
    let sealed = sealed_note(tx, actor, note.patient_id, note.id).await?;
    let envelope: Envelope = serde_json::from_slice(&sealed.body).map_err(Problem::internal)?;
    given.verify(&envelope, by).map_err(|_| {
        Problem::invalid_field("/sig", "is not by_kid's, over the note's transcript and this stanza")
    })
}
