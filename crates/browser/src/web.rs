//! How a browser reaches the service, and what time it is.

use aftercare_core::{clock::Clock, instant::Instant};
use aftercare_device::{Refused, Service};
use anyhow::Context;
use http::Method;
use js_sys::{Array, Function, Promise};
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

/// The browser's clock.
pub(crate) struct Now;

impl Clock for Now {
    fn now(&self) -> Instant {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our age fit")]
        let millis = js_sys::Date::now() as i64;
        Instant::from_micros(millis * 1_000)
    }
}
