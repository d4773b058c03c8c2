//! `GET /api/adherence/`: how well a plan is followed, with what each figure means.

use super::{
    actor::Actor,
    json::{Json, Params},
    notes::on_record,
    problem::Problem,
    scope::{Scope, scope},
};
use crate::{
    app::App,
    audit::Action,
    plan::{Plan, PlanStep},
};
use aftercare_core::{
    access::Act,
    adherence::{DEFINITIONS, Day, Figures, by_day, correct_days},
    course::Occurrence,
    id::{StepId, UserId},
    instant::{Instant, Span},
};
use axum::extract::State;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Which time.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Due at or after (30 days ago).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
    /// Due before (now).
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
    /// For doctors: of which patient.
    #[param(value_type = Option<Uuid>)]
    patient_id: Option<UserId>,
}

/// Counts and what follows from them.
#[derive(Serialize, ToSchema)]
pub struct FiguresView {
    /// Done.
    done: u32,
    /// Closed unanswered.
    missed: u32,
    /// Left out on purpose.
    skipped: u32,
    /// null: not yet.
    rate: Option<f64>,
    /// null: not yet.
    on_time: Option<f64>,
}

impl From<Figures> for FiguresView {
    fn from(figures: Figures) -> Self {
        Self {
            done: figures.done,
            missed: figures.missed,
            skipped: figures.skipped,
            rate: figures.rate(),
            on_time: figures.punctuality(),
        }
    }
}

/// One step.
#[derive(Serialize, ToSchema)]
pub struct StepFigures {
    /// Which.
    #[schema(value_type = Uuid)]
    step_id: StepId,
    /// Its figures.
    #[serde(flatten)]
    figures: FiguresView,
    /// Of the whole course; null where open-ended.
    completion: Option<f64>,
}

/// One day, in the patient's zone.
#[derive(Serialize, ToSchema)]
pub struct DayFigures {
    /// Which.
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// `done`, `part` or `missed`.
    #[schema(value_type = String)]
    day: Day,
    /// Its figures.
    #[serde(flatten)]
    figures: FiguresView,
}

/// How well the plan is followed.
#[derive(Serialize, ToSchema)]
pub struct Adherence {
    /// All together.
    overall: FiguresView,
    /// Days with everything done / days with anything due; null: not yet.
    correct_days: Option<f64>,
    /// By step.
    steps: Vec<StepFigures>,
    /// By day.
    days: Vec<DayFigures>,
    /// What each figure means.
    #[schema(value_type = Object)]
    definitions: BTreeMap<&'static str, &'static str>,
}

/// Look at adherence
///
/// A patient's own, of all their doctors; for a doctor their own plan for the patient.
#[utoipa::path(get, path = "/api/adherence/", tag = "Reminders and check-ins", security(("bearer" = [])), params(Which), responses(
    (status = 200, body = Adherence), (status = 404, body = Problem)))]
pub async fn adherence(
    State(app): State<App>,
    actor: Actor,
    Params(which): Params<Which>,
) -> Result<Json<Adherence>, Problem> {
    let now = app.now();
    let to = which.to.unwrap_or(now);
    let from = which.from.unwrap_or(to - Span::from_days(30));
    if to <= from {
        return Err(Problem::invalid_field("?to", "must be after `from`"));
    }
    let mut tx = app.store.read().await?;
    let Scope { patient, doctor } = scope(&mut tx, &actor, which.patient_id, Act::ReadPlan).await?;
    let plan = Plan::load(&mut tx, patient, doctor, from, now).await?;
    drop(tx);
    on_record(&app, &actor, patient, Action::PlanRead).await?;
    let within = |occurrence: &&Occurrence| occurrence.due_at >= from && occurrence.due_at < to;
    let all = || plan.steps.iter().flat_map(PlanStep::occurrences).filter(within);
    let days = by_day(all(), plan.habits.zone(now));
    let steps = plan.steps.iter().filter(|step| step.course.is_some()).map(|step| StepFigures {
        step_id: step.row.id,
        figures: Figures::of(step.occurrences().iter().filter(within)).into(),
        completion: Figures::of(step.occurrences())
            .completion(step.course.as_ref().and_then(|(course, _)| course.planned())),
    });
    Ok(Json(Adherence {
        overall: Figures::of(all()).into(),
        correct_days: correct_days(&days),
        steps: steps.collect(),
        days: days
            .into_iter()
            .map(|(date, figures)| DayFigures { date, day: figures.day(), figures: figures.into() })
            .collect(),
        definitions: DEFINITIONS.into_iter().collect(),
    }))
}
