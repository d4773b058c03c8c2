//! Who is asking: extractors that prove it. A handler that takes a [`Doctor`] is for doctors.

use super::problem::Problem;
use crate::app::App;
use aftercare_core::{
    id::{SessionId, UserId},
    people::Role,
};
use aftercare_seal::{Bytes, ark::Keys, server::session_kek, wrap::Slot};
use aftercare_store::session::{self, Session};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

/// Somebody signed in, whose session is alive.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who.
    pub id: UserId,
    /// In which role.
    pub role: Role,
    /// In which session.
    pub session: Session,
    ek: Bytes<60>,
}

/// A patient signed in.
#[derive(Clone, Debug)]
pub struct Patient(pub Actor);

/// A doctor signed in.
#[derive(Clone, Debug)]
pub struct Doctor(pub Actor);

impl Actor {
    /// The private keys, for this request: out of the token, the session and the master key
    /// together, and out of no two of them.
    pub fn keys(&self, app: &App) -> Result<Keys, Problem> {
        session_keys(app, &self.session, &self.ek)
    }

    /// Their session's id.
    pub fn sid(&self) -> SessionId {
        self.session.id
    }
}

/// A session's private keys.
pub(crate) fn session_keys(app: &App, session: &Session, ek: &Bytes<60>) -> Result<Keys, Problem> {
    let user = Bytes(*session.user_id.as_bytes());
    let sid = Bytes(*session.id.as_bytes());
    let ssk = app.master.open_session(sid, user, ek).map_err(|_| Problem::unauthenticated())?;
    let blob = app.master.open_column("session", user, &[4], &session.wrapped)?;
    let blob = Bytes::try_from(blob.as_slice())?;
    // The epoch is that of the account's one key until keys can be changed.
    let ark = Slot::Session.unwrap(&blob, &session_kek(&ssk), user, 1)?;
    Ok(ark.keys(user)?)
}

/// The bearer token of a request (RFC 6750).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequestParts<App> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let now = app.clock.wall();
        let claims = bearer(&parts.headers)
            .and_then(|token| app.tokens.verify(token, now))
            .ok_or_else(Problem::unauthenticated)?;
        let mut tx = app.store.read().await?;
        let session = session::get(&mut tx, claims.sub, claims.sid, now).await?;
        let session =
            session.filter(|session| session.stamp == claims.ver).ok_or_else(Problem::unauthenticated)?;
        Ok(Self { id: claims.sub, role: claims.role, session, ek: claims.ek })
    }
}

impl FromRequestParts<App> for Patient {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let actor = Actor::from_request_parts(parts, app).await?;
        if actor.role == Role::Patient { Ok(Self(actor)) } else { Err(Problem::forbidden("patients")) }
    }
}

impl FromRequestParts<App> for Doctor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let actor = Actor::from_request_parts(parts, app).await?;
        if actor.role == Role::Doctor { Ok(Self(actor)) } else { Err(Problem::forbidden("doctors")) }
    }
}

/// The reader's language.
#[derive(Clone, Copy, Debug)]
pub struct Reader(pub aftercare_core::wording::Language);

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let header = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self(aftercare_core::wording::Language::accepted(header.unwrap_or_default())))
    }
}
