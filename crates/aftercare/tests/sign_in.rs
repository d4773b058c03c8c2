//! Showing who one is: two legs, second factor, limits, what asks for it anew, and what is on record of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::audit::{self, Fault};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Span,
};
use aftercare_store::{audit as rows, testing::On};
use common::{
    Client, PASSWORD, TestApp, device, email,
    sign_in::{credentials, log_in, totp},
};
use serde_json::{Value, json};

async fn actions(client: &Client) -> Vec<String> {
    let record = client.get("/api/audit/").await.ok();
    record["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["action"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn parameters_tell_nobody_who_has_an_account() {
    let app = TestApp::new().await;
    app.patient("Ada").await;
    let ask =
        async |email: String| app.anon().post("/api/auth/params/", json!({ "email": email })).await.ok();
    let (known, unknown) = (ask(email("Ada")).await, ask(email("Nobody")).await);
    assert_eq!((&known["kdf"], &known["auth_scheme"]), (&unknown["kdf"], &unknown["auth_scheme"]));
    assert_eq!(known["salt"].as_str().unwrap().len(), unknown["salt"].as_str().unwrap().len());
    assert_eq!(unknown, ask(format!(" {} ", email("Nobody").to_uppercase())).await, "always the same");
    assert_ne!(unknown["salt"], ask(email("Nobody Else")).await["salt"]);
}

stories! {
    /// What proves the password is no session; the account's signature makes one, once, in time.
    async fn a_stolen_auth_key_gets_no_session(app: TestApp) {
        device::sign_up(&app, "patient", "Ada").await;
        let parameters = app.anon().post("/api/auth/params/", json!({ "email": email("Ada") })).await.ok();
        let salt: aftercare_seal::Bytes<16> = serde_json::from_value(parameters["salt"].clone()).unwrap();
        let keys = aftercare_seal::password::derive(PASSWORD, &email("Ada"), &salt.0, device::KDF).unwrap();
        let body = json!({ "email": email("Ada"), "auth_key": aftercare_seal::bytes::encode(keys.auth_key.expose()) });
        let to_sign = log_in(&app, body.clone()).await.ok();
        assert!(to_sign.get("access_token").is_none());
        let finish = async |id: &Value| {
            let body = json!({ "login_id": id, "sig": "A".repeat(86) });
            app.anon().post("/api/login/finish/", body).await.problem().0
        };
        assert_eq!(finish(&to_sign["login_id"]).await, 401);
        // A good signature of another attempt, or too late, is none.
        let ark = aftercare_seal::wrap::Slot::Password(device::KDF, salt.0);
        let bundle: aftercare_seal::bundle::Bundle = serde_json::from_value(to_sign["bundle"].clone()).unwrap();
        let wrapped = serde_json::from_value(to_sign["wrapped"].clone()).unwrap();
        let ark = ark.unwrap(&wrapped, &keys.kek, bundle.user_id, 1).unwrap();
        let sign = |to_sign: &Value| {
            let login_id: uuid::Uuid = serde_json::from_value(to_sign["login_id"].clone()).unwrap();
            let challenge = aftercare_seal::challenge::Challenge {
                issuer: to_sign["issuer"].as_str().unwrap(),
                login_id: aftercare_seal::Bytes(*login_id.as_bytes()),
                nonce: serde_json::from_value(to_sign["nonce"].clone()).unwrap(),
            };
            json!({ "login_id": login_id, "sig": challenge.sign(&ark.keys(bundle.user_id)) })
        };
        let used_up = app.anon().post("/api/login/finish/", sign(&to_sign)).await;
        assert_eq!(used_up.problem(), (401, "invalid_credentials"), "one try each");
        let late = log_in(&app, body.clone()).await.ok();
        app.app.clock.pass(Span::from_secs(121));
        assert_eq!(app.anon().post("/api/login/finish/", sign(&late)).await.problem().0, 401);
        let good = log_in(&app, body.clone()).await.ok();
        let other = log_in(&app, body).await.ok();
        let mut crossed = sign(&good);
        crossed["login_id"] = other["login_id"].clone();
        assert_eq!(app.anon().post("/api/login/finish/", crossed).await.problem().0, 401);
        let tokens = app.anon().post("/api/login/finish/", sign(&good)).await.ok();
        assert!(tokens["access_token"].is_string());
    }

    /// Codes are asked for once the first was given, and each is good once.
    async fn one_time_codes_are_a_second_factor(app: TestApp) {
        let ada = app.patient("Ada").await;
        let seed = ada.post("/api/mfa/totp/", Value::Null).await.ok();
        let secret = seed["secret"].as_str().unwrap();
        assert!(seed["otpauth_url"].as_str().unwrap().starts_with("otpauth://totp/Aftercare:ada%40people.example?secret="));
        assert_eq!(log_in(&app, credentials("Ada", PASSWORD)).await.status, 200, "not asked for yet");
        let confirm = async |code: String| ada.post("/api/mfa/totp/confirm/", json!({ "code": code })).await;
        assert_eq!(confirm("000000".to_owned()).await.problem(), (422, "invalid"));
        assert_eq!(confirm(totp(secret, &app, 0)).await.status, 204);
        assert_eq!(ada.get("/api/mfa/").await.ok()["totp"], true);

        let with = |code: String| {
            let mut body = credentials("Ada", PASSWORD);
            body["totp"] = code.into();
            body
        };
        assert_eq!(log_in(&app, credentials("Ada", PASSWORD)).await.problem(), (401, "second_factor_required"));
        assert_eq!(log_in(&app, credentials("Ada", "wrong password")).await.problem(), (401, "invalid_credentials"), "the password first");
        assert_eq!(log_in(&app, with(totp(secret, &app, 0))).await.problem().0, 401, "used to set it up");
        assert_eq!(log_in(&app, with(totp(secret, &app, 2))).await.problem().0, 401, "two steps ahead");
        assert_eq!(log_in(&app, with(totp(secret, &app, 1))).await.status, 200, "one step ahead");
        assert_eq!(log_in(&app, with(totp(secret, &app, 1))).await.problem().0, 401, "used");
        app.app.clock.pass(Span::from_secs(90));
        assert_eq!(log_in(&app, with(totp(secret, &app, -1))).await.status, 200, "one step behind");
        // On a device of one's own too.
        let beside = json!({ "totp": totp(secret, &app, 0) });
        assert!(device::sign_in_with(&app, "Ada", PASSWORD, json!({})).await.is_err());
        assert!(device::sign_in_with(&app, "Ada", PASSWORD, beside).await.is_ok());
        assert_eq!(ada.delete("/api/mfa/totp/").await.status, 204);
        assert_eq!(log_in(&app, credentials("Ada", PASSWORD)).await.status, 200);
    }

    /// Nor does whoever holds a session guess the password with it.
    async fn a_session_does_not_guess_the_password(app: TestApp) {
        let ada = app.patient("Ada").await;
        let guess = async |password: &str| {
            let body = json!({ "current": { "password": password }, "password": "another one entirely" });
            ada.post("/api/me/password/", body).await
        };
        for _ in 0..10 {
            assert_eq!(guess("not the password").await.problem(), (422, "invalid"));
        }
        assert_eq!(guess(PASSWORD).await.problem(), (429, "too_many_requests"), "nor is the right one told");
        assert_eq!(actions(&ada).await.iter().filter(|action| *action == "sign_in_failed").count(), 10);
        app.app.clock.pass(Span::from_minutes(16));
        let ada = app.anon().log_in("Ada").await;
        let body = json!({ "current": { "password": PASSWORD }, "password": "another one entirely" });
        assert_eq!(ada.post("/api/me/password/", body).await.status, 204);
    }

    /// Many at once are no more than one after the other; and a record is not filled by strangers.
    async fn guesses_at_once_are_counted_too(app: TestApp) {
        let ada = app.patient("Ada").await;
        let guesses = (0..60_u8).map(|n| {
            let body = json!({ "email": email("Ada"), "auth_key": aftercare_seal::bytes::encode(&[n; 32]) });
            let anon = app.anon();
            tokio::spawn(async move { anon.post("/api/login/", body).await.status })
        });
        let mut told = Vec::new();
        for guess in guesses.collect::<Vec<_>>() {
            told.push(guess.await.unwrap());
        }
        assert_eq!(told.iter().filter(|status| **status == 401).count(), 10, "{told:?}");
        assert_eq!(told.iter().filter(|status| **status == 429).count(), 50, "{told:?}");
        let record = actions(&ada).await;
        let count = |action: &str| record.iter().filter(|known| *known == action).count();
        assert_eq!((count("sign_in_failed"), count("sign_in_refused")), (10, 1));
    }

    /// A stranger who guesses locks out strangers, not those who have been here before.
    async fn failures_are_counted_for_an_account_and_a_device(app: TestApp) {
        let ada = app.patient("Ada").await;
        let device_token = ada.tokens["device_token"].clone();
        let known = |password: &str| {
            let mut body = credentials("Ada", password);
            body["device_token"] = device_token.clone();
            body
        };
        for _ in 0..10 {
            assert_eq!(log_in(&app, credentials("Ada", "not the password")).await.status, 401);
        }
        let refused = log_in(&app, credentials("Ada", PASSWORD)).await;
        assert_eq!(refused.problem(), (429, "too_many_requests"));
        assert!(refused.headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap() > 600);
        assert_eq!(log_in(&app, known(PASSWORD)).await.status, 200, "a known device is not locked out");
        let mut forged = known(PASSWORD);
        forged["device_token"] = json!(device_token.as_str().unwrap().replace("adt1.", "adt1.A"));
        assert_eq!(log_in(&app, forged).await.status, 429);
        app.app.clock.pass(Span::from_minutes(16));
        assert_eq!(log_in(&app, credentials("Ada", PASSWORD)).await.status, 200);
        // An address without an account is counted alike.
        for _ in 0..10 {
            assert_eq!(log_in(&app, credentials("Nobody", PASSWORD)).await.status, 401);
        }
        assert_eq!(log_in(&app, credentials("Nobody", PASSWORD)).await.status, 429);
        let record = actions(&app.anon().log_in("Ada").await).await;
        assert!(record.iter().filter(|action| *action == "sign_in_failed").count() >= 10);
        assert!(record.contains(&"sign_in_refused".to_owned()));
    }

    /// A hundred failures lock an account; the recovery code opens it.
    async fn a_hundred_failures_lock_and_the_recovery_code_unlocks(app: TestApp) {
        let body = json!({ "role": "patient", "name": "Ada", "email": email("Ada"), "password": PASSWORD });
        let code = app.anon().post("/api/signup/", body).await.ok()["recovery_code"].clone();
        let guess = json!({ "email": email("Ada"), "auth_key": "A".repeat(43) });
        for _ in 0..10 {
            for _ in 0..10 {
                assert_eq!(log_in(&app, guess.clone()).await.status, 401);
            }
            app.app.clock.pass(Span::from_minutes(16));
        }
        assert_eq!(log_in(&app, credentials("Ada", PASSWORD)).await.problem(), (403, "locked"));
        app.app.clock.pass(Span::from_hours(24));
        assert_eq!(log_in(&app, credentials("Ada", PASSWORD)).await.problem(), (403, "locked"));
        let recover = async |code: &Value| {
            let body = json!({ "email": email("Ada"), "recovery_code": code, "password": "another horse battery" });
            app.anon().post("/api/recovery/", body).await
        };
        let again = recover(&code).await.ok()["recovery_code"].clone();
        assert_ne!(again, code);
        assert_eq!(recover(&code).await.problem(), (401, "invalid_credentials"), "good once");
        assert_eq!(log_in(&app, credentials("Ada", "another horse battery")).await.status, 200);
    }

    /// What hurts when it is stolen asks for a sign-in of the last five minutes.
    async fn sensitive_acts_ask_for_a_recent_sign_in(app: TestApp) {
        let ada = app.patient("Ada").await;
        app.app.clock.pass(Span::from_minutes(6));
        let current = json!({ "password": PASSWORD });
        let new = json!({ "current": current, "password": "another horse battery" });
        for (path, body) in [
            ("/api/me/password/", new.clone()),
            ("/api/me/email/", json!({ "current": current, "email": "ada@other.example" })),
            ("/api/me/recovery-code/", json!({ "current": current })),
            ("/api/mfa/totp/", Value::Null),
        ] {
            let answer = ada.post(path, body).await;
            assert_eq!(answer.problem(), (401, "step_up_required"), "{path}");
            assert!(answer.headers["www-authenticate"].to_str().unwrap().contains("insufficient_user_authentication"));
        }
        assert_eq!(ada.get("/api/me/export/").await.problem(), (401, "step_up_required"));
        let erase = ada.json(axum::http::Method::DELETE, "/api/me/", json!({ "current": current })).await;
        assert_eq!(erase.problem(), (401, "step_up_required"));
        let doctor = app.doctor("Grace").await;
        ada.select(&doctor).await;
        doctor.submit(&ada, "Take Drug A daily for 7 days.").await;
        let ada = app.anon().log_in("Ada").await;
        let wrong = json!({ "current": { "password": "not the password" }, "password": "another horse battery" });
        assert_eq!(ada.post("/api/me/password/", wrong).await.problem(), (422, "invalid"));
        let other = app.anon().log_in("Ada").await;
        assert_eq!(ada.post("/api/me/password/", new).await.status, 204);
        assert_eq!(other.get("/api/me/").await.status, 401, "every other session ends");
        assert_eq!(log_in(&app, credentials("Ada", PASSWORD)).await.status, 401);
        let body = json!({ "current": { "password": "another horse battery" }, "email": "Ada@Other.Example" });
        assert_eq!(ada.post("/api/me/email/", body).await.status, 204);
        assert_eq!(ada.get("/api/me/").await.ok()["email"], "ada@other.example");
        assert_eq!(log_in(&app, credentials("Ada", "another horse battery")).await.status, 401);
        let tokens = log_in(&app, json!({ "email": "ada@other.example", "password": "another horse battery" })).await.ok();
        let ada = Client { token: Some(tokens["access_token"].as_str().unwrap().to_owned()), ..app.anon() };
        assert_eq!(ada.reminders("").await[0]["action"], "Take Drug A", "notes still open");
        let taken = json!({ "current": { "password": "another horse battery" }, "email": email("Grace") });
        assert_eq!(ada.post("/api/me/email/", taken).await.problem(), (409, "email_taken"));
        let record = actions(&ada).await;
        assert!(["password_changed", "email_changed", "signed_up"].iter().all(|action| record.contains(&(*action).to_owned())), "{record:?}");
    }

    /// The keys stay on devices where the person, or the deployment, says so.
    async fn passwords_are_not_taken_where_that_is_forbidden(app: TestApp) {
        device::sign_up(&app, "patient", "Ada").await;
        let typed = app.anon().log_in("Ada").await;
        let ada = device::sign_in(&app, "Ada", PASSWORD).await.unwrap();
        let me = Client { token: Some(ada.token().to_owned()), ..app.anon() };
        assert_eq!(me.get("/api/me/").await.ok()["assisted"], true);
        let set = async |assisted: bool| me.json(axum::http::Method::PATCH, "/api/me/", json!({ "assisted": assisted })).await;
        assert_eq!(set(false).await.ok()["assisted"], false);
        assert_eq!(typed.get("/api/me/").await.status, 401, "sessions opened with a password end");
        assert_eq!(log_in(&app, credentials("Ada", PASSWORD)).await.problem(), (403, "assisted_forbidden"));
        let body = json!({ "email": email("Ada"), "recovery_code": "x", "password": "another horse battery" });
        assert_eq!(app.anon().post("/api/recovery/", body).await.problem(), (403, "assisted_forbidden"));
        app.app.clock.pass(Span::from_minutes(6));
        assert_eq!(set(true).await.problem(), (401, "step_up_required"));
        assert!(device::sign_in(&app, "Ada", PASSWORD).await.is_ok());
    }

    /// Every chain holds, and no byte or row of one can be changed, moved or removed unseen.
    async fn the_record_is_a_chain(app: TestApp) {
        let (ada, doctor) = app.pair().await;
        let note = doctor.submit(&ada, "Take Drug A daily for 7 days.").await;
        for _ in 0..3 {
            doctor.get(&format!("/api/notes/{}/", note["note"]["id"].as_str().unwrap())).await.ok();
        }
        let eve = app.patient("Eve").await;
        assert_eq!(eve.get(&format!("/api/notes/?patient_id={}", ada.id())).await.status, 404);
        assert_eq!(actions(&ada).await, ["notes_read", "note_written", "doctor_chosen", "signed_in", "signed_up"]);
        assert_eq!(actions(&eve).await[0], "refused");
        let record = ada.get("/api/audit/?limit=2").await.ok();
        assert_eq!(record["items"][1]["actor_name"], "Grace");
        assert_eq!(record["items"][1]["object_id"], note["note"]["id"]);
        let older = ada.get(&format!("/api/audit/?cursor={}", record["next_cursor"].as_str().unwrap())).await.ok();
        assert_eq!(older["items"][0]["action"], "doctor_chosen");

        let subject: UserId = ada.id().parse().unwrap();
        let bucket = Bucket::of(subject).get();
        let check = async || {
            let mut tx = app.app.store.read().await.unwrap();
            let head = rows::heads(&mut tx, bucket).await.unwrap().into_iter().find(|head| head.subject_id == subject);
            audit::verify(&mut tx, &app.app.master, subject, head.as_ref()).await.unwrap()
        };
        assert_eq!(check().await, Ok(5));
        let id = common::id_literal(&app, ada.id());
        let of = |seq: i64| format!("(select hash from audit where seq = {seq} and subject_id = {id})");
        let own = |text: &str| format!("{text} and subject_id = {id}");
        for (change, fault) in [
            (own("update audit set at = at + 1 where seq = 2"), Fault::Row(2)),
            (own("update audit set detail = '{}' where seq = 1"), Fault::Row(1)),
            (own("update audit set action = 3 where seq = 4"), Fault::Row(4)),
            (own("update audit set actor_id = null where seq = 3"), Fault::Row(3)),
            (own("update audit set object_id = null where seq = 4"), Fault::Row(4)),
            (own(&format!("update audit set hash = {} where seq = 2", of(1))), Fault::Row(2)),
            (own("delete from audit where seq = 3"), Fault::Place(3)),
            (own("delete from audit where seq = 5"), Fault::Head),
            (own("update audit set seq = 9 where seq = 5"), Fault::Place(5)),
            (own(&format!("update audit_head set seq = 4, hash = {} where seq = 5", of(4))), Fault::Head),
            (own("delete from audit_head where seq = 5"), Fault::Head),
        ] {
            let mut tx = app.app.store.write().await.unwrap();
            common::execute(&mut tx, &change).await;
            let head = rows::heads(&mut tx, bucket).await.unwrap().into_iter().find(|head| head.subject_id == subject);
            let checked = audit::verify(&mut tx, &app.app.master, subject, head.as_ref()).await.unwrap();
            assert_eq!(checked, Err(fault), "{change}");
        }
        // The newest row and the head together: only the service's key can make a head.
        let mut tx = app.app.store.write().await.unwrap();
        common::execute(&mut tx, &own("delete from audit where seq = 5")).await;
        common::execute(&mut tx, &own(&format!("update audit_head set seq = 4, hash = {} where seq = 5", of(4)))).await;
        let head = rows::heads(&mut tx, bucket).await.unwrap().into_iter().find(|head| head.subject_id == subject);
        assert_eq!(audit::verify(&mut tx, &app.app.master, subject, head.as_ref()).await.unwrap(), Err(Fault::Mac));
        drop(tx);
        assert_eq!(check().await, Ok(5));
    }

    /// A signing key is replaced after 30 days; the old one verifies for a day more.
    async fn signing_keys_rotate(app: TestApp) {
        let kids = async || {
            let jwks = app.anon().get("/.well-known/jwks.json").await.ok();
            jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let rotate = async || app.app.tokens.rotate(&app.app.store, &app.app.master, &app.app.random, app.app.clock.wall()).await.unwrap();
        let first = kids().await;
        app.app.clock.pass(Span::from_days(30));
        let ada = app.patient("Ada").await;
        rotate().await;
        let both = kids().await;
        assert_eq!((both.len(), &both[1]), (2, &first[0]));
        assert_eq!(ada.get("/api/me/").await.status, 200, "a token of the old key");
        assert_eq!(app.anon().log_in("Ada").await.get("/api/me/").await.status, 200, "and one of the new");
        app.app.clock.pass(Span::from_hours(24));
        rotate().await;
        assert_eq!(kids().await, both[..1]);
    }
}

#[tokio::test]
async fn a_deployment_that_keeps_no_keys_takes_no_passwords() {
    let app = TestApp::with(On::Sqlite, &[("AFTERCARE_ASSISTED", "deny")]).await;
    device::sign_up(&app, "patient", "Ada").await;
    for name in ["Ada", "Nobody"] {
        assert_eq!(log_in(&app, credentials(name, PASSWORD)).await.problem(), (403, "assisted_forbidden"));
    }
    let body = json!({ "role": "patient", "name": "Eve", "email": email("Eve"), "password": PASSWORD });
    assert_eq!(app.anon().post("/api/signup/", body).await.problem(), (403, "assisted_forbidden"));
    assert!(device::sign_in(&app, "Ada", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_person_asks_so_often_in_a_minute() {
    let app = TestApp::with(On::Sqlite, &[("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", "250")]).await;
    let (ada, eve) = (app.patient("Ada").await, app.patient("Eve").await);
    let first = ada.get("/api/me/").await;
    assert_eq!(first.headers["ratelimit-policy"], "\"person\";q=250;w=60");
    assert!(first.headers["ratelimit"].to_str().unwrap().starts_with("\"person\";r=249;t="));
    for _ in 1..250 {
        assert_eq!(ada.get("/api/me/").await.status, 200);
    }
    let refused = ada.get("/api/me/").await;
    assert_eq!(refused.problem(), (429, "too_many_requests"));
    assert!(refused.headers.contains_key("retry-after"));
    assert!(refused.headers["ratelimit"].to_str().unwrap().starts_with("\"person\";r=0;"));
    assert_eq!(eve.get("/api/me/").await.status, 200, "others are not held back");
    app.app.clock.pass(Span::from_secs(60));
    assert_eq!(ada.get("/api/me/").await.status, 200);
}
