//! `GET /api/events/`: what happens, as it happens, for whoever is signed in. Kinds, ids and times; whoever
//! listens fetches the rest.

use super::{actor::Actor, problem::Problem};
use crate::app::App;
use aftercare_core::{
    id::{EventId, UserId},
    instant::Span,
};
use aftercare_store::{
    event::{self, Event, EventKind},
    session,
};
use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event as Line, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use std::{collections::VecDeque, convert::Infallible, time::Duration};
use uuid::Uuid;

/// So often is looked whether something has happened.
const LOOK: Duration = Duration::from_secs(1);
/// Events are told in the order of their ids; one that is stored later than a newer one is still found within
/// this.
const LATE: Span = Span::from_secs(10);
/// A stream ends after this, and is begun anew by whoever listens, with a token that is good still.
const LONGEST: Span = Span::from_minutes(15);
/// At most so many at once.
const PAGE: i64 = 200;

fn name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::ReminderDue => "reminder.due",
        EventKind::CheckIn => "check_in",
        EventKind::PlanChanged => "plan.changed",
        EventKind::WorkList => "work_list.changed",
        EventKind::Channel => "channel.changed",
    }
}

struct Listening {
    app: App,
    user: UserId,
    /// What was told lately: each event once.
    told: VecDeque<EventId>,
    waiting: VecDeque<Event>,
    /// Everything before was told.
    from: EventId,
    began: aftercare_core::instant::Instant,
    session: aftercare_core::id::SessionId,
}

impl Listening {
    /// The next event; `None` when the stream ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.told.push_back(event.id);
                if self.told.len() > 1_000 {
                    self.told.pop_front();
                }
                return Some(event);
            }
            let now = self.app.clock.wall();
            if now - self.began > LONGEST || self.app.is_stopping() {
                return None;
            }
            let found = self.look().await.ok()??;
            if found.is_empty() {
                tokio::time::sleep(LOOK).await;
            }
            self.waiting.extend(found);
        }
    }

    /// What is new; `None` where nobody is signed in any more.
    async fn look(&mut self) -> Result<Option<Vec<Event>>, aftercare_store::StoreError> {
        let mut tx = self.app.store.peek().await?;
        let session = session::get(&mut tx, self.user, self.session, self.app.clock.wall()).await?;
        if session.answer(&mut tx).await?.is_none() {
            return Ok(None);
        }
        let mut found = event::after(&mut tx, self.user, self.from, PAGE).await?;
        // From here on nothing older can be stored any more.
        let settled = id_at(self.app.now() - LATE);
        self.from = found
            .iter()
            .map(|event| event.id)
            .filter(|id| *id < settled)
            .max()
            .unwrap_or(self.from)
            .max(self.from);
        found.retain(|event| !self.told.contains(&event.id));
        Ok(Some(found))
    }
}

/// The first id of an instant.
fn id_at(at: aftercare_core::instant::Instant) -> EventId {
    crate::random::id_from::<EventId>(at, &[0; 10])
}

/// Listen
///
/// Server-sent events (HTML): `reminder.due`, `check_in`, `plan.changed`, `work_list.changed`,
/// `channel.changed`, each with its object and time. `Last-Event-ID` goes on from there, for a day. The stream ends
/// after 15 minutes, or with the session.
#[utoipa::path(get, path = "/api/events/", tag = "Reminders and check-ins", security(("bearer" = [])), responses(
    (status = 200, description = "A stream of events", content_type = "text/event-stream", body = String), (status = 401, body = Problem)))]
pub async fn events(State(app): State<App>, actor: Actor, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<Uuid>().ok());
    let listening = Listening {
        user: actor.id,
        session: actor.sid(),
        told: last.map(EventId).into_iter().collect(),
        waiting: VecDeque::new(),
        from: last.map_or_else(|| id_at(app.now()), |last| EventId(last).min(id_at(app.now()))),
        began: app.clock.wall(),
        app,
    };
    let lines = lines(listening);
    Sse::new(lines).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

fn lines(listening: Listening) -> impl Stream<Item = Result<Line, Infallible>> {
    stream::unfold(listening, async |mut listening| {
        let event = listening.next().await?;
        let data = serde_json::json!({ "object_id": event.object_id, "at": event.at });
        let line = Line::default().id(event.id.to_string()).event(name(event.kind)).data(data.to_string());
        Some((Ok(line), listening))
    })
}
