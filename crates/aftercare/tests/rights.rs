//! A person's rights: taking everything of theirs out, and having it erased with nothing left behind.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::client::Authenticator;
use aftercare_core::instant::Span;
use aftercare_store::inspect;
use axum::http::{Method, header};
use common::{Answer, Client, PASSWORD, TestApp, authenticator::Soft, device, email};
use serde_json::{Value, json};

async fn erase(client: &Client, current: Value) -> Answer {
    let request = client.request(Method::DELETE, "/api/me/").header(header::CONTENT_TYPE, "application/json");
    client.send(request.body(json!({ "current": current }).to_string().into()).unwrap()).await
}

/// Every row of every table that holds one of the words, by table.
async fn rows_with(app: &TestApp, words: &[String]) -> Vec<String> {
    let mut tx = app.app.store.read().await.unwrap();
    let mut found = Vec::new();
    for table in inspect::tables(&mut tx).await.unwrap() {
        for row in inspect::table(&mut tx, &table).await.unwrap().unwrap() {
            let row = row.to_lowercase();
            if let Some(word) = words.iter().find(|word| row.contains(&word.to_lowercase())) {
                found.push(format!("{table}: {word}"));
            }
        }
    }
    found
}

/// An id as either engine shows it.
fn forms(id: &str) -> [String; 2] {
    [id.to_owned(), id.replace('-', "")]
}

stories! {
    /// A whole life, and then nothing: the tables are those the database has.
    async fn nothing_of_an_erased_patient_is_left(app: TestApp) {
        let (ada, grace) = (app.patient("Ada Quennell").await, app.doctor("Grace").await);
        let rosa = app.doctor("Rosa").await;
        ada.select(&grace).await;
        ada.select(&rosa).await;
        rosa.submit(&ada, "Take Drug C daily for 3 days.").await;
        let first = grace.submit(&ada, "Buy Drug A. Take Drug A daily for 7 days. Blood test in 1 week.").await;
        let body = json!({ "patient_id": ada.id(), "note": "Take Drug B daily for 5 days.", "mode": "review" });
        let draft = grace.post("/api/submit-notes/", body).await.ok();
        app.advance(Span::from_hours(3)).await;
        let due = ada.reminders("?status=due").await;
        let skip = json!({ "reminder_id": due[0]["id"], "status": "skipped", "reason": "no appetite" });
        ada.post_with_key("/api/check-in/", skip, "key").await.ok();
        let changed = json!({ "steps": [{ "kind": "plan", "action": "Take Drug A", "category": "medication", "timing": first["plan"][0]["timing"], "continues": first["plan"][0]["id"] }] });
        let path = format!("/api/notes/{}/", draft["note"]["id"].as_str().unwrap());
        grace.json(Method::PUT, &format!("{path}steps/"), changed).await.ok();
        grace.post(&format!("{path}activate/"), Value::Null).await.ok();
        ada.post("/api/mfa/totp/", Value::Null).await.ok();
        let kept = json!({ "n": 1, "epoch": 1, "sealed": "AAAA" });
        ada.json(axum::http::Method::PUT, "/api/me/state/", kept).await.ok();
        let mut tx = app.app.store.write().await.unwrap();
        let id = ada.id().parse().unwrap();
        aftercare::keyring::allow_reset(&app.app, &mut tx, id).await.unwrap();
        aftercare_store::credential::put(&mut tx, id, b"{}").await.unwrap();
        tx.commit().await.unwrap();
        // And on a device: new keys, so that there are grants.
        let mut device = device::sign_in(&app, "Ada Quennell", PASSWORD).await.unwrap();
        device.change_keys(&*app.app.clock, PASSWORD).await.unwrap();
        app.anon().post("/api/login/", json!({ "email": email("Ada Quennell"), "password": "wrong" })).await;
        assert_eq!(grace.get(&format!("/api/notes/?patient_id={}", ada.id())).await.status, 200);
        app.patient("Eve").await.get(&format!("/api/notes/?patient_id={}", ada.id())).await;

        let ada = app.anon().log_in("Ada Quennell").await;
        let export = ada.get("/api/me/export/").await.ok();
        let mut words: Vec<String> = forms(ada.id()).to_vec();
        words.push("Quennell".to_owned());
        let chart = &export["charts"][0];
        for list in ["notes", "steps"] {
            assert!(chart[list].as_array().unwrap().len() > 2, "{list}");
            words.extend(chart[list].as_array().unwrap().iter().flat_map(|item| forms(item["id"].as_str().unwrap())));
        }
        words.extend(forms(draft["note"]["id"].as_str().unwrap()));
        let before = rows_with(&app, &words).await;
        let tables: std::collections::BTreeSet<_> = before.iter().map(|row| row.split(':').next().unwrap()).collect();
        for table in ["person", "login", "bundle", "session", "care", "caseload", "note", "envelope", "step", "check_in", "note_grant", "audit", "totp", "key_reset", "credential", "device_state"] {
            assert!(tables.contains(table), "{table} is not in the story: {tables:?}");
        }

        assert_eq!(erase(&ada, json!({ "password": "not the password" })).await.problem(), (422, "invalid"));
        app.app.clock.pass(Span::from_minutes(6));
        assert_eq!(erase(&ada, json!({ "password": PASSWORD })).await.problem(), (401, "step_up_required"));
        let ada = app.anon().log_in("Ada Quennell").await;
        let options = ada.post("/api/mfa/passkeys/", Value::Null).await.ok();
        let made = Soft::new(1).create(&options["publicKey"]).await.unwrap().credential;
        ada.post("/api/mfa/passkeys/confirm/", json!({ "name": "Phone", "credential": made })).await.ok();
        assert!(rows_with(&app, &words).await.iter().any(|row| row.starts_with("passkey:")));
        assert_eq!(erase(&ada, json!({ "password": PASSWORD })).await.status, 204);
        assert_eq!(rows_with(&app, &words).await, Vec::<String>::new());
        assert_eq!(ada.get("/api/me/").await.status, 401);
        let grace = app.anon().log_in("Grace").await;
        assert_eq!(grace.get("/api/doctor/patients/").await.ok()["items"], json!([]));
        // The address is free, and the engine goes on.
        app.patient("Ada Quennell").await;
        app.advance(Span::from_days(10)).await;
        // That somebody was erased is on record.
        let mut tx = app.app.store.read().await.unwrap();
        let erased = aftercare_store::audit::newest(&mut tx, aftercare_core::id::UserId(uuid::Uuid::nil()), None, 10).await.unwrap();
        assert_eq!(erased.len(), 1);
    }

    /// What a doctor wrote stays with the patient and still opens; the rest of the account goes.
    async fn an_erased_doctor_leaves_what_they_wrote(app: TestApp) {
        let (ada, grace) = app.pair().await;
        grace.submit(&ada, "Take Drug A daily for 7 days.").await;
        let export = grace.get("/api/me/export/").await.ok();
        assert_eq!(export["charts"][0]["notes"][0]["text"], "Take Drug A daily for 7 days.");
        assert_eq!(erase(&grace, json!({ "password": PASSWORD })).await.status, 204);
        let body = json!({ "email": email("Grace"), "password": PASSWORD });
        assert_eq!(app.anon().post("/api/login/", body).await.status, 401);
        assert_eq!(rows_with(&app, &["grace@".to_owned()]).await, Vec::<String>::new());
        let left: std::collections::BTreeSet<_> = rows_with(&app, &forms(grace.id())).await.iter().map(|row| row.split(':').next().unwrap().to_owned()).collect();
        let kept = ["audit", "bundle", "care", "envelope", "note", "person", "step"];
        assert!(left.iter().all(|table| kept.contains(&table.as_str())), "{left:?}");
        assert_eq!(ada.get("/api/notes/").await.ok()["items"][0]["text"], "Take Drug A daily for 7 days.");
        assert_eq!(ada.reminders("").await[0]["action"], "Take Drug A", "the plan goes on");
        assert_eq!(ada.get("/api/my-doctors/").await.ok()["items"], json!([]));
        assert_eq!(ada.get("/api/doctors/").await.ok()["items"], json!([]));
    }

    /// A doctor the patient has left takes out what they wrote, and nothing of what became of it.
    async fn a_former_doctor_takes_out_their_notes_alone(app: TestApp) {
        let (ada, grace) = app.pair().await;
        grace.submit(&ada, "Take Drug A daily for 7 days.").await;
        let chart = grace.get("/api/me/export/").await.ok()["charts"][0].clone();
        assert_eq!(chart["steps"].as_array().unwrap().len(), 1);
        assert_eq!(ada.delete(&format!("/api/my-doctors/{}/", grace.id())).await.status, 204);
        app.advance(Span::from_hours(3)).await;
        ada.done(&ada.reminders("?status=due").await[0]).await.ok();
        let grace = app.anon().log_in("Grace").await;
        let chart = grace.get("/api/me/export/").await.ok()["charts"][0].clone();
        assert_eq!(chart["notes"][0]["text"], "Take Drug A daily for 7 days.");
        assert_eq!((&chart["steps"], &chart["answers"]), (&json!([]), &json!([])));
        let record = ada.get("/api/audit/").await.ok();
        let mut record = record["items"].as_array().unwrap().iter();
        assert!(record.any(|event| event["action"] == "exported" && event["actor_id"] == grace.id()), "and the patient sees it");
    }

    /// A patient takes out what there is, in words or sealed.
    async fn an_export_is_everything(app: TestApp) {
        let (ada, grace) = app.pair().await;
        grace.submit(&ada, "Buy Drug A. Take Drug A daily for 7 days.").await;
        app.advance(Span::from_hours(3)).await;
        ada.done(&ada.reminders("?status=due").await[0]).await.ok();
        let export = ada.get("/api/me/export/").await.ok();
        assert_eq!(export["account"]["email"], email("Ada"));
        assert_eq!(export["doctors"], json!([grace.id()]));
        let chart = &export["charts"][0];
        assert_eq!(chart["notes"][0]["text"], "Buy Drug A. Take Drug A daily for 7 days.");
        assert_eq!((chart["steps"].as_array().unwrap().len(), &chart["answers"][0]["status"]), (2, &json!("done")));
        assert_eq!(export["record"][0]["action"], "exported");
        let device = device::sign_in(&app, "Ada", PASSWORD).await.unwrap();
        let sealed = device.get("/api/me/export/").await.unwrap();
        assert!(!sealed.to_string().contains("Drug A"));
        assert_eq!(device.open(&sealed["charts"][0]).await.unwrap().len(), 1);
    }
}
