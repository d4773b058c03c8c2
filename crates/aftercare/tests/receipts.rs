//! Whether a note has arrived and was read: said by the patient, seen by the doctor.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use common::{Client, TestApp};
use serde_json::{Value, json};

/// The newest note as its doctor sees it: when it arrived and was read, and what the list of patients says.
async fn seen(doctor: &Client, patient: &Client) -> (Value, Value, Value) {
    let notes = doctor.get(&format!("/api/notes/?patient_id={}", patient.id())).await.ok();
    let list = doctor.get("/api/doctor/patients/").await.ok();
    let note = &notes["items"][0];
    (note["received_at"].clone(), note["read_at"].clone(), list["items"][0]["last_note_read_at"].clone())
}

stories! {
    /// The first time stands; what a newer note says is read anew.
    async fn a_doctor_sees_that_a_note_was_read(app: TestApp) {
        let (ada, grace) = app.pair().await;
        let submitted = grace.submit(&ada, "Take aspirin 100 mg once daily for 3 days.").await;
        let path = format!("/api/notes/{}/receipt/", submitted["note"]["id"].as_str().unwrap());
        assert_eq!(seen(&grace, &ada).await, (Value::Null, Value::Null, Value::Null));
        let came = ada.post(&path, json!({ "status": "received" })).await.ok();
        assert_eq!(came["read_at"], Value::Null);
        let received = seen(&grace, &ada).await;
        assert_eq!(received, (came["received_at"].clone(), Value::Null, Value::Null));
        app.app.clock.pass(Span::from_minutes(5));
        let read = ada.post(&path, json!({ "status": "read" })).await.ok();
        let both = (received.0, read["read_at"].clone(), read["read_at"].clone());
        assert_eq!(seen(&grace, &ada).await, both);
        app.app.clock.pass(Span::from_minutes(5));
        assert_eq!(ada.post(&path, json!({ "status": "read" })).await.ok(), read, "the first time stands");
        assert_eq!(seen(&grace, &ada).await, both);
        assert_eq!(ada.post(&path, json!({ "status": "burnt" })).await.problem().0, 422);
        assert_eq!(grace.post(&path, json!({ "status": "read" })).await.status, 403);

        let newer = grace.submit(&ada, "Take ibuprofen 200 mg twice daily for 2 days.").await;
        assert_eq!(seen(&grace, &ada).await, (Value::Null, Value::Null, Value::Null));
        let path = format!("/api/notes/{}/receipt/", newer["note"]["id"].as_str().unwrap());
        let read = ada.post(&path, json!({ "status": "read" })).await.ok();
        assert_eq!(read["received_at"], read["read_at"], "what was read has arrived");
    }

    /// What its doctor still works on is nobody else's.
    async fn a_draft_has_no_receipt(app: TestApp) {
        let (ada, grace) = app.pair().await;
        let body = json!({ "patient_id": ada.id(), "note": "Take aspirin once daily.", "mode": "review" });
        let draft = grace.post("/api/submit-notes/", body).await.json;
        let path = format!("/api/notes/{}/receipt/", draft["note"]["id"].as_str().unwrap());
        assert_eq!(ada.post(&path, json!({ "status": "read" })).await.status, 404);
    }
}
