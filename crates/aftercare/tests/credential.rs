//! An organisation's word for a doctor's keys: signed away from the service, asked for by patients' devices.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::client::{Client, NewAccount, NotVouched, Transport};
use aftercare_core::{clock::Clock, id::UserId};
use aftercare_seal::bytes::decode;
use common::{
    PASSWORD, device,
    process::{Server, aftercare, free_port, text},
};
use serde_json::{Value, json};

async fn story(database: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (organisation, request, signed, data) =
        (file("organisation.json"), file("request"), file("signed"), file("data"));
    let credential = |args: &[&str], typed: &str| {
        let args = [&["credential"], args].concat();
        let env = [("AFTERCARE_DATABASE_URL", database), ("AFTERCARE_ORGANISATION", &organisation)];
        aftercare(&args, &env, typed)
    };
    let made = credential(
        &["create", "--name", "St Mary's", "--threshold", "2", "--shares", "3", "--out", &organisation],
        "",
    );
    assert!(made.status.success(), "{}", text(&made.stderr));
    let shares = text(&made.stdout);
    let shares: Vec<&str> = shares.lines().collect();

    let port = free_port();
    let settings = [("AFTERCARE_ORGANISATION", organisation.as_str())];
    let _server = Server::start(folder.path(), port, database, &settings);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let to =
        Transport::There(format!("http://127.0.0.1:{port}"), reqwest::Client::builder().build().unwrap());
    let clock = aftercare::clock::ServiceClock::default();
    let person = async |role: &'static str, name: &'static str, seed: u64| {
        let email = format!("{}@people.example", name.to_lowercase());
        let who =
            NewAccount { role, name, email: &email, password: PASSWORD, time_zone: "UTC", specialty: None };
        Client::sign_up(&to, &device::random(seed), clock.now(), device::KDF, &who).await.unwrap();
        Client::sign_in(&to, device::random(seed + 10), &email, PASSWORD, json!({})).await.unwrap()
    };
    let (mut ada, mut grace, eve) = (
        person("patient", "Ada", 1).await,
        person("doctor", "Grace", 2).await,
        person("doctor", "Eve", 3).await,
    );
    let known: Value = serde_json::from_str(&std::fs::read_to_string(&organisation).unwrap()).unwrap();
    assert!(text(&made.stderr).contains(known["sign_pk"].as_str().unwrap()), "as `create` has said");
    ada.know_organisation(decode(known["sign_pk"].as_str().unwrap()).unwrap().as_slice().try_into().unwrap());

    let choose = async |ada: &Client, doctor: UserId| {
        ada.state(&clock, doctor, true).await.map_err(|error| error.downcast::<NotVouched>().unwrap())
    };
    assert_eq!(choose(&ada, grace.id()).await.unwrap_err(), NotVouched(grace.id()));

    let doctor = grace.id().to_string();
    let asked = credential(&["ask", &doctor, "--data", &data], "");
    assert!(asked.status.success(), "{}", text(&asked.stderr));
    std::fs::write(&request, asked.stdout).unwrap();
    assert!(!credential(&["ask", &ada.id().to_string(), "--data", &data], "").status.success(), "no doctor");
    let sign = |shares: &[&str]| {
        credential(&["sign", "--organisation", &organisation, "--request", &request], &shares.join("\n"))
    };
    assert!(!sign(&shares[..1]).status.success(), "one alone signs nothing");
    let good = sign(&[shares[2], shares[0]]);
    assert!(good.status.success(), "{}", text(&good.stderr));
    // What was not signed so is not taken.
    let put = |body: &[u8]| {
        std::fs::write(&signed, body).unwrap();
        credential(&["put", &signed, "--data", &data], "")
    };
    let mut other: Value = serde_json::from_slice(&good.stdout).unwrap();
    other["name"] = "Somebody Else".into();
    assert!(!put(other.to_string().as_bytes()).status.success());
    let done = put(&good.stdout);
    assert!(done.status.success(), "{}", text(&done.stderr));

    choose(&ada, grace.id()).await.unwrap();
    assert_eq!(choose(&ada, eve.id()).await.unwrap_err(), NotVouched(eve.id()), "nobody else's word");
    let record = grace.get("/api/audit/").await.unwrap();
    assert!(record["items"].as_array().unwrap().iter().any(|event| event["action"] == "credentialed"));
    // It goes on with keys that the vouched ones have signed.
    grace.change_keys(&clock, PASSWORD).await.unwrap();
    ada.state(&clock, grace.id(), false).await.unwrap();
    choose(&ada, grace.id()).await.unwrap();
}

#[tokio::test]
async fn sqlite() {
    Box::pin(story("")).await;
}

#[tokio::test]
async fn postgres() {
    let url = aftercare_store::testing::postgres_url().await;
    Box::pin(story(&url)).await;
}
