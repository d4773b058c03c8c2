//! How requests get there: into a service of this process, or over the wire.

use anyhow::Context;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use serde_json::Value;
use tower::ServiceExt;

/// A way to a service.
#[derive(Clone)]
pub enum Transport {
    /// A service of this process.
    Here(Box<Router>),
    /// One at a base URL such as `http://127.0.0.1:8080`.
    There(String, reqwest::Client),
}

/// A problem document (RFC 9457), as the service gave it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{path}: {status} {code}: {detail}")]
pub struct Refused {
    /// What was asked for.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// The problem's code.
    pub code: String,
    /// What is wrong.
    pub detail: String,
}

impl Transport {
    /// To a service of this process.
    pub fn here(service: Router) -> Self {
        Self::Here(Box::new(service))
    }

    /// Sends a request; the answer's JSON, or [`Refused`].
    pub async fn send(
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
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Err(Refused { path: path.to_owned(), status, code: text("code"), detail: text("detail") }.into())
    }
}
