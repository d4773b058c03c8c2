//! A device with keys of its own: it derives, signs, seals and opens, as a browser does, and the service
//! never has a key or a word. The demonstration and the tests use it.

mod account;
mod contacts;
mod notes;
mod passkey;
mod transport;

pub use account::{Derived, NewAccount, Recovered};
pub use contacts::{KeyChanged, NotLogged, NotVouched};
pub use notes::{Opened, Written};
pub use passkey::{Authenticator, Ceremony, show_passkey};
pub use transport::{Refused, Transport};

use crate::{keyring::raw, random::Random};
use aftercare_core::id::UserId;
use aftercare_seal::{
    Bytes,
    ark::{Ark, Keys},
    bundle::Bundle,
    emergency::Recipient,
    keylog::{self, Checkpoint},
    password::Kdf,
};
use anyhow::Context;
use axum::http::Method;
use contacts::Contacts;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// Somebody signed in on this device.
pub struct Client {
    transport: Transport,
    random: Arc<Random>,
    id: UserId,
    ark: Ark,
    keys: Keys,
    bundle: Bundle,
    email: String,
    issuer: String,
    tokens: Tokens,
    contacts: Mutex<Contacts>,
    emergency: Option<Bytes<32>>,
    organisation: Option<Bytes<32>>,
    /// What the password cost to derive: a service that asks for less later is refused.
    kdf: Option<Kdf>,
}

struct Tokens {
    access: String,
    refresh: String,
    device: String,
}

/// A field of an answer.
pub(crate) fn field<T: DeserializeOwned>(answer: &Value, name: &str) -> anyhow::Result<T> {
    serde_json::from_value(answer[name].clone()).with_context(|| format!("{name} of the answer"))
}

impl Client {
    /// Whose it is.
    pub fn id(&self) -> UserId {
        self.id
    }

    /// Their public keys.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The access token in use.
    pub fn token(&self) -> &str {
        &self.tokens.access
    }

    /// What to give with the next sign-in on this device.
    pub fn device_token(&self) -> &str {
        &self.tokens.device
    }

    /// Asks for something.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.transport.send(Some(&self.tokens.access), Method::GET, path, None).await
    }

    /// Sends something.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.transport.send(Some(&self.tokens.access), Method::POST, path, Some(body)).await
    }

    /// Puts something in the place of what is there.
    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.transport.send(Some(&self.tokens.access), Method::PUT, path, Some(body)).await
    }

    /// Takes a recipient for emergencies as known, by its key id: a device seals to no other than one that
    /// its makers or its owner have named, whatever a service says.
    pub fn know_emergency(&mut self, kid: Bytes<32>) {
        self.emergency = Some(kid);
    }

    /// Takes an organisation's key as known: from now on a doctor is chosen only where it vouches for their keys.
    pub fn know_organisation(&mut self, sign_pk: Bytes<32>) {
        self.organisation = Some(sign_pk);
    }

    /// The service's recipient for emergencies, where it has one; an error where this device does not
    /// know it.
    async fn emergency(&self) -> anyhow::Result<Option<Bundle>> {
        let answer = self.get("/api/emergency/").await?;
        let Some(recipient) = field::<Option<Recipient>>(&answer, "recipient")? else { return Ok(None) };
        recipient.bundle.verify()?;
        anyhow::ensure!(
            self.emergency == Some(recipient.bundle.kid()),
            "the service asks for one more reader, whom this device does not know"
        );
        Ok(Some(recipient.bundle))
    }

    /// Renews the session.
    pub async fn renew(&mut self) -> anyhow::Result<()> {
        let body = serde_json::json!({ "refresh_token": self.tokens.refresh });
        let answer = self.transport.send(None, Method::POST, "/api/token/refresh/", Some(&body)).await?;
        self.tokens = tokens(&answer)?;
        Ok(())
    }

    /// Follows the log of keys from where it was left: the chain must go on from the head that was seen
    /// last, and the newest key that it has of this account must be this one. How many keys it has.
    pub async fn follow_key_log(&self) -> anyhow::Result<i64> {
        let (mut n, mut head) = self.contacts().log;
        let mut logged = self.contacts().logged.clone();
        // What another device of this account has followed is not known here key by key.
        let own = n == 0 || !logged.is_empty();
        loop {
            let page = self.get(&format!("/api/keys/log/?after={n}")).await?;
            let items = page["items"].as_array().cloned().unwrap_or_default();
            for item in &items {
                let entry = keylog::Entry {
                    user_hash: field(item, "user_hash")?,
                    kid: field(item, "kid")?,
                    epoch: field(item, "epoch")?,
                    time: field(item, "time")?,
                };
                head = entry.head(&head);
                n += 1;
                let shown: (i64, Bytes<32>) = (field(item, "n")?, field(item, "head")?);
                anyhow::ensure!(shown == (n, head), "the log of keys is not the one seen before");
                if own {
                    logged.insert(entry.user_hash, entry.kid);
                }
            }
            if items.is_empty() {
                let checkpoint: Checkpoint = field(&page, "checkpoint")?;
                let newest = (checkpoint.n, checkpoint.head);
                anyhow::ensure!(
                    newest == (u64::try_from(n)?, head),
                    "the log of keys is not the one seen before"
                );
                let service = self.service_key(&field::<String>(&page["checkpoint"], "sig_kid")?).await?;
                checkpoint.verify(&service, &field(&page["checkpoint"], "sig")?)?;
                let of_this = logged.get(&keylog::user_hash(raw(self.id)));
                anyhow::ensure!(
                    of_this.is_none_or(|kid| *kid == self.bundle.kid()),
                    "keys were made known as this account's that this device has not made"
                );
                let mut contacts = self.contacts();
                contacts.log = (n, head);
                contacts.logged = logged;
                contacts.checkpoint = page["checkpoint"].clone();
                return Ok(n);
            }
        }
    }

    /// Where the log of keys stood when it was followed last, signed by the service; null before. Two that
    /// contradict each other are proof that it shows different people different keys.
    pub fn key_log_checkpoint(&self) -> Value {
        self.contacts().checkpoint.clone()
    }

    /// Agrees to who reads notes at the service, by its name: from now on they go there.
    pub fn agree_to_provider(&self, name: &str) {
        self.contacts().provider = Some(name.to_owned());
    }

    /// A key that the service signs with.
    async fn service_key(&self, kid: &str) -> anyhow::Result<Bytes<32>> {
        let known = self.get("/.well-known/jwks.json").await?;
        let keys = known["keys"].as_array().context("a set of keys")?;
        field(keys.iter().find(|key| key["kid"] == kid).context("a key of the service's")?, "x")
    }

    fn contacts(&self) -> std::sync::MutexGuard<'_, Contacts> {
        self.contacts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn tokens(answer: &Value) -> anyhow::Result<Tokens> {
    Ok(Tokens {
        access: field(answer, "access_token")?,
        refresh: field(answer, "refresh_token")?,
        device: field(answer, "device_token")?,
    })
}
