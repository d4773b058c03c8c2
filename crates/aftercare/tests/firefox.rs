//! A message that a real browser shows: Firefox, with a push service on loopback.

mod common;

use aftercare_core::instant::Span;
use common::{TestApp, independent::program};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
    sync::mpsc,
    time::Duration,
};

#[tokio::test]
async fn firefox_shows_what_is_due_and_says_so() {
    let app = TestApp::new().await;
    let (ada, grace) = app.pair().await;
    let key = ada.get("/api/push-key/").await.ok();
    let mut child = program("firefox_push.mjs").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (tell, said) = mpsc::channel::<Value>();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if tell.send(serde_json::from_str(&line).unwrap()).is_err() {
                return;
            }
        }
    });
    let next = || said.recv_timeout(Duration::from_secs(90)).unwrap();
    let mut typed = child.stdin.take().unwrap();
    writeln!(typed, "{}", json!({ "applicationServerKey": key["key"] })).unwrap();
    let subscription = next()["subscription"].clone();
    let added =
        ada.post("/api/channels/", json!({ "kind": "web_push", "subscription": subscription })).await.ok();
    grace.submit(&ada, "Take Zyxolitamab daily for 7 days.").await;
    app.advance(Span::from_minutes(1)).await;
    assert_eq!(next()["notification"]["body"], "You have an update.");
    app.advance(Span::from_minutes(119)).await;
    let shown = next();
    assert_eq!(shown["notification"]["body"], "You have something due.");
    assert_eq!(shown["fault"], Value::Null, "it is on the screen");
    assert!(!shown.to_string().contains("Zyxolitamab"));
    let headers = &shown["headers"];
    assert_eq!(
        (&headers["encoding"], &headers["urgency"], &headers["vapid"]),
        (&json!("aes128gcm"), &json!("high"), &json!(true))
    );
    // The page's worker says that it was shown, and answers from the notification.
    let reached = async || ada.get("/api/channels/").await.ok()["items"][0]["reached_at"].clone();
    assert_eq!(reached().await, Value::Null);
    let ack = app.anon().post("/api/ack/", json!({ "ack": shown["payload"]["ack"] })).await;
    assert_eq!(ack.status, 204);
    assert_eq!(reached().await, "2026-02-02T07:00:00Z");
    let done = json!({ "tap": shown["payload"]["reminders"][0]["done"] });
    assert_eq!(app.anon().post("/api/tap/", done).await.ok()["status"], "done");
    // Answered, it is taken away on the device.
    app.advance(Span::from_minutes(1)).await;
    let clear = next();
    assert_eq!(
        (&clear["payload"]["kind"], &clear["payload"]["notification"]["tag"]),
        (&json!("clear"), &shown["payload"]["notification"]["tag"])
    );
    drop(typed);
    child.wait().unwrap();
    assert_eq!(added["channel"]["kind"], "web_push");
}
