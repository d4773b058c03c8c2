//! The calendar that others subscribe to: read back by other people's libraries with the instants of the plan.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use axum::{body::Body, http::Method};
use common::{Client, TestApp, canary::holds_canary, independent::independently};
use serde_json::{Value, json};

/// Adds a calendar; its path.
async fn subscribe(ada: &Client) -> String {
    let added = ada.post("/api/channels/", json!({ "kind": "calendar", "name": "My phone" })).await.ok();
    let url = added["url"].as_str().unwrap();
    url[url.find("/cal/").unwrap()..].to_owned()
}

async fn read(app: &TestApp, path: &str) -> String {
    let answer = app.anon().get(path).await;
    assert_eq!(
        (answer.status, answer.headers["content-type"].to_str().unwrap()),
        (200, "text/calendar; charset=utf-8")
    );
    assert_eq!(answer.headers["cache-control"], "private, no-cache");
    let ics = String::from_utf8(answer.bytes).unwrap();
    assert!(ics.split("\r\n").all(|line| line.len() <= 75), "{ics}");
    assert!(!ics.replace("\r\n", "").contains('\n'), "every line ends in CR LF");
    ics
}

/// What both libraries read from `from` to `to`; they agree.
fn times(ics: &str, from: &str, to: &str) -> (Vec<String>, Value) {
    let asked = json!({ "ics": ics, "from": from, "to": to });
    let [python, javascript] =
        ["read_calendar.py", "read_calendar.mjs"].map(|program| independently(program, &asked).unwrap());
    assert_eq!(python, javascript, "{ics}");
    (serde_json::from_value(python["times"].clone()).unwrap(), python["cancelled"].clone())
}

/// The plan's own instants from `from` to `to`.
async fn planned(ada: &Client, from: &str, to: &str) -> Vec<String> {
    let all = ada.reminders(&format!("?from={from}&to={to}")).await;
    let mut due: Vec<_> = all
        .iter()
        .filter(|one| one["status"] != "cancelled")
        .map(|one| one["due_at"].as_str().unwrap().to_owned())
        .collect();
    due.sort();
    due
}

/// The clocks of Berlin go forward on 29 March.
const SPRING: (&str, &str) = ("2026-02-01T00:00:00Z", "2026-05-01T00:00:00Z");

stories! {
    /// Whatever the schedule, the calendar says what the plan does, on both sides of a clock change.
    async fn calendars_say_what_the_plan_says(app: TestApp) {
        let (ada, grace) = app.pair().await;
        let path = subscribe(&ada).await;
        for note in [
            "Take Drug A daily for 70 days.",
            "Take Drug A three times a day for 60 days.",
            "Take Drug A every 8 hours for 60 days.",
            "Take Drug A every other day at 7 am and 9:30 pm for 60 days.",
            "Weigh yourself every Monday and Thursday at 6:30 am.",
            "Take Drug A daily.",
            "Change the patch every 3 days at noon.",
            "Take Drug A once a week for 10 weeks. Take Drug B at bedtime for 65 days. Call the clinic in 2 weeks.",
            "Blood test once a month for 6 months.",
        ] {
            grace.submit(&ada, note).await;
            let ics = read(&app, &path).await;
            let wanted = planned(&ada, SPRING.0, SPRING.1).await;
            assert!(wanted.len() > 2, "{note}");
            assert_eq!(times(&ics, SPRING.0, SPRING.1).0, wanted, "{note}\n{ics}");
        }
    }

    /// A miss raises the count, an answer ahead of time takes its alarm out, a newer plan cancels, and each change is
    /// seen by the tag and the sequence.
    async fn changes_reach_calendars(app: TestApp) {
        let (ada, grace) = app.pair().await;
        let path = subscribe(&ada).await;
        grace.submit(&ada, "Take Zyxolitamab daily for 7 days.").await;
        let first = read(&app, &path).await;
        assert!(first.contains("COUNT=7"), "{first}");
        assert_eq!(holds_canary(first.as_bytes()), None);
        let sequence = |ics: &str| -> u32 { ics.split("SEQUENCE:").nth(1).unwrap().lines().next().unwrap().parse().unwrap() };
        assert_eq!(sequence(&first), 0);
        let tag = app.anon().get(&path).await.headers["etag"].clone();
        let again = app.anon().request(Method::GET, &path).header("if-none-match", &tag).body(Body::empty()).unwrap();
        assert_eq!(app.anon().send(again).await.status, 304);
        assert_eq!(app.anon().raw(Method::HEAD, &path, "text/plain", vec![]).await.status, 200);
        let asked = ada.get("/api/channels/").await.ok();
        assert_eq!(asked["items"][0]["handed_at"], "2026-02-02T05:00:00Z");
        // Two are missed.
        app.advance(Span::from_hours(51)).await;
        let second = read(&app, &path).await;
        assert!(second.contains("COUNT=9"), "{second}");
        assert!(sequence(&second) > sequence(&first));
        let again = app.anon().request(Method::GET, &path).header("if-none-match", &tag).body(Body::empty()).unwrap();
        assert_eq!(app.anon().send(again).await.status, 200);
        assert_eq!(times(&second, SPRING.0, SPRING.1).0, planned(&ada, SPRING.0, SPRING.1).await);
        // Answered an hour before its time.
        app.advance(Span::from_hours(22)).await;
        ada.done(&ada.reminders("?status=upcoming").await[0]).await.ok();
        let third = read(&app, &path).await;
        assert!(third.contains("EXDATE;TZID=Europe/Berlin:20260205T080000"), "{third}");
        let (left, _) = times(&third, "2026-02-05T00:00:00Z", SPRING.1);
        assert_eq!(left[0], "2026-02-06T07:00:00Z");
        // A newer plan; a journey; and the end of it all.
        grace.submit(&ada, "Take Drug B at 10 pm for 3 days.").await;
        let fourth = read(&app, &path).await;
        assert!(fourth.contains("STATUS:CANCELLED"), "{fourth}");
        let (left, cancelled) = times(&fourth, SPRING.0, SPRING.1);
        assert_eq!((left, cancelled), (planned(&ada, "2026-02-05T12:00:00Z", SPRING.1).await, json!(1)));
        ada.json(Method::PATCH, "/api/me/", json!({ "time_zone": "Asia/Tokyo" })).await.ok();
        let fifth = read(&app, &path).await;
        assert_eq!(times(&fifth, "2026-02-05T06:00:00Z", SPRING.1).0, planned(&ada, "2026-02-05T06:00:00Z", SPRING.1).await);
        app.advance(Span::from_days(40)).await;
        assert!(!read(&app, &path).await.contains("VEVENT"));
        // The link is all that is needed, and can be taken away.
        let id = asked["items"][0]["id"].as_str().unwrap();
        assert_eq!(ada.delete(&format!("/api/channels/{id}/")).await.status, 204);
        assert_eq!(app.anon().get(&path).await.status, 404);
        for bad in ["/cal/A.ics", "/cal/x", &path.replace(".ics", ""), &path.replace(".ics", "A.ics")] {
            assert_eq!(app.anon().get(bad).await.status, 404);
        }
    }
}
