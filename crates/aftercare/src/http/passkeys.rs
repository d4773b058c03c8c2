//! One's own passkeys: list, make, rename, remove; and signing in with one alone.

use super::{
    actor::{Account, Actor, BY_PASSKEY},
    context::Network,
    json::{Id, Json},
    login::invalid_credentials,
    passkey::{Created, Shown, creation_options, failed, request_options},
    person::{email_of, person},
    problem::Problem,
    second_factor::removed,
    second_leg::{ToSign, to_sign},
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    keyring::History,
    limits,
};
use aftercare_core::{instant::Instant, people};
use aftercare_seal::{Bytes, wrap::Slot};
use aftercare_store::{
    StoreError, Tx, account,
    login_attempt::Purpose,
    passkey::{self, Passkey},
    person_lock,
};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// More than anybody has devices.
const MOST: usize = 20;
const LONGEST_NAME: usize = 60;

/// A passkey of one's own.
#[derive(Serialize, ToSchema)]
pub struct PasskeyView {
    /// `UUIDv7`.
    id: Uuid,
    /// What its owner calls it.
    name: String,
    /// Whether it opens the account by itself; else it is asked for beside the password.
    opens_account: bool,
    /// Whether it may be on several devices of its owner.
    synced: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// When it was shown last.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Instant>,
}

impl PasskeyView {
    /// Of a passkey.
    pub(super) fn of(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name.clone(),
            opens_account: passkey.wrapped.is_some(),
            synced: passkey.synced,
            created_at: passkey.created_at,
            used_at: passkey.used_at,
        }
    }
}

/// What a browser is to be asked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`. Its PRF
    /// extension gives the key that the root key may be wrapped under (slot 3).
    #[schema(value_type = Object)]
    public_key: Value,
}

/// Begin to make a passkey
///
/// The browser is asked with the answer; what it gives goes to `/api/mfa/passkeys/confirm/` within five
/// minutes.
#[utoipa::path(post, path = "/api/mfa/passkeys/", tag = "Accounts", security(("bearer" = [])), responses(
    (status = 200, body = Options), (status = 401, description = "`step_up_required`", body = Problem),
    (status = 409, description = "`too_many` or `no_host_name`", body = Problem)))]
pub async fn begin_passkey(
    State(app): State<App>,
    Account(actor): Account,
) -> Result<Json<Options>, Problem> {
    actor.signed_in_recently(&app)?;
    let mut tx = app.store.read().await?;
    let there = passkey::list(&mut tx, actor.id).await?;
    if there.len() >= MOST {
        return Err(Problem::conflict("too_many", format!("at most {MOST} passkeys; remove one first")));
    }
    let person = person(&mut tx, actor.id).await?;
    let email = email_of(&app, &person)?;
    let public_key = creation_options(&app, actor.id, (&person.name, &email), &there)?;
    Ok(Json(Options { public_key }))
}

/// A new passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    /// As the browser gave it.
    credential: Created,
    /// What to call it, at most 60 characters.
    #[schema(example = "My phone")]
    name: String,
    /// The root key under the passkey's PRF output (slot 3), 62 bytes, base64url: with it the passkey opens
    /// the account by itself.
    #[schema(value_type = Option<String>)]
    wrapped: Option<Bytes<62>>,
}

fn name(text: &str) -> Result<String, Problem> {
    let name = people::about(text, LONGEST_NAME).map_err(|error| Problem::invalid_field("/name", error))?;
    if name.is_empty() { Err(Problem::invalid_field("/name", "must not be empty")) } else { Ok(name) }
}

/// Puts a wrapped root key under the outer layer.
async fn seal(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    id: Uuid,
    blob: &Bytes<62>,
) -> Result<(Vec<u8>, i32), Problem> {
    if blob.0[..2] != [1, Slot::Passkey.number()] {
        return Err(Problem::invalid_field("/wrapped", "is not a root key under slot 3"));
    }
    let epoch = History::load(tx, actor.id).await?.current().epoch;
    let epoch = i32::try_from(epoch).map_err(Problem::internal)?;
    let row = Bytes(*id.as_bytes());
    Ok((app.master.seal_column("passkey", row, b"wrapped", &blob.0, &mut app.random.rng()), epoch))
}

/// Finish making a passkey
///
/// From now on each sign-in asks for it, or for a one-time code where those are set up.
#[utoipa::path(post, path = "/api/mfa/passkeys/confirm/", tag = "Accounts", security(("bearer" = [])), request_body = NewPasskey, responses(
    (status = 201, body = PasskeyView), (status = 401, description = "`step_up_required`", body = Problem),
    (status = 409, description = "`already_set_up`, `too_many` or `no_host_name`", body = Problem), (status = 422, body = Problem)))]
pub async fn confirm_passkey(
    State(app): State<App>,
    Account(actor): Account,
    Json(body): Json<NewPasskey>,
) -> Result<(StatusCode, Json<PasskeyView>), Problem> {
    actor.signed_in_recently(&app)?;
    let name = name(&body.name)?;
    let made = body.credential.check(&app, actor.id)?;
    let (algorithm, public_key) = made.key.parts();
    let now = app.now();
    let mut passkey = Passkey {
        id: app.random.id(now),
        credential_id: made.id,
        algorithm,
        public_key: public_key.to_vec(),
        signed: i64::from(made.count),
        synced: made.synced,
        name,
        wrapped: None,
        created_at: now,
        used_at: None,
    };
    let mut tx = app.store.write().await?;
    person_lock::lock(&mut tx, actor.id).await?;
    if passkey::list(&mut tx, actor.id).await?.len() >= MOST {
        return Err(Problem::conflict("too_many", format!("at most {MOST} passkeys; remove one first")));
    }
    if let Some(blob) = &body.wrapped {
        passkey.wrapped = Some(seal(&app, &mut tx, &actor, passkey.id, blob).await?);
    }
    match passkey::insert(&mut tx, actor.id, &passkey).await {
        Err(StoreError::Taken(_)) => {
            return Err(Problem::conflict("already_set_up", "this account has this passkey already"));
        }
        done => done?,
    }
    audit::record(&app, &mut tx, Event::own(actor.id, Action::FactorAdded).with("passkey")).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(PasskeyView::of(&passkey))))
}

/// What to change about a passkey; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasskey {
    /// What to call it, at most 60 characters.
    name: Option<String>,
    /// The root key under its PRF output (slot 3), 62 bytes, base64url. Many authenticators give that
    /// output only when a passkey is shown.
    #[schema(value_type = Option<String>)]
    wrapped: Option<Bytes<62>>,
}

/// Rename a passkey, or let it open the account
#[utoipa::path(patch, path = "/api/mfa/passkeys/{id}/", tag = "Accounts", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = ChangePasskey, responses(
    (status = 200, body = PasskeyView), (status = 401, description = "`step_up_required`", body = Problem),
    (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change_passkey(
    State(app): State<App>,
    Account(actor): Account,
    Id(id): Id<Uuid>,
    Json(body): Json<ChangePasskey>,
) -> Result<Json<PasskeyView>, Problem> {
    actor.signed_in_recently(&app)?;
    let mut tx = app.store.write().await?;
    person_lock::lock(&mut tx, actor.id).await?;
    let mut all = passkey::list(&mut tx, actor.id).await?.into_iter();
    let mut passkey = all.find(|one| one.id == id).ok_or_else(Problem::not_found)?;
    if let Some(text) = &body.name {
        passkey.name = name(text)?;
    }
    if let Some(blob) = &body.wrapped {
        passkey.wrapped = Some(seal(&app, &mut tx, &actor, id, blob).await?);
    }
    passkey::update(&mut tx, actor.id, &passkey).await?;
    tx.commit().await?;
    Ok(Json(PasskeyView::of(&passkey)))
}

/// Remove a passkey
#[utoipa::path(delete, path = "/api/mfa/passkeys/{id}/", tag = "Accounts", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401, description = "`step_up_required`", body = Problem), (status = 404, body = Problem),
    (status = 409, description = "`password_short`: it is enough only with a second factor", body = Problem)))]
pub async fn remove_passkey(
    State(app): State<App>,
    Account(actor): Account,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Problem> {
    actor.signed_in_recently(&app)?;
    let mut tx = app.store.write().await?;
    if !passkey::delete(&mut tx, actor.id, id).await? {
        return Err(Problem::not_found());
    }
    removed(&app, &mut tx, &actor, "passkey").await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begin to show a passkey
///
/// For `/api/login/passkey/`, or for `passkey` beside a password; good once, for five minutes. Names
/// nobody.
#[utoipa::path(post, path = "/api/auth/passkey/", tag = "Accounts", responses(
    (status = 200, body = Options), (status = 409, description = "`no_host_name`", body = Problem)))]
pub async fn ask_for_passkey(State(app): State<App>) -> Result<Json<Options>, Problem> {
    Ok(Json(Options { public_key: request_options(&app)? }))
}

/// A passkey that was shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithPasskey {
    /// As the browser gave it.
    credential: Shown,
}

/// Sign in with a passkey alone
///
/// With one that opens the account. The answer is what the account is to sign at `/api/login/finish/`;
/// its root key is under the passkey's PRF output.
#[utoipa::path(post, path = "/api/login/passkey/", tag = "Accounts", request_body = WithPasskey, responses(
    (status = 200, body = ToSign), (status = 401, description = "`invalid_credentials`", body = Problem),
    (status = 429, description = "`too_many_requests`", body = Problem),
    (status = 409, description = "`passkey_opens_nothing`: sign in with the password, and show it beside; `no_host_name`", body = Problem)))]
pub async fn log_in_with_passkey(
    State(app): State<App>,
    network: Network,
    Json(body): Json<WithPasskey>,
) -> Result<Json<ToSign>, Problem> {
    body.credential.keeps_its_key("/credential")?;
    let user = body.credential.user().filter(|_| body.credential.is_fresh(&app));
    let user = user.ok_or_else(invalid_credentials)?;
    let mut tx = app.store.read().await?;
    limits::strangers(&app, &mut tx, network.0).await?.map_or(Ok(()), Err)?;
    if account::get(&mut tx, user).await?.is_none() {
        return Err(invalid_credentials());
    }
    drop(tx);
    let mut tx = app.store.write().await?;
    let Some(passkey) = body.credential.check(&app, &mut tx, user).await? else {
        limits::stranger_failed(&app, &mut tx, network.0).await?;
        failed(&app, &mut tx, user).await?;
        tx.commit().await?;
        return Err(invalid_credentials());
    };
    let Some((sealed, _)) = &passkey.wrapped else {
        // It was shown, and is good no more.
        tx.commit().await?;
        return Err(Problem::conflict(
            "passkey_opens_nothing",
            "this passkey holds no key of the account: sign in with the password, and show it beside",
        ));
    };
    let row = Bytes(*passkey.id.as_bytes());
    let blob = app.master.open_column("passkey", row, b"wrapped", sealed)?;
    let blob = Bytes::try_from(blob.as_slice())?;
    let keys = History::load(&mut tx, user).await?;
    let answer = to_sign(&app, &mut tx, keys.current(), Purpose::SignIn, BY_PASSKEY, blob).await?;
    tx.commit().await?;
    Ok(Json(answer))
}
