//! Settings on the command line: the same names as in the environment and the file.

use crate::config::{Config, ConfigError};
use std::path::PathBuf;

#[derive(Debug, Default, clap::Args)]
pub(super) struct Settings {
    /// A TOML file with settings.
    #[arg(long, env = "AFTERCARE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the API listens.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The folder of the embedded database.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// A PostgreSQL instead of the embedded database: `postgres://user:password@host/database`.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// dev or hospital.
    #[arg(long)]
    profile: Option<String>,
    /// auto, rules, gemini or openai.
    #[arg(long)]
    extractor: Option<String>,
}

impl Settings {
    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        let given = [
            ("listen", &self.listen),
            ("data", &self.data),
            ("database_url", &self.database_url),
            ("profile", &self.profile),
            ("extractor", &self.extractor),
        ];
        let overrides: Vec<_> =
            given.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))).collect();
        Config::load(self.config.as_deref(), std::env::vars(), &overrides)
    }
}
