//! What is sealed is sealed: ours opens with other people's cryptography, and nothing of note,
//! step or password lies anywhere on disk.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::{
    client::{Client, NewAccount},
    keyring::allow_reset,
};
use aftercare_core::instant::Span;
use aftercare_seal::{Bytes, bundle::Bundle, bytes, password::Kdf, wrap::Slot};
use aftercare_store::{account, inspect};
use common::{
    PASSWORD, TestApp,
    canary::holds_canary,
    device, email,
    independent::{browser, independently, opened},
    metrics,
    sink::{Came, Sink},
};
use serde_json::{Value, json};
use std::{io::Write, process::Command, sync::Mutex};

/// Opens an envelope by the independent program.
fn open_independently(input: &Value) -> Result<Value, String> {
    independently("open.mjs", input)
}

/// A person's account root key and public keys, as only their password yields them.
async fn keys_of(app: &TestApp, id: &str, name: &str) -> (String, Value) {
    let id: aftercare_core::id::UserId = id.parse().unwrap();
    let user = Bytes(*id.as_bytes());
    let mut tx = app.app.store.read().await.unwrap();
    let person = account::get(&mut tx, id).await.unwrap().unwrap();
    let (_, wrapped) = aftercare_store::wrapped_key::get(&mut tx, id, 1).await.unwrap().unwrap();
    let bundle =
        aftercare_store::bundle::of(&mut tx, id).await.unwrap().answer(&mut tx).await.unwrap().remove(0);
    let salt: [u8; 16] = person.password.salt.as_slice().try_into().unwrap();
    let kdf = Kdf { m: 19_456, t: 2, p: 1 };
    let keys = aftercare_seal::password::derive(PASSWORD, &email(name), &salt, kdf).unwrap();
    let blob = app.app.master.open_column("wrapped_key", user, &[1], &wrapped).unwrap();
    let ark = Slot::Password(kdf, salt)
        .unwrap(&Bytes::try_from(blob.as_slice()).unwrap(), &keys.kek, user, 1)
        .unwrap();
    let public =
        json!({ "enc_pk": bytes::encode(&bundle.enc_pk), "sign_pk": bytes::encode(&bundle.sign_pk) });
    (bytes::encode(ark.expose()), public)
}

#[tokio::test]
async fn our_envelopes_open_with_other_peoples_cryptography() {
    let app = TestApp::new().await;
    let (patient, doctor) = app.pair().await;
    doctor.submit(&patient, "Rest.").await;
    let note = "Buy Drug A. Take Drug A daily for 7 days. Return if fever.";
    let submitted = doctor.submit(&patient, note).await;
    let path = format!("/api/notes/{}/envelope/", submitted["note"]["id"].as_str().unwrap());
    let envelope = patient.get(&path).await;
    assert_eq!(envelope.bytes, doctor.get(&path).await.bytes, "served exactly as signed");
    assert_eq!((&envelope.json["seq"], &envelope.json["v"]), (&json!(2), &json!(1)));

    let (doctor_ark, author) = keys_of(&app, doctor.id(), "Grace").await;
    let (patient_ark, _) = keys_of(&app, patient.id(), "Ada").await;
    for (who, ark) in [(&patient, patient_ark), (&doctor, doctor_ark)] {
        let id: uuid::Uuid = who.id().parse().unwrap();
        let reader = json!({ "id": bytes::encode(id.as_bytes()), "ark": ark });
        let mut input = json!({ "envelope": envelope.json, "author": author, "reader": reader });
        let opened = open_independently(&input).unwrap();
        let items = opened["items"].as_array().unwrap();
        assert_eq!(items[0]["text"], note);
        let step: Value = serde_json::from_str(items[2]["text"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&step["title"], &step["quote"]),
            (&json!("Take Drug A"), &json!("Take Drug A daily for 7 days"))
        );
        assert_eq!(
            serde_json::from_str::<Value>(items[2]["clear"].as_str().unwrap()).unwrap(),
            submitted["plan"][0]["timing"]
        );
        input["envelope"]["created_at"] = json!(1);
        assert!(open_independently(&input).unwrap_err().contains("signature"));
    }
}

/// The other direction: what the independent program makes of the same words is taken by the service
/// and opens for the patient.
#[tokio::test]
async fn other_peoples_envelopes_are_taken_and_open() {
    let app = TestApp::new().await;
    let (ada, grace) = device::pair(&app).await;
    let clock = &*app.app.clock;
    let note = "Buy Drug A. Take Drug A daily for 7 days. Return if fever.";
    let words = grace.read_here(clock, note);
    let (ours, clear_steps) =
        grace.seal(clock, ada.id(), app.app.random.id(app.app.now()), &words).await.unwrap();
    let (ark, keys) = keys_of(&app, &grace.id().to_string(), "Grace").await;
    let id = grace.bundle().user_id;
    let ours = serde_json::to_value(&ours).unwrap();
    let input = json!({ "envelope": ours, "author": keys, "reader": { "id": id, "ark": ark } });
    let opened = open_independently(&input).unwrap();

    let items = opened["items"].as_array().unwrap().iter().map(|item| {
        let mut item = item.clone();
        item["rev"] = 0.into();
        item
    });
    let reader = |of: &Bundle| json!({ "id": of.user_id, "enc_pk": of.enc_pk, "sign_pk": of.sign_pk });
    let mut input = json!({
        "author": { "id": id, "ark": ark },
        "recipients": [reader(grace.bundle()), reader(ada.bundle())],
        "items": items.collect::<Vec<_>>(),
    });
    for name in ["patient_id", "note_id", "seq", "prev", "created_at"] {
        input[name] = ours[name].clone();
    }
    let theirs = independently("seal.mjs", &input).unwrap();
    assert_eq!(theirs["bundle"]["kid"], json!(grace.bundle().kid()));
    assert_eq!(theirs["bundle"]["sig"], json!(grace.bundle().sig));
    assert_ne!(theirs["envelope"]["commit"], ours["commit"], "under keys of its own");
    let mut body = json!({ "envelope": theirs["envelope"], "clear_steps": clear_steps, "mode": "activate" });
    body["envelope"]["created_at"] = json!(1);
    assert!(grace.post("/api/submit-notes/", &body).await.unwrap_err().to_string().contains("422"));
    body["envelope"]["created_at"] = ours["created_at"].clone();
    grace.post("/api/submit-notes/", &body).await.unwrap();
    let opened = ada.open(&ada.get("/api/notes/").await.unwrap()).await.unwrap();
    assert_eq!(opened.into_values().map(|opened| opened.words.text).collect::<Vec<_>>(), [note]);
    let to_do = ada.to_do().await.unwrap();
    assert!(to_do.iter().any(|(_, action)| action == "Take Drug A"), "{to_do:?}");
}

/// Everything that is logged at the most talkative level, by us and by what we use.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct IntoLog;

impl Write for IntoLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The story on devices, to the end: read here and by the service, skipped, keys changed and reset.
async fn on_devices(app: &TestApp, note: &str) {
    let (clock, to) = (&*app.app.clock, device::transport(app));
    let password = "hunter2 canary";
    let mut people = Vec::new();
    for (seed, role, name) in [(50, "patient", "Dora"), (51, "doctor", "Hugo")] {
        let email = email(name);
        let who =
            NewAccount { role, name, email: &email, password, time_zone: "Europe/Berlin", specialty: None };
        Client::sign_up(&to, &device::random(seed), app.app.now(), device::KDF, &who).await.unwrap();
        people.push(device::sign_in(app, name, password).await.unwrap());
    }
    let [mut dora, hugo] = people.try_into().unwrap_or_else(|_| unreachable!());
    dora.state(clock, hugo.id(), true).await.unwrap();
    let words = hugo.read_there(clock, dora.id(), note, true).await.unwrap();
    hugo.submit(clock, dora.id(), &words, "activate").await.unwrap();
    app.advance(Span::from_hours(24)).await;
    assert!(dora.to_do().await.unwrap().iter().any(|(_, title)| title == "Take Zyxolitamab"));
    let due = dora.get("/api/reminders/?status=due").await.unwrap();
    dora.skip(clock, &due["items"][0], None, "felt wobblegong").await.unwrap();
    dora.change_keys(clock, password).await.unwrap();
    let mut tx = app.app.store.write().await.unwrap();
    let code = allow_reset(&app.app, &mut tx, dora.id()).await.unwrap();
    tx.commit().await.unwrap();
    let random = device::random(52);
    Client::reset(&to, &random, device::KDF, &email("Dora"), &code.text(), password).await.unwrap();
    hugo.trust(dora.id()).await.unwrap();
    hugo.grant_all(dora.id()).await.unwrap();
    let dora = device::sign_in(app, "Dora", password).await.unwrap();
    assert!(dora.to_do().await.unwrap().iter().any(|(_, title)| title == "Take Zyxolitamab"));
}

/// A message goes to the first kind that works, so each kind has a person of its own. What goes to a browser is
/// opened by somebody else's program, with the key that is given back.
async fn by_every_way(
    app: &TestApp,
    sink: &Sink,
    (patient, doctor): (&common::Client, &common::Client),
    note: &str,
) -> Value {
    let template = r#"{"text":"{{title}} {{body}} {{url}} {{due_at}} {{count}} {{id}}"}"#;
    for body in [
        json!({ "kind": "http", "url": sink.url("http"), "template": template }),
        json!({ "kind": "webhook", "url": sink.url("hook") }),
        json!({ "kind": "email" }),
    ] {
        patient.post("/api/channels/", body).await.ok();
    }
    let browser = browser();
    let subscription = json!({ "endpoint": sink.url("push"), "keys": browser["keys"] });
    for (name, channel) in [
        ("Emil", json!({ "kind": "web_push", "subscription": subscription })),
        ("Fay", json!({ "kind": "ntfy", "url": sink.url("topic") })),
    ] {
        let other = app.patient(name).await;
        other.select(doctor).await;
        other.post("/api/channels/", channel).await.ok();
        doctor.submit(&other, note).await;
    }
    browser
}

/// Searches whatever came.
fn nothing_leaves(sink: &Sink, browser: &Value) {
    let came = sink.take();
    let ways = ["/http", "/hook", "/push", "/"];
    assert!(ways.iter().all(|path| came.iter().any(|came| came.path == *path)), "{came:?}");
    let opened = opened(browser, came.iter().filter(|came| came.path == "/push").map(|came| &came.body));
    assert!(opened.iter().all(|text| text.contains("You have")), "{opened:?}");
    let opened = opened.into_iter().map(String::into_bytes);
    let headers = |came: &Came| format!("{:?}", came.headers).into_bytes();
    let left = came.iter().flat_map(|came| [came.body.clone(), headers(came)]);
    for bytes in left.chain(opened) {
        assert_eq!(holds_canary(&bytes), None, "{}", String::from_utf8_lossy(&bytes));
    }
}

stories! {
    /// A whole story with words that occur nowhere else; then every file and every row is searched.
    async fn nothing_of_note_step_or_password_lies_anywhere(app: TestApp) {
        let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| IntoLog);
        // The other engine's story may have been first.
        let _ = log.try_init();
        let body = json!({ "role": "patient", "name": "Ada", "email": email("Ada"), "password": PASSWORD, "time_zone": "Europe/Berlin" });
        app.anon().post("/api/signup/", body).await.ok();
        let body = json!({ "role": "patient", "name": "Cara", "email": email("Cara"), "password": "hunter2 canary" });
        app.anon().post("/api/signup/", body).await.ok();
        let body = json!({ "email": email("Cara"), "password": "hunter2 canary" });
        app.anon().post_with_key("/api/login/", body, "k").await.ok();
        let patient = app.anon().log_in("Ada").await;
        let doctor = app.doctor("Grace").await;
        patient.select(&doctor).await;
        let sink = Sink::start().await;
        let note = "Quokkafever. Take Zyxolitamab daily for 7 days. Marzipantherapy in 1 week. Return if quokkafever persists.";
        let body = json!({ "patient_id": patient.id(), "note": note });
        doctor.post_with_key("/api/submit-notes/", body, "key").await.ok();
        let browser = by_every_way(&app, &sink, (&patient, &doctor), note).await;
        app.advance(Span::from_hours(3)).await;
        let due = patient.reminders("?status=due").await;
        assert_eq!(due[0]["action"], "Take Zyxolitamab");
        let skip = json!({ "reminder_id": due[0]["id"], "status": "skipped", "reason": "felt wobblegong" });
        patient.post("/api/check-in/", skip).await.ok();
        doctor.submit(&patient, "Stop Zyxolitamab. Marzipantherapy again in 2 weeks.").await;
        Box::pin(on_devices(&app, note)).await;
        app.advance(Span::from_days(2)).await;
        nothing_leaves(&sink, &browser);
        let kept = patient.get("/api/dev/mail/").await.bytes;
        assert!(String::from_utf8_lossy(&kept).contains("Your code is"));
        assert_eq!(holds_canary(&kept), None, "{}", String::from_utf8_lossy(&kept));
        let metrics = metrics(&app.app).await;
        assert!(metrics.contains("/api/submit-notes/"), "{metrics}");
        assert_eq!(holds_canary(metrics.as_bytes()), None, "{metrics}");
        // A defect is told by its place, not by the words it broke at.
        let loud = std::panic::take_hook();
        aftercare::quiet::panics();
        let cut = |at: usize| "fünf Quokkafever"[at..].len();
        tokio::spawn(async move { cut(2) }).await.unwrap_err();
        std::panic::set_hook(loud);
        assert!(String::from_utf8_lossy(&LOG.lock().unwrap()).contains("tests/sealed.rs"));

        let mut tx = app.app.store.read().await.unwrap();
        let tables = inspect::tables(&mut tx).await.unwrap();
        let mut rows = 0;
        for table in &tables {
            for row in inspect::table(&mut tx, table).await.unwrap().unwrap() {
                rows += 1;
                assert_eq!(holds_canary(row.as_bytes()), None, "{table}: {row}");
            }
        }
        assert!(rows > 30, "{rows} rows in {tables:?}");
        drop(tx);
        // Every file: database, log of writes, keys; on PostgreSQL the server's own, and a dump.
        let mut folders = vec![app.folder.path().to_owned()];
        let url = app.app.config.database_url.expose();
        if !url.is_empty() {
            aftercare_store::testing::connect(url).await.batch_execute("checkpoint").await.unwrap();
            folders.push(aftercare_store::testing::server_folder());
            let dump = Command::new(aftercare_store::testing::binaries().join("pg_dump")).arg(url).output().unwrap();
            assert!(dump.status.success() && dump.stdout.len() > 10_000, "{}", String::from_utf8_lossy(&dump.stderr));
            assert_eq!(holds_canary(&dump.stdout), None, "in the dump");
        }
        let mut bytes = 0;
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                // A server's files come and go.
                let Ok(file) = std::fs::metadata(&path) else { continue };
                if file.is_dir() {
                    folders.push(path);
                } else if file.is_file() {
                    let content = std::fs::read(&path).unwrap_or_default();
                    bytes += content.len();
                    assert_eq!(holds_canary(&content), None, "{}", path.display());
                }
            }
        }
        assert!(bytes > 100_000, "{bytes} bytes searched");
        let log = LOG.lock().unwrap();
        assert!(String::from_utf8_lossy(&log).contains("/api/submit-notes/"), "the log was listened to");
        assert_eq!(holds_canary(&log), None, "in the log");
    }
}
