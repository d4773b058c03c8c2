//! Who may do what: every route that touches a patient's data, for everybody there is.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use axum::http::Method;
use common::{Client, TestApp};
use serde_json::{Value, json};

/// What each sees of Ada's data, in the order: Ada, her doctor, a doctor she left, another
/// doctor, another patient, nobody.
type Row = (&'static str, Method, String, Option<Value>, [u16; 6]);

async fn status(client: &Client, row: &Row) -> u16 {
    let (_, method, path, body, _) = row;
    match body {
        Some(body) => client.json(method.clone(), path, body.clone()).await.status,
        None if *method == Method::DELETE => client.delete(path).await.status,
        None => client.get(path).await.status,
    }
}

stories! {
    /// The whole table. Whatever is not allowed does not exist; the wrong role is told so.
    async fn the_whole_table(app: TestApp) {
        let (ada, doctor) = app.pair().await;
        let former = app.doctor("Mary").await;
        let stranger = app.doctor("Rosa").await;
        let eve = app.patient("Eve").await;
        ada.select(&former).await;
        let old = former.submit(&ada, "Take Drug C daily for 5 days.").await;
        assert_eq!(ada.delete(&format!("/api/my-doctors/{}/", former.id())).await.status, 204);
        let note = doctor.submit(&ada, "Buy Drug A. Take Drug A daily for 7 days.").await;
        app.advance(Span::from_hours(3)).await;
        let reminder = ada.reminders("").await.into_iter().find(|r| r["action"] == "Take Drug A").unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (id, patient) = (text(&note["note"]["id"]), ada.id());
        let (old_id, task) = (text(&old["note"]["id"]), text(&note["checklist"][0]["id"]));
        let for_ada = |path: &str| format!("{path}?patient_id={patient}");
        let get = |path: String| (Method::GET, path, None);
        let post = |path: &str, body: Value| (Method::POST, path.to_owned(), Some(body));
        let own = |(method, path, body): (Method, String, Option<Value>), name, expected| (name, method, path, body, expected);

        let table: Vec<Row> = vec![
            own(get(format!("/api/notes/{id}/")), "note", [200, 200, 404, 404, 404, 401]),
            own(get(format!("/api/notes/{id}/envelope/")), "envelope", [200, 200, 404, 404, 404, 401]),
            own(get(format!("/api/notes/{old_id}/")), "a note of before leaving", [200, 404, 200, 404, 404, 401]),
            own(get(for_ada("/api/notes/")), "notes", [200, 200, 200, 404, 404, 401]),
            own(get(for_ada("/api/actionable-steps/")), "steps", [200, 200, 404, 404, 404, 401]),
            own(get(for_ada("/api/reminders/")), "reminders", [200, 200, 404, 404, 404, 401]),
            own(get(for_ada("/api/adherence/")), "adherence", [200, 200, 404, 404, 404, 401]),
            own(get("/api/doctor/patients/".to_owned()), "dashboard", [403, 200, 200, 200, 403, 401]),
            own(get("/api/my-doctors/".to_owned()), "my doctors", [200, 403, 403, 403, 200, 401]),
            own(post("/api/check-in/", json!({ "reminder_id": reminder["id"], "status": "done" })), "check-in", [200, 403, 403, 403, 404, 401]),
            own(post(&format!("/api/steps/{task}/complete/"), json!({ "status": "done" })), "complete", [200, 403, 403, 403, 404, 401]),
            own(post("/api/select-doctor/", json!({ "doctor_id": doctor.id() })), "select", [200, 403, 403, 403, 201, 401]),
            own(post(&format!("/api/notes/{id}/extract/"), json!({})), "extract again", [403, 409, 404, 404, 403, 401]),
            own(post("/api/submit-notes/", json!({ "patient_id": patient, "note": "Rest." })), "submit", [403, 201, 404, 404, 403, 401]),
            own((Method::DELETE, format!("/api/my-doctors/{}/", doctor.id()), None), "leave", [204, 403, 403, 403, 204, 401]),
        ];
        for row in &table {
            // Ada leaves last, so that her doctor is asked while still hers.
            for (who, n) in [(&eve, 4), (&stranger, 3), (&former, 2), (&doctor, 1), (&ada, 0), (&app.anon(), 5)] {
                assert_eq!(status(who, row).await, row.4[n], "{} by number {n}", row.0);
            }
        }
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
