//! The sections of the configuration.

use super::{AloneChoice, Deidentify, Secret};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml says what each is")]
pub struct Tls {
    pub certificate: String,
    pub key: String,
}

/// How mail is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml says what each is")]
pub struct Mail {
    pub url: Secret,
    pub url_file: String,
    pub from: String,
    pub authority: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml says what each is")]
pub struct Limits {
    pub failures_per_account: u32,
    pub failures_per_address: u32,
    pub sign_ups_per_address: u32,
    pub requests_per_minute: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml says what each is")]
pub struct Retention {
    pub fold_days: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml says what each is")]
pub struct Extract {
    pub deidentify: Deidentify,
    pub terms: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml says what each is")]
pub struct Gemini {
    pub api_key: Secret,
    pub api_key_file: String,
    pub model: String,
    pub base_url: String,
    pub cloud: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml says what each is")]
pub struct OpenAi {
    pub base_url: String,
    pub model: String,
    pub api_key: Secret,
    pub api_key_file: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml says what each is")]
pub struct Model {
    pub timeout_seconds: u64,
    pub budget_seconds: u64,
    pub pause_millis: u64,
    pub alone: AloneChoice,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml says what each is")]
pub struct Password {
    pub memory_kib: u32,
    pub passes: u32,
    pub at_once: usize,
}
