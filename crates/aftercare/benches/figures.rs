//! `make figures`: the figures the product is held to, as one JSON object. Ratios come from one
//! run; single times depend on the machine.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: it fails by panicking, prints, and looks at the real time"
)]

use aftercare::{app::App, clock::ServiceClock, config::Config, engine, http, random::Random, start};
use aftercare_core::{
    anchors::Anchors,
    course::Policy,
    id::{NoteId, StepId, UserId},
    instant::{Instant, Span},
    step::Kind,
};
use aftercare_extract::extraction;
use aftercare_store::{
    due::{self, Wake},
    regime::{self, RegimeRow},
    step::{self, StepRow, Task},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Instant as Clock,
};
use tower::ServiceExt;
use uuid::Uuid;

/// As in the binary.
#[global_allocator]
static WIPED: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

const START: &str = "2026-02-02T05:00:00Z";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // The first run warms up what both share.
        engine_minute(5_000).await;
        let small = engine_minute(5_000).await;
        let large = engine_minute(50_000).await;
        let reminders = reminders_p50().await;
        let (submit, ready, memory) = (submit_p50().await, ready_ms(), memory_mib());
        let (short, long) = (rules_ms(2_000), rules_ms(100_000));
        let figures = json!({
            "engine_minute_ms": { "5000_schedules": small, "50000_schedules": large, "ratio": large / small },
            "get_reminders_p50_ms": reminders,
            "submit_note_p50_ms": submit,
            "start_to_ready_ms": ready,
            "idle_resident_mib": memory,
            "rules_ms": { "2_kB": short, "100_kB": long, "ratio_by_byte": long / short / 50.0 },
        });
        println!("{}", serde_json::to_string_pretty(&figures).unwrap());
    });
}

async fn app(folder: &Path) -> App {
    let env = [
        ("AFTERCARE_DATA".to_owned(), folder.join("data").display().to_string()),
        ("AFTERCARE_PASSWORD__MEMORY_KIB".to_owned(), "19456".to_owned()),
        ("AFTERCARE_PASSWORD__PASSES".to_owned(), "2".to_owned()),
    ];
    let config = Config::load(None, env, &[]).unwrap();
    let clock = ServiceClock::standing(START.parse().unwrap());
    let app = start::open(config, Random::seeded(1), clock).await.unwrap();
    engine::round(&app).await.unwrap();
    app
}

/// One minute of the engine with 1,000 due in it, among so many active schedules; milliseconds,
/// the median of five.
async fn engine_minute(schedules: u128) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path()).await;
    let now: Instant = app.now();
    let timing = r#"{"frequency":1,"period":1,"duration":{"value":30,"unit":"d"}}"#;
    let anchors = serde_json::to_string(&Anchors::default()).unwrap();
    let mut tx = app.store.write().await.unwrap();
    for n in 0..schedules {
        let patient = UserId(Uuid::from_u128(n + 1));
        let habits = RegimeRow { from: now, time_zone: "Europe/Berlin".to_owned(), anchors: anchors.clone() };
        regime::put(&mut tx, patient, &habits).await.unwrap();
        let row = StepRow {
            id: StepId(Uuid::from_u128(n + 1)),
            note_id: NoteId(Uuid::from_u128(n + 1)),
            patient_id: patient,
            doctor_id: UserId(Uuid::from_u128(0)),
            position: 0,
            kind: Kind::Plan,
            task: Task::Open,
            timing: Some(timing.to_owned()),
            policy: Policy::Extend,
            activated_at: now,
            due_at: None,
            answered_at: None,
            superseded_at: None,
            superseded_by: None,
            attention: 0,
            paused_until: None,
            folded: None,
        };
        step::insert(&mut tx, &[&row]).await.unwrap();
        // A thousand are due in each of the five minutes to come, all others far from now.
        let minute = i64::try_from(n / 1_000).unwrap();
        let at = if minute < 5 { now + Span::from_minutes(minute + 1) } else { now + Span::from_days(20) };
        due::insert(&mut tx, Wake::step(patient, row.id, at)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut times = Vec::new();
    for _ in 0..5 {
        app.clock.advance(Span::from_minutes(1));
        let began = Clock::now();
        let looked_at = engine::round(&app).await.unwrap();
        times.push(began.elapsed().as_secs_f64() * 1e3);
        assert_eq!(looked_at, 1_000);
    }
    median(times)
}

struct User {
    service: Router,
    token: String,
    id: String,
}

async fn send(service: &Router, token: &str, method: Method, path: &str, body: Value) -> Value {
    let request =
        Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    let response =
        service.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    assert!(response.status().is_success(), "{path}: {}", response.status());
    serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
}

async fn user(service: &Router, name: &str, role: &str) -> User {
    let email = format!("{name}@people.example");
    let body = json!({ "role": role, "name": name, "email": email, "password": "correct horse" });
    send(service, "", Method::POST, "/api/signup/", body).await;
    let body = json!({ "email": email, "password": "correct horse" });
    let tokens = send(service, "", Method::POST, "/api/login/", body).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    User { service: service.clone(), token: text(&tokens["access_token"]), id: text(&tokens["user"]["id"]) }
}

impl User {
    async fn get(&self, path: &str) -> Value {
        send(&self.service, &self.token, Method::GET, path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        send(&self.service, &self.token, Method::POST, path, body).await
    }
}

async fn pair(folder: &Path) -> (App, User, User) {
    let app = app(folder).await;
    let service = http::service(app.clone());
    let (patient, doctor) = (user(&service, "ada", "patient").await, user(&service, "grace", "doctor").await);
    patient.post("/api/select-doctor/", json!({ "doctor_id": doctor.id })).await;
    (app, patient, doctor)
}

const NOTE: &str = "Otitis media. amoxicillin 500 mg PO TID x 10d with food; ibuprofen 400 mg q6h PRN pain; CBC in 1 wk; f/u 2 wks.";

/// `GET /api/reminders/` with 30 reminders and more: token and session checked, texts opened.
async fn reminders_p50() -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let (_, patient, doctor) = pair(folder.path()).await;
    doctor.post("/api/submit-notes/", json!({ "patient_id": patient.id, "note": NOTE })).await;
    let mut times = Vec::new();
    for _ in 0..400 {
        let began = Clock::now();
        let list = patient.get("/api/reminders/").await;
        times.push(began.elapsed().as_secs_f64() * 1e3);
        assert!(list["items"].as_array().unwrap().len() >= 30);
    }
    median(times)
}

async fn submit_p50() -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let (_, patient, doctor) = pair(folder.path()).await;
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Clock::now();
        doctor.post("/api/submit-notes/", json!({ "patient_id": patient.id, "note": NOTE })).await;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    median(times)
}

/// A note of so many bytes, of real sentences, read by the rules; milliseconds on one core.
fn rules_ms(bytes: usize) -> f64 {
    let cases = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../eval/more.jsonl"));
    let notes: Vec<Value> = cases.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut note = String::new();
    for case in notes.iter().cycle() {
        note += case["note"].as_str().unwrap();
        note += "\n\n";
        if note.len() >= bytes {
            break;
        }
    }
    note.truncate(note.floor_char_boundary(bytes));
    let times = (0..30).map(|_| {
        let began = Clock::now();
        let read = extraction::by_rules(std::hint::black_box(&note), None);
        assert!(!read.steps.is_empty());
        began.elapsed().as_secs_f64() * 1e3
    });
    median(times.collect())
}

/// The binary with an existing database: from its start to the block it prints when it is ready.
fn ready_ms() -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let times = (0..6).map(|_| {
        let began = Clock::now();
        let mut child = serve(folder.path());
        let took = began.elapsed().as_secs_f64() * 1e3;
        child.kill().unwrap();
        child.wait().unwrap();
        took
    });
    // The first makes the database.
    median(times.skip(1).collect())
}

/// Resident memory of the service at rest.
fn memory_mib() -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let mut child = serve(folder.path());
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn serve(folder: &Path) -> std::process::Child {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = Command::new(env!("CARGO_BIN_EXE_aftercare"))
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(folder.join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("is ready"), "{line}");
    child
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2] * 100.0).round() / 100.0
}
