//! No health text leaves: stories told at random, with words that occur nowhere else in all that people write, and
//! every byte that went out by every channel searched.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says which stories it told"
)]

mod common;

use aftercare_core::instant::Span;
use axum::http::Method;
use common::{
    Client, TestApp,
    canary::holds_canary,
    independent::{browser, opened},
    sink::Sink,
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

/// What doctors write.
const NOTES: [&str; 5] = [
    "Quokkafever. Take Zyxolitamab daily for 7 days. Return if quokkafever persists.",
    "Take Zyxolitamab 5 mg twice a day for 5 days. Marzipantherapy in 1 week.",
    "Zyxolitamab at bedtime for 10 days; marzipantherapy every Monday for 3 weeks.",
    "Stop Zyxolitamab. Zyxolitamab forte every 8 hours for 4 days.",
    "Quokkafever is better. Marzipantherapy tomorrow.",
];
const DEEDS: usize = 30;

/// Somebody with one way to be reached.
struct Person {
    client: Client,
    channel: String,
    /// The secret half of their calendar.
    feed: Option<String>,
}

async fn people(app: &TestApp, sink: &Sink, doctor: &Client, browser: &Value) -> Vec<Person> {
    let template = r#"{"text":"{{title}} {{body}} {{url}} {{answer_url}} {{due_at}} {{count}} {{id}}"}"#;
    let subscription = json!({ "endpoint": sink.url("push"), "keys": browser["keys"] });
    let ways = [
        json!({ "kind": "http", "url": sink.url("http"), "template": template }),
        json!({ "kind": "webhook", "url": sink.url("hook") }),
        json!({ "kind": "ntfy", "url": sink.url("topic") }),
        json!({ "kind": "web_push", "subscription": subscription }),
        json!({ "kind": "email" }),
        json!({ "kind": "calendar" }),
    ];
    let mut people = Vec::new();
    for (n, way) in ways.iter().enumerate() {
        let client = app.patient(&format!("Person {n}")).await;
        client.select(doctor).await;
        let added = client.post("/api/channels/", way.clone()).await.ok();
        let feed = added["url"].as_str().map(|url| url[url.find("/cal/").unwrap()..].to_owned());
        people.push(Person { client, channel: added["channel"]["id"].as_str().unwrap().to_owned(), feed });
    }
    people
}

/// One thing that somebody does. What is refused is as good a story as what is taken.
async fn deed(rng: &mut StdRng, app: &TestApp, doctor: &Client, who: &Person) {
    let client = &who.client;
    let due = client.reminders("?status=due").await;
    match (rng.random_range(0..12), due.choose(rng)) {
        (0..3, _) => {
            let note = *NOTES.choose(rng).unwrap();
            doctor.post("/api/submit-notes/", json!({ "patient_id": client.id(), "note": note })).await;
        }
        (3..5, Some(due)) => drop(client.done(due).await),
        (5..7, Some(due)) => {
            let skip = json!({
                "reminder_id": due["id"], "status": "skipped", "reason": "felt wobblegong", "cause": "side_effect"
            });
            client.post("/api/check-in/", skip).await;
        }
        (7, Some(due)) => {
            let path = format!("/api/reminders/{}/snooze/", due["id"].as_str().unwrap());
            client.post(&path, json!({ "minutes": 15 })).await;
        }
        (8, _) => drop(client.post(&format!("/api/channels/{}/test/", who.channel), json!({})).await),
        (9, _) => {
            let wishes = json!({ "reminders": { "digest": rng.random_bool(0.5), "quiet": { "from": "22:00", "to": "07:00" } } });
            client.json(Method::PATCH, "/api/me/", wishes).await;
        }
        (10, _) => {
            let zone = *["America/New_York", "Asia/Tokyo", "Europe/Berlin"].choose(rng).unwrap();
            client.json(Method::PATCH, "/api/me/", json!({ "time_zone": zone, "travel": "move" })).await;
        }
        _ => drop(app.advance(Span::from_hours(rng.random_range(1..15))).await),
    }
}

async fn story(seed: u64) {
    println!("story {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (app, sink, browser) = (TestApp::new().await, Sink::start().await, browser());
    let doctor = app.doctor("Grace").await;
    let people = people(&app, &sink, &doctor, &browser).await;
    for person in &people {
        let note = json!({ "patient_id": person.client.id(), "note": NOTES[0] });
        doctor.post("/api/submit-notes/", note).await.ok();
    }
    for _ in 0..DEEDS {
        let who = people.choose(&mut rng).unwrap();
        deed(&mut rng, &app, &doctor, who).await;
    }
    app.advance(Span::from_days(1)).await;
    let came = sink.take();
    let ways = ["/http", "/hook", "/push", "/"];
    assert!(ways.iter().all(|way| came.iter().any(|came| came.path == *way)), "{came:?}");
    let mut left: Vec<Vec<u8>> = Vec::new();
    for came in &came {
        left.extend([came.body.clone(), format!("{:?}", came.headers).into_bytes()]);
    }
    let pushed = opened(&browser, came.iter().filter(|came| came.path == "/push").map(|came| &came.body));
    left.extend(pushed.into_iter().map(String::into_bytes));
    for person in &people {
        if let Some(feed) = &person.feed {
            let feed = app.anon().get(feed).await.bytes;
            assert!(feed.starts_with(b"BEGIN:VCALENDAR"));
            left.push(feed);
        }
    }
    let mail = app.anon().get("/api/dev/mail/").await.bytes;
    assert!(mail.len() > 500);
    left.push(mail);
    for bytes in left {
        assert_eq!(holds_canary(&bytes), None, "story {seed}: {}", String::from_utf8_lossy(&bytes));
    }
    // What was written is there for those who may read it.
    let notes = people[0].client.get("/api/notes/").await.bytes;
    assert!(holds_canary(&notes).is_some());
}

#[tokio::test]
async fn no_health_text_leaves_by_any_channel() {
    let fresh: u64 = rand::make_rng::<StdRng>().random_range(1_000..1_000_000_000);
    for seed in (1..=5).chain([fresh]) {
        Box::pin(story(seed)).await;
    }
}
