//! Profile hospital: what it asks of passwords, doctors and the way to it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_store::{directory, testing::On};
use common::{
    Client, TestApp, email,
    process::{Server, free_port},
};
use serde_json::{Value, json};
use std::path::Path;

const PASSWORD: &str = "three words and more";

async fn app() -> TestApp {
    let key = format!("k1:{}", aftercare_seal::bytes::encode(&[7; 32]));
    let settings = [
        ("AFTERCARE_PROFILE", "hospital"),
        ("AFTERCARE_BEHIND_PROXY", "true"),
        ("AFTERCARE_MASTER_KEYS", key.as_str()),
        ("AFTERCARE_NOTE_MODE", "activate"),
    ];
    TestApp::with(On::Sqlite, &settings).await
}

fn sign_up(role: &str, name: &str, password: &str) -> Value {
    json!({ "role": role, "name": name, "email": email(name), "password": password })
}

#[tokio::test]
async fn passwords_are_long_and_not_common() {
    let app = app().await;
    let post = async |body: Value| app.anon().post("/api/signup/", body).await;
    for (role, password) in [
        ("patient", "only fourteen."),
        ("doctor", "1234567"),
        ("doctor", "baseball"),
        ("doctor", "Aftercare-2026"),
        ("patient", "ada.quennell@people.example"),
    ] {
        assert_eq!(
            post(sign_up(role, "Ada Quennell", password)).await.problem(),
            (422, "invalid"),
            "{password}"
        );
    }
    assert_eq!(post(sign_up("patient", "Ada", PASSWORD)).await.status, 201);
    assert_eq!(post(sign_up("doctor", "Grace", "7rainbow")).await.status, 201, "a second factor follows");
    // Where it is a developer's machine, it is told and taken.
    let dev = TestApp::new().await;
    let told = dev.anon().post("/api/signup/", sign_up("patient", "Ada", "baseball")).await;
    assert!(told.status == 201 && told.json["warning"].as_str().unwrap().contains("commonest"));
}

#[tokio::test]
async fn doctors_are_approved_and_have_a_second_factor() {
    let app = app().await;
    app.anon().post("/api/signup/", sign_up("patient", "Ada", PASSWORD)).await.ok();
    app.anon().post("/api/signup/", sign_up("doctor", "Grace", "7rainbow")).await.ok();
    let sign_in = async |name: &str, password: &str, code: Option<String>| {
        let mut body = json!({ "email": email(name), "password": password });
        if let Some(code) = code {
            body["totp"] = code.into();
        }
        let tokens = app.anon().post("/api/login/", body).await.ok();
        Client {
            token: Some(tokens["access_token"].as_str().unwrap().to_owned()),
            user: tokens["user"].clone(),
            ..app.anon()
        }
    };
    let grace = sign_in("Grace", "7rainbow", None).await;
    assert_eq!(grace.get("/api/doctor/patients/").await.problem(), (403, "second_factor_missing"));
    let seed = grace.post("/api/mfa/totp/", Value::Null).await.ok();
    let code = || {
        let builder = totp_rs::Builder::new()
            .with_algorithm(totp_rs::Algorithm::SHA1)
            .with_secret(totp_rs::Secret::try_from_base32(seed["secret"].as_str().unwrap()).unwrap());
        builder.build().unwrap().generate(u64::try_from(app.app.clock.wall().as_secs()).unwrap()).to_string()
    };
    assert_eq!(grace.post("/api/mfa/totp/confirm/", json!({ "code": code() })).await.status, 204);
    app.app.clock.pass(aftercare_core::instant::Span::from_secs(30));
    let grace = sign_in("Grace", "7rainbow", Some(code())).await;
    assert_eq!(grace.get("/api/doctor/patients/").await.problem(), (403, "not_approved"));
    let ada = sign_in("Ada", PASSWORD, None).await;
    assert_eq!(ada.get("/api/doctors/").await.ok()["items"], json!([]));
    let choose = json!({ "doctor_id": grace.id() });
    assert_eq!(ada.post("/api/select-doctor/", choose.clone()).await.status, 404);
    let mut tx = app.app.store.write().await.unwrap();
    assert!(directory::list(&mut tx, grace.id().parse().unwrap(), true).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(ada.post("/api/select-doctor/", choose).await.status, 201);
    let note = grace.submit(&ada, "Take Drug A daily for 7 days.").await;
    assert_eq!(note["status"], "active");
}

/// A certificate for 127.0.0.1, and what trusts it.
fn certificate(folder: &Path) -> reqwest::Certificate {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    // The key first, as renewals do it: the pair does not fit for a moment.
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
    reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
}

#[tokio::test]
async fn tls_takes_a_new_certificate_while_it_runs() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let first = certificate(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (certificate_file, key_file, port) = (file("certificate.pem"), file("key.pem"), free_port());
    let settings =
        [("AFTERCARE_TLS__CERTIFICATE", certificate_file.as_str()), ("AFTERCARE_TLS__KEY", &key_file)];
    let _server = Server::start(folder.path(), port, "", &settings);
    let trusts = |root: reqwest::Certificate| {
        let builder = reqwest::Client::builder().tls_certs_only([root]).pool_max_idle_per_host(0);
        builder.build().unwrap()
    };
    let url = format!("https://127.0.0.1:{port}/readyz");
    let old = trusts(first);
    assert_eq!(old.get(&url).send().await.unwrap().status(), 200);
    let plain = reqwest::Client::builder().build().unwrap();
    assert!(plain.get(format!("http://127.0.0.1:{port}/readyz")).send().await.is_err());
    let new = trusts(certificate(folder.path()));
    let begun = tokio::time::Instant::now();
    while new.get(&url).send().await.is_err() {
        assert!(begun.elapsed().as_secs() < 20, "the new certificate was not taken");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(old.get(&url).send().await.is_err());
}
