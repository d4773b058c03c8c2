//! `GET /cal/{link}.ics`: the plan as a calendar, for programs that ask by themselves.

use super::problem::Problem;
use crate::{
    app::App,
    calendar::{KEPT, calendar},
    plan::Plan,
};
use aftercare_core::{id::UserId, instant::Span};
use aftercare_seal::{
    bytes::{decode, encode, random, same},
    pae::hash,
};
use aftercare_store::channel::{self, ChannelKind};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

/// That a calendar has asked is written down no more often.
const NOTED: Span = Span::from_minutes(10);

/// What opens a calendar: whose it is, and 160 bits that nobody guesses.
pub(super) struct Link {
    user: UserId,
    secret: [u8; 20],
}

impl Link {
    /// A new one.
    pub(super) fn new(app: &App, user: UserId) -> Self {
        Self { user, secret: random(&mut app.random.rng()) }
    }

    fn read(file: &str) -> Option<Self> {
        let bytes = decode(file.strip_suffix(".ics")?)?;
        let user = UserId(Uuid::from_slice(bytes.get(..16)?).ok()?);
        Some(Self { user, secret: bytes.get(16..)?.try_into().ok()? })
    }

    /// What it is found by.
    pub(super) fn hash(&self, app: &App) -> Vec<u8> {
        app.master.digest("calendar", &[self.user.as_bytes(), &self.secret]).0.to_vec()
    }

    /// Where the calendar is.
    pub(super) fn url(&self, app: &App) -> String {
        let link = encode(&[self.user.as_bytes().as_slice(), &self.secret].concat());
        format!("{}/cal/{link}.ics", app.config.issuer())
    }
}

/// Read the calendar
///
/// RFC 5545, by the link that was shown when the channel was added: times and nothing else. Answers `If-None-Match`.
#[utoipa::path(get, path = "/cal/{file}", tag = "Channels", params(("file" = String, Path)), responses(
    (status = 200, description = "A calendar", content_type = "text/calendar", body = String), (status = 304, description = "It is as it was"),
    (status = 404, body = Problem)))]
pub async fn read_calendar(
    State(app): State<App>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let link = Link::read(&file).ok_or_else(Problem::not_found)?;
    let (wanted, now) = (link.hash(&app), app.now());
    let mut tx = app.store.read().await?;
    let channels = channel::of(&mut tx, link.user).await?;
    let found = channels
        .iter()
        .filter(|channel| channel.kind == ChannelKind::Calendar)
        .find(|channel| channel.secret_hash.as_deref().is_some_and(|hash| same(hash, &wanted)));
    let channel = found.ok_or_else(Problem::not_found)?;
    let plan = Plan::load(&mut tx, link.user, None, now - KEPT, now).await?;
    drop(tx);
    if channel.handed_at.is_none_or(|asked| now - asked > NOTED) {
        let mut tx = app.store.write().await?;
        channel::handed(&mut tx, &[(link.user, channel.id)], false, now).await?;
        tx.commit().await?;
    }
    let (origin, host) =
        app.config.ui_host().unwrap_or_else(|| (app.config.base_url(), "localhost".to_owned()));
    let body = calendar(&plan, &origin, &host);
    let tag = format!("\"{}\"", encode(&hash(body.as_bytes())[..18]));
    let same = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::ETAG, &tag),
    ];
    if same {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, body).into_response())
}
