//! Live models as second readers: they point at the clauses that carry an instruction. What they
//! could say of time is not asked for; that every quote stands in the note is proven after.
//!
//! - [`prompt`]: what is asked, and how the answer is read; [`combine`]: rules and model laid
//!   together; [`gemini`] and [`openai`]: the two ways of asking; [`call`]: one HTTP exchange, with
//!   its limits and retries; [`breaker`]: a model that fails again and again is left alone.

pub mod breaker;
pub mod call;
pub mod combine;
pub mod gemini;
pub mod openai;
pub mod prompt;

use crate::{
    extraction::{self, Extraction},
    rules::{self, Clause},
    shield::shield,
};
use call::Limits;
use combine::Alone;
use jiff::civil::Date;
use prompt::{Asked, Label};
use std::ops::Range;

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
    /// The file with its key cannot be read.
    #[error("the key file cannot be read")]
    NoKey,
    /// It failed so often that it is not asked for a while.
    #[error("failed again and again; not asked for a while")]
    Resting,
    /// Who asked for the note to be read has gone.
    #[error("the request was broken off")]
    Cancelled,
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

    /// Makes a note ready for [`Self::read`]. Where the names of its two people are given, it is
    /// de-identified.
    pub async fn prepare(note: String, names: Option<Vec<String>>) -> Result<Asked, ModelError> {
        on_the_side(move || Asked::of(note, names.as_deref())).await
    }

    /// Reads a note together with the rules: the model points at clauses, what both found and what
    /// only one of them found is laid together, proven against the note, and its schedules read.
    /// Gives the model's version with it.
    pub async fn read(
        &self,
        client: &reqwest::Client,
        limits: Limits,
        asked: Asked,
        date: Option<Date>,
        alone: Alone,
    ) -> Result<(Extraction, String), ModelError> {
        let mut labels = Vec::with_capacity(asked.clauses.len());
        let mut version = self.name().to_owned();
        for prompt in &asked.prompts {
            let (part, by) = self.label(client, limits, prompt).await?;
            labels.extend(part);
            version = by;
        }
        let Asked { text, clauses, .. } = asked;
        Ok((on_the_side(move || both(&text, date, &clauses, &labels, alone)).await?, version))
    }

    /// The labels of one part; asked once more where the answer was not what was asked for.
    async fn label(
        &self,
        client: &reqwest::Client,
        limits: Limits,
        prompt: &prompt::Prompt,
    ) -> Result<(Vec<Label>, String), ModelError> {
        let answer = self.ask(client, limits, prompt).await?;
        match prompt.labels(&answer.text) {
            Ok(labels) => Ok((labels, answer.version)),
            Err(fault) => {
                let answer = self.ask(client, limits, &prompt.again(&fault)).await?;
                Ok((prompt.labels(&answer.text)?, answer.version))
            }
        }
    }

    async fn ask(
        &self,
        client: &reqwest::Client,
        limits: Limits,
        prompt: &prompt::Prompt,
    ) -> Result<Answer, ModelError> {
        match self {
            Self::Gemini(gemini) => gemini.ask(client, limits, prompt).await,
            Self::OpenAi(openai) => openai.ask(client, limits, prompt).await,
        }
    }
}

/// A long note takes its time: not on a thread that others wait for.
async fn on_the_side<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ModelError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ModelError::Malformed("broke the reader"))
}

/// What rules and model found, proven, and what neither of them used.
pub fn both(
    text: &str,
    date: Option<Date>,
    clauses: &[Clause],
    labels: &[Label],
    alone: Alone,
) -> Extraction {
    let by_rules = rules::propose(text);
    // Where a note speaks to software a model could have been told: it may agree and no more.
    let shielded = shield(text);
    let alone = if shielded.closed.is_empty() && !shielded.hidden { alone } else { Alone::Nothing };
    let proposed = combine::combine(text, &by_rules, alone, clauses, labels);
    let mut out = extraction::prove(text, date, proposed);
    let overlaps = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
    let used = |range: &Range<usize>| out.places.iter().any(|place| overlaps(place, range));
    // What the model points at and the rules take for a tale is for the doctor to see.
    let pointed = clauses.iter().zip(labels).filter(|(_, label)| matches!(label, Label::Act(_)));
    let missed = pointed.map(|(clause, _)| clause.range.clone()).chain(by_rules.unused);
    let mut unused: Vec<_> = missed.filter(|range| !used(range)).collect();
    unused.sort_by_key(|range| range.start);
    unused.dedup();
    let watched = clauses.iter().zip(labels).filter(|(_, label)| **label == Label::Watch);
    let watched = watched.map(|(clause, _)| clause.range.clone()).filter(|range| !used(range));
    let nets = by_rules.safety_net;
    let watched: Vec<_> = watched.filter(|range| !nets.iter().any(|net| overlaps(net, range))).collect();
    unused.retain(|range| !watched.contains(range));
    out.keep_unused(text, unused);
    let mut nets = [nets, watched].concat();
    nets.sort_by_key(|net| net.start);
    out.keep_safety_net(text, nets);
    out
}
