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
    id::{CheckInId, ReminderId, StepId},
    instant::Instant,
    people::about,
};
use aftercare_seal::{Bytes, bytes};
use aftercare_store::{
    Tx, account, check_in,
    delivery::DeliveryKind,
    note, open_reminder,
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
        account::lock(&mut tx, actor.id).await?;
        let (step, ordinal) = find(&mut tx, &actor, body.reminder_id).await?;
        let locked = plan::lock(&mut tx, &*app.clock, actor.id, step).await?;
        let mut locked = locked.ok_or_else(Problem::not_found)?;
        take(&app, &mut tx, &actor, &mut locked, ordinal, &body, reason.as_deref()).await?;
        tx.commit().await?;
        Ok((locked, ordinal))
    })?;
    app.hint.notify_one();

    let view = show_step(&app, &actor, reader, locked.step.clone()).await?;
    let show = ShowReminder { step: &locked.step, habits: &locked.habits, action: view.action.as_deref() };
    let happened = locked.step.occurrences().iter().find(|occurrence| occurrence.ordinal == ordinal);
    let reminder = happened.map(|occurrence| show.happened(occurrence)).or_else(|| show.task(locked.now));
    let reminder = reminder.ok_or_else(|| Problem::internal("an answer without its occurrence"))?;
    Ok(Json(CheckedIn { reminder, step: view }))
}

/// Stores an answer; the same answer twice is one.
async fn take(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    locked: &mut Locked,
    ordinal: u32,
    body: &CheckIn,
    reason: Option<&str>,
) -> Result<(), Problem> {
    let now = locked.now;
    let at = body.at.unwrap_or(now);
    if at > now {
        return Err(Problem::invalid_field("/at", "must not be in the future"));
    }
    let Some((course, _)) = locked.step.course.clone() else {
        if ordinal != 0 || locked.step.row.due_at.is_none() {
            return Err(Problem::not_found());
        }
        let task = match body.status {
            AnswerStatus::Done => Task::Done,
            AnswerStatus::Skipped => Task::Skipped,
        };
        return answer_task(tx, &mut locked.step, task, at, now).await;
    };
    let answer = Answer { ordinal, status: body.status, at, recorded_at: now, cause: body.cause };
    course.check_in(&locked.log, answer)?;
    let last = locked.log.iter().rev().find(|before| before.ordinal == ordinal);
    let same = |last: &Answer| (last.status, last.cause) == (answer.status, answer.cause);
    if last.is_some_and(|last| same(last) && body.at.is_none_or(|at| at == last.at)) {
        return Ok(());
    }
    let id: CheckInId = app.random.id(now);
    let note = locked.step.row.note_id;
    let (id, sealed) = match (reason, &body.sealed_reason) {
        (Some(text), _) => (id, Some((note, seal_reason(app, tx, actor, &locked.step, id, text).await?))),
        (None, Some(given)) => (given.id, Some((given.note_id, sealed_reason(tx, actor, given).await?))),
        (None, None) => (id, None),
    };
    let sealed = sealed.as_ref().map(|(note, sealed)| (*note, sealed.as_slice()));
    check_in::insert(tx, actor.id, locked.step.row.id, id, &answer, sealed).await?;
    let open = open_reminder::of_step(tx, actor.id, locked.step.row.id).await?;
    locked.answer(answer)?;
    record::record(tx, &locked.step, Some(ordinal), now).await?;
    let of = (open.map_or(now, |open| open.open.due_at), Some(ReminderId::of(locked.step.row.id, ordinal).0));
    announce::tell_of(app, tx, actor.id, DeliveryKind::Clear, of).await?;
    Ok(())
}

/// Which of the patient's own steps a reminder is of.
pub(super) async fn find(tx: &mut Tx, actor: &Actor, reminder: ReminderId) -> Result<(StepId, u32), Problem> {
    let steps = step::of_patient(tx, actor.id, None, Instant::from_micros(i64::MIN)).await?;
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
    let mut people = People::default();
    people.add(tx, actor.id).await?;
    people.add(tx, step.row.doctor_id).await?;
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
