//! For those who run the service: health, keys, the test clock.

use super::{json::Json, problem::Problem};
use crate::{app::App, engine};
use aftercare_core::instant::{Instant, Span};
use aftercare_store::{schema, service};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Health of the process.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
}

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", tag = "Operations", responses((status = 200, body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the service can do its work.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// `ready`.
    status: &'static str,
    /// `SQLite` or `PostgreSQL`.
    database: &'static str,
    /// The schema's version.
    schema: i64,
    /// When a worker was last alive.
    #[schema(value_type = String, format = DateTime)]
    worker: Instant,
}

/// Is the service ready?
///
/// Database, schema, and a worker that was alive within three minutes. Not any more once the process is asked to end.
#[utoipa::path(get, path = "/readyz", tag = "Operations", responses((status = 200, body = Readiness), (status = 503, body = Problem)))]
pub async fn readyz(State(app): State<App>) -> Result<Json<Readiness>, Problem> {
    if app.is_stopping() {
        return Err(Problem::ending());
    }
    let mut tx = app.store.read().await?;
    let schema = schema::version(&mut tx).await?;
    schema::check(&mut tx, schema).await.map_err(|error| Problem::outdated(&error))?;
    let worker = service::heartbeat(&mut tx).await?;
    let worker = worker.filter(|at| app.now() - *at <= aftercare_core::course::Outage::SILENCE);
    let worker = worker.ok_or_else(|| Problem::unavailable("no worker is alive: run `aftercare work`"))?;
    Ok(Json(Readiness { status: "ready", database: app.store.engine_name(), schema, worker }))
}

/// Public keys of access tokens (RFC 7517)
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "Operations", responses((status = 200, body = Object)))]
pub async fn jwks(State(app): State<App>) -> Json<serde_json::Value> {
    Json(app.tokens.jwks())
}

/// What the service's clock shows.
#[derive(Serialize, ToSchema)]
pub struct ClockView {
    /// Now.
    #[schema(value_type = String, format = DateTime)]
    now: Instant,
}

/// How far to move the clock.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    /// Weeks, days, hours, minutes, seconds: `1d2h`, `30m`. At most 400 days.
    #[schema(example = "1d2h")]
    advance: String,
    /// As if nobody had been there meanwhile: nothing is worked off on the way, and more than three minutes are an
    /// outage.
    #[serde(default)]
    asleep: bool,
}

/// Read the test clock
///
/// Profile `dev` only.
#[utoipa::path(get, path = "/api/dev/clock/", tag = "Operations", responses((status = 200, body = ClockView), (status = 404, body = Problem)))]
pub async fn read_clock(State(app): State<App>) -> Result<Json<ClockView>, Problem> {
    if app.clock_moves { Ok(Json(ClockView { now: app.now() })) } else { Err(Problem::not_found()) }
}

/// Move the test clock
///
/// Forward, and returns when everything that fell due on the way has been worked off.
#[utoipa::path(post, path = "/api/dev/clock/", tag = "Operations", request_body = Advance, responses(
    (status = 200, body = ClockView), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn move_clock(
    State(app): State<App>,
    Json(body): Json<Advance>,
) -> Result<Json<ClockView>, Problem> {
    if !app.clock_moves {
        return Err(Problem::not_found());
    }
    let by = parse_span(&body.advance).filter(|by| *by <= Span::from_days(400)).ok_or_else(|| {
        Problem::invalid_field("/advance", "must be such as \"1d2h\" or \"30m\", at most 400 days")
    })?;
    let moved = if body.asleep { engine::sleep(&app, by).await? } else { engine::leap(&app, by).await? };
    Ok(Json(ClockView { now: moved }))
}

/// `1d2h` and the like.
fn parse_span(text: &str) -> Option<Span> {
    let (mut total, mut number) = (0_i64, None::<i64>);
    for c in text.trim().chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(digit))?);
            continue;
        }
        let seconds = match c {
            'w' => 604_800,
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(seconds)?)?;
    }
    (number.is_none() && total > 0).then(|| Span::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_or_refused() {
        assert_eq!(parse_span("1d2h"), Some(Span::from_hours(26)));
        assert_eq!(parse_span("30m15s"), Some(Span::from_secs(1815)));
        for text in ["", "1", "d", "1x", "-1d", "1.5h", "99999999999999999999d", "0d"] {
            assert_eq!(parse_span(text), None, "{text}");
        }
    }
}
