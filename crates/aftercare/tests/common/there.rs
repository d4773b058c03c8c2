//! A client of the API over the network.

use serde_json::{Value, json};
use std::time::Duration;

/// Somebody who asks a service that runs elsewhere.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    pub fn at(port: u16) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { http, base: format!("http://127.0.0.1:{port}"), token: String::new() }
    }

    /// Signed in.
    pub fn with(&self, token: String) -> Self {
        Self { token, ..self.clone() }
    }

    /// The same, asking another process.
    pub fn elsewhere(&self, port: u16) -> Self {
        Self { base: format!("http://127.0.0.1:{port}"), ..self.clone() }
    }

    /// An answer, where one came.
    pub async fn send(&self, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        self.send_once(path, body, "").await
    }

    /// The same, with an `Idempotency-Key` where one is given.
    pub async fn send_once(&self, path: &str, body: Option<&Value>, key: &str) -> Option<(u16, Value)> {
        let url = format!("{}{path}", self.base);
        let request = match body {
            Some(body) => {
                self.http.post(url).header("content-type", "application/json").body(body.to_string())
            }
            None => self.http.get(url),
        };
        let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
        let answer = request.header("authorization", format!("Bearer {}", self.token)).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, serde_json::from_slice(&answer.bytes().await.ok()?).unwrap_or(Value::Null)))
    }

    pub async fn ok(&self, path: &str, body: Option<&Value>) -> Value {
        let (status, json) = self.send(path, body).await.unwrap();
        assert!(status < 300, "{path}: {status} {json}");
        json
    }

    /// An account, and signed in; with its id.
    pub async fn sign_up(&self, name: &str, role: &str) -> (Self, String) {
        let email = format!("{name}@people.example");
        let body = json!({ "role": role, "name": name, "email": email, "password": "correct horse", "time_zone": "Europe/Berlin" });
        self.ok("/api/signup/", Some(&body)).await;
        self.sign_in(name).await
    }

    /// Signed in; with their id.
    pub async fn sign_in(&self, name: &str) -> (Self, String) {
        let email = format!("{name}@people.example");
        let tokens =
            self.ok("/api/login/", Some(&json!({ "email": email, "password": "correct horse" }))).await;
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        (self.with(token), tokens["user"]["id"].as_str().unwrap().to_owned())
    }
}
