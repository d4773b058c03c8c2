//! Password and recovery code are both lost: the operator makes sure who asks and gives a one-time code,
//! new keys are made that the old have not signed, everybody is told, and the notes open again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::{
    client::{self, KeyChanged},
    keyring::allow_reset,
};
use aftercare_core::{id::UserId, instant::Span};
use common::{
    Answer, PASSWORD, TestApp,
    authenticator::Soft,
    device, email,
    process::{Server, free_port},
};
use serde_json::{Value, json};
use std::process::Command;

const NEW: &str = "three quiet lamps at noon";

async fn code(app: &TestApp, id: UserId) -> String {
    let mut tx = app.app.store.write().await.unwrap();
    let code = allow_reset(&app.app, &mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    code.text().to_string()
}

async fn reset(app: &TestApp, body: Value) -> Answer {
    let mut all = json!({ "email": email("Ada") });
    all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    app.anon().post("/api/recovery/reset/", all).await
}

fn id(text: &str) -> UserId {
    UserId(text.parse().unwrap())
}

stories! {
    /// On devices: who knew the old keys is told, and follows only when codes were compared.
    async fn keys_are_made_anew_on_a_device(app: TestApp) {
        let (ada, grace) = device::pair(&app).await;
        let clock = &*app.app.clock;
        let words = grace.read_here(clock, "Take Drug A daily for 7 days.");
        grace.submit(clock, ada.id(), &words, "activate").await.unwrap();

        let code = code(&app, ada.id()).await;
        let (to, address) = (device::transport(&app), email("Ada"));
        let reset = async |seed| {
            client::Client::reset(&to, &device::random(seed), device::KDF, &address, &code, NEW).await
        };
        let made = reset(71).await.unwrap();
        assert!(ada.get("/api/me/").await.is_err(), "every session ends");
        assert!(device::sign_in(&app, "Ada", PASSWORD).await.is_err());
        assert!(reset(72).await.is_err(), "the code is good once");

        let ada = device::sign_in(&app, "Ada", NEW).await.unwrap();
        assert!(ada.to_do().await.is_err(), "sealed to keys that nobody has");
        let refused = grace.submit(clock, ada.id(), &words, "activate").await.unwrap_err();
        assert!(refused.is::<KeyChanged>(), "{refused}");
        // Another device of hers knows the old keys, and learns of the new from the one she compared on.
        let other = device::sign_in(&app, "Grace", PASSWORD).await.unwrap();
        grace.keep().await.unwrap();
        other.recall().await.unwrap();
        assert!(other.safety_code(ada.id()).await.unwrap_err().is::<KeyChanged>());
        grace.trust(ada.id()).await.unwrap();
        grace.keep().await.unwrap();
        other.keep().await.unwrap();
        for device in [&grace, &other] {
            device.recall().await.unwrap();
            device.safety_code(ada.id()).await.unwrap();
        }
        assert!(grace.submit(clock, ada.id(), &words, "activate").await.is_err(), "not chosen with these keys");

        assert_eq!(grace.grant_all(ada.id()).await.unwrap(), 1);
        assert_eq!(ada.to_do().await.unwrap().len(), 1, "the note opens again");
        ada.restate(clock).await.unwrap();
        let words = grace.read_here(clock, "Take Drug B daily for 5 days.");
        grace.submit(clock, ada.id(), &words, "activate").await.unwrap();
        let record = ada.get("/api/audit/").await.unwrap().to_string();
        assert!(record.contains("keys_reset") && record.contains("granted"), "{record}");

        // The new recovery code is one.
        let code = &made.recovery_code;
        client::Client::recover(&to, &device::random(73), &address, code, PASSWORD).await.unwrap();
    }

    /// With plain requests: the doctor opens each note to the new key, and the patient chooses again.
    async fn keys_are_made_anew_with_a_password(app: TestApp) {
        let (ada, grace) = app.pair().await;
        let eve = app.patient("Eve").await;
        let note = grace.submit(&ada, "Take Drug A daily for 7 days.").await["note"]["id"].clone();
        let code = code(&app, id(ada.id())).await;
        let done = reset(&app, json!({ "code": code, "password": NEW })).await.ok();
        assert!(done["recovery_code"].is_string(), "{done}");
        assert_eq!(ada.get("/api/me/").await.status, 401);

        let answer = app.anon().post("/api/login/", json!({ "email": email("Ada"), "password": NEW })).await.ok();
        let mut ada = ada;
        ada.token = Some(answer["access_token"].as_str().unwrap().to_owned());
        let steps = ada.get("/api/actionable-steps/").await.ok();
        assert_eq!((&steps["plan"][0]["action"], steps["envelopes"].as_array().unwrap().len()), (&Value::Null, 1));
        let body = json!({ "patient_id": ada.id(), "note": "Take Drug B daily for 5 days." });
        assert_eq!(grace.post("/api/submit-notes/", body).await.problem(), (409, "selection_stale"));

        let grants = format!("/api/notes/{}/grants/", note.as_str().unwrap());
        let mine = json!({ "to": ada.id() });
        assert_eq!(ada.post(&grants, mine.clone()).await.problem(), (409, "not_open"));
        assert_eq!(eve.post(&grants, mine.clone()).await.status, 404);
        assert_eq!(grace.post(&grants, json!({ "to": eve.id() })).await.status, 422);
        assert_eq!(grace.post(&grants, json!({ "to": ada.id(), "by_kid": "A".repeat(43) })).await.status, 422);
        grace.post(&grants, mine).await;
        let steps = ada.get("/api/actionable-steps/").await.ok();
        assert_eq!(steps["plan"][0]["action"], "Take Drug A", "{steps}");
        let chosen = ada.post("/api/select-doctor/", json!({ "doctor_id": grace.id() })).await;
        assert_eq!(chosen.status, 200, "{chosen:?}");
        grace.submit(&ada, "Take Drug B daily for 5 days.").await;
    }

    /// Only the right code, in time, and with the second factor; nothing is used up by a question.
    async fn a_code_opens_nothing_else(app: TestApp) {
        let ada = app.patient("Ada").await;
        assert_eq!(reset(&app, json!({ "code": "short" })).await.problem(), (422, "invalid"));
        let other = code(&app, id(app.patient("Eve").await.id())).await;
        assert_eq!(reset(&app, json!({ "code": other, "password": NEW })).await.problem(), (401, "invalid_credentials"));
        let late = code(&app, id(ada.id())).await;
        app.app.clock.pass(Span::from_hours(25));
        assert_eq!(reset(&app, json!({ "code": late, "password": NEW })).await.problem(), (401, "invalid_credentials"));

        let replaced = code(&app, id(ada.id())).await;
        let good = code(&app, id(ada.id())).await;
        assert_eq!(reset(&app, json!({ "code": replaced })).await.status, 401, "a newer one replaces it");
        for _ in 0..2 {
            let made_for = reset(&app, json!({ "code": good })).await.ok();
            assert_eq!(made_for, json!({ "user_id": ada.id(), "epoch": 2 }));
        }
        let weak = reset(&app, json!({ "code": good, "password": "short" })).await;
        assert_eq!(weak.problem(), (422, "invalid"));
        let both = json!({ "code": good, "password": NEW, "sealed": json!({}) });
        assert_eq!(reset(&app, both).await.status, 422);
        let ada = ada.log_in("Ada").await;
        let laptop = device::sign_in(&app, "Ada", PASSWORD).await.unwrap();
        laptop.add_passkey("Phone", &Soft::new(1)).await.unwrap();
        let without = reset(&app, json!({ "code": good, "password": NEW })).await;
        assert_eq!(without.problem(), (401, "second_factor_required"));
        let factors = ada.get("/api/mfa/").await.ok();
        let path = format!("/api/mfa/passkeys/{}/", factors["passkeys"][0]["id"].as_str().unwrap());
        assert_eq!(ada.delete(&path).await.status, 204);
        reset(&app, json!({ "code": good, "password": NEW })).await.ok();
        assert_eq!(reset(&app, json!({ "code": good, "password": NEW })).await.status, 401);
        assert_eq!(reset(&app, json!({ "code": good, "email": email("nobody") })).await.status, 401);
    }
}

/// As an operator does it.
#[tokio::test]
async fn the_operator_gives_the_code() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = Server::start(folder.path(), port, "", &[]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let base = format!("http://127.0.0.1:{port}");
    let to = client::Transport::There(base, reqwest::Client::builder().build().unwrap());
    let eve = client::NewAccount {
        role: "patient",
        name: "Eve",
        email: "eve@people.example",
        password: PASSWORD,
        time_zone: "UTC",
        specialty: None,
    };
    let now = aftercare_core::clock::Clock::now(&aftercare::clock::ServiceClock::default());
    client::Client::sign_up(&to, &device::random(20), now, device::KDF, &eve).await.unwrap();
    let signed_in =
        client::Client::sign_in(&to, device::random(21), eve.email, PASSWORD, json!({})).await.unwrap();
    let user = |what: &str, id: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
        command.args(["user", what, id, "--data"]).arg(folder.path().join("data")).output().unwrap()
    };
    assert!(!user("reset-keys", &uuid::Uuid::nil().to_string()).status.success());
    let given = user("reset-keys", &signed_in.id().to_string());
    assert!(given.status.success(), "{}", String::from_utf8_lossy(&given.stderr));
    let given = String::from_utf8(given.stdout).unwrap();
    let code = given.lines().next().unwrap();
    client::Client::reset(&to, &device::random(22), device::KDF, eve.email, code, NEW).await.unwrap();
    let again = client::Client::sign_in(&to, device::random(23), eve.email, NEW, json!({})).await.unwrap();
    let record = again.get("/api/audit/").await.unwrap().to_string();
    assert!(record.contains("given leave to make new keys") && record.contains("keys_reset"), "{record}");
}
