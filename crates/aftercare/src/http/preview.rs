//! `POST /api/schedule-preview/`: what a schedule would do, without storing anything.

use super::{
    actor::Actor,
    json::Json,
    problem::{FieldError, Problem},
};
use crate::app::App;
use aftercare_core::{
    anchors::Anchors,
    course::{Ahead, Policy, Replay},
    instant::Instant,
    replay::{Case, CaseError, CheckIn, zone},
    timing::Timing,
};
use axum::extract::State;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A schedule and what might happen to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// The subset of FHIR R4 `Timing.repeat`.
    #[schema(value_type = Object, example = json!({"frequency": 1, "duration": {"value": 7, "unit": "d"}}))]
    timing: Timing,
    /// IANA time zone.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// Times of day; the defaults if absent.
    #[serde(default)]
    #[schema(value_type = Object)]
    anchors: Anchors,
    /// When it comes into force; now if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    start: Option<Instant>,
    /// What a miss does; the schedule's default if absent.
    #[schema(value_type = Option<String>)]
    policy: Option<Policy>,
    /// Answers: `{ordinal, status, at, recorded_at?}`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    check_ins: Vec<CheckIn>,
    /// As of when; now if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    now: Option<Instant>,
    /// What if all that is due on these dates is missed, and everything else answered.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["2026-02-03"]))]
    missed: Vec<Date>,
}

/// How a course would go on.
#[derive(Serialize, ToSchema)]
pub struct Foretold {
    /// The next 60 due times.
    #[schema(value_type = Vec<String>)]
    upcoming: Vec<Instant>,
    /// When the last is due; null where open-ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Instant>,
    /// How many beyond those prescribed there will have been.
    extended_by: u32,
}

/// What would happen.
#[derive(Serialize, ToSchema)]
pub struct Previewed {
    /// As `aftercare schedule replay` prints it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    replay: Replay,
    /// The next 60 due times, if all from now on are answered.
    #[schema(value_type = Vec<String>)]
    upcoming: Vec<Instant>,
    /// When the last is due, if all from now on are answered; null where open-ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Instant>,
    /// The same where `missed` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    if_missed: Option<Foretold>,
}

impl Foretold {
    fn of(Ahead { upcoming, ends_at, extended_by }: Ahead) -> Self {
        Self { upcoming, ends_at, extended_by }
    }
}

/// Try a schedule
#[utoipa::path(post, path = "/api/schedule-preview/", tag = "Notes and steps", security(("bearer" = [])), request_body = Preview, responses(
    (status = 200, body = Previewed), (status = 422, body = Problem)))]
pub async fn schedule_preview(
    State(app): State<App>,
    _: Actor,
    Json(body): Json<Preview>,
) -> Result<Json<Previewed>, Problem> {
    let present = app.now();
    let now = body.now.unwrap_or(present);
    let start = body.start.unwrap_or(present);
    if (now - start).as_micros() > aftercare_core::instant::Span::from_days(4_000).as_micros() {
        return Err(Problem::invalid_field("/now", "must be at most 4,000 days after `start`"));
    }
    if body.check_ins.len() > 10_000 {
        return Err(Problem::invalid_field("/check_ins", "must be at most 10,000"));
    }
    if body.missed.len() > 1_000 {
        return Err(Problem::invalid_field("/missed", "must be at most 1,000"));
    }
    let missed = body.missed;
    let case = Case {
        start,
        policy: body.policy,
        anchors: body.anchors,
        check_ins: body.check_ins,
        ..Case::new(body.timing, &body.time_zone, now)
    };
    let work = tokio::task::spawn_blocking(move || {
        let replay = case.replay()?;
        let course = case.course()?;
        let Foretold { upcoming, ends_at, .. } = Foretold::of(course.ahead(&replay, |_| true));
        let zone = zone(&case.zone)?;
        let kept = |due: Instant| !missed.contains(&zone.to_datetime(due.timestamp()).date());
        let if_missed = (!missed.is_empty()).then(|| Foretold::of(course.ahead(&replay, kept)));
        Ok(Previewed { replay, upcoming, ends_at, if_missed })
    });
    let done: Result<Previewed, CaseError> = work.await.map_err(Problem::internal)?;
    done.map(Json).map_err(|error| {
        let pointer = match &error {
            CaseError::Zone(_) => "/time_zone".to_owned(),
            CaseError::Timing(timing) => format!("/timing/{}", timing.key),
            CaseError::Anchors(_) => "/anchors".to_owned(),
        };
        let text = error.to_string();
        let detail = text.split_once(": ").map_or(text.as_str(), |(_, detail)| detail).to_owned();
        Problem::invalid(vec![FieldError::at(pointer, detail)])
    })
}
