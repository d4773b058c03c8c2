//! Who reads notes: the rules, or a live model under them.

use crate::config::{Choice, Config};
use aftercare_extract::extraction::{self, Extraction};
use jiff::civil::Date;

/// The version of the rules, recorded with what they read.
pub const RULES_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Reads notes as configured.
pub struct Reader {
    choice: Choice,
}

/// What was read, and by whom.
#[derive(Clone, Debug)]
pub struct Read {
    /// The steps and what goes with them.
    pub extraction: Extraction,
    /// By whom.
    pub by: By,
}

/// Who read a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// `rules`, `gemini` or `openai`.
    pub provider: &'static str,
    /// Its model or version.
    pub model: String,
    /// Whether it stepped in for one that failed.
    pub fallback: bool,
}

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Who failed.
    pub by: By,
    /// How, without a word of the note.
    pub reason: String,
}

impl Reader {
    /// As configured.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let choice = match config.extractor {
            Choice::Auto => Choice::Rules,
            choice => choice,
        };
        Ok(Self { choice })
    }

    /// Who reads, for people.
    pub fn describe(&self) -> String {
        format!("rules {RULES_VERSION} (no note leaves this process)")
    }

    /// Whether reading leaves this process.
    pub fn is_remote(&self) -> bool {
        self.choice != Choice::Rules
    }

    /// Reads a note written on a date.
    pub async fn read(&self, note: String, date: Date) -> Result<Read, Failure> {
        let by = By { provider: "rules", model: RULES_VERSION.to_owned(), fallback: false };
        let work = tokio::task::spawn_blocking(move || extraction::by_rules(&note, Some(date)));
        match work.await {
            Ok(extraction) => Ok(Read { extraction, by }),
            Err(_) => Err(Failure { by, reason: "the rules broke off".to_owned() }),
        }
    }
}
