//! `GET /api/doctor/patients/`: a doctor's patients, those who need a look first.

use super::{
    actor::Doctor,
    json::{Json, Params},
    keys::{KeysView, keys_of},
    page::Page,
    person::{email_of, person},
    problem::Problem,
};
use crate::{
    app::App,
    delivery::{is_cut_off, reached::LOOK_BACK, unreached_since},
    plan::{Plan, PlanStep},
};
use aftercare_core::{
    adherence::{Day, Figures, by_day},
    attention::{Reason, of_plan},
    course::Outage,
    id::UserId,
    instant::Instant,
};
use aftercare_store::{Tx, care, channel, service};
use axum::extract::State;
use jiff::ToSpan;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A patient as their doctor sees them.
#[derive(Serialize, ToSchema)]
pub struct PatientView {
    /// `UUIDv7`.
    #[schema(value_type = Uuid)]
    id: UserId,
    /// Their name.
    name: String,
    /// Their address.
    email: String,
}

/// How this doctor's plan for the patient stands.
#[derive(Serialize, ToSchema)]
pub struct PlanView {
    /// `none`, `running`, or `over`.
    state: &'static str,
    /// Steps still to be done.
    active_steps: usize,
    /// When the last planned occurrence is due; null where open-ended or none.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Instant>,
}

/// How well it is followed; definitions at `/api/adherence/`.
#[derive(Serialize, ToSchema)]
pub struct AdherenceView {
    /// Done.
    done: u32,
    /// Closed unanswered.
    missed: u32,
    /// Left out on purpose.
    skipped: u32,
    /// done / (done + missed + skipped); null: not yet.
    rate: Option<f64>,
    /// The last seven days in the patient's zone, oldest first: `done`, `part`, `missed`, `none`.
    #[schema(value_type = Vec<String>)]
    last_7_days: Vec<Day>,
}

/// One line of the dashboard.
#[derive(Serialize, ToSchema)]
pub struct DashboardLine {
    /// Who.
    patient: PatientView,
    /// Chosen since.
    #[schema(value_type = String, format = DateTime)]
    since: Instant,
    /// When the newest note was written.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_note_at: Option<Instant>,
    /// When the patient said that they had read it; null: not yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_note_read_at: Option<Instant>,
    /// The plan.
    plan: PlanView,
    /// How well it is followed.
    adherence: AdherenceView,
    /// Why a look is needed, the most pressing first: `side_effect`, `lapsed`, `incomplete`, `paused`,
    /// `not_started`, `extraction_failed`, `unreachable`, `ends_soon`.
    #[schema(value_type = Vec<String>)]
    attention: Vec<Reason>,
    /// In a sealed session: the patient's keys and their signed choice of this doctor.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<KeysView>,
}

/// A doctor's patients.
#[derive(Serialize, ToSchema)]
pub struct Dashboard {
    /// Those who need a look first, then by name.
    items: Vec<DashboardLine>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// What to look for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Only those who need a look.
    #[serde(default)]
    attention: bool,
    /// Part of a name.
    #[serde(default)]
    q: String,
    /// At most so many, 1 to 200 (50).
    limit: Option<i64>,
    /// From the page before.
    cursor: Option<usize>,
}

/// List one's own patients
#[utoipa::path(get, path = "/api/doctor/patients/", tag = "Choosing doctors", security(("bearer" = [])), params(Search), responses((status = 200, body = Dashboard)))]
pub async fn list_patients(
    State(app): State<App>,
    Doctor(actor): Doctor,
    Params(search): Params<Search>,
) -> Result<Json<Dashboard>, Problem> {
    let page = Page { limit: search.limit, cursor: search.cursor };
    let mut tx = app.store.read().await?;
    let outages = service::outages(&mut tx).await?.answer(&mut tx).await?;
    let outages = outages.since(app.now() - LOOK_BACK, app.now());
    let mut lines = Vec::new();
    for patient in care::caseload(&mut tx, actor.id).await? {
        lines.extend(line(&app, &mut tx, patient, actor.id, &outages).await?);
    }
    let q = search.q.trim().to_lowercase();
    lines.retain(|line| {
        (!search.attention || !line.attention.is_empty()) && line.patient.name.to_lowercase().contains(&q)
    });
    lines.sort_by_cached_key(|line| {
        (line.attention.is_empty(), line.patient.name.to_lowercase(), line.patient.id)
    });
    let (mut items, next_cursor) = page.cut(lines)?;
    for line in items.iter_mut().filter(|_| actor.is_sealed()) {
        let care = care::get(&mut tx, line.patient.id, actor.id).await?;
        line.keys = Some(keys_of(&mut tx, &actor, line.patient.id, care.as_ref()).await?);
    }
    Ok(Json(Dashboard { items, next_cursor }))
}

async fn line(
    app: &App,
    tx: &mut Tx,
    patient: UserId,
    doctor: UserId,
    outages: &[Outage],
) -> Result<Option<DashboardLine>, Problem> {
    let now = app.now();
    let Some(care) = care::get(tx, patient, doctor).await?.filter(care::Care::is_current) else {
        return Ok(None);
    };
    let person = person(tx, patient).await?;
    let plan = Plan::current(tx, patient, Some(doctor), now).await?;
    let email = email_of(app, &person)?;
    Ok(Some(DashboardLine {
        patient: PatientView { id: patient, name: person.name, email },
        since: care.since,
        last_note_at: care.last_note_at,
        last_note_read_at: care.note_read_at,
        adherence: adherence(&plan),
        attention: attention(tx, &plan, &care, outages).await?,
        plan: plan_view(&plan),
        keys: None,
    }))
}

fn plan_view(plan: &Plan) -> PlanView {
    let active = plan.steps.iter().filter(|step| step.is_active()).count();
    let state = match (plan.steps.len(), active) {
        (0, _) => "none",
        (_, 0) => "over",
        _ => "running",
    };
    PlanView { state, active_steps: active, ends_at: plan.steps.iter().filter_map(PlanStep::ends_at).max() }
}

fn adherence(plan: &Plan) -> AdherenceView {
    let occurrences = || plan.steps.iter().flat_map(PlanStep::occurrences);
    let figures = Figures::of(occurrences());
    let zone = plan.habits.zone(plan.now);
    let days = by_day(occurrences(), zone);
    let today = zone.to_datetime(plan.now.timestamp()).date();
    let day = |ago: i64| {
        let date = today.saturating_sub(ago.days());
        days.get(&date).map_or(Day::None, Figures::day)
    };
    AdherenceView {
        done: figures.done,
        missed: figures.missed,
        skipped: figures.skipped,
        rate: figures.rate(),
        last_7_days: (0..7).rev().map(day).collect(),
    }
}

/// Why a look is needed, the most pressing first.
async fn attention(
    tx: &mut Tx,
    plan: &Plan,
    care: &care::Care,
    outages: &[Outage],
) -> Result<Vec<Reason>, Problem> {
    let courses = plan.steps.iter().filter_map(|step| step.course.as_ref());
    let mut reasons = of_plan(courses.map(|(course, replay)| (course, replay)), plan.now);
    if plan.steps.iter().any(|step| step.paused_until(plan.now).is_some()) {
        reasons.push(Reason::Paused);
    }
    if care.extraction_failed() {
        reasons.push(Reason::ExtractionFailed);
    }
    let channels = channel::of(tx, plan.patient_id).await?;
    if unreached_since(tx, plan.patient_id, outages, plan.now).await?.is_some() || is_cut_off(&channels) {
        reasons.push(Reason::Unreachable);
    }
    reasons.sort_unstable();
    Ok(reasons)
}
