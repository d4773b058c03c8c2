//! Sealed mode end to end: keys on the device, and a service that stores and relays what it can neither
//! read nor alter.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::client::{Client, KeyChanged, NewDevice, NotLogged, Refused};
use aftercare_core::{clock::Clock, id::NoteId, instant::Span};
use aftercare_seal::recovery::RecoveryKey;
use common::{PASSWORD, TestApp, device, email};
use serde_json::{Value, json};

const NOTE: &str = "Buy Drug A. Take Drug A daily for 7 days. Return if fever.";

fn code(error: anyhow::Error) -> (u16, String) {
    let refused = error.downcast::<Refused>().unwrap();
    (refused.status, refused.code)
}

/// What a patient can open of their plan, in words.
async fn actions(client: &Client) -> Vec<String> {
    client.to_do().await.unwrap().into_iter().map(|(_, action)| action).collect()
}

stories! {
    /// From sign-up to a skipped reminder with its reason.
    async fn a_note_goes_from_device_to_device(app: TestApp) {
        let clock = &*app.app.clock;
        let (ada, grace) = device::pair(&app).await;
        let words = grace.read_here(clock, NOTE);
        let written = grace.submit(clock, ada.id(), &words, "activate").await.unwrap();
        assert_eq!(written.answer["status"], "active");
        assert_eq!(written.answer["extractor"]["provider"], "device");
        assert!(written.answer["note"].get("text").is_none() && written.answer["plan"][0].get("action").is_none());
        assert_eq!(actions(&ada).await, ["Buy Drug A", "Take Drug A"]);
        let answer = ada.get("/api/notes/").await.unwrap();
        assert_eq!(ada.open(&answer).await.unwrap()[&written.id].words.text, NOTE);

        app.advance(Span::from_hours(3)).await;
        let due = ada.get("/api/reminders/?status=due").await.unwrap();
        assert!(due["items"][0].get("action").is_none());
        assert_eq!(due["items"][0]["status"], "due");
        ada.skip(clock, &due["items"][0], None, "felt sick").await.unwrap();
        // The doctor's device opens the reason with the note's key.
        let path = format!("/api/reminders/?status=skipped&patient_id={}", ada.id());
        let skipped = grace.get(&path).await.unwrap();
        let sealed = &skipped["items"][0]["sealed_reason"];
        let opened = grace.open(&skipped).await.unwrap();
        let note: NoteId = serde_json::from_value(sealed["note_id"].clone()).unwrap();
        let id = serde_json::from_value(sealed["id"].clone()).unwrap();
        let ct = aftercare_seal::bytes::decode(sealed["ct"].as_str().unwrap()).unwrap();
        assert_eq!(opened[&note].words.reason(note, id, &ct).unwrap(), "felt sick");
        // A newer note replaces the plan.
        let words = grace.read_here(clock, "Take Drug B daily for 3 days.");
        let second = grace.submit(clock, ada.id(), &words, "activate").await.unwrap();
        assert_eq!((second.envelope.seq, second.envelope.prev.0), (2, written.envelope.transcript()));
        assert_eq!(second.answer["changes"]["stops"].as_array().unwrap().len(), 2);
        assert_eq!(actions(&ada).await, ["Take Drug B"]);
    }

    /// One account, two ways to open it: what one writes the other reads.
    async fn assisted_and_sealed_open_each_others_notes(app: TestApp) {
        let clock = &*app.app.clock;
        let (ada, grace) = device::pair(&app).await;
        let words = grace.read_here(clock, NOTE);
        grace.submit(clock, ada.id(), &words, "activate").await.unwrap();
        let plain = app.anon().log_in("Ada").await;
        assert_eq!(plain.get("/api/actionable-steps/").await.ok()["plan"][0]["action"], "Take Drug A");
        app.advance(Span::from_hours(3)).await;
        let due = plain.reminders("?status=due").await;
        plain.post("/api/check-in/", json!({ "reminder_id": due[0]["id"], "status": "skipped", "reason": "no appetite" })).await.ok();
        let typed = app.anon().log_in("Grace").await;
        assert_eq!(typed.reminders(&format!("?status=skipped&patient_id={}", ada.id())).await[0]["reason"], "no appetite");
        typed.submit(&plain, "Take Drug B daily for 3 days.").await;
        assert_eq!(actions(&ada).await, ["Take Drug B"]);
        // And the chain goes on from there.
        let words = grace.read_here(clock, "Take Drug C daily for 3 days.");
        let third = grace.submit(clock, ada.id(), &words, "activate").await.unwrap();
        assert_eq!(third.envelope.seq, 3);
        // Words are not taken in a sealed session, nor keys lent.
        let body = json!({ "patient_id": ada.id(), "note": "Rest." });
        assert_eq!(code(grace.post("/api/submit-notes/", &body).await.unwrap_err()), (403, "sealed_session".into()));
        let body = json!({ "doctor_id": grace.id() });
        ada.state(clock, grace.id(), false).await.unwrap();
        assert_eq!(code(ada.post("/api/select-doctor/", &body).await.unwrap_err()), (403, "sealed_session".into()));
    }

    /// A draft is edited on the device, put into force, and taken back.
    async fn drafts_are_edited_on_the_device(app: TestApp) {
        let clock = &*app.app.clock;
        let (ada, grace) = device::pair(&app).await;
        let draft = grace.submit(clock, ada.id(), &grace.read_here(clock, NOTE), "review").await.unwrap();
        assert_eq!(draft.answer["status"], "draft");
        assert_eq!(actions(&ada).await, Vec::<String>::new());
        let mut words = grace.read_here(clock, NOTE);
        words.steps.truncate(1);
        let edited = grace.edit(clock, ada.id(), draft.id, &words).await.unwrap();
        assert_eq!(edited.answer["plan"].as_array().unwrap().len(), 0);
        let path = format!("/api/notes/{}/activate/", draft.id);
        assert_eq!(grace.post(&path, &Value::Null).await.unwrap()["status"], "active");
        assert_eq!(actions(&ada).await, ["Buy Drug A"]);
        assert_eq!(code(grace.edit(clock, ada.id(), draft.id, &words).await.unwrap_err()).1, "already_active");
        let path = format!("/api/notes/{}/undo/", draft.id);
        assert_eq!(grace.post(&path, &Value::Null).await.unwrap()["status"], "draft");
        assert_eq!(actions(&ada).await, Vec::<String>::new());
    }

    /// What the service reads for a sealed client it neither stores nor answers in clear.
    async fn a_note_is_read_there_and_sealed_here(app: TestApp) {
        let clock = &*app.app.clock;
        let (ada, grace) = device::pair(&app).await;
        let id: NoteId = app.app.random.id(clock.now());
        let there = grace.read_there(clock, ada.id(), NOTE, true).await.unwrap();
        let here = grace.read_here(clock, NOTE);
        let texts = |words: &aftercare::notebook::OpenNote| words.steps.iter().map(|(_, step)| step.title.clone()).collect::<Vec<_>>();
        assert_eq!((texts(&there), there.safety_net.clone()), (texts(&here), here.safety_net.clone()));
        grace.submit(clock, ada.id(), &there, "activate").await.unwrap();
        assert_eq!(actions(&ada).await, ["Buy Drug A", "Take Drug A"]);
        // Not for a stranger's patient, not to a key of another day, not elsewhere than agreed.
        let stranger = device::doctor(&app, "Rosa").await;
        assert_eq!(code(stranger.read_there(clock, ada.id(), NOTE, true).await.unwrap_err()).0, 404);
        let mut body = json!({ "patient_id": ada.id(), "note_id": id, "to": "A".repeat(43), "enc": "A".repeat(1494), "ct": "AAAA", "provider": "rules" });
        assert_eq!(code(grace.post("/api/extract/", &body).await.unwrap_err()), (409, "stale_keys".into()));
        body["to"] = grace.get("/api/extract/").await.unwrap()["kid"].clone();
        assert_eq!(code(grace.post("/api/extract/", &body).await.unwrap_err()), (422, "invalid".into()));
        body["provider"] = "elsewhere".into();
        assert_eq!(code(grace.post("/api/extract/", &body).await.unwrap_err()), (409, "other_provider".into()));
    }

    /// The password, the recovery code, the keys: changed, and every note still opens.
    async fn credentials_and_keys_change_and_notes_still_open(app: TestApp) {
        let clock = &*app.app.clock;
        let recovery = device::sign_up(&app, "patient", "Ada").await;
        let ada = device::sign_in(&app, "Ada", PASSWORD).await.unwrap();
        let grace = device::doctor(&app, "Grace").await;
        ada.state(clock, grace.id(), true).await.unwrap();
        grace.submit(clock, ada.id(), &grace.read_here(clock, NOTE), "activate").await.unwrap();

        let other = device::sign_in(&app, "Ada", PASSWORD).await.unwrap();
        ada.change_password(Some(PASSWORD), "another horse battery").await.unwrap();
        assert_eq!(code(other.get("/api/me/").await.unwrap_err()).0, 401, "other sessions end");
        assert!(ada.get("/api/me/").await.is_ok());
        assert_eq!(code(device::sign_in(&app, "Ada", PASSWORD).await.err().unwrap()), (401, "invalid_credentials".into()));
        let ada = device::sign_in(&app, "Ada", "another horse battery").await.unwrap();
        assert_eq!(actions(&ada).await.len(), 2);

        // The code is good once.
        let recover = async |code: &RecoveryKey, password| Client::recover(&device::transport(&app), &app.app.random, &email("Ada"), code, password).await;
        let recovered = recover(&recovery, "a third horse battery").await.unwrap();
        assert_eq!(code(recover(&recovery, "x third horse battery").await.err().unwrap()), (401, "invalid_credentials".into()));
        assert_eq!(code(ada.get("/api/me/").await.unwrap_err()).0, 401);
        recover(&recovered.recovery_code, "a fourth horse battery").await.unwrap();
        let mut ada = device::sign_in(&app, "Ada", "a fourth horse battery").await.unwrap();
        assert_eq!(actions(&ada).await.len(), 2);

        // New keys, signed by the old: those who know the old ones follow, and old notes are granted.
        assert_eq!(grace.safety_code(ada.id()).await.unwrap(), ada.safety_code(grace.id()).await.unwrap());
        let before = ada.follow_key_log().await.unwrap();
        ada.change_keys(clock, "a fourth horse battery").await.unwrap();
        let seen = ada.key_log_checkpoint();
        assert_eq!(ada.follow_key_log().await.unwrap(), before + 1);
        assert_eq!(seen["n"].as_i64(), Some(before));
        assert_ne!(ada.key_log_checkpoint()["head"], seen["head"]);
        assert_eq!(actions(&ada).await.len(), 2, "granted");
        let ada = device::sign_in(&app, "Ada", "a fourth horse battery").await.unwrap();
        assert_eq!(actions(&ada).await.len(), 2, "on another device too");
        grace.submit(clock, ada.id(), &grace.read_here(clock, "Rest for 2 days."), "activate").await.unwrap();
        assert_eq!(actions(&ada).await.len(), 1);
        let plain = app.anon();
        let body = json!({ "email": email("Ada"), "password": "a fourth horse battery" });
        let token = plain.post("/api/login/", body).await.ok()["access_token"].as_str().unwrap().to_owned();
        let notes = common::Client { token: Some(token), ..plain }.get("/api/notes/").await.ok();
        let texts: Vec<_> = notes["items"].as_array().unwrap().iter().map(|note| &note["text"]).collect();
        assert!(texts.contains(&&json!(NOTE)), "the assisted way takes grants too");
        // A doctor's keys change: the patient's word goes on with them, and so do their own old notes.
        let mut grace = grace;
        grace.change_keys(clock, PASSWORD).await.unwrap();
        grace.submit(clock, ada.id(), &grace.read_here(clock, "Drink water every day for 2 days."), "activate").await.unwrap();
        let notes = grace.get(&format!("/api/notes/?patient_id={}", ada.id())).await.unwrap();
        assert_eq!(grace.open(&notes).await.unwrap().len(), 3);
        assert_eq!(actions(&ada).await.len(), 1);
    }

    /// A doctor who takes over reads what was opened to them, while they care for the patient.
    async fn a_successor_reads_what_was_granted(app: TestApp) {
        let clock = &*app.app.clock;
        let (ada, grace) = device::pair(&app).await;
        let rosa = device::doctor(&app, "Rosa").await;
        let written = grace.submit(clock, ada.id(), &grace.read_here(clock, NOTE), "activate").await.unwrap();
        let notes = format!("/api/notes/?patient_id={}", ada.id());
        assert_eq!(code(ada.grant_all(rosa.id()).await.unwrap_err()).0, 422, "not chosen yet");
        ada.state(clock, rosa.id(), true).await.unwrap();
        assert!(rosa.open(&rosa.get(&notes).await.unwrap()).await.unwrap().is_empty());
        assert_eq!(ada.grant_all(rosa.id()).await.unwrap(), 1);
        let opened = rosa.open(&rosa.get(&notes).await.unwrap()).await.unwrap();
        assert_eq!(opened[&written.id].words.text, NOTE);
        assert!(rosa.get(&format!("/api/notes/{}/", written.id)).await.is_ok());
        // Nobody else may open it to others, and nobody reads it who has left.
        let eve = device::doctor(&app, "Eve").await;
        let sealed = &rosa.get(&notes).await.unwrap()["envelopes"][0];
        assert_eq!(code(rosa.grant(sealed, eve.bundle()).await.unwrap_err()).0, 422);
        ada.state(clock, rosa.id(), false).await.unwrap();
        assert!(rosa.get(&notes).await.unwrap()["items"].as_array().unwrap().is_empty());
        assert_eq!(code(rosa.get(&format!("/api/notes/{}/", written.id)).await.unwrap_err()).0, 404);
    }
}

#[tokio::test]
async fn a_key_that_was_slipped_in_is_noticed() {
    let app = TestApp::new().await;
    let clock = &*app.app.clock;
    let (ada, grace) = device::pair(&app).await;
    grace.submit(clock, ada.id(), &grace.read_here(clock, NOTE), "activate").await.unwrap();
    // An evil service makes other keys known as Ada's.
    let ark = aftercare_seal::ark::Ark::from_bytes([9; 32]);
    let id = aftercare::keyring::raw(ada.id());
    let slipped = aftercare_seal::bundle::Bundle::of(&ark.keys(id), 2);
    let mut tx = app.app.store.write().await.unwrap();
    aftercare::keyring::publish(&mut tx, &slipped, None, clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let words = grace.read_here(clock, "Rest for 2 days.");
    let error = grace.submit(clock, ada.id(), &words, "activate").await.unwrap_err();
    assert_eq!(error.downcast::<KeyChanged>().unwrap(), KeyChanged(ada.id()));
    // Whoever meets Ada only now is told by her own word, which is not of those keys; and so is the
    // service, where it is honest.
    let new_device = device::sign_in(&app, "Grace", PASSWORD).await.unwrap();
    let error = new_device.submit(clock, ada.id(), &words, "activate").await.unwrap_err();
    assert!(error.to_string().contains("reset"), "{error}");
    let typed = app.anon().log_in("Grace").await;
    let (patient_id, note) = (ada.id(), "Rest for 2 days.");
    let answer = typed.post("/api/submit-notes/", json!({ "patient_id": patient_id, "note": note })).await;
    assert_eq!(answer.problem(), (409, "selection_stale"));
}

stories! {
    /// What one device knows of others, the next one knows from the beginning; nobody else opens it.
    async fn devices_of_one_account_know_the_same_people(app: TestApp) {
        let clock = &*app.app.clock;
        let (ada, grace) = device::pair(&app).await;
        grace.safety_code(ada.id()).await.unwrap();
        ada.follow_key_log().await.unwrap();
        grace.keep().await.unwrap();
        ada.keep().await.unwrap();
        let kept = grace.get("/api/me/state/").await.unwrap();
        assert_eq!((&kept["n"], &kept["epoch"]), (&json!(1), &json!(1)));
        assert!(!kept.to_string().contains(&ada.id().to_string()));
        // An evil service makes other keys known as Ada's: a new device of Grace's notices too.
        let ark = aftercare_seal::ark::Ark::from_bytes([9; 32]);
        let slipped = aftercare_seal::bundle::Bundle::of(&ark.keys(aftercare::keyring::raw(ada.id())), 2);
        let mut tx = app.app.store.write().await.unwrap();
        aftercare::keyring::publish(&mut tx, &slipped, None, clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        let new = device::sign_in(&app, "Grace", PASSWORD).await.unwrap();
        assert_eq!(new.recall().await.unwrap(), 1);
        let error = new.safety_code(ada.id()).await.unwrap_err();
        assert_eq!(error.downcast::<KeyChanged>().unwrap(), KeyChanged(ada.id()));
        // Two devices that keep at once: one is told, and lays its own over the other's.
        let stale = json!({ "n": 1, "epoch": 1, "sealed": kept["sealed"] });
        assert_eq!(code(new.put("/api/me/state/", &stale).await.unwrap_err()), (409, "changed_meanwhile".into()));
        let ahead = json!({ "n": 3, "epoch": 1, "sealed": kept["sealed"] });
        assert_eq!(code(new.put("/api/me/state/", &ahead).await.unwrap_err()), (409, "changed_meanwhile".into()));
        let long = json!({ "n": 2, "epoch": 1, "sealed": "A".repeat(87_384) });
        assert_eq!(code(new.put("/api/me/state/", &long).await.unwrap_err()), (422, "invalid".into()));
        new.keep().await.unwrap();
        assert_eq!(grace.recall().await.unwrap(), 2);
        // A service that gives an old state as a newer one is found out.
        let mut tx = app.app.store.write().await.unwrap();
        common::execute(&mut tx, "update device_state set n = n + 1").await;
        tx.commit().await.unwrap();
        assert!(grace.recall().await.is_err());
    }

    /// A service that says that nothing was kept is found out by a device that was there before.
    async fn a_device_that_is_signed_in_to_anew_remembers(app: TestApp) {
        let clock = &*app.app.clock;
        let (ada, grace) = device::pair(&app).await;
        grace.safety_code(ada.id()).await.unwrap();
        let before = grace.remember();
        let ark = aftercare_seal::ark::Ark::from_bytes([9; 32]);
        let slipped = aftercare_seal::bundle::Bundle::of(&ark.keys(aftercare::keyring::raw(ada.id())), 2);
        let mut tx = app.app.store.write().await.unwrap();
        aftercare::keyring::publish(&mut tx, &slipped, None, clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        let again = device::sign_in(&app, "Grace", PASSWORD).await.unwrap();
        again.know(&before).unwrap();
        assert!(again.safety_code(ada.id()).await.unwrap_err().is::<KeyChanged>());
        assert!(ada.know(&before).is_err(), "somebody else's");
    }

    /// What somebody puts on the shelf of one device stands on all; of two that put, the later stands.
    async fn devices_of_one_account_share_a_shelf(app: TestApp) {
        let clock = &*app.app.clock;
        let (_, grace) = device::pair(&app).await;
        let other = device::sign_in(&app, "Grace", PASSWORD).await.unwrap();
        assert_eq!(other.from_shelf("templates").await.unwrap(), None);
        grace.put_on_shelf(clock, "templates", "quokkafever: rest").await.unwrap();
        assert_eq!(other.from_shelf("templates").await.unwrap().as_deref(), Some("quokkafever: rest"));
        clock.pass(aftercare_core::instant::Span::from_secs(1));
        other.put_on_shelf(clock, "templates", "rest").await.unwrap();
        // One that has not looked since lays nothing old over it.
        grace.keep().await.unwrap();
        for device in [&grace, &other] {
            assert_eq!(device.from_shelf("templates").await.unwrap().as_deref(), Some("rest"));
        }
        let kept = grace.get("/api/me/state/").await.unwrap().to_string();
        assert!(!kept.contains("quokkafever") && !kept.contains("templates"));
    }

    /// A new device shows a code, one there is looks at it: signed in, with nothing typed, and only once.
    async fn a_device_hands_the_key_to_a_new_one(app: TestApp) {
        let (ada, grace) = device::pair(&app).await;
        let clock = &*app.app.clock;
        let words = grace.read_here(clock, "Take Drug A daily for 7 days.");
        grace.submit(clock, ada.id(), &words, "activate").await.unwrap();
        let transport = device::transport(&app);
        let new = NewDevice::begin(&transport, &device::random(61)).await.unwrap();
        let poll = async |seed| new.poll(&transport, device::random(seed)).await;
        assert!(poll(62).await.unwrap().is_none(), "nobody has handed it anything");
        ada.hand_to(&new.code()).await.unwrap();
        assert_eq!(code(ada.hand_to(&new.code()).await.unwrap_err()).0, 404, "answered already");
        let there = poll(63).await.unwrap().unwrap();
        assert_eq!((there.id(), there.to_do().await.unwrap().len()), (ada.id(), 1));
        assert!(poll(64).await.is_err(), "good for one sign-in");
    }

    /// Whoever carries the keys of the new device cannot put their own in the place of them.
    async fn a_service_cannot_take_the_place_of_a_new_device(app: TestApp) {
        let (ada, _) = device::pair(&app).await;
        let transport = device::transport(&app);
        let new = NewDevice::begin(&transport, &device::random(65)).await.unwrap();
        let ark = aftercare_seal::ark::Ark::from_bytes([9; 32]);
        let evil = aftercare_seal::bundle::Bundle::of(&ark.keys(aftercare_seal::Bytes([0; 16])), 1);
        let mut tx = app.app.store.write().await.unwrap();
        let evil = serde_json::to_string(&evil).unwrap();
        common::execute(&mut tx, &format!("update device_link set bundle = '{evil}'")).await;
        tx.commit().await.unwrap();
        let error = ada.hand_to(&new.code()).await.unwrap_err().to_string();
        assert!(error.contains("somebody stands between"), "{error}");
    }

    /// It asks for a sign-in of the last minutes, and waits for five.
    async fn a_new_device_waits_for_five_minutes(app: TestApp) {
        let (ada, _) = device::pair(&app).await;
        let transport = device::transport(&app);
        let new = NewDevice::begin(&transport, &device::random(66)).await.unwrap();
        app.app.clock.pass(aftercare_core::instant::Span::from_secs(301));
        assert_eq!(code(ada.hand_to(&new.code()).await.unwrap_err()).0, 404);
        let new = NewDevice::begin(&transport, &device::random(67)).await.unwrap();
        assert_eq!(code(ada.hand_to(&new.code()).await.unwrap_err()), (401, "step_up_required".into()));
    }

    /// Machines compare what people would read out to each other.
    async fn both_devices_make_the_same_pair(app: TestApp) {
        let (ada, grace) = device::pair(&app).await;
        let pair = ada.safety_pair(grace.id()).await.unwrap();
        assert_eq!(pair, grace.safety_pair(ada.id()).await.unwrap());
        assert_eq!(pair.len(), 87);
        let bob = device::doctor(&app, "Bob").await;
        assert_ne!(pair, ada.safety_pair(bob.id()).await.unwrap());
    }

    /// Keys that one device alone is shown are in nobody's log, and keys that nobody has made are noticed.
    async fn keys_beside_the_log_are_noticed(app: TestApp) {
        let clock = &*app.app.clock;
        let (ada, grace) = device::pair(&app).await;
        grace.follow_key_log().await.unwrap();
        // Signed by her own key, as only she could, and kept from the log.
        let id = aftercare::keyring::raw(ada.id());
        let slipped = aftercare_seal::bundle::Bundle::of(&aftercare_seal::ark::Ark::from_bytes([9; 32]).keys(id), 2);
        let mut tx = app.app.store.write().await.unwrap();
        aftercare_store::bundle::add(&mut tx, ada.id(), &aftercare::keyring::row(&slipped, None, clock.now())).await.unwrap();
        tx.commit().await.unwrap();
        let error = grace.trust(ada.id()).await.unwrap_err();
        assert_eq!(error.downcast::<NotLogged>().unwrap(), NotLogged(ada.id()));
        // In the log as Grace's, and not hers.
        let id = aftercare::keyring::raw(grace.id());
        let slipped = aftercare_seal::bundle::Bundle::of(&aftercare_seal::ark::Ark::from_bytes([8; 32]).keys(id), 2);
        let mut tx = app.app.store.write().await.unwrap();
        aftercare::keyring::log(&mut tx, &slipped, clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(grace.follow_key_log().await.unwrap_err().to_string().contains("has not made"));
    }

    /// A doctor whom nobody finds any more can still be left.
    async fn a_doctor_who_is_gone_can_be_left(app: TestApp) {
        let clock = &*app.app.clock;
        let (ada, grace) = device::pair(&app).await;
        let mut tx = app.app.store.write().await.unwrap();
        aftercare_store::directory::list(&mut tx, grace.id(), false).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ada.get("/api/my-doctors/").await.unwrap()["items"][0]["doctor"]["name"], "Grace");
        let left = ada.state(clock, grace.id(), false).await.unwrap();
        assert!(left["relationship"]["until"].is_string());
        assert_eq!(code(ada.state(clock, grace.id(), true).await.unwrap_err()).0, 404);
    }

    /// A service that shows another log than before is found out, with its own signature as proof.
    async fn another_log_of_keys_is_noticed(app: TestApp) {
        let (ada, _) = device::pair(&app).await;
        ada.follow_key_log().await.unwrap();
        let proof = ada.key_log_checkpoint();
        assert!(proof["sig"].is_string() && proof["n"] == 2, "{proof}");
        let mut tx = app.app.store.write().await.unwrap();
        common::execute(&mut tx, "update key_log set head = user_hash").await;
        tx.commit().await.unwrap();
        assert!(ada.follow_key_log().await.is_err());
        assert_eq!(ada.key_log_checkpoint(), proof, "kept");
    }
}
