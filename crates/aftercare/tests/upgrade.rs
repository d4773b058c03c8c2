//! Databases of earlier schemas, made by the program of their time (`aftercare demo`, then `aftercare backup`): brought up to
//! this one they hold what they held, and the service goes on with them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_store::testing::{connect, postgres_url};
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
        store.close();
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

/// Replicas are replaced one by one: while a newer program has brought the database up, those of before go on, and more of
/// them start, until it takes something away from them. Then they say so, and a proxy sends nobody there.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_of_before_goes_on_beside_a_newer_schema() {
    let (url, folders) = (postgres_url().await, [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()]);
    let newer = connect(&url).await;
    let keys = master_keys();
    let settings = [("AFTERCARE_MASTER_KEYS", keys.as_str()), ("AFTERCARE_ISSUER", "http://localhost")];
    let ports = [free_port(), free_port()];
    let _first = Server::start(folders[0].path(), ports[0], &url, &settings);
    let anon = Client::at(ports[0]);
    let ((ada, ada_id), (grace, grace_id)) =
        (anon.sign_up("ada", "patient").await, anon.sign_up("grace", "doctor").await);
    ada.ok("/api/select-doctor/", Some(&json!({ "doctor_id": grace_id }))).await;
    let note = json!({ "patient_id": ada_id, "note": "Take Drug A every 6 hours for 7 days." });
    grace.ok("/api/submit-notes/", Some(&note)).await;

    let expand = "alter table step add column later bigint not null default 0;
        alter table occurrence add column later text;
        create table later (bucket smallint not null, id uuid not null, primary key (bucket, id));
        insert into migration (version, least) select max(version) + 1, max(least) from migration";
    newer.batch_execute(expand).await.unwrap();
    let _second = Server::start(folders[1].path(), ports[1], &url, &settings);
    for (client, drug) in [(&grace, "B"), (&grace.elsewhere(ports[1]), "C")] {
        let note =
            json!({ "patient_id": ada_id, "note": format!("Take Drug {drug} every 6 hours for 7 days.") });
        client.ok("/api/submit-notes/", Some(&note)).await;
        let due = ada.ok("/api/reminders/?status=due", None).await;
        let done = json!({ "reminder_id": due["items"][0]["id"], "status": "done" });
        ada.elsewhere(ports[1]).ok("/api/check-in/", Some(&done)).await;
        assert_eq!(client.send("/readyz", None).await.unwrap().0, 200);
    }

    let contract = "alter table later rename to sooner;
        insert into migration (version, least) select max(version) + 1, max(version) + 1 from migration";
    newer.batch_execute(contract).await.unwrap();
    let (status, said) = anon.send("/readyz", None).await.unwrap();
    assert!(
        status == 503 && said["detail"].as_str().unwrap().contains("start a newer program"),
        "{status} {said}"
    );
    let mut more = Command::new(env!("CARGO_BIN_EXE_aftercare"));
    let more = more.args(["serve", "--listen", "127.0.0.1:0"]).env("AFTERCARE_DATABASE_URL", &url);
    let more = more.env("AFTERCARE_MASTER_KEYS", &keys).current_dir(folders[1].path()).output().unwrap();
    let said = String::from_utf8(more.stderr).unwrap();
    assert!(!more.status.success() && said.contains("start a newer program"), "{said}");
}

/// Somebody of the demonstration, and their id.
async fn signed_in(anon: &Client, who: &str) -> (Client, String) {
    let body = json!({ "email": format!("{who}@demo.example"), "password": "demo-password" });
    let tokens = anon.ok("/api/login/", Some(&body)).await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    (anon.with(token), tokens["user"]["id"].as_str().unwrap().to_owned())
}
