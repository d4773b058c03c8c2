//! `GET /api/travel-preview/`: what a journey would do to one's plan, kept at the times of home or moved.

use super::{
    actor::Patient,
    json::{Json, Params},
    problem::Problem,
};
use crate::{
    app::App,
    plan::{Habits, Plan},
};
use aftercare_core::{
    course::Course,
    id::StepId,
    instant::{Instant, Span},
    replay::{zone, zone_name},
};
use aftercare_store::regime::{self, RegimeRow};
use axum::extract::State;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Where to.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Where {
    /// IANA time zone.
    #[param(example = "Asia/Tokyo")]
    time_zone: String,
}

/// One time, by the clock of there.
#[derive(Serialize, ToSchema)]
pub struct There {
    /// Of which step.
    #[schema(value_type = Uuid)]
    step_id: StepId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    due_at: Instant,
    /// The same by the clock of there.
    #[schema(example = "2026-02-05T16:00:00+09:00")]
    due_local: String,
}

/// What a journey would do, for the three days to come.
#[derive(Serialize, ToSchema)]
pub struct Journey {
    /// Where the plan is at home.
    home: String,
    /// Where to.
    there: String,
    /// If it keeps the times of home.
    keep: Vec<There>,
    /// If it moves.
    #[serde(rename = "move")]
    moved: Vec<There>,
}

/// See what a journey would do
///
/// Shows the next three days both ways, to be asked about. `PATCH /api/me/` with `time_zone` and `travel` does it.
#[utoipa::path(get, path = "/api/travel-preview/", tag = "Accounts", security(("bearer" = [])), params(Where), responses(
    (status = 200, body = Journey), (status = 422, body = Problem)))]
pub async fn travel_preview(
    State(app): State<App>,
    Patient(actor): Patient,
    Params(to): Params<Where>,
) -> Result<Json<Journey>, Problem> {
    let wrong = |_| Problem::invalid_field("?time_zone", "must be an IANA time zone such as Europe/Berlin");
    let (there, local) = (zone_name(&to.time_zone).map_err(wrong)?, zone(&to.time_zone).map_err(wrong)?);
    let now = app.now();
    let mut tx = app.store.read().await?;
    let mut rows = regime::of(&mut tx, actor.id).await?;
    let home = rows.last().cloned().ok_or_else(|| Problem::internal("no times of day"))?;
    let plan = Plan::current(&mut tx, actor.id, None, now).await?;
    drop(tx);
    rows.push(RegimeRow { from: now, time_zone: there.clone(), anchors: home.anchors });
    let elsewhere = Habits::of(actor.id, rows)?;
    let keep = times(&plan, &plan.habits, &local);
    let moved = times(&plan, &elsewhere, &local);
    Ok(Json(Journey { home: home.time_zone, there, keep, moved }))
}

fn times(plan: &Plan, habits: &Habits, local: &TimeZone) -> Vec<There> {
    let until = plan.now + Span::from_days(3);
    let mut all = Vec::new();
    for step in plan.steps.iter().filter(|step| step.is_active()) {
        let (Some(timing), Some((_, replay))) = (&step.timing, &step.course) else { continue };
        let began = step.row.activated_at;
        let course = Course::new(timing, began, habits.since(began), Some(step.row.policy));
        let ahead = course.upcoming(replay).map(|(_, window)| window.due_at);
        all.extend(ahead.take_while(|due| *due < until).take(200).map(|due_at| {
            There {
                step_id: step.row.id,
                due_at,
                due_local: due_at
                    .timestamp()
                    .to_zoned_datetime(local.clone())
                    .strftime("%Y-%m-%dT%H:%M:%S%:z")
                    .to_string(),
            }
        }));
    }
    all.sort_by_key(|one| (one.due_at, one.step_id));
    all
}
