//! `/api/operator/`: who waits for approval, how the service stands, and whether mail and model work. Opened by a link
//! that the machine prints (`aftercare operator link`).

use super::{
    channels::{self, PushSubscription},
    cookie,
    json::{Id, Json},
    problem::{Problem, transact},
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    delivery::{Outcome, email::With, http::webhook, message::Say, target::Target, web_push},
    operator,
};
use aftercare_core::{
    id::{DeliveryId, UserId},
    instant::{Instant, Span},
    people::Email,
};
use aftercare_seal::{Bytes, bytes::random};
use aftercare_store::{account, delivery, delivery::DeliveryKind, directory, due, schema, service};
use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

const COOKIE: &str = "__Host-aftercare_op";

/// The operator, by the cookie of an open session and the header that no page elsewhere can send.
pub struct Operator(Zeroizing<String>);

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = cookie::find(&parts.headers, COOKIE).ok_or_else(not_in)?;
        if operator::is_open(app, &token).await? { Ok(Self(token)) } else { Err(not_in()) }
    }
}

fn not_in() -> Problem {
    let detail = "open the link that `aftercare operator link` prints on the machine of this service";
    Problem::new(StatusCode::UNAUTHORIZED, "operator_only", "For the operator", detail)
}

/// What the link carries.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enter {
    /// What stands behind the `#` of the link.
    #[schema(value_type = String)]
    token: Zeroizing<String>,
}

/// Come in as the operator
///
/// The link is good once and for an hour; the session, in a cookie that no script reads, for twelve.
#[utoipa::path(post, path = "/api/operator/session/", tag = "Operations", request_body = Enter, responses(
    (status = 204, description = "Set-Cookie"), (status = 401, description = "`operator_only`", body = Problem)))]
pub async fn enter(State(app): State<App>, Json(body): Json<Enter>) -> Result<Response, Problem> {
    let session = operator::enter(&app, &body.token).await?.ok_or_else(not_in)?;
    tracing::info!("the operator's pages were opened by a link");
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookie::set(response.headers_mut(), COOKIE, &session, operator::SESSION.as_micros() / 1_000_000);
    Ok(response)
}

/// Go out
#[utoipa::path(delete, path = "/api/operator/session/", tag = "Operations", responses((status = 204), (status = 401, description = "`operator_only`", body = Problem)))]
pub async fn leave(State(app): State<App>, Operator(token): Operator) -> Result<Response, Problem> {
    operator::leave(&app, &token).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookie::set(response.headers_mut(), COOKIE, "", 0);
    Ok(response)
}

/// A doctor who waits.
#[derive(Serialize, ToSchema)]
pub struct Waiting {
    /// `UUIDv7`.
    #[schema(value_type = Uuid)]
    id: UserId,
    /// As they call themselves: make sure who they are.
    name: String,
    /// What they say they do.
    specialty: Option<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Instant,
}

/// How the service stands.
#[derive(Serialize, ToSchema)]
pub struct Overview {
    /// The program's.
    version: &'static str,
    /// `SQLite` or `PostgreSQL`.
    database: &'static str,
    /// Of the database.
    schema: i64,
    /// `dev` or `hospital`.
    profile: String,
    /// When a worker was last alive; null: none was.
    #[schema(value_type = Option<String>, format = DateTime)]
    worker: Option<Instant>,
    /// For how many seconds the oldest thing that is due waits to be worked off: the service level.
    oldest_due_seconds: i64,
    /// The same of messages.
    oldest_message_seconds: i64,
    /// Whether mail goes to a server; else it is kept and shown at `/dev/mail/`.
    mail: bool,
    /// Who reads notes: `rules`, `gemini`, `openai`.
    provider: &'static str,
    /// With what, and what that means.
    reader: String,
    /// Where notes go.
    meaning: &'static str,
    /// Whether doctors wait for approval.
    approves_doctors: bool,
    /// Those who do, at most 200, the longest first.
    waiting: Vec<Waiting>,
}

/// See how the service stands
#[utoipa::path(get, path = "/api/operator/", tag = "Operations", responses((status = 200, body = Overview), (status = 401, description = "`operator_only`", body = Problem)))]
pub async fn overview(State(app): State<App>, _: Operator) -> Result<Json<Overview>, Problem> {
    let mut tx = app.store.read().await?;
    let now = app.now();
    let age = |since: Option<Instant>| since.map_or(0, |since| (now - since).as_micros().max(0) / 1_000_000);
    let approves_doctors = app.config.approves_doctors();
    let mut waiting = Vec::new();
    for entry in directory::unlisted(&mut tx, 200).await?.into_iter().filter(|_| approves_doctors) {
        // Closed accounts are not found either, and do not wait.
        let person = account::get(&mut tx, entry.doctor_id).await?;
        waiting.extend(person.map(|person| Waiting {
            id: person.id,
            name: person.name,
            specialty: entry.specialty,
            since: person.created_at,
        }));
    }
    Ok(Json(Overview {
        version: env!("CARGO_PKG_VERSION"),
        database: app.store.engine_name(),
        schema: schema::version(&mut tx).await?,
        profile: app.config.profile.to_string(),
        worker: service::heartbeat(&mut tx).await?,
        oldest_due_seconds: age(due::QUEUE.next(&mut tx).await?),
        oldest_message_seconds: age(delivery::QUEUE.next(&mut tx).await?),
        mail: app.mail.is_real(),
        provider: app.reader.provider().name(),
        reader: app.reader.describe(),
        meaning: app.reader.provider().meaning(),
        approves_doctors,
        waiting,
    }))
}

/// Approve a doctor
///
/// From now on patients find them, and they write.
#[utoipa::path(post, path = "/api/operator/doctors/{id}/approve/", tag = "Operations", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401, description = "`operator_only`", body = Problem), (status = 404, body = Problem)))]
pub async fn approve(State(app): State<App>, _: Operator, Id(id): Id<UserId>) -> Result<StatusCode, Problem> {
    transact!({
        let mut tx = app.store.write().await?;
        account::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
        if !directory::list(&mut tx, id, true).await? {
            return Err(Problem::not_found());
        }
        let detail = serde_json::json!({ "state": "approved", "by": "operator" });
        audit::record(&app, &mut tx, Event::own(id, Action::StateSet).anonymous().with(detail)).await?;
        tx.commit().await?;
        Ok(())
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a test goes.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Way {
    /// Mail.
    Email {
        /// To whom.
        address: String,
    },
    /// A browser.
    WebPush {
        /// As the browser gives it.
        subscription: PushSubscription,
    },
    /// A program (Standard Webhooks 1.0.0); what it is signed with is thrown away.
    Webhook {
        /// Where it listens.
        url: String,
    },
}

/// Whether it worked.
#[derive(Serialize, ToSchema)]
pub struct Tried {
    /// Whether it did.
    ok: bool,
    /// What was found.
    detail: String,
}

/// Test a way to people
///
/// Sends a message that says it is a test.
#[utoipa::path(post, path = "/api/operator/channel-test/", tag = "Operations", request_body = Way, responses(
    (status = 200, body = Tried), (status = 401, description = "`operator_only`", body = Problem), (status = 422, body = Problem)))]
pub async fn try_channel(
    State(app): State<App>,
    _: Operator,
    Json(body): Json<Way>,
) -> Result<Json<Tried>, Problem> {
    let now = app.now();
    let id: DeliveryId = app.random.id(now);
    let say = Say {
        id,
        kind: DeliveryKind::Test,
        due_at: now,
        count: 1,
        expires_at: now + Span::from_hours(1),
        tag: format!("{:x}", now.as_micros()),
        url: app.config.pages(),
        taps: Vec::new(),
    };
    let kept = matches!(body, Way::Email { .. }) && !app.mail.is_real();
    let outcome = match body {
        Way::Email { address } => {
            let to = Email::parse(&address).map_err(|error| Problem::invalid_field("/address", error))?;
            app.mail.send(now, &say, to.as_str(), With::default()).await
        }
        Way::WebPush { subscription } => {
            let Target::WebPush { endpoint, p256dh, auth } = subscription.target(&app)? else {
                return Err(Problem::internal("a subscription of another kind"));
            };
            web_push::send(&app, &say, &endpoint, &Target::subscription(&p256dh, &auth), "").await
        }
        Way::Webhook { url } => {
            channels::outward(&app, &url, "/url")?;
            webhook(&app, &say, &url, &Bytes(random(&mut app.random.rng()))).await
        }
    };
    let (ok, detail) = match outcome {
        Outcome::Handed { .. } if kept => {
            (true, "kept here, and shown at /dev/mail/: no mail server is set".to_owned())
        }
        Outcome::Handed { .. } => (true, "the other side took it".to_owned()),
        Outcome::Later { fault, .. } | Outcome::Failed(fault) | Outcome::Gone(fault) => (false, fault),
    };
    Ok(Json(Tried { ok, detail }))
}

/// What nobody wrote.
const SAMPLE: &str = "Otitis media. Take amoxicillin 500 mg every 8 hours for 7 days. Blood test in 1 week.";

/// Test who reads notes
///
/// Has a sample note read, which is nobody's.
#[utoipa::path(post, path = "/api/operator/model-test/", tag = "Operations", responses((status = 200, body = Tried), (status = 401, description = "`operator_only`", body = Problem)))]
pub async fn test_model(State(app): State<App>, _: Operator) -> Result<Json<Tried>, Problem> {
    let begun = std::time::Instant::now();
    let read = async {
        let prepared = app.reader.prepare(SAMPLE.to_owned(), Vec::new()).await?;
        app.reader.read(prepared, None, 0, std::future::pending()).await
    };
    let read = read.await;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Json(match read {
        Ok(read) => {
            let steps = read.extraction.steps.len();
            let instead =
                if read.by.fallback { ": the model failed, and the rules read it instead" } else { "" };
            let detail = format!("{} found {steps} steps in {seconds:.1} s{instead}", read.by.provider);
            Tried { ok: steps > 0 && !read.by.fallback, detail }
        }
        Err(failure) => Tried { ok: false, detail: failure.reason.clone() },
    }))
}
