//! `aftercare schedule replay`: the published check of a course.

use super::lines;
use aftercare_core::replay::Case;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Replay courses: JSON lines in and out, fields as in the published vectors.
    Replay,
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Replay => lines::each(|case: Case| Ok(case.replay()?)),
    }
}
