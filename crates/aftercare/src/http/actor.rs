//! Who is asking: extractors that prove it. A handler that takes a [`Doctor`] is for doctors; one that takes
//! an [`Account`] touches nothing but the caller's own account, and is open to doctors who are not admitted
//! yet. Everything else takes an [`Actor`], or, where it is read again and again, an [`Arriving`].

use super::{context::Context, login::assisted_forbidden, problem::Problem};
use crate::{
    app::App,
    config::Assisted,
    keyring::{History, People, raw},
    limits,
    opened::Asks,
    token::Claims,
};
use aftercare_core::{
    id::{SessionId, UserId},
    instant::Span,
    people::Role,
};
use aftercare_seal::{
    Bytes,
    ark::{Ark, Keys},
    server::session_kek,
    wrap::Slot,
};
use aftercare_store::{
    Asked, Tx, directory,
    session::{self, Session},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
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
    ek: Option<Bytes<60>>,
}

/// Somebody signed in, for what is their own account's: though they still lack what doctors must have here.
#[derive(Clone, Debug)]
pub struct Account(pub Actor);

/// A patient signed in.
#[derive(Clone, Debug)]
pub struct Patient(pub Actor);

/// A doctor signed in.
#[derive(Clone, Debug)]
pub struct Doctor(pub Actor);

impl Actor {
    /// Whether their keys are on their own device alone.
    pub fn is_sealed(&self) -> bool {
        self.ek.is_none()
    }

    /// The private keys, for this request: out of the token, the session and the master key
    /// together, and out of no two of them. A sealed session has none here.
    pub async fn keys(&self, app: &App, tx: &mut Tx) -> Result<Keys, Problem> {
        session_keys(app, tx, &self.session, self.proof()?).await
    }

    /// The same where the public ones are at hand.
    pub fn keys_among(&self, app: &App, people: &People) -> Result<Keys, Problem> {
        let ark = unwrap(app, &self.session, self.proof()?, people.of(self.id)?.epoch)?;
        Ok(ark.keys(raw(self.id)))
    }

    fn proof(&self) -> Result<&Bytes<60>, Problem> {
        self.ek.as_ref().ok_or_else(|| Problem::sealed_session("send what you have sealed there"))
    }

    /// As they ask for what their session has opened before.
    pub fn asks(&self, app: &App) -> Asks<'_> {
        let proof = self.ek.as_ref().map_or(&[][..], |ek| &ek.0);
        Asks { user: self.id, session: self.session.id, proof, now: app.clock.wall() }
    }

    /// Their session's id.
    pub fn sid(&self) -> SessionId {
        self.session.id
    }

    /// Whether a passkey alone has opened this session.
    pub fn by_passkey(&self) -> bool {
        self.session.amr == BY_PASSKEY
    }

    /// For what asks for a sign-in of the last five minutes.
    pub fn signed_in_recently(&self, app: &App) -> Result<(), Problem> {
        let recent = app.clock.wall() - self.session.auth_at <= RECENT;
        if recent { Ok(()) } else { Err(Problem::step_up()) }
    }
}

/// How a session is opened by a passkey alone (RFC 8176): possession, and its user verified.
pub(super) const BY_PASSKEY: &str = "pop mfa";

/// Who they are was shown within this.
const RECENT: Span = Span::from_minutes(5);

/// An assisted session's root key, with its epoch.
pub(crate) async fn session_ark(
    app: &App,
    tx: &mut Tx,
    session: &Session,
    ek: &Bytes<60>,
) -> Result<(Ark, u32), Problem> {
    let epoch = History::load(tx, session.user_id).await?.current().epoch;
    Ok((unwrap(app, session, ek, epoch)?, epoch))
}

/// The same where the epoch of its keys is known.
fn unwrap(app: &App, session: &Session, ek: &Bytes<60>, epoch: u32) -> Result<Ark, Problem> {
    let user = raw(session.user_id);
    let sid = Bytes(*session.id.as_bytes());
    let ssk = app.master.open_session(sid, user, ek).map_err(|_| Problem::unauthenticated())?;
    let wrapped = session.wrapped.as_deref().ok_or_else(Problem::unauthenticated)?;
    let blob = app.master.open_column("session", user, &[4], wrapped)?;
    let blob = Bytes::try_from(blob.as_slice())?;
    Ok(Slot::Session.unwrap(&blob, &session_kek(&ssk), user, epoch)?)
}

/// An assisted session's private keys.
pub(crate) async fn session_keys(
    app: &App,
    tx: &mut Tx,
    session: &Session,
    ek: &Bytes<60>,
) -> Result<Keys, Problem> {
    let (ark, _) = session_ark(app, tx, session, ek).await?;
    Ok(ark.keys(raw(session.user_id)))
}

/// The bearer token of a request (RFC 6750).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Somebody whose token is good, and whose session is asked for: what they want of their own can be asked along with it.
/// Nothing is given before [`Arriving::actor`] has said who they are.
pub struct Arriving {
    claims: Claims,
    tx: Tx,
    session: Asked<Option<Session>>,
    context: Option<Context>,
}

impl Arriving {
    /// For a patient who asks for what is theirs: in what to ask along, and who they are if their session holds.
    pub fn own(&mut self, patient: Option<UserId>) -> Option<(&mut Tx, UserId)> {
        let own = self.claims.sub;
        let is_own = self.claims.role == Role::Patient && patient.is_none_or(|patient| patient == own);
        is_own.then_some((&mut self.tx, own))
    }

    /// Who they are; and what was asked along is answered in.
    pub async fn actor(self, app: &App) -> Result<(Actor, Tx), Problem> {
        let (Account(actor), mut tx) = self.account(app).await?;
        if actor.role == Role::Doctor {
            admitted(app, &mut tx, &actor).await?;
        }
        Ok((actor, tx))
    }

    async fn account(self, app: &App) -> Result<(Account, Tx), Problem> {
        let Self { claims, mut tx, session, context } = self;
        // The session may have outlived a change of credentials that was made in it; no other has.
        let session = session.answer(&mut tx).await?.filter(|session| claims.ver <= session.stamp);
        let session = session.ok_or_else(Problem::unauthenticated)?;
        if session.wrapped.is_some() != claims.ek.is_some() {
            return Err(Problem::unauthenticated());
        }
        if session.wrapped.is_some() && app.config.assisted == Assisted::Deny {
            return Err(assisted_forbidden());
        }
        if let Some(context) = context {
            count(&context, app, claims.sub).await?;
        }
        Ok((Account(Actor { id: claims.sub, role: claims.role, session, ek: claims.ek }), tx))
    }
}

impl FromRequestParts<App> for Arriving {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let now = app.clock.wall();
        let token = bearer(&parts.headers).ok_or_else(Problem::unauthenticated)?;
        let claims =
            app.tokens.verify(token, now, &app.store, &app.master).await.map_err(Problem::unavailable)?;
        let claims = claims.ok_or_else(Problem::unauthenticated)?;
        let mut tx = app.store.peek().await?;
        let session = session::get(&mut tx, claims.sub, claims.sid, now).await?;
        Ok(Self { claims, tx, session, context: parts.extensions.get::<Context>().cloned() })
    }
}

/// Counts a request of a person, once.
async fn count(context: &Context, app: &App, person: UserId) -> Result<(), Problem> {
    if context.quota().is_some() {
        return Ok(());
    }
    let (quota, refused) = limits::request(app, person).await;
    context.set_quota(quota);
    refused.map_or(Ok(()), Err)
}

impl FromRequestParts<App> for Account {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Arriving::from_request_parts(parts, app).await?.account(app).await?.0)
    }
}

impl FromRequestParts<App> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Arriving::from_request_parts(parts, app).await?.actor(app).await?.0)
    }
}

/// Whether a doctor has what this deployment asks of doctors before they see or write anything of patients.
async fn admitted(app: &App, tx: &mut Tx, doctor: &Actor) -> Result<(), Problem> {
    if app.config.asks_second_factor() && doctor.session.amr == "pwd" {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "second_factor_missing",
            "Second factor",
            "doctors sign in with a second factor here: set one up at /api/mfa/passkeys/ or /api/mfa/totp/ and sign in again with it",
        ));
    }
    if app.config.approves_doctors() && directory::get(tx, doctor.id).await?.is_none() {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not_approved",
            "Not approved yet",
            "the operator of this service approves doctors, and has not approved this account yet",
        ));
    }
    Ok(())
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
