//! `aftercare bench`.

use super::simulate::Folder;
use crate::{
    bench::{
        api, crypto,
        driver::{Asked, drive},
        engine::{self, Settings},
        lateness, limit,
    },
    config::Config,
};
use anyhow::Context;
use serde_json::Value;
use std::{io::Write, time::Duration};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// How many occurrences the engine records in a second: a crowd falls due day after day.
    Engine(EngineArgs),
    /// How many it could be at most: the same with the narrowest rows and none of the product's promises.
    Limit(DueArgs),
    /// How late reminders reach their channels when many are due at once.
    Lateness(LatenessArgs),
    /// How fast the service answers over the wire, beside the floor of this machine.
    Api(ApiArgs),
    /// How fast another service answers: `http://127.0.0.1:PORT/path`.
    Drive(DriveArgs),
    /// What keys and sealing cost on one core.
    Crypto,
}

#[derive(Debug, clap::Args)]
pub(super) struct ApiArgs {
    /// So many steps of other people are there too.
    #[arg(long, default_value_t = 0)]
    schedules: u32,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    on: On,
}

#[derive(Debug, clap::Args)]
pub(super) struct DriveArgs {
    /// Of loopback, without TLS.
    url: String,
    /// For `Authorization: Bearer`.
    #[arg(long, default_value = "")]
    token: String,
    #[command(flatten)]
    pace: Pace,
}

#[derive(Debug, clap::Args)]
struct Pace {
    /// So many connections ask at once.
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// For so many seconds each.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

#[derive(Debug, clap::Args)]
struct On {
    /// On an empty PostgreSQL instead of a new embedded database.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Where the embedded database is made.
    #[arg(long, value_name = "DIR")]
    folder: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct LatenessArgs {
    /// So many people, ...
    #[arg(long, default_value_t = 100_000)]
    people: u32,
    /// ... within so many seconds.
    #[arg(long, default_value_t = 60)]
    within: u32,
    #[command(flatten)]
    on: On,
}

#[derive(Debug, clap::Args)]
pub(super) struct EngineArgs {
    #[command(flatten)]
    due: DueArgs,
    /// What is due in a day is due over the whole of it: a turn is an hour, not a day.
    #[arg(long)]
    all_day: bool,
    /// The same again while somebody holds a snapshot.
    #[arg(long)]
    held: bool,
    /// And how late reminders come with all of this behind them.
    #[arg(long)]
    lateness: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct DueArgs {
    /// So many daily steps, four to a person.
    #[arg(long, default_value_t = 100_000)]
    schedules: u32,
    /// So many occurrences of each have happened before.
    #[arg(long, default_value_t = 1)]
    history: u32,
    /// So many times what falls due in a day is measured.
    #[arg(long, default_value_t = 3)]
    turns: u32,
    /// So many workers over one PostgreSQL.
    #[arg(long, default_value_t = 1)]
    workers: u32,
    #[command(flatten)]
    on: On,
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    let figures = match command {
        Command::Engine(EngineArgs { due, all_day, held, lateness }) => on(&due.on, async |config| {
            let (all_day, held, lateness) = (*all_day, *held, *lateness);
            let settings = Settings { all_day, held, lateness, ..due.settings() };
            Ok(serde_json::to_value(engine::run(&settings, &config).await?)?)
        })?,
        Command::Limit(args) => on(&args.on, async |config| {
            Ok(serde_json::to_value(limit::run(&args.settings(), &config).await?)?)
        })?,
        Command::Lateness(LatenessArgs { people, within, on: place }) => on(place, async |config| {
            let settings = lateness::Settings { people: *people, within: *within };
            Ok(serde_json::to_value(lateness::run(settings, &config).await?)?)
        })?,
        Command::Api(ApiArgs { schedules, pace, on: place }) => on(place, async |config| {
            let Pace { connections, seconds } = *pace;
            let settings = api::Settings { schedules: *schedules, connections, seconds };
            Ok(serde_json::to_value(Box::pin(api::run(&settings, &config)).await?)?)
        })?,
        Command::Drive(DriveArgs { url, token, pace }) => {
            let rest =
                url.strip_prefix("http://").context("an address such as http://127.0.0.1:8080/path")?;
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let asked = Asked::get(host, &format!("/{path}"), token);
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let lasts = Duration::from_secs(pace.seconds);
            serde_json::to_value(runtime.block_on(drive(&[asked], pace.connections, lasts))?)?
        }
        Command::Crypto => {
            let config = Config::load(None, std::env::vars(), &[])?;
            serde_json::to_value(crypto::run(&config)?)?
        }
    };
    writeln!(std::io::stdout().lock(), "{figures:#}")?;
    Ok(())
}

impl DueArgs {
    fn settings(&self) -> Settings {
        let Self { schedules, history, turns, workers, .. } = *self;
        Settings { schedules, history, turns, workers, all_day: false, held: false, lateness: false }
    }
}

/// Runs a measurement on the database that was asked for.
fn on(place: &On, measure: impl AsyncFnOnce(Config) -> anyhow::Result<Value>) -> anyhow::Result<Value> {
    let temporary = std::env::temp_dir().display().to_string();
    let folder = Folder::new("bench", Some(place.folder.as_deref().unwrap_or(&temporary)), 0)?;
    let env = [
        ("AFTERCARE_DATA", folder.path().join("data").display().to_string()),
        ("AFTERCARE_DATABASE_URL", place.database_url.clone().unwrap_or_default()),
        ("AFTERCARE_LOG", "warn".to_owned()),
        // One person asks for everybody.
        ("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", u32::MAX.to_string()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value));
    let config = Config::load(None, env.into_iter().filter(|(_, value)| !value.is_empty()), &[])?;
    super::block_on(&config.clone(), measure(config))
}
