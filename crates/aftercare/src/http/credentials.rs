//! How an account is opened: by password and by recovery code; changing them, and the address.

use super::{
    actor::{Account, Actor},
    json::Json,
    login::{KdfView, assisted_forbidden, invalid_credentials, stored_parameters},
    person::{email_of, person},
    problem::Problem,
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    config::Assisted,
    keyring::raw,
    limits,
};
use aftercare_core::{id::UserId, people::Email};
use aftercare_seal::{
    Bytes, Secret,
    ark::Ark,
    bytes::random,
    password::{Kdf, normalize_email},
    recovery::RecoveryKey,
    wrap::Slot,
};
use aftercare_store::{
    StoreError, Tx,
    account::{self, PasswordRow, Person},
    login_attempt, person_lock, session, wrapped_key,
};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// The account's root key under a password. Bytes are base64url without padding.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ByPassword {
    /// What proves the password, 32 bytes.
    #[schema(value_type = String)]
    pub(super) auth_key: Bytes<32>,
    /// How it was derived.
    pub(super) kdf: KdfView,
    /// Under which salt, 16 bytes.
    #[schema(value_type = String)]
    pub(super) salt: Bytes<16>,
    /// The root key under it (slot 1), 62 bytes.
    #[schema(value_type = String)]
    pub(super) wrapped: Bytes<62>,
    /// Whether it is known to be so short that it is not enough alone.
    #[serde(skip)]
    pub(super) short: bool,
}

impl ByPassword {
    /// Makes it of a password, in memory.
    pub(super) async fn make(
        app: &App,
        id: UserId,
        ark: &Ark,
        epoch: u32,
        password: Zeroizing<String>,
        email: &str,
    ) -> Result<Self, Problem> {
        let (salt, kdf) = (random::<16>(&mut app.random.rng()), app.kdf());
        let short = password.chars().count() < app.config.profile.password_rule(false).least;
        let keys = app.derive(password, email.to_owned(), salt, kdf).await?;
        let slot = Slot::Password(kdf, salt);
        let wrapped = slot.wrap(ark, &keys.kek, raw(id), epoch, &mut app.random.rng());
        Ok(Self {
            auth_key: Bytes(*keys.auth_key.expose()),
            kdf: kdf.into(),
            salt: Bytes(salt),
            wrapped,
            short,
        })
    }

    /// Whether a client has derived it at a bearable cost.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        Kdf::from(self.kdf).check().map(drop).map_err(|_| {
            "must cost at least m 19456 with t 2 or m 47104 with t 1, at most m 1048576 and t 16, with p 1"
        })
    }

    /// What is stored of it beside the wrapped key.
    pub(super) fn row(&self, app: &App, id: UserId) -> PasswordRow {
        let KdfView { m, t, p } = self.kdf;
        PasswordRow {
            salt: self.salt.0.to_vec(),
            kdf: [m, t, p].map(|n| i32::try_from(n).unwrap_or(i32::MAX)).into(),
            verifier: app.master.verifier(raw(id), &Secret::new(self.auth_key.0)).0.to_vec(),
            short: self.short,
        }
    }
}

/// The account's root key under a recovery code. Bytes are base64url without padding.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ByRecovery {
    /// The root key under it (slot 2), 62 bytes.
    #[schema(value_type = String)]
    pub(super) wrapped: Bytes<62>,
    /// What proves the code, 32 bytes.
    #[schema(value_type = String)]
    pub(super) auth: Bytes<32>,
}

impl ByRecovery {
    /// Makes a new code.
    pub(super) fn make(app: &App, id: UserId, ark: &Ark, epoch: u32) -> (Self, RecoveryKey) {
        let mut rng = app.random.rng();
        let key = RecoveryKey::random(&mut rng);
        let wrapped = Slot::Recovery.wrap(ark, &key.kek(), raw(id), epoch, &mut rng);
        (Self { wrapped, auth: Bytes(*key.auth_key().expose()) }, key)
    }

    /// What is stored of it beside the wrapped key.
    pub(super) fn verifier(&self, app: &App, id: UserId) -> Bytes<32> {
        app.master.verifier(raw(id), &Secret::new(self.auth.0))
    }
}

/// Stores a wrapped root key under the outer layer.
pub(super) async fn put_wrapped(
    app: &App,
    tx: &mut Tx,
    id: UserId,
    slot: u8,
    epoch: i32,
    blob: &Bytes<62>,
) -> Result<(), Problem> {
    let sealed = app.master.seal_column("wrapped_key", raw(id), &[slot], &blob.0, &mut app.random.rng());
    Ok(wrapped_key::put(tx, id, slot, epoch, &sealed).await?)
}

/// A wrapped root key without the outer layer, with its epoch.
pub(super) async fn wrapped(
    app: &App,
    tx: &mut Tx,
    id: UserId,
    slot: u8,
) -> Result<(Bytes<62>, u32), Problem> {
    let (epoch, sealed) = wrapped_key::get(tx, id, slot).await?.ok_or_else(invalid_credentials)?;
    Ok((unsealed(app, id, slot, &sealed)?, u32::try_from(epoch).map_err(Problem::internal)?))
}

/// The same of what is loaded.
pub(super) fn unsealed(app: &App, id: UserId, slot: u8, sealed: &[u8]) -> Result<Bytes<62>, Problem> {
    let blob = app.master.open_column("wrapped_key", raw(id), &[slot], sealed)?;
    Ok(Bytes::try_from(blob.as_slice())?)
}

/// The password as it is: sent, or as its `auth_key`; or a passkey in the place of it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The password.
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// Or what the device derives from it, 32 bytes, base64url.
    #[schema(value_type = Option<String>)]
    auth_key: Option<Bytes<32>>,
    /// Or true, where one has signed in within the last five minutes with a passkey alone.
    #[serde(default)]
    passkey: bool,
}

/// Who has shown that they know the password; with it the root key, where the password was sent.
pub(super) struct Proved {
    pub(super) person: Person,
    ark: Option<(Ark, u32)>,
}

impl Proof {
    /// Checks it against the account of somebody who is signed in.
    pub(super) async fn check(self, app: &App, actor: &Actor) -> Result<Proved, Problem> {
        // Whoever holds a session must not guess the password with it.
        let mut tx = app.store.write().await?;
        let refused = limits::guess(app, &mut tx, actor.id).await?;
        let person = person(&mut tx, actor.id).await?;
        let (blob, epoch) = wrapped(app, &mut tx, actor.id, 1).await?;
        tx.commit().await?;
        refused.map_or(Ok(()), Err)?;
        let proved = self.compare(app, actor, person, &blob, epoch).await;
        let mut tx = app.store.write().await?;
        match &proved {
            Ok(_) => limits::guessed(app, &mut tx, actor.id).await?,
            Err(problem) if problem.status() != 422 => {}
            Err(_) => audit::record(app, &mut tx, Event::own(actor.id, Action::SignInFailed)).await?,
        }
        tx.commit().await?;
        proved
    }

    async fn compare(
        self,
        app: &App,
        actor: &Actor,
        person: Person,
        blob: &Bytes<62>,
        epoch: u32,
    ) -> Result<Proved, Problem> {
        let user = raw(actor.id);
        let good = |key: &Secret| app.master.verify(user, key, &person.password.verifier);
        let wrong = || Problem::invalid_field("/current", "is not the password of this account");
        if self.passkey {
            let shown = actor.by_passkey() && self.password.is_none() && self.auth_key.is_none();
            actor.signed_in_recently(app)?;
            let other = || {
                Problem::invalid_field("/current", "sign in with a passkey alone first, or give the password")
            };
            return if shown { Ok(Proved { person, ark: None }) } else { Err(other()) };
        }
        match (self.password, self.auth_key) {
            (Some(_), None) if actor.is_sealed() => {
                Err(Problem::sealed_session("derive the auth_key there; the password is not sent"))
            }
            (Some(_), None) if app.config.assisted == Assisted::Deny => Err(assisted_forbidden()),
            (Some(password), None) => {
                let (salt, kdf) = stored_parameters(&person)?;
                let keys = app.derive(password, email_of(app, &person)?, salt, kdf).await?;
                if !good(&keys.auth_key) {
                    return Err(wrong());
                }
                let ark = Slot::Password(kdf, salt).unwrap(blob, &keys.kek, user, epoch)?;
                Ok(Proved { person, ark: Some((ark, epoch)) })
            }
            (None, Some(key)) if good(&Secret::new(key.0)) => Ok(Proved { person, ark: None }),
            (None, Some(_)) => Err(wrong()),
            _ => Err(Problem::invalid_field("/current", "give either password or auth_key")),
        }
    }
}

/// A new password: sent, or as the keys made of it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The password as it is.
    current: Proof,
    /// The new one.
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// Or the root key under it.
    sealed: Option<ByPassword>,
}

/// Change the password
///
/// Only what it wraps is wrapped again; notes stay as they are. Every other session ends.
#[utoipa::path(post, path = "/api/me/password/", tag = "Accounts", security(("bearer" = [])), request_body = NewPassword, responses(
    (status = 204), (status = 401, description = "`step_up_required`", body = Problem), (status = 422, body = Problem)))]
pub async fn change_password(
    State(app): State<App>,
    Account(actor): Account,
    Json(body): Json<NewPassword>,
) -> Result<StatusCode, Problem> {
    actor.signed_in_recently(&app)?;
    let Proved { person, ark } = body.current.check(&app, &actor).await?;
    let email = email_of(&app, &person)?;
    let by_password = new_password(&app, &person, ark, body.password, body.sealed, &email).await?;
    replace(&app, &actor, person, &by_password, Action::PasswordChanged, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The root key under a new password or a new address.
async fn new_password(
    app: &App,
    person: &Person,
    ark: Option<(Ark, u32)>,
    password: Option<Zeroizing<String>>,
    sealed: Option<ByPassword>,
    email: &str,
) -> Result<ByPassword, Problem> {
    match (ark, password, sealed) {
        (Some((ark, epoch)), Some(password), None) => {
            let rule = app.config.profile.password_rule(person.second_factor);
            rule.check(&password, &person.name, email)
                .map_err(|error| Problem::invalid_field("/password", error))?;
            ByPassword::make(app, person.id, &ark, epoch, password, email).await
        }
        (None, None, Some(sealed)) => {
            sealed.check().map_err(|error| Problem::invalid_field("/sealed/kdf", error))?;
            Ok(sealed)
        }
        _ => Err(Problem::invalid_field(
            "/password",
            "give the new password where the current one was given, and `sealed` where auth_key was",
        )),
    }
}

/// Stores new credentials: every other session ends.
async fn replace(
    app: &App,
    actor: &Actor,
    mut person: Person,
    by_password: &ByPassword,
    action: Action,
    moved: Option<&Email>,
) -> Result<(), Problem> {
    let mut tx = app.store.write().await?;
    person_lock::lock(&mut tx, actor.id).await?;
    let now = super::person::person(&mut tx, actor.id).await?;
    same_password(&now, &person)?;
    person = Person { stamp: now.stamp + 1, ..now };
    if let Some(email) = moved {
        let before = email_of(app, &person)?;
        move_login(app, &mut tx, actor.id, &before, email).await?;
        let (master, id) = (&app.master, raw(actor.id));
        person.email =
            master.seal_column("person", id, b"email", email.as_str().as_bytes(), &mut app.random.rng());
    }
    person.password = by_password.row(app, actor.id);
    account::set_credentials(&mut tx, &person, None).await?;
    let (_, epoch) = wrapped(app, &mut tx, actor.id, 1).await?;
    let epoch = i32::try_from(epoch).map_err(Problem::internal)?;
    put_wrapped(app, &mut tx, actor.id, 1, epoch, &by_password.wrapped).await?;
    end_others(app, &mut tx, actor, person.stamp).await?;
    audit::record(app, &mut tx, Event::own(actor.id, action)).await?;
    Ok(tx.commit().await?)
}

/// Whether the password that was proved is still the account's, once it is locked.
fn same_password(now: &Person, proved: &Person) -> Result<(), Problem> {
    if now.password.verifier == proved.password.verifier {
        return Ok(());
    }
    Err(Problem::conflict("conflict", "the password was changed meanwhile; sign in again"))
}

/// Ends every session of a person but the one that asks, with all that is about to become one.
pub(super) async fn end_others(app: &App, tx: &mut Tx, actor: &Actor, stamp: i32) -> Result<(), Problem> {
    session::restamp(tx, actor.id, actor.sid(), stamp).await?;
    session::delete_others(tx, actor.id, Some(actor.sid())).await?;
    app.opened.end_of(actor.id);
    login_attempt::delete_of(tx, actor.id).await?;
    Ok(())
}

async fn move_login(app: &App, tx: &mut Tx, id: UserId, before: &str, after: &Email) -> Result<(), Problem> {
    let (before, after) = (app.master.email_index(before), app.master.email_index(after.as_str()));
    match account::move_login(tx, id, &before.0, &after.0).await {
        Err(StoreError::Taken(_)) => Err(Problem::conflict("email_taken", "this address has an account")),
        done => Ok(done?),
    }
}

/// A new address. The password's keys are bound to it, so they are made anew.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmail {
    /// The new address.
    #[schema(example = "ada@patients.example")]
    email: String,
    /// The password as it is.
    current: Proof,
    /// The root key under the password and the new address, where `auth_key` was given.
    sealed: Option<ByPassword>,
}

/// Change the address
///
/// Where one signs in. Every other session ends.
#[utoipa::path(post, path = "/api/me/email/", tag = "Accounts", security(("bearer" = [])), request_body = NewEmail, responses(
    (status = 204), (status = 401, description = "`step_up_required`", body = Problem),
    (status = 409, description = "`email_taken`", body = Problem), (status = 422, body = Problem)))]
pub async fn change_email(
    State(app): State<App>,
    Account(actor): Account,
    Json(body): Json<NewEmail>,
) -> Result<StatusCode, Problem> {
    actor.signed_in_recently(&app)?;
    let email = Email::parse(&normalize_email(&body.email));
    let email = email.map_err(|error| Problem::invalid_field("/email", error))?;
    let password = body.current.password.clone();
    let Proved { person, ark } = body.current.check(&app, &actor).await?;
    let by_password = match (ark, password) {
        // The password stays, whatever would be asked of a new one today.
        (Some((ark, epoch)), Some(password)) if body.sealed.is_none() => {
            ByPassword::make(&app, person.id, &ark, epoch, password, email.as_str()).await?
        }
        (ark, _) => new_password(&app, &person, ark, None, body.sealed, email.as_str()).await?,
    };
    replace(&app, &actor, person, &by_password, Action::EmailChanged, Some(&email)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRecoveryCode {
    /// The password as it is.
    current: Proof,
    /// The root key under the new code, where `auth_key` was given.
    sealed: Option<ByRecovery>,
}

/// A recovery code.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCode {
    /// Shown once; write it down. Absent where the client has made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) recovery_code: Option<Zeroizing<String>>,
}

/// Make a new recovery code
///
/// The old one is good no more.
#[utoipa::path(post, path = "/api/me/recovery-code/", tag = "Accounts", security(("bearer" = [])), request_body = NewRecoveryCode, responses(
    (status = 200, body = RecoveryCode), (status = 401, description = "`step_up_required`", body = Problem), (status = 422, body = Problem)))]
pub async fn new_recovery_code(
    State(app): State<App>,
    Account(actor): Account,
    Json(body): Json<NewRecoveryCode>,
) -> Result<Json<RecoveryCode>, Problem> {
    actor.signed_in_recently(&app)?;
    let Proved { person, ark } = body.current.check(&app, &actor).await?;
    let (recovery, code) = match (ark, body.sealed) {
        (Some((ark, epoch)), None) => {
            let (recovery, key) = ByRecovery::make(&app, person.id, &ark, epoch);
            (recovery, Some(key.text()))
        }
        (None, Some(sealed)) => (sealed, None),
        _ => {
            return Err(Problem::invalid_field(
                "/sealed",
                "give it where auth_key was given, and only there",
            ));
        }
    };
    let mut tx = app.store.write().await?;
    person_lock::lock(&mut tx, person.id).await?;
    let now = super::person::person(&mut tx, person.id).await?;
    same_password(&now, &person)?;
    let person = now;
    // What was begun with the old code ends.
    login_attempt::delete_of(&mut tx, person.id).await?;
    let (_, epoch) = wrapped(&app, &mut tx, person.id, 2).await?;
    let epoch = i32::try_from(epoch).map_err(Problem::internal)?;
    account::set_credentials(&mut tx, &person, Some(&recovery.verifier(&app, person.id).0)).await?;
    put_wrapped(&app, &mut tx, person.id, 2, epoch, &recovery.wrapped).await?;
    audit::record(&app, &mut tx, Event::own(person.id, Action::RecoveryCodeMade)).await?;
    tx.commit().await?;
    Ok(Json(RecoveryCode { recovery_code: code }))
}
