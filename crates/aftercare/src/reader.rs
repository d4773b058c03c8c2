//! Who reads notes: the rules, or a live model with the rules beside it.

use crate::{
    config::{AloneChoice, Config},
    provider::Provider,
    reading::{By, RULES_VERSION, Read},
    traces::span,
};
use aftercare_extract::{
    deidentify::Masked,
    extraction::{self, Extraction},
    model::{
        Model, ModelError,
        breaker::Breaker,
        call::Limits,
        combine::Alone,
        gemini::Gemini,
        openai::OpenAi,
        prompt::{self, Asked},
    },
};
use anyhow::Context;
use jiff::civil::Date;
use std::{collections::BTreeSet, time::Duration};
use tracing::Instrument as _;

/// Reads notes as configured.
pub struct Reader {
    provider: Provider,
    deidentify: bool,
    model: Option<Model>,
    breaker: Breaker,
    alone: Alone,
    fallback: bool,
    client: reqwest::Client,
    call: Duration,
    budget: Duration,
    pause: Duration,
}

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Who failed.
    pub by: By,
    /// How, without a word of the note.
    pub reason: String,
}

/// A note made ready to be read.
pub struct Prepared {
    note: String,
    /// What a model is asked, where one is.
    asked: Option<Asked>,
}

/// What is about to be sent to a model, and to which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// `gemini` or `openai`.
    pub provider: &'static str,
    /// Its model, as configured.
    pub model: String,
    /// What was masked; `None` where the note goes as it is.
    pub masked: Option<BTreeSet<Masked>>,
}

impl Reader {
    /// As configured.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let provider = Provider::of(config);
        let model = match provider {
            Provider::Rules => None,
            Provider::DeveloperApi | Provider::GoogleCloud => Some(Model::Gemini(Gemini {
                base_url: config.gemini.base_url.clone(),
                model: config.gemini.model.clone(),
                api_key: config.gemini.api_key.expose().to_owned(),
                cloud: config.gemini.cloud.clone(),
                key_file: match provider {
                    Provider::GoogleCloud => config.gemini.api_key_file.clone(),
                    _ => String::new(),
                },
            })),
            Provider::Local | Provider::Elsewhere => Some(Model::OpenAi(OpenAi {
                base_url: config.openai.base_url.clone(),
                model: config.openai.model.clone(),
                api_key: config.openai.api_key.expose().to_owned(),
            })),
        };
        Ok(Self {
            provider,
            deidentify: provider.deidentifies(config),
            model,
            breaker: Breaker::default(),
            alone: match config.model.alone {
                AloneChoice::Nothing => Alone::Nothing,
                AloneChoice::Timed => Alone::Timed,
                AloneChoice::All => Alone::All,
            },
            fallback: config.fallback_to_rules,
            client: client()?,
            call: Duration::from_secs(config.model.timeout_seconds),
            budget: Duration::from_secs(config.model.budget_seconds),
            pause: Duration::from_millis(config.model.pause_millis),
        })
    }

    /// Who reads, for people.
    pub fn describe(&self) -> String {
        match &self.model {
            None => format!("rules {RULES_VERSION}"),
            Some(model) => format!("{} {}", model.provider(), model.name()),
        }
    }

    /// Where notes go, and what that means.
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Whether notes are de-identified before they are sent.
    pub fn deidentifies(&self) -> bool {
        self.deidentify
    }

    /// Makes a note ready: cut into clauses, and de-identified where it is to leave for elsewhere.
    /// `names` are those of the two it is about.
    pub async fn prepare(&self, note: String, names: Vec<String>) -> Result<Prepared, Failure> {
        let Some(model) = &self.model else { return Ok(Prepared { note, asked: None }) };
        match Model::prepare(note.clone(), self.deidentify.then_some(names)).await {
            Ok(asked) => Ok(Prepared { note, asked: Some(asked) }),
            Err(error) => Err(failure(model, &error)),
        }
    }

    /// What reading a note discloses to others; `None` where nothing leaves this process.
    pub fn disclosure(&self, prepared: &Prepared) -> Option<Disclosure> {
        let (model, asked) = (self.model.as_ref()?, prepared.asked.as_ref()?);
        (!asked.prompts.is_empty()).then(|| Disclosure {
            provider: model.provider(),
            model: model.name().to_owned(),
            masked: asked.masked.clone(),
        })
    }

    /// Reads a note written on a date. `jitter` keeps many callers from trying again together;
    /// where `gone` comes first, nobody waits for the answer any more.
    pub async fn read(
        &self,
        prepared: Prepared,
        date: Option<Date>,
        jitter: u8,
        gone: impl Future<Output = ()>,
    ) -> Result<Read, Failure> {
        let Prepared { note, asked } = prepared;
        let (Some(model), Some(asked)) = (&self.model, asked) else {
            return by_rules(note, date, false).await;
        };
        let span = span!("model", provider = model.provider());
        match self.ask(model, asked, date, jitter, gone).instrument(span).await {
            Ok((extraction, version)) => {
                let version = format!("{version}, prompt {}", prompt::VERSION);
                Ok(Read {
                    extraction,
                    by: By { provider: model.provider(), model: version, fallback: false },
                })
            }
            Err(error) if self.fallback => {
                tracing::warn!(provider = model.provider(), %error, "the model failed; the rules read the note");
                by_rules(note, date, true).await
            }
            Err(error) => Err(failure(model, &error)),
        }
    }

    async fn ask(
        &self,
        model: &Model,
        asked: Asked,
        date: Option<Date>,
        jitter: u8,
        gone: impl Future<Output = ()>,
    ) -> Result<(Extraction, String), ModelError> {
        let admission = self.breaker.admit()?;
        let parts = asked.prompts.len();
        let begun = tokio::time::Instant::now();
        let end = begun + self.budget;
        let limits = Limits { call: self.call, end, pause: self.pause, jitter };
        let done = tokio::select! {
            done = model.read(&self.client, limits, asked, date, self.alone) => done,
            // Who gives up after the time for a call has waited for a server that does not answer.
            () = gone => {
                let waited = parts == 1 && begun.elapsed() >= self.call;
                Err(if waited { ModelError::Timeout } else { ModelError::Cancelled })
            }
        };
        self.breaker.record(admission, &done);
        done
    }
}

fn failure(model: &Model, error: &ModelError) -> Failure {
    let by = By { provider: model.provider(), model: model.name().to_owned(), fallback: false };
    Failure { by, reason: error.to_string() }
}

/// By the rules, on a thread of its own: a long note takes its time.
async fn by_rules(note: String, date: Option<Date>, fallback: bool) -> Result<Read, Failure> {
    let by = By { provider: "rules", model: RULES_VERSION.to_owned(), fallback };
    match tokio::task::spawn_blocking(move || extraction::by_rules(&note, date)).await {
        Ok(extraction) => Ok(Read { extraction, by }),
        Err(_) => Err(Failure { by, reason: "the rules broke off".to_owned() }),
    }
}

/// One client for all calls: no redirects, no proxies from the environment, TLS by rustls.
fn client() -> anyhow::Result<reqwest::Client> {
    http_client()
        .connect_timeout(Duration::from_secs(5))
        .build()
        .context("cannot set up TLS for calls to models")
}

/// What every request of the service's own is made with.
pub(crate) fn http_client() -> reqwest::ClientBuilder {
    // A second service in one process finds it installed: fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy()
}
