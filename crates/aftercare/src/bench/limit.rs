//! The same due work with nothing but the rows it cannot do without: what the machine and its database can do at most.

use super::{Measured, Measuring, engine::Settings};
use crate::{config::Config, random::Random, start};
use aftercare_core::instant::{Instant, Span};
use aftercare_store::{Store, crowd, limit};
use rand::RngExt as _;
use uuid::Uuid;

/// So many are taken at a time.
const BATCH: i64 = 500;
/// Rows are written in blocks of so many.
const BLOCK: usize = 10_000;

/// Loads an empty database, and measures.
pub async fn run(settings: &Settings, config: &Config) -> anyhow::Result<Measured> {
    let day: Instant = "2026-03-02T08:00:00Z".parse()?;
    let store = start::unmigrated(config).await?;
    let mut tx = store.write().await?;
    limit::prepare(&mut tx).await?;
    tx.commit().await?;
    let mut rng = Random::seeded(1).rng();
    let all: Vec<_> = (0..i64::from(settings.schedules))
        .map(|n| {
            let at = day + Span::from_secs(n * 3_600 / i64::from(settings.schedules));
            (Uuid::from_u128(rng.random()), at)
        })
        .collect();
    for block in all.chunks(BLOCK) {
        let mut tx = store.write().await?;
        limit::add(&mut tx, block).await?;
        tx.commit().await?;
    }
    crowd::settle(&mut store.peek().await?).await?;
    let measuring = Measuring::begin(&store).await?;
    for past in 0..settings.turns {
        work(&store, settings, day + Span::from_days(past.into()) - Span::from_secs(1)).await?;
    }
    let events = u64::from(settings.schedules) * u64::from(settings.turns);
    measuring.end(&store, events).await
}

/// What falls due in the day after `from` is worked off by all workers.
async fn work(store: &Store, settings: &Settings, from: Instant) -> anyhow::Result<()> {
    let now = from + Span::from_hours(23);
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..settings.workers.max(1) {
        let store = store.clone();
        workers.spawn(async move {
            loop {
                let mut tx = store.write().await?;
                let done = limit::round(&mut tx, from, now, BATCH).await?;
                tx.commit().await?;
                if done == 0 {
                    return anyhow::Ok(());
                }
            }
        });
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(())
}
