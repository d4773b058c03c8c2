//! `POST /api/signup/`: a new account.

use super::{
    json::Json,
    problem::{FieldError, Problem},
    view::UserView,
};
use crate::app::App;
use aftercare_core::{
    anchors::Anchors,
    id::UserId,
    people::{Email, Invalid, Name, Role, about, check_password},
    replay::zone_name,
};
use aftercare_seal::{
    Bytes, ark::Ark, bundle::Bundle, bytes::random, password::normalize_email, recovery::RecoveryKey,
    wrap::Slot,
};
use aftercare_store::{
    StoreError,
    account::{self, BundleRow, PasswordRow, Person},
    directory::{self, Entry},
    regime::{self, RegimeRow},
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
    /// From 8 characters (profile `hospital`: 15).
    #[schema(value_type = String, example = "correct horse battery")]
    password: Zeroizing<String>,
    /// IANA time zone; UTC if absent.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// A doctor's field, for the directory.
    specialty: Option<String>,
    /// A few words about a doctor, for the directory.
    bio: Option<String>,
}

/// The new account.
#[derive(Serialize, ToSchema)]
pub struct SignedUp {
    /// The account.
    user: UserView,
    /// Opens the account if the password is lost. Shown once; write it down.
    recovery_code: String,
}

/// What was entered, in order.
struct Entered {
    role: Role,
    name: Name,
    email: Email,
    password: Zeroizing<String>,
    time_zone: String,
    specialty: Option<String>,
    bio: Option<String>,
}

/// Checks all fields, so that all that is wrong is said at once.
fn check(body: SignUp, least_password: usize) -> Result<Entered, Problem> {
    let mut errors = Vec::new();
    let mut keep = |pointer: &str, error: Invalid| errors.push(FieldError::at(pointer, error));
    let name = Name::parse(&body.name).map_err(|error| keep("/name", error));
    let email = Email::parse(&normalize_email(&body.email)).map_err(|error| keep("/email", error));
    let _ = check_password(&body.password, least_password, &body.name, &body.email)
        .map_err(|error| keep("/password", error));
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
    match (name, email) {
        (Ok(name), Ok(email)) if errors.is_empty() => {
            Ok(Entered { role: body.role, name, email, password: body.password, time_zone, specialty, bio })
        }
        _ => Err(Problem::invalid(errors)),
    }
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
    Json(body): Json<SignUp>,
) -> Result<(StatusCode, Json<SignedUp>), Problem> {
    let entered = check(body, app.config.profile.least_password())?;
    let now = app.now();
    let id: UserId = app.random.id(now);
    let user = Bytes(*id.as_bytes());
    let mut rng = app.random.rng();
    let (salt, kdf) = (random::<16>(&mut rng), app.kdf());
    let keys = app.derive(entered.password, entered.email.as_str().to_owned(), salt, kdf).await?;
    let ark = Ark::random(&mut rng);
    let recovery = RecoveryKey::random(&mut rng);
    let bundle = Bundle::of(&ark.keys(user)?, 1);
    let by_password = Slot::Password(kdf, salt).wrap(&ark, &keys.kek, user, 1, &mut rng);
    let by_recovery = Slot::Recovery.wrap(&ark, &recovery.kek(), user, 1, &mut rng);
    let master = &app.master;
    let person = Person {
        id,
        role: entered.role,
        name: entered.name.as_str().to_owned(),
        email: master.seal_column("person", user, b"email", entered.email.as_str().as_bytes(), &mut rng),
        created_at: now,
        password: PasswordRow {
            salt: salt.to_vec(),
            kdf: [kdf.m, kdf.t, kdf.p].map(|n| i32::try_from(n).unwrap_or(i32::MAX)).into(),
            verifier: master.verifier(user, &keys.auth_key).0.to_vec(),
        },
        stamp: 1,
    };
    let bundle = BundleRow {
        epoch: 1,
        enc_pk: bundle.enc_pk.0.to_vec(),
        sign_pk: bundle.sign_pk.0.to_vec(),
        sig: bundle.sig.0.to_vec(),
    };
    let anchors = serde_json::to_string(&Anchors::default()).map_err(Problem::internal)?;
    let habits = RegimeRow { from: now, time_zone: entered.time_zone.clone(), anchors };

    let mut tx = app.store.write().await?;
    let index = master.email_index(entered.email.as_str()).0;
    let recovery_verifier = master.verifier(user, &recovery.auth_key());
    match account::insert(&mut tx, &person, &index, &recovery_verifier.0, &bundle).await {
        Err(StoreError::Taken(_)) => {
            return Err(Problem::conflict(
                "email_taken",
                "this address has an account; sign in at /api/login/",
            ));
        }
        done => done?,
    }
    for (slot, blob) in [(1, by_password), (2, by_recovery)] {
        let sealed = master.seal_column("wrapped_key", user, &[slot], &blob.0, &mut rng);
        account::put_wrapped(&mut tx, id, slot, 1, &sealed).await?;
    }
    regime::put(&mut tx, id, &habits).await?;
    if entered.role == Role::Doctor {
        let entry = Entry {
            doctor_id: id,
            name: person.name.clone(),
            specialty: entered.specialty,
            bio: entered.bio,
        };
        directory::put(&mut tx, &entry).await?;
    }
    tx.commit().await?;

    let user = UserView {
        id,
        role: entered.role,
        name: person.name,
        email: entered.email.as_str().to_owned(),
        time_zone: entered.time_zone,
        created_at: now,
    };
    Ok((StatusCode::CREATED, Json(SignedUp { user, recovery_code: recovery.text() })))
}
