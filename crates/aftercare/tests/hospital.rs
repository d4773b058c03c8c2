//! Profile hospital: what it asks of passwords, doctors and the way to it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_store::{directory, testing::On, testing::postgres_url};
use common::{
    Client, TestApp, email,
    process::{Server, aftercare, free_port, text},
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
    // Without a mail server there is no mail that goes nowhere unseen.
    let mut ada = app.anon();
    let tokens = ada.post("/api/login/", json!({ "email": email("Ada"), "password": PASSWORD })).await.ok();
    ada.token = tokens["access_token"].as_str().map(str::to_owned);
    let refused = ada.post("/api/channels/", json!({ "kind": "email" })).await;
    assert_eq!((refused.status, &refused.json["errors"][0]["pointer"]), (422, &json!("/kind")));
    assert_eq!(app.anon().get("/dev/mail/").await.status, 404);
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

    // Without the second factor nothing of a patient is read, by whatever route; only what sets one up.
    assert_eq!(grace.delete("/api/mfa/totp/").await.problem(), (409, "password_short"), "not enough alone");
    let longer = json!({ "current": { "password": "7rainbow" }, "password": "seven rainbows over the bay" });
    assert_eq!(grace.post("/api/me/password/", longer).await.status, 204);
    assert_eq!(grace.delete("/api/mfa/totp/").await.status, 204);
    assert_eq!(grace.get("/api/me/").await.status, 200, "the session that removed it goes on");
    let bare = sign_in("Grace", "seven rainbows over the bay", None).await;
    let id = note["note"]["id"].as_str().unwrap();
    for route in ["notes", "actionable-steps", "reminders", "adherence"] {
        let path = format!("/api/{route}/?patient_id={}", ada.id());
        assert_eq!(grace.get(&path).await.status, 200, "{path}");
        assert_eq!(bare.get(&path).await.problem(), (403, "second_factor_missing"), "{path}");
    }
    for path in [
        format!("/api/notes/{id}/"),
        format!("/api/notes/{id}/envelope/"),
        format!("/api/notes/{id}/steps/"),
        "/api/me/export/".into(),
        format!("/api/keys/{}/", ada.id()),
    ] {
        assert_eq!(grace.get(&path).await.status, 200, "{path}");
        assert_eq!(bare.get(&path).await.problem(), (403, "second_factor_missing"), "{path}");
    }
    for (path, body) in [
        ("/api/submit-notes/".to_owned(), json!({ "patient_id": ada.id(), "note": "Take Drug B daily." })),
        (format!("/api/notes/{id}/extract/"), Value::Null),
        (format!("/api/notes/{id}/activate/"), Value::Null),
        (format!("/api/notes/{id}/undo/"), Value::Null),
    ] {
        assert_eq!(bare.post(&path, body).await.problem(), (403, "second_factor_missing"), "{path}");
    }
    for path in ["/api/me/", "/api/mfa/", "/api/sessions/", "/api/audit/"] {
        assert_eq!(bare.get(path).await.status, 200, "{path}");
    }
}

/// A browser is told to keep nothing, guess nothing, frame nothing, and to come by TLS.
#[tokio::test]
async fn every_answer_carries_its_headers() {
    let (hospital, dev) = (app().await, TestApp::new().await);
    for path in ["/api/me/", "/api/docs/", "/api/openapi.json", "/healthz", "/nowhere"] {
        let answer = hospital.anon().get(path).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert!(header("content-security-policy").starts_with("default-src 'none';"), "{path}");
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(header("strict-transport-security"), "max-age=31536000");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        assert!(!dev.anon().get(path).await.headers.contains_key("strict-transport-security"));
    }
}

/// Who connects and says nothing, or half of it, is not waited for; nor is another protocol spoken.
#[tokio::test(flavor = "multi_thread")]
async fn slow_connections_are_closed() {
    use std::{
        io::{Read, Write},
        net::TcpStream,
        time::Duration,
    };
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = Server::start(folder.path(), port, "", &[]);
    let connect = |said: &'static str| {
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
            stream.write_all(said.as_bytes()).unwrap();
            let mut answer = Vec::new();
            let closed = stream.read_to_end(&mut answer).is_ok();
            (closed, String::from_utf8_lossy(&answer).into_owned())
        })
    };
    let slow = ["", "GET /healthz HTTP/1.1\r\nHost: a\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"].map(connect);
    for (closed, answer) in slow.map(|thread| thread.join().unwrap()) {
        assert!(closed && (answer.is_empty() || answer.starts_with("HTTP/1.1 4")), "{closed}: {answer}");
    }
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

/// One machine is not enough where it was asked that it be: the test's PostgreSQL has no second, and no `fsync`.
#[tokio::test]
async fn a_database_that_could_lose_what_it_acknowledged_is_refused() {
    let (folder, url) = (tempfile::tempdir().unwrap(), postgres_url().await);
    let data = folder.path().join("data").display().to_string();
    for (url, gaps) in [
        (url.as_str(), ["fsync is \"off\"", "synchronous_standby_names is empty"].as_slice()),
        ("", &["the embedded database is one file on one machine"]),
    ] {
        let mut env = vec![("AFTERCARE_DATA", data.as_str()), ("AFTERCARE_DATABASE_URL", url)];
        assert!(aftercare(&["migrate"], &env, "").status.success());
        env.push(("AFTERCARE_HA_REQUIRED", "true"));
        let refused = aftercare(&["migrate"], &env, "");
        assert_eq!(refused.status.code(), Some(1));
        let told = text(&refused.stderr);
        assert!(gaps.iter().all(|gap| told.contains(gap)), "{told}");
    }
}
