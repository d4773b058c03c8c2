//! The mistakes others made, each through the real binary with its test clock (`docs` name them as regression cases).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    process::{Server, free_port},
    sink::Sink,
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A service of its own, as it runs for people.
struct Clinic {
    server: Server,
    folder: TempDir,
    port: u16,
    settings: Vec<(String, String)>,
}

/// Somebody signed in over the wire.
struct User {
    http: reqwest::Client,
    base: String,
    token: String,
    id: String,
}

impl Clinic {
    fn open(settings: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let server = Server::start(folder.path(), port, "", settings);
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { server, folder, port, settings }
    }

    fn restart(&mut self) {
        self.server.kill();
        let settings: Vec<_> =
            self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.server = Server::start(self.folder.path(), self.port, "", &settings);
    }

    async fn user(&self, role: &str) -> User {
        static PEOPLE: AtomicU32 = AtomicU32::new(0);
        let name = format!("{role}{}", PEOPLE.fetch_add(1, Ordering::Relaxed));
        let base = format!("http://127.0.0.1:{}", self.port);
        // No connection outlives a restart.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0);
        let mut user = User { http: http.build().unwrap(), base, token: String::new(), id: String::new() };
        let email = format!("{name}@people.example");
        let body = json!({ "role": role, "name": name, "email": email, "password": "correct horse", "time_zone": "Europe/Berlin" });
        user.post("/api/signup/", body).await;
        let tokens = user.post("/api/login/", json!({ "email": email, "password": "correct horse" })).await;
        tokens["access_token"].as_str().unwrap().clone_into(&mut user.token);
        tokens["user"]["id"].as_str().unwrap().clone_into(&mut user.id);
        user
    }

    /// A patient and a doctor, and a note for a plan that begins tomorrow at eight.
    async fn pair(&self, note: &str) -> (User, User) {
        let (ada, grace) = (self.user("patient").await, self.user("doctor").await);
        ada.post("/api/select-doctor/", json!({ "doctor_id": grace.id })).await;
        // To a quarter to six of the next morning in Berlin.
        let now = ada.get("/api/dev/clock/").await["now"].as_str().unwrap().to_owned();
        let now: aftercare_core::instant::Instant = now.parse().unwrap();
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        let local = zone.to_datetime(now.timestamp());
        let minutes = 24 * 60 + 5 * 60 + 45 - i64::from(local.hour()) * 60 - i64::from(local.minute());
        ada.advance(&format!("{minutes}m")).await;
        grace.submit(&ada, note).await;
        (ada, grace)
    }
}

impl User {
    async fn send(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, json) = self.send(reqwest::Method::GET, path, None).await;
        assert!(status < 300, "{path}: {status} {json}");
        json
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, json) = self.send(reqwest::Method::POST, path, Some(body)).await;
        assert!(status < 300, "{path}: {status} {json}");
        json
    }

    async fn submit(&self, patient: &Self, note: &str) -> Value {
        self.post("/api/submit-notes/", json!({ "patient_id": patient.id, "note": note })).await
    }

    async fn advance(&self, by: &str) {
        self.post("/api/dev/clock/", json!({ "advance": by })).await;
    }

    async fn reminders(&self, query: &str) -> Vec<Value> {
        self.get(&format!("/api/reminders/{query}")).await["items"].as_array().unwrap().clone()
    }

    async fn check_in(&self, reminder: &Value) -> (u16, Value) {
        let body = json!({ "reminder_id": reminder["id"], "status": "done" });
        self.send(reqwest::Method::POST, "/api/check-in/", Some(body)).await
    }

    /// Answers whatever is due.
    async fn answer(&self) {
        for due in self.reminders("?status=due").await {
            assert_eq!(self.check_in(&due).await.0, 200);
        }
    }

    async fn step(&self) -> Value {
        self.get("/api/actionable-steps/?include=superseded").await["plan"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone()
    }

    async fn now(&self) -> String {
        self.get("/api/dev/clock/").await["now"].as_str().unwrap().to_owned()
    }
}

const DAILY: &str = "Take Drug A daily for 7 days.";

#[tokio::test]
async fn courses_end_when_they_should() {
    let clinic = Clinic::open(&[]);
    // Being punctual does not lengthen it, one check-in does not complete it, and it ends.
    let (ada, grace) = clinic.pair(DAILY).await;
    for day in 1..=7 {
        ada.advance(if day == 1 { "3h" } else { "24h" }).await;
        ada.answer().await;
        let step = ada.step().await;
        assert_eq!(step["status"], if day < 7 { "active" } else { "completed" }, "day {day}");
        assert_eq!((&step["progress"]["done"], &step["progress"]["extended_by"]), (&json!(day), &json!(0)));
    }
    ada.advance("3d").await;
    assert_eq!(ada.reminders("?status=upcoming").await.len() + ada.reminders("?status=due").await.len(), 0);
    // A miss is made up for at the end, never in the past; and what is sent is not done.
    let sink = Sink::start().await;
    let hook = json!({ "kind": "http", "url": sink.url("x"), "template": r#"{"text":"{{body}}"}"# });
    ada.post("/api/channels/", hook).await;
    grace.submit(&ada, DAILY).await;
    ada.advance("24h").await;
    assert!(!sink.take().is_empty());
    let step = ada.step().await;
    assert_eq!((&step["progress"]["done"], &step["status"]), (&json!(0), &json!("active")), "{step}");
    ada.advance("24h").await;
    let now = ada.now().await;
    let ahead = ada.reminders("?status=upcoming").await;
    assert!(ahead.iter().all(|one| one["due_at"].as_str().unwrap() > now.as_str()), "{now}: {ahead:?}");
    assert!(ahead.iter().any(|one| one["extension"] == true));
    // Never answering is noticed, and ends.
    ada.advance("3d").await;
    let attention = async || grace.get("/api/doctor/patients/").await["items"][0]["attention"].clone();
    assert_eq!(attention().await, json!(["lapsed"]));
    ada.advance("10d").await;
    assert_eq!(
        (&ada.step().await["status"], attention().await),
        (&json!("incomplete"), json!(["lapsed", "incomplete"]))
    );
}

#[tokio::test]
async fn plans_end_for_newer_ones_alone() {
    let mut clinic = Clinic::open(&[]);
    // Items of one note, and another doctor's plan.
    let (ada, grace) =
        clinic.pair("Take Drug A daily for 7 days. Take Drug B twice daily for 5 days. Buy Drug A.").await;
    let mary = clinic.user("doctor").await;
    ada.post("/api/select-doctor/", json!({ "doctor_id": mary.id })).await;
    mary.submit(&ada, "Take Drug C daily for 7 days.").await;
    let steps = ada.get("/api/actionable-steps/").await;
    assert_eq!(
        (steps["plan"].as_array().unwrap().len(), steps["checklist"].as_array().unwrap().len()),
        (3, 1)
    );
    grace.submit(&ada, "Take Drug D daily for 7 days.").await;
    let left: Vec<_> = ada.get("/api/actionable-steps/").await["plan"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["action"].clone())
        .collect();
    assert_eq!(left, ["Take Drug C", "Take Drug D"]);
    // Another patient's occurrence is nobody's.
    let eve = clinic.user("patient").await;
    ada.advance("3h").await;
    let due = &ada.reminders("?status=due").await[0];
    assert_eq!(eve.check_in(due).await.0, 404);
    assert_eq!(ada.check_in(due).await.0, 200);
    // A model that cannot be reached ends nothing.
    let nowhere = format!("http://127.0.0.1:{}/", free_port());
    clinic.settings = [
        ("AFTERCARE_GEMINI__BASE_URL", nowhere.as_str()),
        ("AFTERCARE_GEMINI__API_KEY", "test-key"),
        ("AFTERCARE_MODEL__BUDGET_SECONDS", "2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    clinic.restart();
    let failed = grace.submit(&ada, DAILY).await;
    assert_eq!((&failed["status"], &failed["note"]["text"]), (&json!("extraction_failed"), &json!(DAILY)));
    let left: Vec<_> = ada.get("/api/actionable-steps/").await["plan"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["action"].clone())
        .collect();
    assert_eq!(left, ["Take Drug C", "Take Drug D"]);
}

#[tokio::test]
async fn time_is_kept_through_restarts_and_changes() {
    let mut clinic = Clinic::open(&[]);
    let (ada, _) = clinic.pair("Take Drug A daily for 230 days.").await;
    // A restart loses and changes nothing.
    let before = ada.reminders("").await;
    clinic.restart();
    assert_eq!(ada.reminders("").await, before);
    // A look late by minutes loses no reminder.
    ada.advance("2h14m").await;
    ada.post("/api/dev/clock/", json!({ "advance": "2m30s", "asleep": true })).await;
    let due = ada.reminders("?status=due").await;
    assert_eq!((due.len(), &due[0]["due_at"]), (1, &before[0]["due_at"]));
    ada.answer().await;
    // Changing a time of day turns nothing of the past into misses.
    ada.advance("24h").await;
    ada.answer().await;
    let first = json!({ "anchors": { "first": "06:00" } });
    assert_eq!(ada.send(reqwest::Method::PATCH, "/api/me/", Some(first)).await.0, 200);
    assert!(ada.reminders("?status=missed").await.is_empty());
    let ahead = ada.reminders("?status=upcoming").await;
    assert!(ahead[1]["due_local"].as_str().unwrap().contains("T06:00:00"), "{ahead:?}");
    // Over a change of the clocks, which is never so far away, the wall clock stays.
    let now: aftercare_core::instant::Instant = ada.now().await.parse().unwrap();
    let all = ada.reminders(&format!("?to={}", now + aftercare_core::instant::Span::from_days(240))).await;
    let local: Vec<_> =
        all.iter().skip(3).map(|one| one["due_local"].as_str().unwrap()[11..].to_owned()).collect();
    assert!(local.len() > 220 && local.iter().all(|one| one.starts_with("06:00:00")), "{local:?}");
    assert!(
        ["+01:00", "+02:00"].iter().all(|offset| local.iter().any(|one| one.ends_with(offset))),
        "{local:?}"
    );
    // After an outage nobody is blamed, and nothing storms.
    let sink = Sink::start().await;
    let hook = json!({ "kind": "http", "url": sink.url("x"), "template": r#"{"text":"{{body}}"}"# });
    ada.post("/api/channels/", hook).await;
    ada.post("/api/dev/clock/", json!({ "advance": "4d", "asleep": true })).await;
    assert!(ada.reminders("?status=not_delivered").await.len() >= 3);
    assert!(ada.reminders("?status=missed").await.is_empty());
    assert!(sink.take().len() <= 1);
}
