//! New keys for an account whose password and recovery code are both lost. The old keys sign nothing here:
//! everybody who knows them is told, and the notes open again once somebody who can read them grants them.

use super::{
    context::Network,
    credentials::{ByPassword, ByRecovery, RecoveryCode, put_wrapped},
    json::Json,
    keys::BundleView,
    login::{Found, admit, assisted_forbidden},
    passkey::Shown,
    person::email_of,
    problem::Problem,
    recovery::{fits, not_recovered, show},
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    config::Assisted,
    keyring::{self, raw},
    limits::{Attempt, clear_failures},
};
use aftercare_core::id::UserId;
use aftercare_seal::{ark::Ark, bundle::Bundle, recovery::RecoveryKey};
use aftercare_store::{
    account::{self, Person},
    key_reset, login_attempt, passkey, person_lock, session,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// A one-time code of the operator, with a new password; or with keys made on the device; or alone, to
/// learn what such keys are made for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// The address signed up with.
    email: String,
    /// As the operator gave it (`aftercare user reset-keys`); good once, for 24 hours.
    #[schema(value_type = String)]
    code: Zeroizing<String>,
    /// The new password.
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// Or keys made on the device.
    sealed: Option<NewAccountKeys>,
    /// Six digits of the authenticator app, where one is set up.
    totp: Option<String>,
    /// Or a passkey, where one is set up, shown for the challenge of `/api/auth/passkey/`.
    passkey: Option<Shown>,
}

/// An account's new keys.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountKeys {
    /// The next epoch's public keys.
    bundle: BundleView,
    /// The new root key under the new password.
    password: ByPassword,
    /// The same under a new recovery code.
    recovery: ByRecovery,
}

/// What new keys are made for.
#[derive(Serialize, ToSchema)]
pub struct KeysFor {
    /// The account.
    #[schema(value_type = Uuid)]
    user_id: UserId,
    /// The epoch that they begin.
    epoch: u32,
}

/// A new recovery code, or what new keys are to be made for.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape of an answer for the description")]
pub enum ResetAnswer {
    /// With a password, or with keys.
    Done(RecoveryCode),
    /// With the code alone.
    For(KeysFor),
}

/// An account's new keys, as they are stored.
struct Made {
    bundle: Bundle,
    password: ByPassword,
    recovery: ByRecovery,
}

/// Make new keys where password and recovery code are lost
///
/// With a one-time code of the operator. Every session ends. Notes stay sealed to the old key until the
/// patient or the author opens them to the new one (`/api/notes/{id}/grants/`), and a patient chooses
/// their doctors again.
#[utoipa::path(post, path = "/api/recovery/reset/", tag = "Accounts", request_body = Reset, responses(
    (status = 200, body = ResetAnswer), (status = 401, description = "`invalid_credentials` or `second_factor_required`", body = Problem),
    (status = 403, description = "`assisted_forbidden`", body = Problem), (status = 422, body = Problem),
    (status = 429, description = "`too_many_requests`", body = Problem)))]
pub async fn reset_keys(
    State(app): State<App>,
    network: Network,
    Json(body): Json<Reset>,
) -> Result<Response, Problem> {
    if let Some(shown) = &body.passkey {
        shown.keeps_its_key("/passkey")?;
    }
    let found = Found::by_email(&app, &mut app.store.peek().await?, &body.email).await?;
    check(&app, &found, &body)?;
    let key = RecoveryKey::parse(&body.code).map_err(|_| {
        Problem::invalid_field(
            "/code",
            "must have the 34 characters of the code; look for one that was misread",
        )
    })?;
    let attempt = Attempt { account: None, network: network.0, device: None };
    admit(&app, &attempt, found.subject(&app)).await?;

    let mut tx = app.store.write().await?;
    let verifier = key_reset::verifier(&mut tx, found.id, app.clock.wall()).await?;
    // A code of the app is good once: it is asked for with the keys, not with the question what they are for.
    let does = body.password.is_some() || body.sealed.is_some();
    let factor = does.then_some((body.totp.as_deref(), body.passkey.as_ref()));
    let shown = show(&app, tx, &found, &attempt, (&key.auth_key(), verifier.as_deref()), factor).await?;
    let (tx, (person, opener), _) = shown;
    tx.commit().await?;
    let epoch = u32::try_from(opener.bundle.epoch).map_err(Problem::internal)? + 1;
    let (made, code) = match (body.password, body.sealed) {
        (Some(password), _) => {
            let ark = Ark::random(&mut app.random.rng());
            let (recovery, code) = ByRecovery::make(&app, person.id, &ark, epoch);
            let email = email_of(&app, &person)?;
            fits(&app, &person, &password, &email)?;
            let password = ByPassword::make(&app, person.id, &ark, epoch, password, &email).await?;
            let bundle = Bundle::of(&ark.keys(raw(person.id)), epoch);
            (Made { bundle, password, recovery }, Some(code.text()))
        }
        (None, Some(NewAccountKeys { bundle, password, recovery })) => {
            let bundle = Bundle::from(bundle);
            if bundle.verify().is_err() || (bundle.user_id, bundle.epoch) != (raw(person.id), epoch) {
                let detail =
                    format!("must be {}'s, of epoch {epoch}, and signed with its own key", person.id);
                return Err(Problem::invalid_field("/sealed/bundle", detail));
            }
            (Made { bundle, password, recovery }, None)
        }
        (None, None) => return Ok(Json(KeysFor { user_id: person.id, epoch }).into_response()),
    };
    reset(&app, person, &made, verifier.as_deref().unwrap_or_default(), &found.index).await?;
    Ok(Json(RecoveryCode { recovery_code: code }).into_response())
}

/// What was given, before anything is compared.
fn check(app: &App, found: &Found, body: &Reset) -> Result<(), Problem> {
    match (&body.password, &body.sealed) {
        (Some(_), Some(_)) => Err(Problem::invalid_field("/sealed", "give either a password or keys")),
        (Some(_), None) if app.config.assisted == Assisted::Deny || found.forbids_assisted() => {
            Err(assisted_forbidden())
        }
        (Some(password), None) => {
            // Whose it is must not be told here: what is asked is what is asked of everybody.
            let rule = app.config.profile.password_rule(false);
            rule.check(password, "", &body.email).map_err(|error| Problem::invalid_field("/password", error))
        }
        (None, Some(sealed)) => {
            sealed.password.check().map_err(|error| Problem::invalid_field("/sealed/password/kdf", error))
        }
        (None, None) => Ok(()),
    }
}

/// Puts new keys in the place of the old; every session ends.
async fn reset(app: &App, person: Person, made: &Made, used: &[u8], index: &[u8; 32]) -> Result<(), Problem> {
    let mut tx = app.store.write().await?;
    person_lock::lock(&mut tx, person.id).await?;
    if !key_reset::take(&mut tx, person.id, used).await? {
        return Err(not_recovered());
    }
    let id = person.id;
    keyring::publish(&mut tx, &made.bundle, None, app.now()).await?;
    let person = Person { password: made.password.row(app, id), stamp: person.stamp + 1, ..person };
    account::set_credentials(&mut tx, &person, Some(&made.recovery.verifier(app, id).0)).await?;
    let epoch = i32::try_from(made.bundle.epoch).map_err(Problem::internal)?;
    put_wrapped(app, &mut tx, id, 1, epoch, &made.password.wrapped).await?;
    put_wrapped(app, &mut tx, id, 2, epoch, &made.recovery.wrapped).await?;
    passkey::close_all(&mut tx, id).await?;
    session::delete_others(&mut tx, id, None).await?;
    app.opened.end_of(id);
    login_attempt::delete_of(&mut tx, id).await?;
    clear_failures(app, &mut tx, *index).await?;
    let event = Event::own(id, Action::KeysReset).anonymous();
    audit::record(app, &mut tx, event.with(serde_json::json!({ "epoch": epoch }))).await?;
    Ok(tx.commit().await?)
}
