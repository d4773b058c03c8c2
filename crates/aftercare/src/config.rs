//! Configuration: the embedded defaults, then a file, then the environment.

use aftercare_core::password::{COMMON, Rule};
use aftercare_store::account::NoteMode;
use serde::Deserialize;
use std::{net::SocketAddr, path::Path, path::PathBuf};
use toml::{Table, Value};

mod check;
mod sections;
mod urls;

pub use sections::{Extract, Gemini, Limits, Mail, Model, OpenAi, Password, Retention, Tls};

/// The defaults, commented: also the reference.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// Everything that can be set. See `config.default.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml says what each is")]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Config {
    pub listen: SocketAddr,
    pub metrics_listen: String,
    pub data: PathBuf,
    pub database_url: Secret,
    pub database_url_file: String,
    pub ha_required: bool,
    pub master_keys: Secret,
    pub master_keys_file: String,
    pub profile: Profile,
    pub issuer: String,
    pub ui_origin: String,
    pub behind_proxy: bool,
    pub worker: bool,
    pub drain_seconds: u32,
    pub smear_seconds: u32,
    pub log: String,
    /// How its lines look.
    pub log_format: LogFormat,
    pub note_mode: String,
    pub extractor: Choice,
    pub fallback_to_rules: bool,
    pub extract: Extract,
    pub gemini: Gemini,
    pub openai: OpenAi,
    pub model: Model,
    pub password: Password,
    pub assisted: Assisted,
    pub approve_doctors: Auto,
    pub second_factor: Auto,
    pub emergency_recipient: String,
    pub organisation: String,
    pub mail: Mail,
    pub private_addresses: Auto,
    pub tls: Tls,
    pub limits: Limits,
    pub retention: Retention,
}

/// As the profile has it, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// In profile hospital.
    Auto,
    /// Always.
    #[serde(rename = "true")]
    Yes,
    /// Never.
    #[serde(rename = "false")]
    No,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Whether the server may hold people's keys while they are signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assisted {
    /// For those who have not forbidden it.
    Allow,
    /// For nobody: all keys stay on their owners' devices.
    Deny,
}

/// A value that is never printed.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The value, for those who must have it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        !self.0.is_empty()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_set() { "***" } else { "" })
    }
}

/// What kind of place this runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A developer's machine.
    Dev,
    /// A hospital.
    Hospital,
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dev => "dev",
            Self::Hospital => "hospital",
        })
    }
}

impl Profile {
    /// What is asked of a new password: 15 characters where nothing else protects an account, 8 where a
    /// second factor does.
    pub fn password_rule(self, second_factor: bool) -> Rule<'static> {
        match self {
            Self::Dev => Rule { least: 8, refused: "" },
            Self::Hospital => Rule { least: if second_factor { 8 } else { 15 }, refused: COMMON },
        }
    }
}

/// What becomes a step that a model alone has pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AloneChoice {
    /// Nothing.
    Nothing,
    /// What stands under a heading of instructions and says when.
    Timed,
    /// Everything.
    All,
}

/// Who reads notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The live model that is configured, else the rules.
    Auto,
    /// The rules, which need nothing else.
    Rules,
    /// Google's Gemini.
    Gemini,
    /// An OpenAI-compatible server.
    Openai,
}

/// When notes are de-identified before a model sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deidentify {
    /// Where they leave this machine.
    Auto,
    /// Always.
    #[serde(rename = "true")]
    Always,
    /// Never.
    #[serde(rename = "false")]
    Never,
}

/// What is wrong with the configuration, and the mend.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

fn wrong(text: impl Into<String>) -> ConfigError {
    ConfigError(text.into())
}

impl Config {
    /// Reads the defaults, a file, the environment (name and value pairs), and overrides as a
    /// command line gives them (dotted key and value).
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        overrides: &[(&str, String)],
    ) -> Result<Self, ConfigError> {
        let mut table: Table =
            DEFAULTS.parse().map_err(|error| wrong(format!("the built-in defaults: {error}")))?;
        if let Some(file) = file {
            let text = std::fs::read_to_string(file)
                .map_err(|error| wrong(format!("{}: {error}", file.display())))?;
            let own: Table = text.parse().map_err(|error| wrong(format!("{}: {error}", file.display())))?;
            merge(&mut table, own).map_err(|key| {
                wrong(format!(
                    "{}: unknown key {key}; `aftercare config defaults` prints all",
                    file.display()
                ))
            })?;
        }
        for (name, value) in env {
            let key = match name.as_str() {
                "GEMINI_API_KEY" => "gemini.api_key".to_owned(),
                "AFTERCARE_CONFIG" => continue,
                _ => match name.strip_prefix("AFTERCARE_") {
                    Some(name) => name.to_lowercase().replace("__", "."),
                    None => continue,
                },
            };
            set(&mut table, &key, &value).map_err(|error| wrong(format!("{name}: {error}")))?;
        }
        for (key, value) in overrides {
            set(&mut table, key, value)
                .map_err(|error| wrong(format!("--{}: {error}", key.replace('_', "-"))))?;
        }
        let mut config: Self = serde_path_to_error::deserialize(Value::Table(table))
            .map_err(|error| wrong(format!("{}: {}", error.path(), error.inner().message())))?;
        config.read_secret_files()?;
        config.check()?;
        Ok(config)
    }

    fn read_secret_files(&mut self) -> Result<(), ConfigError> {
        for (secret, file) in [
            (&mut self.database_url, &self.database_url_file),
            (&mut self.master_keys, &self.master_keys_file),
            (&mut self.gemini.api_key, &self.gemini.api_key_file),
            (&mut self.openai.api_key, &self.openai.api_key_file),
            (&mut self.mail.url, &self.mail.url_file),
        ] {
            if !file.is_empty() {
                let text =
                    std::fs::read_to_string(file).map_err(|error| wrong(format!("{file}: {error}")))?;
                text.trim().clone_into(&mut secret.0);
            }
        }
        Ok(())
    }

    /// Whether doctors wait for the operator.
    pub fn approves_doctors(&self) -> bool {
        self.in_hospital(self.approve_doctors)
    }

    /// Whether doctors must have a second factor.
    pub fn asks_second_factor(&self) -> bool {
        self.in_hospital(self.second_factor)
    }

    fn in_hospital(&self, setting: Auto) -> bool {
        match setting {
            Auto::Auto => self.profile == Profile::Hospital,
            Auto::Yes => true,
            Auto::No => false,
        }
    }

    /// What becomes of notes where neither they nor their doctor says.
    pub fn note_mode(&self) -> NoteMode {
        match (self.note_mode.as_str(), self.profile) {
            ("review", _) | ("", Profile::Hospital) => NoteMode::Review,
            _ => NoteMode::Activate,
        }
    }

    /// Where the master key lies if it is not given: beside the data folder, so that a copied
    /// folder opens nothing.
    pub fn key_file(&self) -> PathBuf {
        let mut name = self.data.as_os_str().to_owned();
        name.push(".key");
        name.into()
    }
}

/// Lays one table over another; `Err` with the first key the lower one does not know.
fn merge(below: &mut Table, above: Table) -> Result<(), String> {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (None, _) => return Err(key),
            (Some(Value::Table(below)), Value::Table(above)) => {
                merge(below, above).map_err(|inner| format!("{key}.{inner}"))?;
            }
            // What is a word by default may be given as true or false.
            (Some(slot @ Value::String(_)), Value::Boolean(value)) => {
                *slot = Value::String(value.to_string());
            }
            (Some(slot), value) => *slot = value,
        }
    }
    Ok(())
}

/// Sets a dotted key from text, as the type its default has.
fn set(table: &mut Table, key: &str, text: &str) -> Result<(), String> {
    let unknown = || format!("unknown setting {key}; `aftercare config defaults` prints all");
    let (path, last) = key.rsplit_once('.').map_or((None, key), |(path, last)| (Some(path), last));
    let table = match path {
        None => table,
        Some(path) => table.get_mut(path).and_then(Value::as_table_mut).ok_or_else(unknown)?,
    };
    let slot = table.get_mut(last).filter(|slot| !slot.is_table()).ok_or_else(unknown)?;
    *slot = match slot {
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| "must be true or false")?),
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| "must be a whole number")?),
        _ => Value::String(text.to_owned()),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::load(None, env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), &[])
    }

    #[test]
    fn nothing_need_be_set() {
        let config = load(&[("HOME", "/root")]).unwrap();
        assert_eq!((config.profile, config.extractor), (Profile::Dev, Choice::Auto));
        assert_eq!(config.key_file(), Path::new("./aftercare-data.key"));
        assert_eq!(config.issuer(), "http://127.0.0.1:8080");
        assert_eq!(config.ui_host(), Some(("http://localhost:8080".to_owned(), "localhost".to_owned())));
    }

    #[test]
    fn the_environment_reaches_every_level_and_secrets_are_masked() {
        let config = load(&[
            ("AFTERCARE_LISTEN", "127.0.0.1:9"),
            ("AFTERCARE_GEMINI__MODEL", "m"),
            ("AFTERCARE_PASSWORD__PASSES", "4"),
            ("GEMINI_API_KEY", "hush"),
        ])
        .unwrap();
        assert_eq!((config.listen.port(), config.gemini.model.as_str(), config.password.passes), (9, "m", 4));
        assert_eq!(config.gemini.api_key.expose(), "hush");
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (env, says) in [
            (("AFTERCARE_LISTN", "x"), "AFTERCARE_LISTN: unknown setting listn"),
            (("AFTERCARE_GEMINI__KEY", "x"), "unknown setting gemini.key"),
            (("AFTERCARE_WORKER", "yes"), "AFTERCARE_WORKER: must be true or false"),
            (("AFTERCARE_PROFILE", "prod"), "profile: unknown variant `prod`"),
            (("AFTERCARE_LISTEN", "localhost"), "listen: invalid socket address"),
            (("AFTERCARE_DATABASE_URL", "mysql://x"), "database_url: must be such as postgres://"),
            (("AFTERCARE_UI_ORIGIN", "https://10.0.0.1"), "ui_origin: must be such as https://"),
            (("AFTERCARE_UI_ORIGIN", "https://a.example/app"), "ui_origin: must be such as https://"),
            (("AFTERCARE_MASTER_KEYS", "foo"), "master_keys: must be such as k1:"),
            (("AFTERCARE_GEMINI__BASE_URL", "nowhere"), "gemini.base_url: must begin with http"),
            (("AFTERCARE_LISTEN", "0.0.0.0:80"), "profile dev listens on loopback only"),
            (("AFTERCARE_EXTRACTOR", "gemini"), "set GEMINI_API_KEY"),
            (("AFTERCARE_PROFILE", "hospital"), "behind_proxy = true; a master key from outside"),
            (("AFTERCARE_PASSWORD__MEMORY_KIB", "8"), "password: at least 19456 KiB"),
            (("AFTERCARE_MASTER_KEYS_FILE", "/nowhere"), "/nowhere"),
        ] {
            let error = load(&[env]).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_file_lies_between_defaults_and_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("aftercare.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\n[gemini]\nmodel = \"file\"\n").unwrap();
        let env = [("AFTERCARE_LISTEN".to_owned(), "127.0.0.1:2".to_owned())];
        let config = Config::load(Some(&file), env, &[]).unwrap();
        assert_eq!((config.listen.port(), config.gemini.model.as_str()), (2, "file"));
        std::fs::write(&file, "[gemini]\nmodell = \"x\"\n").unwrap();
        let error = Config::load(Some(&file), [], &[]).unwrap_err().to_string();
        assert!(error.contains("unknown key gemini.modell"), "{error}");
    }
}
