//! `/api/me/state/`: what a person's devices remember, sealed by them: whom they know, and by which keys.

use super::{actor::Account, json::Json, problem::Problem};
use crate::app::App;
use aftercare_seal::bytes::{Base64, encode};
use aftercare_store::device_state::{self, DeviceState};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest sealed state, in bytes: some 500 people with their keys.
const LONGEST: usize = 64 * 1024;

/// What was kept last.
#[derive(Serialize, ToSchema)]
pub struct StateView {
    /// Counts what was kept; 0: nothing was.
    n: i64,
    /// The epoch of the account's root key it is sealed under.
    epoch: i32,
    /// Sealed by the device that kept it, base64url; null: nothing was kept.
    sealed: Option<String>,
}

impl From<Option<DeviceState>> for StateView {
    fn from(state: Option<DeviceState>) -> Self {
        state.map_or(Self { n: 0, epoch: 0, sealed: None }, |DeviceState { n, epoch, sealed }| Self {
            n,
            epoch,
            sealed: Some(encode(&sealed)),
        })
    }
}

/// Read what one's devices remember
///
/// A device that is signed in to for the first time knows then whom the others know, and by which keys: nobody
/// can be slipped in as somebody new.
#[utoipa::path(get, path = "/api/me/state/", tag = "Keys", security(("bearer" = [])), responses((status = 200, body = StateView)))]
pub async fn read_state(State(app): State<App>, Account(actor): Account) -> Result<Json<StateView>, Problem> {
    let mut tx = app.store.peek().await?;
    Ok(Json(device_state::get(&mut tx, actor.id).await?.into()))
}

/// What is to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// One more than what was kept last.
    #[schema(minimum = 1)]
    n: i64,
    /// The epoch of the account's root key it is sealed under.
    #[schema(minimum = 1)]
    epoch: i32,
    /// `nonce12 ‖ AES-256-GCM(HKDF(ARK, "aftercare/v1/state"), LE32 length ‖ state ‖ zeros to 256)`, bound to
    /// `PAE("aftercare/v1/state", user_id, LE32 epoch, LE64 n)`; base64url, at most 64 KiB.
    #[schema(value_type = String)]
    sealed: Base64,
}

/// Keep what one's devices remember
#[utoipa::path(put, path = "/api/me/state/", tag = "Keys", security(("bearer" = [])), request_body = Keep, responses(
    (status = 200, body = StateView),
    (status = 409, description = "`changed_meanwhile`: another device has kept something; read it, and lay yours over it", body = Problem)))]
pub async fn keep_state(
    State(app): State<App>,
    Account(actor): Account,
    Json(body): Json<Keep>,
) -> Result<Json<StateView>, Problem> {
    let Keep { n, epoch, sealed: Base64(sealed) } = body;
    if sealed.len() > LONGEST {
        return Err(Problem::invalid_field("/sealed", "must be at most 64 KiB"));
    }
    if n < 1 || epoch < 1 {
        return Err(Problem::invalid_field(if n < 1 { "/n" } else { "/epoch" }, "counts from 1"));
    }
    let state = DeviceState { n, epoch, sealed };
    let mut tx = app.store.write().await?;
    if !device_state::put(&mut tx, actor.id, &state).await? {
        return Err(Problem::conflict(
            "changed_meanwhile",
            "another device has kept something; read it, and lay yours over it",
        ));
    }
    tx.commit().await?;
    Ok(Json(Some(state).into()))
}
