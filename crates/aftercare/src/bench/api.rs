//! How fast the service answers over the wire, beside the floor of the same machine: a service that does nothing, and one
//! that checks the token and reads thirty rows, with nothing of the product's.

use super::{
    driver::{Answered, Asked, Run, WARM},
    engine,
    start::{self as program, Started},
};
use crate::{
    app::App,
    client::{Client, NewAccount, Transport},
    clock::ServiceClock,
    config::Config,
    http,
    random::Random,
    start,
};
use aftercare_device::Service as _;
use aftercare_store::limit;
use anyhow::Context;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    routing::get,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use uuid::Uuid;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// So many steps of other people are there too.
    pub schedules: u32,
    /// So many connections ask at once.
    pub connections: u32,
    /// For so many seconds each.
    pub seconds: u64,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// On what.
    pub database: &'static str,
    /// So many steps of others.
    pub schedules: u32,
    /// So many connections.
    pub connections: u32,
    /// By what was asked.
    pub answered: BTreeMap<&'static str, Answered>,
    /// The program started over this database.
    pub program: Started,
}

const PASSWORD: &str = "correct horse battery";
/// A step with thirty reminders from now on.
const NOTE: &str = "Take amoxicillin 500 mg every 8 hours for 10 days.";
/// Each is asked for so long at a time, ...
const TURN: Duration = Duration::from_secs(1);
/// ... after so long that its connections are made.
const WARM_AGAIN: Duration = Duration::from_millis(200);
/// So many notes are listed.
const NOTES: usize = 30;

/// Loads a database, serves it on loopback, and asks.
pub async fn run(settings: &Settings, config: &Config) -> anyhow::Result<Figures> {
    let app = start::open(config.clone(), Random::from_system()?, ServiceClock::default()).await?;
    if settings.schedules > 0 {
        engine::load_behind(&app, settings.schedules).await?;
    }
    let service = http::service(app.clone());
    let transport = Transport::here(service.clone());
    let (patient, _) = assisted(&transport, "one", 1).await?;
    let (reader, doctor) = assisted(&transport, "many", NOTES).await?;
    let (sealed, _) = on_devices(&app, &transport).await?;
    let host = serve(service).await?;
    let floor = serve(floor(&app, &patient.0).await?).await?;
    let get = Asked::get;
    let reminders = "/api/reminders/";
    // Each writes for a patient of their own: for one patient notes follow one another.
    let mut notes = Vec::new();
    for n in 0..settings.connections.max(1) {
        let patient = chosen(&transport, &format!("own{n}"), &doctor.0).await?;
        let body = json!({ "patient_id": patient.0, "note": NOTE }).to_string();
        notes.push(Asked { method: "POST", body, ..get(&host, "/api/submit-notes/", &doctor.1) });
    }
    let at_once = settings.connections;
    let all = [
        ("axum, nothing to do", at_once, vec![get(&floor, "/nothing", "")]),
        ("floor: token, 30 rows", at_once, vec![get(&floor, "/reminders", &patient.1)]),
        ("30 reminders, texts opened", at_once, vec![get(&host, reminders, &patient.1)]),
        ("30 reminders, sealed", at_once, vec![get(&host, reminders, sealed.token())]),
        ("30 notes", at_once, vec![get(&host, "/api/notes/?limit=30", &reader.1)]),
        ("submit a note", at_once, notes.clone()),
        ("submit a note, one after the other", 1, notes[..1].to_vec()),
    ];
    let mut runs: BTreeMap<&str, Run> = BTreeMap::new();
    for turn in 0..settings.seconds.max(1) {
        for (what, connections, asked) in &all {
            let warm = if turn == 0 { WARM } else { WARM_AGAIN };
            let run = runs.entry(*what).or_default();
            run.go_on(asked, *connections, warm, TURN).await.with_context(|| (*what).to_owned())?;
        }
    }
    let answered = runs.into_iter().map(|(what, run)| Ok((what, run.answered()?)));
    let answered = answered.collect::<anyhow::Result<_>>()?;
    let lasts = Duration::from_secs(settings.seconds);
    let asked = get("", reminders, sealed.token());
    let program = program::run(config, asked, settings.connections, lasts).await?;
    Ok(Figures {
        database: app.store.engine_name(),
        schedules: settings.schedules,
        connections: settings.connections,
        answered,
        program,
    })
}

/// Serves on a free port of loopback for as long as the process runs.
pub(super) async fn serve(service: Router) -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let host = listener.local_addr()?.to_string();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(host)
}

/// Somebody's id and access token.
type Signed = (String, String);

/// A patient and their doctor whose keys the service holds while they are signed in, and so many notes.
async fn assisted(transport: &Transport, name: &str, notes: usize) -> anyhow::Result<(Signed, Signed)> {
    let doctor = signed_up(transport, "doctor", name).await?;
    let patient = chosen(transport, name, &doctor.0).await?;
    for _ in 0..notes {
        let note = json!({ "patient_id": patient.0, "note": NOTE });
        transport.send(Some(&doctor.1), Method::POST, "/api/submit-notes/", Some(&note)).await?;
    }
    Ok((patient, doctor))
}

/// A patient who has chosen a doctor.
async fn chosen(transport: &Transport, name: &str, doctor: &str) -> anyhow::Result<Signed> {
    let patient = signed_up(transport, "patient", name).await?;
    let choice = json!({ "doctor_id": doctor });
    transport.send(Some(&patient.1), Method::POST, "/api/select-doctor/", Some(&choice)).await?;
    Ok(patient)
}

async fn signed_up(transport: &Transport, role: &str, name: &str) -> anyhow::Result<Signed> {
    let email = format!("{role}.{name}@bench.example");
    let who = json!({ "role": role, "name": name, "email": email, "password": PASSWORD });
    transport.send(None, Method::POST, "/api/signup/", Some(&who)).await?;
    let given = json!({ "email": email, "password": PASSWORD });
    let came = transport.send(None, Method::POST, "/api/login/", Some(&given)).await?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
    Ok((text(&came["user"]["id"])?, text(&came["access_token"])?))
}

/// A patient and their doctor whose keys are on their devices.
async fn on_devices(app: &App, transport: &Transport) -> anyhow::Result<(Client, Client)> {
    let mut signed = Vec::new();
    for role in ["patient", "doctor"] {
        let email = format!("{role}.sealed@bench.example");
        let who = NewAccount {
            role,
            name: "Sealed",
            email: &email,
            password: PASSWORD,
            time_zone: "Europe/Berlin",
            specialty: None,
        };
        Client::sign_up(transport, &app.random, app.now(), app.kdf(), &who).await?;
        let random = Arc::new(Random::from_system()?);
        signed.push(Client::sign_in(transport, random, &email, PASSWORD, json!({})).await?);
    }
    let (doctor, patient) = (signed.pop().context("a doctor")?, signed.pop().context("a patient")?);
    let clock = &*app.clock;
    patient.state(clock, doctor.id(), true).await?;
    let words = doctor.read_here(clock, NOTE);
    doctor.submit(clock, patient.id(), &words, "activate").await?;
    Ok((patient, doctor))
}

/// The least that a read of thirty rows behind a token can be.
async fn floor(app: &App, patient: &str) -> anyhow::Result<Router> {
    let id: Uuid = patient.parse()?;
    let mut tx = app.store.write().await?;
    limit::prepare_read(&mut tx, id, app.now()).await?;
    tx.commit().await?;
    Ok(Router::new()
        .route("/nothing", get(|| async { "" }))
        .route("/reminders", get(rows))
        .with_state(app.clone()))
}

async fn rows(State(app): State<App>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|text| text.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    if !app.tokens.is_signed(token) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let claims = app.tokens.verify(token, app.clock.wall(), &app.store, &app.master).await;
    let claims = claims.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?.ok_or(StatusCode::UNAUTHORIZED)?;
    let mut tx = app.store.peek().await.map_err(failed)?;
    let rows = limit::read(&mut tx, claims.sub.0).await.map_err(failed)?;
    let items: Vec<_> = rows
        .into_iter()
        .map(|(id, step, ordinal, due, status)| {
            json!({ "id": id, "step_id": step, "ordinal": ordinal, "due_at": due, "status": status })
        })
        .collect();
    Ok(Json(json!({ "items": items })))
}
