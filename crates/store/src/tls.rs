//! How a PostgreSQL is reached, by what its URL says: libpq's words for who is trusted.

use crate::StoreError;
use percent_encoding::percent_decode_str;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use std::{net::IpAddr, path::Path, str::FromStr, sync::Arc};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where Debian's PostgreSQL listens without a network.
const SOCKETS: &str = "/var/run/postgresql";

/// A PostgreSQL, and who answers for it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) config: Config,
    /// Whether the server's certificate is checked.
    checked: Checked,
    /// Who signs it (`sslrootcert`, PEM); otherwise the authorities of the web.
    roots: Option<String>,
    /// The certificate and the key that are shown to it (`sslcert`, `sslkey`, PEM).
    own: (Option<String>, Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checked {
    No,
    /// That an authority signed it.
    Authority,
    /// And that it is for the host that was asked for.
    Host,
}

impl Target {
    /// Reads `postgres://user:password@host/database?…`.
    pub(crate) fn of(url: &str) -> Result<Self, StoreError> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut own, mut others) = (None, None, (None, None), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            match name {
                "sslmode" => mode = Some(value),
                "sslrootcert" => roots = Some(value),
                "sslcert" => own.0 = Some(value),
                "sslkey" => own.1 = Some(value),
                _ => others.push(pair),
            }
        }
        let mut config = Config::from_str(&format!("{place}?{}", others.join("&"))).map_err(|error| {
            let cause =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            StoreError::Schema(format!(
                "the database URL is not of the form postgres://user:password@host/database: {cause}"
            ))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            if Path::new(SOCKETS).exists() {
                config.host_path(SOCKETS)
            } else {
                config.host("localhost")
            };
        }
        let (mode, checked) = match mode.as_deref() {
            Some("disable") => (SslMode::Disable, Checked::No),
            None | Some("allow" | "prefer") => (SslMode::Prefer, Checked::No),
            // As libpq has it: who names an authority wants it asked.
            Some("require") if roots.is_some() => (SslMode::Require, Checked::Authority),
            Some("require") => (SslMode::Require, Checked::No),
            Some("verify-ca") => (SslMode::Require, Checked::Authority),
            Some("verify-full") => (SslMode::Require, Checked::Host),
            Some(other) => {
                return Err(StoreError::Schema(format!(
                    "sslmode={other} in the database URL is none of disable, prefer, require, verify-ca, verify-full"
                )));
            }
        };
        config.ssl_mode(mode);
        Ok(Self { config, checked, roots, own })
    }

    /// Whether nobody between here and there can read along: on this machine, by a socket, or by TLS whose certificate
    /// is checked.
    pub(crate) fn is_private(&self) -> bool {
        let here = |host: &Host| match host {
            Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
            Host::Unix(_) => true,
        };
        let all_here = self.config.get_hosts().iter().all(here)
            && self.config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        all_here || self.checked == Checked::Host
    }

    /// What speaks TLS with it.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, StoreError> {
        let unusable = |what: &str, error: &dyn std::fmt::Display| {
            StoreError::Schema(format!("{what} of the database URL cannot be used: {error}"))
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("TLS", &error))?;
        let authorities = match &self.roots {
            Some(file) => {
                let mut store = RootCertStore::empty();
                for certificate in certificates(file).map_err(|error| unusable("sslrootcert", &error))? {
                    store.add(certificate).map_err(|error| unusable("sslrootcert", &error))?;
                }
                store
            }
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let by_authority =
            WebPkiServerVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider))
                .build()
                .map_err(|error| unusable("sslrootcert", &error))?;
        let verifier: Arc<dyn ServerCertVerifier> = match self.checked {
            Checked::Host => by_authority,
            Checked::Authority => Arc::new(AnyHost { authority: Some(by_authority), provider }),
            Checked::No => Arc::new(AnyHost { authority: None, provider }),
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let config = match &self.own {
            (Some(shown), Some(key)) => {
                let shown = certificates(shown).map_err(|error| unusable("sslcert", &error))?;
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("sslkey", &error))?;
                builder.with_client_auth_cert(shown, key).map_err(|error| unusable("sslcert", &error))?
            }
            (None, None) => builder.with_no_client_auth(),
            _ => return Err(unusable("sslcert", &"sslcert and sslkey go together")),
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

fn certificates(file: &str) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_file_iter(file)?.collect()
}

/// Takes a certificate for any host: signed by an authority, or by anybody.
#[derive(Debug)]
struct AnyHost {
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(certificate, between, name, stapled, now) {
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_who_is_trusted() {
        let checked =
            |query: &str| Target::of(&format!("postgres://a:b@db.example/c{query}")).unwrap().checked;
        assert_eq!(checked(""), Checked::No);
        assert_eq!(checked("?sslmode=require"), Checked::No);
        assert_eq!(checked("?sslmode=require&sslrootcert=/ca.pem"), Checked::Authority);
        assert_eq!(checked("?sslmode=verify-ca"), Checked::Authority);
        assert_eq!(checked("?sslmode=verify-full&application_name=x"), Checked::Host);
        let error = Target::of("postgres://a@b/c?sslmode=sure").unwrap_err().to_string();
        assert!(error.contains("sslmode=sure") && error.contains("verify-full"), "{error}");
        let error = Target::of("postgres://a@b/c?colour=red").unwrap_err().to_string();
        assert!(error.contains("colour"), "{error}");
        let several = Target::of("postgres://a@127.0.0.1:1,[::1]:2/c?options=-csearch_path%3Dx").unwrap();
        assert_eq!(several.config.get_hosts().len(), 2);
        assert_eq!(several.config.get_options(), Some("-csearch_path=x"));
        assert!(several.is_private());
        assert!(!Target::of("postgres://a@127.0.0.1,db.example/c").unwrap().is_private());
    }
}
