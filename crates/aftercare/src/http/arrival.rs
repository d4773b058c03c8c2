//! What comes back of messages: that one was shown, that somebody wants no more of them; and mail that went
//! nowhere.

use super::{json::Json, problem::Problem};
use crate::{
    app::App,
    delivery::{email, reached, sender},
};
use aftercare_core::id::{DeliveryId, UserId};
use aftercare_store::{Tx, channel, delivery};
use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use utoipa::ToSchema;

/// A message that was shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// As the message has it (`ack`).
    ack: String,
}

/// Say that a message was shown
///
/// By a page's worker, which has no session: the token came with the message and is good for this alone.
#[utoipa::path(post, path = "/api/ack/", tag = "Channels", request_body = Shown, responses((status = 204), (status = 404, description = "The token is none", body = Problem)))]
pub async fn acknowledge(State(app): State<App>, Json(body): Json<Shown>) -> Result<StatusCode, Problem> {
    let (user, id) = sender::acknowledged(&app, &body.ack).ok_or_else(Problem::not_found)?;
    let mut tx = app.store.write().await?;
    arrived(&app, &mut tx, user, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn arrived(app: &App, tx: &mut Tx, user: UserId, id: DeliveryId) -> Result<(), Problem> {
    let now = app.now();
    let one = delivery::get(tx, user, id).await?.ok_or_else(Problem::not_found)?;
    if delivery::reached(tx, user, id, now).await? {
        channel::reached(tx, user, one.channel_id, now).await?;
        reached(tx, &[user], now).await?;
    }
    Ok(())
}

/// End the mail of a channel
///
/// By the link in each mail, with one click (RFC 8058).
#[utoipa::path(post, path = "/api/unsubscribe/{link}/", tag = "Channels", params(("link" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub async fn unsubscribe(State(app): State<App>, Path(link): Path<String>) -> Result<StatusCode, Problem> {
    let (user, id) = email::unsubscribes(&app, &link).ok_or_else(Problem::not_found)?;
    let mut tx = app.store.write().await?;
    // Once more is no error: it is ended.
    channel::delete(&mut tx, user, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `/dev/mail/`: the same mail as a page.
pub async fn mail_page(State(app): State<App>) -> Result<Response, Problem> {
    if !app.clock_moves || app.mail.is_real() {
        return Err(Problem::not_found());
    }
    let mut html = String::from(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>Mail – Aftercare</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;\
         padding:0 1rem;color-scheme:light dark}article{border-top:1px solid;padding:.5rem 0}pre{white-space:pre-wrap;\
         overflow-wrap:anywhere;font:inherit}</style><main><h1>Mail</h1><p>Nothing leaves: no mail server is set.</p>",
    );
    for kept in app.mail.kept() {
        // Addresses hold no markup and words none that matter; a page shows both as they are.
        let safe = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let lines = kept.text.lines().map(|line| match line.split_once("http") {
            Some((before, rest)) => format!("{}<a href=\"http{1}\">http{1}</a>", safe(before), safe(rest)),
            None => safe(line),
        });
        // A String takes everything.
        let _ = write!(
            html,
            "<article><h2>{}</h2><p>{} · {}</p><pre>{}</pre></article>",
            safe(&kept.subject),
            safe(&kept.to),
            kept.at,
            lines.collect::<Vec<_>>().join("\n")
        );
    }
    html += "</main></html>";
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, policy)];
    Ok((headers, html).into_response())
}

/// Mail that was kept.
#[derive(Serialize, ToSchema)]
pub struct KeptMail {
    /// Newest first.
    #[schema(value_type = Vec<Object>)]
    items: Vec<email::Kept>,
    /// Always null: at most 200 are kept.
    next_cursor: Option<String>,
}

/// Read mail that went nowhere
///
/// In profile `dev` without a mail server.
#[utoipa::path(get, path = "/api/dev/mail/", tag = "Operations", responses((status = 200, body = KeptMail), (status = 404, body = Problem)))]
pub async fn kept_mail(State(app): State<App>) -> Result<Json<KeptMail>, Problem> {
    if !app.clock_moves || app.mail.is_real() {
        return Err(Problem::not_found());
    }
    Ok(Json(KeptMail { items: app.mail.kept(), next_cursor: None }))
}
