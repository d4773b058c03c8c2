//! Sessions: begun, renewed, listed, ended.

use super::{
    actor::{Account, Actor, session_keys},
    cookie::{self, Cookie},
    json::{Id, Json, Params},
    login::assisted_forbidden,
    page::Page,
    person::{UserView, user_view},
    problem::Problem,
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    config::Assisted,
    keyring::raw,
    limits,
    token::{Claims, LIFETIME, Mode, Refresh},
};
use aftercare_core::{
    id::SessionId,
    instant::{Instant, Span},
    people::Role,
};
use aftercare_seal::{Bytes, Secret, ark::Ark, server::session_kek, wrap::Slot};
use aftercare_store::{
    StoreError, Tx,
    account::{self, Person},
    session::{self, Session},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// How long a session lasts: without renewal, and in all.
struct Lifetime {
    idle: Span,
    absolute: Span,
}

impl Lifetime {
    /// The keys of an assisted session can be had from its token, the database and the master key
    /// together: it is short. Those of a sealed one are on its owner's device, which locks itself.
    fn of(mode: Mode, role: Role) -> Self {
        match (mode, role) {
            (Mode::Assisted, _) => Self { idle: Span::from_minutes(30), absolute: Span::from_hours(12) },
            (Mode::Sealed, Role::Doctor) => {
                Self { idle: Span::from_hours(12), absolute: Span::from_hours(12) }
            }
            (Mode::Sealed, Role::Patient) => Self { idle: Span::from_days(7), absolute: Span::from_days(30) },
        }
    }
}

/// For so long the refresh token before the last is taken once more: the answer may have been lost.
const GRACE: Span = Span::from_secs(10);

/// A session's tokens (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// Send as `Authorization: Bearer …`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    /// Renews the session, once. Absent where it is in a cookie, as `X-Aftercare-Cookie: 1` asks.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<Zeroizing<String>>,
    /// When the session ends at the latest.
    #[serde(skip)]
    pub(super) ends_at: Instant,
    /// Give it with the next sign-in on this device: failures of strangers then lock nobody out here.
    device_token: String,
    /// Whose session.
    user: UserView,
}

/// Who holds the keys of a session that begins.
pub(super) enum Holder {
    /// The server, in memory, for the session's own secret.
    Assisted(Ark, u32),
    /// Its owner.
    Sealed,
}

/// Begins a session of somebody who has shown who they are, by `amr` (RFC 8176).
pub(super) async fn begin(
    app: &App,
    tx: &mut Tx,
    person: Person,
    holder: Holder,
    amr: &str,
    device: String,
) -> Result<Tokens, Problem> {
    let now = app.clock.wall();
    let user = raw(person.id);
    let sid: SessionId = app.random.id(now);
    let mut rng = app.random.rng();
    let (mode, wrapped, ek) = match holder {
        Holder::Assisted(ark, epoch) => {
            let ssk = Secret::random(&mut rng);
            let ek = app.master.seal_session(Bytes(*sid.as_bytes()), user, &ssk, &mut rng);
            let blob = Slot::Session.wrap(&ark, &session_kek(&ssk), user, epoch, &mut rng);
            let wrapped = app.master.seal_column("session", user, &[4], &blob.0, &mut rng);
            (Mode::Assisted, Some(wrapped), Some(ek))
        }
        Holder::Sealed => (Mode::Sealed, None, None),
    };
    let Lifetime { idle, absolute } = Lifetime::of(mode, person.role);
    let refresh = Refresh::new(sid, ek, &app.master, &app.random);
    let session = Session {
        id: sid,
        user_id: person.id,
        created_at: now,
        expires_at: now + absolute,
        auth_at: now,
        amr: amr.to_owned(),
        idle,
        stamp: person.stamp,
        wrapped,
        refresh_hash: refresh.hash().to_vec(),
        previous_hash: None,
        rotated_at: now,
        device,
    };
    session::insert(tx, &session).await?;
    let id = person.id;
    let tokens = tokens(app, &session, person, &refresh, now)?;
    let event = Event::own(id, Action::SignedIn).with(serde_json::json!({ "mode": mode, "by": amr }));
    audit::record(app, tx, event).await?;
    Ok(tokens)
}

/// What signs in, as it names itself, shortened.
pub(super) fn device(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or("unknown").chars().take(120).collect()
}

/// The tokens of a session.
pub(super) fn tokens(
    app: &App,
    session: &Session,
    person: Person,
    refresh: &Refresh,
    now: Instant,
) -> Result<Tokens, Problem> {
    let claims = Claims {
        iss: String::new(),
        aud: String::new(),
        sub: person.id,
        sid: session.id,
        jti: app.random.id(now),
        iat: 0,
        nbf: 0,
        exp: 0,
        role: person.role,
        mode: if session.wrapped.is_some() { Mode::Assisted } else { Mode::Sealed },
        ver: session.stamp,
        auth_time: session.auth_at.as_secs(),
        amr: session.amr.split(' ').map(str::to_owned).collect(),
        ek: refresh.ek,
    };
    Ok(Tokens {
        access_token: app.tokens.issue(claims, now),
        token_type: "Bearer",
        expires_in: LIFETIME.as_micros() / 1_000_000,
        refresh_token: Some(refresh.text()),
        ends_at: session.expires_at,
        device_token: limits::device_token(app, person.id),
        user: user_view(app, person)?,
    })
}

fn invalid_refresh() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "invalid_credentials",
        "Not signed in",
        "this refresh token is used up or its session has ended; sign in at /api/login/",
    )
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Renew {
    /// As the last sign-in or renewal gave it. Absent where it is in a cookie (`X-Aftercare-Cookie: 1`).
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Zeroizing<String>>,
}

/// Renew a session
///
/// Each refresh token is good once, and within ten seconds once more should the answer be lost. One
/// that was used up ends its session: it was stolen, or its thief was faster.
#[utoipa::path(post, path = "/api/token/refresh/", tag = "Accounts", request_body = Renew, responses(
    (status = 200, body = Tokens), (status = 401, description = "`invalid_credentials`", body = Problem),
    (status = 403, description = "`assisted_forbidden`", body = Problem)))]
pub async fn renew(
    State(app): State<App>,
    mut cookie: Cookie,
    Json(body): Json<Renew>,
) -> Result<Response, Problem> {
    let now = app.clock.wall();
    let given = body.refresh_token.or_else(|| cookie.token()).ok_or_else(invalid_refresh)?;
    let given = Refresh::parse(&given, &app.master).ok_or_else(invalid_refresh)?;
    let hash = given.hash();
    let mut tx = app.store.write().await?;
    let session = session::find(&mut tx, given.sid, now).await?.ok_or_else(invalid_refresh)?;
    if session.wrapped.is_some() && app.config.assisted == Assisted::Deny {
        return Err(assisted_forbidden());
    }
    let current = hash.as_slice() == session.refresh_hash;
    let lost_answer =
        session.previous_hash.as_deref() == Some(hash.as_slice()) && now - session.rotated_at <= GRACE;
    let opens = match (&session.wrapped, &given.ek) {
        (Some(_), Some(ek)) => session_keys(&app, &mut tx, &session, ek).await.is_ok(),
        (None, None) => true,
        _ => false,
    };
    if !(current || lost_answer) || !opens {
        session::delete(&mut tx, session.user_id, session.id).await?;
        app.opened.end(session.id);
        audit::record(&app, &mut tx, Event::own(session.user_id, Action::TokenReused).anonymous()).await?;
        tx.commit().await?;
        tracing::warn!(sid = %session.id, "a refresh token was used again; its session is ended");
        return Err(invalid_refresh());
    }
    let person = account::get(&mut tx, session.user_id).await?.ok_or_else(invalid_refresh)?;
    let refresh = Refresh::new(session.id, given.ek, &app.master, &app.random);
    // After a lost answer the grace still counts from the first renewal.
    let rotated_at = if current { now } else { session.rotated_at };
    if !session::rotate(&mut tx, &session, &refresh.hash(), &hash, rotated_at).await? {
        return Err(StoreError::Unavailable("renewed by another at the same time".to_owned()).into());
    }
    let answer = tokens(&app, &session, person, &refresh, now)?;
    tx.commit().await?;
    Ok(cookie.give(&app, answer))
}

/// Sign out
///
/// Ends this session at once: its tokens are good for nothing more.
#[utoipa::path(post, path = "/api/logout/", tag = "Accounts", security(("bearer" = [])), responses((status = 204)))]
pub async fn log_out(State(app): State<App>, Account(actor): Account) -> Result<Response, Problem> {
    end(&app, &actor, actor.sid()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookie::forget(response.headers_mut());
    Ok(response)
}

async fn end(app: &App, actor: &Actor, id: SessionId) -> Result<bool, Problem> {
    let mut tx = app.store.write().await?;
    let ended = session::delete(&mut tx, actor.id, id).await?;
    app.opened.end(id);
    if ended {
        audit::record(app, &mut tx, Event::own(actor.id, Action::SignedOut).on(id.0)).await?;
    }
    tx.commit().await?;
    Ok(ended)
}

/// A signed-in session.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    /// `UUIDv7`.
    #[schema(value_type = uuid::Uuid)]
    id: SessionId,
    /// What signed in, as it named itself.
    device: String,
    /// `assisted` or `sealed`.
    mode: Mode,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// When it was last renewed.
    #[schema(value_type = String, format = DateTime)]
    renewed_at: Instant,
    /// Its end at the latest.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
    /// Whether it is the one asking.
    current: bool,
}

/// Own sessions.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    /// Newest first.
    items: Vec<SessionView>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// List own sessions
#[utoipa::path(get, path = "/api/sessions/", tag = "Accounts", security(("bearer" = [])), params(Page), responses((status = 200, body = SessionList)))]
pub async fn list_sessions(
    State(app): State<App>,
    Account(actor): Account,
    Params(page): Params<Page>,
) -> Result<Json<SessionList>, Problem> {
    let mut tx = app.store.read().await?;
    let (sessions, next_cursor) = page.cut(session::of_user(&mut tx, actor.id, app.clock.wall()).await?)?;
    let items = sessions.into_iter().map(|session| SessionView {
        current: session.id == actor.sid(),
        id: session.id,
        device: session.device,
        mode: if session.wrapped.is_some() { Mode::Assisted } else { Mode::Sealed },
        created_at: session.created_at,
        renewed_at: session.rotated_at,
        expires_at: session.expires_at,
    });
    Ok(Json(SessionList { items: items.collect(), next_cursor }))
}

/// End one of one's own sessions
#[utoipa::path(delete, path = "/api/sessions/{id}/", tag = "Accounts", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn end_session(
    State(app): State<App>,
    Account(actor): Account,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Problem> {
    if end(&app, &actor, id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}
