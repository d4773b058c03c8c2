//! Signing up and in, the password, recovery, new keys: all with keys that are made here.

use crate::{
    Client, Service,
    client::{field, tokens},
    contacts::Contacts,
};
use crate::{random::Random, raw};
use aftercare_core::{clock::Clock, id::UserId, instant::Instant, password::Rule};
use aftercare_seal::{
    Bytes,
    ark::Ark,
    bundle::Bundle,
    bytes,
    challenge::Challenge,
    password::{Kdf, PasswordKeys, derive, normalize_email},
    recovery::RecoveryKey,
    wrap::Slot,
};
use anyhow::ensure;
use http::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// Who signs up.
#[derive(Clone, Debug)]
pub struct NewAccount<'a> {
    /// `patient` or `doctor`.
    pub role: &'a str,
    /// As shown to others.
    pub name: &'a str,
    /// Where they sign in.
    pub email: &'a str,
    /// Never leaves this device.
    pub password: &'a str,
    /// IANA.
    pub time_zone: &'a str,
    /// A doctor's field.
    pub specialty: Option<&'a str>,
}

/// What recovering an account gave.
pub struct Recovered {
    /// The new recovery code.
    pub recovery_code: RecoveryKey,
}

/// The root key under a password: what is sent, and nothing else of it.
fn by_password(id: UserId, ark: &Ark, epoch: u32, made: &Made, random: &Random) -> Value {
    let Made { kdf, salt, keys } = made;
    let wrapped = Slot::Password(*kdf, *salt).wrap(ark, &keys.kek, raw(id), epoch, &mut random.rng());
    json!({
        "auth_key": bytes::encode(keys.auth_key.expose()),
        "kdf": { "m": kdf.m, "t": kdf.t, "p": kdf.p },
        "salt": bytes::encode(salt),
        "wrapped": wrapped,
    })
}

fn by_recovery(id: UserId, ark: &Ark, epoch: u32, key: &RecoveryKey, random: &Random) -> Value {
    let wrapped = Slot::Recovery.wrap(ark, &key.kek(), raw(id), epoch, &mut random.rng());
    json!({ "wrapped": wrapped, "auth": bytes::encode(key.auth_key().expose()) })
}

/// A password's keys with what they were derived under.
struct Made {
    kdf: Kdf,
    salt: [u8; 16],
    keys: PasswordKeys,
}

/// A password's keys for an account. Deriving them is meant to be slow: a device that is asked for more,
/// a code or a passkey, tries again with the same.
pub struct Derived {
    email: String,
    made: Made,
}

impl Derived {
    /// Derives them as the account's parameters say.
    pub async fn new(transport: &impl Service, email: &str, password: &str) -> anyhow::Result<Self> {
        let email = normalize_email(email);
        let (salt, kdf) = parameters(transport, &email).await?;
        Ok(Self { made: made(transport, password, &email, salt, kdf).await?, email })
    }
}

/// Only the device sees the password: so it is held here to what the service asks of those it sees.
async fn good(service: &impl Service, password: &str, name: &str, email: &str) -> anyhow::Result<()> {
    Rule { least: 8, refused: &service.common_passwords().await? }
        .check(password, name, email)
        .map_err(|error| anyhow::anyhow!("this password {error}"))
}

async fn made(
    service: &impl Service,
    password: &str,
    email: &str,
    salt: [u8; 16],
    kdf: Kdf,
) -> anyhow::Result<Made> {
    let (password, email) = (zeroize::Zeroizing::new(password.to_owned()), email.to_owned());
    let work = move || derive(&password, &email, &salt, kdf);
    Ok(Made { kdf, salt, keys: service.work(work).await?? })
}

/// The parameters of an account; a service that asks for less than is safe is refused.
async fn parameters(transport: &impl Service, email: &str) -> anyhow::Result<([u8; 16], Kdf)> {
    let body = json!({ "email": email });
    let answer = transport.send(None, Method::POST, "/api/auth/params/", Some(&body)).await?;
    let kdf = &answer["kdf"];
    let kdf = Kdf { m: field(kdf, "m")?, t: field(kdf, "t")?, p: field(kdf, "p")? }.check()?;
    Ok((field::<Bytes<16>>(&answer, "salt")?.0, kdf))
}

impl<S: Service> Client<S> {
    /// Makes an account. Its recovery code is to be written down.
    pub async fn sign_up(
        transport: &S,
        random: &Random,
        now: Instant,
        kdf: Kdf,
        who: &NewAccount<'_>,
    ) -> anyhow::Result<RecoveryKey> {
        good(transport, who.password, who.name, who.email).await?;
        let id: UserId = random.id(now);
        let mut rng = random.rng();
        let (ark, code) = (Ark::random(&mut rng), RecoveryKey::random(&mut rng));
        let email = normalize_email(who.email);
        let made = made(transport, who.password, &email, bytes::random(&mut rng), kdf).await?;
        let mut body = by_password(id, &ark, 1, &made, random);
        body["role"] = who.role.into();
        body["name"] = who.name.into();
        body["email"] = email.into();
        body["time_zone"] = who.time_zone.into();
        if let Some(specialty) = who.specialty {
            body["specialty"] = specialty.into();
        }
        body["user_id"] = json!(id);
        body["recovery"] = by_recovery(id, &ark, 1, &code, random);
        body["bundle"] = serde_json::to_value(Bundle::of(&ark.keys(raw(id)), 1))?;
        transport.send(None, Method::POST, "/api/signup/", Some(&body)).await?;
        Ok(code)
    }

    /// Signs in, in two legs: what proves the password, then the account's signature.
    pub async fn sign_in(
        transport: &S,
        random: Arc<Random>,
        email: &str,
        password: &str,
        beside: Value,
    ) -> anyhow::Result<Self> {
        let derived = Derived::new(transport, email, password).await?;
        Self::sign_in_with(transport, random, &derived, beside).await
    }

    /// Signs in with keys that are derived already.
    pub async fn sign_in_with(
        transport: &S,
        random: Arc<Random>,
        Derived { email, made }: &Derived,
        beside: Value,
    ) -> anyhow::Result<Self> {
        let mut body = beside;
        body["email"] = email.as_str().into();
        body["auth_key"] = bytes::encode(made.keys.auth_key.expose()).into();
        let to_sign = transport.send(None, Method::POST, "/api/login/", Some(&body)).await?;
        let bundle: Bundle = field(&to_sign, "bundle")?;
        let slot = Slot::Password(made.kdf, made.salt);
        let ark = slot.unwrap(&field(&to_sign, "wrapped")?, &made.keys.kek, bundle.user_id, bundle.epoch)?;
        Ok(Self { kdf: Some(made.kdf), ..Self::finish(transport, random, &to_sign, ark).await? })
    }

    /// The second leg, with the root key that the first has opened.
    pub(crate) async fn finish(
        transport: &S,
        random: Arc<Random>,
        to_sign: &Value,
        ark: Ark,
    ) -> anyhow::Result<Self> {
        let bundle: Bundle = field(to_sign, "bundle")?;
        let body = json!({ "login_id": to_sign["login_id"], "sig": signature(to_sign, &ark, &bundle)? });
        let answer = transport.send(None, Method::POST, "/api/login/finish/", Some(&body)).await?;
        Ok(Self {
            transport: transport.clone(),
            random,
            id: UserId(Uuid::from_bytes(bundle.user_id.0)),
            keys: ark.keys(bundle.user_id),
            ark,
            bundle,
            email: field(&answer["user"], "email")?,
            issuer: field(to_sign, "issuer")?,
            tokens: tokens(&answer)?,
            contacts: Mutex::new(Contacts::default()),
            emergency: None,
            organisation: None,
            kdf: None,
        })
    }

    /// The parameters of this account, never less than before.
    async fn parameters(&self) -> anyhow::Result<([u8; 16], Kdf)> {
        let (salt, kdf) = parameters(&self.transport, &self.email).await?;
        let less = |before: Kdf| kdf.m < before.m || kdf.t < before.t;
        ensure!(!self.kdf.is_some_and(less), "the service asks for a cheaper password than before");
        Ok((salt, kdf))
    }

    /// Changes the password. Notes stay as they are. Without the current one: where one has just signed in with a
    /// passkey alone.
    pub async fn change_password(&self, current: Option<&str>, new: &str) -> anyhow::Result<()> {
        good(&self.transport, new, "", &self.email).await?;
        let current = self.proof(current).await?;
        let (_, kdf) = self.parameters().await?;
        let made =
            made(&self.transport, new, &self.email, bytes::random(&mut self.random.rng()), kdf).await?;
        let body = json!({
            "current": current,
            "sealed": by_password(self.id, &self.ark, self.bundle.epoch, &made, &self.random),
        });
        self.post("/api/me/password/", &body).await?;
        Ok(())
    }

    /// Erases the account and all that is its owner's, by its password, or where one has just signed in with a passkey
    /// alone.
    pub async fn erase(&self, password: Option<&str>) -> anyhow::Result<()> {
        let body = json!({ "current": self.proof(password).await? });
        self.transport.send(Some(self.token()), Method::DELETE, "/api/me/", Some(&body)).await?;
        Ok(())
    }

    /// What shows that one knows the password, or has a passkey in the place of it.
    async fn proof(&self, password: Option<&str>) -> anyhow::Result<Value> {
        let Some(password) = password else { return Ok(json!({ "passkey": true })) };
        let (salt, kdf) = self.parameters().await?;
        let made = made(&self.transport, password, &self.email, salt, kdf).await?;
        Ok(json!({ "auth_key": bytes::encode(made.keys.auth_key.expose()) }))
    }

    /// Opens an account whose password is lost, and gives it a new one.
    pub async fn recover(
        transport: &S,
        random: &Random,
        email: &str,
        code: &RecoveryKey,
        new_password: &str,
    ) -> anyhow::Result<Recovered> {
        good(transport, new_password, "", email).await?;
        let email = normalize_email(email);
        let body = json!({ "email": email, "auth": bytes::encode(code.auth_key().expose()) });
        let to_sign = transport.send(None, Method::POST, "/api/recovery/", Some(&body)).await?;
        let bundle: Bundle = field(&to_sign, "bundle")?;
        let ark =
            Slot::Recovery.unwrap(&field(&to_sign, "wrapped")?, &code.kek(), bundle.user_id, bundle.epoch)?;
        let id = UserId(Uuid::from_bytes(bundle.user_id.0));
        let (_, kdf) = parameters(transport, &email).await?;
        let made = made(transport, new_password, &email, bytes::random(&mut random.rng()), kdf).await?;
        let recovery_code = RecoveryKey::random(&mut random.rng());
        let body = json!({
            "login_id": to_sign["login_id"],
            "sig": signature(&to_sign, &ark, &bundle)?,
            "password": by_password(id, &ark, bundle.epoch, &made, random),
            "recovery": by_recovery(id, &ark, bundle.epoch, &recovery_code, random),
        });
        transport.send(None, Method::POST, "/api/recovery/finish/", Some(&body)).await?;
        Ok(Recovered { recovery_code })
    }

    /// Makes new keys where password and recovery code are lost, by a one-time code of the operator. Everybody
    /// who knows the old keys is told; who can read the notes opens them to the new.
    pub async fn reset(
        transport: &S,
        random: &Random,
        kdf: Kdf,
        email: &str,
        code: &str,
        new_password: &str,
    ) -> anyhow::Result<Recovered> {
        good(transport, new_password, "", email).await?;
        let email = normalize_email(email);
        let mut body = json!({ "email": email, "code": code });
        let made_for = transport.send(None, Method::POST, "/api/recovery/reset/", Some(&body)).await?;
        let (id, epoch): (UserId, u32) = (field(&made_for, "user_id")?, field(&made_for, "epoch")?);
        let mut rng = random.rng();
        let (ark, recovery_code) = (Ark::random(&mut rng), RecoveryKey::random(&mut rng));
        let made = made(transport, new_password, &email, bytes::random(&mut rng), kdf).await?;
        body["sealed"] = json!({
            "bundle": Bundle::of(&ark.keys(raw(id)), epoch),
            "password": by_password(id, &ark, epoch, &made, random),
            "recovery": by_recovery(id, &ark, epoch, &recovery_code, random),
        });
        transport.send(None, Method::POST, "/api/recovery/reset/", Some(&body)).await?;
        Ok(Recovered { recovery_code })
    }

    /// Makes new keys, signed by the old, and opens every note of one's own to them.
    pub async fn change_keys(&mut self, clock: &impl Clock, password: &str) -> anyhow::Result<RecoveryKey> {
        let notes = self.sealed_notes().await?;
        let (ark, code) = (Ark::random(&mut self.random.rng()), RecoveryKey::random(&mut self.random.rng()));
        let epoch = self.bundle.epoch + 1;
        let bundle = Bundle::of(&ark.keys(raw(self.id)), epoch);
        let (_, kdf) = self.parameters().await?;
        let made =
            made(&self.transport, password, &self.email, bytes::random(&mut self.random.rng()), kdf).await?;
        let body = json!({
            "bundle": bundle,
            "succession": bundle.succession(&self.keys),
            "password": by_password(self.id, &ark, epoch, &made, &self.random),
            "recovery": by_recovery(self.id, &ark, epoch, &code, &self.random),
        });
        self.post("/api/me/keys/", &body).await?;
        for note in &notes {
            self.grant(note, &bundle).await?;
        }
        self.keys = ark.keys(raw(self.id));
        (self.ark, self.bundle) = (ark, bundle);
        self.restate(clock).await?;
        Ok(code)
    }
}

/// Signs what the service asks for, once the root key is known to be that of the public keys.
fn signature(to_sign: &Value, ark: &Ark, bundle: &Bundle) -> anyhow::Result<Bytes<64>> {
    let keys = ark.keys(bundle.user_id);
    ensure!(bundle.matches(&keys), "the service shows other public keys than those of this account");
    let issuer: String = field(to_sign, "issuer")?;
    let login_id: Uuid = field(to_sign, "login_id")?;
    let challenge =
        Challenge { issuer: &issuer, login_id: Bytes(*login_id.as_bytes()), nonce: field(to_sign, "nonce")? };
    Ok(challenge.sign(&keys))
}
