//! Serving connections: limits on how slow they may be, and TLS whose certificate can change.

use crate::config::Tls;
use anyhow::Context;
use axum::Router;
use axum_server::{Handle, tls_rustls::RustlsConfig};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use rustls::ServerConfig;
use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// A request's headers arrive within this.
const HEADERS: Duration = Duration::from_secs(10);
/// What is under way when the process is asked to end may take so long more.
const LAST: Duration = Duration::from_secs(90);
/// So often the certificate's files are looked at.
const CERTIFICATE: Duration = Duration::from_secs(2);

/// TLS as configured, read anew when its files change.
pub(super) async fn tls(config: &Tls) -> anyhow::Result<Option<RustlsConfig>> {
    if config.certificate.is_empty() {
        return Ok(None);
    }
    // Somebody else in the process has installed it: fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (certificate, key) = (config.certificate.clone(), config.key.clone());
    let read = read(&certificate, &key).await;
    let tls =
        RustlsConfig::from_config(read.with_context(|| format!("tls: cannot use {certificate} with {key}"))?);
    let reloaded = tls.clone();
    tokio::spawn(async move {
        let mut seen = changed(&certificate, &key);
        loop {
            tokio::time::sleep(CERTIFICATE).await;
            let now = changed(&certificate, &key);
            if now == seen {
                continue;
            }
            match self::read(&certificate, &key).await {
                Ok(config) => {
                    reloaded.reload_from_config(config);
                    seen = now;
                    tracing::info!(%certificate, "the certificate was read anew");
                }
                // Half written, or wrong: the one in use stays.
                Err(error) => tracing::warn!(%certificate, %error, "the new certificate cannot be used"),
            }
        }
    });
    Ok(Some(tls))
}

async fn read(certificate: &str, key: &str) -> std::io::Result<Arc<ServerConfig>> {
    let config = RustlsConfig::from_pem_file(certificate, key).await?;
    let mut config = ServerConfig::clone(&config.get_inner());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn changed(certificate: &str, key: &str) -> [Option<SystemTime>; 2] {
    [certificate, key].map(|file| std::fs::metadata(file).and_then(|file| file.modified()).ok())
}

/// Headers have a deadline. It holds from the first moment because one protocol is spoken only: where a
/// connection may be either of two, nothing bounds how long it may keep silent.
fn limit(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
}

/// Serves until `stop`, and then what is under way.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    service: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let handle: Handle<SocketAddr> = Handle::new();
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn({
        let handle = handle.clone();
        async move {
            stop.await;
            handle.graceful_shutdown(Some(LAST));
        }
    });
    match tls {
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle).http1_only();
            limit(server.http_builder());
            server.serve(service).await
        }
        Some(tls) => {
            let mut server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle).http1_only();
            limit(server.http_builder());
            server.serve(service).await
        }
    }
}
