//! The second factor: one-time codes of an authenticator app (RFC 6238), or a passkey.

use super::{
    actor::{Account, Actor},
    json::Json,
    passkey::Shown,
    passkeys::PasskeyView,
    person::person,
    problem::{FieldError, Problem},
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    http::person::email_of,
    keyring::raw,
};
use aftercare_core::{id::UserId, instant::Instant};
use aftercare_seal::bytes::random;
use aftercare_store::{
    Tx,
    account::Person,
    login_attempt, passkey, session,
    totp::{self, Totp},
};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// What was shown beside the password.
pub(super) enum Factor {
    /// All that is asked for; by what (RFC 8176).
    Shown(&'static str),
    /// Nothing, though something is asked for: what.
    Missing(Problem),
    /// Something wrong.
    Wrong,
}

const STEP: i64 = 30;

/// Asks for a second factor where one is set up.
pub(super) async fn second_factor(
    app: &App,
    tx: &mut Tx,
    person: &Person,
    code: Option<&str>,
    shown: Option<&Shown>,
) -> Result<Factor, Problem> {
    if !person.second_factor {
        return Ok(Factor::Shown("pwd"));
    }
    let user = person.id;
    let factors = totp::factors(tx, user).await?;
    let good = match (&factors.totp, code, shown) {
        (_, _, Some(shown)) => shown.check(app, tx, user).await?.map(|_| "pwd pop"),
        (Some(totp), Some(code), None) => {
            take(app, tx, user, totp, code, app.clock.wall()).await?.then_some("pwd otp")
        }
        (None, Some(_), None) => None,
        (_, None, None) => {
            let totp = "the six digits of the authenticator app";
            let passkey = "a passkey, shown for the challenge of /api/auth/passkey/";
            let asked = [
                factors.totp.is_some().then(|| FieldError::at("/totp", totp)),
                factors.passkey.then(|| FieldError::at("/passkey", passkey)),
            ];
            let asked = asked.into_iter().flatten().collect();
            return Ok(Factor::Missing(Problem::second_factor_required().with_errors(asked)));
        }
    };
    Ok(good.map_or(Factor::Wrong, Factor::Shown))
}

/// What follows when a factor is removed: whoever came in with it, or was about to, is out.
pub(super) async fn removed(app: &App, tx: &mut Tx, actor: &Actor, what: &str) -> Result<(), Problem> {
    let person = person(tx, actor.id).await?;
    if person.password.short && !person.second_factor {
        let detail = "this password is long enough only with a second factor: set a longer one first, or another factor";
        return Err(Problem::conflict("password_short", detail));
    }
    session::delete_others(tx, actor.id, Some(actor.sid())).await?;
    app.opened.end_of(actor.id);
    login_attempt::delete_of(tx, actor.id).await?;
    Ok(audit::record(app, tx, Event::own(actor.id, Action::FactorRemoved).with(what)).await?)
}

/// Takes a code: good once, and in the steps beside its own for clocks that differ.
async fn take(
    app: &App,
    tx: &mut Tx,
    user: UserId,
    totp: &Totp,
    code: &str,
    now: Instant,
) -> Result<bool, Problem> {
    let seed = app.master.open_column("totp", raw(user), b"secret", &totp.secret)?;
    let time = u64::try_from(now.as_secs()).map_err(Problem::internal)?;
    let Some(step) = generator(&seed)?.check(code.trim(), time) else { return Ok(false) };
    Ok(totp::take(tx, user, i64::try_from(step).map_err(Problem::internal)?).await?)
}

/// Six digits, 30 seconds, SHA-1: what every authenticator app knows.
fn generator(seed: &[u8]) -> Result<totp_rs::Totp, Problem> {
    let builder = totp_rs::Builder::new()
        .with_algorithm(totp_rs::Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(u64::try_from(STEP).map_err(Problem::internal)?)
        .with_secret(totp_rs::Secret::new(seed.into()));
    builder.build().map_err(|error| Problem::internal(format!("{error:?}")))
}

/// The second factors of one's own.
#[derive(Serialize, ToSchema)]
pub struct Factors {
    /// Whether codes of an authenticator app are asked for.
    totp: bool,
    /// Oldest first.
    passkeys: Vec<PasskeyView>,
}

/// List one's own second factors
#[utoipa::path(get, path = "/api/mfa/", tag = "Accounts", security(("bearer" = [])), responses((status = 200, body = Factors)))]
pub async fn list_factors(State(app): State<App>, Account(actor): Account) -> Result<Json<Factors>, Problem> {
    Ok(Json(factors(&mut app.store.read().await?, &actor).await?))
}

pub(super) async fn factors(tx: &mut Tx, actor: &Actor) -> Result<Factors, Problem> {
    let totp = totp::factors(tx, actor.id).await?.totp.is_some();
    let passkeys = passkey::list(tx, actor.id).await?;
    Ok(Factors { totp, passkeys: passkeys.iter().map(PasskeyView::of).collect() })
}

/// What an authenticator app is given.
#[derive(Serialize, ToSchema)]
pub struct Seed {
    /// Base 32 (RFC 4648), to be typed.
    #[schema(value_type = String)]
    secret: Zeroizing<String>,
    /// The same to be shown as a QR code.
    #[schema(value_type = String)]
    otpauth_url: Zeroizing<String>,
}

/// Begin to set up one-time codes
///
/// They are asked for once the first code was given at `/api/mfa/totp/confirm/`.
#[utoipa::path(post, path = "/api/mfa/totp/", tag = "Accounts", security(("bearer" = [])), responses(
    (status = 200, body = Seed), (status = 401, description = "`step_up_required`", body = Problem),
    (status = 409, description = "`already_set_up`", body = Problem)))]
pub async fn begin_totp(State(app): State<App>, Account(actor): Account) -> Result<Json<Seed>, Problem> {
    actor.signed_in_recently(&app)?;
    let seed = Zeroizing::new(random::<20>(&mut app.random.rng()));
    let sealed =
        app.master.seal_column("totp", raw(actor.id), b"secret", seed.as_slice(), &mut app.random.rng());
    let mut tx = app.store.write().await?;
    if totp::get(&mut tx, actor.id).await?.is_some_and(|totp| totp.confirmed_at.is_some()) {
        return Err(Problem::conflict("already_set_up", "codes are asked for already; remove them first"));
    }
    totp::put(&mut tx, actor.id, &sealed).await?;
    let person = person(&mut tx, actor.id).await?;
    tx.commit().await?;
    let secret = Zeroizing::new(totp_rs::Secret::new(seed.as_slice().into()).to_base32());
    let email = email_of(&app, &person)?.replace('@', "%40");
    let otpauth_url = format!("otpauth://totp/Aftercare:{email}?secret={}&issuer=Aftercare", *secret);
    Ok(Json(Seed { otpauth_url: Zeroizing::new(otpauth_url), secret }))
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Six digits of the authenticator app.
    #[schema(example = "123456")]
    code: String,
}

/// Finish setting up one-time codes
///
/// From now on each sign-in asks for one.
#[utoipa::path(post, path = "/api/mfa/totp/confirm/", tag = "Accounts", security(("bearer" = [])), request_body = Code, responses(
    (status = 204), (status = 401, description = "`step_up_required`", body = Problem),
    (status = 409, description = "`not_begun` or `already_set_up`", body = Problem), (status = 422, body = Problem)))]
pub async fn confirm_totp(
    State(app): State<App>,
    Account(actor): Account,
    Json(body): Json<Code>,
) -> Result<StatusCode, Problem> {
    actor.signed_in_recently(&app)?;
    let now = app.clock.wall();
    let mut tx = app.store.write().await?;
    let begun = totp::get(&mut tx, actor.id).await?;
    let begun = begun.ok_or_else(|| Problem::conflict("not_begun", "begin at /api/mfa/totp/"))?;
    if begun.confirmed_at.is_some() {
        return Err(Problem::conflict("already_set_up", "codes are asked for already"));
    }
    if !take(&app, &mut tx, actor.id, &begun, &body.code, now).await? {
        return Err(Problem::invalid_field(
            "/code",
            "is not the code of now; look at the clock of the device",
        ));
    }
    totp::confirm(&mut tx, actor.id, now).await?;
    audit::record(&app, &mut tx, Event::own(actor.id, Action::FactorAdded).with("totp")).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove one-time codes
#[utoipa::path(delete, path = "/api/mfa/totp/", tag = "Accounts", security(("bearer" = [])), responses(
    (status = 204), (status = 401, description = "`step_up_required`", body = Problem), (status = 404, body = Problem),
    (status = 409, description = "`password_short`: it is enough only with a second factor", body = Problem)))]
pub async fn remove_totp(State(app): State<App>, Account(actor): Account) -> Result<StatusCode, Problem> {
    actor.signed_in_recently(&app)?;
    let mut tx = app.store.write().await?;
    if !totp::delete(&mut tx, actor.id).await? {
        return Err(Problem::not_found());
    }
    removed(&app, &mut tx, &actor, "totp").await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
