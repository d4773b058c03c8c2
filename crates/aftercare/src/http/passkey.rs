//! Passkeys (`WebAuthn` Level 3): making one, showing one, and opening an account with one. Options and
//! credentials are the browser's own JSON (`parseCreationOptionsFromJSON`, `toJSON`).

use super::problem::Problem;
use crate::{app::App, audit, keyring::raw, limits};
use aftercare_core::{id::UserId, instant::Span};
use aftercare_seal::{
    Id, bytes,
    bytes::Base64,
    passkey::{self as webauthn, Assertion, Attestation, NewPasskey, PublicKey, RelyingParty},
};
use aftercare_store::{
    Tx,
    passkey::{self, Passkey},
    throttle,
};
use audit::{Action, Event};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A ceremony is to be finished within this.
const CEREMONY: Span = Span::from_minutes(5);

/// What a challenge is for: none is good for anything else.
#[derive(Clone, Copy)]
pub(super) enum Ceremony {
    /// A new passkey of somebody.
    Make(UserId),
    /// Showing one, whosever it is.
    Show,
}

impl Ceremony {
    fn mac(self, app: &App, nonce: &[u8], time: &[u8]) -> [u8; 16] {
        let whose = match self {
            Self::Make(user) => raw(user).0.to_vec(),
            Self::Show => Vec::new(),
        };
        let digest = app.master.digest("passkey-challenge", &[&whose, nonce, time]).0;
        *digest.first_chunk().unwrap_or(&[0; 16])
    }

    /// Nonce, time, and what shows that it was made here: nothing need be kept until it comes back.
    fn challenge(self, app: &App) -> Vec<u8> {
        let nonce: [u8; 16] = bytes::random(&mut app.random.rng());
        let time = app.clock.wall().as_secs().to_le_bytes();
        [nonce.as_slice(), &time, &self.mac(app, &nonce, &time)].concat()
    }

    /// The challenge that an answer is to, if it was made here for this and in time.
    fn answered(self, app: &App, client_data: &[u8]) -> Option<Vec<u8>> {
        let challenge = webauthn::challenge_in(client_data)?;
        let (nonce, rest) = challenge.split_first_chunk::<16>()?;
        let (time, mac) = rest.split_first_chunk::<8>()?;
        let age = app.clock.wall().as_secs().checked_sub(i64::from_le_bytes(*time))?;
        let good = bytes::same(&self.mac(app, nonce, time), mac)
            // A replica's clock may be a little ahead.
            && (-30..=CEREMONY.as_micros() / 1_000_000).contains(&age);
        good.then_some(challenge)
    }
}

/// Whom passkeys are made for: the host that pages come from.
struct Party {
    id: String,
    origin: String,
}

impl Party {
    fn of(app: &App) -> Result<Self, Problem> {
        let (origin, host) = app.config.ui_host().ok_or_else(|| {
            Problem::conflict(
                "no_host_name",
                "passkeys are bound to a host name; the operator sets `ui_origin`",
            )
        })?;
        Ok(Self { id: host, origin })
    }

    fn relying(&self) -> RelyingParty<'_> {
        RelyingParty { id: &self.id, origin: &self.origin }
    }
}

fn descriptor(credential_id: &[u8]) -> Value {
    json!({ "type": "public-key", "id": bytes::encode(credential_id) })
}

fn prf() -> Value {
    json!({ "eval": { "first": bytes::encode(webauthn::PRF_INPUT) } })
}

/// What a browser is to be asked for a new passkey.
pub(super) fn creation_options(
    app: &App,
    user: UserId,
    (name, email): (&str, &str),
    there: &[Passkey],
) -> Result<Value, Problem> {
    let party = Party::of(app)?;
    let algorithms = PublicKey::ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg }));
    Ok(json!({
        "rp": { "id": party.id, "name": "Aftercare" },
        "user": { "id": raw(user), "name": email, "displayName": name },
        "challenge": bytes::encode(&Ceremony::Make(user).challenge(app)),
        "pubKeyCredParams": algorithms,
        "timeout": CEREMONY.as_micros() / 1_000,
        "excludeCredentials": there.iter().map(|one| descriptor(&one.credential_id)).collect::<Vec<_>>(),
        "authenticatorSelection": {
            "residentKey": "required", "requireResidentKey": true, "userVerification": "required"
        },
        "attestation": "none",
        "extensions": { "prf": prf() },
    }))
}

/// What a browser is to be asked to show one. Names nobody: the authenticator offers its owner what it
/// has for this host.
pub(super) fn request_options(app: &App) -> Result<Value, Problem> {
    let party = Party::of(app)?;
    Ok(json!({
        "rpId": party.id,
        "challenge": bytes::encode(&Ceremony::Show.challenge(app)),
        "timeout": CEREMONY.as_micros() / 1_000,
        "allowCredentials": [],
        "userVerification": "required",
        "extensions": { "prf": prf() },
    }))
}

/// A new passkey as the browser gives it (`RegistrationResponseJSON`); further members are not read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// The authenticator's answer.
    response: CreatedResponse,
    /// Leave `prf.results` out: it is a key, and stays on the device.
    #[schema(value_type = Option<Object>)]
    client_extension_results: Option<Value>,
}

/// An authenticator's answer to making a passkey. Bytes are base64url without padding.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedResponse {
    /// What the browser says it was asked for.
    #[serde(rename = "clientDataJSON")]
    #[schema(value_type = String)]
    client_data: Base64,
    /// CBOR.
    #[schema(value_type = String)]
    attestation_object: Base64,
}

/// A passkey that was shown (`AuthenticationResponseJSON`); further members are not read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// The passkey's id with its authenticator, base64url.
    #[schema(value_type = String)]
    id: Base64,
    /// The authenticator's answer.
    response: ShownResponse,
    /// Leave `prf.results` out: it is a key, and stays on the device.
    #[schema(value_type = Option<Object>)]
    client_extension_results: Option<Value>,
}

/// An authenticator's answer to showing a passkey. Bytes are base64url without padding.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownResponse {
    /// What the browser says it was asked for.
    #[serde(rename = "clientDataJSON")]
    #[schema(value_type = String)]
    client_data: Base64,
    /// What the authenticator says.
    #[schema(value_type = String)]
    authenticator_data: Base64,
    /// Over both.
    #[schema(value_type = String)]
    signature: Base64,
    /// Whose it is: 16 bytes.
    #[schema(value_type = Option<String>)]
    user_handle: Option<Base64>,
}

/// A key that a browser puts beside its answer must not come here.
fn keeps_its_key(pointer: &str, extensions: Option<&Value>) -> Result<(), Problem> {
    let sent = extensions.and_then(|results| results.pointer("/prf/results")).is_some();
    let pointer = format!("{pointer}/clientExtensionResults/prf/results");
    if sent {
        return Err(Problem::invalid_field(&pointer, "is a key: leave it out, it stays on the device"));
    }
    Ok(())
}

impl Created {
    /// The new passkey, if it was made for this account here and now.
    pub(super) fn check(&self, app: &App, user: UserId) -> Result<NewPasskey, Problem> {
        keeps_its_key("/credential", self.client_extension_results.as_ref())?;
        let party = Party::of(app)?;
        let CreatedResponse { client_data: Base64(client_data), attestation_object } = &self.response;
        let challenge = Ceremony::Make(user).answered(app, client_data).ok_or_else(|| {
            Problem::invalid_field(
                "/credential",
                "answers no challenge of the last five minutes for this account",
            )
        })?;
        let attestation = Attestation { client_data, attestation_object: &attestation_object.0 };
        attestation
            .verify(&party.relying(), &challenge)
            .map_err(|error| Problem::invalid_field("/credential", error))
    }
}

impl Shown {
    /// Refused where it carries what must stay with its owner.
    pub(super) fn keeps_its_key(&self, pointer: &str) -> Result<(), Problem> {
        keeps_its_key(pointer, self.client_extension_results.as_ref())
    }

    /// Whether it answers a challenge of ours, in time: found out without looking anything up.
    pub(super) fn is_fresh(&self, app: &App) -> bool {
        Ceremony::Show.answered(app, &self.response.client_data.0).is_some()
    }

    /// Whose it says it is.
    pub(super) fn user(&self) -> Option<UserId> {
        let handle = self.response.user_handle.as_ref()?;
        let id = Id::try_from(handle.0.as_slice()).ok()?;
        Some(UserId(uuid::Uuid::from_bytes(id.0)))
    }

    /// The person's passkey that this shows, if it does. A challenge is good once.
    pub(super) async fn check(
        &self,
        app: &App,
        tx: &mut Tx,
        user: UserId,
    ) -> Result<Option<Passkey>, Problem> {
        let party = Party::of(app)?;
        let ShownResponse { client_data: Base64(client_data), authenticator_data, signature, .. } =
            &self.response;
        let Some(challenge) = Ceremony::Show.answered(app, client_data) else { return Ok(None) };
        let mut all = passkey::list(tx, user).await?.into_iter();
        let Some(mut passkey) = all.find(|one| one.credential_id == self.id.0) else { return Ok(None) };
        let key = PublicKey::from_parts(passkey.algorithm, &passkey.public_key)?;
        let counted = u32::try_from(passkey.signed).map_err(Problem::internal)?;
        let assertion =
            Assertion { client_data, authenticator_data: &authenticator_data.0, signature: &signature.0 };
        if self.user().is_some_and(|said| said != user) {
            return Ok(None);
        }
        let Ok(signed) = assertion.verify(&party.relying(), &challenge, &key, counted, passkey.synced) else {
            return Ok(None);
        };
        let now = app.clock.wall();
        let scope = app.master.digest("passkey-used", &[&challenge]).0;
        let (times, _) = throttle::count(tx, &scope, CEREMONY + CEREMONY, now).await?;
        if times > 1 {
            return Ok(None);
        }
        passkey.signed = i64::from(signed);
        let taken = passkey::used(tx, user, passkey.id, passkey.signed, now).await?;
        Ok(taken.then_some(passkey))
    }
}

/// Puts on record that somebody did not show who they are: once in a while, because whoever knows an id
/// can fail for it.
pub(super) async fn failed(app: &App, tx: &mut Tx, user: UserId) -> Result<(), Problem> {
    if limits::tells(app, tx, user).await? {
        audit::record(app, tx, Event::own(user, Action::SignInFailed).anonymous()).await?;
    }
    Ok(())
}
