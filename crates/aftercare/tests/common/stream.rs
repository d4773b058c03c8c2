//! Listening to `/api/events/`.

use super::Client;
use axum::{body::Body, http::Method};
use futures_util::StreamExt;
use serde_json::Value;
use std::time::Duration;
use tower::ServiceExt;

/// So many events (id, name, data), or those that came within two seconds.
pub async fn events(client: &Client, from: Option<&str>, most: usize) -> Vec<(String, String, Value)> {
    let mut request = client.request(Method::GET, "/api/events/");
    if let Some(from) = from {
        request = request.header("last-event-id", from);
    }
    let response = client.service.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut frames = response.into_body().into_data_stream();
    let mut text = String::new();
    let whole = |text: &str| text.matches("\n\n").count();
    while whole(&text) < most {
        match tokio::time::timeout(Duration::from_secs(2), frames.next()).await {
            Ok(Some(frame)) => text.push_str(std::str::from_utf8(&frame.unwrap()).unwrap()),
            _ => break,
        }
    }
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
    };
    text.split("\n\n")
        .filter(|block| block.contains("event:"))
        .map(|block| {
            let data = serde_json::from_str(&field(block, "data:")).unwrap();
            (field(block, "id:"), field(block, "event:"), data)
        })
        .collect()
}
