//! The machine's clock jumps under the real service (libfaketime): what happened stays, nothing happens twice, and nobody is
//! blamed for a time that never was.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::{
    process::{Server, free_port},
    sink::Sink,
    there::Client,
};
use serde_json::json;
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
    sink: Sink,
    /// What Ada was told of, by when it fell due.
    told: BTreeSet<String>,
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

    /// Waits until the engine, which is another process, has told of what fell due then.
    async fn until_told(&mut self, due_at: &str) {
        for _ in 0..400 {
            let came = self.sink.take();
            self.told.extend(came.iter().map(|came| came.json()["due"].as_str().unwrap().to_owned()));
            if self.told.contains(due_at) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        unreachable!("{due_at}: {:?}", self.told);
    }

    /// When each occurrence is due.
    async fn times(&self) -> Vec<String> {
        let list = self.ada.ok("/api/reminders/", None).await;
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["due_at"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits until it holds.
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

async fn begin(port: u16, clock: PathBuf, sink: Sink) -> Story {
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
    Story { clock, sink, told: BTreeSet::new(), ada, grace, ada_id, bob_id, stirred: 0 }
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
    let mut story = begin(port, clock, sink).await;
    let first = story.until(|now| count(now, "due") == 1).await;
    assert_eq!((first[&0].as_str(), first.len()), ("due", 12));
    let times = story.times().await;
    story.until_told(&times[0]).await;
    let due = story.ada.ok("/api/reminders/?status=due", None).await["items"][0]["id"].clone();
    let done = json!({ "reminder_id": due, "status": "done" });
    story.ada.ok("/api/check-in/", Some(&done)).await;

    // Set back by ten minutes: it stands still, and what was answered stays answered.
    story.jump("-10m").await;
    assert_eq!(story.standing().await[&0], "done");
    story.ada.ok("/api/check-in/", Some(&done)).await;

    // A day ahead, as after a machine that slept: what came and went meanwhile is nobody's miss, and nobody is told of it.
    story.jump("+25h").await;
    story.until_told(&times[4]).await;
    let ahead = story.until(|now| count(now, "due") == 1 && count(now, "not_delivered") > 0).await;
    assert_eq!((count(&ahead, "done"), count(&ahead, "missed")), (1, 0), "{ahead:?}");
    assert_eq!(count(&ahead, "not_delivered"), 3, "{ahead:?}");
    assert_eq!(story.told, [times[0].clone(), times[4].clone()].into());

    // Two hours back, which was wrong before and is followed: the one before is open. And there again: all as before.
    story.jump("+23h").await;
    let back = story.standing().await;
    assert_eq!((back[&0].as_str(), back[&3].as_str(), back[&4].as_str()), ("done", "due", "upcoming"));
    story.jump("+25h").await;
    let again = story.until(|now| count(now, "due") == 1).await;
    assert_eq!(again.values().collect::<Vec<_>>(), ahead.values().collect::<Vec<_>>());
    assert_eq!(story.sink.take().len(), 0, "all of it was said");

    let steps = story.ada.ok("/api/actionable-steps/", None).await;
    assert_eq!(steps["plan"].as_array().unwrap().len(), 1, "{}: {steps}", story.ada_id);
    println!("{ahead:?}; told of {:?}", story.told);
}
