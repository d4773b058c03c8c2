//! `POST /api/check-in/`: answering a reminder.

use super::{
    actor::{Actor, Patient, Reader},
    json::Json,
    problem::{Problem, transact},
    reminders::ShowReminder,
    steps::{answer_task, show_step},
    view::{ReminderView, SealedReason, StepView},
    words::sealed_note,
};
use crate::{
    announce,
    app::App,
    keyring::People,
    plan::{self, Locked, PlanStep},
    record,
};
use aftercare_core::{
    attention::Cause,
    course::{Answer, AnswerStatus},
    id::{CheckInId, NoteId, ReminderId, StepId, UserId},
    instant::Instant,
    people::about,
};
use aftercare_seal::{Bytes, bytes};
use aftercare_store::{
    Tx, channel, check_in,
    delivery::DeliveryKind,
    note, open_reminder, person_lock,
    step::{self, Task},
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckIn {
    /// As listed at `/api/reminders/`.
    #[schema(value_type = Uuid)]
    reminder_id: ReminderId,
    /// `done` or `skipped`.
    #[schema(value_type = String, example = "done")]
    status: AnswerStatus,
    /// When it was done; now if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Instant>,
    /// Why it was left out; sealed for the patient and this doctor.
    reason: Option<String>,
    /// The same sealed on the device, in a sealed session.
    sealed_reason: Option<SealedReason>,
    /// `side_effect`, where it was left out for that. Not sealed: it puts the patient on the doctor's list.
    #[schema(value_type = Option<String>, example = "side_effect")]
    cause: Option<Cause>,
}

/// The reminder and its step, as they stand now.
#[derive(Serialize, ToSchema)]
pub struct CheckedIn {
    /// The reminder.
    reminder: ReminderView,
    /// Its step.
    step: StepView,
}

/// Answer a reminder
///
/// A missed one can be corrected, with the real time, for seven days while the plan is in force.
/// The later answer holds; the same answer twice is one.
#[utoipa::path(post, path = "/api/check-in/", tag = "Reminders and check-ins", security(("bearer" = [])), request_body = CheckIn, responses(
    (status = 200, body = CheckedIn), (status = 404, description = "Nobody's, or somebody else's", body = Problem),
    (status = 409, description = "`too_early`, `too_late` or `superseded`", body = Problem), (status = 422, body = Problem)))]
pub async fn check_in(
    State(app): State<App>,
    Patient(actor): Patient,
    reader: Reader,
    Json(body): Json<CheckIn>,
) -> Result<Json<CheckedIn>, Problem> {
    let reason = body.reason.as_deref().map(|text| about(text, 500)).transpose();
    let reason = reason.map_err(|error| Problem::invalid_field("/reason", error))?;
    let given =
        [("/reason", reason.is_some() || body.sealed_reason.is_some()), ("/cause", body.cause.is_some())];
    if let Some((field, _)) = given.iter().find(|(_, given)| *given && body.status == AnswerStatus::Done) {
        return Err(Problem::invalid_field(field, "is for what was skipped; leave it out"));
    }
    if reason.is_some() && (actor.is_sealed() || body.sealed_reason.is_some()) {
        return Err(Problem::sealed_session("seal the reason there and send sealed_reason alone"));
    }
    let (locked, ordinal) = transact!({
        let mut tx = app.store.write().await?;
        // Answers and changes of zone or times of day follow one another: an answer is judged, now
        // and ever after, under what held when it was given.
        person_lock::lock_ahead(&mut tx, actor.id).await?;
        let (step, ordinal) = find(&mut tx, &actor, body.reminder_id).await?;
        let locked = plan::locked(&mut tx, &*app.clock, actor.id, step).await?;
        let mut locked = locked.ok_or_else(Problem::not_found)?;
        let sealed = sealed(&app, &mut tx, &actor, &locked, &body, reason.as_deref()).await?;
        let given = Given { status: body.status, at: body.at, cause: body.cause, sealed };
        take(&app, &mut tx, actor.id, &mut locked, ordinal, given).await?;
        tx.commit().await?;
        Ok((locked, ordinal))
    })?;
    app.stir(actor.id);

    let view = show_step(&app, &actor, reader, locked.step.clone()).await?;
    let show = ShowReminder { step: &locked.step, habits: &locked.habits, action: view.action.as_deref() };
    let happened = locked.step.occurrences().iter().find(|occurrence| occurrence.ordinal == ordinal);
    let reminder = happened.map(|occurrence| show.happened(occurrence)).or_else(|| show.task(locked.now));
    let reminder = reminder.ok_or_else(|| Problem::internal("an answer without its occurrence"))?;
    Ok(Json(CheckedIn { reminder, step: view }))
}

/// An answer as it was given.
pub(super) struct Given {
    /// Done or left out.
    pub(super) status: AnswerStatus,
    /// When; now if absent.
    pub(super) at: Option<Instant>,
    /// Why it was left out, as far as the doctor's list goes.
    pub(super) cause: Option<Cause>,
    /// Why, sealed for the readers of a note, under the answer's own id.
    pub(super) sealed: Option<(CheckInId, NoteId, Vec<u8>)>,
}

/// Stores an answer; the same answer twice is one. The person and the step are locked.
pub(super) async fn take(
    app: &App,
    tx: &mut Tx,
    patient: UserId,
    locked: &mut Locked,
    ordinal: u32,
    given: Given,
) -> Result<(), Problem> {
    let now = locked.now;
    let at = given.at.unwrap_or(now);
    if at > now {
        return Err(Problem::invalid_field("/at", "must not be in the future"));
    }
    let Some((course, _)) = locked.step.course.clone() else {
        if ordinal != 0 || locked.step.row.due_at.is_none() {
            return Err(Problem::not_found());
        }
        let task = match given.status {
            AnswerStatus::Done => Task::Done,
            AnswerStatus::Skipped => Task::Skipped,
        };
        return answer_task(tx, &mut locked.step, task, at, now).await;
    };
    let answer = Answer { ordinal, status: given.status, at, recorded_at: now, cause: given.cause };
    course.check_in(&locked.log, answer)?;
    let last = locked.log.iter().rev().find(|before| before.ordinal == ordinal);
    let same = |last: &Answer| (last.status, last.cause) == (answer.status, answer.cause);
    if last.is_some_and(|last| same(last) && given.at.is_none_or(|at| at == last.at)) {
        return Ok(());
    }
    let id = given.sealed.as_ref().map_or_else(|| app.random.id(now), |(id, ..)| *id);
    let sealed = given.sealed.as_ref().map(|(_, note, sealed)| (*note, sealed.as_slice()));
    check_in::insert(tx, patient, locked.step.row.id, id, &answer, sealed).await?;
    let open = open_reminder::of_step(tx, patient, locked.step.row.id).await?;
    locked.answer(answer)?;
    record::record(tx, &locked.step, Some(ordinal), now).await?;
    let of = (open.map_or(now, |open| open.open.due_at), Some(ReminderId::of(locked.step.row.id, ordinal).0));
    let channels = channel::of(tx, patient).await?;
    announce::tell_of(app, tx, patient, &channels, DeliveryKind::Clear, of).await?;
    Ok(())
}

/// A reason, sealed here or on the device.
async fn sealed(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    locked: &Locked,
    body: &CheckIn,
    reason: Option<&str>,
) -> Result<Option<(CheckInId, NoteId, Vec<u8>)>, Problem> {
    let row = &locked.step.row;
    Ok(match (reason, &body.sealed_reason) {
        // A task has no log to keep it in.
        _ if locked.step.course.is_none() => None,
        (Some(text), _) => {
            let id = app.random.id(locked.now);
            Some((id, row.note_id, seal_reason(app, tx, actor, &locked.step, id, text).await?))
        }
        (None, Some(given)) => Some((given.id, given.note_id, sealed_reason(tx, actor, given).await?)),
        (None, None) => None,
    })
}

/// Which of the patient's own steps a reminder is of.
pub(super) async fn find(tx: &mut Tx, actor: &Actor, reminder: ReminderId) -> Result<(StepId, u32), Problem> {
    let steps =
        step::of_patient(tx, actor.id, None, Instant::from_micros(i64::MIN)).await?.answer(tx).await?;
    let found = steps.iter().find_map(|row| Some((row.id, reminder.ordinal_in(row.id)?)));
    found.ok_or_else(Problem::not_found)
}

/// Seals a reason for the readers of the step's note.
async fn seal_reason(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    step: &PlanStep,
    id: CheckInId,
    text: &str,
) -> Result<Vec<u8>, Problem> {
    let people = People::load(tx, &[actor.id, step.row.doctor_id]).await?;
    let note = sealed_note(tx, actor, actor.id, step.row.note_id).await?;
    let (envelope, key) = note.unlock(&actor.keys(app, tx).await?, &people)?;
    let id = Bytes(*id.as_bytes());
    Ok(key.seal_beside(envelope.note_id, id, text.as_bytes(), &mut app.random.rng()))
}

/// A reason that was sealed on the device, as far as it can be checked.
async fn sealed_reason(tx: &mut Tx, actor: &Actor, given: &SealedReason) -> Result<Vec<u8>, Problem> {
    let ct = bytes::decode(&given.ct).filter(|ct| (29..=2_100).contains(&ct.len())).ok_or_else(|| {
        Problem::invalid_field(
            "/sealed_reason/ct",
            "must be nonce, ciphertext and tag of at most 2,000 bytes, base64url",
        )
    })?;
    if given.id.0.get_version_num() != 7 {
        return Err(Problem::invalid_field("/sealed_reason/id", "must be a UUIDv7"));
    }
    if note::get(tx, actor.id, given.note_id).await?.is_none() {
        return Err(Problem::invalid_field("/sealed_reason/note_id", "must be the note this step stands in"));
    }
    Ok(ct)
}
