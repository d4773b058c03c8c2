//! Signing in: with a password, or in two legs with keys that never leave the device.

use super::{
    context::Network,
    credentials::unsealed,
    json::Json,
    passkey::Shown,
    problem::Problem,
    second_factor::{Factor, second_factor},
    second_leg::{ToSign, to_sign},
    session::{Holder, Tokens, begin, device},
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    config::Assisted,
    keyring::{Epoch, raw},
    limits::{self, Attempt, known_device},
};
use aftercare_core::id::UserId;
use aftercare_seal::{
    Bytes, Secret,
    password::{Kdf, PasswordKeys},
    wrap::Slot,
};
use aftercare_store::{
    Tx,
    account::{self, Opener, Person},
    login_attempt::Purpose,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Whose parameters.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParametersFor {
    /// The address to sign in with.
    #[schema(example = "ada@patients.example")]
    email: String,
}

/// Cost of Argon2id (RFC 9106).
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KdfView {
    /// Memory in KiB.
    pub m: u32,
    /// Passes.
    pub t: u32,
    /// Lanes.
    pub p: u32,
}

impl From<Kdf> for KdfView {
    fn from(Kdf { m, t, p }: Kdf) -> Self {
        Self { m, t, p }
    }
}

impl From<KdfView> for Kdf {
    fn from(KdfView { m, t, p }: KdfView) -> Self {
        Self { m, t, p }
    }
}

/// How a password becomes keys.
#[derive(Serialize, ToSchema)]
pub struct Parameters {
    /// 1: Argon2id, then HKDF.
    auth_scheme: u8,
    /// Its cost.
    kdf: KdfView,
    /// 16 bytes, base64url.
    #[schema(value_type = String)]
    salt: Bytes<16>,
}

/// How a password becomes keys
///
/// For clients that derive them on the device. An address without an account gets an answer too,
/// always the same one.
#[utoipa::path(post, path = "/api/auth/params/", tag = "Accounts", request_body = ParametersFor, responses((status = 200, body = Parameters)))]
pub async fn parameters(
    State(app): State<App>,
    Json(body): Json<ParametersFor>,
) -> Result<Json<Parameters>, Problem> {
    let mut tx = app.store.peek().await?;
    let (found, id) = owner(&app, &mut tx, &body.email).await?;
    // Made up for everybody, and somebody's read for nobody: one of the two is then chosen.
    let made_up = (app.master.fake_salt(&body.email), app.kdf());
    let stored =
        account::parameters(&mut tx, id).await?.map_or(Ok(made_up), |(salt, kdf)| parsed(&salt, kdf))?;
    let (salt, kdf) = if found.is_some() { stored } else { made_up };
    Ok(Json(Parameters { auth_scheme: 1, kdf: kdf.into(), salt: Bytes(salt) }))
}

/// Whose address this is, and whom to look up: where it is nobody's, somebody else, for the same work to follow.
async fn owner(app: &App, tx: &mut Tx, email: &str) -> Result<(Option<UserId>, UserId), Problem> {
    let index = app.master.email_index(email).0;
    let found = account::find(tx, &index).await?;
    Ok((found, app.decoy.stand_in(found, &index)))
}

/// An account by its address, or none: looked up by the same work.
pub(super) struct Found {
    /// The address as a keyed hash.
    pub(super) index: [u8; 32],
    /// Whom to look up: its owner, or somebody else where it has none.
    pub(super) id: UserId,
    pub(super) account: Option<(Person, Opener)>,
}

impl Found {
    pub(super) async fn by_email(app: &App, tx: &mut Tx, email: &str) -> Result<Self, Problem> {
        let (found, id) = owner(app, tx, email).await?;
        let account = account::opener(tx, id).await?.filter(|_| found.is_some());
        Ok(Self { index: app.master.email_index(email).0, id, account })
    }

    pub(super) fn person(&self) -> Option<&Person> {
        self.account.as_ref().map(|(person, _)| person)
    }

    pub(super) fn forbids_assisted(&self) -> bool {
        self.person().is_some_and(|person| person.assisted == Some(false))
    }

    pub(super) fn parameters(&self, app: &App, email: &str) -> Result<([u8; 16], Kdf), Problem> {
        match self.person() {
            Some(person) => stored_parameters(person),
            None => Ok((app.master.fake_salt(email), app.kdf())),
        }
    }

    /// Whose record an attempt is put into: an account's own, or one that an address without an
    /// account has alone.
    pub(super) fn subject(&self, app: &App) -> UserId {
        self.person().map_or_else(
            || {
                let digest = app.master.digest("nobody", &[&self.index]).0;
                UserId(Uuid::from_slice(&digest[..16]).unwrap_or_default())
            },
            |person| person.id,
        )
    }

    pub(super) fn attempt(&self, app: &App, network: Network, device_token: Option<&str>) -> Attempt {
        let device = known_device(app, self.subject(app), device_token);
        Attempt { account: Some(self.index), network: network.0, device }
    }

    /// Whether a key is the account's. A made-up account is compared too, so that both ways do the same.
    fn proves(&self, app: &App, auth_key: &Secret) -> bool {
        let nobody = [0; 32];
        let verifier = self.person().map_or(nobody.as_slice(), |person| &person.password.verifier);
        app.master.verify(raw(self.subject(app)), auth_key, verifier)
    }
}

/// The parameters a person's password was derived under.
pub(super) fn stored_parameters(person: &Person) -> Result<([u8; 16], Kdf), Problem> {
    parsed(&person.password.salt, person.password.kdf)
}

fn parsed(salt: &[u8], (m, t, p): (i32, i32, i32)) -> Result<([u8; 16], Kdf), Problem> {
    let number = |n: i32| u32::try_from(n).map_err(Problem::internal);
    let salt = salt.try_into().map_err(Problem::internal)?;
    Ok((salt, Kdf { m: number(m)?, t: number(t)?, p: number(p)? }))
}

/// Address and password; or, where the keys are derived on the device, `auth_key`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The address signed up with.
    #[schema(example = "ada@patients.example")]
    email: String,
    /// The password: the server derives the keys and holds them while the session lasts.
    #[schema(value_type = Option<String>, example = "correct horse battery")]
    password: Option<Zeroizing<String>>,
    /// 32 bytes, base64url: the password stays on the device. The answer is to be signed at
    /// `/api/login/finish/`.
    #[schema(value_type = Option<String>)]
    auth_key: Option<Bytes<32>>,
    /// Six digits of the authenticator app, where one is set up.
    #[schema(example = "123456")]
    totp: Option<String>,
    /// Or a passkey, where one is set up, shown for the challenge of `/api/auth/passkey/`.
    passkey: Option<Shown>,
    /// As the last sign-in on this device gave it.
    device_token: Option<String>,
}

/// Tokens, or what is to be signed for them.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape of an answer for the description")]
pub enum LoggedIn {
    /// With a password.
    Tokens(Tokens),
    /// With `auth_key`.
    ToSign(Box<ToSign>),
}

pub(super) fn invalid_credentials() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "invalid_credentials",
        "Not signed in",
        "address and password do not belong together",
    )
}

pub(super) fn assisted_forbidden() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "assisted_forbidden",
        "Keep your keys",
        "passwords are not taken here; derive the keys on the device (/api/auth/params/) and send auth_key",
    )
}

/// Sign in
///
/// An unknown address is answered as a wrong password is, after the same work. With `auth_key` the
/// answer is what the account is to sign at `/api/login/finish/`.
#[utoipa::path(post, path = "/api/login/", tag = "Accounts", request_body = LogIn, responses(
    (status = 200, body = LoggedIn), (status = 401, description = "`invalid_credentials` or `second_factor_required`", body = Problem),
    (status = 403, description = "`assisted_forbidden`, or `locked` after 100 failures", body = Problem),
    (status = 429, description = "`too_many_requests`", body = Problem)))]
pub async fn log_in(
    State(app): State<App>,
    network: Network,
    headers: HeaderMap,
    Json(body): Json<LogIn>,
) -> Result<Response, Problem> {
    if let Some(shown) = &body.passkey {
        shown.keeps_its_key("/passkey")?;
    }
    let (device_token, email) = (body.device_token.as_deref(), body.email);
    let given = match (body.password, body.auth_key) {
        (Some(password), None) => {
            let found = Found::by_email(&app, &mut app.store.peek().await?, &email).await?;
            if app.config.assisted == Assisted::Deny || found.forbids_assisted() {
                return Err(assisted_forbidden());
            }
            admit(&app, &found.attempt(&app, network, device_token), found.subject(&app)).await?;
            let (salt, kdf) = found.parameters(&app, &email)?;
            Given::Password(app.derive(password, email.clone(), salt, kdf).await?)
        }
        (None, Some(auth_key)) => Given::AuthKey(Secret::new(auth_key.0)),
        _ => return Err(Problem::invalid_field("/password", "give either password or auth_key")),
    };
    let mut tx = app.store.write().await?;
    let found = Found::by_email(&app, &mut tx, &email).await?;
    let attempt = found.attempt(&app, network, device_token);
    let subject = found.subject(&app);
    let proved = found.proves(&app, given.auth_key());
    let mut failed_before = false;
    if let Given::AuthKey(_) = given {
        // Nothing was hashed, so only failures are counted; nobody is told of a guess too many.
        let (refused, before) = attempt.look(&app, &mut tx, app.clock.wall()).await?;
        failed_before = before;
        if refused.is_some() {
            return refuse(&app, tx, refused, subject).await;
        }
    }
    let Some((person, opener)) = found.account.filter(|_| proved) else {
        return failed(&app, tx, &attempt, &given, subject).await;
    };
    let (code, shown) = (body.totp.as_deref(), body.passkey.as_ref());
    let amr = match second_factor(&app, &mut tx, &person, code, shown).await? {
        Factor::Shown(amr) => amr,
        Factor::Missing(asked) => {
            if let Given::Password(_) = given {
                attempt.give_back(&app, &mut tx).await?;
                tx.commit().await?;
            }
            return Err(asked);
        }
        Factor::Wrong => return failed(&app, tx, &attempt, &given, subject).await,
    };
    let blob = unsealed(&app, person.id, 1, &opener.wrapped)?;
    let bundle = Epoch::read(person.id, &opener.bundle)?.bundle;
    let response = match given {
        Given::Password(keys) => {
            let (salt, kdf) = stored_parameters(&person)?;
            let ark = Slot::Password(kdf, salt).unwrap(&blob, &keys.kek, raw(person.id), bundle.epoch)?;
            attempt.succeeded(&app, &mut tx).await?;
            let holder = Holder::Assisted(ark, bundle.epoch);
            Json(begin(&app, &mut tx, person, holder, amr, device(&headers)).await?).into_response()
        }
        Given::AuthKey(_) => {
            // Whoever has it knows the password; what they get without the account's key is nothing.
            if failed_before {
                attempt.forget(&app, &mut tx).await?;
            }
            Json(to_sign(&app, &mut tx, &bundle, Purpose::SignIn, amr, blob).await?).into_response()
        }
    };
    tx.commit().await?;
    Ok(response)
}

enum Given {
    /// Counted already: it was hashed.
    Password(PasswordKeys),
    /// Counted only if it fails.
    AuthKey(Secret),
}

impl Given {
    fn auth_key(&self) -> &Secret {
        match self {
            Self::Password(keys) => &keys.auth_key,
            Self::AuthKey(key) => key,
        }
    }
}

/// Puts a failure on record, and counts it where it was not.
async fn failed(
    app: &App,
    mut tx: Tx,
    attempt: &Attempt,
    given: &Given,
    subject: UserId,
) -> Result<Response, Problem> {
    if let Given::AuthKey(_) = given {
        let refused = attempt.admit(app, &mut tx, app.clock.wall()).await?;
        if refused.is_some() {
            return refuse(app, tx, refused, subject).await;
        }
    }
    audit::record(app, &mut tx, Event::own(subject, Action::SignInFailed).anonymous()).await?;
    tx.commit().await?;
    Err(invalid_credentials())
}

/// Counts an attempt.
pub(super) async fn admit(app: &App, attempt: &Attempt, subject: UserId) -> Result<(), Problem> {
    let mut tx = app.store.write().await?;
    let refused = attempt.admit(app, &mut tx, app.clock.wall()).await?;
    refuse(app, tx, refused, subject).await
}

/// Puts on record that an attempt was refused, where it was, and was not told a while ago.
async fn refuse<T: Default>(
    app: &App,
    mut tx: Tx,
    refused: Option<Problem>,
    subject: UserId,
) -> Result<T, Problem> {
    if refused.is_some() && limits::tells(app, &mut tx, subject).await? {
        audit::record(app, &mut tx, Event::own(subject, Action::SignInRefused).anonymous()).await?;
    }
    tx.commit().await?;
    refused.map_or_else(|| Ok(T::default()), Err)
}
