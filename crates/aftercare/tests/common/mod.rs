//! The service in process, with actors: `app.patient("Ada")` signs up, signs in, and asks.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(dead_code, reason = "each test file uses its part")]

pub mod authenticator;
pub mod canary;
pub mod device;
pub mod independent;
pub mod model;
pub mod process;
pub mod proxy;
pub mod sign_in;
pub mod sink;
pub mod stream;
pub mod there;

use aftercare::{app::App, clock::ServiceClock, config::Config, engine, http, random::Random, start};
use aftercare_core::instant::{Instant, Span};
use aftercare_store::testing::{On, postgres_url};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// Monday, 2 February 2026, 06:00 in Berlin.
pub const MONDAY: &str = "2026-02-02T05:00:00Z";

pub struct TestApp {
    pub app: App,
    pub service: Router,
    pub folder: TempDir,
}

pub fn config(folder: &TempDir, settings: &[(&str, &str)]) -> Config {
    let data = folder.path().join("data").display().to_string();
    let mut env = vec![
        ("AFTERCARE_DATA".to_owned(), data),
        // The cheapest password hash that is accepted: tests sign up often.
        ("AFTERCARE_PASSWORD__MEMORY_KIB".to_owned(), "19456".to_owned()),
        ("AFTERCARE_PASSWORD__PASSES".to_owned(), "2".to_owned()),
    ];
    env.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Config::load(None, env, &[]).unwrap()
}

impl TestApp {
    pub async fn on(on: On) -> Self {
        Self::with(on, &[]).await
    }

    pub async fn new() -> Self {
        Self::on(On::Sqlite).await
    }

    pub async fn with(on: On, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings.to_vec();
        let url;
        if on == On::Postgres {
            url = postgres_url().await;
            settings.push(("AFTERCARE_DATABASE_URL", &url));
        }
        let clock = ServiceClock::standing(MONDAY.parse().unwrap());
        let app = start::open(config(&folder, &settings), Random::seeded(7), clock).await.unwrap();
        engine::round(&app).await.unwrap();
        Self { service: http::service(app.clone()), app, folder }
    }

    /// A fresh one on the same engine.
    pub async fn again(&self) -> Self {
        Self::on(if self.app.store.engine_name() == "SQLite" { On::Sqlite } else { On::Postgres }).await
    }

    /// Moves the clock forward and works off what falls due.
    pub async fn advance(&self, span: Span) -> Instant {
        engine::leap(&self.app, span).await.unwrap()
    }

    pub fn anon(&self) -> Client {
        Client { service: self.service.clone(), token: None, user: Value::Null, tokens: Value::Null }
    }

    pub async fn patient(&self, name: &str) -> Client {
        self.sign_up(name, "patient").await
    }

    pub async fn doctor(&self, name: &str) -> Client {
        self.sign_up(name, "doctor").await
    }

    async fn sign_up(&self, name: &str, role: &str) -> Client {
        let email = email(name);
        let mut body = json!({ "role": role, "name": name, "email": email, "password": PASSWORD });
        if role == "patient" {
            body["time_zone"] = "Europe/Berlin".into();
        }
        let answer = self.anon().post("/api/signup/", body).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        self.anon().log_in(name).await
    }

    /// A patient, their doctor, chosen.
    pub async fn pair(&self) -> (Client, Client) {
        let (patient, doctor) = (self.patient("Ada").await, self.doctor("Grace").await);
        patient.select(&doctor).await;
        (patient, doctor)
    }
}

/// A person's id as a literal of the engine.
pub fn id_literal(app: &TestApp, id: &str) -> String {
    let hex = id.replace('-', "");
    if app.app.store.engine_name() == "SQLite" { format!("x'{hex}'") } else { format!("'{id}'::uuid") }
}

/// Runs a statement as somebody with the database in hand would.
pub async fn execute(tx: &mut aftercare_store::Tx, sql: &str) {
    aftercare_store::testing::run(tx, sql).await;
}

/// What the port for metrics says.
pub async fn metrics(app: &aftercare::app::App) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = aftercare::metrics::service(app.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

pub const PASSWORD: &str = "correct horse battery";

pub fn email(name: &str) -> String {
    format!("{}@people.example", name.to_lowercase().replace(' ', "."))
}

#[derive(Clone)]
pub struct Client {
    pub service: Router,
    pub token: Option<String>,
    pub user: Value,
    pub tokens: Value,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub json: Value,
    pub bytes: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.json);
        self.json
    }

    /// Status and code of a problem document.
    #[track_caller]
    pub fn problem(&self) -> (u16, &str) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{}", self.json);
        assert_eq!(self.json["status"], self.status);
        assert_eq!(self.json["request_id"], self.headers["x-request-id"].to_str().unwrap());
        (self.status, self.json["code"].as_str().unwrap())
    }
}

impl Client {
    pub fn id(&self) -> &str {
        self.user["id"].as_str().unwrap()
    }

    pub async fn log_in(mut self, name: &str) -> Self {
        let body = json!({ "email": email(name), "password": PASSWORD });
        let answer = self.post("/api/login/", body).await.ok();
        self.token = Some(answer["access_token"].as_str().unwrap().to_owned());
        self.user = answer["user"].clone();
        self.tokens = answer;
        self
    }

    pub async fn select(&self, doctor: &Client) {
        let answer = self.post("/api/select-doctor/", json!({ "doctor_id": doctor.id() })).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
    }

    pub async fn submit(&self, patient: &Client, note: &str) -> Value {
        let body = json!({ "patient_id": patient.id(), "note": note });
        let answer = self.post("/api/submit-notes/", body).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        answer.json
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.json(Method::POST, path, body).await
    }

    pub async fn json(&self, method: Method, path: &str, body: Value) -> Answer {
        self.raw(method, path, "application/json", body.to_string().into_bytes()).await
    }

    pub async fn raw(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        let request =
            self.request(method, path).header(header::CONTENT_TYPE, kind).body(body.into()).unwrap();
        self.send(request).await
    }

    pub async fn post_with_key(&self, path: &str, body: Value, key: &str) -> Answer {
        let request = self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.header("idempotency-key", key).body(body.to_string().into()).unwrap()).await
    }

    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.service.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        assert_ne!(parts.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", String::from_utf8_lossy(&bytes));
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, json, bytes }
    }

    pub async fn reminders(&self, query: &str) -> Vec<Value> {
        self.get(&format!("/api/reminders/{query}")).await.ok()["items"].as_array().unwrap().clone()
    }

    /// Answers a reminder as done.
    pub async fn done(&self, reminder: &Value) -> Answer {
        self.post("/api/check-in/", json!({ "reminder_id": reminder["id"], "status": "done" })).await
    }
}

/// Runs an async story once on each engine.
#[macro_export]
macro_rules! stories {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident: TestApp) $body:block)+) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn story($app: TestApp) $body

            #[tokio::test]
            async fn sqlite() {
                story(TestApp::on(aftercare_store::testing::On::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                story(TestApp::on(aftercare_store::testing::On::Postgres).await).await;
            }
        }
    )+};
}
