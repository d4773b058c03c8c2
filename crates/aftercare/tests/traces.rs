//! Traces by OTLP: what took how long, without anybody in it. Built with the feature `otel` alone.
#![cfg(feature = "otel")]

mod common;

use common::{
    process::{Server, free_port},
    sink::Sink,
    there::Client,
};
use serde_json::json;
use std::time::Duration;

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_batches_and_messages_are_told_and_nobody_is_in_it() {
    let (folder, port, sink) = (tempfile::tempdir().unwrap(), free_port(), Sink::start().await);
    let collector = sink.url("");
    let settings =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.trim_end_matches('/')), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let _server = Server::start(folder.path(), port, "", &settings);
    let anon = Client::at(port);
    let ((ada, ada_id), (grace, grace_id)) =
        (anon.sign_up("ada", "patient").await, anon.sign_up("grace", "doctor").await);
    ada.ok("/api/select-doctor/", Some(&json!({ "doctor_id": grace_id }))).await;
    let hook = json!({ "kind": "http", "url": sink.url("hook"), "template": "{}" });
    ada.ok("/api/channels/", Some(&hook)).await;
    let note = json!({ "patient_id": ada_id, "note": "Take Quokkamab every 6 hours for 7 days." });
    grace.ok("/api/submit-notes/", Some(&note)).await;
    ada.ok("/api/dev/clock/", Some(&json!({ "advance": "7h" }))).await;
    assert_eq!(anon.send("/api/reminders/", None).await.map(|(status, _)| status), Some(401));

    let told = [
        "aftercare",
        "POST /api/submit-notes/",
        "GET /api/reminders/",
        "http.response.status_code",
        "batch",
        "handed",
    ];
    let mut traces = Vec::new();
    for _ in 0..200 {
        let came = sink.take().into_iter().filter(|one| one.path == "/v1/traces");
        traces.extend(came.flat_map(|one| one.body));
        if told.iter().all(|one| contains(&traces, one)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for one in told {
        assert!(contains(&traces, one), "{one} in {} bytes", traces.len());
    }
    for secret in ["Quokkamab", "ada@", "grace@", &ada_id, &grace_id, &sink.url("hook")] {
        assert!(!contains(&traces, secret), "{secret}");
    }
}
