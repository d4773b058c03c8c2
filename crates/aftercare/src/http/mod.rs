//! The HTTP contract: one file an endpoint, each with its request, answer and rules of entry.
//!
//! Every route stands once, with its description, in [`routes`]; `/api/openapi.json` is made from
//! the same list. All routes answer with and without a trailing slash.

pub mod actor;
mod adherence;
mod arrival;
mod audit;
mod calendar;
mod channel_log;
mod channel_test;
mod channels;
mod check_in;
mod context;
mod cookie;
mod credentials;
mod describe;
mod device_links;
mod device_state;
mod docs;
mod doctors;
mod emergency;
mod events;
mod extract;
mod force;
mod grants;
mod idempotency;
mod json;
mod keys;
mod log;
mod login;
mod me;
mod notes;
mod operations;
mod operator;
mod page;
mod passkey;
mod passkeys;
mod patients;
mod pause;
mod person;
mod plan;
mod preview;
pub mod problem;
mod profile;
mod receipt;
mod recovery;
mod reminders;
mod reset;
mod review;
mod rights;
mod scope;
mod sealed_note;
mod second_factor;
mod second_leg;
mod session;
mod signup;
mod snooze;
mod steps;
mod submission;
mod submit_note;
mod submitted;
mod tap;
mod travel;
mod view;
mod web;
mod words;

use crate::{
    app::App,
    audit::{Action, Event},
    traces::span,
};
use aftercare_store::StoreError;
use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use context::Context;
use futures_util::FutureExt;
use problem::Problem;
use std::{panic::AssertUnwindSafe, time::Duration};
use tower::{Layer, util::MapRequestLayer};
use tracing::Instrument as _;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Aftercare",
        description = "Turns doctors' notes into what patients do next: a checklist and a plan, each step with the words that say so, with reminders that extend when a check-in is missed and are replaced when a newer note arrives. Errors are RFC 9457 problem documents. Every POST takes `Idempotency-Key`."
    ),
    tags(
        (name = "Accounts", description = "Opening an account, signing in, and what belongs to oneself."),
        (name = "Keys", description = "Public keys of people, and the log of all of them."),
        (name = "Choosing doctors", description = "Who treats whom: the patient says."),
        (name = "Notes and steps", description = "What doctors write, and what is to be done because of it."),
        (name = "Reminders and check-ins", description = "When, and what was answered."),
        (name = "Operations", description = "For those who run the service."),
    ),
    modifiers(&Bearer)
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("EdDSA only, one header per key, as RFC8725 advises; 15 minutes."))
            .build();
        api.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// What anybody may ask about an address. Whether it is somebody's is in no answer, nor in its time.
fn about_addresses() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(login::log_in))
        .routes(routes!(recovery::recover))
        .routes(routes!(reset::reset_keys))
        .layer(middleware::from_fn(refused_on_a_tick))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(login::parameters))
                .layer(middleware::from_fn(on_a_short_tick)),
        )
}

/// Answers leave a whole number of ticks after they were asked for: what differs by less leaves together. So long after.
fn to_the_tick(took: Duration, tick: Duration) -> Duration {
    tick * u32::try_from(took.as_nanos().div_ceil(tick.as_nanos())).unwrap_or(1)
}

/// Refusals differ by microseconds. Whoever has shown that an account is theirs is told that it is there anyway.
async fn refused_on_a_tick(request: Request, next: Next) -> Response {
    let begun = tokio::time::Instant::now();
    let response = next.run(request).await;
    if !response.status().is_success() {
        tokio::time::sleep_until(begun + to_the_tick(begun.elapsed(), Duration::from_millis(1))).await;
    }
    response
}

/// An answer whose ways differ by less than one microsecond. It waits awake: to be woken would cost several times as
/// much.
async fn on_a_short_tick(request: Request, next: Next) -> Response {
    let begun = std::time::Instant::now();
    let response = next.run(request).await;
    let leaves = begun + to_the_tick(begun.elapsed(), Duration::from_micros(50));
    while std::time::Instant::now() < leaves {
        std::hint::spin_loop();
    }
    response
}

/// Every route with its description.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(signup::sign_up))
        .merge(about_addresses())
        .routes(routes!(second_leg::finish))
        .routes(routes!(session::renew))
        .routes(routes!(session::log_out))
        .routes(routes!(session::list_sessions))
        .routes(routes!(session::end_session))
        .routes(routes!(recovery::finish_recovery))
        .routes(routes!(credentials::change_password))
        .routes(routes!(credentials::change_email))
        .routes(routes!(credentials::new_recovery_code))
        .routes(routes!(second_factor::list_factors))
        .routes(routes!(second_factor::begin_totp, second_factor::remove_totp))
        .routes(routes!(second_factor::confirm_totp))
        .routes(routes!(passkeys::begin_passkey))
        .routes(routes!(passkeys::confirm_passkey))
        .routes(routes!(passkeys::change_passkey, passkeys::remove_passkey))
        .routes(routes!(passkeys::ask_for_passkey))
        .routes(routes!(passkeys::log_in_with_passkey))
        .routes(routes!(audit::read_audit))
        .routes(routes!(keys::read_log))
        .routes(routes!(keys::read_keys))
        .routes(routes!(keys::change_keys))
        .routes(routes!(emergency::emergency))
        .routes(routes!(me::get_me, me::change_me, rights::erase_me))
        .routes(routes!(travel::travel_preview))
        .routes(routes!(device_links::begin_link))
        .routes(routes!(device_links::read_link))
        .routes(routes!(device_links::answer_link))
        .routes(routes!(device_state::read_state, device_state::keep_state))
        .routes(routes!(rights::export))
        .routes(routes!(doctors::search_doctors))
        .routes(routes!(doctors::select_doctor))
        .routes(routes!(doctors::my_doctors))
        .routes(routes!(doctors::leave_doctor))
        .routes(routes!(patients::list_patients))
        .routes(routes!(submit_note::submit_note))
        .routes(routes!(submit_note::extract_again))
        .routes(routes!(notes::list_notes))
        .routes(routes!(notes::read_note, review::discard))
        .routes(routes!(notes::read_envelope, review::edit_envelope))
        .routes(routes!(receipt::receipt))
        .routes(routes!(grants::grant_note))
        .routes(routes!(extract::extractor_info, extract::extract))
        .routes(routes!(review::read_steps, review::edit_steps))
        .routes(routes!(review::activate))
        .routes(routes!(review::undo))
        .routes(routes!(steps::actionable_steps))
        .routes(routes!(steps::complete_step))
        .routes(routes!(preview::schedule_preview))
        .routes(routes!(reminders::reminders))
        .routes(routes!(check_in::check_in))
        .routes(routes!(adherence::adherence))
        .routes(routes!(snooze::snooze))
        .routes(routes!(pause::pause))
        .routes(routes!(log::log))
        .routes(routes!(tap::tap))
        .routes(routes!(tap::ask, tap::tap_on_page))
        .routes(routes!(events::events))
        .routes(routes!(channels::list_channels, channels::add_channel))
        .routes(routes!(channels::remove_channel))
        .routes(routes!(channels::confirm_channel))
        .routes(routes!(channel_test::test_channel))
        .routes(routes!(channel_log::channel_log))
        .routes(routes!(channel_log::replay))
        .routes(routes!(channel_test::push_key))
        .routes(routes!(calendar::read_calendar))
        .routes(routes!(arrival::acknowledge))
        .routes(routes!(arrival::unsubscribe))
        .routes(routes!(arrival::kept_mail))
        .routes(routes!(operator::enter, operator::leave))
        .routes(routes!(operator::overview))
        .routes(routes!(operator::approve))
        .routes(routes!(operator::try_channel))
        .routes(routes!(operator::test_model))
        .routes(routes!(operations::healthz))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::jwks))
        .routes(routes!(operations::read_clock, operations::move_clock))
}

/// The contract as OpenAPI 3.1.
pub fn openapi() -> utoipa::openapi::OpenApi {
    description(routes().into_openapi())
}

fn description(mut api: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    describe::complete(&mut api);
    api
}

/// A request is answered within this, or with 503. Longer than a note's budget with a model.
const LONGEST: Duration = Duration::from_secs(90);

/// The service's routes with all that stands around them.
pub fn service(app: App) -> Router {
    let (router, api) = routes().split_for_parts();
    let api = description(api);
    let docs = docs::page(&api);
    // What utoipa made serialises.
    let json = serde_json::to_string(&api).unwrap_or_default();
    let router = router
        .route(
            "/api/openapi.json",
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], json) }),
        )
        .route("/api/docs/", get(move || async move { docs }))
        .route("/dev/mail/", get(arrival::mail_page))
        .merge(web::routes())
        .fallback(web::fallback)
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method not allowed",
                "see /api/docs for what this takes",
            )
        })
        .layer(DefaultBodyLimit::max(json::MAX_BODY))
        .layer(middleware::from_fn_with_state(app.clone(), idempotency::layer))
        .layer(middleware::from_fn(read_again))
        .layer(middleware::from_fn_with_state(app.clone(), outermost))
        .with_state(app);
    // Outside the router, so that it routes what this has made of the path.
    Router::new().fallback_service(MapRequestLayer::new(with_slash).layer(router))
}

/// `/api/login` is `/api/login/`.
fn with_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    let file = path.rsplit('/').next().is_some_and(|last| last.is_empty() || last.contains('.'));
    if path.starts_with("/api/") && !file {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        if let Ok(uri) = format!("{path}/{query}").parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    } else if let Some(bare) = ["/healthz/", "/readyz/"].iter().find(|slashed| path == **slashed) {
        *request.uri_mut() = Uri::from_static(bare.trim_end_matches('/'));
    }
    request
}

/// What only reads is asked once more where the database was lost under it: a connection that broke, a primary that is
/// one no more.
async fn read_again(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), Body::empty());
    let response = next.clone().run(Request::from_parts(parts, body)).await;
    let lost = response.extensions().get::<Problem>().is_some_and(Problem::is_lost);
    if lost { next.run(again).await } else { response }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SAME_ORIGIN: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// What a browser may do with an answer that is no page.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// Names each request, answers problems, keeps time, and logs: once, here.
async fn outermost(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let context = Context::default();
    request.extensions_mut().insert(context.clone());
    let id: Uuid = app.random.id(app.now());
    let id = id.to_string();
    let (method, path) = (request.method().clone(), route(&request));
    let matched = request.extensions().get::<MatchedPath>().map(|matched| matched.as_str().to_owned());
    let begun = tokio::time::Instant::now();
    // What is no route is counted as one: whoever makes up paths makes up no rows.
    let matched = matched.as_deref().unwrap_or("none");
    let span = span!(
        "request",
        otel.name = format!("{method} {matched}"),
        otel.kind = "server",
        http.request.method = method.as_str(),
        http.route = matched,
        http.response.status_code = tracing::field::Empty,
        request_id = id,
    );
    let work = AssertUnwindSafe(next.run(request).instrument(span.clone())).catch_unwind();
    let mut response = match tokio::time::timeout(LONGEST, work).await {
        Ok(Ok(response)) => response,
        // A defect, told as one; its place is in the log already.
        Ok(Err(_)) => Problem::internal("a panic").into_response(),
        Err(_) => Problem::unavailable("took longer than 90 s").into_response(),
    };
    let status = response.status();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if let Some(cause) = problem.cause() {
            tracing::error!(request_id = %id, %method, %path, status = status.as_u16(), %cause, "failed");
        }
        if let Some(actor) = problem.refusal() {
            let event = Event::own(actor, Action::Refused).with(method.as_str());
            if let Err(error) = on_record(&app, event).await {
                tracing::error!(request_id = %id, %error, "a refusal could not be put on record");
            }
        }
        response = problem.render(&id);
    }
    tracing::debug!(request_id = %id, %method, %path, status = status.as_u16(), bytes = response.body().size_hint().lower(), "answered");
    span.record("http.response.status_code", status.as_u16());
    app.metrics.answered(method.as_str(), matched, status.as_u16(), begun.elapsed());
    let headers = response.headers_mut();
    context.tell(headers);
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    if app.is_stopping() {
        // Whoever comes next comes by a new connection, to another.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(SAME_ORIGIN, HeaderValue::from_static("same-origin"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
    if app.config.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

async fn on_record(app: &App, event: Event) -> Result<(), StoreError> {
    let mut tx = app.store.write().await?;
    crate::audit::record(app, &mut tx, event).await?;
    tx.commit().await
}

/// The route, for the log: never the query, which may name people, nor what opens something by itself.
fn route(request: &Request) -> String {
    let path = request.uri().path();
    let opens =
        ["/api/tap/", "/api/unsubscribe/", "/cal/"].into_iter().find(|prefix| path.starts_with(prefix));
    opens.map_or_else(|| path.to_owned(), |prefix| format!("{prefix}…"))
}
