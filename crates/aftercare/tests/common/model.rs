//! A model's server on loopback, in the documented form of its exchanges, and every way it fails.

use super::TestApp;
use aftercare_store::testing::On;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// A model's server on loopback that answers as scripted and keeps what it was asked.
pub struct Server {
    pub url: String,
    pub script: Arc<Mutex<Vec<Script>>>,
    pub asked: Arc<Mutex<Vec<(Uri, HeaderMap, Value)>>>,
}

impl Server {
    pub fn says(&self, script: Script) {
        *self.script.lock().unwrap() = vec![script];
    }
}

#[derive(Clone)]
pub enum Script {
    Answer(u16, String),
    Hang,
    /// Breaks off in the middle.
    Cut,
    /// Never ends: a byte now and then.
    Drip,
    Headers(u16, &'static str, &'static str),
}

#[derive(Clone)]
struct Shared {
    script: Arc<Mutex<Vec<Script>>>,
    asked: Arc<Mutex<Vec<(Uri, HeaderMap, Value)>>>,
}

async fn answer(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    shared.asked.lock().unwrap().push((uri, headers, serde_json::from_slice(&body).unwrap()));
    let mut script = shared.script.lock().unwrap().clone();
    let next = if script.len() > 1 { script.remove(0) } else { script[0].clone() };
    *shared.script.lock().unwrap() = script;
    match next {
        Script::Answer(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Script::Headers(status, name, value) => {
            (StatusCode::from_u16(status).unwrap(), [(name, value)], "").into_response()
        }
        Script::Hang => std::future::pending().await,
        Script::Cut => {
            let begun =
                futures_util::stream::iter([Ok("{\"candidates\":["), Err(std::io::Error::other("cut"))]);
            Body::from_stream(begun).into_response()
        }
        Script::Drip => {
            let tick = || tokio::time::sleep(std::time::Duration::from_millis(20));
            let drip = futures_util::stream::unfold((), move |()| async move {
                tick().await;
                Some((Ok::<_, std::io::Error>(" "), ()))
            });
            Body::from_stream(drip).into_response()
        }
    }
}

pub async fn server(script: Vec<Script>) -> Server {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let script = Arc::new(Mutex::new(script));
    let shared = Shared { script: Arc::clone(&script), asked: Arc::clone(&asked) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(shared);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Server { url, script, asked }
}

pub async fn gemini_app(server: &Server, more: &[(&str, &str)]) -> TestApp {
    let mut settings = vec![
        ("AFTERCARE_GEMINI__BASE_URL", server.url.as_str()),
        ("AFTERCARE_GEMINI__API_KEY", "test-key"),
        ("AFTERCARE_MODEL__PAUSE_MILLIS", "1"),
        ("AFTERCARE_MODEL__TIMEOUT_SECONDS", "1"),
    ];
    settings.extend(more);
    TestApp::with(On::Sqlite, &settings).await
}

pub async fn openai_app(server: &Server) -> TestApp {
    let base = format!("{}/v1", server.url);
    let settings = [
        ("AFTERCARE_OPENAI__BASE_URL", base.as_str()),
        ("AFTERCARE_OPENAI__MODEL", "some-model"),
        ("AFTERCARE_MODEL__PAUSE_MILLIS", "1"),
        ("AFTERCARE_MODEL__TIMEOUT_SECONDS", "1"),
    ];
    TestApp::with(On::Sqlite, &settings).await
}

/// One letter for each clause, as the prompt asks for it.
pub fn labels(letters: &str) -> String {
    let named =
        letters.chars().enumerate().map(|(i, letter)| (format!("{:02}", i + 1), letter.to_string().into()));
    Value::Object(named.collect()).to_string()
}

/// A `generateContent` answer in its documented form.
pub fn gemini_answer(text: &str, finish: &str) -> String {
    json!({
        "candidates": [{
            "content": { "role": "model", "parts": [{ "text": "considering", "thought": true }, { "text": text }] },
            "finishReason": finish,
            "index": 0
        }],
        "usageMetadata": { "promptTokenCount": 420, "candidatesTokenCount": 80, "thoughtsTokenCount": 30 },
        "modelVersion": "gemini-3.8-flash"
    })
    .to_string()
}

pub fn openai_answer(text: &str, finish: &str) -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "some-model-2026",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": finish }],
        "usage": { "prompt_tokens": 420, "completion_tokens": 80 }
    })
    .to_string()
}
