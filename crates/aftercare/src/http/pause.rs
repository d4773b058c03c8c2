//! `POST /api/steps/{id}/pause/`: not to be reminded of a step for some days.
//!
//! A pause is silence and no answer: the schedule, the rule for what is missed and what the doctor has signed stay as they
//! are. So a course that is paused goes on for longer by its own rule, up to its cap, and its doctor is told.

use super::{
    actor::{Patient, Reader},
    json::{Id, Json},
    problem::Problem,
    steps::show_step,
    view::StepView,
};
use crate::{
    app::App,
    plan::{self, Locked},
    record,
};
use aftercare_core::{course::Refusal, id::StepId, pattern::at};
use aftercare_store::{
    due::{self, Wake},
    open_reminder, person_lock, step,
};
use axum::extract::State;
use jiff::{
    ToSpan,
    civil::{Date, Time},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// For so many days at most.
const LONGEST: i64 = 28;

/// Until when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// The day, in the patient's zone, from which on they are reminded again of what falls due: tomorrow, up to four weeks
    /// from today. `null`: from now on, also of what is open.
    #[schema(value_type = Option<String>, format = Date, example = "2026-02-05")]
    until: Option<Date>,
}

/// Pause a step
///
/// Nothing but the reminders stops, and the doctor is told: what falls due meanwhile can be answered, and what is not is
/// missed, so that a course of a number of days goes on for as many more, up to its cap. A newer note that goes on with
/// the step ends the pause.
#[utoipa::path(post, path = "/api/steps/{id}/pause/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = Pause, responses(
    (status = 200, body = StepView), (status = 404, body = Problem),
    (status = 409, description = "`superseded`, or `not_scheduled`: there is nothing to be reminded of, or no more", body = Problem), (status = 422, body = Problem)))]
pub async fn pause(
    State(app): State<App>,
    Patient(actor): Patient,
    reader: Reader,
    Id(id): Id<StepId>,
    Json(body): Json<Pause>,
) -> Result<Json<StepView>, Problem> {
    let mut tx = app.store.write().await?;
    person_lock::lock_ahead(&mut tx, actor.id).await?;
    let locked = plan::locked(&mut tx, &*app.clock, actor.id, id).await?;
    let Locked { mut step, now, habits, .. } = locked.ok_or_else(Problem::not_found)?;
    if step.row.superseded_at.is_some() {
        return Err(Refusal::Superseded.into());
    }
    if step.course.is_none() || !step.is_active() {
        return Err(Problem::conflict("not_scheduled", "there is nothing to be reminded of, or no more"));
    }
    let zone = habits.zone(now);
    let today = zone.to_datetime(now.timestamp()).date();
    if body.until.is_some_and(|day| !(1..=LONGEST).contains(&i64::from((day - today).get_days()))) {
        let last = today.saturating_add(LONGEST.days());
        return Err(Problem::invalid_field(
            "/until",
            format!("must be after {today} and not after {last}, or null"),
        ));
    }
    let until = body.until.map(|day| at(day, Time::midnight(), zone));
    step.row.paused_until = until;
    step::pause(&mut tx, actor.id, id, until).await?;
    record::record(&mut tx, &step, None, now).await?;
    if let Some(open) = open_reminder::of_step(&mut tx, actor.id, id).await? {
        let silent = until.map(|_| open.open.closes_at);
        open_reminder::snooze(&mut tx, actor.id, id, open.ordinal, silent).await?;
        due::insert(&mut tx, Wake::person(actor.id, now)).await?;
    }
    tx.commit().await?;
    app.stir(actor.id);
    Ok(Json(show_step(&app, &actor, reader, step).await?))
}
