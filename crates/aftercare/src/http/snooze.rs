//! `POST /api/reminders/{id}/snooze/`: later.

use super::{
    actor::Patient,
    check_in::find,
    json::{Id, Json},
    problem::{Problem, transact},
};
use crate::app::App;
use aftercare_core::{
    id::{ReminderId, StepId, UserId},
    instant::{Instant, Span},
};
use aftercare_store::{
    Tx,
    due::{self, Wake},
    open_reminder, person_lock,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// When to be told again: one of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    /// In so many minutes.
    #[schema(minimum = 1, maximum = 1440, example = 15)]
    minutes: Option<i64>,
    /// At an instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
}

/// What was put off.
#[derive(Serialize, ToSchema)]
pub struct Snoozed {
    /// The reminder.
    #[schema(value_type = Uuid)]
    reminder_id: ReminderId,
    /// It is said again then, as if for the first time, and can be answered before.
    #[schema(value_type = String, format = DateTime)]
    snoozed_until: Instant,
}

/// Be told later
///
/// Nothing but the messages waits: when it is due, and until when it is open, stays as it is.
#[utoipa::path(post, path = "/api/reminders/{id}/snooze/", tag = "Reminders and check-ins", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = Snooze, responses(
    (status = 200, body = Snoozed), (status = 404, body = Problem),
    (status = 409, description = "`not_open`: it is not due, or answered, or closed", body = Problem), (status = 422, body = Problem)))]
pub async fn snooze(
    State(app): State<App>,
    Patient(actor): Patient,
    Id(id): Id<ReminderId>,
    Json(body): Json<Snooze>,
) -> Result<Json<Snoozed>, Problem> {
    let until = transact!({
        let mut tx = app.store.write().await?;
        person_lock::lock(&mut tx, actor.id).await?;
        let now = app.now();
        let until = match (body.minutes, body.until) {
            (Some(minutes @ 1..=1440), None) => now + Span::from_minutes(minutes),
            (None, Some(until)) if until > now => until,
            (None, Some(_)) => return Err(Problem::invalid_field("/until", "must be later than now")),
            _ => return Err(Problem::invalid_field("/minutes", "give 1 to 1440 minutes, or `until` alone")),
        };
        let (step, ordinal) = find(&mut tx, &actor, id).await?;
        let field = if body.until.is_some() { "/until" } else { "/minutes" };
        put_off(&mut tx, (actor.id, step, ordinal), until, now, field).await?;
        tx.commit().await?;
        Ok(until)
    })?;
    app.stir(actor.id);
    Ok(Json(Snoozed { reminder_id: id, snoozed_until: until }))
}

/// Has what is open of a step said again at an instant; the person is locked. `field` is what the instant came from.
pub(super) async fn put_off(
    tx: &mut Tx,
    (patient, step, ordinal): (UserId, StepId, u32),
    until: Instant,
    now: Instant,
    field: &str,
) -> Result<(), Problem> {
    let open = open_reminder::of_step(tx, patient, step).await?;
    let open = open.filter(|open| open.ordinal == ordinal && open.open.closes_at > now);
    let not_open = || Problem::conflict("not_open", "it is not due, or answered already, or closed");
    let open = open.ok_or_else(not_open)?;
    if until >= open.open.closes_at {
        let detail = format!("must be before {}, when this closes", open.open.closes_at);
        return Err(Problem::invalid_field(field, detail));
    }
    open_reminder::snooze(tx, patient, step, ordinal, Some(until)).await?;
    Ok(due::insert(tx, Wake::person(patient, until)).await?)
}
