//! `kill -9` at random moments of a story of notes and check-ins, on both engines: what was
//! answered 201 or 200 is there, no occurrence twice, rows equal the replay.
//!
//! `KILLS` sets how often each is killed at least (12).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it did"
)]

mod common;

use aftercare_store::{Store, inspect, testing::postgres_url};
use common::{
    process::{Server, free_port},
    there::Client,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What was acknowledged.
#[derive(Default)]
struct Acknowledged {
    notes: BTreeMap<String, String>,
    answers: BTreeSet<String>,
}

/// Notes, answers and passing time, until the server is gone.
async fn story(
    doctor: Client,
    patient: Client,
    patient_id: String,
    round: usize,
    seen: Arc<Mutex<Acknowledged>>,
) {
    let notes = async {
        // Every other round the patient has the server alone.
        for n in (0..).take_while(|_| round.is_multiple_of(2)) {
            let note = format!("Take Drug K{round}x{n} twice daily for 5 days. Buy Drug K{round}x{n}.");
            let body = json!({ "patient_id": patient_id, "note": note });
            let Some((status, json)) = doctor.send("/api/submit-notes/", Some(&body)).await else { return };
            if status == 201 {
                let id = json["note"]["id"].as_str().unwrap().to_owned();
                seen.lock().unwrap().notes.insert(id, note);
            }
            if doctor.send("/api/doctor/patients/", None).await.is_none() {
                return;
            }
        }
    };
    let answers = async {
        loop {
            let Some((_, _)) = patient.send("/api/dev/clock/", Some(&json!({ "advance": "5h" }))).await
            else {
                return;
            };
            let Some((_, due)) = patient.send("/api/reminders/?status=due", None).await else { return };
            for reminder in due["items"].as_array().into_iter().flatten() {
                let body = json!({ "reminder_id": reminder["id"], "status": "done" });
                let Some((status, _)) = patient.send("/api/check-in/", Some(&body)).await else { return };
                if status == 200 {
                    seen.lock().unwrap().answers.insert(reminder["id"].as_str().unwrap().to_owned());
                }
            }
            let forward = json!({ "advance": "4h" });
            let Some((_, _)) = patient.send("/api/dev/clock/", Some(&forward)).await else { return };
        }
    };
    tokio::join!(notes, answers);
}

async fn kills(database: &str, open: impl AsyncFnOnce(&Path) -> Store) {
    let kills: usize = std::env::var("KILLS").map_or(12, |n| n.parse().unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let anon = Client::at(port);
    let mut server = Server::start(folder.path(), port, database, &[]);
    let (doctor, doctor_id) = anon.sign_up("grace", "doctor").await;
    let (patient, patient_id) = anon.sign_up("ada", "patient").await;
    let (steady, steady_id) = anon.sign_up("mary", "doctor").await;
    for id in [doctor_id, steady_id] {
        patient.ok("/api/select-doctor/", Some(&json!({ "doctor_id": id }))).await;
    }
    let began = anon.ok("/api/dev/clock/", None).await["now"].as_str().unwrap().to_owned();
    // One doctor changes her mind all the time, the other's plan goes on under it.
    let note = json!({ "patient_id": patient_id, "note": "Take Drug S every 4 hours for 200 days." });
    steady.ok("/api/submit-notes/", Some(&note)).await;

    let seen = Arc::new(Mutex::new(Acknowledged::default()));
    let mut rng = StdRng::seed_from_u64(4);
    // On a slow machine most are killed before they have answered anything: more of them, until there is enough to lose.
    let enough = |seen: &Acknowledged| seen.notes.len() > kills / 2 && seen.answers.len() > kills / 6;
    let mut round = 0;
    while round < kills || !enough(&seen.lock().unwrap()) {
        assert!(round < 20 * kills, "hardly anything was acknowledged");
        let running = tokio::spawn(story(
            doctor.clone(),
            patient.clone(),
            patient_id.clone(),
            round,
            Arc::clone(&seen),
        ));
        // The moment is what is tested; nothing waits for it to be over.
        tokio::time::sleep(Duration::from_micros(rng.random_range(500..400_000))).await;
        server.kill();
        running.await.unwrap();
        server = Server::start(folder.path(), port, database, &[]);
        round += 1;
    }

    let seen = std::mem::take(&mut *seen.lock().unwrap());
    for (id, text) in &seen.notes {
        assert_eq!(
            doctor.ok(&format!("/api/notes/{id}/"), None).await["text"],
            *text,
            "an acknowledged note is lost"
        );
    }
    let mut listed: BTreeMap<(String, u64), (String, String)> = BTreeMap::new();
    let mut answered = BTreeSet::new();
    let mut from: aftercare_core::instant::Instant = began.parse().unwrap();
    let end: aftercare_core::instant::Instant =
        anon.ok("/api/dev/clock/", None).await["now"].as_str().unwrap().parse().unwrap();
    while from < end {
        let to = from + aftercare_core::instant::Span::from_days(300);
        let page = patient.ok(&format!("/api/reminders/?from={from}&to={to}"), None).await;
        for item in page["items"].as_array().unwrap() {
            let text = |key: &str| item[key].as_str().unwrap().to_owned();
            if item["status"] != "upcoming" && item["closes_at"].is_string() {
                let again = listed.insert(
                    (text("step_id"), item["ordinal"].as_u64().unwrap()),
                    (text("due_at"), text("status")),
                );
                assert!(again.is_none(), "an occurrence twice: {item}");
            }
            if item["status"] == "done" {
                answered.insert(text("id"));
            }
        }
        from = to;
    }
    assert!(seen.answers.is_subset(&answered), "an acknowledged answer is lost");
    server.kill();
    let store = open(folder.path()).await;
    let rows = inspect::table(&mut store.read().await.unwrap(), "occurrence").await.unwrap().unwrap();
    println!(
        "{round} kills: {} notes and {} answers acknowledged, {} occurrences recorded",
        seen.notes.len(),
        seen.answers.len(),
        rows.len()
    );
    let recorded = recorded(&rows);
    let recorded: BTreeSet<_> = recorded.iter().collect();
    let listed: BTreeSet<_> = listed.iter().collect();
    let odd: Vec<_> = recorded.symmetric_difference(&listed).collect();
    assert!(odd.is_empty(), "rows are not what the replay says: {odd:#?}");
}

/// The recorded occurrences in the words of the API.
fn recorded(rows: &[String]) -> BTreeMap<(String, u64), (String, String)> {
    let status = ["due", "done", "skipped", "missed", "not_delivered", "cancelled"];
    let rows = rows.iter().map(|row| serde_json::from_str::<Value>(row).unwrap());
    rows.map(|row| {
        let step: uuid::Uuid = row["step_id"].as_str().unwrap().parse().unwrap();
        let due = aftercare_core::instant::Instant::from_micros(row["due_at"].as_i64().unwrap());
        let status = status[usize::try_from(row["status"].as_u64().unwrap()).unwrap()];
        ((step.to_string(), row["ordinal"].as_u64().unwrap()), (due.to_string(), status.to_owned()))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    kills("", async |folder: &Path| Store::sqlite(&folder.join("data/aftercare.db")).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    let url = postgres_url().await;
    kills(&url, async |_: &Path| Store::postgres(&url).await.unwrap()).await;
}
