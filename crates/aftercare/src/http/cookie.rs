//! What a browser keeps in cookies that no script reads: its refresh token, and the operator's session.

use super::{json::Json, session::Tokens};
use crate::app::App;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use std::convert::Infallible;
use zeroize::Zeroizing;

const NAME: &str = "__Host-aftercare_rt";
/// Asks for the cookie, and for it to be looked at. No page of another origin can send it unasked.
const ASKS: HeaderName = HeaderName::from_static("x-aftercare-cookie");

/// Whether the sender wants its refresh token in a cookie, and the one it has.
pub(super) struct Cookie {
    wanted: bool,
    token: Option<Zeroizing<String>>,
}

impl FromRequestParts<App> for Cookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let token = find(&parts.headers, NAME);
        Ok(Self { wanted: parts.headers.contains_key(ASKS), token })
    }
}

/// A cookie, where its sender asks for it to be looked at.
pub(super) fn find(headers: &HeaderMap, name: &str) -> Option<Zeroizing<String>> {
    if !headers.contains_key(ASKS) {
        return None;
    }
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| Zeroizing::new(value.to_owned()))
}

impl Cookie {
    /// The refresh token the browser has.
    pub(super) fn token(&mut self) -> Option<Zeroizing<String>> {
        self.token.take()
    }

    /// The tokens: the one that renews in the cookie where that is wanted, until the session ends at the latest.
    pub(super) fn give(&self, app: &App, mut tokens: Tokens) -> Response {
        let tokens_end = tokens.ends_at;
        let kept = tokens.refresh_token.take_if(|_| self.wanted);
        let mut response = Json(tokens).into_response();
        if let Some(token) = kept {
            let seconds = (tokens_end - app.clock.wall()).as_micros() / 1_000_000;
            set(response.headers_mut(), NAME, &token, seconds);
        }
        response
    }
}

/// Takes the cookie back.
pub(super) fn forget(headers: &mut HeaderMap) {
    set(headers, NAME, "", 0);
}

/// Gives a cookie for so long; for no time: takes it back.
pub(super) fn set(headers: &mut HeaderMap, name: &str, token: &str, seconds: i64) {
    let cookie = format!("{name}={token}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    // Tokens are base64url and dots.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}
