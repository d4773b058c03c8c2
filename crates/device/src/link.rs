//! A new device that is handed the root key by one its owner has: no password is typed on it.

use crate::{Client, Service, client::field, random::Random, raw};
use aftercare_seal::{
    Bytes,
    ark::{Ark, Keys},
    bundle::Bundle,
    bytes::encode,
    link::{Handed, hand, take},
};
use anyhow::Context;
use http::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Nobody yet: the keys of a new device are for one time.
const NOBODY: aftercare_seal::Id = Bytes([0; 16]);

/// A new device that waits.
pub struct NewDevice {
    id: Uuid,
    bundle: Bundle,
    keys: Keys,
}

impl NewDevice {
    /// Makes its keys and begins to wait, for five minutes.
    pub async fn begin(transport: &impl Service, random: &Random) -> anyhow::Result<Self> {
        let keys = Ark::random(&mut random.rng()).keys(NOBODY);
        let bundle = Bundle::of(&keys, 1);
        let body = json!({ "bundle": bundle });
        let link = transport.send(None, Method::POST, "/api/device-links/", Some(&body)).await?;
        Ok(Self { id: field(&link, "id")?, bundle, keys })
    }

    /// What it shows: which it is, and the id of its keys.
    pub fn code(&self) -> String {
        format!("{}.{}", self.id, encode(&self.bundle.kid().0))
    }

    /// Signs in with what it was handed; nothing while nobody has handed it anything.
    pub async fn poll<S: Service>(
        &self,
        transport: &S,
        random: Arc<Random>,
    ) -> anyhow::Result<Option<Client<S>>> {
        let path = format!("/api/device-links/{}/", self.id);
        let link = transport.send(None, Method::GET, &path, None).await?;
        let answer = &link["answer"];
        if answer.is_null() {
            return Ok(None);
        }
        let account: Bundle = field(answer, "bundle")?;
        let handed: Handed = field(answer, "handed")?;
        let ark = take(&handed, account.user_id, &self.bundle, &self.keys, Bytes(*self.id.as_bytes()))?;
        Client::finish(transport, random, answer, ark).await.map(Some)
    }
}

impl<S: Service> Client<S> {
    /// Hands the root key to the new device that shows this code.
    pub async fn hand_to(&self, code: &str) -> anyhow::Result<()> {
        let (id, seen) = code.split_once('.').context("this is not the code of a new device")?;
        let id: Uuid = id.parse().context("this is not the code of a new device")?;
        let seen: Bytes<32> =
            serde_json::from_value(Value::from(seen)).context("this is not the code of a new device")?;
        let link = self.get(&format!("/api/device-links/{id}/")).await?;
        let to: Bundle = field(&link, "bundle")?;
        let rng = &mut self.random.rng();
        let handed = hand(&self.ark, raw(self.id), (&to, &seen), Bytes(*id.as_bytes()), rng)
            .context("the new device's keys are not those it shows: somebody stands between")?;
        self.post(&format!("/api/device-links/{id}/answer/"), &json!({ "handed": handed })).await?;
        Ok(())
    }
}
