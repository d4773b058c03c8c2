//! `/api/device-links/`: a new device is handed the root key by one that its owner has: it shows a code with its public
//! keys' id, the other looks at it. The service carries what is sealed, and learns nothing.

use super::{
    actor::Account,
    context::Network,
    json::{Id, Json},
    keys::BundleView,
    problem::{Problem, transact},
    second_leg::begin_attempt,
};
use crate::{app::App, keyring::History, limits};
use aftercare_core::instant::{Instant, Span};
use aftercare_seal::{bundle::Bundle, link::Handed};
use aftercare_store::{device_link, login_attempt::Purpose, throttle};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A new device waits for so long.
const WAITS: Span = Span::from_minutes(5);
const HOUR: Span = Span::from_hours(1);

/// A new device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// Public keys that it has just made, for this one time: those of nobody (16 zero bytes), epoch 1.
    #[schema(value_type = Object)]
    bundle: Bundle,
}

/// A new device that waits.
#[derive(Serialize, ToSchema)]
pub struct Link {
    /// Shown on the new device beside the id of its keys.
    id: Uuid,
    /// After this it waits no more.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
}

/// Begin as a new device
///
/// It shows the answer's `id` and its keys' id, as a code for a camera, to a device of the same person.
#[utoipa::path(post, path = "/api/device-links/", tag = "Accounts", request_body = NewDevice, responses(
    (status = 201, body = Link), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn begin_link(
    State(app): State<App>,
    network: Network,
    Json(body): Json<NewDevice>,
) -> Result<(StatusCode, Json<Link>), Problem> {
    body.bundle.verify().map_err(|_| Problem::invalid_field("/bundle", "its signature does not verify"))?;
    let now = app.clock.wall();
    let id: Uuid = app.random.id(now);
    let bundle = serde_json::to_string(&body.bundle).map_err(Problem::internal)?;
    let mut tx = app.store.write().await?;
    let scope = app.master.digest("throttle", &[b"device-link", limits::subscriber(network.0).as_bytes()]).0;
    let (tries, since) = throttle::count(&mut tx, &scope, HOUR, now).await?;
    if tries > i64::from(app.config.limits.sign_ups_per_address) {
        return Err(Problem::too_many(since + HOUR - now, "from this network address"));
    }
    device_link::insert(&mut tx, id, &bundle, now + WAITS).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(Link { id, expires_at: now + WAITS })))
}

/// What a new device is answered: as `/api/login/` answers, but that the root key is sealed to the device.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Handing {
    /// HPKE, base64url: `enc` of 1120 bytes, `ct` of 48, the root key within.
    #[schema(value_type = Object)]
    handed: Handed,
    /// Give it back to `/api/login/finish/`.
    login_id: Uuid,
    /// Who asks: part of what is signed.
    issuer: String,
    /// 32 bytes, base64url.
    nonce: String,
    /// The account's public keys. They must be those of the root key.
    #[schema(value_type = Object)]
    bundle: serde_json::Value,
}

/// How a new device stands.
#[derive(Serialize, ToSchema)]
pub struct LinkView {
    /// Its public keys.
    #[schema(value_type = Object)]
    bundle: Bundle,
    /// Null: nobody has handed it anything yet. It is good for one sign-in.
    answer: Option<Handing>,
}

/// See how a new device stands
///
/// For both: the one that waits, and the one that is to hand it the key.
#[utoipa::path(get, path = "/api/device-links/{id}/", tag = "Accounts", params(("id" = Uuid, Path)), responses(
    (status = 200, body = LinkView), (status = 404, body = Problem)))]
pub async fn read_link(State(app): State<App>, Id(id): Id<Uuid>) -> Result<Json<LinkView>, Problem> {
    let mut tx = app.store.peek().await?;
    let found = device_link::get(&mut tx, id, app.clock.wall()).await?;
    drop(tx);
    let (bundle, answer) = found.ok_or_else(Problem::not_found)?;
    let bundle = serde_json::from_str(&bundle).map_err(Problem::internal)?;
    let answer: Option<Handing> =
        answer.map(|answer| serde_json::from_str(&answer)).transpose().map_err(Problem::internal)?;
    Ok(Json(LinkView { bundle, answer }))
}

/// The root key for a new device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hand {
    /// Sealed to the new device's keys, once their id is the one that was seen on its screen.
    #[schema(value_type = Object)]
    handed: Handed,
}

/// Hand a new device the root key
///
/// Asks for a sign-in of the last five minutes. The new device is signed in when it has signed with the key.
#[utoipa::path(post, path = "/api/device-links/{id}/answer/", tag = "Accounts", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = Hand, responses(
    (status = 204), (status = 401, description = "`step_up_required`", body = Problem), (status = 404, body = Problem),
    (status = 422, body = Problem)))]
pub async fn answer_link(
    State(app): State<App>,
    Account(actor): Account,
    Id(id): Id<Uuid>,
    Json(body): Json<Hand>,
) -> Result<StatusCode, Problem> {
    actor.signed_in_recently(&app)?;
    transact!({
        let mut tx = app.store.write().await?;
        let keys = History::load(&mut tx, actor.id).await?;
        let (login_id, nonce) = begin_attempt(&app, &mut tx, keys.current(), Purpose::SignIn, "pop").await?;
        let answer = Handing {
            handed: body.handed.clone(),
            login_id,
            issuer: app.config.issuer(),
            nonce: aftercare_seal::bytes::encode(&nonce.0),
            bundle: serde_json::to_value(BundleView::of(keys.current())).map_err(Problem::internal)?,
        };
        let answer = serde_json::to_string(&answer).map_err(Problem::internal)?;
        if !device_link::answer(&mut tx, id, &answer, app.clock.wall()).await? {
            return Err(Problem::not_found());
        }
        tx.commit().await?;
        Ok(())
    })?;
    Ok(StatusCode::NO_CONTENT)
}
