//! The recipient for emergencies: everybody sees it, nobody is sealed to unasked, enough shares open away
//! from the service, and the patient's record says so.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::client::{Client, NewAccount, Service, Transport};
use aftercare_core::clock::Clock;
use aftercare_seal::Bytes;
use axum::http::Method;
use common::{
    PASSWORD, device,
    process::{Server, aftercare, free_port, text},
};
use serde_json::{Value, json};
use std::{path::Path, process::Output};

fn break_glass(args: &[&str], database: &str, typed: &str) -> Output {
    aftercare(&[&["break-glass"], args].concat(), &[("AFTERCARE_DATABASE_URL", database)], typed)
}

async fn story(database: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (recipient, notes, data) = (file("recipient.json"), file("notes"), file("data"));
    let made = break_glass(&["create", "--threshold", "3", "--shares", "5", "--out", &recipient], "", "");
    assert!(made.status.success(), "{}", text(&made.stderr));
    let shares = text(&made.stdout);
    let shares: Vec<&str> = shares.lines().collect();
    assert_eq!(shares.len(), 5);
    assert!(!break_glass(&["create", "--out", &recipient], "", "").status.success(), "none is overwritten");

    let port = free_port();
    let settings = [("AFTERCARE_EMERGENCY_RECIPIENT", recipient.as_str())];
    let _server = Server::start(folder.path(), port, database, &settings);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let to =
        Transport::There(format!("http://127.0.0.1:{port}"), reqwest::Client::builder().build().unwrap());
    let ada = person(&to, "patient", "Ada", 1).await;
    let mut grace = person(&to, "doctor", "Grace", 2).await;
    let clock = aftercare::clock::ServiceClock::default();
    ada.state(&clock, grace.id(), true).await.unwrap();

    // A device seals to no reader it was not told of, and the service takes nothing that leaves it out.
    let words = grace.read_here(&clock, "Take Drug A daily for 7 days.");
    let refused = grace.submit(&clock, ada.id(), &words, "activate").await.unwrap_err().to_string();
    assert!(refused.contains("whom this device does not know"), "{refused}");
    let seen = ada.get("/api/emergency/").await.unwrap();
    assert_eq!((&seen["recipient"]["threshold"], &seen["recipient"]["shares"]), (&json!(3), &json!(5)));
    let kid: Bytes<32> = serde_json::from_value(seen["kid"].clone()).unwrap();
    assert!(text(&made.stderr).contains(seen["kid"].as_str().unwrap()), "as `create` has said");
    grace.know_emergency(kid);
    let id = aftercare::random::Random::seeded(5).id(clock.now());
    let (envelope, clear_steps) = grace.seal(&clock, ada.id(), id, &words).await.unwrap();
    let mut body = json!({ "envelope": envelope, "clear_steps": clear_steps, "mode": "activate" });
    let third = body["envelope"]["recipients"].as_array_mut().unwrap();
    assert_eq!(third.len(), 3);
    third.retain(|stanza| stanza["kid"] != seen["kid"]);
    assert!(grace.post("/api/submit-notes/", &body).await.is_err());
    grace.submit(&clock, ada.id(), &words, "activate").await.unwrap();

    // A plain client's notes are sealed to it too.
    let body = json!({ "email": "grace@people.example", "password": PASSWORD });
    let tokens = to.send(None, Method::POST, "/api/login/", Some(&body)).await.unwrap();
    let body = json!({ "patient_id": ada.id(), "note": "Take Drug B daily for 5 days." });
    to.send(tokens["access_token"].as_str(), Method::POST, "/api/submit-notes/", Some(&body)).await.unwrap();

    // Taken out, on the patient's record, still sealed.
    let patient = ada.id().to_string();
    let take = |reference: &str| {
        break_glass(&["take", &patient, "--reference", reference, "--data", &data], database, "")
    };
    assert!(!take("chest pain").status.success(), "no words there");
    let taken = take("case-17");
    assert!(taken.status.success() && !text(&taken.stdout).contains("Drug"), "{}", text(&taken.stderr));
    std::fs::write(&notes, taken.stdout).unwrap();
    let record = ada.get("/api/audit/").await.unwrap();
    let mut events = record["items"].as_array().unwrap().iter();
    let event = events.find(|event| event["action"] == "emergency_access").unwrap();
    assert_eq!((&event["detail"]["reference"], &event["detail"]["notes"]), (&json!("case-17"), &json!(2)));

    // Three of the five open; two do not.
    let open = |shares: &[&str]| {
        break_glass(&["open", "--recipient", &recipient, "--notes", &notes], "", &shares.join("\n"))
    };
    let opened = open(&[shares[4], shares[0], shares[2]]);
    let lines: Vec<Value> =
        text(&opened.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut texts: Vec<&str> = lines.iter().map(|line| line["text"].as_str().unwrap()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["Take Drug A daily for 7 days.", "Take Drug B daily for 5 days."]);
    let too_few = open(&shares[..2]);
    assert!(!too_few.status.success() && too_few.stdout.is_empty());
    assert!(text(&too_few.stderr).contains("there are too few"), "{}", text(&too_few.stderr));
    assert!(Path::new(&recipient).exists());
}

async fn person(to: &Transport, role: &'static str, name: &'static str, seed: u64) -> Client {
    let email = format!("{}@people.example", name.to_lowercase());
    let who = NewAccount { role, name, email: &email, password: PASSWORD, time_zone: "UTC", specialty: None };
    let now = aftercare::clock::ServiceClock::default().now();
    Client::sign_up(to, &device::random(seed), now, device::KDF, &who).await.unwrap();
    Client::sign_in(to, device::random(seed + 10), &email, PASSWORD, json!({})).await.unwrap()
}

#[tokio::test]
async fn sqlite() {
    story("").await;
}

#[tokio::test]
async fn postgres() {
    story(&aftercare_store::testing::postgres_url().await).await;
}
