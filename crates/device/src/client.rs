//! Somebody signed in, with their keys.

use crate::{Service, contacts::Contacts, random::Random, raw};
use aftercare_core::{clock::Clock, id::UserId};
use aftercare_seal::{
    Bytes,
    ark::{Ark, Keys},
    bundle::Bundle,
    emergency::Recipient,
    keylog::{self, Checkpoint},
    password::Kdf,
};
use anyhow::Context;
use http::Method;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// Somebody signed in on this device.
pub struct Client<S> {
    pub(crate) transport: S,
    pub(crate) random: Arc<Random>,
    pub(crate) id: UserId,
    pub(crate) ark: Ark,
    pub(crate) keys: Keys,
    pub(crate) bundle: Bundle,
    pub(crate) email: String,
    pub(crate) issuer: String,
    pub(crate) tokens: Tokens,
    pub(crate) contacts: Mutex<Contacts>,
    pub(crate) emergency: Option<Bytes<32>>,
    pub(crate) organisation: Option<Bytes<32>>,
    /// What the password cost to derive: a service that asks for less later is refused.
    pub(crate) kdf: Option<Kdf>,
}

#[derive(Default)]
pub(crate) struct Tokens {
    access: String,
    /// Absent where the browser keeps it.
    refresh: Option<String>,
    device: String,
}

/// A field of an answer.
pub(crate) fn field<T: DeserializeOwned>(answer: &Value, name: &str) -> anyhow::Result<T> {
    serde_json::from_value(answer[name].clone()).with_context(|| format!("{name} of the answer"))
}

/// What a device remembers of somebody signed in, beside the root key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Remembered {
    pub(crate) bundle: Bundle,
    email: String,
    issuer: String,
    kdf: Option<Kdf>,
    pub(crate) contacts: Contacts,
}

impl<S: Service> Client<S> {
    /// The root key, for a device that keeps it under a key of its own.
    pub fn root_key(&self) -> &[u8; 32] {
        self.ark.expose()
    }

    /// What to remember beside it.
    pub fn remember(&self) -> Remembered {
        Remembered {
            bundle: self.bundle.clone(),
            email: self.email.clone(),
            issuer: self.issuer.clone(),
            kdf: self.kdf,
            contacts: self.contacts().clone(),
        }
    }

    /// Goes on where somebody has signed in before: the service's side of the session is the caller's.
    pub fn resume(
        transport: S,
        random: Arc<Random>,
        root_key: [u8; 32],
        remembered: Remembered,
    ) -> anyhow::Result<Self> {
        let Remembered { bundle, email, issuer, kdf, contacts } = remembered;
        let ark = Ark::from_bytes(root_key);
        let keys = ark.keys(bundle.user_id);
        anyhow::ensure!(bundle.matches(&keys), "this root key is not that of these public keys");
        Ok(Self {
            transport,
            random,
            id: UserId(Uuid::from_bytes(bundle.user_id.0)),
            ark,
            keys,
            bundle,
            email,
            issuer,
            tokens: Tokens::default(),
            contacts: Mutex::new(contacts),
            emergency: None,
            organisation: None,
            kdf,
        })
    }

    /// Whose it is.
    pub fn id(&self) -> UserId {
        self.id
    }

    /// A new id (`UUIDv7`).
    pub fn new_id<T: From<Uuid>>(&self, clock: &impl Clock) -> T {
        self.random.id(clock.now())
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
    pub(crate) async fn emergency(&self) -> anyhow::Result<Option<Bundle>> {
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
    pub(crate) async fn service_key(&self, kid: &str) -> anyhow::Result<Bytes<32>> {
        let known = self.get("/.well-known/jwks.json").await?;
        let keys = known["keys"].as_array().context("a set of keys")?;
        field(keys.iter().find(|key| key["kid"] == kid).context("a key of the service's")?, "x")
    }

    pub(crate) fn contacts(&self) -> std::sync::MutexGuard<'_, Contacts> {
        self.contacts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

pub(crate) fn tokens(answer: &Value) -> anyhow::Result<Tokens> {
    Ok(Tokens {
        access: field(answer, "access_token")?,
        refresh: serde_json::from_value(answer["refresh_token"].clone())?,
        device: field(answer, "device_token")?,
    })
}
