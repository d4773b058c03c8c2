//! The command line. Exit codes: 0 done, 1 failed, 2 wrong use, 78 bad configuration.

mod apart;
mod audit;
mod backup;
mod bench;
mod break_glass;
mod credential;
mod demo;
mod extract;
mod keys;
mod lines;
mod listen;
mod operate;
mod schedule;
mod serve;
mod settings;
mod simulate;

use crate::config::{Config, ConfigError, LogFormat};
use clap::{Parser, Subcommand};
use std::{future::Future, io::Write, process::ExitCode};
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Turns doctors' notes into what patients do next.
#[derive(Debug, Parser)]
#[command(name = "aftercare", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// API and worker in one process. Works with nothing configured.
    Serve(serve::Args),
    /// The worker only.
    Work(serve::WorkArgs),
    /// Fill the database with made-up people, notes and two weeks of check-ins.
    Demo(demo::Args),
    /// Read steps out of notes: JSON lines {id, note, `note_date`?} in, {id, steps, unused, rejected} out.
    Extract(extract::Args),
    /// Work with schedules.
    #[command(subcommand)]
    Schedule(schedule::Command),
    /// What the operator can see: sealed bytes.
    #[command(subcommand)]
    Inspect(operate::InspectCommand),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(operate::ConfigCommand),
    /// Print the API's OpenAPI description.
    Openapi,
    /// Bring the database up to this version's schema.
    Migrate(operate::Migrate),
    /// Copy the embedded database into a file while it is in use.
    Backup(backup::Backup),
    /// Put such a copy in place, or look whether it could be.
    Restore(backup::Restore),
    /// The operator's pages in a browser.
    #[command(subcommand)]
    Operator(operate::OperatorCommand),
    /// Accounts.
    #[command(subcommand)]
    User(operate::UserCommand),
    /// The master keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Run months of made-up people through faults in a virtual world, and look whether every promise holds.
    Simulate(simulate::Args),
    /// Measure the product on this machine: one JSON object.
    #[command(subcommand)]
    Bench(bench::Command),
    /// The record of what happened.
    #[command(subcommand)]
    Audit(audit::Command),
    /// The recipient for emergencies, whose key lies in shares with several people.
    #[command(subcommand)]
    BreakGlass(break_glass::Command),
    /// An organisation's word for its doctors' keys, signed away from the service.
    #[command(subcommand)]
    Credential(credential::Command),
}

/// Reads the arguments of the process and runs the command.
pub fn run() -> ExitCode {
    crate::quiet::panics();
    if let Err(error) = crate::quiet::memory() {
        let _ = writeln!(std::io::stderr(), "aftercare: memory cannot be kept out of core dumps: {error}");
    }
    let done = match Cli::parse().command {
        Command::Serve(args) => serve::serve(&args),
        Command::Work(args) => serve::work(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Extract(args) => extract::run(&args),
        Command::Schedule(command) => schedule::run(&command),
        Command::Inspect(command) => operate::inspect(&command),
        Command::Config(command) => operate::config(&command),
        Command::Openapi => operate::openapi(),
        Command::Migrate(args) => operate::migrate(&args),
        Command::Backup(args) => backup::write(&args),
        Command::Restore(args) => backup::read(&args),
        Command::User(command) => operate::user(&command),
        Command::Operator(operate::OperatorCommand::Link(settings)) => operate::operator_link(&settings),
        Command::Keys(command) => keys::run(&command),
        Command::Simulate(args) => simulate::run(&args),
        Command::Bench(command) => bench::run(&command),
        Command::Audit(command) => audit::run(&command),
        Command::BreakGlass(command) => break_glass::run(&command),
        Command::Credential(command) => credential::run(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done where even stderr is closed.
            let _ = writeln!(std::io::stderr(), "aftercare: {error:#}");
            if error.is::<ConfigError>() { ExitCode::from(78) } else { ExitCode::FAILURE }
        }
    }
}

/// Runs async work with a log to stderr.
fn block_on<T>(config: &Config, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)
        .map_err(|error| ConfigError(format!("log: {error}")))?;
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = match config.log_format {
        LogFormat::Text => log.boxed(),
        LogFormat::Json => log.json().boxed(),
    };
    let log = tracing_subscriber::registry().with(log.with_filter(filter));
    // A second call in one process finds it set: fine.
    #[cfg(not(feature = "otel"))]
    let _ = log.try_init();
    // Dropped last: then what is left of the traces is sent.
    #[cfg(feature = "otel")]
    let _sending = {
        let (spans, sending) = crate::traces::layer()?.unzip();
        let _ = log.with(spans).try_init();
        sending
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
