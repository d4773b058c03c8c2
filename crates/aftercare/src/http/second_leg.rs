//! The second leg of signing in or recovering with keys on a device: the account signs what the service asks.

use super::{
    cookie::Cookie,
    json::Json,
    keys::BundleView,
    login::invalid_credentials,
    problem::Problem,
    session::{Holder, Tokens, begin, device},
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    keyring::Epoch,
};
use aftercare_core::{id::UserId, instant::Span};
use aftercare_seal::{Bytes, bundle::Bundle, bytes::random, challenge::Challenge};
use aftercare_store::{
    Tx,
    account::{self, Person},
    login_attempt::{self, Purpose},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An attempt is to be finished within this.
const UNFINISHED: Span = Span::from_minutes(2);

/// What an account is to sign.
#[derive(Serialize, ToSchema)]
pub struct ToSign {
    /// The attempt; good for two minutes.
    pub(super) login_id: Uuid,
    /// Who asks: part of what is signed.
    pub(super) issuer: String,
    /// 32 bytes, base64url.
    #[schema(value_type = String)]
    pub(super) nonce: Bytes<32>,
    /// The account's root key under the password, the recovery code, or the passkey's PRF output: 62 bytes, base64url.
    #[schema(value_type = String)]
    pub(super) wrapped: Bytes<62>,
    /// The account's public keys. They must be those of the root key.
    pub(super) bundle: BundleView,
}

/// Begins an attempt that is to be signed: its id, and what makes the signature one for this time.
pub(super) async fn begin_attempt(
    app: &App,
    tx: &mut Tx,
    bundle: &Bundle,
    purpose: Purpose,
    amr: &str,
) -> Result<(Uuid, Bytes<32>), Problem> {
    let now = app.clock.wall();
    let nonce = Bytes::<32>(random(&mut app.random.rng()));
    let id: Uuid = app.random.id(now);
    let attempt = login_attempt::Attempt {
        id,
        user_id: UserId(Uuid::from_bytes(bundle.user_id.0)),
        purpose,
        nonce: nonce.0.to_vec(),
        amr: amr.to_owned(),
        expires_at: now + UNFINISHED,
    };
    login_attempt::insert(tx, &attempt).await?;
    Ok((id, nonce))
}

/// The same, with the root key as it is wrapped for whoever begins it.
pub(super) async fn to_sign(
    app: &App,
    tx: &mut Tx,
    bundle: &Bundle,
    purpose: Purpose,
    amr: &str,
    wrapped: Bytes<62>,
) -> Result<ToSign, Problem> {
    let (login_id, nonce) = begin_attempt(app, tx, bundle, purpose, amr).await?;
    let bundle = BundleView::of(bundle);
    Ok(ToSign { login_id, issuer: app.config.issuer(), nonce, wrapped, bundle })
}

/// A signed attempt.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Finish {
    /// As `/api/login/` gave it.
    login_id: Uuid,
    /// Ed25519 by the account's key, 64 bytes, base64url.
    #[schema(value_type = String)]
    sig: Bytes<64>,
}

/// Finish signing in
///
/// The account signs `PAE("aftercare/v1/login", issuer, login_id, nonce)` with the key that only the
/// password opens: a stolen `auth_key` gets no session.
#[utoipa::path(post, path = "/api/login/finish/", tag = "Accounts", request_body = Finish, responses(
    (status = 200, body = Tokens), (status = 401, description = "`invalid_credentials`", body = Problem)))]
pub async fn finish(
    State(app): State<App>,
    headers: HeaderMap,
    cookie: Cookie,
    Json(body): Json<Finish>,
) -> Result<Response, Problem> {
    let mut tx = app.store.write().await?;
    let signed = signed(&app, &mut tx, body.login_id, Purpose::SignIn, &body.sig).await?;
    let tokens = match signed {
        Some((person, amr)) => {
            Some(begin(&app, &mut tx, person, Holder::Sealed, &amr, device(&headers)).await?)
        }
        None => None,
    };
    tx.commit().await?;
    tokens.map(|tokens| cookie.give(&app, tokens)).ok_or_else(invalid_credentials)
}

/// Whose attempt was signed, if it was. It is used up either way: commit.
pub(super) async fn signed(
    app: &App,
    tx: &mut Tx,
    login_id: Uuid,
    purpose: Purpose,
    sig: &Bytes<64>,
) -> Result<Option<(Person, String)>, Problem> {
    let attempt = login_attempt::take(tx, login_id, purpose, app.clock.wall()).await?;
    let Some(attempt) = attempt else { return Ok(None) };
    let Some((person, opener)) = account::opener(tx, attempt.user_id).await? else { return Ok(None) };
    let keys = Epoch::read(person.id, &opener.bundle)?.bundle;
    let issuer = app.config.issuer();
    let nonce = Bytes::try_from(attempt.nonce.as_slice())?;
    let challenge = Challenge { issuer: &issuer, login_id: Bytes(*login_id.as_bytes()), nonce };
    if challenge.verify(&keys, sig).is_ok() {
        return Ok(Some((person, attempt.amr)));
    }
    audit::record(app, tx, Event::own(person.id, Action::SignInFailed).anonymous()).await?;
    Ok(None)
}
