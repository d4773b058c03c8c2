//! Where notes go to be read, what that means, and whose terms an operator has to have accepted.

use crate::config::{Choice, Config, Deidentify};

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The rules, in this process.
    Rules,
    /// Google's Gemini Developer API.
    DeveloperApi,
    /// Gemini on Google Cloud.
    GoogleCloud,
    /// An OpenAI-compatible server on this machine.
    Local,
    /// An OpenAI-compatible server elsewhere.
    Elsewhere,
}

impl Provider {
    /// The one that is configured.
    pub fn of(config: &Config) -> Self {
        let gemini = if config.gemini.cloud.is_empty() { Self::DeveloperApi } else { Self::GoogleCloud };
        let openai = if is_loopback(&config.openai.base_url) { Self::Local } else { Self::Elsewhere };
        match config.extractor {
            Choice::Gemini => gemini,
            Choice::Openai => openai,
            Choice::Auto if config.gemini.api_key.is_set() => gemini,
            Choice::Auto if !config.openai.base_url.is_empty() => openai,
            Choice::Auto | Choice::Rules => Self::Rules,
        }
    }

    /// What is written into `extract.terms` to accept it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::DeveloperApi => "developer-api",
            Self::GoogleCloud => "google-cloud",
            Self::Local => "local",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// What it means for the notes.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Rules => "no note leaves this process",
            Self::DeveloperApi => {
                "Google's Gemini Developer API: its terms exclude clinical practice; for demonstrations with made-up notes only"
            }
            Self::GoogleCloud => "Google Cloud, under the operator's own contract with Google",
            Self::Local => "a server on this machine: no note leaves it",
            Self::Elsewhere => "a server elsewhere, under the operator's own agreement with whoever runs it",
        }
    }

    /// Whether notes leave this machine.
    pub fn is_remote(self) -> bool {
        matches!(self, Self::DeveloperApi | Self::GoogleCloud | Self::Elsewhere)
    }

    /// Whether notes are de-identified on their way there.
    pub fn deidentifies(self, config: &Config) -> bool {
        let here = match self {
            Self::Rules | Self::Local => true,
            Self::DeveloperApi | Self::GoogleCloud => is_loopback(&config.gemini.base_url),
            Self::Elsewhere => false,
        };
        match config.extract.deidentify {
            Deidentify::Auto => !here,
            Deidentify::Always => self != Self::Rules,
            Deidentify::Never => false,
        }
    }
}

/// Whether an address is this machine's own.
pub(crate) fn is_loopback(url: &str) -> bool {
    reqwest::Url::parse(url).ok().is_some_and(|url| match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_this_machine() {
        for here in
            ["http://localhost:11434/v1", "http://127.0.0.1:1/v1", "http://[::1]/v1", "http://127.9.9.9"]
        {
            assert!(is_loopback(here), "{here}");
        }
        for there in [
            "https://localhost.example.org",
            "http://10.0.0.5/v1",
            "http://127.0.0.1@models.example/v1",
            "",
            "http://0.0.0.0",
        ] {
            assert!(!is_loopback(there), "{there}");
        }
    }
}
