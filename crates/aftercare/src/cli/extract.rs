//! `aftercare extract`: the extractor without the service, for checking and scoring it.

use super::lines;
use aftercare_core::step::Step;
use aftercare_extract::extraction::{self, Quote, Rejected};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Who reads the notes.
    #[arg(long, value_enum, default_value_t = Extractor::Auto)]
    extractor: Extractor,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Extractor {
    /// The best that is configured.
    Auto,
    /// The rules, which need nothing else.
    Rules,
}

#[derive(Debug, Deserialize)]
struct Input {
    id: serde_json::Value,
    note: String,
    #[serde(default)]
    note_date: Option<Date>,
}

#[derive(Debug, Serialize)]
struct Output {
    id: serde_json::Value,
    steps: Vec<Step>,
    safety_net: Vec<Quote>,
    unused: Vec<Quote>,
    rejected: Vec<Rejected>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let (Extractor::Auto | Extractor::Rules) = args.extractor;
    lines::each(|input: Input| {
        let read = extraction::by_rules(&input.note, input.note_date);
        Ok(Output {
            id: input.id,
            steps: read.steps.into_iter().map(|(step, _)| step).collect(),
            safety_net: read.safety_net,
            unused: read.unused,
            rejected: read.rejected,
        })
    })
}
