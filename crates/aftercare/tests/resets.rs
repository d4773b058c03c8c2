//! Connections to PostgreSQL that are reset at every place of the protocol, by a proxy that counts bytes: nothing that was
//! acknowledged is lost, and what is sent again with its key has one effect, however the first try ended.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_store::testing::postgres_url;
use common::{
    process::{Server, free_port},
    proxy::Proxy,
    there::Client,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// `RESETS` sets how often (60).
fn rounds() -> usize {
    std::env::var("RESETS").map_or(60, |n| n.parse().unwrap())
}

/// Sent until it is answered as it should be; the answer, and how often it was sent.
async fn insist(client: &Client, path: &str, body: &Value, key: &str) -> (Value, u32) {
    for tries in 1..=20 {
        if let Some((status, json)) = client.send_once(path, Some(body), key).await {
            if status < 300 {
                return (json, tries);
            }
            assert_eq!(status, 503, "{path}: {json}");
        }
    }
    unreachable!("{path}: not answered in twenty tries");
}

/// The service behind a proxy to PostgreSQL, and a pair of people.
struct Hospital {
    proxy: Proxy,
    doctor: Client,
    patient: Client,
    patient_id: String,
    _server: Server,
    _folder: tempfile::TempDir,
}

async fn hospital() -> Hospital {
    let (folder, port, url) = (tempfile::tempdir().unwrap(), free_port(), postgres_url().await);
    let (_, server) = url.split_once('@').unwrap();
    let server = server.split('/').next().unwrap();
    let proxy = Proxy::to(server.to_owned()).await;
    let behind = url.replace(server, &format!("127.0.0.1:{}", proxy.port()));
    let settings = [("AFTERCARE_LOG", "off"), ("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", "1000000")];
    let server = Server::start(folder.path(), port, &behind, &settings);
    let anon = Client::at(port);
    let (doctor, doctor_id) = anon.sign_up("grace", "doctor").await;
    let (patient, patient_id) = anon.sign_up("ada", "patient").await;
    patient.ok("/api/select-doctor/", Some(&json!({ "doctor_id": doctor_id }))).await;
    Hospital { proxy, doctor, patient, patient_id, _server: server, _folder: folder }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_connection_loses_nothing_and_doubles_nothing() {
    let Hospital { proxy, doctor, patient, patient_id, .. } = &hospital().await;
    let mut rng = StdRng::seed_from_u64(7);
    let (mut notes, mut tried_again) = (BTreeMap::new(), 0);
    for n in 0..rounds() {
        // Some in the first statement, some in the last, some in what the worker asks at the same time.
        proxy.reset_after(rng.random_range(1..12_000));
        let note = format!("Take Drug R{n} twice daily for 5 days. Buy Drug R{n}.");
        let body = json!({ "patient_id": patient_id, "note": note });
        let (answer, tries) = insist(doctor, "/api/submit-notes/", &body, &format!("note-{n}")).await;
        notes.insert(answer["note"]["id"].as_str().unwrap().to_owned(), note);
        tried_again += tries - 1;

        proxy.reset_after(rng.random_range(1..12_000));
        let done = json!({ "status": "done" });
        let task = answer["checklist"][0]["id"].as_str().unwrap();
        tried_again += insist(patient, &format!("/api/steps/{task}/complete/"), &done, "").await.1 - 1;
    }
    // Whoever only reads notices nothing.
    for _ in 0..rounds() {
        proxy.reset_after(rng.random_range(1..3_000));
        patient.ok("/api/reminders/", None).await;
        doctor.ok("/api/doctor/patients/", None).await;
    }
    proxy.reset_after(i64::MAX);
    assert!(proxy.resets() as usize > rounds(), "{} were reset", proxy.resets());
    assert!(tried_again as usize > rounds() / 4, "{tried_again} were sent again");

    let listed = doctor.ok(&format!("/api/notes/?patient_id={patient_id}&limit=200"), None).await;
    let listed: BTreeMap<_, _> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| (note["id"].as_str().unwrap().to_owned(), note["text"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(listed, notes, "each once, and as it was sent");
    let steps = patient.ok("/api/actionable-steps/", None).await;
    let live = |list: &str| steps[list].as_array().unwrap().len();
    assert_eq!((live("plan"), live("checklist")), (1, 1), "{steps}");
    println!("{} resets, {tried_again} requests sent again, {} notes once each", proxy.resets(), notes.len());
}

/// While a database is gone, a request that it was lost under is not "being worked on" for longer than that.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_gone_delays_nobody_longer_than_it_was() {
    let Hospital { proxy, doctor, patient_id, .. } = &hospital().await;
    let mut lost = 0;
    for n in 0..8_u32 {
        // From the first statement to the last.
        proxy.down_after(i64::from(n) * 1_500 + 1);
        let body =
            json!({ "patient_id": patient_id, "note": format!("Take Drug R{n} twice daily for 5 days.") });
        let key = format!("note-{n}");
        let first = doctor.send_once("/api/submit-notes/", Some(&body), &key).await;
        lost += u32::from(first.is_none_or(|(status, _)| status == 503));
        // As long as a standby takes to step in: longer than any number of tries at once.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        proxy.heal();
        let begun = std::time::Instant::now();
        while doctor
            .send_once("/api/submit-notes/", Some(&body), &key)
            .await
            .is_none_or(|(status, _)| status >= 300)
        {
            assert!(begun.elapsed().as_secs() < 10, "a database is back, and nobody is served");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    assert!(lost >= 4, "{lost}");
    let listed = doctor.ok(&format!("/api/notes/?patient_id={patient_id}"), None).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 8, "each once");
}
