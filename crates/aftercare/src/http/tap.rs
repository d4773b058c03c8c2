//! `/api/tap/`: an answer with one tap, from a message, without a session.

use super::{
    check_in::{Given, take},
    json::Json,
    problem::{Problem, transact},
    snooze::put_off,
};
use crate::{
    app::App,
    delivery::tap::{Action, Tap, url},
    plan::{self, Habits},
};
use aftercare_core::{
    course::AnswerStatus,
    id::ReminderId,
    instant::{Instant, Span},
};
use aftercare_seal::pae::hash;
use aftercare_store::{open_reminder, person_lock, tap};
use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Later is so much later.
const LATER: Span = Span::from_minutes(15);

/// An answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tapped {
    /// As the message has it.
    tap: String,
    /// When it was tapped, where that could not be sent at once; now if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Instant>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    /// The reminder.
    #[schema(value_type = Uuid)]
    reminder_id: ReminderId,
    /// `done`, `skipped` or `snoozed`.
    status: &'static str,
    /// When it is said again.
    #[schema(value_type = Option<String>, format = DateTime)]
    snoozed_until: Option<Instant>,
}

/// Answer with one tap
///
/// For what shows messages and has no session: the token came with the message, answers one reminder in one way, once,
/// until the reminder closes.
#[utoipa::path(post, path = "/api/tap/", tag = "Reminders and check-ins", request_body = Tapped, responses(
    (status = 200, body = Taken), (status = 404, description = "The token is none", body = Problem),
    (status = 409, description = "`used`, `not_open`, `too_late`, `superseded`", body = Problem), (status = 422, body = Problem)))]
pub async fn tap(State(app): State<App>, Json(body): Json<Tapped>) -> Result<Json<Taken>, Problem> {
    answer(&app, &body.tap, body.at).await.map(Json)
}

async fn answer(app: &App, token: &str, at: Option<Instant>) -> Result<Taken, Problem> {
    let (tapped, action) = Tap::open(app, token).ok_or_else(Problem::not_found)?;
    let status = match action {
        Action::Done => Some(AnswerStatus::Done),
        Action::Skip => Some(AnswerStatus::Skipped),
        Action::Later => None,
        Action::Ask => return Err(Problem::not_found()),
    };
    let Tap { user, step, ordinal, until } = tapped;
    let snoozed_until = transact!({
        let mut tx = app.store.write().await?;
        person_lock::lock_ahead(&mut tx, user).await?;
        let locked = plan::locked(&mut tx, &*app.clock, user, step).await?;
        let mut locked = locked.ok_or_else(Problem::not_found)?;
        let now = locked.now;
        if now >= until {
            return Err(Problem::conflict("too_late", "it has closed; open the app to correct it"));
        }
        if !tap::take(&mut tx, user, &hash(token.as_bytes()), until).await? {
            return Err(Problem::conflict(
                "used",
                "this was tapped before; open the app to change the answer",
            ));
        }
        let mut snoozed = None;
        if let Some(status) = status {
            let given = Given { status, at, cause: None, sealed: None };
            take(app, &mut tx, user, &mut locked, ordinal, given).await?;
        } else {
            snoozed = Some(now + LATER);
            put_off(&mut tx, (user, step, ordinal), now + LATER, now, "/tap").await?;
        }
        tx.commit().await?;
        Ok(snoozed)
    })?;
    app.stir(user);
    let status = match status {
        Some(AnswerStatus::Done) => "done",
        Some(AnswerStatus::Skipped) => "skipped",
        None => "snoozed",
    };
    Ok(Taken { reminder_id: ReminderId::of(step, ordinal), status, snoozed_until })
}

/// Open the page that asks
///
/// Links in mails lead here. Following one answers nothing: machines follow links.
#[utoipa::path(get, path = "/api/tap/{link}/", tag = "Reminders and check-ins", params(("link" = String, Path)), responses(
    (status = 200, description = "A page with a button for each answer", content_type = "text/html", body = String), (status = 404, body = Problem)))]
pub async fn ask(State(app): State<App>, Path(link): Path<String>) -> Result<Response, Problem> {
    let (tapped, action) = Tap::open(&app, &link).ok_or_else(Problem::not_found)?;
    if action != Action::Ask {
        return Err(Problem::not_found());
    }
    let mut tx = app.store.read().await?;
    let open = open_reminder::of_step(&mut tx, tapped.user, tapped.step).await?;
    let open = open.filter(|open| open.ordinal == tapped.ordinal && app.now() < open.open.closes_at);
    let Some(open) = open else {
        return Ok(page("This is not open any more", "It is answered, or its time is over.", ""));
    };
    let habits = Habits::load(&mut tx, tapped.user).await?;
    let due = habits.zone(app.now()).to_datetime(open.open.due_at.timestamp());
    let button = |action, name: &str, class: &str| {
        let to = url(&app, &tapped.token(&app, action));
        format!("<form method=post action=\"{to}\"><button class={class}>{name}</button></form>")
    };
    let buttons = button(Action::Done, "Done", "main")
        + &button(Action::Later, "In 15 minutes", "other")
        + &button(Action::Skip, "Skip it this time", "other");
    Ok(page("You have something due", &due.strftime("Since %H:%M on %A, %-d %B.").to_string(), &buttons))
}

/// Answer with one tap, on the page
///
/// The same as `/api/tap/`, answered by a page; no body is needed.
#[utoipa::path(post, path = "/api/tap/{link}/", tag = "Reminders and check-ins", params(("link" = String, Path)), responses(
    (status = 200, description = "A page that says what was taken", content_type = "text/html", body = String),
    (status = 404, body = Problem), (status = 409, description = "As for `/api/tap/`", body = Problem)))]
pub async fn tap_on_page(State(app): State<App>, Path(link): Path<String>) -> Result<Response, Problem> {
    let taken = answer(&app, &link, None).await?;
    let (title, text) = match taken.status {
        "done" => ("Done", "Your doctor sees that it was done."),
        "skipped" => ("Skipped", "Open the app to say why."),
        _ => ("Later", "You are told again in 15 minutes."),
    };
    Ok(page(title, text, ""))
}

const STYLE: &str = "body{font:18px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}\
button{font:inherit;display:block;width:100%;min-height:56px;margin:.8rem 0;border-radius:8px;border:2px solid #005eb8;background:none;color:inherit;cursor:pointer}\
.main{background:#005eb8;color:#fff}button:focus-visible{outline:3px solid #ffb81c;outline-offset:2px}";

fn page(title: &str, text: &str, rest: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <meta name=robots content=noindex><title>{title} – Aftercare</title><style>{STYLE}</style>\
         <main><h1>{title}</h1><p>{text}</p>{rest}</main></html>"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
    ];
    (headers, html).into_response()
}
