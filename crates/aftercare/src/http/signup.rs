//! `POST /api/signup/`: a new account.

use super::{
    context::Network,
    credentials::{ByPassword, ByRecovery, put_wrapped},
    json::Json,
    keys::BundleView,
    login::{KdfView, assisted_forbidden},
    person::{UserView, user_view},
    problem::{FieldError, Problem},
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    config::{Assisted, Config},
    keyring::{self, raw},
    limits,
};
use aftercare_core::{
    anchors::Anchors,
    id::UserId,
    instant::Span,
    password::{COMMON, is_common},
    people::{Email, Invalid, Name, Role, about},
    replay::zone_name,
};
use aftercare_seal::{Bytes, ark::Ark, bundle::Bundle, password::normalize_email, recovery::RecoveryKey};
use aftercare_store::{
    StoreError, Tx,
    account::{self, Person},
    directory::{self, Entry},
    regime::{self, RegimeRow},
    throttle,
};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Who signs up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// `patient` or `doctor`.
    #[schema(value_type = String, example = "patient")]
    role: Role,
    /// As shown to those they deal with.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// Where they sign in; one account an address.
    #[schema(example = "ada@patients.example")]
    email: String,
    /// From 8 characters (profile `hospital`: 15). The server makes the keys; absent where the client
    /// has made them.
    #[schema(value_type = Option<String>, example = "correct horse battery")]
    password: Option<Zeroizing<String>>,
    /// IANA time zone; UTC if absent.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// A doctor's field, for the directory.
    specialty: Option<String>,
    /// A few words about a doctor, for the directory.
    bio: Option<String>,
    /// `UUIDv7`, made by the client: with the fields below, instead of a password.
    #[schema(value_type = Option<Uuid>)]
    user_id: Option<UserId>,
    /// 32 bytes, base64url: what proves the password.
    #[schema(value_type = Option<String>)]
    auth_key: Option<Bytes<32>>,
    /// How it was derived.
    kdf: Option<KdfView>,
    /// 16 bytes, base64url: under which salt.
    #[schema(value_type = Option<String>)]
    salt: Option<Bytes<16>>,
    /// 62 bytes, base64url: the root key under the password (slot 1).
    #[schema(value_type = Option<String>)]
    wrapped: Option<Bytes<62>>,
    /// The same under the recovery code (slot 2).
    recovery: Option<ByRecovery>,
    /// The account's public keys, epoch 1.
    bundle: Option<BundleView>,
}

/// The new account.
#[derive(Serialize, ToSchema)]
pub struct SignedUp {
    /// The account.
    user: UserView,
    /// Opens the account if the password is lost. Shown once; write it down. Absent where the client
    /// has made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    recovery_code: Option<Zeroizing<String>>,
    /// What is unwise and was taken: a password that is among the commonest.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

/// What was entered, in order.
struct Entered {
    role: Role,
    name: Name,
    email: Email,
    time_zone: String,
    specialty: Option<String>,
    bio: Option<String>,
    keys: EnteredKeys,
}

/// Who makes the account's keys.
enum EnteredKeys {
    Here(Zeroizing<String>),
    There(Box<Made>),
}

/// An account's keys, as they are stored.
struct Made {
    id: UserId,
    password: ByPassword,
    recovery: ByRecovery,
    bundle: Bundle,
}

/// Checks all fields, so that all that is wrong is said at once.
fn check(body: SignUp, config: &Config) -> Result<Entered, Problem> {
    let mut errors = Vec::new();
    let mut keep = |pointer: &str, error: Invalid| errors.push(FieldError::at(pointer, error));
    let name = Name::parse(&body.name).map_err(|error| keep("/name", error));
    let email = Email::parse(&normalize_email(&body.email)).map_err(|error| keep("/email", error));
    let keys = match (body.password, body.user_id) {
        (Some(password), None) => {
            // A doctor's account does nothing before it has a second factor, where that is asked for.
            let factor = body.role == Role::Doctor && config.asks_second_factor();
            let rule = config.profile.password_rule(factor);
            let _ = rule.check(&password, &body.name, &body.email).map_err(|error| keep("/password", error));
            Some(EnteredKeys::Here(password))
        }
        (None, Some(id)) => {
            let parts = (body.auth_key, body.kdf, body.salt, body.wrapped, body.recovery, body.bundle);
            let made = match parts {
                (Some(auth_key), Some(kdf), Some(salt), Some(wrapped), Some(recovery), Some(bundle)) => {
                    let password = ByPassword { auth_key, kdf, salt, wrapped, short: false };
                    made(id, password, recovery, bundle)
                }
                _ => Err((
                    "/user_id",
                    "goes with auth_key, kdf, salt, wrapped, recovery and bundle".to_owned(),
                )),
            };
            made.map_err(|(pointer, error)| keep(pointer, Invalid(error))).ok()
        }
        _ => {
            keep("/password", Invalid("give a password, or the keys made of one".to_owned()));
            None
        }
    };
    let time_zone = zone_name(body.time_zone.as_deref().unwrap_or("UTC")).unwrap_or_else(|_| {
        keep("/time_zone", Invalid("must be an IANA time zone such as Europe/Berlin".to_owned()));
        String::new()
    });
    let mut own = |pointer: &str, text: Option<String>, most: usize| match text {
        Some(_) if body.role == Role::Patient => {
            keep(pointer, Invalid("is for doctors; leave it out".to_owned()));
            None
        }
        Some(text) => about(&text, most).map_err(|error| keep(pointer, error)).ok(),
        None => None,
    };
    let specialty = own("/specialty", body.specialty, 100);
    let bio = own("/bio", body.bio, 500);
    match (name, email, keys) {
        (Ok(name), Ok(email), Some(keys)) if errors.is_empty() => {
            Ok(Entered { role: body.role, name, email, time_zone, specialty, bio, keys })
        }
        _ => Err(Problem::invalid(errors)),
    }
}

/// Keys that a client has made, as far as they can be checked without one.
fn made(
    id: UserId,
    password: ByPassword,
    recovery: ByRecovery,
    bundle: BundleView,
) -> Result<EnteredKeys, (&'static str, String)> {
    password.check().map_err(|error| ("/kdf", error.to_owned()))?;
    let bundle = Bundle::from(bundle);
    if id.0.get_version_num() != 7 {
        return Err(("/user_id", "must be a UUIDv7".to_owned()));
    }
    if bundle.user_id != raw(id) || bundle.epoch != 1 {
        return Err(("/bundle", "must be of this user_id, epoch 1".to_owned()));
    }
    bundle.verify().map_err(|error| ("/bundle", error.to_string()))?;
    Ok(EnteredKeys::There(Box::new(Made { id, password, recovery, bundle })))
}

/// Sign up
///
/// Makes an account with keys of its own. What is written for it is readable to nobody without
/// the password, the recovery code, or a live session.
#[utoipa::path(post, path = "/api/signup/", tag = "Accounts", request_body = SignUp, responses(
    (status = 201, body = SignedUp), (status = 409, description = "`email_taken`", body = Problem),
    (status = 422, body = Problem)))]
pub async fn sign_up(
    State(app): State<App>,
    network: Network,
    Json(body): Json<SignUp>,
) -> Result<(StatusCode, Json<SignedUp>), Problem> {
    let Entered { role, name, email, time_zone, specialty, bio, keys } = check(body, &app.config)?;
    admit(&app, network).await?;
    let now = app.now();
    let mut warning = None;
    let (made, recovery_code) = match keys {
        EnteredKeys::There(made) => (*made, None),
        EnteredKeys::Here(_) if app.config.assisted == Assisted::Deny => return Err(assisted_forbidden()),
        EnteredKeys::Here(password) => {
            warning = is_common(&password, COMMON)
                .then_some("this password is among the 10,000 commonest; take three words at random");
            let (made, recovery) = make(&app, password, &email).await?;
            (made, Some(recovery.text()))
        }
    };
    let (id, mut rng) = (made.id, app.random.rng());
    let person = Person {
        id,
        role,
        name: name.as_str().to_owned(),
        email: app.master.seal_column("person", raw(id), b"email", email.as_str().as_bytes(), &mut rng),
        created_at: now,
        password: made.password.row(&app, id),
        stamp: 1,
        assisted: None,
        second_factor: false,
        time_zone,
    };
    let mut tx = app.store.write().await?;
    insert(&app, &mut tx, &person, &email, &made).await?;
    let anchors = serde_json::to_string(&Anchors::default()).map_err(Problem::internal)?;
    regime::put(&mut tx, id, &RegimeRow { from: now, time_zone: person.time_zone.clone(), anchors }).await?;
    if role == Role::Doctor {
        let entry =
            Entry { doctor_id: id, name: person.name.clone(), specialty, bio, phone: None, searchable: true };
        directory::put(&mut tx, &entry).await?;
        if app.config.approves_doctors() {
            directory::list(&mut tx, id, false).await?;
        }
    }
    audit::record(&app, &mut tx, Event::own(id, Action::SignedUp)).await?;
    tx.commit().await?;

    let user = user_view(&app, person)?;
    Ok((StatusCode::CREATED, Json(SignedUp { user, recovery_code, warning })))
}

/// The window of sign-ups.
const HOUR: Span = Span::from_hours(1);

async fn admit(app: &App, network: Network) -> Result<(), Problem> {
    let now = app.clock.wall();
    let scope = app.master.digest("throttle", &[b"sign-up", limits::subscriber(network.0).as_bytes()]).0;
    let mut tx = app.store.write().await?;
    let (tries, since) = throttle::count(&mut tx, &scope, HOUR, now).await?;
    if tries > i64::from(app.config.limits.sign_ups_per_address) {
        return Err(Problem::too_many(since + HOUR - now, "from this network address"));
    }
    Ok(tx.commit().await?)
}

/// Makes an account's keys, in memory, for as long as this takes.
async fn make(app: &App, password: Zeroizing<String>, email: &Email) -> Result<(Made, RecoveryKey), Problem> {
    let id: UserId = app.random.id(app.now());
    let ark = Ark::random(&mut app.random.rng());
    let (recovery, recovery_key) = ByRecovery::make(app, id, &ark, 1);
    let made = Made {
        id,
        password: ByPassword::make(app, id, &ark, 1, password, email.as_str()).await?,
        recovery,
        bundle: Bundle::of(&ark.keys(raw(id)), 1),
    };
    Ok((made, recovery_key))
}

/// Stores an account with its keys.
async fn insert(app: &App, tx: &mut Tx, person: &Person, email: &Email, made: &Made) -> Result<(), Problem> {
    let index = app.master.email_index(email.as_str()).0;
    let recovery = made.recovery.verifier(app, person.id);
    let bundle = keyring::row(&made.bundle, None, person.created_at);
    match account::insert(tx, person, &index, &recovery.0, &bundle).await {
        Err(StoreError::Taken(_)) => {
            return Err(Problem::conflict(
                "email_taken",
                "this address has an account; sign in at /api/login/",
            ));
        }
        done => done?,
    }
    keyring::log(tx, &made.bundle, person.created_at).await?;
    put_wrapped(app, tx, person.id, 1, 1, &made.password.wrapped).await?;
    put_wrapped(app, tx, person.id, 2, 1, &made.recovery.wrapped).await
}
