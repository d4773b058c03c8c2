//! Passkeys: making one that opens the account, and signing in with it alone.

use crate::{Client, Service, client::field};
use crate::{random::Random, raw};
use aftercare_seal::{Bytes, Secret, bundle::Bundle, passkey::prf_kek, wrap::Slot};
use anyhow::Context;
use http::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// What an authenticator gave: the credential as a browser's `toJSON` has it, without the key, and the key
/// that its PRF extension gave, where it has one.
pub struct Ceremony {
    /// To be sent.
    pub credential: Value,
    /// To be kept.
    pub prf: Option<Secret>,
}

/// Somebody's authenticator, behind a browser.
pub trait Authenticator {
    /// `navigator.credentials.create`.
    fn create(&self, options: &Value) -> impl Future<Output = anyhow::Result<Ceremony>>;
    /// `navigator.credentials.get`.
    fn get(&self, options: &Value) -> impl Future<Output = anyhow::Result<Ceremony>>;
}

/// Shows a passkey: what to send, and the key.
pub async fn show_passkey(
    transport: &impl Service,
    authenticator: &impl Authenticator,
) -> anyhow::Result<Ceremony> {
    let options = transport.send(None, Method::POST, "/api/auth/passkey/", None).await?;
    authenticator.get(&options["publicKey"]).await
}

impl<S: Service> Client<S> {
    /// Makes a passkey; it opens the account where the authenticator has a key for it.
    pub async fn add_passkey(&self, name: &str, authenticator: &impl Authenticator) -> anyhow::Result<Uuid> {
        let options = self.post("/api/mfa/passkeys/", &Value::Null).await?;
        let made = authenticator.create(&options["publicKey"]).await?;
        let mut body = json!({ "name": name, "credential": made.credential });
        if let Some(prf) = &made.prf {
            body["wrapped"] = json!(self.under(prf));
        }
        let answer = self.post("/api/mfa/passkeys/confirm/", &body).await?;
        let id: Uuid = field(&answer, "id")?;
        if made.prf.is_none() {
            // Many authenticators give the key only when the passkey is shown.
            let shown = show_passkey(&self.transport, authenticator).await?;
            if let Some(prf) = &shown.prf {
                let body = json!({ "wrapped": self.under(prf) });
                let path = format!("/api/mfa/passkeys/{id}/");
                self.transport.send(Some(self.token()), Method::PATCH, &path, Some(&body)).await?;
            }
        }
        Ok(id)
    }

    fn under(&self, prf: &Secret) -> Bytes<62> {
        let kek = prf_kek(prf);
        Slot::Passkey.wrap(&self.ark, &kek, raw(self.id), self.bundle.epoch, &mut self.random.rng())
    }

    /// Signs in with a passkey alone: no password, nothing typed.
    pub async fn sign_in_with_passkey(
        transport: &S,
        random: Arc<Random>,
        authenticator: &impl Authenticator,
    ) -> anyhow::Result<Self> {
        let shown = show_passkey(transport, authenticator).await?;
        let body = json!({ "credential": shown.credential });
        let to_sign = transport.send(None, Method::POST, "/api/login/passkey/", Some(&body)).await?;
        let bundle: Bundle = field(&to_sign, "bundle")?;
        let prf = shown.prf.context("this passkey holds no key")?;
        let wrapped = field(&to_sign, "wrapped")?;
        let ark = Slot::Passkey.unwrap(&wrapped, &prf_kek(&prf), bundle.user_id, bundle.epoch)?;
        Self::finish(transport, random, &to_sign, ark).await
    }
}
