//! Signing up, in, on and out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use aftercare_store::fault::Faults;
use common::{PASSWORD, TestApp, email};
use serde_json::{Value, json};

stories! {
    /// The whole life of a session.
    async fn a_session_from_sign_up_to_log_out(app: TestApp) {
        let anon = app.anon();
        let body = json!({ "role": "doctor", "name": " Grace ", "email": "Grace@People.Example", "password": PASSWORD, "specialty": "Surgery" });
        let answer = anon.post("/api/signup/", body.clone()).await;
        assert_eq!(answer.status, 201);
        assert_eq!(answer.json["user"]["email"], "grace@people.example");
        assert_eq!(answer.json["user"]["time_zone"], "UTC");
        assert_eq!(answer.json["recovery_code"].as_str().unwrap().len(), 42);
        assert_eq!(anon.post("/api/signup/", body).await.problem(), (409, "email_taken"));

        let grace = anon.clone().log_in("Grace").await;
        assert_eq!((&grace.tokens["token_type"], &grace.tokens["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert_eq!(grace.get("/api/me").await.ok()["name"], "Grace");
        let sessions = grace.get("/api/sessions/").await.ok();
        assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
        assert_eq!(sessions["items"][0]["current"], true);
        let second = anon.log_in("Grace").await;
        let other = grace.get("/api/sessions/").await.ok()["items"].as_array().unwrap().iter().find(|s| s["current"] == false).unwrap()["id"].clone();
        assert_eq!(grace.delete(&format!("/api/sessions/{}/", other.as_str().unwrap())).await.status, 204);
        assert_eq!(second.get("/api/me/").await.problem(), (401, "unauthenticated"));
        assert_eq!(grace.post("/api/logout/", Value::Null).await.status, 204);
        assert_eq!(grace.get("/api/me/").await.problem(), (401, "unauthenticated"));
    }

    /// What a patient asks for is asked along with their session: where that has ended, nothing of it is given.
    async fn an_ended_session_reads_no_plan(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        doctor.submit(&patient, "Take Drug A daily for 7 days.").await;
        let paths = ["/api/reminders/", "/api/actionable-steps/"];
        for path in paths {
            assert!(patient.get(path).await.ok().to_string().contains("Drug A"), "{path}");
        }
        assert_eq!(patient.post("/api/logout/", Value::Null).await.status, 204);
        for path in paths {
            let answer = patient.get(path).await;
            assert_eq!(answer.problem(), (401, "unauthenticated"), "{path}");
            assert!(!answer.json.to_string().contains("Drug A"), "{path}");
        }
    }

    /// A refresh token is good once; used again it ends its session.
    async fn refresh_tokens_rotate_and_theft_ends_the_session(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        doctor.submit(&patient, "Take Drug A daily for 7 days.").await;
        let renew = |token: &Value| {
            let (anon, body) = (app.anon(), json!({ "refresh_token": token }));
            async move { anon.post("/api/token/refresh/", body).await }
        };
        let first = patient.tokens["refresh_token"].clone();
        app.app.clock.pass(Span::from_minutes(16));
        assert_eq!(patient.get("/api/me/").await.problem(), (401, "unauthenticated"), "15 minutes are over");
        let second = renew(&first).await.ok();
        let mut renewed = patient.clone();
        renewed.token = Some(second["access_token"].as_str().unwrap().to_owned());
        assert_eq!(renewed.reminders("").await[0]["action"], "Take Drug A", "the renewed session still opens notes");
        // The answer may have been lost: once more within ten seconds.
        app.app.clock.pass(Span::from_secs(5));
        let third = renew(&first).await.ok();
        app.app.clock.pass(Span::from_secs(30));
        let fourth = renew(&third["refresh_token"]).await.ok();
        assert_eq!(renew(&second["refresh_token"]).await.problem(), (401, "invalid_credentials"));
        assert_eq!(renew(&fourth["refresh_token"]).await.problem(), (401, "invalid_credentials"), "the session is ended");
    }

    /// Idle for half an hour, or twelve hours in all.
    async fn sessions_end_by_themselves(app: TestApp) {
        let patient = app.patient("Ada").await;
        app.app.clock.pass(Span::from_minutes(31));
        let body = json!({ "refresh_token": patient.tokens["refresh_token"] });
        assert_eq!(app.anon().post("/api/token/refresh/", body).await.problem(), (401, "invalid_credentials"));
        let mut tokens = app.anon().log_in("Ada").await.tokens;
        for _ in 0..35 {
            app.app.clock.pass(Span::from_minutes(20));
            let body = json!({ "refresh_token": tokens["refresh_token"] });
            tokens = app.anon().post("/api/token/refresh/", body).await.ok();
        }
        app.app.clock.pass(Span::from_minutes(21));
        let body = json!({ "refresh_token": tokens["refresh_token"] });
        assert_eq!(app.anon().post("/api/token/refresh/", body).await.problem(), (401, "invalid_credentials"));
        // And their rows go.
        let sessions = async || {
            let mut tx = app.app.store.read().await.unwrap();
            aftercare_store::inspect::table(&mut tx, "session").await.unwrap().unwrap().len()
        };
        assert!(sessions().await > 0);
        aftercare::engine::tidy(&app.app).await.unwrap();
        assert_eq!(sessions().await, 0);
    }
}

#[tokio::test]
async fn an_unknown_address_is_answered_as_a_wrong_password_is() {
    let app = TestApp::new().await;
    app.patient("Ada").await;
    let wrong = json!({ "email": email("Ada"), "password": "not the password" });
    let unknown = json!({ "email": "nobody@people.example", "password": "not the password" });
    let (wrong, unknown) =
        (app.anon().post("/api/login/", wrong).await, app.anon().post("/api/login/", unknown).await);
    assert_eq!(wrong.problem(), (401, "invalid_credentials"));
    let without_id = |mut json: Value| {
        json["request_id"] = Value::Null;
        json
    };
    assert_eq!(without_id(wrong.json), without_id(unknown.json));
}

#[tokio::test]
async fn everything_wrong_with_a_sign_up_is_said_at_once() {
    let app = TestApp::new().await;
    let body = json!({ "role": "patient", "name": "", "email": "ada", "password": "short", "time_zone": "Mars", "bio": "x" });
    let answer = app.anon().post("/api/signup/", body).await;
    assert_eq!(answer.problem(), (422, "invalid"));
    let pointers: Vec<_> =
        answer.json["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/name", "/email", "/password", "/time_zone", "/bio"]);
}

#[tokio::test]
async fn forged_and_foreign_tokens_are_refused() {
    let app = TestApp::new().await;
    let other =
        TestApp::with(aftercare_store::testing::On::Sqlite, &[("AFTERCARE_ISSUER", "https://other.example")])
            .await;
    let ada = app.patient("Ada").await;
    let good = ada.token.clone().unwrap();
    let parts: Vec<_> = good.split('.').collect();
    let none = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    for token in [
        String::new(),
        "x".to_owned(),
        none,
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86)),
        other.patient("Ada").await.token.unwrap(),
        format!("{good}x"),
    ] {
        let mut forged = ada.clone();
        forged.token = Some(token.clone());
        let answer = forged.get("/api/me/").await;
        assert_eq!(answer.problem(), (401, "unauthenticated"), "{token}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    assert_eq!(ada.get("/api/me/").await.status, 200);
    let jwks = app.anon().get("/.well-known/jwks.json").await.ok();
    assert_eq!((&jwks["keys"][0]["kty"], &jwks["keys"][0]["alg"]), (&json!("OKP"), &json!("EdDSA")));
}

#[tokio::test]
async fn the_same_request_again_has_one_effect_and_one_answer() {
    let app = TestApp::new().await;
    let (patient, doctor) = app.pair().await;
    let body = json!({ "patient_id": patient.id(), "note": "Take Drug A daily for 7 days." });
    let first = doctor.post_with_key("/api/submit-notes/", body.clone(), "key-1").await;
    let again = doctor.post_with_key("/api/submit-notes/", body, "key-1").await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(patient.get("/api/notes/").await.ok()["items"].as_array().unwrap().len(), 1);
    let other = json!({ "patient_id": patient.id(), "note": "Take Drug B daily for 7 days." });
    let reused = doctor.post_with_key("/api/submit-notes/", other, "key-1").await;
    assert_eq!(reused.problem(), (422, "idempotency_key_reused"));
    // A failure is not kept: it may be tried again.
    let bad = json!({ "patient_id": patient.id(), "note": "" });
    assert_eq!(doctor.post_with_key("/api/submit-notes/", bad.clone(), "key-2").await.problem().0, 422);
    assert_eq!(doctor.post_with_key("/api/submit-notes/", bad, "key-2").await.problem().0, 422);
    // A key belongs to whoever used it.
    let body = json!({ "doctor_id": doctor.id() });
    let ada = patient.post_with_key("/api/select-doctor/", body.clone(), "key-3").await;
    let eve = app.patient("Eve").await.post_with_key("/api/select-doctor/", body, "key-3").await;
    assert_ne!(ada.json["relationship"]["id"], eve.json["relationship"]["id"]);
}

/// Whoever asks is cut off at every point of the way, and asks again: it was worked off once, and nobody waits for it to
/// be forgotten.
#[tokio::test]
async fn a_request_that_was_cut_off_comes_to_its_end() {
    let app = TestApp::new().await;
    let (patient, doctor) = app.pair().await;
    let count = async || patient.get("/api/notes/").await.ok()["items"].as_array().unwrap().len();
    let mut ended = 0;
    for polls in 1..=40 {
        let body =
            json!({ "patient_id": patient.id(), "note": format!("Take Drug {polls} daily for 7 days.") });
        let key = format!("key-{polls}");
        let mut first = Box::pin(doctor.post_with_key("/api/submit-notes/", body.clone(), &key));
        let mut whole = false;
        for _ in 0..polls {
            whole |= tokio::select! { biased; _ = &mut first => true, () = std::future::ready(()) => false };
            if whole {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(first);
        let mut again = doctor.post_with_key("/api/submit-notes/", body.clone(), &key).await;
        while again.status == 409 {
            assert_eq!(again.problem().1, "in_flight");
            tokio::task::yield_now().await;
            again = doctor.post_with_key("/api/submit-notes/", body.clone(), &key).await;
        }
        assert_eq!(again.status, 201, "{}", again.json);
        assert_eq!(count().await, polls, "one note for each");
        ended += usize::from(whole);
        if ended == 3 {
            return;
        }
    }
}

/// The database is gone for a moment, at whichever statement: the request made again with its key has one effect.
#[tokio::test]
async fn a_request_that_met_a_lost_database_has_one_effect() {
    let app = TestApp::new().await;
    let (patient, doctor) = app.pair().await;
    for after in 0.. {
        let body =
            json!({ "patient_id": patient.id(), "note": format!("Take Drug {after} daily for 7 days.") });
        let key = format!("key-{after}");
        let ask = || doctor.post_with_key("/api/submit-notes/", body.clone(), &key);
        let faults = Faults::once_after(after);
        let first = faults.over(ask()).await;
        assert!([201, 503].contains(&first.status), "{}", first.json);
        assert_eq!(ask().await.status, 201);
        let notes = patient.get("/api/notes/").await.ok()["items"].as_array().unwrap().len();
        assert_eq!(i64::try_from(notes).unwrap(), after + 1, "one note for each");
        if !faults.struck() {
            assert!(after > 3, "the session, the claim and its end are asked for");
            return;
        }
    }
}

/// What a session whose keys the service holds has opened is there for that session alone, and ends with it.
#[tokio::test]
async fn opened_keys_end_with_their_session() {
    let app = TestApp::new().await;
    let (ada, grace) = app.pair().await;
    grace.submit(&ada, "Take Drug A daily for 7 days.").await;
    app.app.opened.end_of(grace.id().parse().unwrap());
    let before = app.app.opened.len();
    for _ in 0..2 {
        let notes = ada.get("/api/notes/").await.ok();
        assert_eq!(notes["items"][0]["text"], "Take Drug A daily for 7 days.");
    }
    assert_eq!(app.app.opened.len(), before + 1);
    let second = app.anon().log_in("Ada").await;
    second.get("/api/notes/").await.ok();
    assert_eq!(app.app.opened.len(), before + 2, "each session for itself");
    second.post("/api/logout/", json!({})).await;
    assert_eq!(app.app.opened.len(), before + 1);
    let change = json!({ "current": { "password": PASSWORD }, "password": "another long password" });
    let changed = ada.post("/api/me/password/", change).await;
    assert!(changed.status < 300, "{}", changed.json);
    assert_eq!(app.app.opened.len(), 0);
}
