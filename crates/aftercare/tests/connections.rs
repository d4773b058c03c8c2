//! PostgreSQL gives out no more connections: who cannot be served is told so and asks again, and nothing is lost or doubled.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_store::testing::{connect, postgres_url};
use common::{
    process::{Server, free_port},
    there::Client,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// So many ask at once.
const ASK: usize = 8;
/// And again after so long: less than they are asked to wait.
const PAUSE: Duration = Duration::from_millis(20);

/// `NOTES` sets how many notes each of them writes (1).
fn notes() -> usize {
    std::env::var("NOTES").map_or(1, |n| n.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn few_connections_slow_things_down_and_lose_nothing() {
    let (folder, port, url) = (tempfile::tempdir().unwrap(), free_port(), postgres_url().await);
    let admin = connect(&url).await;
    let (_, schema) = url.split_once("search_path%3D").unwrap();
    let role = format!("few_{schema}");
    admin.batch_execute(&format!("create role {role} login")).await.unwrap();
    admin.batch_execute(&format!("alter schema {schema} owner to {role}")).await.unwrap();
    let own = url.replace("postgres://aftercare@", &format!("postgres://{role}@"));
    let settings = [("AFTERCARE_LOG", "off"), ("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", "1000000")];
    let _server = Server::start(folder.path(), port, &own, &settings);
    let anon = Client::at(port);
    let (doctor, doctor_id) = anon.sign_up("grace", "doctor").await;
    let (patient, patient_id) = anon.sign_up("ada", "patient").await;
    patient.ok("/api/select-doctor/", Some(&json!({ "doctor_id": doctor_id }))).await;

    // Four are left, and those there were are gone.
    admin.batch_execute(&format!("alter role {role} connection limit 4")).await.unwrap();
    let ended = format!("select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'");
    admin.batch_execute(&ended).await.unwrap();
    let mut all = tokio::task::JoinSet::new();
    for who in 0..ASK {
        let (doctor, patient_id) = (doctor.clone(), patient_id.clone());
        all.spawn(async move {
            let (mut written, mut refused) = (BTreeMap::new(), 0);
            for n in 0..notes() {
                let note = format!("Take Drug C{who}x{n} twice daily for 5 days.");
                let body = json!({ "patient_id": patient_id, "note": note });
                let key = format!("{who}-{n}");
                let answer = loop {
                    let came = doctor.send_once("/api/submit-notes/", Some(&body), &key).await;
                    let (status, json) = came.expect("an answer, whatever it is");
                    if status < 300 {
                        break json;
                    }
                    assert!(status == 503 || status == 409, "{status}: {json}");
                    refused += 1;
                    assert!(refused < 200, "it never comes to an end");
                    tokio::time::sleep(PAUSE).await;
                };
                written.insert(answer["note"]["id"].as_str().unwrap().to_owned(), note);
            }
            (written, refused)
        });
    }
    // It lives all the while.
    assert_eq!(anon.send("/healthz", None).await.unwrap().0, 200);
    let (mut written, mut refused) = (BTreeMap::new(), 0);
    while let Some(done) = all.join_next().await {
        let (some, told_off) = done.unwrap();
        written.extend(some);
        refused += told_off;
    }
    admin.batch_execute(&format!("alter role {role} connection limit -1")).await.unwrap();
    let listed = doctor.ok(&format!("/api/notes/?patient_id={patient_id}&limit=200"), None).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = listed["items"].as_array().unwrap();
    let listed: BTreeMap<_, _> = items.iter().map(|note| (text(&note["id"]), text(&note["text"]))).collect();
    assert_eq!((listed.len(), items.len()), (ASK * notes(), ASK * notes()));
    assert_eq!(listed, written, "each once, and as it was sent");
    println!("{} notes once each over four connections, {refused} times told to ask again", written.len());
}
