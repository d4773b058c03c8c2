//! `aftercare keys`: the master keys, and everything that is under them.

use super::{block_on, settings::Settings};
use crate::{app::App, clock::ServiceClock, random::Random, start};
use aftercare_seal::Bytes;
use aftercare_store::sealed_column::{self, Column};
use anyhow::{Context, bail};
use std::{collections::BTreeMap, io::Write, time::Duration};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Put everything under a new key, while the service runs.
    Rotate(Settings),
    /// Say how much is under which key.
    Status(Settings),
    /// Remove the older keys, once nothing is under them.
    Forget(Settings),
}

/// Every service has looked at its keys again within this.
const SEEN: Duration = Duration::from_mins(1);

/// So many values in one transaction.
const BATCH: i64 = 200;

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    let settings = match command {
        Command::Rotate(settings) | Command::Status(settings) | Command::Forget(settings) => settings,
    };
    let config = settings.load()?;
    block_on(&config.clone(), async {
        // Looks into what is there: makes neither a database nor a key.
        start::existing_store(&config).await?.close();
        let file = start::key_ring_file(&config);
        let mut app = start::open(config.clone(), Random::from_system()?, ServiceClock::default()).await?;
        match command {
            Command::Rotate(_) => {
                if let Some(file) = &file {
                    // Known to everybody who looks for it before anything is under it.
                    start::replace_key_ring(file, &app.master.with_new(&mut app.random.rng())?)?;
                    app.store.close();
                    let config = settings.load()?;
                    app = start::open(config, Random::from_system()?, ServiceClock::default()).await?;
                }
                rotate(&app).await?;
                status(&app).await?;
            }
            Command::Status(_) => status(&app).await?,
            Command::Forget(_) => {
                let file =
                    file.context("the keys were given themselves: remove the older ones where they are set")?;
                let newest = app.master.newest_id();
                if counts(&app).await?.keys().any(|id| *id != newest) {
                    bail!("there is something under an older key: run `aftercare keys rotate` first");
                }
                let age = std::fs::metadata(&file)?.modified()?.elapsed().unwrap_or_default();
                if let Some(wait) = SEEN.checked_sub(age) {
                    let wait = wait.as_secs() + 1;
                    bail!("a service may not have seen k{newest} yet: run this again in {wait} s");
                }
                start::replace_key_ring(&file, &app.master.newest_alone())?;
                writeln!(std::io::stdout(), "only k{newest} is left in {}", file.display())?;
            }
        }
        app.store.close();
        Ok(())
    })
}

/// How many values are under each key.
async fn counts(app: &App) -> anyhow::Result<BTreeMap<u8, i64>> {
    let mut tx = app.store.read().await?;
    let mut all = BTreeMap::new();
    for column in sealed_column::ALL {
        for (id, count) in column.count(&mut tx).await? {
            *all.entry(id).or_default() += count;
        }
    }
    Ok(all)
}

async fn status(app: &App) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let newest = app.master.newest_id();
    for (id, count) in counts(app).await? {
        let in_use = if id == newest { ", in use" } else { "" };
        writeln!(out, "k{id}: {count} values{in_use}")?;
    }
    Ok(())
}

/// Puts every value under the newest key. A value that changes meanwhile is under it already, or is
/// found again.
async fn rotate(app: &App) -> anyhow::Result<()> {
    let newest = app.master.newest_id();
    let total: i64 = counts(app).await?.iter().filter(|(id, _)| **id != newest).map(|(_, n)| n).sum();
    let mut done = 0;
    for column in sealed_column::ALL {
        loop {
            let moved = batch(app, column, newest).await?;
            if moved == 0 {
                break;
            }
            done += moved;
            progress(done, total)?;
        }
    }
    writeln!(std::io::stderr())?;
    Ok(())
}

async fn batch(app: &App, column: Column, newest: u8) -> anyhow::Result<i64> {
    let mut tx = app.store.write().await?;
    let values = column.not_under(&mut tx, newest, BATCH).await?;
    let mut rng = app.random.rng();
    for value in &values {
        let row = Bytes(*value.row.as_bytes());
        let opened = app.master.open_column(column.table, row, &value.column, &value.sealed);
        let opened = opened.with_context(|| format!("a value of {} does not open", column.table))?;
        let sealed = app.master.seal_column(column.table, row, &value.column, &opened, &mut rng);
        column.replace(&mut tx, value, &sealed).await?;
    }
    tx.commit().await?;
    Ok(i64::try_from(values.len())?)
}

fn progress(done: i64, total: i64) -> std::io::Result<()> {
    const WIDTH: i64 = 40;
    let filled = usize::try_from((done * WIDTH / total.max(1)).min(WIDTH)).unwrap_or(0);
    let empty = usize::try_from(WIDTH).unwrap_or(0) - filled;
    write!(std::io::stderr(), "\r[{}{}] {done} of {total}", "#".repeat(filled), " ".repeat(empty))
}
