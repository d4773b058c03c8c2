//! The machine's clock jumps under the real service (libfaketime): what happened stays, nothing happens twice, and nobody is
//! blamed for a time that never was.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::{
    process::{Server, free_port},
    sink::Sink,
    there::Client,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

fn library() -> PathBuf {
    let all = std::fs::read_dir("/usr/lib").unwrap().map(|one| one.unwrap().path());
    all.map(|folder| folder.join("faketime/libfaketime.so.1"))
        .find(|file| file.exists())
        .expect("libfaketime: `make setup` installs it")
}

struct Story {
    clock: PathBuf,
    ada: Client,
    grace: Client,
    ada_id: String,
    bob_id: String,
    stirred: usize,
}

impl Story {
    /// Puts the clock to so far from the true time, and has the engine look.
    async fn jump(&mut self, to: &str) {
        // Whoever reads it meanwhile reads the old or the new.
        let next = self.clock.with_extension("next");
        std::fs::write(&next, format!("{to}\n")).unwrap();
        std::fs::rename(next, &self.clock).unwrap();
        // A token is good for a quarter of an hour of the wall's clock.
        self.ada = self.ada.sign_in("ada").await.0;
        self.grace = self.grace.sign_in("grace").await.0;
        self.stirred += 1;
        let body = json!({ "patient_id": self.bob_id, "note": format!("Buy plaster {}.", self.stirred) });
        self.grace.ok("/api/submit-notes/", Some(&body)).await;
    }

    /// How each occurrence stands.
    async fn standing(&self) -> BTreeMap<u64, String> {
        let list = self.ada.ok("/api/reminders/", None).await;
        let items = list["items"].as_array().unwrap();
        let all: BTreeMap<_, _> = items
            .iter()
            .map(|one| (one["ordinal"].as_u64().unwrap(), one["status"].as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(all.len(), items.len(), "no occurrence twice: {items:?}");
        all
    }

    /// Waits until it holds; the engine is another process.
    async fn until(&self, holds: impl Fn(&BTreeMap<u64, String>) -> bool) -> BTreeMap<u64, String> {
        for _ in 0..400 {
            let now = self.standing().await;
            if holds(&now) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        unreachable!("{:?}", self.standing().await);
    }
}

async fn begin(port: u16, clock: PathBuf, sink: &Sink) -> Story {
    let anon = Client::at(port);
    let (grace, grace_id) = anon.sign_up("grace", "doctor").await;
    let (ada, ada_id) = anon.sign_up("ada", "patient").await;
    let (bob, bob_id) = anon.sign_up("bob", "patient").await;
    for patient in [&ada, &bob] {
        patient.ok("/api/select-doctor/", Some(&json!({ "doctor_id": grace_id }))).await;
    }
    let channel = json!({ "kind": "http", "url": sink.url("ada"), "template": r#"{"due":"{{due_at}}"}"# });
    ada.ok("/api/channels/", Some(&channel)).await;
    let note = json!({ "patient_id": ada_id, "note": "Take Drug A every 6 hours for 3 days." });
    grace.ok("/api/submit-notes/", Some(&note)).await;
    Story { clock, ada, grace, ada_id, bob_id, stirred: 0 }
}

fn count(standing: &BTreeMap<u64, String>, status: &str) -> usize {
    standing.values().filter(|one| *one == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_changes_nothing_that_happened() {
    let (folder, port, sink) = (tempfile::tempdir().unwrap(), free_port(), Sink::start().await);
    let clock = folder.path().join("clock");
    std::fs::write(&clock, "+0s\n").unwrap();
    let (library, file) = (library().display().to_string(), clock.display().to_string());
    let settings = [
        ("LD_PRELOAD", library.as_str()),
        ("FAKETIME_TIMESTAMP_FILE", &file),
        ("FAKETIME_NO_CACHE", "1"),
        // What sleeps goes on as it would: a machine whose clock is set.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let _server = Server::start(folder.path(), port, "", &settings);
    let mut story = begin(port, clock, &sink).await;
    let first = story.until(|now| count(now, "due") == 1).await;
    assert_eq!((first[&0].as_str(), first.len()), ("due", 12));
    let due = story.ada.ok("/api/reminders/?status=due", None).await["items"][0]["id"].clone();
    let done = json!({ "reminder_id": due, "status": "done" });
    story.ada.ok("/api/check-in/", Some(&done)).await;

    // Set back by ten minutes: it stands still, and what was answered stays answered.
    story.jump("-10m").await;
    assert_eq!(story.standing().await[&0], "done");
    story.ada.ok("/api/check-in/", Some(&done)).await;

    // A day ahead, as after a machine that slept: what came and went meanwhile is nobody's miss.
    story.jump("+25h").await;
    let ahead = story.until(|now| count(now, "due") == 1 && count(now, "not_delivered") > 0).await;
    assert_eq!((count(&ahead, "done"), count(&ahead, "missed")), (1, 0), "{ahead:?}");
    assert_eq!(count(&ahead, "not_delivered"), 3, "{ahead:?}");

    // Two hours back, which was wrong before and is followed, and there again: the same stands as before.
    story.jump("+23h").await;
    assert_eq!(story.standing().await[&0], "done");
    story.jump("+25h").await;
    let again = story.until(|now| count(now, "due") == 1).await;
    assert_eq!(count(&again, "done"), 1);
    assert_eq!(again.values().collect::<Vec<_>>(), ahead.values().collect::<Vec<_>>());

    // One that fell due is said; what was lost in the jump never is.
    let told: Vec<Value> = sink.take().iter().map(|came| came.json()["due"].clone()).collect();
    let times: BTreeSet<String> = told.iter().map(ToString::to_string).collect();
    assert!(times.len() <= 2, "{told:?}");
    let steps = story.ada.ok("/api/actionable-steps/", None).await;
    assert_eq!(steps["plan"].as_array().unwrap().len(), 1, "{}: {steps}", story.ada_id);
    println!("{ahead:?}; told of {times:?}");
}
