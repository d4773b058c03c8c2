//! How many occurrences the engine records: a crowd with a daily step each falls due within an hour, day after day.

use super::{Measured, Measuring};
use crate::{app::App, clock::ServiceClock, config::Config, engine, random::Random, start};
use aftercare_core::{
    anchors::Anchors,
    course::{Course, Occurrence, OccurrenceStatus, Policy},
    id::{StepId, UserId},
    instant::{Instant, Span},
    pattern::Regime,
    replay::zone,
    timing::Timing,
};
use aftercare_store::{
    crowd::{self, Made},
    due::{self, Wake},
    service,
};
use anyhow::{Context, ensure};
use serde::Serialize;
use uuid::Uuid;

const ZONE: &str = "Europe/Berlin";
/// So many steps has each of the crowd.
const EACH: u32 = 4;
/// Rows are written in blocks of so many.
const BLOCK: usize = 4_096;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// So many steps, all due each day.
    pub schedules: u32,
    /// So many occurrences of each have happened before.
    pub history: u32,
    /// So many days are measured.
    pub days: u32,
    /// So many workers; one on SQLite.
    pub workers: u32,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// So many steps.
    pub schedules: u32,
    /// So many occurrences of each were recorded before.
    pub history: u32,
    /// So many workers.
    pub workers: u32,
    /// What it came to; an event is an occurrence recorded, its step moved on, its person told.
    #[serde(flatten)]
    pub measured: Measured,
}

/// Loads a crowd into an empty database, and measures.
pub async fn run(settings: &Settings, config: &Config) -> anyhow::Result<Figures> {
    let day: Instant = "2026-03-02T00:00:00Z".parse()?;
    let mut apps = Vec::new();
    for n in 0..settings.workers.max(1) {
        let clock = ServiceClock::standing(day + Span::from_hours(10));
        apps.push(start::open(config.clone(), Random::seeded(n.into()), clock).await?);
    }
    let store = &apps[0].store;
    ensure!(
        !crowd::is_inhabited(&mut store.peek().await?).await?,
        "there are people: give an empty database"
    );
    ensure!(apps.len() == 1 || store.engine_name() != "SQLite", "SQLite has one writer: leave --workers out");
    load(&apps[0], settings, day).await.context("cannot load the crowd")?;
    // The first day is not counted: what is settled is found out once.
    work(&apps, Span::ZERO).await?;
    let measuring = Measuring::begin(store).await?;
    for _ in 0..settings.days {
        work(&apps, Span::from_days(1)).await?;
    }
    let events = u64::from(settings.schedules) * u64::from(settings.days);
    let measured = measuring.end(store, events).await?;
    let left = due::next(&mut store.peek().await?).await?;
    ensure!(left.is_none_or(|left| left > apps[0].now()), "something due was left");
    Ok(Figures {
        schedules: settings.schedules,
        history: settings.history,
        workers: settings.workers.max(1),
        measured,
    })
}

/// A day passes, and what fell due is worked off by all workers.
async fn work(apps: &[App], passes: Span) -> anyhow::Result<()> {
    for app in apps {
        app.clock.advance(passes);
    }
    // Somebody was there all the time: it is no outage.
    let mut tx = apps[0].store.write().await?;
    service::beat(&mut tx, apps[0].now()).await?;
    tx.commit().await?;
    let mut workers = tokio::task::JoinSet::new();
    for app in apps {
        let app = app.clone();
        workers.spawn(async move { engine::round(&app).await });
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(())
}

/// Puts a crowd behind what is measured, all of it due tomorrow and later.
pub(super) async fn load_behind(app: &App, schedules: u32) -> anyhow::Result<()> {
    let settings = Settings { schedules, history: 1, days: 0, workers: 1 };
    let midnight = app.now().as_secs().div_euclid(86_400) * 86_400;
    load(app, &settings, Instant::from_micros((midnight + 86_400) * 1_000_000)).await
}

async fn load(app: &App, settings: &Settings, day: Instant) -> anyhow::Result<()> {
    let anchors = Anchors::default();
    let json = serde_json::to_string(&anchors)?;
    let activated_at = day - Span::from_days(settings.history.into());
    let regime = Regime { from: Instant::from_micros(0), zone: zone(ZONE)?, anchors };
    // Sixty schedules, each at its own minute, and what has happened of them.
    let kinds = (0..60).map(|minute| {
        let timing =
            format!(r#"{{"frequency":1,"period":1,"periodUnit":"d","timeOfDay":["08:{minute:02}"]}}"#);
        let parsed: Timing = serde_json::from_str(&timing)?;
        let course = Course::new(&parsed, activated_at, vec![regime.clone()], Some(Policy::Skip));
        let before = course.replay(&[], &[], day);
        ensure!(
            before.occurrences.len() == settings.history as usize,
            "{} occurrences",
            before.occurrences.len()
        );
        let done =
            before.occurrences.iter().map(|one| Occurrence { status: OccurrenceStatus::Done, ..one.clone() });
        let (_, next) = course.upcoming(&before).next().context("it goes on")?;
        Ok((timing, done.collect::<Vec<_>>(), next.due_at))
    });
    let kinds = kinds.collect::<anyhow::Result<Vec<_>>>()?;
    let patient = |n: u32| UserId(Uuid::from_u128(1 + u128::from(n / EACH)));
    let all: Vec<u32> = (0..settings.schedules).collect();
    for block in all.chunks(BLOCK) {
        let mut tx = app.store.write().await?;
        let people: Vec<_> = block.iter().filter(|n| **n % EACH == 0).map(|n| patient(*n)).collect();
        crowd::people(&mut tx, &people, ZONE, &json, activated_at).await?;
        let kind = |n: u32| &kinds[(n / EACH % 60) as usize];
        let made = block.iter().map(|n| Made {
            patient_id: patient(*n),
            step_id: StepId(Uuid::from_u128((1 << 64) + u128::from(*n))),
            timing: kind(*n).0.clone(),
            activated_at,
        });
        let made: Vec<_> = made.collect();
        crowd::steps(&mut tx, &made).await?;
        let wakes =
            block.iter().zip(&made).map(|(n, one)| Wake::step(one.patient_id, one.step_id, kind(*n).2));
        due::insert_many(&mut tx, &wakes.collect::<Vec<_>>()).await?;
        for part in block.iter().zip(&made).collect::<Vec<_>>().chunks(64) {
            let happened = part.iter().flat_map(|(n, one)| kind(**n).1.iter().map(move |past| (*one, past)));
            crowd::done(&mut tx, &happened.collect::<Vec<_>>()).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
