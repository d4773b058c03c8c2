//! `aftercare bench`.

use super::simulate::Folder;
use crate::{
    bench::{
        crypto,
        engine::{self, Settings},
        limit,
    },
    config::Config,
};
use serde_json::Value;
use std::io::Write;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// How many occurrences the engine records in a second: a crowd falls due day after day.
    Engine(DueArgs),
    /// How many it could be at most: the same with the narrowest rows and none of the product's promises.
    Limit(DueArgs),
    /// What keys and sealing cost on one core.
    Crypto,
}

#[derive(Debug, clap::Args)]
pub(super) struct DueArgs {
    /// So many daily steps, four to a person.
    #[arg(long, default_value_t = 100_000)]
    schedules: u32,
    /// So many occurrences of each have happened before.
    #[arg(long, default_value_t = 1)]
    history: u32,
    /// So many days are measured.
    #[arg(long, default_value_t = 3)]
    days: u32,
    /// So many workers over one PostgreSQL.
    #[arg(long, default_value_t = 1)]
    workers: u32,
    /// On an empty PostgreSQL instead of a new embedded database.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Where the embedded database is made.
    #[arg(long, value_name = "DIR")]
    folder: Option<String>,
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    let figures = match command {
        Command::Engine(args) => due_work(args, async |settings, config| {
            Ok(serde_json::to_value(engine::run(&settings, &config).await?)?)
        })?,
        Command::Limit(args) => due_work(args, async |settings, config| {
            Ok(serde_json::to_value(limit::run(&settings, &config).await?)?)
        })?,
        Command::Crypto => {
            let config = Config::load(None, std::env::vars(), &[])?;
            serde_json::to_value(crypto::run(&config)?)?
        }
    };
    writeln!(std::io::stdout().lock(), "{figures:#}")?;
    Ok(())
}

/// Runs a measurement on the database that was asked for.
fn due_work(
    args: &DueArgs,
    measure: impl AsyncFnOnce(Settings, Config) -> anyhow::Result<Value>,
) -> anyhow::Result<Value> {
    let temporary = std::env::temp_dir().display().to_string();
    let folder = Folder::new("bench", Some(args.folder.as_deref().unwrap_or(&temporary)), 0)?;
    let env = [
        ("AFTERCARE_DATA", folder.path().join("data").display().to_string()),
        ("AFTERCARE_DATABASE_URL", args.database_url.clone().unwrap_or_default()),
        ("AFTERCARE_LOG", "warn".to_owned()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value));
    let config = Config::load(None, env.into_iter().filter(|(_, value)| !value.is_empty()), &[])?;
    let settings =
        Settings { schedules: args.schedules, history: args.history, days: args.days, workers: args.workers };
    super::block_on(&config.clone(), measure(settings, config))
}
