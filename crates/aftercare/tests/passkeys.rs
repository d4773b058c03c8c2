//! Passkeys: beside a password, and alone, on both engines; what is refused.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use aftercare::client::{Authenticator, Ceremony, Client, NewAccount, Transport, show_passkey};
use aftercare_core::{clock::Clock, instant::Span};
use aftercare_seal::Secret;
use axum::http::Method;
use common::{
    PASSWORD, TestApp,
    authenticator::Soft,
    device, email,
    process::{Server, free_port},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
};

async fn shown(app: &TestApp, soft: &Soft) -> Value {
    show_passkey(&device::transport(app), soft).await.unwrap().credential
}

fn with(passkey: &Value) -> Value {
    json!({ "email": email("Ada"), "password": PASSWORD, "passkey": passkey })
}

stories! {
    /// Somebody who sends the password shows a passkey beside it.
    async fn a_passkey_is_a_second_factor(app: TestApp) {
        let (ada, soft) = (app.patient("Ada").await, Soft::new(1));
        let log_in = async |body: Value| app.anon().post("/api/login/", body).await;
        let options = ada.post("/api/mfa/passkeys/", Value::Null).await.ok();
        let made = soft.create(&options["publicKey"]).await.unwrap().credential;
        let body = json!({ "name": "My phone", "credential": made });
        let view = ada.post("/api/mfa/passkeys/confirm/", body.clone()).await;
        assert_eq!((view.status, &view.json["name"], &view.json["opens_account"]), (201, &json!("My phone"), &json!(false)));
        assert_eq!(ada.post("/api/mfa/passkeys/confirm/", body).await.problem(), (409, "already_set_up"));
        assert_eq!(ada.get("/api/mfa/").await.ok()["passkeys"][0]["name"], "My phone");

        let asked = log_in(json!({ "email": email("Ada"), "password": PASSWORD })).await;
        assert_eq!(asked.problem(), (401, "second_factor_required"));
        assert_eq!(asked.json["errors"][0]["pointer"], "/passkey");
        let good = with(&shown(&app, &soft).await);
        let tokens = log_in(good.clone()).await.ok();
        assert!(tokens["access_token"].is_string());
        assert_eq!(log_in(good).await.problem(), (401, "invalid_credentials"), "each is good once");
        let late = with(&shown(&app, &soft).await);
        app.app.clock.pass(Span::from_secs(301));
        assert_eq!(log_in(late).await.problem().0, 401, "too late");
        // A passkey that was not asked for by this account is none of it.
        let stranger = Soft::new(2);
        assert_eq!(log_in(with(&shown(&app, &stranger).await)).await.problem().0, 401);

        let tokens = log_in(with(&shown(&app, &soft).await)).await.ok();
        let ada = common::Client { token: Some(tokens["access_token"].as_str().unwrap().to_owned()), ..ada };
        let id = ada.get("/api/mfa/").await.ok()["passkeys"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/mfa/passkeys/{id}/");
        let rename = async |name: &str| ada.json(Method::PATCH, &path, json!({ "name": name })).await;
        assert_eq!(rename("Old phone").await.ok()["name"], "Old phone");
        assert_eq!(rename(" ").await.problem(), (422, "invalid"));
        assert_eq!(ada.delete(&path).await.status, 204);
        assert_eq!(log_in(json!({ "email": email("Ada"), "password": PASSWORD })).await.status, 200);
    }

    /// On a device of one's own it opens the account by itself: nothing is typed, no key is sent.
    async fn a_passkey_opens_a_sealed_account(app: TestApp) {
        let (ada, grace) = device::pair(&app).await;
        for (seed, early) in [(3, false), (4, true)] {
            let soft = Soft { early, ..Soft::new(seed) };
            ada.add_passkey("Phone", &soft).await.unwrap();
            let transport = device::transport(&app);
            let again = Client::sign_in_with_passkey(&transport, device::random(90), &soft).await.unwrap();
            assert_eq!((again.id(), again.bundle().kid()), (ada.id(), ada.bundle().kid()));
            let sessions = again.get("/api/sessions/").await.unwrap();
            let current = sessions["items"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
            assert_eq!(current["mode"], "sealed");
        }
        // One without a key shows who they are beside the password, and opens nothing alone.
        let keyless = Soft { prf: false, ..Soft::new(5) };
        grace.add_passkey("Key ring", &keyless).await.unwrap();
        let body = json!({ "credential": shown(&app, &keyless).await });
        assert_eq!(app.anon().post("/api/login/passkey/", body).await.problem(), (409, "passkey_opens_nothing"));
        let beside = json!({ "passkey": shown(&app, &keyless).await });
        assert!(device::sign_in_with(&app, "Grace", PASSWORD, json!({})).await.is_err());
        assert!(device::sign_in_with(&app, "Grace", PASSWORD, beside).await.is_ok());
    }

    /// Where it has just opened the account, it stands in the place of the password: nobody has to know one.
    async fn a_passkey_stands_in_the_place_of_the_password(app: TestApp) {
        let (ada, soft) = (device::patient(&app, "Ada").await, Soft { early: true, ..Soft::new(9) });
        ada.add_passkey("Phone", &soft).await.unwrap();
        // Who is in by a password has to know it.
        let refused = ada.change_password(None, "another horse battery").await.unwrap_err().to_string();
        assert!(refused.contains("422"), "{refused}");
        let transport = device::transport(&app);
        let in_by_passkey = async |seed| {
            Client::sign_in_with_passkey(&transport, device::random(seed), &soft).await.unwrap()
        };
        let late = in_by_passkey(92).await;
        app.app.clock.pass(Span::from_secs(301));
        assert!(late.change_password(None, "another horse battery").await.unwrap_err().to_string().contains("step_up_required"));
        in_by_passkey(93).await.change_password(None, "another horse battery").await.unwrap();
        let with = async |password| device::sign_in(&app, "Ada", password).await.err().unwrap().to_string();
        assert!(with(PASSWORD).await.contains("invalid_credentials"));
        assert!(with("another horse battery").await.contains("second_factor_required"), "the passkey, beside it");
        in_by_passkey(94).await.erase(None).await.unwrap();
        assert!(with("another horse battery").await.contains("invalid_credentials"));
    }

    /// New keys close what the old ones were wrapped under; the passkey still shows who one is.
    async fn new_keys_are_not_under_old_passkeys(app: TestApp) {
        let (mut ada, soft) = (device::patient(&app, "Ada").await, Soft { early: true, ..Soft::new(6) });
        ada.add_passkey("Phone", &soft).await.unwrap();
        ada.change_keys(&*app.app.clock, PASSWORD).await.unwrap();
        let body = json!({ "credential": shown(&app, &soft).await });
        assert_eq!(app.anon().post("/api/login/passkey/", body).await.problem(), (409, "passkey_opens_nothing"));
    }
}

#[tokio::test]
async fn what_is_not_a_good_passkey_gets_nothing() {
    let app = TestApp::new().await;
    let (ada, soft) = (device::patient(&app, "Ada").await, Soft { early: true, ..Soft::new(7) });
    let rosa = device::patient(&app, "Rosa").await;
    ada.add_passkey("Phone", &soft).await.unwrap();
    let alone = async |credential: Value| {
        app.anon().post("/api/login/passkey/", json!({ "credential": credential })).await
    };
    // Without its user, in another's name, on another page, of another host, counting back.
    soft.flags.set(0x01);
    assert_eq!(alone(shown(&app, &soft).await).await.problem(), (401, "invalid_credentials"));
    soft.flags.set(0x05);
    let mut credential = shown(&app, &soft).await;
    credential["response"]["userHandle"] = json!(rosa.bundle().user_id);
    assert_eq!(alone(credential).await.problem(), (401, "invalid_credentials"));
    let elsewhere =
        Soft { origin: "http://localhost:9090".to_owned(), user: soft.user.clone(), ..Soft::new(7) };
    assert_eq!(alone(shown(&app, &elsewhere).await).await.problem(), (401, "invalid_credentials"));
    assert_eq!(alone(shown(&app, &soft).await).await.status, 200);
    soft.count.set(1);
    assert_eq!(alone(shown(&app, &soft).await).await.problem(), (401, "invalid_credentials"), "a copy");
    // Whoever knows an id fails for it as often as they like, and fills no record.
    let record = ada.get("/api/audit/").await.unwrap().to_string();
    assert_eq!(record.matches("sign_in_failed").count(), 1, "{record}");
    // A challenge made elsewhere, or for making one.
    soft.count.set(100);
    let options = json!({ "rpId": "localhost", "challenge": "A".repeat(54), "extensions": { "prf": { "eval": { "first": "" } } } });
    assert_eq!(alone(soft.get(&options).await.unwrap().credential).await.problem().0, 401);
    let mut options = ada.post("/api/mfa/passkeys/", &Value::Null).await.unwrap()["publicKey"].clone();
    options["rpId"] = "localhost".into();
    assert_eq!(alone(soft.get(&options).await.unwrap().credential).await.problem().0, 401);
    // Nor does another's challenge make one.
    let made = Soft::new(8).create(&options).await.unwrap().credential;
    let body = json!({ "name": "Hers", "credential": made });
    let refused = rosa.post("/api/mfa/passkeys/confirm/", &body).await.unwrap_err().to_string();
    assert!(refused.contains("answers no challenge"), "{refused}");
    // The key must not come here, though a browser puts it beside.
    let mut credential = shown(&app, &soft).await;
    credential["clientExtensionResults"] = json!({ "prf": { "results": { "first": "AAAA" } } });
    let refused = alone(credential).await;
    assert_eq!(refused.problem(), (422, "invalid"));
    assert_eq!(refused.json["errors"][0]["pointer"], "/credential/clientExtensionResults/prf/results");
}

#[tokio::test]
async fn an_address_of_numbers_has_no_passkeys() {
    let app =
        TestApp::with(aftercare_store::testing::On::Sqlite, &[("AFTERCARE_ISSUER", "http://127.0.0.1:8080")])
            .await;
    assert_eq!(app.anon().post("/api/auth/passkey/", Value::Null).await.problem(), (409, "no_host_name"));
}

/// Who has lost it is helped by the operator: on record, and every session ends.
#[tokio::test]
async fn a_lost_second_factor_is_removed_by_the_operator() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = Server::start(folder.path(), port, "", &[]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let to =
        Transport::There(format!("http://127.0.0.1:{port}"), reqwest::Client::builder().build().unwrap());
    let eve = NewAccount {
        role: "patient",
        name: "Eve",
        email: "eve@people.example",
        password: PASSWORD,
        time_zone: "UTC",
        specialty: None,
    };
    let now = aftercare::clock::ServiceClock::default().now();
    Client::sign_up(&to, &device::random(20), now, device::KDF, &eve).await.unwrap();
    let sign_in =
        async |seed| Client::sign_in(&to, device::random(seed), eve.email, PASSWORD, json!({})).await;
    let laptop = sign_in(21).await.unwrap();
    let phone = Soft { origin: format!("http://localhost:{port}"), ..Soft::new(1) };
    laptop.add_passkey("Phone", &phone).await.unwrap();
    assert!(sign_in(22).await.is_err(), "asked for beside the password");
    let reset = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
        command
            .args(["user", "reset-factors", &laptop.id().to_string(), "--data"])
            .arg(folder.path().join("data"));
        command.output().unwrap()
    };
    let done = reset();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(!reset().status.success(), "there is none any more");
    assert!(laptop.get("/api/me/").await.is_err(), "its sessions ended");
    let again = sign_in(23).await.unwrap();
    let record = again.get("/api/audit/").await.unwrap().to_string();
    assert!(record.contains("factor_removed") && record.contains("without a second factor"), "{record}");
}

/// Chromium's own authenticator, in Chromium.
struct Browser {
    process: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Browser {
    fn start() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent");
        let chromium =
            ["chromium", "chromium-browser", "google-chrome"].map(|name| Path::new("/usr/bin").join(name));
        let chromium = chromium.iter().find(|path| path.exists());
        let chromium = chromium.expect("no Chromium: run `make setup`");
        let mut process = Command::new("node")
            .arg(here.join("passkey.mjs"))
            .args([chromium.as_os_str(), "http://localhost:8080".as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pipes = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, pipes: Mutex::new(pipes) }
    }

    fn run(&self, op: &str, options: &Value) -> anyhow::Result<Ceremony> {
        let mut pipes = self.pipes.lock().unwrap();
        writeln!(pipes.0, "{}", json!({ "op": op, "options": options }))?;
        let mut line = String::new();
        pipes.1.read_line(&mut line)?;
        let mut answer: Value = serde_json::from_str(&line)?;
        anyhow::ensure!(answer.get("error").is_none(), "{line}");
        let prf = answer["prf"]
            .as_str()
            .map(|key| Secret::new(aftercare_seal::bytes::decode(key).unwrap().try_into().unwrap()));
        Ok(Ceremony { credential: answer["credential"].take(), prf })
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Authenticator for Browser {
    async fn create(&self, options: &Value) -> anyhow::Result<Ceremony> {
        self.run("create", options)
    }

    async fn get(&self, options: &Value) -> anyhow::Result<Ceremony> {
        self.run("get", options)
    }
}

/// What a browser is asked, it understands; what it gives, is taken; and the key it gives opens the account.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_signs_in() {
    let (app, browser) = (TestApp::new().await, Browser::start());
    let ada = device::patient(&app, "Ada").await;
    ada.add_passkey("This laptop", &browser).await.unwrap();
    let transport = device::transport(&app);
    let again = Client::sign_in_with_passkey(&transport, device::random(91), &browser).await.unwrap();
    assert_eq!((again.id(), again.bundle().kid()), (ada.id(), ada.bundle().kid()));
    let beside = json!({ "passkey": show_passkey(&transport, &browser).await.unwrap().credential });
    assert!(device::sign_in_with(&app, "Ada", PASSWORD, beside).await.is_ok());
    // The same authenticator twice is refused by the browser: it was told what is there.
    let twice = ada.add_passkey("Again", &browser).await.unwrap_err().to_string();
    assert!(twice.contains("InvalidState") || twice.contains("already registered"), "{twice}");
}
