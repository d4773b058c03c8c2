//! What leaves for a model elsewhere, and what is put on record of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_store::testing::On;
use common::{
    Client, TestApp,
    model::{Script, gemini_answer, gemini_app, labels, server},
};
use serde_json::{Value, json};

const NOTE: &str = "Plan: Call Ada on +44 20 7946 0018, write to ada@example.org. Take Drug A daily for 7 days. \
    Dr. Test will see Mrs Ada Test (DOB 3 April 1950, MRN 00123456) at 12 Acacia Avenue.";
const HIDDEN: [&str; 8] = ["Ada", "Test", "7946", "ada@", "April", "1950", "00123456", "Acacia"];

/// What of this is in the patient's own record.
async fn disclosures(patient: &Client) -> Vec<Value> {
    let record = patient.get("/api/audit/").await.ok();
    let items = record["items"].as_array().unwrap().iter().filter(|event| event["action"] == "disclosed");
    items.map(|event| event["detail"].clone()).collect()
}

#[tokio::test]
async fn a_note_that_leaves_names_nobody_and_its_leaving_is_on_record() {
    let server = server(vec![Script::Answer(200, gemini_answer(&labels("OOMA"), "STOP"))]).await;
    let app = gemini_app(&server, &[("AFTERCARE_EXTRACT__DEIDENTIFY", "true")]).await;
    let (patient, doctor) = app.pair().await;
    let submitted = doctor.submit(&patient, NOTE).await;
    let asked = server.asked.lock().unwrap()[0].2["contents"].to_string();
    for word in HIDDEN {
        assert!(!asked.contains(word), "{word} in {asked}");
    }
    assert!(asked.contains("Take Drug A daily for 7 days") && asked.contains("[name]"), "{asked}");
    // Quotes are the note's own words, whatever was sent.
    assert!(NOTE.contains(submitted["checklist"][0]["evidence"].as_str().unwrap()), "{submitted}");
    let on_record = disclosures(&patient).await;
    assert_eq!(on_record.len(), 1);
    assert_eq!(on_record[0]["provider"], "gemini");
    assert_eq!(on_record[0]["model"], "gemini-flash-latest");
    let masked = json!(["name", "email", "phone", "address", "birth_date", "record_number"]);
    assert_eq!(on_record[0]["masked"], masked);
}

#[tokio::test]
async fn what_stays_on_this_machine_goes_as_it_is_and_that_is_on_record_too() {
    let server = server(vec![Script::Answer(500, String::new())]).await;
    let app = gemini_app(&server, &[]).await;
    let (patient, doctor) = app.pair().await;
    doctor.submit(&patient, NOTE).await;
    assert!(server.asked.lock().unwrap()[0].2.to_string().contains("Acacia"));
    // Sent, though nothing came back.
    let on_record = disclosures(&patient).await;
    assert_eq!((on_record.len(), &on_record[0]["masked"]), (1, &Value::Null));
}

/// The version is kept in clear: a server that echoes gets no words into it.
#[tokio::test]
async fn a_version_is_a_name_and_no_text() {
    let answer = gemini_answer(&labels("OOMA"), "STOP").replace("gemini-3.8-flash", "Take Drug A daily");
    let server = server(vec![Script::Answer(200, answer)]).await;
    let app = gemini_app(&server, &[]).await;
    let (patient, doctor) = app.pair().await;
    let submitted = doctor.submit(&patient, NOTE).await;
    assert_eq!(submitted["extractor"]["model"], "gemini-flash-latest, prompt 2");
}

#[tokio::test]
async fn the_rules_disclose_nothing() {
    let app = TestApp::with(On::Sqlite, &[]).await;
    let (patient, doctor) = app.pair().await;
    doctor.submit(&patient, NOTE).await;
    assert!(disclosures(&patient).await.is_empty());
}
