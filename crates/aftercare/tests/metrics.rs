//! What is counted: read by the reference parser, on a port of its own, and without anybody in it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use common::{
    TestApp, email,
    independent::independently,
    metrics,
    process::{Server, free_port},
    sink::Sink,
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
};

fn read(text: &str) -> Value {
    independently("metrics.py", &json!({ "text": text })).unwrap()
}

stories! {
    async fn what_happens_is_counted(app: TestApp) {
        let (ada, grace) = app.pair().await;
        let sink = Sink::start().await;
        ada.post("/api/channels/", json!({ "kind": "webhook", "url": sink.url("hook") })).await.ok();
        grace.submit(&ada, "Take Drug A daily for 7 days.").await;
        app.advance(Span::from_hours(3)).await;
        ada.get("/api/nothing/of/the/sort/").await;
        let text = metrics(&app.app).await;
        let found = read(&text);
        let count = |name: &str| found[name].as_f64().unwrap_or(-1.0);
        let asked = r#"aftercare_request_duration_seconds_count{method="POST",route="/api/submit-notes/",status="201"}"#;
        assert!((count(asked) - 1.0).abs() < 0.1, "{text}");
        let nowhere = r#"aftercare_request_duration_seconds_count{method="GET",route="none",status="404"}"#;
        assert!((count(nowhere) - 1.0).abs() < 0.1, "{text}");
        assert!(count(r#"aftercare_messages_total{channel="webhook",outcome="handed"}"#) > 0.5, "{text}");
        assert!((count(r#"aftercare_notes_read_total{by="rules",outcome="read"}"#) - 1.0).abs() < 0.1, "{text}");
        assert!(count("aftercare_wakes_total") > 1.5 && count("aftercare_resident_memory_bytes") > 1e6, "{text}");
        assert!(count("aftercare_oldest_due_age_seconds").abs() < 0.1, "{text}");
        // Nobody has worked for ten hours: what fell due meanwhile waits.
        app.app.clock.advance(Span::from_hours(25));
        let found = read(&metrics(&app.app).await);
        let late = found["aftercare_oldest_due_age_seconds"].as_f64().unwrap();
        assert!((3_600.0..90_000.0).contains(&late), "{late}");
        for secret in [ada.id(), grace.id(), &email("Ada"), "Drug A", &sink.url("hook")] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn they_have_a_port_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let (port, metrics_port) = (free_port(), free_port());
    let at = format!("127.0.0.1:{metrics_port}");
    let _server = Server::start(folder.path(), port, "", &[("AFTERCARE_METRICS_LISTEN", &at)]);
    assert!(get(port, "/metrics").starts_with("HTTP/1.1 404"));
    let told = get(metrics_port, "/metrics");
    assert!(told.starts_with("HTTP/1.1 200") && told.contains("application/openmetrics-text"), "{told}");
    assert!(told.contains("# EOF"));
    assert!(get(metrics_port, "/api/me/").starts_with("HTTP/1.1 404"));
}
