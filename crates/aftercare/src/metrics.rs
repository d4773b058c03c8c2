//! What can be counted of the service, in the text of `OpenMetrics`: kinds, routes and outcomes, never who, and no word
//! of anybody. The service level is the age of the oldest thing that is due and was not attempted.

use crate::{app::App, delivery::Outcome, reader::Failure, reading::Read};
use aftercare_core::instant::Instant;
use aftercare_store::{StoreError, channel::ChannelKind, delivery, due, service};
use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::{fmt, time::Duration};

/// A request as it is counted: by its route as the contract has it, not by its path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: String,
    route: String,
    status: u16,
}

/// A message that a channel was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sent {
    channel: &'static str,
    outcome: &'static str,
}

/// A note that was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reading {
    by: &'static str,
    outcome: &'static str,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<Asked, Histogram>,
    wakes: Counter,
    messages: Family<Sent, Counter>,
    notes: Family<Reading, Counter>,
    oldest_due: Gauge,
    oldest_message: Gauge,
    heartbeat: Gauge,
    memory: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("aftercare");
        let times = || Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0]);
        let requests = Family::new_with_constructor(times as fn() -> Histogram);
        let (wakes, messages, notes) = (Counter::default(), Family::default(), Family::default());
        let [oldest_due, oldest_message, heartbeat, memory] = std::array::from_fn(|_| Gauge::default());
        let what = "Requests answered, by route, and how long they took";
        registry.register_with_unit("request_duration", what, Unit::Seconds, requests.clone());
        registry.register("wakes", "Steps and people looked at because their time had come", wakes.clone());
        registry.register("messages", "Messages given to channels, by what came of it", messages.clone());
        registry.register("notes_read", "Notes read, by whom and with what outcome", notes.clone());
        let what = "Age of the oldest thing that is due and was not attempted: the service level";
        registry.register_with_unit("oldest_due_age", what, Unit::Seconds, oldest_due.clone());
        let what = "Age of the oldest message whose time has come and that was not attempted";
        registry.register_with_unit("oldest_message_age", what, Unit::Seconds, oldest_message.clone());
        let what = "Time since a worker last said that it is alive";
        registry.register_with_unit("heartbeat_age", what, Unit::Seconds, heartbeat.clone());
        registry.register_with_unit("resident_memory", "Memory of this process", Unit::Bytes, memory.clone());
        Self { registry, requests, wakes, messages, notes, oldest_due, oldest_message, heartbeat, memory }
    }
}

impl Metrics {
    /// A request was answered.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let asked = Asked { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&asked).observe(took.as_secs_f64());
    }

    /// The engine has looked at so many.
    pub fn woken(&self, many: usize) {
        self.wakes.inc_by(many as u64);
    }

    /// A channel was given a message.
    pub fn sent(&self, channel: ChannelKind, outcome: &Outcome) {
        self.messages.get_or_create(&Sent { channel: name(channel), outcome: outcome.name() }).inc();
    }

    /// Somebody has read a note, or failed to.
    pub fn read(&self, read: &Result<Read, Failure>) {
        let (by, outcome) = match read {
            Ok(read) => (read.by.provider, "read"),
            Err(failure) => (failure.by.provider, "failed"),
        };
        self.notes.get_or_create(&Reading { by, outcome }).inc();
    }
}

/// What a channel is called where it is counted.
pub(crate) fn name(channel: ChannelKind) -> &'static str {
    match channel {
        ChannelKind::Email => "email",
        ChannelKind::WebPush => "web_push",
        ChannelKind::Calendar => "calendar",
        ChannelKind::Webhook => "webhook",
        ChannelKind::Ntfy => "ntfy",
        ChannelKind::Http => "http",
    }
}

/// All of it as text, with what the database says now.
async fn told(app: &App) -> Result<String, StoreError> {
    let (metrics, now) = (&app.metrics, app.now());
    let age = |since: Option<Instant>| since.map_or(0, |since| (now - since).as_micros().max(0) / 1_000_000);
    let mut tx = app.store.peek().await?;
    metrics.oldest_due.set(age(due::QUEUE.next(&mut tx).await?));
    metrics.oldest_message.set(age(delivery::QUEUE.next(&mut tx).await?));
    metrics.heartbeat.set(age(service::heartbeat(&mut tx).await?));
    drop(tx);
    metrics.memory.set(resident_bytes());
    let mut text = String::new();
    // A String takes everything.
    let _ = encode(&mut text, &metrics.registry);
    Ok(text)
}

fn resident_bytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<i64>().ok()).unwrap_or(0) * 1024
}

/// What answers on the port for metrics: nothing of the API does.
pub fn service(app: App) -> Router {
    Router::new().route("/metrics", get(tell)).with_state(app)
}

async fn tell(State(app): State<App>) -> axum::response::Response {
    const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match told(&app).await {
        Ok(text) => ([(header::CONTENT_TYPE, KIND)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the database could not be asked for what is due");
            axum::http::StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
