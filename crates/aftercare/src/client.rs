//! A device with keys of its own, reaching a service of this process or one over the wire: the demonstration
//! and the tests have one.

pub use aftercare_device::{
    Refused, Service,
    account::{Derived, NewAccount, Recovered},
    contacts::{KeyChanged, NotLogged, NotVouched},
    link::NewDevice,
    notes::{Opened, Written},
    passkey::{Authenticator, Ceremony, show_passkey},
};

use aftercare_core::password::COMMON;
use anyhow::Context;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use serde_json::Value;
use std::borrow::Cow;
use tower::ServiceExt;

/// Somebody signed in.
pub type Client = aftercare_device::Client<Transport>;

/// A way to a service.
#[derive(Clone)]
pub enum Transport {
    /// A service of this process.
    Here(Box<Router>),
    /// One at a base URL such as `http://127.0.0.1:8080`.
    There(String, reqwest::Client),
}

impl Transport {
    /// To a service of this process.
    pub fn here(service: Router) -> Self {
        Self::Here(Box::new(service))
    }
}

impl Service for Transport {
    async fn send(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let text = body.map(Value::to_string);
        let (status, bytes) = match self {
            Self::Here(service) => {
                let mut request = Request::builder().method(method).uri(path);
                if let Some(token) = token {
                    request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
                }
                if text.is_some() {
                    request = request.header(header::CONTENT_TYPE, "application/json");
                }
                let request = request.body(Body::from(text.unwrap_or_default()))?;
                let response = service.as_ref().clone().oneshot(request).await?;
                let status = response.status().as_u16();
                (status, to_bytes(response.into_body(), usize::MAX).await?)
            }
            Self::There(base, client) => {
                let mut request = client.request(method, format!("{base}{path}"));
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                if let Some(text) = text {
                    request = request.header(header::CONTENT_TYPE, "application/json").body(text);
                }
                let response = request.send().await.context("the service does not answer")?;
                (response.status().as_u16(), response.bytes().await?)
            }
        };
        Refused::unless_success(path, status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn common_passwords(&self) -> anyhow::Result<Cow<'static, str>> {
        Ok(COMMON.into())
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
        Ok(tokio::task::spawn_blocking(work).await?)
    }
}
