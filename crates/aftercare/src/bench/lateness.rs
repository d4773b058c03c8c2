//! How late a reminder reaches its channel: the engine and the sender as they run in `serve`, at the real time, with a
//! receiver on this machine.

use super::api::serve;
use crate::{
    app::App,
    clock::ServiceClock,
    config::Config,
    delivery::{sender, target::Target},
    engine,
    random::Random,
    start,
};
use aftercare_core::{
    anchors::Anchors,
    clock::Clock as _,
    id::{ChannelId, StepId, UserId},
    instant::{Instant, Span},
};
use aftercare_store::{
    crowd::{self, Made},
    due::{self, Wake},
};
use anyhow::{Context, ensure};
use axum::{Json, Router, extract::State, routing::post};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;
use uuid::Uuid;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// So many people have something due, each at an instant of their own ...
    pub people: u32,
    /// ... within so many seconds.
    pub within: u32,
}

/// What came of it: from when something was due until it was there, in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// On what.
    pub database: &'static str,
    /// So many people.
    pub people: u32,
    /// Within so many seconds.
    pub within_s: u32,
    /// The median.
    pub p50_ms: f64,
    /// All but one of a hundred.
    pub p99_ms: f64,
    /// The latest.
    pub max_ms: f64,
}

/// A little at a time.
pub(super) const LITTLE: Settings = Settings { people: 400, within: 20 };
/// Nothing is due before everything is in place.
const LEAD: Span = Span::from_secs(5);
/// Slower than one person's rows go in on either engine.
const A_PERSON_TAKES: Span = Span::from_micros(200);
/// Nobody waits longer.
const PATIENCE: Span = Span::from_minutes(10);
/// Rows are written in blocks of so many.
const BLOCK: usize = 2_000;
const TIMING: &str = r#"{"frequency":1,"period":24,"periodUnit":"h","duration":{"value":30,"unit":"d"}}"#;

/// Loads people into an empty database, and measures.
pub async fn run(settings: Settings, config: &Config) -> anyhow::Result<Figures> {
    let app = start::open(config.clone(), Random::seeded(1), ServiceClock::default()).await?;
    let inhabited = crowd::is_inhabited(&mut app.store.peek().await?).await?;
    ensure!(!inhabited, "there are people: give an empty database");
    measure(&app, settings).await
}

/// Measures with whatever else there is.
pub(super) async fn measure(app: &App, settings: Settings) -> anyhow::Result<Figures> {
    let arrived: Arrived = Arc::default();
    let service = Router::new().route("/", post(take)).with_state(Arc::clone(&arrived));
    let at = format!("http://{}/", serve(service).await?);
    let last = people(app, settings, &at).await?;
    let (stop, stopped) = watch::channel(());
    let until = || {
        let mut stopped = stopped.clone();
        async move { drop(stopped.changed().await) }
    };
    let running =
        [tokio::spawn(engine::run(app.clone(), until())), tokio::spawn(sender::run(app.clone(), until()))];
    let all = |arrived: &Arrived| {
        arrived.lock().unwrap_or_else(PoisonError::into_inner).len() >= settings.people as usize
    };
    while !all(&arrived) && app.now() < last + PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.send(())?;
    for one in running {
        one.await?;
    }
    ensure!(all(&arrived), "not everything arrived within {PATIENCE:?}");
    let mut late = std::mem::take(&mut *arrived.lock().unwrap_or_else(PoisonError::into_inner));
    late.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds that people wait")]
    let at = |hundredths: usize| late[(late.len() - 1) * hundredths / 100].as_micros() as f64 / 1_000.0;
    Ok(Figures {
        database: app.store.engine_name(),
        people: settings.people,
        within_s: settings.within,
        p50_ms: at(50),
        p99_ms: at(99),
        max_ms: at(100),
    })
}

/// How late each arrived.
type Arrived = Arc<Mutex<Vec<Span>>>;

/// What is sent says when it was due.
#[derive(Deserialize)]
struct Sent {
    due: Instant,
}

async fn take(State(arrived): State<Arrived>, Json(sent): Json<Sent>) {
    let late = ServiceClock::default().now() - sent.due;
    arrived.lock().unwrap_or_else(PoisonError::into_inner).push(late);
}

/// People, each with a channel that leads to an address, and when the last of what they have to do is due.
async fn people(app: &App, Settings { people, within }: Settings, at: &str) -> anyhow::Result<Instant> {
    let now = app.now();
    let anchors = serde_json::to_string(&Anchors::default())?;
    let template = r#"{"due":"{{due_at}}"}"#.to_owned();
    let target = Target::Http { url: at.to_owned(), headers: BTreeMap::new(), template };
    let first = now + Span::from_micros(A_PERSON_TAKES.as_micros() * i64::from(people)) + LEAD;
    // Every 24 hours from an instant of one's own.
    let due = |n: u32| {
        first + Span::from_micros(i64::from(within) * 1_000_000 * i64::from(n) / i64::from(people.max(1)))
    };
    // Others may have the first numbers.
    let id = |n: u32| UserId(Uuid::from_u128((1 << 65) + u128::from(n)));
    let step = |n: u32| StepId(Uuid::from_u128((1 << 66) + u128::from(n)));
    for block in (0..people).collect::<Vec<_>>().chunks(BLOCK) {
        let mut tx = app.store.write().await?;
        let ids: Vec<_> = block.iter().map(|n| id(*n)).collect();
        crowd::people(&mut tx, &ids, "Europe/Berlin", &anchors, now).await?;
        let channels = ids.iter().map(|id| (*id, target.seal(app, ChannelId(id.0))));
        crowd::channels(&mut tx, channels, now).await?;
        let made = block.iter().map(|n| Made {
            patient_id: id(*n),
            step_id: step(*n),
            timing: TIMING.to_owned(),
            activated_at: due(*n),
        });
        crowd::steps(&mut tx, &made.collect::<Vec<_>>()).await?;
        let wakes = block.iter().map(|n| Wake::step(id(*n), step(*n), due(*n)));
        due::insert_many(&mut tx, &wakes.collect::<Vec<_>>()).await?;
        tx.commit().await?;
    }
    ensure!(app.now() < first, "this machine is too slow to put {people} people in place in time");
    Ok(due(people.checked_sub(1).context("nobody is asked for")?))
}
