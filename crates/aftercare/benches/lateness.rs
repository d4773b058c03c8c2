//! How late a reminder reaches its channel when very many are due in the same minute: the engine and the sender as
//! they run in `serve`, on either engine, with a receiver on this machine. One JSON object an engine.
//!
//! `PEOPLE` sets how many (100,000), `WITHIN` in how many seconds (60), `ENGINES` on what (`sqlite postgres`).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: it fails by panicking, prints, and looks at the real time"
)]

use aftercare::{
    app::App, clock::ServiceClock, config::Config, delivery::sender, delivery::target::Target, engine,
    random::Random, start,
};
use aftercare_core::{
    anchors::Anchors,
    clock::Clock,
    id::{ChannelId, StepId, UserId},
    instant::{Instant, Span},
};
use aftercare_store::{
    crowd::{self, Made},
    due::{self, Wake},
    testing::postgres_url,
};
use axum::{Router, body::Bytes, extract::State, routing::post};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use uuid::Uuid;

/// As in the binary.
#[global_allocator]
static WIPED: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// Nothing is due before everything is in place.
const LEAD: Span = Span::from_secs(5);

fn main() {
    let number = |name, usual| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (people, within) = (number("PEOPLE", 100_000), number("WITHIN", 60));
    let engines = std::env::var("ENGINES").unwrap_or_else(|_| "sqlite postgres".to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for engine in engines.split_whitespace() {
        let figures = runtime.block_on(minute(engine, people, within));
        println!("{}", serde_json::to_string_pretty(&figures).unwrap());
    }
}

/// When what was due at which instant arrived, in microseconds.
type Arrived = Arc<Mutex<Vec<(Instant, Instant)>>>;

/// A receiver on this machine; its address.
fn receiver(arrived: Arrived) -> String {
    async fn take(State(arrived): State<Arrived>, body: Bytes) {
        let now = ServiceClock::default().now();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let due = body["due"].as_str().unwrap().parse().unwrap();
        arrived.lock().unwrap().push((due, now));
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}/", listener.local_addr().unwrap());
    let service = Router::new().route("/", post(take)).with_state(arrived);
    tokio::spawn(
        async move { axum_server::from_tcp(listener).unwrap().serve(service.into_make_service()).await },
    );
    at
}

async fn open(engine: &str, folder: &TempDir) -> App {
    let url = if engine == "postgres" { postgres_url().await } else { String::new() };
    let env = [
        ("AFTERCARE_DATA", folder.path().join("data").display().to_string()),
        ("AFTERCARE_DATABASE_URL", url),
    ];
    let env = env.into_iter().filter(|(_, value)| !value.is_empty());
    let config = Config::load(None, env.map(|(name, value)| (name.to_owned(), value)), &[]).unwrap();
    start::open(config, Random::seeded(1), ServiceClock::default()).await.unwrap()
}

/// So many people, each with a channel and something due within so many seconds once all is in place.
async fn people(app: &App, people: u32, within: u32, at: &str) -> Instant {
    let now = app.now();
    let anchors = serde_json::to_string(&Anchors::default()).unwrap();
    let timing = r#"{"frequency":1,"period":24,"periodUnit":"h","duration":{"value":30,"unit":"d"}}"#;
    let template = r#"{"due":"{{due_at}}"}"#.to_owned();
    let target = Target::Http { url: at.to_owned(), headers: std::collections::BTreeMap::new(), template };
    // Slower than rows go in on either engine.
    let takes = Span::from_micros(i64::from(people) * 200);
    let first = now + takes + LEAD;
    // Every 24 hours from its own instant of the minute.
    let due =
        |n: u32| first + Span::from_micros(i64::from(within) * 1_000_000 * i64::from(n) / i64::from(people));
    let (id, step) = (
        |n: u32| UserId(Uuid::from_u128(u128::from(n) + 1)),
        |n: u32| StepId(Uuid::from_u128(u128::from(n) + (1 << 64))),
    );
    for block in (0..people).collect::<Vec<_>>().chunks(2_000) {
        let mut tx = app.store.write().await.unwrap();
        let ids: Vec<_> = block.iter().map(|n| id(*n)).collect();
        crowd::people(&mut tx, &ids, "Europe/Berlin", &anchors, now).await.unwrap();
        let channels = ids.iter().map(|id| (*id, target.seal(app, ChannelId(id.0))));
        crowd::channels(&mut tx, channels, now).await.unwrap();
        let made = block.iter().map(|n| Made {
            patient_id: id(*n),
            step_id: step(*n),
            timing: timing.to_owned(),
            activated_at: due(*n),
        });
        crowd::steps(&mut tx, &made.collect::<Vec<_>>()).await.unwrap();
        let wakes = block.iter().map(|n| Wake::step(id(*n), step(*n), due(*n)));
        due::insert_many(&mut tx, &wakes.collect::<Vec<_>>()).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert!(app.now() < first, "the machine is too slow to put {people} people in place in {takes:?}");
    first
}

async fn minute(engine: &str, many: u32, within: u32) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let app = open(engine, &folder).await;
    let arrived: Arrived = Arc::default();
    let at = receiver(Arc::clone(&arrived));
    let first = people(&app, many, within, &at).await;
    let (stop, _) = tokio::sync::watch::channel(());
    let until = |stop: &tokio::sync::watch::Sender<()>| {
        let mut seen = stop.subscribe();
        async move { drop(seen.changed().await) }
    };
    let engine_runs = tokio::spawn(engine::run(app.clone(), until(&stop)));
    let sender_runs = tokio::spawn(sender::run(app.clone(), until(&stop)));
    let give_up = first + Span::from_secs(600);
    while arrived.lock().unwrap().len() < many as usize && app.now() < give_up {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    stop.send(()).unwrap();
    engine_runs.await.unwrap();
    sender_runs.await.unwrap();
    let arrived = std::mem::take(&mut *arrived.lock().unwrap());
    let mut late: Vec<i64> = arrived.iter().map(|(due, at)| (*at - *due).as_micros() / 1_000).collect();
    late.sort_unstable();
    let at = |hundredths: usize| late[(late.len() - 1) * hundredths / 100];
    let last = arrived.iter().map(|(_, at)| *at).max().unwrap();
    json!({
        "engine": engine,
        "due": many,
        "within_s": within,
        "arrived": late.len(),
        "lateness_ms": { "p50": at(50), "p99": at(99), "max": at(100) },
        "all_arrived_after_ms": (last - first).as_micros() / 1_000,
    })
}
