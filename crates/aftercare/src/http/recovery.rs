//! Opening an account whose password is lost.

use super::{
    context::Network,
    credentials::{ByPassword, ByRecovery, RecoveryCode, put_wrapped, wrapped},
    json::Json,
    login::{Found, admit, assisted_forbidden},
    passkey::Shown,
    person::email_of,
    problem::Problem,
    second_factor::{Factor, second_factor},
    second_leg::{ToSign, signed, to_sign},
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    config::Assisted,
    keyring::{Epoch, History, raw},
    limits::{Attempt, clear_failures},
};
use aftercare_seal::{Bytes, Secret, recovery::RecoveryKey, wrap::Slot};
use aftercare_store::{
    Tx,
    account::{self, Opener, Person},
    login_attempt::{self, Purpose},
    person_lock, session,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

/// A lost password: the recovery code and a new password; or, where keys are made on the device, what
/// proves the code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recover {
    /// The address signed up with.
    email: String,
    /// As it was written down.
    #[schema(value_type = Option<String>)]
    recovery_code: Option<Zeroizing<String>>,
    /// The new password.
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// Or what the device derives from the code, 32 bytes, base64url.
    #[schema(value_type = Option<String>)]
    auth: Option<Bytes<32>>,
    /// Six digits of the authenticator app, where one is set up.
    totp: Option<String>,
    /// Or a passkey, where one is set up, shown for the challenge of `/api/auth/passkey/`.
    passkey: Option<Shown>,
}

/// A new recovery code, or what is to be signed for the account.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape of an answer for the description")]
pub enum Recovering {
    /// With a code and a password.
    Done(RecoveryCode),
    /// With `auth`.
    ToSign(Box<ToSign>),
}

/// Recover an account
///
/// The recovery code is good once. Every session ends; a new code comes with the answer. With `auth`
/// the answer is what the account is to sign at `/api/recovery/finish/`.
#[utoipa::path(post, path = "/api/recovery/", tag = "Accounts", request_body = Recover, responses(
    (status = 200, body = Recovering), (status = 401, description = "`invalid_credentials` or `second_factor_required`", body = Problem),
    (status = 403, description = "`assisted_forbidden`", body = Problem), (status = 422, body = Problem),
    (status = 429, description = "`too_many_requests`", body = Problem)))]
pub async fn recover(
    State(app): State<App>,
    network: Network,
    Json(body): Json<Recover>,
) -> Result<Response, Problem> {
    if let Some(shown) = &body.passkey {
        shown.keeps_its_key("/passkey")?;
    }
    let found = Found::by_email(&app, &mut app.store.peek().await?, &body.email).await?;
    let given = given(&app, &found, &body.email, body.recovery_code, body.password, body.auth)?;
    let attempt = Attempt { account: None, network: network.0, device: None };
    admit(&app, &attempt, found.subject(&app)).await?;

    let mut tx = app.store.write().await?;
    let verifier = account::recovery_verifier(&mut tx, found.id).await?;
    let auth = match &given {
        Given::Here(key, _) => key.auth_key(),
        Given::There(auth) => Secret::new(auth.0),
    };
    let factor = (body.totp.as_deref(), body.passkey.as_ref());
    let shown = show(&app, tx, &found, &attempt, (&auth, verifier.as_deref()), Some(factor)).await?;
    let (mut tx, (person, opener), amr) = shown;
    let user = person.id;
    let (blob, epoch) = wrapped(&app, &mut tx, user, 2).await?;
    match given {
        Given::There(_) => {
            let bundle = Epoch::read(user, &opener.bundle)?.bundle;
            let to_sign = to_sign(&app, &mut tx, &bundle, Purpose::Recovery, amr, blob).await?;
            tx.commit().await?;
            Ok(Json(to_sign).into_response())
        }
        Given::Here(key, password) => {
            tx.commit().await?;
            let ark = Slot::Recovery.unwrap(&blob, &key.kek(), raw(user), epoch)?;
            let email = email_of(&app, &person)?;
            fits(&app, &person, &password, &email)?;
            let by_password = ByPassword::make(&app, user, &ark, epoch, password, &email).await?;
            let (by_recovery, code) = ByRecovery::make(&app, user, &ark, epoch);
            recovered(&app, person, &by_password, &by_recovery, verifier.as_deref(), &found.index).await?;
            Ok(Json(RecoveryCode { recovery_code: Some(code.text()) }).into_response())
        }
    }
}

/// Compares a code with its verifier, and looks at the second factor where one is to be shown. The attempt
/// was counted; whether it was a failure is put on record. Goes on in the transaction where all is well.
pub(super) async fn show(
    app: &App,
    mut tx: Tx,
    found: &Found,
    attempt: &Attempt,
    (auth, verifier): (&Secret, Option<&[u8]>),
    factor: Option<(Option<&str>, Option<&Shown>)>,
) -> Result<(Tx, (Person, Opener), &'static str), Problem> {
    let proved = app.master.verify(raw(found.id), auth, verifier.unwrap_or_default());
    let shown = match (found.account.as_ref().filter(|_| proved).cloned(), factor) {
        (Some(account), Some((code, passkey))) => {
            let shown = second_factor(app, &mut tx, &account.0, code, passkey).await?;
            Some((account, shown))
        }
        (account, None) => account.map(|account| (account, Factor::Shown("pwd"))),
        (None, _) => None,
    };
    match shown {
        Some((account, Factor::Shown(amr))) => {
            attempt.succeeded(app, &mut tx).await?;
            Ok((tx, account, amr))
        }
        Some((_, Factor::Missing(asked))) => {
            attempt.give_back(app, &mut tx).await?;
            tx.commit().await?;
            Err(asked)
        }
        Some((_, Factor::Wrong)) | None => {
            let failed = Event::own(found.subject(app), Action::RecoveryFailed).anonymous();
            audit::record(app, &mut tx, failed).await?;
            tx.commit().await?;
            Err(not_recovered())
        }
    }
}

enum Given {
    Here(RecoveryKey, Zeroizing<String>),
    There(Bytes<32>),
}

/// What was given, checked before anything is looked up.
fn given(
    app: &App,
    found: &Found,
    email: &str,
    code: Option<Zeroizing<String>>,
    password: Option<Zeroizing<String>>,
    auth: Option<Bytes<32>>,
) -> Result<Given, Problem> {
    match (code, password, auth) {
        (Some(_), Some(_), None) if app.config.assisted == Assisted::Deny || found.forbids_assisted() => {
            Err(assisted_forbidden())
        }
        (Some(code), Some(password), None) => {
            // Whose it is must not be told here: what is asked is what is asked of everybody.
            let rule = app.config.profile.password_rule(false);
            rule.check(&password, "", email).map_err(|error| Problem::invalid_field("/password", error))?;
            let key = RecoveryKey::parse(&code).map_err(|_| {
                let detail = "must have the 34 characters of the code; look for one that was misread";
                Problem::invalid_field("/recovery_code", detail)
            })?;
            Ok(Given::Here(key, password))
        }
        (None, None, Some(auth)) => Ok(Given::There(auth)),
        _ => Err(Problem::invalid_field("/recovery_code", "give it with a new password, or auth alone")),
    }
}

/// Whether a new password fits the person, once they have shown who they are.
pub(super) fn fits(app: &App, person: &Person, password: &str, email: &str) -> Result<(), Problem> {
    let rule = app.config.profile.password_rule(false);
    rule.check(password, &person.name, email).map_err(|error| Problem::invalid_field("/password", error))
}

pub(super) fn not_recovered() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "invalid_credentials",
        "Not recovered",
        "address and recovery code do not belong together, or the code was used",
    )
}

/// Gives a recovered account its new password and code; every session ends. `used` is the verifier
/// of the code that was used: it is good once.
async fn recovered(
    app: &App,
    person: Person,
    by_password: &ByPassword,
    by_recovery: &ByRecovery,
    used: Option<&[u8]>,
    index: &[u8; 32],
) -> Result<(), Problem> {
    let mut tx = app.store.write().await?;
    person_lock::lock(&mut tx, person.id).await?;
    let verifier = account::recovery_verifier(&mut tx, person.id).await?;
    // Of two that finish at once the first has changed the stamp.
    let now = super::person::person(&mut tx, person.id).await?;
    if (used.is_some() && verifier.as_deref() != used) || now.stamp != person.stamp {
        return Err(not_recovered());
    }
    let epoch = History::load(&mut tx, person.id).await?.current().epoch;
    let epoch = i32::try_from(epoch).map_err(Problem::internal)?;
    let stamped = Person { password: by_password.row(app, person.id), stamp: person.stamp + 1, ..person };
    let recovery_verifier = by_recovery.verifier(app, stamped.id);
    account::set_credentials(&mut tx, &stamped, Some(&recovery_verifier.0)).await?;
    put_wrapped(app, &mut tx, stamped.id, 1, epoch, &by_password.wrapped).await?;
    put_wrapped(app, &mut tx, stamped.id, 2, epoch, &by_recovery.wrapped).await?;
    session::delete_others(&mut tx, stamped.id, None).await?;
    app.opened.end_of(stamped.id);
    login_attempt::delete_of(&mut tx, stamped.id).await?;
    clear_failures(app, &mut tx, *index).await?;
    audit::record(app, &mut tx, Event::own(stamped.id, Action::Recovered).anonymous()).await?;
    Ok(tx.commit().await?)
}

/// A signed recovery, with the account's new password and code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishRecovery {
    /// As `/api/recovery/` gave it.
    login_id: Uuid,
    /// Ed25519 by the account's key, 64 bytes, base64url.
    #[schema(value_type = String)]
    sig: Bytes<64>,
    /// The root key under the new password.
    password: ByPassword,
    /// The same under a new recovery code.
    recovery: ByRecovery,
}

/// Finish recovering an account
///
/// The account signs as it does at `/api/login/finish/`, with the key that the code opens.
#[utoipa::path(post, path = "/api/recovery/finish/", tag = "Accounts", request_body = FinishRecovery, responses(
    (status = 204), (status = 401, description = "`invalid_credentials`", body = Problem), (status = 422, body = Problem)))]
pub async fn finish_recovery(
    State(app): State<App>,
    Json(body): Json<FinishRecovery>,
) -> Result<StatusCode, Problem> {
    body.password.check().map_err(|error| Problem::invalid_field("/password/kdf", error))?;
    let mut tx = app.store.write().await?;
    let signed = signed(&app, &mut tx, body.login_id, Purpose::Recovery, &body.sig).await?;
    tx.commit().await?;
    let (person, _) = signed.ok_or_else(not_recovered)?;
    let index = app.master.email_index(&email_of(&app, &person)?);
    recovered(&app, person, &body.password, &body.recovery, None, &index.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
