//! Whether settings fit together, and with the place this runs in.

use super::{Choice, Config, ConfigError, Password, Profile, wrong};
use crate::provider::{Provider, is_loopback};
use aftercare_seal::{password::Kdf, server::MasterKeys};

impl Password {
    /// The memory set aside for hashing, in KiB.
    pub fn hashing_kib(&self) -> u32 {
        self.memory_kib.saturating_mul(u32::try_from(self.at_once).unwrap_or(u32::MAX))
    }
}

impl Config {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        Kdf { m: self.password.memory_kib, t: self.password.passes, p: 1 }.check().map_err(|_| {
            wrong(
                "password: at least 19456 KiB with 2 passes or 47104 KiB with 1, at most 1 GiB and 16 passes",
            )
        })?;
        let url = self.database_url.expose();
        if !url.is_empty() && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(wrong("database_url: must be such as postgres://user:password@host/database"));
        }
        if self.master_keys.is_set() && MasterKeys::parse(self.master_keys.expose()).is_err() {
            return Err(wrong("master_keys: must be such as k1:<32 bytes in base64url>"));
        }
        for (key, url) in
            [("gemini.base_url", &self.gemini.base_url), ("openai.base_url", &self.openai.base_url)]
        {
            if !url.is_empty() && !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(wrong(format!("{key}: must begin with http:// or https://")));
            }
        }
        if !self.ui_origin.is_empty() && self.ui_host().is_none_or(|(origin, _)| origin != self.ui_origin) {
            return Err(wrong(
                "ui_origin: must be such as https://aftercare.example, a host name and no path",
            ));
        }
        if !["", "activate", "review"].contains(&self.note_mode.as_str()) {
            return Err(wrong("note_mode: must be activate, review, or empty for the profile's own"));
        }
        if self.tls.certificate.is_empty() != self.tls.key.is_empty() {
            return Err(wrong("tls: set both certificate and key, or none"));
        }
        if !(1..=1_000).contains(&self.password.at_once) {
            return Err(wrong("password.at_once: must be 1 to 1000"));
        }
        if self.smear_seconds > 300 {
            return Err(wrong("smear_seconds: at most 300; a reminder that comes later is late"));
        }
        if !(60..=36_500).contains(&self.retention.fold_days) {
            return Err(wrong("retention.fold_days: must be 60 to 36500; people see the last 60 days"));
        }
        if self.model.budget_seconds > 80 {
            return Err(wrong("model.budget_seconds: at most 80; a request is answered within 90"));
        }
        if self.extractor == Choice::Gemini && !self.gemini.api_key.is_set() {
            return Err(wrong("extractor = gemini needs a key: set GEMINI_API_KEY"));
        }
        if self.extractor == Choice::Openai && self.openai.base_url.is_empty() {
            return Err(wrong(
                "extractor = openai needs AFTERCARE_OPENAI__BASE_URL and AFTERCARE_OPENAI__MODEL",
            ));
        }
        if !self.openai.base_url.is_empty() && self.openai.model.is_empty() {
            return Err(wrong("openai.base_url is set, openai.model is not: set AFTERCARE_OPENAI__MODEL"));
        }
        self.metrics_address()?;
        if self.profile == Profile::Dev && !self.listen.ip().is_loopback() {
            return Err(wrong(format!(
                "profile dev listens on loopback only, not on {}: its passwords are short and its clock can be moved",
                self.listen.ip()
            )));
        }
        if self.profile == Profile::Hospital {
            let mut missing = Vec::new();
            if !self.behind_proxy && self.tls.certificate.is_empty() {
                missing.push("TLS: set tls.certificate and tls.key, or declare the proxy that ends it with behind_proxy = true");
            }
            if !self.master_keys.is_set() {
                missing.push("a master key from outside: set AFTERCARE_MASTER_KEYS_FILE");
            }
            let provider = Provider::of(self);
            let terms = format!(
                "the terms of who reads notes accepted ({}): set AFTERCARE_EXTRACT__TERMS={}",
                provider.meaning(),
                provider.name()
            );
            if provider.is_remote() && self.extract.terms != provider.name() {
                missing.push(&terms);
            }
            let models = [&self.gemini.base_url, &self.openai.base_url];
            if models.into_iter().any(|url| url.starts_with("http://") && !is_loopback(url)) {
                missing.push("a model reached by https://, or on this machine");
            }
            if !url.is_empty() && !aftercare_store::engine::is_private(url) {
                missing.push("a database reached by TLS that is checked, or on this machine: add ?sslmode=verify-full to database_url");
            }
            if !missing.is_empty() {
                return Err(wrong(format!("profile hospital needs {}", missing.join("; "))));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hospital_speaks_to_others_by_tls_alone() {
        let load = |settings: &[(&str, &str)]| {
            let key = format!("k1:{}", aftercare_seal::bytes::encode(&[7; 32]));
            let all = [("PROFILE", "hospital"), ("BEHIND_PROXY", "true"), ("MASTER_KEYS", key.as_str())];
            let all = all.iter().chain(settings);
            Config::load(
                None,
                all.map(|(name, value)| (format!("AFTERCARE_{name}"), (*value).to_owned())),
                &[],
            )
        };
        for good in [
            "",
            "postgres://a:b@127.0.0.1/c",
            "postgres://a:b@[::1]/c",
            "postgres://a:b@localhost/c",
            "postgres:///c?host=/run/postgresql",
            "postgres://a:b@db.example/c?sslmode=verify-full",
        ] {
            assert!(load(&[("DATABASE_URL", good)]).is_ok(), "{good}");
        }
        for bad in [
            "postgres://a:b@db.example/c",
            "postgres://a:b@db.example/c?sslmode=require",
            "postgres:///c?host=db.example",
            "postgres://localhost/c?host=db.example",
            "postgres://a@db.example/c?sslmode=verify-full&sslmode=disable",
        ] {
            let error = load(&[("DATABASE_URL", bad)]).unwrap_err().to_string();
            assert!(error.contains("sslmode=verify-full"), "{error}");
        }
        let model = [("OPENAI__BASE_URL", "http://models.example/v1"), ("OPENAI__MODEL", "m")];
        let error = load(&model).unwrap_err().to_string();
        assert!(error.contains("a model reached by https://"), "{error}");
    }
}
