//! Journeys: asked about, kept at home or moved; and what a course would be if a day were missed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use axum::http::Method;
use common::{Client, TestApp, sink::Sink};
use serde_json::{Value, json};

async fn change(ada: &Client, body: Value) -> common::Answer {
    ada.json(Method::PATCH, "/api/me/", body).await
}

/// The local times of the next day.
fn clock(times: &Value) -> Vec<String> {
    times
        .as_array()
        .unwrap()
        .iter()
        .take(2)
        .map(|one| one["due_local"].as_str().unwrap()[11..].to_owned())
        .collect()
}

stories! {
    /// Both ways are shown; kept, the plan stays and quiet hours follow; moved, it goes by the clock of there, with at
    /// least half the interval between two doses; the past is as it was.
    async fn a_journey_keeps_or_moves(app: TestApp) {
        let (ada, grace) = app.pair().await;
        grace.submit(&ada, "Take Drug A at 8 am and 8 pm for 10 days.").await;
        app.advance(Span::from_hours(27)).await;
        // Tuesday, 09:00 in Berlin, 17:00 in Tokyo: due at 08:00, open still.
        let asked = ada.get("/api/travel-preview/?time_zone=Asia/Tokyo").await.ok();
        assert_eq!((&asked["home"], &asked["there"]), (&json!("Europe/Berlin"), &json!("Asia/Tokyo")));
        assert_eq!(clock(&asked["keep"]), ["04:00:00+09:00", "16:00:00+09:00"]);
        assert_eq!(clock(&asked["move"]), ["08:00:00+09:00", "20:00:00+09:00"]);
        assert_eq!(ada.get("/api/travel-preview/?time_zone=Moon/Base").await.problem(), (422, "invalid"));
        let before = ada.reminders("").await;
        assert_eq!(change(&ada, json!({ "travel": "keep" })).await.problem(), (422, "invalid"));
        let kept = change(&ada, json!({ "time_zone": "Asia/Tokyo", "travel": "keep" })).await.ok();
        assert_eq!((&kept["time_zone"], &kept["reminders"]["away"]), (&json!("Europe/Berlin"), &json!("Asia/Tokyo")));
        assert_eq!(ada.reminders("").await, before);
        // Quiet from 22 to 7 is that of Tokyo: what is due there at four in the morning waits until seven.
        let sink = Sink::start().await;
        let hook = json!({ "kind": "http", "url": sink.url("x"), "template": r#"{"due":"{{due_at}}"}"# });
        ada.post("/api/channels/", hook).await.ok();
        change(&ada, json!({ "reminders": { "quiet": { "from": "22:00", "to": "07:00" }, "repeat": false } })).await.ok();
        app.advance(Span::from_hours(12)).await;
        sink.take();
        app.advance(Span::from_minutes(59)).await;
        assert!(sink.take().is_empty(), "05:59 in Tokyo");
        app.advance(Span::from_minutes(2)).await;
        app.advance(Span::from_minutes(60)).await;
        assert_eq!(sink.take()[0].json()["due"], "2026-02-03T19:00:00Z");
        // Moved after all: on by the clock of Tokyo, not sooner than six hours after the last.
        let moved = change(&ada, json!({ "time_zone": "Asia/Tokyo", "travel": "move" })).await.ok();
        assert_eq!((&moved["time_zone"], &moved["reminders"]["away"]), (&json!("Asia/Tokyo"), &Value::Null));
        let after = ada.reminders("").await;
        let due = |all: &[Value], n: usize| all[n]["due_at"].as_str().unwrap().parse::<aftercare_core::instant::Instant>().unwrap();
        for n in 0..4 {
            assert_eq!(due(&after, n), due(&before, n), "the past");
        }
        for n in 1..after.len() {
            assert!(due(&after, n) - due(&after, n - 1) >= Span::from_hours(6), "{after:?}");
        }
        assert!(after[6]["due_local"].as_str().unwrap().ends_with("+09:00"));
    }
}

/// "What if Tuesday is missed": the same course with a day more, and which.
#[tokio::test]
async fn what_if_tuesday_is_missed() {
    let app = TestApp::new().await;
    let ada = app.patient("Ada").await;
    let mut body = json!({
        "timing": { "frequency": 2, "period": 1, "periodUnit": "d", "duration": { "value": 7, "unit": "d" } },
        "time_zone": "Europe/Berlin",
    });
    let plain = ada.post("/api/schedule-preview/", body.clone()).await.ok();
    assert_eq!(
        (plain["upcoming"].as_array().unwrap().len(), &plain["ends_at"]),
        (14, &json!("2026-02-08T19:00:00Z"))
    );
    assert!(plain.get("if_missed").is_none());
    body["missed"] = json!(["2026-02-03"]);
    let missed = ada.post("/api/schedule-preview/", body.clone()).await.ok();
    assert_eq!(missed["upcoming"], plain["upcoming"]);
    let then = &missed["if_missed"];
    assert_eq!((&then["ends_at"], &then["extended_by"]), (&json!("2026-02-09T19:00:00Z"), &json!(2)));
    assert_eq!(then["upcoming"].as_array().unwrap().len(), 16);
    // Everything missed: up to the cap and no further.
    let all: Vec<_> = (1..28).map(|day| format!("2026-02-{day:02}")).collect();
    body["missed"] = json!(all);
    assert_eq!(ada.post("/api/schedule-preview/", body.clone()).await.ok()["if_missed"]["extended_by"], 7);
    // Without an end there is nothing to extend.
    body["timing"] = json!({ "frequency": 1, "period": 1, "periodUnit": "d" });
    let open = ada.post("/api/schedule-preview/", body.clone()).await.ok();
    assert_eq!((&open["if_missed"]["ends_at"], &open["if_missed"]["extended_by"]), (&Value::Null, &json!(0)));
    body["missed"] = json!(["yesterday"]);
    assert_eq!(ada.post("/api/schedule-preview/", body).await.status, 422);
}
