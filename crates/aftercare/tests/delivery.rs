//! Messages that reach people: one for all that is due, true when it is sent, by the next way where one fails, and
//! never a word about health.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use aftercare_store::testing::On;
use axum::http::Method;
use common::{Client, TestApp, independent::independently, sink::Sink};
use serde_json::{Value, json};

const NOTE: &str = "Take Drug A daily for 7 days. Take Drug B daily for 7 days.";

/// Ada with a plan of two things at eight, by the word of Grace.
async fn planned(app: &TestApp) -> (Client, Client) {
    let (ada, grace) = app.pair().await;
    grace.submit(&ada, NOTE).await;
    (ada, grace)
}

async fn hook(client: &Client, sink: &Sink, path: &str) -> Value {
    let template = r#"{"text":"{{title}}: {{body}}","due":"{{due_at}}","count":{{count}}}"#;
    let body = json!({ "kind": "http", "url": sink.url(path), "template": template });
    client.post("/api/channels/", body).await.ok()["channel"].clone()
}

async fn mail(client: &Client) -> Vec<Value> {
    client.get("/api/dev/mail/").await.ok()["items"].as_array().unwrap().clone()
}

/// Adds the account's own address, and shows whose it is.
async fn own_mail(client: &Client) -> Value {
    let added = client.post("/api/channels/", json!({ "kind": "email" })).await.ok();
    assert_eq!(added["channel"]["state"], "unconfirmed");
    let text = mail(client).await[0]["text"].as_str().unwrap().to_owned();
    let code: String = text.chars().filter(char::is_ascii_digit).collect();
    let path = format!("/api/channels/{}/confirm/", added["channel"]["id"].as_str().unwrap());
    let wrong = json!({ "code": "00000000" });
    assert_eq!(client.post(&path, wrong).await.problem(), (422, "invalid"));
    let confirmed = client.post(&path, json!({ "code": code })).await.ok();
    assert_eq!(confirmed["state"], "live");
    confirmed
}

stories! {
    /// Two things at eight are one message; unanswered it comes three times more, with the time of the first.
    async fn one_message_for_all_that_is_due_and_three_repeats(app: TestApp) {
        let sink = Sink::start().await;
        let (ada, _) = planned(&app).await;
        hook(&ada, &sink, "ada").await;
        sink.take();
        // Monday, 06:00 in Berlin.
        app.advance(Span::from_minutes(119)).await;
        assert!(sink.take().is_empty());
        app.advance(Span::from_minutes(1)).await;
        let came = sink.take();
        assert_eq!(came.len(), 1);
        assert_eq!(came[0].json(), json!({ "text": "Aftercare: You have 2 things due.", "due": "2026-02-02T07:00:00Z", "count": 2 }));
        app.advance(Span::from_hours(5)).await;
        let repeats = sink.take();
        assert_eq!(repeats.len(), 3);
        assert!(repeats.iter().all(|came| came.json()["due"] == "2026-02-02T07:00:00Z"));
        // The next day begins anew, with one answered.
        let due = ada.reminders("?status=due").await;
        ada.done(&due[0]).await.ok();
        app.advance(Span::from_hours(19)).await;
        let came = sink.take();
        assert_eq!(came[0].json()["count"], 2);
    }

    /// What is answered, replaced or closed is not said, though a message was waiting.
    async fn what_is_no_longer_true_is_never_sent(app: TestApp) {
        let sink = Sink::start().await;
        let (ada, grace) = planned(&app).await;
        hook(&ada, &sink, "ada").await;
        sink.take();
        sink.answer(&[(503, None), (503, None)]);
        app.advance(Span::from_hours(2)).await;
        assert_eq!(sink.take().len(), 1);
        for due in ada.reminders("?status=due").await {
            ada.done(&due).await.ok();
        }
        app.advance(Span::from_hours(2)).await;
        assert!(sink.take().is_empty(), "answered");
        // The same with a newer plan.
        app.advance(Span::from_hours(22)).await;
        let came = sink.take();
        assert_eq!(came[0].json()["count"], 2);
        sink.answer(&[(503, None)]);
        app.advance(Span::from_hours(24)).await;
        sink.take();
        grace.submit(&ada, "Take Drug C at bedtime for 3 days.").await;
        app.advance(Span::from_hours(2)).await;
        let came = sink.take();
        assert_eq!(came.iter().map(|came| came.json()["text"].clone()).collect::<Vec<_>>(), ["Aftercare: You have an update."]);
    }

    /// A channel that is tired is tried again, later and later; one that is gone gives way to the next, which says so.
    async fn the_next_channel_has_it_where_one_fails(app: TestApp) {
        let sink = Sink::start().await;
        let (ada, _) = planned(&app).await;
        let first = hook(&ada, &sink, "first").await;
        own_mail(&ada).await;
        let before = mail(&ada).await.len();
        sink.answer(&[(500, None), (429, Some(60)), (201, None)]);
        app.advance(Span::from_minutes(120)).await;
        app.advance(Span::from_minutes(3)).await;
        assert_eq!(sink.take().len(), 3, "tried until it was taken");
        assert_eq!(mail(&ada).await.len(), before);
        let listed = ada.get("/api/channels/").await.ok();
        assert_eq!((&listed["items"][0]["state"], &listed["items"][0]["fault"]), (&json!("live"), &Value::Null));
        // The repeats find nobody: after three failures the mail has it too.
        sink.answer(&[(500, None); 40]);
        app.advance(Span::from_minutes(15)).await;
        let kept = mail(&ada).await;
        assert!(kept.len() > before, "{kept:?}");
        assert!(kept[0]["text"].as_str().unwrap().contains("could not be reached, so this came here"));
        assert_eq!(kept[0]["subject"], "You have something due");
        let source = kept[0]["source"].as_str().unwrap();
        for header in ["List-Unsubscribe: <", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Auto-Submitted: auto-generated", "Message-ID: <"] {
            assert!(source.contains(header), "{source}");
        }
        let listed = ada.get("/api/channels/").await.ok();
        assert_eq!(listed["items"][0]["id"], first["id"]);
        assert_eq!(listed["items"][0]["fault"], "answered 500");
        assert!(listed["items"][0]["failing_since"].is_string());
        // One click ends the mail; once more is no error.
        let url = source.split("List-Unsubscribe: <").nth(1).unwrap().split('>').next().unwrap().replace("\r\n ", "");
        let path = &url[url.find("/api/").unwrap()..];
        for _ in 0..2 {
            let click = app.anon().raw(Method::POST, path, "application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click".to_vec()).await;
            assert_eq!(click.status, 204);
        }
        assert_eq!(ada.get("/api/channels/").await.ok()["items"].as_array().unwrap().len(), 1);
        assert_eq!(app.anon().post(&path.replace("/api/unsubscribe/", "/api/unsubscribe/A"), Value::Null).await.status, 404);
    }

    /// Later is later: nothing is said before, and then as if for the first time; the times of the plan stay.
    async fn snoozed_reminders_come_back(app: TestApp) {
        let sink = Sink::start().await;
        let (ada, grace) = app.pair().await;
        grace.submit(&ada, "Take Drug A daily for 7 days.").await;
        hook(&ada, &sink, "ada").await;
        app.advance(Span::from_hours(2)).await;
        sink.take();
        let due = ada.reminders("?status=due").await[0].clone();
        let path = format!("/api/reminders/{}/snooze/", due["id"].as_str().unwrap());
        let answer = ada.post(&path, json!({ "minutes": 60 })).await.ok();
        assert_eq!(answer["snoozed_until"], "2026-02-02T08:00:00Z");
        app.advance(Span::from_minutes(59)).await;
        assert!(sink.take().is_empty());
        app.advance(Span::from_minutes(1)).await;
        let came = sink.take();
        assert_eq!((came.len(), &came[0].json()["due"]), (1, &json!("2026-02-02T07:00:00Z")));
        for (body, status) in [
            (json!({}), 422), (json!({ "minutes": 0 }), 422), (json!({ "minutes": 1, "until": "2026-02-02T09:00:00Z" }), 422),
            (json!({ "until": "2026-02-02T07:00:00Z" }), 422), (json!({ "until": "2026-02-05T07:00:00Z" }), 422),
        ] {
            assert_eq!(ada.post(&path, body.clone()).await.status, status, "{body}");
        }
        assert_eq!(grace.post(&path, json!({ "minutes": 15 })).await.status, 403);
        ada.done(&due).await.ok();
        assert_eq!(ada.post(&path, json!({ "minutes": 15 })).await.problem(), (409, "not_open"));
    }

    /// A pause silences a step and nothing else: what is left out meanwhile is missed, the course is as much longer, and
    /// the doctor sees it. Taken back, or over, it is said again.
    async fn a_pause_is_silence(app: TestApp) {
        let sink = Sink::start().await;
        let (ada, grace) = app.pair().await;
        grace.submit(&ada, "Take Drug A daily for 7 days. Buy a pill box.").await;
        hook(&ada, &sink, "ada").await;
        app.advance(Span::from_hours(2)).await;
        sink.take();
        let steps = ada.get("/api/actionable-steps/").await.ok();
        let step = steps["plan"][0].clone();
        let path = format!("/api/steps/{}/pause/", step["id"].as_str().unwrap());
        let paused = ada.post(&path, json!({ "until": "2026-02-05" })).await.ok();
        assert_eq!(paused["paused_until"], "2026-02-04T23:00:00Z");
        let attention = async || grace.get("/api/doctor/patients/").await.ok()["items"][0]["attention"].clone();
        assert_eq!(attention().await, json!(["paused"]));
        // Two doses fall due and are not said; one of them is taken all the same.
        app.advance(Span::from_hours(24)).await;
        ada.done(&ada.reminders("?status=due").await[0]).await.ok();
        app.advance(Span::from_hours(30)).await;
        assert!(sink.take().is_empty(), "{:?}", ada.reminders("").await);
        let progress = ada.get("/api/actionable-steps/").await.ok()["plan"][0]["progress"].clone();
        assert_eq!([&progress["done"], &progress["missed"], &progress["planned"]], [1, 1, 7]);
        assert_eq!(progress["ends_at"], "2026-02-09T07:00:00Z", "eight days on for seven doses");
        // It ends by itself: nobody is woken at midnight for what is open since yesterday, what falls due next is said.
        app.advance(Span::from_hours(17)).await;
        assert!(sink.take().is_empty());
        app.advance(Span::from_hours(1)).await;
        assert_eq!(sink.take().first().map(|one| one.json()["due"].clone()), Some(json!("2026-02-05T07:00:00Z")));
        assert_eq!(ada.get("/api/actionable-steps/").await.ok()["plan"][0].get("paused_until"), None);
        assert_ne!(attention().await[0], "paused");
        // Or it is taken back.
        ada.done(&ada.reminders("?status=due").await[0]).await.ok();
        ada.post(&path, json!({ "until": "2026-02-20" })).await.ok();
        app.advance(Span::from_hours(24)).await;
        assert!(sink.take().is_empty());
        ada.post(&path, json!({ "until": null })).await.ok();
        app.advance(Span::from_minutes(1)).await;
        assert_eq!(sink.take().len(), 1);
        for wrong in ["2026-02-01", "2026-03-20", "never"] {
            assert_eq!(ada.post(&path, json!({ "until": wrong })).await.problem(), (422, "invalid"), "{wrong}");
        }
        assert_eq!(grace.post(&path, json!({ "until": null })).await.status, 403);
        let task = steps["checklist"][0]["id"].as_str().unwrap();
        let task = ada.post(&format!("/api/steps/{task}/pause/"), json!({ "until": null })).await;
        assert_eq!(task.problem(), (409, "not_scheduled"));
        // A newer note: nothing is left to pause.
        grace.submit(&ada, "Take Drug B daily for 7 days.").await;
        assert_eq!(ada.post(&path, json!({ "until": null })).await.problem(), (409, "superseded"));
    }

    /// Quiet hours and digests are kept; a person who has no channel is told by the stream alone.
    async fn people_are_told_as_they_wish(app: TestApp) {
        let sink = Sink::start().await;
        let (ada, _) = planned(&app).await;
        hook(&ada, &sink, "ada").await;
        let me = ada.get("/api/me/").await.ok();
        assert_eq!(me["reminders"], json!({ "quiet": null, "repeat": true, "digest": false }));
        let wish = async |reminders: Value| ada.json(Method::PATCH, "/api/me/", json!({ "reminders": reminders })).await;
        assert_eq!(wish(json!({ "quiet": { "from": "22:00", "to": "09:30" } })).await.ok()["reminders"]["quiet"]["to"], "09:30");
        assert_eq!(wish(json!({ "quiet": { "from": "22:00", "to": "22:00" } })).await.problem(), (422, "invalid"));
        assert_eq!(wish(json!({ "loud": true })).await.problem(), (422, "invalid"));
        sink.take();
        app.advance(Span::from_minutes(209)).await;
        assert!(sink.take().is_empty(), "quiet until half past nine");
        app.advance(Span::from_minutes(1)).await;
        assert_eq!(sink.take().len(), 1);
        wish(json!({ "quiet": null, "digest": true })).await.ok();
        app.advance(Span::from_hours(20)).await;
        sink.take();
        app.advance(Span::from_hours(12)).await;
        let came = sink.take();
        assert_eq!(came.len(), 1, "no repeats");
    }

    /// What became of messages, and what happened, is not kept for ever.
    async fn what_has_had_its_time_goes(app: TestApp) {
        let sink = Sink::start().await;
        let (ada, _) = planned(&app).await;
        hook(&ada, &sink, "ada").await;
        app.advance(Span::from_days(2)).await;
        let rows = async |table: &str| {
            let mut tx = app.app.store.read().await.unwrap();
            aftercare_store::inspect::table(&mut tx, table).await.unwrap().unwrap().len()
        };
        let tidy = async || {
            for _ in 0..32 {
                aftercare::engine::tidy(&app.app).await.unwrap();
                app.advance(Span::from_minutes(10)).await;
            }
        };
        let (messages, events) = (rows("delivery").await, rows("event").await);
        tidy().await;
        assert!(rows("delivery").await >= messages, "kept for thirty days");
        assert!(rows("event").await < events, "kept for one");
        app.advance(Span::from_days(60)).await;
        tidy().await;
        assert_eq!((rows("delivery").await, rows("event").await, rows("sending").await), (0, 0, 0));
    }

    /// What happens is told as it happens, once, and from where it was left.
    async fn a_stream_tells_what_happens(app: TestApp) {
        let (ada, _) = planned(&app).await;
        app.advance(Span::from_minutes(1)).await;
        let seen = common::stream::events(&ada, None, 1).await;
        assert!(seen.is_empty(), "{seen:?}");
        let last = {
            app.advance(Span::from_hours(2)).await;
            let due = ada.reminders("?status=due").await[0].clone();
            ada.done(&due).await.ok();
            let from = Some("00000000-0000-7000-8000-000000000000");
            let seen = common::stream::events(&ada, from, 3).await;
            assert_eq!(seen.iter().map(|(_, kind, _)| kind.as_str()).collect::<Vec<_>>(), ["plan.changed", "reminder.due", "check_in"]);
            assert_eq!(seen[2].2["object_id"], due["id"]);
            seen[1].0.clone()
        };
        let seen = common::stream::events(&ada, Some(&last), 1).await;
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].1, "check_in");
    }
}

#[tokio::test]
async fn programs_are_told_in_the_standard_way() {
    let app = TestApp::new().await;
    let sink = Sink::start().await;
    let (ada, _) = planned(&app).await;
    let added = ada.post("/api/channels/", json!({ "kind": "webhook", "url": sink.url("hook") })).await.ok();
    app.advance(Span::from_hours(2)).await;
    let came = sink.take();
    let came = came.iter().find(|came| came.json()["type"] == "message.reminder").unwrap();
    // The libraries of those who wrote the standard take it, and nothing that was changed.
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), json!(came.header(name)))).collect();
    let body = String::from_utf8(came.body.clone()).unwrap();
    for program in ["webhook.mjs", "webhook.py"] {
        let mut asked = json!({ "secret": added["secret"], "headers": headers, "body": body, "now": app.app.clock.wall().as_secs() });
        assert_eq!(independently(program, &asked).unwrap(), came.json(), "{program}");
        asked["body"] = json!(body.replace("reminder", "reminded"));
        assert!(independently(program, &asked).is_err(), "{program}");
    }
    assert_eq!(came.json()["data"]["count"], 2);
    // A program that has lost something has it again, under the same id; its owner sees what went.
    let path = format!("/api/channels/{}/log/", added["channel"]["id"].as_str().unwrap());
    let log = ada.get(&path).await.ok();
    let logged = log["items"].as_array().unwrap().iter().find(|one| one["kind"] == "reminder").unwrap();
    assert_eq!((&logged["state"], &logged["due_at"]), (&json!("handed"), &json!("2026-02-02T07:00:00Z")));
    let message = logged["id"].as_str().unwrap();
    assert_eq!(came.header("webhook-id"), format!("msg_{}", message.replace('-', "")));
    assert_eq!(ada.post(&format!("{path}{message}/replay/"), Value::Null).await.ok()["taken"], true);
    assert_eq!(sink.take()[0].header("webhook-id"), came.header("webhook-id"));
    app.advance(Span::from_minutes(10)).await;
    let log = ada.get(&path).await.ok();
    let page = ada.get(&format!("{path}?limit=1")).await.ok();
    let next =
        ada.get(&format!("{path}?limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).await.ok();
    assert_eq!(next["items"][0], log["items"][1]);
    // The secret is shown once.
    let listed = ada.get("/api/channels/").await.ok();
    assert!(!listed.to_string().contains("whsec"));
}

#[tokio::test]
async fn a_browser_that_shows_nothing_gives_way() {
    let app = TestApp::new().await;
    let sink = Sink::start().await;
    let (ada, _) = planned(&app).await;
    let browser = aftercare_seal::webpush::PushKey::random(&mut app.app.random.rng()).unwrap();
    let keys = json!({ "p256dh": browser.public().unwrap(), "auth": "BTBZMqHH6r4Tts7J_aSIgg" });
    let subscription = json!({ "endpoint": sink.url("push/1"), "expirationTime": null, "keys": keys });
    ada.post("/api/channels/", json!({ "kind": "web_push", "subscription": subscription })).await.ok();
    let address = common::email("Ada");
    own_mail(&ada).await;
    let before = mail(&ada).await.len();
    sink.take();
    app.advance(Span::from_hours(2)).await;
    let came = sink.take();
    assert_eq!(came.len(), 1);
    assert_eq!((came[0].header("content-encoding"), came[0].header("urgency")), ("aes128gcm", "high"));
    assert!(came[0].header("ttl").parse::<u32>().unwrap() > 80_000);
    assert!(came[0].header("topic").len() <= 32);
    assert!(came[0].header("authorization").starts_with("vapid t="));
    assert_eq!(mail(&ada).await.len(), before);
    // Nobody says that it was shown: after two minutes it goes by mail.
    app.advance(Span::from_minutes(2)).await;
    assert_eq!(mail(&ada).await.len(), before + 1);
    assert_eq!(mail(&ada).await[0]["to"], address);
    // A push service that knows the browser no more.
    sink.answer(&[(410, None)]);
    app.advance(Span::from_minutes(8)).await;
    assert_eq!(mail(&ada).await.len(), before + 2);
    let listed = ada.get("/api/channels/").await.ok();
    assert_eq!(
        (&listed["items"][0]["state"], &listed["items"][0]["fault"]),
        (&json!("broken"), &json!("answered 410"))
    );
    sink.take();
    app.advance(Span::from_minutes(10)).await;
    assert!(sink.take().is_empty());
}

#[tokio::test]
async fn a_test_says_how_far_it_came() {
    let app = TestApp::new().await;
    let sink = Sink::start().await;
    let ada = app.patient("Ada").await;
    let channel = hook(&ada, &sink, "ada").await;
    let path = format!("/api/channels/{}/test/", channel["id"].as_str().unwrap());
    let stages = async || {
        let answer = ada.post(&path, Value::Null).await.ok();
        let stages = answer["stages"].as_array().unwrap().clone();
        stages.iter().map(|stage| (stage["stage"].clone(), stage["ok"].clone())).collect::<Vec<_>>()
    };
    let good =
        [(json!("confirmed"), json!(true)), (json!("handed"), json!(true)), (json!("shown"), Value::Null)];
    assert_eq!(stages().await, good);
    assert_eq!(sink.take()[0].json()["text"], "Aftercare: This is a test: messages arrive here.");
    sink.answer(&[(400, None)]);
    assert_eq!(stages().await, [good[0].clone(), (json!("handed"), json!(false))]);
    let others = app.patient("Eve").await;
    assert_eq!(others.post(&path, Value::Null).await.status, 404);
    for (body, at) in [
        (json!({ "kind": "webhook", "url": "ftp://x" }), "/url"),
        (json!({ "kind": "ntfy", "url": "https://ntfy.example" }), "/url"),
        (json!({ "kind": "email", "address": "nobody" }), "/address"),
        (json!({ "kind": "pigeon" }), "/kind"),
    ] {
        let answer = ada.post("/api/channels/", body.clone()).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(
            answer.json["errors"][0]["pointer"].as_str().unwrap().starts_with(at) || at == "/kind",
            "{}",
            answer.json
        );
    }
}

/// The wave at eight is spread over as long as somebody sets, each person always at their place, and nobody is told twice.
#[tokio::test]
async fn a_wave_may_be_spread() {
    let app = TestApp::with(On::Sqlite, &[("AFTERCARE_SMEAR_SECONDS", "60")]).await;
    let (sink, grace) = (Sink::start().await, app.doctor("Grace").await);
    for n in 0..12 {
        let person = app.patient(&format!("Ada{n}")).await;
        person.select(&grace).await;
        hook(&person, &sink, &n.to_string()).await;
        grace.submit(&person, "Take Drug A daily for 7 days.").await;
    }
    app.advance(Span::from_hours(1)).await;
    sink.take();
    let mut waves = Vec::new();
    for _ in 0..2 {
        app.advance(Span::from_hours(1)).await;
        let mut wave = Vec::new();
        for second in 0..=60 {
            wave.extend(sink.take().into_iter().map(|came| (second, came.path)));
            app.advance(Span::from_secs(1)).await;
        }
        let mut people: Vec<_> = wave.iter().map(|(_, path)| path).collect();
        people.sort();
        people.dedup();
        assert_eq!((wave.len(), people.len()), (12, 12), "{wave:?}");
        let first_half = wave.iter().filter(|(second, _)| *second < 30).count();
        assert!((1..12).contains(&first_half), "{wave:?}");
        waves.push(wave);
        app.advance(Span::from_secs(23 * 3_600 - 61)).await;
        sink.take();
    }
    assert_eq!(waves[0], waves[1]);
}
