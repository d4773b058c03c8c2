//! `POST /api/steps/{id}/log/`: what is done as needed, when it was done.

use super::{
    actor::{Patient, Reader},
    json::{Id, Json},
    problem::{Problem, transact},
    steps::show_step,
    view::StepView,
};
use crate::{
    app::App,
    plan::{self, Locked},
};
use aftercare_core::{
    as_needed,
    course::{Answer, AnswerStatus, CORRECTION, Refusal},
    id::StepId,
    instant::Instant,
};
use aftercare_store::{check_in, person_lock};
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

/// One that was done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// When; now if absent. Within the last seven days. The same instant again is the same one.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Instant>,
    /// It was not done after all: what the log says of that instant is taken back.
    #[serde(default)]
    taken_back: bool,
}

/// Log what was done as needed
///
/// A step of the plan that is done as needed is never due and never missed: the patient says when it was done, and their
/// doctor sees it. Where the note names a limit, the step says until when it is reached; what was done is written down all
/// the same.
#[utoipa::path(post, path = "/api/steps/{id}/log/", tag = "Reminders and check-ins", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = Log, responses(
    (status = 200, body = StepView), (status = 404, body = Problem),
    (status = 409, description = "`superseded`, or `not_as_needed`: it is answered elsewhere", body = Problem), (status = 422, body = Problem)))]
pub async fn log(
    State(app): State<App>,
    Patient(actor): Patient,
    reader: Reader,
    Id(id): Id<StepId>,
    Json(body): Json<Log>,
) -> Result<Json<StepView>, Problem> {
    let step = transact!({
        let mut tx = app.store.write().await?;
        person_lock::lock_ahead(&mut tx, actor.id).await?;
        let locked = plan::locked(&mut tx, &*app.clock, actor.id, id).await?;
        let mut locked = locked.ok_or_else(Problem::not_found)?;
        if let Some(answer) = answer(&locked, &body)? {
            check_in::insert(&mut tx, actor.id, id, app.random.id(locked.now), &answer, None).await?;
            locked.answer(answer)?;
        }
        tx.commit().await?;
        Ok(locked.step)
    })?;
    Ok(Json(show_step(&app, &actor, reader, step).await?))
}

/// What is to be written down, if anything.
fn answer(locked: &Locked, body: &Log) -> Result<Option<Answer>, Problem> {
    let Locked { step, log, now, .. } = locked;
    if step.as_needed().is_none() {
        return Err(Problem::conflict(
            "not_as_needed",
            "this is not done as needed: its reminders are answered at /api/check-in/, a task at …/complete/",
        ));
    }
    if step.row.superseded_at.is_some() {
        return Err(Refusal::Superseded.into());
    }
    let at = body.at.unwrap_or(*now);
    if at > *now {
        return Err(Problem::invalid_field("/at", "must not be in the future"));
    }
    if at < *now - CORRECTION {
        return Err(Problem::invalid_field("/at", "must be within the last seven days"));
    }
    let there = step.taken.iter().find(|one| one.at == at);
    let (ordinal, status) = match (there, body.taken_back) {
        (Some(_), false) | (None, true) => return Ok(None),
        (Some(one), true) => (one.ordinal, AnswerStatus::Skipped),
        (None, false) => (as_needed::next(log), AnswerStatus::Done),
    };
    Ok(Some(Answer { ordinal, status, at, recorded_at: *now, cause: None }))
}
