//! `GET /api/audit/`: what happened to one's own account and data.

use super::{
    actor::Account,
    json::{Json, Params},
    page::page_size,
    problem::Problem,
};
use crate::{app::App, audit::Action};
use aftercare_core::{id::UserId, instant::Instant};
use aftercare_seal::bytes;
use aftercare_store::{Tx, account, audit, audit::Row};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, hash_map::Entry};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// An event on record.
#[derive(Serialize, ToSchema)]
pub struct EventView {
    /// Its place in this person's record, from 1.
    seq: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// What, such as `signed_in` or `notes_read`.
    action: &'static str,
    /// By whom; null where nobody was signed in.
    #[schema(value_type = Option<Uuid>)]
    actor_id: Option<UserId>,
    /// Their name, while they have an account.
    actor_name: Option<String>,
    /// On what: a note, a person, a session.
    object_id: Option<Uuid>,
    /// More about it.
    detail: serde_json::Value,
    /// Over the event before and this one; keep the newest, and nothing before it can change unseen.
    hash: String,
}

/// A page of one's own record.
#[derive(Serialize, ToSchema)]
pub struct Record {
    /// Newest first.
    items: Vec<EventView>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// At most so many, 1 to 200 (50).
    limit: Option<i64>,
    /// From the page before.
    cursor: Option<i64>,
}

/// Read one's own record
///
/// Who signed in, opened, changed or disclosed what, and when.
#[utoipa::path(get, path = "/api/audit/", tag = "Accounts", security(("bearer" = [])), params(Page), responses((status = 200, body = Record)))]
pub async fn read_audit(
    State(app): State<App>,
    Account(actor): Account,
    Params(page): Params<Page>,
) -> Result<Json<Record>, Problem> {
    let limit = page_size(page.limit)?;
    let mut tx = app.store.read().await?;
    let rows = audit::newest(&mut tx, actor.id, page.cursor, limit).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|found| found == limit);
    let next_cursor = rows.last().filter(|row| full && row.seq > 1).map(|last| last.seq.to_string());
    Ok(Json(Record { items: event_views(&mut tx, rows).await?, next_cursor }))
}

/// Events with the names of those who acted.
pub(super) async fn event_views(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<EventView>, Problem> {
    let mut names: HashMap<UserId, Option<String>> = HashMap::new();
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(id) = row.actor_id
            && let Entry::Vacant(unknown) = names.entry(id)
        {
            unknown.insert(account::get(tx, id).await?.map(|person| person.name));
        }
        let name = row.actor_id.and_then(|id| names.get(&id).cloned().flatten());
        items.push(view(&row, name));
    }
    Ok(items)
}

fn view(row: &Row, actor_name: Option<String>) -> EventView {
    let action = Action::ALL.iter().find(|action| **action as i16 == row.action);
    EventView {
        seq: row.seq,
        at: row.at,
        action: action.map_or("unknown", |action| action.slug()),
        actor_id: row.actor_id,
        actor_name,
        object_id: row.object_id,
        detail: serde_json::from_str(&row.detail).unwrap_or_default(),
        hash: bytes::encode(&row.hash),
    }
}
