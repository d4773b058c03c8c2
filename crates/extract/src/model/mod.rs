//! Live models as proposers: they find and classify the words that carry an instruction. What
//! they say of time is not asked for; whether their quotes stand in the note is proven after.
//!
//! - [`prompt`]: what is asked, and how the answer is read; [`gemini`] and [`openai`]: the two
//!   ways of asking; [`call`]: one HTTP exchange, with its limits and retries.

pub mod call;
pub mod gemini;
pub mod openai;
pub mod prompt;

use crate::{
    extraction::{self, Extraction, Proposed},
    rules,
};
use call::Limits;
use jiff::civil::Date;

/// Why a model gave no answer that can be used. Never a word of the note or of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No answer within the time set.
    #[error("no answer in time")]
    Timeout,
    /// Nothing listens there, or the connection broke.
    #[error("not reachable")]
    Unreachable,
    /// An HTTP status that is no success.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The model ended for another reason than being done.
    #[error("ended with {0}")]
    Ended(String),
    /// The answer is not what was asked for.
    #[error("malformed answer: {0}")]
    Malformed(&'static str),
    /// The answer is longer than any could be.
    #[error("answer too large")]
    TooLarge,
    /// An answer without a step, to a note that gives instructions.
    #[error("found nothing in a note that gives instructions")]
    Nothing,
}

/// A live model.
#[derive(Clone, Debug)]
pub enum Model {
    /// Google's Gemini, `generateContent`.
    Gemini(gemini::Gemini),
    /// Any server with OpenAI's `chat/completions`.
    OpenAi(openai::OpenAi),
}

/// What a model answered: proposals, and the version that made them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The text of the answer.
    pub text: String,
    /// The model's version, as it names itself.
    pub version: String,
}

impl Model {
    /// `gemini` or `openai`.
    pub fn provider(&self) -> &'static str {
        match self {
            Self::Gemini(_) => "gemini",
            Self::OpenAi(_) => "openai",
        }
    }

    /// The model's name, as configured.
    pub fn name(&self) -> &str {
        match self {
            Self::Gemini(gemini) => &gemini.model,
            Self::OpenAi(openai) => &openai.model,
        }
    }

    /// Reads a note: asks, proves every proposal against the note, and reads the schedules.
    /// Gives the model's version with it.
    pub async fn read(
        &self,
        client: &reqwest::Client,
        limits: Limits,
        note: &str,
        date: Option<Date>,
    ) -> Result<(Extraction, String), ModelError> {
        let prompt = prompt::Prompt::new(note);
        let answer = match self {
            Self::Gemini(gemini) => gemini.ask(client, limits, &prompt).await,
            Self::OpenAi(openai) => openai.ask(client, limits, &prompt).await,
        }?;
        let proposed = prompt.proposals(&answer.text)?;
        let note = note.to_owned();
        // A long note takes its time: not on a thread that others wait for.
        let held = tokio::task::spawn_blocking(move || hold_to_note(&note, date, proposed));
        let extraction = held.await.map_err(|_| ModelError::Malformed("broke the reader"))??;
        Ok((extraction, answer.version))
    }
}

/// Proves proposals and adds what code finds better: when to seek help, what was left out.
fn hold_to_note(note: &str, date: Option<Date>, proposed: Vec<Proposed>) -> Result<Extraction, ModelError> {
    let by_rules = rules::propose(note);
    let mut out = extraction::prove(note, date, proposed);
    if out.steps.is_empty() && !by_rules.steps.is_empty() {
        return Err(ModelError::Nothing);
    }
    let found = |range: &std::ops::Range<usize>, out: &Extraction| {
        let words = note[range.clone()].to_lowercase();
        out.steps.iter().any(|(step, _)| {
            let evidence = step.evidence.to_lowercase();
            words.contains(&evidence) || evidence.contains(&words)
        })
    };
    let missed: Vec<_> = by_rules.steps.into_iter().map(|step| step.range).chain(by_rules.unused).collect();
    let missed = missed.into_iter().filter(|range| !found(range, &out));
    out.unused = missed.map(|range| extraction::quote(note, range)).collect();
    out.keep_safety_net(note, by_rules.safety_net);
    Ok(out)
}
