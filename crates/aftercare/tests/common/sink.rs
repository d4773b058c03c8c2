//! A local receiver of messages: what came is kept, and it answers as it is told.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

/// A status, and `Retry-After`.
type Answer = (u16, Option<u32>);

/// A request that came.
#[derive(Clone, Debug)]
pub struct Came {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Came {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Clone, Default)]
pub struct Sink {
    came: Arc<Mutex<Vec<Came>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    port: u16,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        let service = Router::new().fallback(take).with_state(sink.clone());
        tokio::spawn(async move { axum_serve(listener, service).await });
        sink
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// The next requests are answered so; after that 201.
    pub fn answer(&self, answers: &[Answer]) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// From now on all are answered 201.
    pub fn forget_answers(&self) {
        self.answers.lock().unwrap().clear();
    }

    /// What came since the last time.
    pub fn take(&self) -> Vec<Came> {
        std::mem::take(&mut self.came.lock().unwrap())
    }
}

async fn take(
    State(sink): State<Sink>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    sink.came.lock().unwrap().push(Came { path: uri.path().to_owned(), headers, body: body.to_vec() });
    let (status, after) = sink.answers.lock().unwrap().pop_front().unwrap_or((201, None));
    let mut headers = HeaderMap::new();
    if let Some(after) = after {
        headers.insert("retry-after", after.into());
    }
    (StatusCode::from_u16(status).unwrap(), headers)
}

async fn axum_serve(listener: tokio::net::TcpListener, service: Router) {
    let listener = listener.into_std().unwrap();
    axum_server::from_tcp(listener).unwrap().serve(service.into_make_service()).await.unwrap();
}
