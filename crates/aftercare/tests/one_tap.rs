//! Answers with one tap: from a notification or a mail, without signing in, and never by a machine that follows links.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use aftercare_seal::bytes;
use axum::http::Method;
use common::{
    Answer, Client, TestApp,
    independent::{browser, opened},
    sink::Sink,
};
use serde_json::{Value, json};

const NOTE: &str = "Take Drug A daily for 7 days.";

/// Ada's browser, and what it was pushed since the last time: the newest message, opened.
struct Browser {
    sink: Sink,
    keys: Value,
}

impl Browser {
    async fn of(ada: &Client) -> Self {
        let (sink, keys) = (Sink::start().await, browser());
        let subscription = json!({ "endpoint": sink.url("push"), "keys": keys["keys"] });
        ada.post("/api/channels/", json!({ "kind": "web_push", "subscription": subscription })).await.ok();
        Self { sink, keys }
    }

    fn newest(&self) -> Value {
        let came = self.sink.take();
        serde_json::from_str(&opened(&self.keys, came.last().map(|came| &came.body))[0]).unwrap()
    }
}

async fn tap(app: &TestApp, token: &Value) -> Answer {
    app.anon().post("/api/tap/", json!({ "tap": token })).await
}

/// The status of Ada's newest reminder that has been due.
async fn status(ada: &Client) -> Value {
    let all = ada.reminders("").await;
    all.iter().rfind(|one| one["status"] != "upcoming").unwrap()["status"].clone()
}

stories! {
    /// Done, Later and Skip of what was pushed: each once, each for its own reminder, and with the time of the tap.
    async fn a_notification_is_answered_where_it_is_shown(app: TestApp) {
        let (ada, grace) = app.pair().await;
        let browser = Browser::of(&ada).await;
        grace.submit(&ada, NOTE).await;
        app.advance(Span::from_hours(2)).await;
        let first = browser.newest();
        let taps = &first["reminders"][0];
        assert_eq!(taps["id"], ada.reminders("?status=due").await[0]["id"]);
        let later = tap(&app, &taps["later"]).await.ok();
        assert_eq!((&later["status"], &later["snoozed_until"]), (&json!("snoozed"), &json!("2026-02-02T07:15:00Z")));
        assert_eq!(tap(&app, &taps["later"]).await.problem(), (409, "used"));
        app.advance(Span::from_minutes(20)).await;
        let again = browser.newest();
        assert_eq!(again["notification"]["body"], "You have something due.");
        // Tapped in a tunnel, sent ten minutes later.
        let body = json!({ "tap": taps["done"], "at": "2026-02-02T07:16:00Z" });
        let key = "tunnel";
        let done = app.anon().post_with_key("/api/tap/", body.clone(), key).await.ok();
        assert_eq!((&done["status"], &done["reminder_id"]), (&json!("done"), &taps["id"]));
        assert_eq!(app.anon().post_with_key("/api/tap/", body, key).await.ok(), done, "the same request is one");
        assert_eq!(tap(&app, &taps["done"]).await.problem(), (409, "used"));
        let answered = ada.reminders("?status=done").await;
        assert_eq!(answered[0]["answered_at"], "2026-02-02T07:16:00Z");
        // The next day is another reminder, with tokens of its own.
        app.advance(Span::from_hours(24)).await;
        let second = browser.newest();
        assert_ne!(second["reminders"][0]["done"], taps["done"]);
        assert_eq!(tap(&app, &second["reminders"][0]["skip"]).await.ok()["status"], "skipped");
        assert_eq!(status(&ada).await, "skipped");
        // What has closed, and what was replaced, is not answered any more.
        app.advance(Span::from_hours(24)).await;
        let third = browser.newest();
        app.advance(Span::from_hours(24)).await;
        assert_eq!(tap(&app, &third["reminders"][0]["done"]).await.problem(), (409, "too_late"));
        let fourth = browser.newest();
        grace.submit(&ada, "Take Drug B at bedtime for 3 days.").await;
        assert_eq!(tap(&app, &fourth["reminders"][0]["done"]).await.problem(), (409, "superseded"));
        assert_eq!(status(&ada).await, "cancelled");
    }

    /// A token is good for what it was made for, whatever of it is changed.
    async fn a_token_cannot_be_made_up(app: TestApp) {
        let (ada, grace) = app.pair().await;
        let browser = Browser::of(&ada).await;
        grace.submit(&ada, NOTE).await;
        app.advance(Span::from_hours(2)).await;
        let taps = browser.newest()["reminders"][0].clone();
        let good = bytes::decode(taps["done"].as_str().unwrap()).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(tap(&app, &json!(bytes::encode(&bad))).await.status, 404, "byte {at}");
        }
        for bad in ["", "A", &"A".repeat(82)] {
            assert_eq!(tap(&app, &json!(bad)).await.status, 404);
        }
        assert_eq!(status(&ada).await, "due");
        ada.delete("/api/me/").await;
    }

    /// The link of a mail opens a page that asks. Following it, however often, answers nothing; its buttons do.
    async fn a_link_in_a_mail_asks_first(app: TestApp) {
        let (ada, grace) = app.pair().await;
        ada.post("/api/channels/", json!({ "kind": "email" })).await.ok();
        let kept = ada.get("/api/dev/mail/").await.ok();
        let code: String = kept["items"][0]["text"].as_str().unwrap().chars().filter(char::is_ascii_digit).collect();
        let id = ada.get("/api/channels/").await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
        ada.post(&format!("/api/channels/{id}/confirm/"), json!({ "code": code })).await.ok();
        grace.submit(&ada, NOTE).await;
        app.advance(Span::from_hours(2)).await;
        let text = ada.get("/api/dev/mail/").await.ok()["items"][0]["text"].as_str().unwrap().to_owned();
        let shown = app.anon().get("/dev/mail/").await;
        assert!(String::from_utf8(shown.bytes).unwrap().contains("<h2>You have something due</h2>"));
        let link = text.split("Answer: ").nth(1).unwrap().lines().next().unwrap();
        let path = |url: &str| url[url.find("/api/").unwrap()..].to_owned();
        let page = app.anon().get(&path(link)).await;
        assert_eq!((page.status, page.headers["content-type"].to_str().unwrap()), (200, "text/html; charset=utf-8"));
        let html = String::from_utf8(page.bytes).unwrap();
        assert!(html.contains("Since 08:00 on Monday, 2 February."), "{html}");
        assert!(!html.contains("Drug"), "{html}");
        let buttons: Vec<String> = html.split("action=\"").skip(1).map(|rest| path(rest.split('"').next().unwrap())).collect();
        assert_eq!(buttons.len(), 3);
        for url in &buttons {
            assert_eq!(app.anon().get(url).await.status, 404, "a button is no link");
        }
        assert_eq!(app.anon().raw(Method::POST, &path(link), "text/plain", vec![]).await.status, 404);
        assert_eq!(status(&ada).await, "due");
        let form = "application/x-www-form-urlencoded";
        let done = app.anon().raw(Method::POST, &buttons[0], form, vec![]).await;
        assert!(String::from_utf8(done.bytes).unwrap().contains("<h1>Done</h1>"));
        assert_eq!(status(&ada).await, "done");
        let after = app.anon().get(&path(link)).await;
        assert!(String::from_utf8(after.bytes).unwrap().contains("This is not open any more"));
    }
}
