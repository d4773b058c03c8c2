//! The doctor's work list: why a look is needed, found without a word of a note, and told as it changes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use common::{Client, TestApp, independent::browser, sink::Sink, stream::events};
use serde_json::{Value, json};

const NOTE: &str = "Take Drug A daily for 7 days.";
const DAY: Span = Span::from_days(1);

/// Why the doctor's first patient needs a look.
async fn attention(doctor: &Client) -> Value {
    doctor.get("/api/doctor/patients/").await.ok()["items"][0]["attention"].clone()
}

/// Of which patients the doctor was told since an event, and the last event.
async fn told(doctor: &Client, from: &str, most: usize) -> (Vec<Value>, String) {
    let came = events(doctor, Some(from), most).await;
    assert!(came.iter().all(|(_, name, _)| name == "work_list.changed"), "{came:?}");
    let last = came.last().map_or_else(|| from.to_owned(), |(id, _, _)| id.clone());
    (came.into_iter().map(|(_, _, data)| data["object_id"].clone()).collect(), last)
}

const FIRST: &str = "00000000-0000-7000-8000-000000000000";

stories! {
    /// Never begun, lapsed, taken up again, left out for a side effect, ending soon: each comes and goes, and the
    /// doctor's stream says so each time.
    async fn reasons_come_and_go(app: TestApp) {
        let (ada, grace) = app.pair().await;
        grace.submit(&ada, NOTE).await;
        // The engine brings the doctors' side up to date.
        app.advance(Span::from_hours(3)).await;
        assert_eq!(attention(&grace).await, json!([]));
        let (_, last) = told(&grace, FIRST, 1).await;
        app.advance(DAY).await;
        assert_eq!(attention(&grace).await, json!(["not_started"]));
        let (who, last) = told(&grace, &last, 1).await;
        assert_eq!(who, [ada.user["id"].clone()]);
        app.advance(DAY).await;
        assert_eq!(attention(&grace).await, json!(["lapsed"]));
        let (who, last) = told(&grace, &last, 1).await;
        assert_eq!(who.len(), 1);
        let due = &ada.reminders("?status=due").await[0];
        let skip = json!({ "reminder_id": due["id"], "status": "skipped", "cause": "side_effect" });
        ada.post("/api/check-in/", skip.clone()).await.ok();
        app.advance(Span::from_hours(1)).await;
        assert_eq!(attention(&grace).await, json!(["side_effect"]));
        assert_eq!(told(&grace, &last, 1).await.0.len(), 1);
        // It is no reason for a dose that was taken.
        let mut done = skip;
        done["status"] = json!("done");
        let answer = ada.post("/api/check-in/", done.clone()).await;
        assert_eq!(answer.problem(), (422, "invalid"));
        assert_eq!(answer.json["errors"][0]["pointer"], "/cause");
        done.as_object_mut().unwrap().remove("cause");
        ada.post("/api/check-in/", done).await.ok();
        assert_eq!(attention(&grace).await, json!([]));
        // Two of seven were missed, one is done: days four to nine. The last is due at eight on the ninth.
        for _ in 0..3 {
            app.advance(DAY).await;
            assert_eq!(attention(&grace).await, json!([]));
            ada.done(&ada.reminders("?status=due").await[0]).await.ok();
        }
        app.advance(Span::from_hours(22)).await;
        assert_eq!(attention(&grace).await, json!(["ends_soon"]), "{:?}", ada.reminders("?status=upcoming").await);
        // A newer note is a plan of its own.
        grace.submit(&ada, NOTE).await;
        assert_eq!(attention(&grace).await, json!([]));
        let search = grace.get("/api/doctor/patients/?attention=true").await.ok();
        assert_eq!(search["items"], json!([]));
    }

    /// A message that nobody has seen arrive for a day, or channels that are all gone; and neither once one arrives.
    async fn somebody_who_is_not_reached(app: TestApp) {
        let sink = Sink::start().await;
        let (ada, grace) = app.pair().await;
        grace.submit(&ada, NOTE).await;
        let add = json!({ "kind": "http", "url": sink.url("x"), "template": r#"{"text":"{{body}}"}"# });
        let channel = ada.post("/api/channels/", add).await.ok()["channel"]["id"].as_str().unwrap().to_owned();
        sink.answer(&vec![(503, None); 2_000]);
        app.advance(Span::from_hours(20)).await;
        assert_eq!(attention(&grace).await, json!([]));
        assert_eq!(ada.get("/api/channels/").await.ok()["not_reached_since"], Value::Null);
        let (_, last) = told(&grace, FIRST, 9).await;
        let own = events(&ada, None, 0).await.len();
        assert_eq!(own, 0);
        app.advance(Span::from_hours(6)).await;
        assert_eq!(attention(&grace).await, json!(["not_started", "unreachable"]));
        assert_eq!(ada.get("/api/channels/").await.ok()["not_reached_since"], "2026-02-02T07:00:00Z");
        let (who, last) = told(&grace, &last, 9).await;
        assert_eq!(who, [ada.user["id"].clone()], "missed, and not reached: one look tells both");
        // It works again.
        sink.forget_answers();
        ada.post(&format!("/api/channels/{channel}/test/"), json!({})).await.ok();
        app.advance(Span::from_hours(1)).await;
        assert_eq!(attention(&grace).await, json!(["not_started"]));
        assert_eq!(told(&grace, &last, 9).await.0.len(), 1);
        // A browser that is gone for good, and nothing beside it.
        ada.delete(&format!("/api/channels/{channel}/")).await;
        let browser = browser();
        let subscription = json!({ "endpoint": sink.url("push"), "keys": browser["keys"] });
        ada.post("/api/channels/", json!({ "kind": "web_push", "subscription": subscription })).await.ok();
        assert_eq!(attention(&grace).await, json!(["not_started"]));
        sink.answer(&[(410, None); 20]);
        app.advance(DAY).await;
        assert_eq!(ada.get("/api/channels/").await.ok()["items"][0]["state"], "broken");
        assert!(attention(&grace).await.as_array().unwrap().contains(&json!("unreachable")));
    }

    /// While we were down nobody has missed anything, and nobody was unreachable.
    async fn our_outage_raises_no_alarm(app: TestApp) {
        let (ada, grace) = app.pair().await;
        grace.submit(&ada, NOTE).await;
        ada.post("/api/channels/", json!({ "kind": "webhook", "url": "http://127.0.0.1:9/x" })).await.ok();
        aftercare::engine::round(&app.app).await.unwrap();
        app.app.clock.advance(Span::from_hours(80));
        aftercare::engine::round(&app.app).await.unwrap();
        assert_eq!(ada.reminders("?status=not_delivered").await.len(), 3);
        assert_eq!(attention(&grace).await, json!([]));
    }
}
