//! Signing in and out, renewing, and the list of sessions.

use super::{
    actor::{Actor, session_keys},
    json::{Id, Json},
    problem::Problem,
    view::UserView,
};
use crate::{
    app::App,
    token::{Claims, LIFETIME, Mode, Refresh},
};
use aftercare_core::{
    id::{SessionId, UserId},
    instant::{Instant, Span},
};
use aftercare_seal::{Bytes, Secret, password::Kdf, server::session_kek, wrap::Slot};
use aftercare_store::{
    StoreError, Tx,
    account::{self, Person},
    regime,
    session::{self, Session},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// An assisted session ends after so long, whatever happens.
const ABSOLUTE: Span = Span::from_hours(12);
/// And after so long without renewal.
const IDLE: Span = Span::from_minutes(30);
/// For so long the refresh token before the last is taken once more: the answer may have been lost.
const GRACE: Span = Span::from_secs(10);

/// Address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The address signed up with.
    #[schema(example = "ada@patients.example")]
    email: String,
    /// The password.
    #[schema(value_type = String, example = "correct horse battery")]
    password: Zeroizing<String>,
}

/// A session's tokens (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// Send as `Authorization: Bearer …`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    /// Renews the session, once.
    refresh_token: String,
    /// Whose session.
    user: UserView,
}

fn invalid_credentials() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "invalid_credentials",
        "Not signed in",
        "address and password do not belong together",
    )
}

fn invalid_refresh() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "invalid_credentials",
        "Not signed in",
        "this refresh token is used up or its session has ended; sign in at /api/login/",
    )
}

/// Sign in
///
/// An unknown address is answered as a wrong password is, after the same work.
#[utoipa::path(post, path = "/api/login/", tag = "Accounts", request_body = LogIn, responses(
    (status = 200, body = Tokens), (status = 401, description = "`invalid_credentials`", body = Problem)))]
pub async fn log_in(
    State(app): State<App>,
    headers: HeaderMap,
    Json(body): Json<LogIn>,
) -> Result<Json<Tokens>, Problem> {
    let now = app.clock.wall();
    let index = app.master.email_index(&body.email).0;
    let mut tx = app.store.read().await?;
    let person = match account::find(&mut tx, &index).await? {
        Some(id) => account::get(&mut tx, id).await?,
        None => None,
    };
    let wrapped = match &person {
        Some(person) => account::wrapped(&mut tx, person.id, 1).await?,
        None => None,
    };
    drop(tx);

    let (salt, kdf) = match &person {
        Some(person) => parameters(person)?,
        None => (app.master.fake_salt(&body.email), app.kdf()),
    };
    let keys = app.derive(body.password, body.email.clone(), salt, kdf).await?;
    // A made-up account is compared too, so that both ways do the same.
    let (id, verifier) = person
        .as_ref()
        .map_or(([0; 16], &[0; 32][..]), |p| (*p.id.as_bytes(), p.password.verifier.as_slice()));
    let good = app.master.verify(Bytes(id), &keys.auth_key, verifier);
    let (Some(person), Some((epoch, wrapped)), true) = (person, wrapped, good) else {
        return Err(invalid_credentials());
    };

    let user = Bytes(*person.id.as_bytes());
    let blob = app.master.open_column("wrapped_key", user, &[1], &wrapped)?;
    let epoch = u32::try_from(epoch).map_err(Problem::internal)?;
    let ark = Slot::Password(kdf, salt).unwrap(&Bytes::try_from(blob.as_slice())?, &keys.kek, user, epoch)?;
    let mut rng = app.random.rng();
    let ssk = Secret::random(&mut rng);
    let sid: SessionId = app.random.id(now);
    let ek = app.master.seal_session(Bytes(*sid.as_bytes()), user, &ssk, &mut rng);
    let blob = Slot::Session.wrap(&ark, &session_kek(&ssk), user, epoch, &mut rng);
    let refresh = Refresh::new(sid, ek, &app.master, &app.random);
    let session = Session {
        id: sid,
        user_id: person.id,
        created_at: now,
        expires_at: now + ABSOLUTE,
        auth_at: now,
        stamp: person.stamp,
        wrapped: app.master.seal_column("session", user, &[4], &blob.0, &mut rng),
        refresh_hash: refresh.hash(&app.master).to_vec(),
        previous_hash: None,
        rotated_at: now,
        device: device(&headers),
    };
    let mut tx = app.store.write().await?;
    session::insert(&mut tx, &session).await?;
    let answer = tokens(&app, &mut tx, &session, person, &refresh, now).await?;
    tx.commit().await?;
    Ok(Json(answer))
}

fn parameters(person: &Person) -> Result<([u8; 16], Kdf), Problem> {
    let (m, t, p) = person.password.kdf;
    let number = |n: i32| u32::try_from(n).map_err(Problem::internal);
    let salt = person.password.salt.as_slice().try_into().map_err(Problem::internal)?;
    Ok((salt, Kdf { m: number(m)?, t: number(t)?, p: number(p)? }))
}

/// What signs in, as it names itself, shortened.
fn device(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or("unknown").chars().take(120).collect()
}

async fn tokens(
    app: &App,
    tx: &mut Tx,
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
        mode: Mode::Assisted,
        ver: session.stamp,
        auth_time: session.auth_at.as_secs(),
        amr: vec!["pwd".to_owned()],
        ek: refresh.ek,
    };
    Ok(Tokens {
        access_token: app.tokens.issue(claims, now),
        token_type: "Bearer",
        expires_in: LIFETIME.as_micros() / 1_000_000,
        refresh_token: refresh.text(),
        user: user_view(app, tx, person).await?,
    })
}

/// A person as they see themselves.
pub(crate) async fn user_view(app: &App, tx: &mut Tx, person: Person) -> Result<UserView, Problem> {
    let email = email_of(app, &person)?;
    let habits = regime::of(tx, person.id).await?;
    Ok(UserView {
        id: person.id,
        role: person.role,
        name: person.name,
        email,
        time_zone: habits.last().map_or_else(|| "UTC".to_owned(), |regime| regime.time_zone.clone()),
        created_at: person.created_at,
    })
}

/// A person's address, opened.
pub(crate) fn email_of(app: &App, person: &Person) -> Result<String, Problem> {
    let email = app.master.open_column("person", Bytes(*person.id.as_bytes()), b"email", &person.email)?;
    String::from_utf8(email.to_vec()).map_err(Problem::internal)
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Renew {
    /// As the last sign-in or renewal gave it.
    #[schema(value_type = String)]
    refresh_token: Zeroizing<String>,
}

/// Renew a session
///
/// Each refresh token is good once, and within ten seconds once more should the answer be lost. One
/// that was used up ends its session: it was stolen, or its thief was faster.
#[utoipa::path(post, path = "/api/token/refresh/", tag = "Accounts", request_body = Renew, responses(
    (status = 200, body = Tokens), (status = 401, description = "`invalid_credentials`", body = Problem)))]
pub async fn renew(State(app): State<App>, Json(body): Json<Renew>) -> Result<Json<Tokens>, Problem> {
    let now = app.clock.wall();
    let given = Refresh::parse(&body.refresh_token, &app.master).ok_or_else(invalid_refresh)?;
    let hash = given.hash(&app.master);
    let mut tx = app.store.write().await?;
    let session = session::find(&mut tx, given.sid, now).await?.ok_or_else(invalid_refresh)?;
    let current = hash.as_slice() == session.refresh_hash;
    let lost_answer =
        session.previous_hash.as_deref() == Some(hash.as_slice()) && now - session.rotated_at <= GRACE;
    let idle = now - session.rotated_at > IDLE;
    let opens = session_keys(&app, &session, &given.ek).is_ok();
    if !(current || lost_answer) || idle || !opens {
        session::delete(&mut tx, session.user_id, session.id).await?;
        tx.commit().await?;
        if !idle {
            tracing::warn!(sid = %session.id, "a refresh token was used again; its session is ended");
        }
        return Err(invalid_refresh());
    }
    let person = account::get(&mut tx, session.user_id).await?.ok_or_else(invalid_refresh)?;
    let refresh = Refresh::new(session.id, given.ek, &app.master, &app.random);
    // After a lost answer the grace still counts from the first renewal.
    let rotated_at = if current { now } else { session.rotated_at };
    if !session::rotate(&mut tx, &session, &refresh.hash(&app.master), &hash, rotated_at).await? {
        return Err(StoreError::Unavailable("renewed by another at the same time".to_owned()).into());
    }
    let answer = tokens(&app, &mut tx, &session, person, &refresh, now).await?;
    tx.commit().await?;
    Ok(Json(answer))
}

/// Sign out
///
/// Ends this session at once: its tokens are good for nothing more.
#[utoipa::path(post, path = "/api/logout/", tag = "Accounts", security(("bearer" = [])), responses((status = 204)))]
pub async fn log_out(State(app): State<App>, actor: Actor) -> Result<StatusCode, Problem> {
    let mut tx = app.store.write().await?;
    session::delete(&mut tx, actor.id, actor.sid()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A signed-in session.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    /// `UUIDv7`.
    #[schema(value_type = uuid::Uuid)]
    id: SessionId,
    /// What signed in, as it named itself.
    device: String,
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
    /// Always null: they are few.
    next_cursor: Option<String>,
}

/// List own sessions
#[utoipa::path(get, path = "/api/sessions/", tag = "Accounts", security(("bearer" = [])), responses((status = 200, body = SessionList)))]
pub async fn list_sessions(State(app): State<App>, actor: Actor) -> Result<Json<SessionList>, Problem> {
    let mut tx = app.store.read().await?;
    let sessions = session::of_user(&mut tx, actor.id, app.clock.wall()).await?;
    let items = sessions.into_iter().map(|session| SessionView {
        current: session.id == actor.sid(),
        id: session.id,
        device: session.device,
        created_at: session.created_at,
        renewed_at: session.rotated_at,
        expires_at: session.expires_at,
    });
    Ok(Json(SessionList { items: items.collect(), next_cursor: None }))
}

/// End one of one's own sessions
#[utoipa::path(delete, path = "/api/sessions/{id}/", tag = "Accounts", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn end_session(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.store.write().await?;
    let ended = session::delete(&mut tx, actor.id, id).await?;
    tx.commit().await?;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}

/// Who somebody is, for those who deal with them.
pub(crate) async fn person(tx: &mut Tx, id: UserId) -> Result<Person, Problem> {
    account::get(tx, id).await?.ok_or_else(|| Problem::internal(format!("no person {id}")))
}
