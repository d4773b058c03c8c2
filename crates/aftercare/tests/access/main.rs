//! Who may do what: every route of the contract, for everybody there is. A route without its row fails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod table;

use aftercare_core::instant::Span;
use aftercare_store::{account, session};
use axum::http::Method;
use common::{Client, PASSWORD, TestApp, device};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::Path};
use table::{ON_DEVICES, table};

const ACCESS: &str = "\
# Who may do what

Made from the table of [`tests/access`](../crates/aftercare/tests/access/table.rs), which is asked whole, on both
engines, of sessions of both kinds; a route without its row fails. Columns are people by how they stand to a patient,
and what each of them is answered: 404 where something is not theirs, as if it did not exist; 403 where their role does
not do that; 401 where nobody is signed in. A second line says what differs for those whose keys are on their devices.

| route | herself | her doctor | a doctor she left | another doctor | another patient | a closed account | nobody |
|---|---|---|---|---|---|---|---|
";

/// Everybody, by how they stand to Ada: herself, her doctor, a doctor she left, another doctor, another
/// patient, somebody whose account was closed, nobody.
const EVERYBODY: [&str; 7] = ["Ada", "Grace", "Mary", "Rosa", "Eve", "Kim", "nobody"];

/// Ada's data and everybody around it.
struct World {
    people: Vec<Client>,
    note: String,
    old_note: String,
    draft: String,
    task: String,
    reminder: Value,
    session: String,
    /// Ada's, not confirmed.
    channel: String,
    envelope: Value,
    step: Value,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl World {
    async fn new(app: &TestApp) -> Self {
        let (ada, grace) = app.pair().await;
        let (mary, rosa) = (app.doctor("Mary").await, app.doctor("Rosa").await);
        let (eve, kim) = (app.patient("Eve").await, app.patient("Kim").await);
        ada.select(&mary).await;
        let old = mary.submit(&ada, "Take Drug C daily for 5 days.").await;
        assert_eq!(ada.delete(&format!("/api/my-doctors/{}/", mary.id())).await.status, 204);
        let note = grace.submit(&ada, "Buy Drug A. Take Drug A daily for 7 days.").await;
        let body =
            json!({ "patient_id": ada.id(), "note": "Take Drug B daily for 5 days.", "mode": "review" });
        let draft = grace.post("/api/submit-notes/", body).await.ok();
        let kim_id = kim.id().parse().unwrap();
        let mut tx = app.app.store.write().await.unwrap();
        account::set_open(&mut tx, kim_id, false).await.unwrap();
        session::delete_others(&mut tx, kim_id, None).await.unwrap();
        tx.commit().await.unwrap();
        app.anon().log_in("Ada").await;
        let sessions = ada.get("/api/sessions/").await.ok();
        let other =
            sessions["items"].as_array().unwrap().iter().find(|item| item["current"] == false).unwrap();
        app.advance(Span::from_hours(3)).await;
        let reminder = ada.reminders("").await.into_iter().find(|r| r["action"] == "Take Drug A").unwrap();
        let (id, draft) = (text(&note["note"]["id"]), text(&draft["note"]["id"]));
        let envelope = grace.get(&format!("/api/notes/{draft}/envelope/")).await.ok();
        Self {
            note: id,
            old_note: text(&old["note"]["id"]),
            draft,
            task: text(&note["checklist"][0]["id"]),
            reminder: reminder["id"].clone(),
            session: text(&other["id"]),
            channel: text(
                &ada.post("/api/channels/", json!({ "kind": "email" })).await.ok()["channel"]["id"],
            ),
            envelope,
            step: note["plan"][0].clone(),
            people: vec![ada, grace, mary, rosa, eve, kim, app.anon()],
        }
    }

    /// The same people, each on a device that holds their keys.
    async fn on_devices(mut self, app: &TestApp) -> Self {
        for (person, name) in self.people.iter_mut().zip(EVERYBODY).take(5) {
            let device = device::sign_in(app, name, PASSWORD).await.unwrap();
            person.token = Some(device.token().to_owned());
        }
        self
    }

    fn id(&self, who: &str) -> &str {
        self.people[EVERYBODY.iter().position(|name| *name == who).unwrap()].id()
    }
}

async fn status(client: &Client, method: &str, path: &str, body: &Value) -> u16 {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let answer = match body {
        // A stream has no end: what it begins with is looked at.
        Value::Null if path == "/api/events/" => {
            let request = client.request(method, path).body(axum::body::Body::empty()).unwrap();
            let response = tower::ServiceExt::oneshot(client.service.clone(), request).await.unwrap();
            return response.status().as_u16();
        }
        Value::Null if method == Method::GET => client.get(path).await,
        Value::Null if method == Method::DELETE => client.delete(path).await,
        body => client.json(method, path, body.clone()).await,
    };
    if answer.status >= 400 {
        answer.problem();
    }
    answer.status
}

/// Asks everybody for everything. Ada asks last and her doctor before her, so that they are asked while still hers.
async fn ask_all(mut app: TestApp, on_devices: bool) {
    for (route, ask, in_sessions) in table() {
        let method = route.split(' ').next().unwrap();
        let mut world = World::new(&app).await;
        let mut expected = in_sessions;
        if on_devices {
            world = world.on_devices(&app).await;
            expected = answers_on_devices(route).unwrap_or(expected);
        }
        for (n, who) in EVERYBODY.iter().enumerate().rev() {
            let (path, body) = ask(&world, who);
            let answered = status(&world.people[n], method, &path, &body).await;
            assert_eq!(answered, expected[n], "{route} by {who}: {path}");
        }
        // Each row has a world of its own.
        app = app.again().await;
    }
}

fn answers_on_devices(route: &str) -> Option<[u16; 7]> {
    ON_DEVICES.iter().find(|row| row.0 == route).map(|row| row.1)
}

/// The table as it is published.
#[test]
fn the_table_is_published() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ACCESS.md");
    let mut text = ACCESS.to_owned();
    let row = |name: &str, answers: [u16; 7]| {
        let cells: Vec<_> = answers.iter().map(u16::to_string).collect();
        format!("| {name} | {} |\n", cells.join(" | "))
    };
    for (route, _, answers) in table() {
        text += &row(&format!("`{route}`"), answers);
        text += &answers_on_devices(route).map_or(String::new(), |there| row("… keys on a device", there));
    }
    if std::env::var_os("UPDATE_ACCESS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).unwrap() == text,
        "docs/ACCESS.md is out of date: run UPDATE_ACCESS=1 cargo test -p aftercare --test access published"
    );
}

#[test]
fn every_route_has_its_row() {
    let api = serde_json::to_value(aftercare::http::openapi()).unwrap();
    let paths = api["paths"].as_object().unwrap().iter();
    let routes: BTreeSet<String> = paths
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
        })
        .collect();
    let rows: BTreeSet<String> = table().iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(routes, rows);
    assert!(ON_DEVICES.iter().all(|row| routes.contains(row.0)));
}

stories! {
    /// Whatever is not allowed does not exist; the wrong role is told so; who is nobody is asked to sign in.
    async fn the_whole_table(app: TestApp) {
        ask_all(app, false).await;
    }

    /// Who holds the keys opens no door, and closes one only where words would have to be opened here.
    async fn the_whole_table_on_devices(app: TestApp) {
        ask_all(app, true).await;
    }

    /// What a doctor sees of a shared patient is their own plan, and nothing of another's.
    async fn doctors_see_their_own_plan_only(app: TestApp) {
        let (ada, doctor) = app.pair().await;
        let other = app.doctor("Mary").await;
        ada.select(&other).await;
        doctor.submit(&ada, "Take Drug A daily for 7 days.").await;
        other.submit(&ada, "Take Drug C daily for 5 days.").await;
        let query = format!("?patient_id={}", ada.id());
        let plan = doctor.get(&format!("/api/actionable-steps/{query}")).await.ok();
        assert_eq!(plan["plan"].as_array().unwrap().len(), 1);
        assert!(doctor.reminders(&query).await.iter().all(|r| r["action"] == "Take Drug A"));
        assert_eq!(doctor.get(&format!("/api/notes/{query}")).await.ok()["items"].as_array().unwrap().len(), 1);
        assert_eq!(ada.get("/api/notes/").await.ok()["items"].as_array().unwrap().len(), 2);
        let both = doctor.get("/api/doctor/patients/").await.ok();
        assert_eq!(both["items"][0]["plan"]["active_steps"], 1);
    }
}

#[tokio::test]
async fn a_doctor_must_name_the_patient() {
    let app = TestApp::new().await;
    let (_, doctor) = app.pair().await;
    for path in ["/api/notes/", "/api/actionable-steps/", "/api/reminders/", "/api/adherence/"] {
        assert_eq!(doctor.get(path).await.problem(), (422, "invalid"), "{path}");
    }
}
