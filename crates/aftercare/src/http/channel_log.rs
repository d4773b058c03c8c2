//! `/api/channels/{id}/log/`: what went to a channel in the last thirty days; programs can have it again.

use super::{
    actor::Actor,
    channels::CODES,
    json::{Id, Json, Params},
    problem::Problem,
};
use crate::{
    app::App,
    delivery::{Outcome, sender},
    limits,
};
use aftercare_core::{
    id::{ChannelId, DeliveryId},
    instant::Instant,
};
use aftercare_store::{
    channel::{self, ChannelKind},
    delivery::{self, Delivery, DeliveryKind, DeliveryState},
};
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A message that went to a channel, or was to go.
#[derive(Serialize, ToSchema)]
pub struct Logged {
    /// Stays the same when it is tried again: webhooks carry it as `webhook-id`.
    #[schema(value_type = Uuid)]
    id: DeliveryId,
    /// `reminder`, `plan_changed`, `clear`, `switched`, `code` or `test`.
    #[schema(value_type = String)]
    kind: DeliveryKind,
    /// When it was decided.
    #[schema(value_type = String, format = DateTime)]
    said_at: Instant,
    /// The time it carries.
    #[schema(value_type = String, format = DateTime)]
    due_at: Instant,
    /// `waiting`, `handed`, `dropped` (it was not true any more) or `failed`.
    #[schema(value_type = String)]
    state: DeliveryState,
    /// How often it was not taken.
    attempts: i16,
    /// When it was handed over.
    #[schema(value_type = Option<String>, format = DateTime)]
    handed_at: Option<Instant>,
    /// When a device said that it was shown.
    #[schema(value_type = Option<String>, format = DateTime)]
    reached_at: Option<Instant>,
    /// Why it was not taken, the last time.
    fault: Option<String>,
}

impl From<Delivery> for Logged {
    fn from(one: Delivery) -> Self {
        let Delivery { id, kind, said_at, due_at, state, attempts, handed_at, reached_at, fault, .. } = one;
        Self { id, kind, said_at, due_at, state, attempts, handed_at, reached_at, fault }
    }
}

/// What went to a channel.
#[derive(Serialize, ToSchema)]
pub struct ChannelLog {
    /// Newest first.
    items: Vec<Logged>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// Which part of it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// At most so many, 1 to 200 (50).
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// From the page before.
    #[param(value_type = Option<Uuid>)]
    cursor: Option<DeliveryId>,
}

/// Read what went to a channel
///
/// Of the last thirty days: whether it was handed over, and why not.
#[utoipa::path(get, path = "/api/channels/{id}/log/", tag = "Channels", security(("bearer" = [])), params(("id" = Uuid, Path), Part), responses(
    (status = 200, body = ChannelLog), (status = 404, body = Problem)))]
pub async fn channel_log(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id<ChannelId>,
    Params(part): Params<Part>,
) -> Result<Json<ChannelLog>, Problem> {
    let limit = part.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::invalid_field("?limit", "must be 1 to 200"));
    }
    let mut tx = app.store.read().await?;
    channel::get(&mut tx, actor.id, id).await?.ok_or_else(Problem::not_found)?;
    let mut found = delivery::of_channel(&mut tx, actor.id, id, part.cursor, limit + 1).await?;
    let more = found.len() > usize::try_from(limit).unwrap_or(0);
    found.truncate(usize::try_from(limit).unwrap_or(0));
    let next_cursor = found.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(ChannelLog { items: found.into_iter().map(Logged::from).collect(), next_cursor }))
}

/// What came of sending it again.
#[derive(Serialize, ToSchema)]
pub struct Replayed {
    /// Whether the program took it.
    taken: bool,
    /// Why not.
    fault: Option<String>,
}

/// Send a message to a program again
///
/// For webhooks: the same message under the same `webhook-id`, signed anew, for a program that has lost it. People are
/// never told again of what is over.
#[utoipa::path(post, path = "/api/channels/{id}/log/{message}/replay/", tag = "Channels", security(("bearer" = [])), params(("id" = Uuid, Path), ("message" = Uuid, Path)), responses(
    (status = 200, body = Replayed), (status = 404, body = Problem), (status = 409, description = "`not_replayable`: it is for people", body = Problem), (status = 429, body = Problem)))]
pub async fn replay(
    State(app): State<App>,
    actor: Actor,
    Path((id, message)): Path<(String, String)>,
) -> Result<Json<Replayed>, Problem> {
    let named = id.parse().ok().zip(message.parse().ok());
    let (id, message): (ChannelId, DeliveryId) = named.ok_or_else(Problem::not_found)?;
    let mut tx = app.store.write().await?;
    let found = channel::get(&mut tx, actor.id, id).await?.ok_or_else(Problem::not_found)?;
    let one = delivery::get(&mut tx, actor.id, message).await?.filter(|one| one.channel_id == id);
    let one = one.ok_or_else(Problem::not_found)?;
    if found.kind != ChannelKind::Webhook {
        return Err(Problem::conflict(
            "not_replayable",
            "this goes to people, who are told what is true now",
        ));
    }
    let refused = limits::few(&app, &mut tx, "channel-test", actor.id, CODES).await?;
    tx.commit().await?;
    refused.map_or(Ok(()), Err)?;
    let outcome = sender::send_one(&app, &found, &one).await?;
    sender::settle_test(&app, &found, &one, &outcome).await?;
    let fault = match outcome {
        Outcome::Handed { .. } => None,
        Outcome::Later { fault, .. } | Outcome::Failed(fault) | Outcome::Gone(fault) => Some(fault),
    };
    Ok(Json(Replayed { taken: fault.is_none(), fault }))
}
