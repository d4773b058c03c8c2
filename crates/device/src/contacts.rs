//! Whom this device knows, and by which keys: pinned when first seen, and followed only where each change
//! is signed by the keys before it.

use crate::raw;
use crate::{
    Client, Refused, Service,
    client::{Remembered, field},
};
use aftercare_core::{clock::Clock, id::UserId};
use aftercare_seal::{
    Bytes,
    bundle::Bundle,
    bytes::{Base64, encode},
    credential::Credential,
    keylog,
    state::Place,
};
use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// The keys somebody is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
struct Pin {
    kid: Bytes<32>,
    /// How often they were changed since they were first seen: signed by those before, or trusted. Of what two devices
    /// know, the more often changed stands; of what was seen first only, what was kept before.
    changed: u32,
}

/// A pin as it lies there; one of before changes were counted is a key id alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Pin { kid: Bytes<32>, changed: u32 },
    Kid(Bytes<32>),
}

impl From<Written> for Pin {
    fn from(written: Written) -> Self {
        match written {
            Written::Pin { kid, changed } => Self { kid, changed },
            Written::Kid(kid) => Self { kid, changed: 0 },
        }
    }
}

/// What this device remembers of others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contacts {
    pins: BTreeMap<UserId, Pin>,
    /// The place and head of the log of keys as last seen.
    pub(crate) log: (i64, Bytes<32>),
    /// The same as the service has signed it.
    pub(crate) checkpoint: Value,
    /// The newest key of everybody, by their hash: as far as this device has followed the log itself.
    pub(crate) logged: HashMap<Bytes<32>, Bytes<32>>,
    /// Who reads notes at the service, as agreed to.
    pub(crate) provider: Option<String>,
    #[serde(default)]
    shelf: Shelf,
}

/// What somebody keeps for their own devices beside what those know of others: a text by its name, each with when it
/// was put there (µs). The newest stands.
type Shelf = BTreeMap<String, (i64, String)>;

/// What is kept of it for the account's other devices.
#[derive(Serialize, Deserialize)]
struct Kept {
    pins: BTreeMap<UserId, Pin>,
    log: (i64, Bytes<32>),
    #[serde(default)]
    shelf: Shelf,
}

impl Default for Contacts {
    fn default() -> Self {
        Self {
            pins: BTreeMap::new(),
            log: (0, Bytes([0; 32])),
            checkpoint: Value::Null,
            logged: HashMap::new(),
            provider: None,
            shelf: Shelf::new(),
        }
    }
}

impl Contacts {
    /// Takes what was kept elsewhere, or before: it goes before what was seen first here.
    fn lay_over(&mut self, Kept { pins, log, shelf }: Kept) {
        for (id, kept) in pins {
            let newer = self.pins.get(&id).is_none_or(|own| own.changed <= kept.changed);
            if newer {
                self.pins.insert(id, kept);
            }
        }
        if log.0 > self.log.0 {
            self.log = log;
        }
        for (name, theirs) in shelf {
            let newer = self.shelf.get(&name).is_none_or(|own| own.0 < theirs.0);
            if newer {
                self.shelf.insert(name, theirs);
            }
        }
    }

    fn kept(&self) -> Kept {
        Kept { pins: self.pins.clone(), log: self.log, shelf: self.shelf.clone() }
    }
}

/// Somebody's keys are not those this device knows, and not signed by them: compare safety codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys of {0} were changed by somebody who does not have the old ones: compare safety codes")]
pub struct KeyChanged(pub UserId);

/// Somebody's keys are not in the log of keys: they were made for this device's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the keys of {0} are not those in the log of keys: the service shows different people different keys"
)]
pub struct NotLogged(pub UserId);

/// No organisation that this device knows says that these are a doctor's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody this device trusts vouches for the keys of {0}")]
pub struct NotVouched(pub UserId);

/// Somebody's keys, checked: newest first.
#[derive(Clone, Debug)]
pub(crate) struct Theirs {
    pub(crate) epochs: Vec<Bundle>,
    /// The ids of those that signed changes lead from to the keys in use, these included.
    pub(crate) followed: Vec<Bytes<32>>,
    /// What was stated between the two.
    pub(crate) statement: Value,
    /// Where a doctor's chain for this patient stands.
    pub(crate) chain: Value,
    credential: Option<Credential>,
}

impl Theirs {
    /// The keys in use.
    pub(crate) fn current(&self) -> &Bundle {
        // `keys_of` makes none without one.
        &self.epochs[0]
    }

    pub(crate) fn by_kid(&self, kid: &Bytes<32>) -> Option<&Bundle> {
        self.epochs.iter().find(|bundle| bundle.kid() == *kid)
    }
}

impl<S: Service> Client<S> {
    /// Somebody's keys, held against what this device knows of them.
    pub(crate) async fn keys_of(&self, id: UserId) -> anyhow::Result<Theirs> {
        let answer = self.get(&format!("/api/keys/{id}/")).await?;
        let history = answer["history"].as_array().context("a history of keys")?;
        let mut epochs: Vec<Bundle> = Vec::new();
        let mut followed = Vec::new();
        let mut unbroken = true;
        for (n, epoch) in history.iter().enumerate() {
            let bundle: Bundle = field(epoch, "bundle")?;
            bundle.verify()?;
            ensure!(bundle.user_id == raw(id), "the keys of somebody else");
            if unbroken {
                followed.push(bundle.kid());
            }
            let succession: Option<Bytes<64>> = field(epoch, "succession")?;
            let before: Option<Bundle> =
                history.get(n + 1).map(|before| field(before, "bundle")).transpose()?;
            let signed = succession.zip(before.as_ref());
            unbroken &= signed.is_some_and(|(sig, before)| bundle.succeeds(before, &sig).is_ok());
            epochs.push(bundle);
        }
        let current = epochs.first().context("no keys")?.kid();
        let pin = *self.contacts().pins.entry(id).or_insert(Pin { kid: current, changed: 0 });
        if !followed.contains(&pin.kid) {
            return Err(KeyChanged(id).into());
        }
        self.logged(id, &current).await?;
        if pin.kid != current {
            self.contacts().pins.insert(id, Pin { kid: current, changed: pin.changed + 1 });
        }
        Ok(Theirs {
            epochs,
            followed,
            statement: answer["statement"].clone(),
            chain: answer["chain"].clone(),
            credential: field(&answer, "credential")?,
        })
    }

    /// Whether somebody's keys are those in the log, where this device follows it.
    async fn logged(&self, id: UserId, current: &Bytes<32>) -> anyhow::Result<()> {
        let hash = keylog::user_hash(raw(id));
        let newest = || self.contacts().logged.get(&hash).copied();
        if self.contacts().logged.is_empty() || newest() == Some(*current) {
            return Ok(());
        }
        // They may be newer than the log was when it was followed last.
        Box::pin(self.follow_key_log()).await?;
        if newest() == Some(*current) { Ok(()) } else { Err(NotLogged(id).into()) }
    }

    /// Whether a doctor's keys are vouched for, where this device knows an organisation that does.
    pub(crate) fn vouched(&self, doctor: UserId, theirs: &Theirs, now: u64) -> Result<(), NotVouched> {
        let Some(organisation) = &self.organisation else { return Ok(()) };
        let holds = theirs.credential.as_ref().is_some_and(|said| {
            said.user_id == raw(doctor)
                && theirs.followed.contains(&said.kid)
                && said.verify(organisation, now).is_ok()
        });
        if holds { Ok(()) } else { Err(NotVouched(doctor)) }
    }

    /// Takes what this account's other devices have kept: whom they know by which keys goes before what this
    /// one was shown. How often something was kept.
    pub async fn recall(&self) -> anyhow::Result<u64> {
        let kept = self.get("/api/me/state/").await?;
        let n = field(&kept, "n")?;
        let place = self.place(n);
        let sealed: Option<Base64> = field(&kept, "sealed")?;
        // What was kept under other keys than these opens no more.
        if let Some(Base64(sealed)) = sealed.filter(|_| kept["epoch"] == place.epoch) {
            let kept: Kept = serde_json::from_slice(&place.open(&self.ark, &sealed)?)?;
            self.contacts().lay_over(kept);
        }
        Ok(n)
    }

    /// Takes what this device remembers of before it was signed in to anew: the service may not have kept it.
    pub fn know(&self, before: &Remembered) -> anyhow::Result<()> {
        ensure!(
            before.bundle.user_id == self.bundle.user_id,
            "this is what somebody else's device remembers"
        );
        let mut contacts = self.contacts();
        if before.contacts.log.0 > contacts.log.0 {
            contacts.checkpoint = before.contacts.checkpoint.clone();
            contacts.logged.clone_from(&before.contacts.logged);
        }
        contacts.lay_over(before.contacts.kept());
        Ok(())
    }

    /// Keeps what this device knows for the others of this account, laid over what they have kept.
    pub async fn keep(&self) -> anyhow::Result<()> {
        const TRIES: usize = 3;
        for _ in 1..TRIES {
            match self.keep_once().await {
                // Another device has kept something at the same moment: laid over that.
                Err(error) if error.downcast_ref::<Refused>().is_some_and(Refused::is_overtaken) => {}
                done => return done,
            }
        }
        self.keep_once().await
    }

    async fn keep_once(&self) -> anyhow::Result<()> {
        let n = self.recall().await? + 1;
        let kept = self.contacts().kept();
        let place = self.place(n);
        let sealed = place.seal(&self.ark, &serde_json::to_vec(&kept)?, &mut self.random.rng())?;
        let body = json!({ "n": n, "epoch": place.epoch, "sealed": encode(&sealed) });
        self.put("/api/me/state/", &body).await?;
        Ok(())
    }

    /// What was put under a name, on whichever of this account's devices.
    pub async fn from_shelf(&self, name: &str) -> anyhow::Result<Option<String>> {
        self.recall().await?;
        Ok(self.contacts().shelf.get(name).map(|(_, text)| text.clone()))
    }

    /// Puts a text there, for all devices of this account.
    pub async fn put_on_shelf(&self, clock: &impl Clock, name: &str, text: &str) -> anyhow::Result<()> {
        let put = (clock.now().as_micros(), text.to_owned());
        self.contacts().shelf.insert(name.to_owned(), put);
        self.keep().await
    }

    /// Whom this device knows by which keys, as a text: another one when somebody new is known, which has to be kept
    /// before it is relied upon.
    pub fn pinned(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(&self.contacts().pins)?)
    }

    fn place(&self, n: u64) -> Place {
        Place { user_id: raw(self.id), epoch: self.bundle.epoch, n }
    }

    /// Takes somebody's new keys as theirs: the safety codes were compared.
    pub async fn trust(&self, id: UserId) -> anyhow::Result<()> {
        let before = self.contacts().pins.remove(&id);
        let seen = self.keys_of(id).await;
        if let Some(before) = before {
            let mut contacts = self.contacts();
            let pin = match &seen {
                Ok(theirs) => Pin { kid: theirs.current().kid(), changed: before.changed + 1 },
                // Not seen: known as before.
                Err(_) => before,
            };
            contacts.pins.insert(id, pin);
        }
        seen.map(drop)
    }

    /// The code to compare with somebody.
    pub async fn safety_code(&self, id: UserId) -> anyhow::Result<String> {
        let theirs = self.keys_of(id).await?;
        Ok(aftercare_seal::safety::safety_code(&self.bundle, theirs.current()))
    }

    /// The same for a machine to compare: both key ids, base64url, in order.
    pub async fn safety_pair(&self, id: UserId) -> anyhow::Result<String> {
        let theirs = self.keys_of(id).await?.current().kid();
        let mut kids = [self.bundle.kid(), theirs].map(|kid| encode(&kid.0));
        kids.sort();
        Ok(kids.join("."))
    }
}
