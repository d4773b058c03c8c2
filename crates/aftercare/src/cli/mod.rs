//! The command line. Exit codes: 0 done, 1 failed, 2 wrong use.

mod extract;
mod lines;
mod schedule;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Turns doctors' notes into what patients do next.
#[derive(Debug, Parser)]
#[command(name = "aftercare", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read steps out of notes: JSON lines {id, note, `note_date`?} in, {id, steps, unused, rejected} out.
    Extract(extract::Args),
    /// Work with schedules.
    #[command(subcommand)]
    Schedule(schedule::Command),
}

/// Reads the arguments of the process and runs the command.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Extract(args) => extract::run(&args),
        Command::Schedule(command) => schedule::run(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            // Nothing is left to be done where even stderr is closed.
            let _ = writeln!(std::io::stderr(), "aftercare: {error:#}");
            ExitCode::FAILURE
        }
    }
}
