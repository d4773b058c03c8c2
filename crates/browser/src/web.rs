//! How a browser reaches the service, and what time it is.

use aftercare_core::{clock::Clock, instant::Instant};
use aftercare_device::{
    Refused, Service,
    passkey::{Authenticator, Ceremony},
};
use aftercare_seal::Secret;
use anyhow::Context;
use http::Method;
use js_sys::{Array, Function, Promise, Uint8Array};
use serde_json::Value;
use std::borrow::Cow;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Nobody answers there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unreachable;

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the service cannot be reached")
    }
}

impl std::error::Error for Unreachable {}

/// Requests by a function of JavaScript: `(signedIn, method, path, body | null) => Promise<[status, text]>`.
/// It keeps the tokens.
#[derive(Clone)]
pub(crate) struct Web(pub(crate) Function);

/// Where the commonest passwords lie.
const COMMON: &str = "/app/common-passwords.txt";

impl Web {
    async fn text(
        &self,
        signed_in: bool,
        method: &str,
        path: &str,
        body: JsValue,
    ) -> anyhow::Result<(u16, String)> {
        let asked = Array::of4(&signed_in.into(), &method.into(), &path.into(), &body);
        let asked = self.0.apply(&JsValue::NULL, &asked).map_err(|_| Unreachable)?;
        let asked: Promise = asked.dyn_into().map_err(|_| Unreachable)?;
        let answer: Array =
            JsFuture::from(asked).await.map_err(|_| Unreachable)?.dyn_into().map_err(|_| Unreachable)?;
        let status = answer.get(0).as_f64().context("a status")?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "three digits")]
        let status = status as u16;
        Ok((status, answer.get(1).as_string().unwrap_or_default()))
    }
}

impl Service for Web {
    async fn send(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let body = body.map_or(JsValue::NULL, |body| body.to_string().into());
        let (status, text) = self.text(token.is_some(), method.as_str(), path, body).await?;
        Refused::unless_success(path, status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn common_passwords(&self) -> anyhow::Result<Cow<'static, str>> {
        Ok(self.text(false, "GET", COMMON, JsValue::NULL).await?.1.into())
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
        Ok(work())
    }
}

/// The browser's authenticators, by a function of JavaScript: the device runs where there are none.
pub(crate) struct Credentials(pub(crate) Function);

/// The browser, or its owner, did not want to.
#[derive(Clone, Debug)]
pub(crate) struct NotShown(String);

impl std::fmt::Display for NotShown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotShown {}

impl Credentials {
    async fn ask(&self, op: &str, options: &Value) -> anyhow::Result<Ceremony> {
        let refused = |thrown: JsValue| NotShown(thrown.as_string().unwrap_or_default());
        let asked = self.0.call2(&JsValue::NULL, &op.into(), &options.to_string().into()).map_err(refused)?;
        let asked: Promise = asked.dyn_into().map_err(refused)?;
        let given: Array = JsFuture::from(asked).await.map_err(refused)?.dyn_into().map_err(refused)?;
        let credential = serde_json::from_str(&given.get(0).as_string().context("a credential")?)?;
        let key: Option<Uint8Array> = given.get(1).dyn_into().ok();
        let key = key.map(|key| <[u8; 32]>::try_from(key.to_vec())).transpose();
        let prf = key.map_err(|_| anyhow::anyhow!("a key of 32 bytes"))?.map(Secret::new);
        Ok(Ceremony { credential, prf })
    }
}

impl Authenticator for Credentials {
    async fn create(&self, options: &Value) -> anyhow::Result<Ceremony> {
        self.ask("create", options).await
    }

    async fn get(&self, options: &Value) -> anyhow::Result<Ceremony> {
        self.ask("get", options).await
    }
}

/// The browser's clock.
pub(crate) struct Now;

impl Clock for Now {
    fn now(&self) -> Instant {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our age fit")]
        let millis = js_sys::Date::now() as i64;
        Instant::from_micros(millis * 1_000)
    }
}
