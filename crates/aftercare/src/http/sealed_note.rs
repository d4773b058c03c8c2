//! A note that its doctor's own device has sealed: everything is checked that can be without a key.

use super::{
    actor::Actor,
    doctors::must_hold,
    force::{self, InForce, Replaced},
    problem::{FieldError, Problem, transact},
    scope::scope,
    submission::{Outcome, add_envelope, current_care, written},
    words::Words,
};
use crate::{
    app::App,
    audit,
    keyring::{People, raw},
    outline::Outline,
};
use aftercare_core::{
    access::Act,
    course::Policy,
    id::{NoteId, StepId, UserId},
    instant::Span,
    step::Kind,
    timing::Timing,
};
use aftercare_seal::{
    SealError,
    bundle::Bundle,
    envelope::{Envelope, Item, ItemType},
};
use aftercare_store::{
    Tx,
    account::NoteMode,
    care::{self, Care},
    envelope,
    note::{self, Note, NoteState},
};
use serde::Deserialize;
use std::collections::HashSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// What the server needs to schedule a step and cannot read: the same as sealed with it, where it is
/// not as usual.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearStep {
    /// A step of the envelope.
    #[schema(value_type = Uuid)]
    id: StepId,
    /// What a missed occurrence does, where the doctor has said so: `extend` or `skip`.
    #[schema(value_type = Option<String>, example = "extend")]
    policy: Option<Policy>,
    /// Goes on with the count and log of the step of the same id in the plan in force.
    #[serde(default)]
    continues: bool,
    /// Begins when the step before it ends.
    #[serde(default)]
    follows: bool,
    /// For a checklist step: `start`, when it is due.
    #[schema(value_type = Option<Object>)]
    timing: Option<Timing>,
}

/// The clocks of devices may be ahead by so much.
const AHEAD: Span = Span::from_minutes(5);

/// The note of an envelope.
pub(super) fn id_of(envelope: &Envelope) -> NoteId {
    NoteId(Uuid::from_bytes(envelope.note_id.0))
}

/// Stores a sealed note, and puts it into force or keeps it as a draft, in one transaction.
pub(super) async fn submit(
    app: &App,
    actor: &Actor,
    envelope: &Envelope,
    clear: &[ClearStep],
    mode: NoteMode,
) -> Result<Outcome, Problem> {
    if envelope.author_id != raw(actor.id) {
        return Err(Problem::invalid_field("/envelope/author_id", "must be the one who is signed in"));
    }
    let patient = UserId(Uuid::from_bytes(envelope.patient_id.0));
    let id = id_of(envelope);
    let body = serde_json::to_vec(envelope).map_err(Problem::internal)?;
    let done = transact!({
        let mut tx = app.store.write().await?;
        scope(&mut tx, actor, Some(patient), Act::WriteNote).await?;
        let mut care = current_care(&mut tx, patient, actor.id).await?;
        if note::get(&mut tx, patient, id).await?.is_some() {
            // A retry whose first attempt was stored, but never answered.
            return again(app, &mut tx, actor, (patient, id), &body).await;
        }
        let outline = check(app, &mut tx, &care, envelope, clear).await?;
        let before = InForce::lock(app, &mut tx, (patient, actor.id)).await?;
        let ticket = care::take_ticket(&mut tx, &care).await?;
        care.last_ticket = ticket;
        let mut note = Note {
            id,
            patient_id: patient,
            doctor_id: actor.id,
            state: NoteState::Draft,
            ticket,
            created_at: before.now,
            provider: "device".to_owned(),
            model: String::new(),
            fallback: false,
            superseded_at: None,
            superseded_by: None,
            activated_at: None,
            received_at: None,
            read_at: None,
        };
        let (new, replaced) = match mode {
            NoteMode::Activate => {
                let Replaced { new, note: replaced } =
                    force::put(app, &mut tx, &mut note, &mut care, &outline, &before).await?;
                (new, replaced)
            }
            NoteMode::Review => {
                let new = force::begun(&note, &outline, &before.plan.habits, before.now)?;
                (new, before.live.as_ref().map(|live| live.id))
            }
        };
        note::insert(&mut tx, &note).await?;
        add_envelope(&mut tx, &note, &mut care, envelope, &outline).await?;
        care.last_note_at = care.last_note_at.max(Some(note.created_at));
        care::update(&mut tx, &care).await?;
        let notes: Vec<_> = replaced.into_iter().chain([id]).map(|id| (id, actor.id)).collect();
        let words = Words::load_beside(app, &mut tx, actor, patient, &notes, before.sealed).await?;
        audit::record(app, &mut tx, written(actor, &note)).await?;
        tx.commit().await?;
        Ok(Outcome { note, old: before.plan, new, outline, words, failure: None })
    })?;
    app.stir(patient);
    Ok(done)
}

async fn again(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (patient, id): (UserId, NoteId),
    body: &[u8],
) -> Result<Outcome, Problem> {
    let note = note::by_doctor(tx, actor.id, id).await?;
    let same = envelope::newest(tx, patient, id).await?.is_some_and(|stored| stored == body);
    match note.filter(|_| same) {
        Some(note) => super::review::stored(app, tx, actor, note).await,
        None => Err(Problem::conflict(
            "note_exists",
            "there is a note of this id already; make a new id, or edit the draft at /api/notes/{id}/envelope/",
        )),
    }
}

/// Everything about an envelope that can be checked without a key: form, sizes, author, signature,
/// place in the chain, recipients and their keys, the patient's statement, schedules. What is left is
/// what its readers check.
pub(super) async fn check(
    app: &App,
    tx: &mut Tx,
    care: &Care,
    envelope: &Envelope,
    clear: &[ClearStep],
) -> Result<Vec<Outline>, Problem> {
    let people = People::load(tx, &[care.patient_id, care.doctor_id]).await?;
    let (patient, doctor) = (people.of(care.patient_id)?, people.of(care.doctor_id)?);
    if envelope.author_kid != doctor.kid() {
        return Err(stale("your own keys were changed; fetch them at /api/keys/{user_id}/ and seal again"));
    }
    envelope.verify(doctor).map_err(|error| match error {
        SealError::Signature => {
            Problem::invalid_field("/envelope/sig", "is not the author's, over this envelope")
        }
        error => Problem::invalid_field("/envelope", error),
    })?;
    if envelope.patient_id != raw(care.patient_id) || envelope.author_id != raw(care.doctor_id) {
        return Err(Problem::invalid_field("/envelope/patient_id", "must be that of the note"));
    }
    if envelope.created_at > u64::try_from((app.now() + AHEAD).as_secs()).unwrap_or(0) {
        return Err(Problem::invalid_field("/envelope/created_at", "must not be in the future"));
    }
    let seq = u64::try_from(care.last_seq + 1).map_err(Problem::internal)?;
    if (envelope.seq, envelope.prev.0.as_slice()) != (seq, care.last_transcript.as_slice()) {
        let detail = format!(
            "the next of this chain has seq {seq}; fetch its end at /api/keys/{{user_id}}/ and seal again"
        );
        return Err(Problem::conflict("out_of_sequence", detail));
    }
    let readers: Vec<_> = [patient, doctor].into_iter().chain(app.emergency()).collect();
    recipients(envelope, &readers)?;
    must_hold(care, &people)?;
    outline(envelope, clear)
}

fn stale(detail: &str) -> Problem {
    Problem::conflict("stale_keys", detail)
}

/// Sealed for these and nobody else, under their keys of now.
fn recipients(envelope: &Envelope, readers: &[&Bundle]) -> Result<(), Problem> {
    let ids: HashSet<_> = envelope.recipients.iter().map(|stanza| stanza.id).collect();
    if ids != readers.iter().map(|reader| reader.user_id).collect() {
        return Err(Problem::invalid_field(
            "/envelope/recipients",
            "must be the patient, the author and the recipient of /api/emergency/, where there is one, and nobody else",
        ));
    }
    if readers.iter().all(|reader| envelope.stanza(reader.user_id, &reader.kid()).is_some()) {
        Ok(())
    } else {
        Err(stale(
            "the keys of a recipient were changed; fetch them at /api/keys/{user_id}/, compare, and seal again",
        ))
    }
}

/// The steps of an envelope without their words.
fn outline(envelope: &Envelope, clear: &[ClearStep]) -> Result<Vec<Outline>, Problem> {
    let mut errors = Vec::new();
    let (mut outlines, mut notes, mut taken) = (Vec::new(), 0, HashSet::new());
    for (place, item) in envelope.items.iter().enumerate() {
        let mut at = |field: &str, error: &str| {
            errors.push(FieldError::at(format!("/envelope/items/{place}/{field}"), error));
        };
        let id = StepId(Uuid::from_bytes(item.id.0));
        match ItemType::try_from(item.item_type)? {
            ItemType::Note => notes += 1,
            ItemType::Addendum => {}
            kind => {
                if id.0.get_version_num() != 7 || !taken.insert(id) {
                    at("id", "must be a UUIDv7 of its own");
                }
                let own = clear.iter().find(|step| step.id == id);
                match step(id, kind, item, own) {
                    Ok(outline) => outlines.push(outline),
                    Err((field, error)) => at(field, &error),
                }
            }
        }
    }
    if notes != 1 {
        errors.push(FieldError::at("/envelope/items", "must hold the words of the note, once (type 0)"));
    }
    for (place, _) in clear.iter().enumerate().filter(|(_, step)| !taken.contains(&step.id)) {
        errors.push(FieldError::at(format!("/clear_steps/{place}/id"), "must be a step of the envelope"));
    }
    if errors.is_empty() { Ok(outlines) } else { Err(Problem::invalid(errors)) }
}

fn step(
    id: StepId,
    item_type: ItemType,
    item: &Item,
    clear: Option<&ClearStep>,
) -> Result<Outline, (&'static str, String)> {
    let plan = item_type == ItemType::Plan;
    let schedule = if plan {
        serde_json::from_slice::<Timing>(&item.clear).map_err(|error| ("clear", error.to_string()))?
    } else {
        clear.and_then(|clear| clear.timing.clone()).unwrap_or_default()
    };
    schedule.check().map_err(|error| ("clear", error.to_string()))?;
    if !plan && schedule != (Timing { start: schedule.start, ..Timing::default() }) {
        return Err(("clear", "a checklist step is done once: only `start` says when it is due".to_owned()));
    }
    if plan && clear.is_some_and(|clear| clear.timing.is_some()) {
        return Err(("clear", "a plan step has its schedule in the envelope; leave timing out".to_owned()));
    }
    Ok(Outline {
        id,
        kind: if plan { Kind::Plan } else { Kind::Checklist },
        schedule,
        policy: clear.and_then(|clear| clear.policy),
        continues: clear.is_some_and(|clear| clear.continues),
        follows: clear.is_some_and(|clear| clear.follows),
    })
}
