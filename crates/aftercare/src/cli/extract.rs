//! `aftercare extract`: the extractor without the service, for checking and scoring it.

use super::{block_on, lines, settings::Settings};
use crate::reader::Reader;
use aftercare_core::step::Step;
use aftercare_extract::extraction::{Question, Quote, Rejected};
use anyhow::anyhow;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    settings: Settings,
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
    questions: Vec<Question>,
    safety_net: Vec<Quote>,
    unused: Vec<Quote>,
    rejected: Vec<Rejected>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.settings.load()?;
    let reader = Reader::new(&config)?;
    let runtime = tokio::runtime::Handle::current;
    block_on(&config, async {
        tokio::task::block_in_place(|| {
            lines::each(|input: Input| {
                let read = runtime().block_on(async {
                    let note = reader.prepare(input.note, Vec::new()).await?;
                    reader.read(note, input.note_date, 0, std::future::pending()).await
                });
                let read = read.map_err(|failure| anyhow!("{}: {}", failure.by.provider, failure.reason))?;
                let read = read.extraction;
                Ok(Output {
                    id: input.id,
                    steps: read.steps.into_iter().map(|(step, _)| step).collect(),
                    questions: read.questions,
                    safety_net: read.safety_net,
                    unused: read.unused,
                    rejected: read.rejected,
                })
            })
        })
    })
}
