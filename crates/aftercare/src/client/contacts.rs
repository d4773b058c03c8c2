//! Whom this device knows, and by which keys: pinned when first seen, and followed only where each change
//! is signed by the keys before it.

use super::{Client, field};
use crate::keyring::raw;
use aftercare_core::id::UserId;
use aftercare_seal::{Bytes, bundle::Bundle};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::HashMap;

/// What this device remembers of others.
pub(super) struct Contacts {
    pins: HashMap<UserId, Bytes<32>>,
    /// The place and head of the log of keys as last seen.
    pub(super) log: (i64, Bytes<32>),
    /// The same as the service has signed it.
    pub(super) checkpoint: Value,
}

impl Default for Contacts {
    fn default() -> Self {
        Self { pins: HashMap::new(), log: (0, Bytes([0; 32])), checkpoint: Value::Null }
    }
}

/// Somebody's keys are not those this device knows, and not signed by them: compare safety codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys of {0} were changed by somebody who does not have the old ones: compare safety codes")]
pub struct KeyChanged(pub UserId);

/// Somebody's keys, checked: newest first.
#[derive(Clone, Debug)]
pub(super) struct Theirs {
    pub(super) epochs: Vec<Bundle>,
    /// The ids of those that signed changes lead from to the keys in use, these included.
    pub(super) followed: Vec<Bytes<32>>,
    /// What was stated between the two.
    pub(super) statement: Value,
    /// Where a doctor's chain for this patient stands.
    pub(super) chain: Value,
}

impl Theirs {
    /// The keys in use.
    pub(super) fn current(&self) -> &Bundle {
        // `keys_of` makes none without one.
        &self.epochs[0]
    }

    pub(super) fn by_kid(&self, kid: &Bytes<32>) -> Option<&Bundle> {
        self.epochs.iter().find(|bundle| bundle.kid() == *kid)
    }
}

impl Client {
    /// Somebody's keys, held against what this device knows of them.
    pub(super) async fn keys_of(&self, id: UserId) -> anyhow::Result<Theirs> {
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
        let pin = *self.contacts().pins.entry(id).or_insert(current);
        if !followed.contains(&pin) {
            return Err(KeyChanged(id).into());
        }
        self.contacts().pins.insert(id, current);
        Ok(Theirs {
            epochs,
            followed,
            statement: answer["statement"].clone(),
            chain: answer["chain"].clone(),
        })
    }

    /// Takes somebody's new keys as theirs: the safety codes were compared.
    pub fn trust(&self, id: UserId) {
        self.contacts().pins.remove(&id);
    }

    /// The code to compare with somebody.
    pub async fn safety_code(&self, id: UserId) -> anyhow::Result<String> {
        let theirs = self.keys_of(id).await?;
        Ok(aftercare_seal::safety::safety_code(&self.bundle, theirs.current()))
    }
}
