//! Databases of earlier schemas, made by the program of their time (`aftercare demo`, then `aftercare backup`): brought up to
//! this one they hold what they held, and the service goes on with them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    process::{Server, free_port},
    there::Client,
};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What the fixtures' secrets are under; nobody else's.
fn master_keys() -> String {
    format!("k1:{}", aftercare_seal::bytes::encode(&[7; 32]))
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    found.retain(|file| file.extension().is_some_and(|extension| extension == "gz"));
    found.sort();
    found
}

fn unpacked(fixture: &Path, into: &Path) -> PathBuf {
    std::fs::create_dir_all(into).unwrap();
    let file = into.join("aftercare.db");
    let out = std::fs::File::create(&file).unwrap();
    let done = Command::new("gzip").arg("-dc").arg(fixture).stdout(Stdio::from(out)).status().unwrap();
    assert!(done.success());
    file
}

/// Rows of what must not change, as text.
fn held(file: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut all = Vec::new();
    for query in [
        "select 'occurrence', hex(step_id), ordinal, due_at, status from occurrence order by 2, 3",
        "select 'answer', hex(step_id), ordinal, at, status from check_in order by 2, 3, hex(id)",
        "select 'note', hex(id), state, created_at, '' from note order by 2",
        "select 'envelope', hex(note_id), seq, hex(body), '' from envelope order by 2, 3",
        "select 'step', hex(id), timing, activated_at, superseded_at from step order by 2",
        "select 'person', hex(id), name, hex(email), hex(verifier) from person order by 2",
    ] {
        let mut statement = connection.prepare(query).unwrap();
        let mut rows = statement.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..5).map(|n| format!("{:?}", row.get_ref(n).unwrap())).collect();
            all.push(values.join(" "));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_wrote_goes_on() {
    let fixtures = fixtures();
    assert!(!fixtures.is_empty());
    for fixture in fixtures {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let file = unpacked(&fixture, &folder.path().join("data"));
        let before = held(&file);
        assert!(before.len() > 100, "{}: {} rows", fixture.display(), before.len());
        let store = aftercare_store::Store::sqlite(&file).unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        assert_eq!(held(&file), before, "{}", fixture.display());

        let keys = master_keys();
        let _server = Server::start(folder.path(), port, "", &[("AFTERCARE_MASTER_KEYS", &keys)]);
        let anon = Client::at(port);
        let (ada, _) = signed_in(&anon, "ada.winter").await;
        let notes = ada.ok("/api/notes/", None).await;
        let texts: Vec<_> =
            notes["items"].as_array().unwrap().iter().map(|note| note["text"].as_str()).collect();
        assert!(
            !texts.is_empty() && texts.iter().all(|text| text.is_some_and(|text| text.len() > 20)),
            "{texts:?}"
        );
        // However long ago it was written: the plans of then are over, and a new one begins.
        let ((ben, ben_id), (nora, _)) =
            (signed_in(&anon, "ben.castell").await, signed_in(&anon, "nora.berg").await);
        let note = json!({ "patient_id": ben_id, "note": "Take Drug A every 6 hours for 7 days." });
        nora.ok("/api/submit-notes/", Some(&note)).await;
        ben.ok("/api/dev/clock/", Some(&json!({ "advance": "6h" }))).await;
        let due = ben.ok("/api/reminders/?status=due", None).await;
        let done = json!({ "reminder_id": due["items"][0]["id"], "status": "done" });
        ben.ok("/api/check-in/", Some(&done)).await;
    }
}

/// Somebody of the demonstration, and their id.
async fn signed_in(anon: &Client, who: &str) -> (Client, String) {
    let body = json!({ "email": format!("{who}@demo.example"), "password": "demo-password" });
    let tokens = anon.ok("/api/login/", Some(&body)).await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    (anon.with(token), tokens["user"]["id"].as_str().unwrap().to_owned())
}
