//! `GET /api/actionable-steps/` and answering a task.

use super::{
    actor::{Actor, Arriving, Patient, Reader},
    json::{Id, Json, Params},
    notes::on_record,
    plan::{Reading, Wanted},
    problem::Problem,
    scope::Scope,
    view::{SafetyNetView, Show, StepView},
    words::{Sealed, Words},
};
use crate::{
    app::App,
    audit::Action,
    plan::{self, Locked, PlanStep},
    record,
};
use aftercare_core::{
    id::{StepId, UserId},
    instant::Instant,
    step::Kind,
};
use aftercare_store::{
    Tx, person_lock,
    step::{self, Task},
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Whose steps.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// For doctors: of which patient.
    #[param(value_type = Option<Uuid>)]
    patient_id: Option<UserId>,
    /// `superseded`: also those a newer note has replaced.
    #[param(value_type = Option<String>)]
    include: Option<Include>,
}

/// What else to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Include {
    /// Steps that a newer note has replaced.
    Superseded,
}

/// What there is to do.
#[derive(Serialize, ToSchema)]
pub struct Steps {
    /// Things to do once.
    checklist: Vec<StepView>,
    /// Things to repeat or continue.
    plan: Vec<StepView>,
    /// When to seek help.
    safety_net: Vec<SafetyNetView>,
    /// In a sealed session: the notes these stand in, to be opened on the device.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    envelopes: Vec<Sealed>,
}

/// List what there is to do
///
/// A patient's own, of all their doctors; for a doctor their own plan for the patient.
#[utoipa::path(get, path = "/api/actionable-steps/", tag = "Notes and steps", security(("bearer" = [])), params(Which), responses(
    (status = 200, body = Steps), (status = 404, body = Problem)))]
pub async fn actionable_steps(
    State(app): State<App>,
    arriving: Arriving,
    reader: Reader,
    Params(which): Params<Which>,
) -> Result<Json<Steps>, Problem> {
    let now = app.now();
    let since = if which.include.is_some() { i64::MIN } else { i64::MAX };
    // A note in force may have no step and still say when to seek help.
    let wanted = Wanted { patient: which.patient_id, since: Instant::from_micros(since), live: true, now };
    let Reading { actor, mut tx, scope: Scope { patient, .. }, plan, live, sealed } =
        Reading::of(&app, arriving, wanted).await?;
    let notes = [plan.notes(), live.clone()].concat();
    let words = Words::load_beside(&app, &mut tx, &actor, patient, &notes, sealed).await?;
    drop(tx);
    on_record(&app, &actor, patient, Action::PlanRead).await?;
    let show = Show { habits: &plan.habits, language: reader.0, now };
    let of = |kind| show.steps(plan.steps.iter().filter(|step| step.row.kind == kind), &words);
    let nets = live.iter().filter_map(|(id, _)| words.note(*id)).flat_map(|note| note.safety_net.clone());
    Ok(Json(Steps {
        checklist: of(Kind::Checklist),
        plan: of(Kind::Plan),
        safety_net: nets.map(SafetyNetView::from).collect(),
        envelopes: words.into_sealed(),
    }))
}

/// What became of a task.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Complete {
    /// `done`, `skipped`, or `open` again.
    #[schema(value_type = String, example = "done")]
    status: TaskStatus,
}

/// How a task stands.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskStatus {
    /// Not answered.
    Open,
    /// Done.
    Done,
    /// Left out on purpose.
    Skipped,
}

/// Answer a task
///
/// A checklist item; steps of a plan are answered occurrence by occurrence at `/api/check-in/`.
#[utoipa::path(post, path = "/api/steps/{id}/complete/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = Complete, responses(
    (status = 200, body = StepView), (status = 404, body = Problem),
    (status = 409, description = "`superseded`, or `not_a_task` for a step of a plan", body = Problem)))]
pub async fn complete_step(
    State(app): State<App>,
    Patient(actor): Patient,
    reader: Reader,
    Id(id): Id<StepId>,
    Json(body): Json<Complete>,
) -> Result<Json<StepView>, Problem> {
    let mut tx = app.store.write().await?;
    person_lock::lock_ahead(&mut tx, actor.id).await?;
    let locked = plan::locked(&mut tx, &*app.clock, actor.id, id).await?;
    let Locked { mut step, now, .. } = locked.ok_or_else(Problem::not_found)?;
    if step.row.kind != Kind::Checklist {
        return Err(Problem::conflict(
            "not_a_task",
            "this is a step of the plan; answer its reminders at /api/check-in/",
        ));
    }
    let task = match body.status {
        TaskStatus::Open => Task::Open,
        TaskStatus::Done => Task::Done,
        TaskStatus::Skipped => Task::Skipped,
    };
    answer_task(&mut tx, &mut step, task, now, now).await?;
    tx.commit().await?;
    Ok(Json(show_step(&app, &actor, reader, step).await?))
}

/// Stores the answer to a task; the same answer twice is one.
pub(crate) async fn answer_task(
    tx: &mut Tx,
    step: &mut PlanStep,
    task: Task,
    at: Instant,
    now: Instant,
) -> Result<(), Problem> {
    if step.row.task == task {
        return Ok(());
    }
    if step.row.superseded_at.is_some() {
        return Err(aftercare_core::course::Refusal::Superseded.into());
    }
    step.row.task = task;
    step.row.answered_at = (task != Task::Open).then_some(at);
    step::answer(tx, &step.row).await?;
    Ok(record::record(tx, step, None, now).await?)
}

/// A patient's own step with its words.
pub(crate) async fn show_step(
    app: &App,
    actor: &Actor,
    reader: Reader,
    step: PlanStep,
) -> Result<StepView, Problem> {
    let mut tx = app.store.read().await?;
    let habits = plan::Habits::load(&mut tx, actor.id).await?;
    let notes = [(step.row.note_id, step.row.doctor_id)];
    let words = Words::load(app, &mut tx, actor, actor.id, &notes).await?;
    let show = Show { habits: &habits, language: reader.0, now: app.now() };
    show.steps([&step], &words).pop().ok_or_else(|| Problem::internal("a step without its words"))
}
