//! Settings on the command line: the same names as in the environment and the file.

use crate::config::{Choice, Config, ConfigError, Profile};
use clap::ValueEnum;
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
    /// What kind of place this runs in.
    #[arg(long, value_enum)]
    profile: Option<Profile>,
    /// Who reads notes.
    #[arg(long, value_enum)]
    extractor: Option<Choice>,
}

impl Settings {
    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        let given = [
            ("listen", self.listen.clone()),
            ("data", self.data.clone()),
            ("database_url", self.database_url.clone()),
            ("profile", self.profile.as_ref().and_then(name)),
            ("extractor", self.extractor.as_ref().and_then(name)),
        ];
        let overrides: Vec<_> = given.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        Config::load(self.config.as_deref(), std::env::vars(), &overrides)
    }
}

/// A value's name, as the file and the environment have it.
fn name(value: &impl ValueEnum) -> Option<String> {
    Some(value.to_possible_value()?.get_name().to_owned())
}
