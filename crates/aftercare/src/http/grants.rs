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
    keyring::{History, People, raw},
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

/// To whom; or the note's content key sealed to their key, signed by a reader of the note. Bytes are
/// base64url without padding.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// Whom it is opened to: the server seals and signs for the session that was opened with a password.
    #[schema(value_type = Option<Uuid>)]
    to: Option<UserId>,
    /// Or `{id, kid, enc, ct}`, as in an envelope: with the two fields below.
    #[schema(value_type = Option<Object>)]
    stanza: Option<Stanza>,
    /// The key it is signed with, 32 bytes.
    #[schema(value_type = Option<String>)]
    by_kid: Option<Bytes<32>>,
    /// Over `PAE("aftercare/v1/grant", transcript, stanza)`, 64 bytes.
    #[schema(value_type = Option<String>)]
    sig: Option<Bytes<64>>,
}

/// Open a note to one more key
///
/// To a new key of the patient or the author; or, by the patient or the author, to a doctor the
/// patient has chosen who takes over.
#[utoipa::path(post, path = "/api/notes/{id}/grants/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = NewGrant, responses(
    (status = 204), (status = 404, body = Problem),
    (status = 409, description = "`stale_keys` or `not_open`", body = Problem), (status = 422, body = Problem)))]
pub async fn grant_note(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id<NoteId>,
    Json(body): Json<NewGrant>,
) -> Result<StatusCode, Problem> {
    transact!({
        let mut tx = app.store.write().await?;
        let note = find(&mut tx, &actor, id).await?;
        let given = given(&app, &mut tx, &actor, &note, body.clone()).await?;
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

/// The grant: as it was made there, or made here.
async fn given(app: &App, tx: &mut Tx, actor: &Actor, note: &Note, body: NewGrant) -> Result<Grant, Problem> {
    let to = match body {
        NewGrant { to: None, stanza: Some(stanza), by_kid: Some(by_kid), sig: Some(sig) } => {
            let note_id = Bytes(*note.id.as_bytes());
            return Ok(Grant { note_id, stanza, by: raw(actor.id), by_kid, sig });
        }
        NewGrant { to: Some(to), stanza: None, by_kid: None, sig: None } => to,
        _ => {
            let detail = "give the person alone, or stanza, by_kid and sig as the device made them";
            return Err(Problem::invalid_field("/to", detail));
        }
    };
    let keys = actor.keys(app, tx).await?;
    must_deal(tx, note, to, "/to").await?;
    let people = People::load(tx, &[actor.id, note.doctor_id, to]).await?;
    let sealed = sealed_note(tx, actor, note.patient_id, note.id).await?;
    let (envelope, key) = sealed.unlock(&keys, &people).map_err(|_| {
        Problem::conflict("not_open", "this note is not open to your own key; ask another of its readers")
    })?;
    let by = (&keys, people.of(actor.id)?);
    Ok(Grant::new(&envelope, &key, people.of(to)?, by, &mut app.random.rng())?)
}

/// A note is opened to its two, and to a successor: whom the patient has chosen, and nobody else.
async fn must_deal(tx: &mut Tx, note: &Note, to: UserId, pointer: &str) -> Result<(), Problem> {
    if [note.patient_id, note.doctor_id].contains(&to) {
        return Ok(());
    }
    let care = care::get(tx, note.patient_id, to).await?;
    if care.is_some_and(|care| care.is_current()) {
        return Ok(());
    }
    Err(Problem::invalid_field(
        pointer,
        "must be the patient, the author, or a doctor the patient has chosen",
    ))
}

async fn check(tx: &mut Tx, actor: &Actor, note: &Note, given: &Grant) -> Result<(), Problem> {
    let recipient = UserId(Uuid::from_bytes(given.stanza.id.0));
    must_deal(tx, note, recipient, "/stanza/id").await?;
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
