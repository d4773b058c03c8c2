//! `POST /api/channels/{id}/test/`: how far a message comes.

use super::{
    actor::Actor,
    channels::{CODES, about},
    json::{Id, Json},
    problem::Problem,
};
use crate::{
    app::App,
    delivery::{Outcome, sender, web_push},
    limits,
};
use aftercare_core::id::ChannelId;
use aftercare_seal::bytes::encode;
use aftercare_store::{
    channel::{self, ChannelKind, ChannelState},
    delivery::{self, DeliveryKind},
};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// One stage of a test.
#[derive(Serialize, ToSchema)]
pub struct Stage {
    /// `confirmed`, `handed`, `shown`.
    #[serde(rename = "stage")]
    name: &'static str,
    /// Null: not known yet.
    ok: Option<bool>,
    /// What was found.
    detail: String,
}

/// What a test has found.
#[derive(Serialize, ToSchema)]
pub struct Tested {
    /// In their order; after one that failed there are no more.
    stages: Vec<Stage>,
}

/// Test a channel
///
/// Sends a message that says it is a test, and tells how far it came. A browser tells later that it was shown:
/// then `reached_at` of the channel moves.
#[utoipa::path(post, path = "/api/channels/{id}/test/", tag = "Channels", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 200, body = Tested), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub async fn test_channel(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id<ChannelId>,
) -> Result<Json<Tested>, Problem> {
    let mut tx = app.store.write().await?;
    let found = channel::get(&mut tx, actor.id, id).await?.ok_or_else(Problem::not_found)?;
    let refused = limits::few(&app, &mut tx, "channel-test", actor.id, CODES).await?;
    let confirmed = found.state != ChannelState::Unconfirmed;
    let mut stages = vec![Stage {
        name: "confirmed",
        ok: Some(confirmed),
        detail: if confirmed { "this is yours" } else { "give the code that went there first" }.to_owned(),
    }];
    let one = about(&app, &found, DeliveryKind::Test);
    if confirmed && refused.is_none() {
        delivery::insert_handed(&mut tx, &one).await?;
    }
    tx.commit().await?;
    refused.map_or(Ok(()), Err)?;
    if confirmed {
        let outcome = sender::send_one(&app, &found, &one).await?;
        stages.extend(told(&outcome, found.kind));
        sender::settle_test(&app, &found, &one, &outcome).await?;
    }
    Ok(Json(Tested { stages }))
}

fn told(outcome: &Outcome, kind: ChannelKind) -> Vec<Stage> {
    let handed = |ok, detail: &str| Stage { name: "handed", ok: Some(ok), detail: detail.to_owned() };
    match outcome {
        Outcome::Handed { .. } => {
            let taken = handed(true, "the other side took it");
            let waits = sender::is_acknowledged(kind);
            let detail = if waits { "the device has not said so yet" } else { "nobody will say so" };
            vec![taken, Stage { name: "shown", ok: None, detail: detail.to_owned() }]
        }
        Outcome::Later { fault, .. } | Outcome::Failed(fault) | Outcome::Gone(fault) => {
            vec![handed(false, fault)]
        }
    }
}

/// The key that browsers subscribe with.
#[derive(Serialize, ToSchema)]
pub struct PushKeyView {
    /// `applicationServerKey`: 65 bytes, base64url.
    key: String,
}

/// Read the key that browsers subscribe with
#[utoipa::path(get, path = "/api/push-key/", tag = "Channels", responses((status = 200, body = PushKeyView)))]
pub async fn push_key(State(app): State<App>) -> Result<Json<PushKeyView>, Problem> {
    let key = app.push_key.get_or_try_init(|| web_push::key(&app)).await.map_err(Problem::internal)?;
    Ok(Json(PushKeyView { key: encode(&key.public()?.0) }))
}
