//! Where the service is reached, and by what name.

use super::{Auto, Config, ConfigError, Mail, Profile};
use std::net::SocketAddr;

impl Mail {
    /// The bare address that mail comes from.
    pub fn address(&self) -> &str {
        self.from.rsplit_once('<').map_or(self.from.as_str(), |(_, address)| address.trim_end_matches('>'))
    }
}

impl Config {
    /// Whether addresses of this machine and its networks may be asked for people's channels.
    pub fn asks_inside(&self) -> bool {
        match self.private_addresses {
            Auto::Auto => self.profile == Profile::Dev,
            Auto::Yes => true,
            Auto::No => false,
        }
    }

    /// Where metrics are told; `None`: nowhere.
    pub fn metrics_address(&self) -> Result<Option<SocketAddr>, ConfigError> {
        let text = self.metrics_listen.as_str();
        let wrong = |_| ConfigError(format!("metrics_listen: must be such as 127.0.0.1:9464, not {text}"));
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(wrong) }
    }

    /// The issuer of access tokens.
    pub fn issuer(&self) -> String {
        if self.issuer.is_empty() { self.base_url() } else { self.issuer.clone() }
    }

    /// Where pages of the service come from, and the host name in it; `None` where it has none.
    pub fn ui_host(&self) -> Option<(String, String)> {
        let local = || {
            let (url, here) = (self.base_url(), self.listen.to_string());
            // Browsers make passkeys for names only.
            let named = format!("localhost:{}", self.listen.port());
            if self.listen.ip().is_loopback() { url.replace(&here, &named) } else { url }
        };
        let settings = [&self.ui_origin, &self.issuer];
        let url = settings.into_iter().find(|url| !url.is_empty()).cloned().unwrap_or_else(local);
        let url = reqwest::Url::parse(&url).ok()?;
        // A name ends in a letter; an address in a digit or a bracket.
        let host = url.host_str().filter(|host| host.ends_with(|end: char| end.is_alphabetic()))?;
        Some((url.origin().ascii_serialization(), host.to_owned()))
    }

    /// Where people open its pages: by a name, where it has one.
    pub fn pages(&self) -> String {
        self.ui_host().map_or_else(|| self.base_url(), |(origin, _)| origin)
    }

    /// Whether people reach it by TLS.
    pub fn is_https(&self) -> bool {
        self.behind_proxy || !self.tls.certificate.is_empty()
    }

    /// Where the service is reached without a proxy.
    pub fn base_url(&self) -> String {
        let scheme = if self.tls.certificate.is_empty() { "http" } else { "https" };
        format!("{scheme}://{}", self.listen)
    }
}
