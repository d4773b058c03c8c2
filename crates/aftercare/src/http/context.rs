//! What is known of a request beside its body: where it came from, and how much its sender may still ask.

use crate::{app::App, limits::Quota};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderValue, request::Parts},
};
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock},
};

/// Travels with a request; what is found out on the way is told with the answer.
#[derive(Clone, Debug, Default)]
pub struct Context(Arc<OnceLock<Quota>>);

impl Context {
    /// What the sender may still ask for, once that has been counted.
    pub fn quota(&self) -> Option<Quota> {
        self.0.get().copied()
    }

    /// Counted once a request.
    pub fn set_quota(&self, quota: Quota) {
        // Counted before: that stands.
        let _ = self.0.set(quota);
    }

    /// Tells it (draft-ietf-httpapi-ratelimit-headers).
    pub fn tell(&self, headers: &mut HeaderMap) {
        let Some(Quota { limit, remaining, reset }) = self.quota() else { return };
        let policy = format!("\"person\";q={limit};w={}", crate::limits::MINUTE);
        let now = format!("\"person\";r={remaining};t={reset}");
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", now)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

/// The network address a request came from.
#[derive(Clone, Copy, Debug)]
pub struct Network(pub IpAddr);

impl FromRequestParts<App> for Network {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        // Only the declared proxy reaches this port; what it has seen stands last.
        let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
        let forwarded =
            forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        let through_proxy = forwarded.filter(|_| app.config.behind_proxy);
        Ok(Self(through_proxy.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))))
    }
}
