//! `Idempotency-Key`: the same request again gets the same answer and has no second effect.
//!
//! Answers are kept for 24 hours, sealed under a key that only the same request yields: neither
//! key nor body is stored, so a stored answer opens for nobody who cannot ask again.

use super::{
    actor::{Account, bearer},
    json::MAX_BODY,
    json::too_large,
    problem::Problem,
};
use crate::{app::App, random::id_from};
use aftercare_core::{
    id::NoteId,
    instant::{Instant, Span},
};
use aftercare_seal::{Bytes, server::MasterKeys};
use aftercare_store::{
    StoreError,
    idempotency::{self, AGAIN, IN_FLIGHT},
};
use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// A request in flight for longer was broken off by a crash, and may be made again.
const BROKEN_OFF: Span = Span::from_minutes(2);
/// So long between two tries to write down what came of one.
const PAUSE: Duration = Duration::from_millis(250);

/// What a handler needs to have one effect only, though its process die and the request be
/// made again.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    first_at: Instant,
    scope: [u8; 32],
}

impl Retry {
    /// The id of what this request makes: the same at every attempt.
    pub fn id(&self) -> NoteId {
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&self.scope[..10]);
        id_from(self.first_at, &bytes)
    }
}

/// Repeating these does no harm, and their answers are secrets: none is kept.
const NOT_KEPT: [&str; 12] = [
    "/api/auth/params/", "/api/auth/passkey/", "/api/login/", "/api/login/passkey/", "/api/login/finish/",
    "/api/token/refresh/", "/api/recovery/", "/api/recovery/finish/", "/api/me/recovery-code/",
    "/api/mfa/totp/", "/api/mfa/totp/confirm/", "/api/mfa/passkeys/",
];

/// The layer around all routes.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let key = request.headers().get("idempotency-key").cloned();
    match key {
        Some(key) if request.method() == Method::POST && !NOT_KEPT.contains(&request.uri().path()) => {
            run(&app, request, next, &key).await.unwrap_or_else(IntoResponse::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn run(app: &App, request: Request, next: Next, key: &HeaderValue) -> Result<Response, Problem> {
    if key.is_empty() || key.len() > 200 {
        return Err(Problem::malformed("Idempotency-Key must have 1 to 200 characters"));
    }
    let now = app.now();
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| too_large(StatusCode::PAYLOAD_TOO_LARGE))?;
    let user = match bearer(&parts.headers) {
        Some(_) => match Account::from_request_parts(&mut parts, app).await {
            Ok(Account(actor)) => actor.id.as_bytes().to_vec(),
            // Nobody knows who asks: done now, it would be done again when it is made again.
            Err(problem) if problem.status() >= 500 => return Err(problem),
            // Whoever is not signed in (any more) is told so by the handler, and nothing else.
            Err(_) => return Ok(next.run(Request::from_parts(parts, Body::from(body))).await),
        },
        // Strangers may use the same key: each body is a request of its own.
        None => body.to_vec(),
    };
    let about = [user.as_slice(), parts.uri.path().as_bytes(), key.as_bytes()];
    let scope = app.master.digest("idempotency", &about).0;
    let seal = Seal::new(&app.master, &about, &body);

    // What it leads to is kept after it: where this is lost, nothing has come of it.
    let mut tx = app.store.write_unsynced().await?;
    let seen = idempotency::get(&mut tx, &scope).await?;
    let mut first_at = now;
    if let Some(seen) = seen {
        if seen.request != seal.request {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "Key used before",
                "this Idempotency-Key came with another body; use a new key for a new request",
            ));
        }
        let stale = seen.status == IN_FLIGHT && now - seen.claimed_at >= BROKEN_OFF;
        if !stale && ![IN_FLIGHT, AGAIN].contains(&seen.status) {
            return seal.open(seen.status, &seen.answer);
        }
        let free = stale || seen.status == AGAIN;
        if !free || !idempotency::take_over(&mut tx, &scope, seen.status, seen.claimed_at, now).await? {
            return Err(in_flight());
        }
        first_at = seen.created_at;
    } else {
        match idempotency::begin(&mut tx, &scope, &seal.request, now).await {
            Err(StoreError::Taken(_)) => return Err(in_flight()),
            done => done?,
        }
    }
    if let Err(error) = tx.commit().await {
        // It may have come into force: nobody works on it, so whoever asks again need not wait.
        Claim { scope, at: now }.end(app, Some((AGAIN, vec![]))).await;
        return Err(error.into());
    }

    parts.extensions.insert(Retry { first_at, scope });
    let app = app.clone();
    // To its end, though nobody wait for it any more: whoever was cut off and asks again gets what came of it.
    let work = tokio::spawn(async move {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        keep(&app, Claim { scope, at: now }, &seal, response).await
    });
    work.await.map_err(Problem::internal)?
}

fn in_flight() -> Problem {
    Problem::conflict("in_flight", "the same request is being worked on; ask again shortly")
}

/// Keeps a good answer. What was refused had no effect and is forgotten; what broke off, or met another at the same
/// work, may have had its effect, and is the same request when it is made again.
async fn keep(app: &App, claim: Claim, seal: &Seal, response: Response) -> Result<Response, Problem> {
    let status = response.status();
    if !status.is_success() {
        let again = status.is_server_error() || status == StatusCode::CONFLICT;
        claim.end(app, again.then_some((AGAIN, vec![]))).await;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(Problem::internal)?;
    let number = i16::try_from(status.as_u16()).map_err(Problem::internal)?;
    claim.end(app, Some((number, seal.seal(app, &body)))).await;
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// A request taken up at an instant.
#[derive(Clone, Copy)]
struct Claim {
    scope: [u8; 32],
    at: Instant,
}

impl Claim {
    /// Writes down what came of it, or forgets it. Where the database is lost meanwhile this goes on by itself until it
    /// is there again: whoever asks again would be told that the request is being worked on.
    async fn end(self, app: &App, came: Option<(i16, Vec<u8>)>) {
        if self.is_written(app, came.as_ref()).await {
            return;
        }
        let app = app.clone();
        tokio::spawn(async move {
            while app.now() - self.at < BROKEN_OFF && !self.is_written(&app, came.as_ref()).await {
                tokio::time::sleep(PAUSE).await;
            }
        });
    }

    /// Whether that is settled: written, or never to be.
    async fn is_written(self, app: &App, came: Option<&(i16, Vec<u8>)>) -> bool {
        let write = async {
            let mut tx = app.store.write().await?;
            match came {
                Some((status, answer)) => {
                    idempotency::finish(&mut tx, &self.scope, self.at, *status, answer).await?;
                }
                None => idempotency::forget(&mut tx, &self.scope, self.at).await?,
            }
            tx.commit().await
        };
        match write.await {
            Err(StoreError::Unavailable(_) | StoreError::Conflict(_)) => false,
            Err(error) => {
                tracing::error!(%error, "what came of a request could not be written down");
                true
            }
            Ok(()) => true,
        }
    }
}

/// What an answer is sealed under: a key out of the whole request.
struct Seal {
    request: Vec<u8>,
    keys: MasterKeys,
}

impl Seal {
    fn new(master: &MasterKeys, about: &[&[u8]], body: &[u8]) -> Self {
        let mut all = about.to_vec();
        all.push(body);
        let request = master.digest("idempotency-request", &all).0.to_vec();
        Self { request, keys: master.for_request(&all) }
    }

    fn seal(&self, app: &App, answer: &[u8]) -> Vec<u8> {
        self.keys.seal_column("idempotency", Bytes([0; 16]), b"answer", answer, &mut app.random.rng())
    }

    fn open(&self, status: i16, sealed: &[u8]) -> Result<Response, Problem> {
        let answer = self.keys.open_column("idempotency", Bytes([0; 16]), b"answer", sealed)?;
        let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.ok_or_else(|| Problem::internal("a stored answer without a status"))?;
        let mut response = (status, answer.to_vec()).into_response();
        let headers = response.headers_mut();
        if answer.is_empty() {
            headers.remove(header::CONTENT_TYPE);
        } else {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        Ok(response)
    }
}
