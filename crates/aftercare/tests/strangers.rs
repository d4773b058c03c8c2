//! What strangers, and two things at once, cannot do to an account.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::client::{Client as Device, NewAccount};
use aftercare_core::instant::Span;
use aftercare_store::session;
use common::{
    Client, PASSWORD, TestApp, device, email, execute,
    sign_in::{credentials, log_in, totp},
};
use serde_json::{Value, json};

stories! {
    /// Who guesses fast locks nobody out for long, and nobody out of the way back.
    async fn a_stranger_in_a_hurry_locks_nothing(app: TestApp) {
        let body = json!({ "role": "patient", "name": "Ada", "email": email("Ada"), "password": PASSWORD });
        let code = app.anon().post("/api/signup/", body).await.ok()["recovery_code"].clone();
        for _ in 0..150 {
            let status = log_in(&app, json!({ "email": email("Ada"), "auth_key": "A".repeat(43) })).await.status;
            assert!([401, 429].contains(&status), "{status}");
        }
        // Nor does anybody who makes up recovery codes.
        for _ in 0..30 {
            let body = json!({ "email": email("Ada"), "auth": "A".repeat(43) });
            assert_eq!(app.anon().post("/api/recovery/", body).await.status, 401);
        }
        let body = json!({ "email": email("Ada"), "recovery_code": code, "password": "another horse battery" });
        app.anon().post("/api/recovery/", body).await.ok();
        assert_eq!(log_in(&app, credentials("Ada", "another horse battery")).await.status, 200);
        app.app.clock.pass(Span::from_minutes(16));
        for _ in 0..150 {
            log_in(&app, json!({ "email": email("Ada"), "auth_key": "A".repeat(43) })).await;
        }
        app.app.clock.pass(Span::from_minutes(16));
        assert_eq!(log_in(&app, credentials("Ada", "another horse battery")).await.status, 200, "not locked");
    }

    /// A sign-in that is under way while the password changes is none.
    async fn a_session_of_old_credentials_is_none(app: TestApp) {
        let ada = app.patient("Ada").await;
        let raced = app.anon().log_in("Ada").await;
        // As if its row had been written just after the others were ended.
        let current = json!({ "password": PASSWORD });
        let new = json!({ "current": current, "password": "another horse battery" });
        let mut tx = app.app.store.read().await.unwrap();
        let id = ada.id().parse().unwrap();
        let sessions = session::of_user(&mut tx, id, app.app.clock.wall()).await.unwrap();
        drop(tx);
        assert_eq!(ada.post("/api/me/password/", new).await.status, 204);
        let mut tx = app.app.store.write().await.unwrap();
        for session in sessions.iter().filter(|session| session.refresh_hash != [0; 32]) {
            session::delete(&mut tx, id, session.id).await.unwrap();
            session::insert(&mut tx, session).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(raced.get("/api/me/").await.status, 401);
        let body = json!({ "refresh_token": raced.tokens["refresh_token"] });
        assert_eq!(app.anon().post("/api/token/refresh/", body).await.status, 401);
    }

    /// Whoever signs up with a password that is dear to derive derives it themselves.
    async fn dear_passwords_are_derived_by_devices(app: TestApp) {
        let dear = aftercare_seal::password::Kdf { m: 19_456, t: 16, p: 1 };
        let who = NewAccount { role: "patient", name: "Eve", email: &email("Eve"), password: PASSWORD, time_zone: "UTC", specialty: None };
        let to = device::transport(&app);
        Device::sign_up(&to, &app.app.random, app.app.now(), dear, &who).await.unwrap();
        assert_eq!(log_in(&app, credentials("Eve", PASSWORD)).await.problem(), (403, "assisted_forbidden"));
        device::sign_in(&app, "Eve", PASSWORD).await.unwrap();
    }

    /// A password that is long enough beside a second factor is not enough without.
    async fn a_short_password_keeps_its_second_factor(app: TestApp) {
        let ada = app.patient("Ada").await;
        let mut tx = app.app.store.write().await.unwrap();
        execute(&mut tx, "update person set short_password = true").await;
        tx.commit().await.unwrap();
        let seed = ada.post("/api/mfa/totp/", Value::Null).await.ok();
        let code = totp(seed["secret"].as_str().unwrap(), &app, 0);
        assert_eq!(ada.post("/api/mfa/totp/confirm/", json!({ "code": code })).await.status, 204);
        assert_eq!(ada.delete("/api/mfa/totp/").await.problem(), (409, "password_short"));
        let new = json!({ "current": { "password": PASSWORD }, "password": "a longer horse battery" });
        assert_eq!(ada.post("/api/me/password/", new).await.status, 204);
        assert_eq!(ada.delete("/api/mfa/totp/").await.status, 204);
    }

    /// No more passwords wait than memory is set aside for: the rest come back later.
    async fn a_full_queue_says_when_to_come_back(app: TestApp) {
        app.patient("Ada").await;
        let _all = app.app.hashing_queue.acquire_many(32 * 2).await.unwrap();
        let answer = log_in(&app, credentials("Ada", PASSWORD)).await;
        assert_eq!(answer.problem(), (503, "unavailable"));
        assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    }
}

#[tokio::test]
async fn sessions_end_where_passwords_are_taken_no_more() {
    let app = TestApp::new().await;
    let ada = app.patient("Ada").await;
    let config = common::config(&app.folder, &[("AFTERCARE_ASSISTED", "deny")]);
    let clock = aftercare::clock::ServiceClock::standing(app.app.clock.wall());
    let strict = aftercare::start::open(config, aftercare::random::Random::seeded(9), clock).await.unwrap();
    let there = Client { service: aftercare::http::service(strict), ..ada.clone() };
    assert_eq!(there.get("/api/me/").await.problem(), (403, "assisted_forbidden"));
    let body = json!({ "refresh_token": ada.tokens["refresh_token"] });
    assert_eq!(there.post("/api/token/refresh/", body).await.problem(), (403, "assisted_forbidden"));
    assert_eq!(ada.get("/api/me/").await.status, 200);
}
