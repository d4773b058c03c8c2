//! `GET` and `PATCH /api/me/`: one's own name, zone and times of day.

use super::{
    actor::{Account, Actor},
    json::Json,
    person::{UserView, person, user_view},
    problem::{FieldError, Problem},
    profile::{self, Profile, ProfileChange},
    submit_note::Mode,
};
use crate::{
    announce::wishes,
    app::App,
    audit::{self, Action, Event},
    config::Assisted,
    plan::{Habits, Plan},
    record,
};
use aftercare_core::{
    anchors::Anchors,
    announce::Wishes,
    people::{Name, Role},
    replay::zone_name,
};
use aftercare_store::{
    Tx, account,
    due::{self, Wake},
    person_lock,
    regime::{self, RegimeRow},
    session, wishes as stored,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One's own account.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The account.
    #[serde(flatten)]
    user: UserView,
    /// Wall-clock times that words such as "at breakfast" stand for.
    #[schema(value_type = Object, example = json!({"wake": "07:00", "breakfast": "08:00", "lunch": "12:30", "dinner": "18:30", "bedtime": "22:00", "first": "08:00", "last": "20:00"}))]
    anchors: Anchors,
    /// How one wants to be told what is due: `quiet` from and to (null: never), whether what is not answered is said
    /// again (`repeat`), one message at each time of day instead of one for each (`digest`).
    #[schema(value_type = Object, example = json!({"quiet": {"from": "22:00", "to": "07:00"}, "repeat": true, "digest": false}))]
    reminders: Wishes,
    /// For doctors: what becomes of their notes where those do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    note_mode: Option<Mode>,
    /// For doctors: how patients see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
    /// Whether the server may hold one's keys while one is signed in with a password.
    assisted: bool,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// As shown to those one deals with.
    name: Option<String>,
    /// IANA time zone. Holds from now on; what has happened keeps its instants.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// With a new `time_zone`: `move` has the plan follow (so it is if absent), `keep` leaves it at the times of home,
    /// and only quiet hours follow. `/api/travel-preview/` shows both.
    travel: Option<Travel>,
    /// Times of day, all or some of them. Holds from now on.
    #[schema(value_type = Option<Object>, example = json!({"breakfast": "07:30"}))]
    anchors: Option<serde_json::Map<String, serde_json::Value>>,
    /// How one wants to be told, all or some of it.
    #[schema(value_type = Option<Object>, example = json!({"quiet": {"from": "22:00", "to": "07:00"}}))]
    reminders: Option<serde_json::Map<String, serde_json::Value>>,
    /// For doctors: `activate` or `review`.
    note_mode: Option<Mode>,
    /// For doctors: how patients see them, all or some of it.
    profile: Option<ProfileChange>,
    /// False: the password is never taken, only what a device derives from it; sessions that were opened
    /// with it end. True asks for a sign-in of the last five minutes.
    assisted: Option<bool>,
}

/// What a journey does to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Travel {
    /// It keeps the times of home.
    Keep,
    /// It goes by the clock of there, no two doses closer than half their interval.
    Move,
}

/// Look at one's own account
#[utoipa::path(get, path = "/api/me/", tag = "Accounts", security(("bearer" = [])), responses((status = 200, body = Me)))]
pub async fn get_me(State(app): State<App>, Account(actor): Account) -> Result<Json<Me>, Problem> {
    let mut tx = app.store.read().await?;
    me(&app, &mut tx, &actor).await.map(Json)
}

/// One's own account.
pub(super) async fn me(app: &App, tx: &mut Tx, actor: &Actor) -> Result<Me, Problem> {
    let row = person(tx, actor.id).await?;
    let habits = Habits::load(tx, actor.id).await?;
    let note_mode = match actor.role {
        Role::Doctor => {
            let own = account::note_mode(tx, actor.id).await?.answer(tx).await?;
            Some(own.unwrap_or_else(|| app.config.note_mode()).into())
        }
        Role::Patient => None,
    };
    let assisted = app.config.assisted == Assisted::Allow && row.assisted.unwrap_or(true);
    let anchors = habits.anchors(app.now()).clone();
    let reminders = wishes(stored::of(tx, actor.id).await?.as_deref());
    let profile = profile::of(app, tx, actor).await?;
    Ok(Me { user: user_view(app, row)?, anchors, reminders, note_mode, profile, assisted })
}

/// Change one's own account
///
/// A new zone or new times of day move what is still to come; the past keeps its instants.
#[utoipa::path(patch, path = "/api/me/", tag = "Accounts", security(("bearer" = [])), request_body = Change,
    responses((status = 200, body = Me), (status = 401, description = "`step_up_required`", body = Problem), (status = 422, body = Problem)))]
pub async fn change_me(
    State(app): State<App>,
    Account(actor): Account,
    Json(body): Json<Change>,
) -> Result<Json<Me>, Problem> {
    if body.assisted == Some(true) {
        actor.signed_in_recently(&app)?;
    }
    let mut errors = Vec::new();
    let name = body.name.as_deref().map(Name::parse).transpose();
    let name = name.map_err(|error| errors.push(FieldError::at("/name", error))).unwrap_or_default();
    let time_zone = body.time_zone.as_deref().map(zone_name).transpose().unwrap_or_else(|_| {
        errors.push(FieldError::at("/time_zone", "must be an IANA time zone such as Europe/Berlin"));
        None
    });
    if body.note_mode.is_some() && actor.role != Role::Doctor {
        errors.push(FieldError::at("/note_mode", "is for doctors; leave it out"));
    }
    let profile = body.profile.as_ref().map(|change| change.check(actor.role, &mut errors));
    let mut tx = app.store.write().await?;
    person_lock::lock(&mut tx, actor.id).await?;
    let now = app.now();
    let before = regime::of(&mut tx, actor.id).await?;
    let before = before.last().ok_or_else(|| Problem::internal("no times of day"))?.clone();
    let anchors = merged(&before.anchors, body.anchors.as_ref());
    let anchors = anchors.map_err(|error| errors.push(FieldError::at("/anchors", error))).unwrap_or_default();
    let told = stored::of(&mut tx, actor.id).await?;
    let told = merged_wishes(told.as_deref(), body.reminders.as_ref());
    let told = told.map_err(|error| errors.push(FieldError::at("/reminders", error))).unwrap_or_default();
    if body.travel.is_some() && body.time_zone.is_none() {
        errors.push(FieldError::at("/travel", "goes with a new time_zone"));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let mut told = told;
    let mut time_zone = time_zone.unwrap_or_else(|| before.time_zone.clone());
    if body.time_zone.is_some() {
        let keeps = body.travel == Some(Travel::Keep) && time_zone != before.time_zone;
        told.away = keeps.then(|| std::mem::replace(&mut time_zone, before.time_zone.clone()));
    }
    if body.reminders.is_some() || body.time_zone.is_some() {
        let told = serde_json::to_string(&told).map_err(Problem::internal)?;
        stored::put(&mut tx, actor.id, &told).await?;
        due::insert(&mut tx, Wake::person(actor.id, now)).await?;
    }
    if let Some(name) = &name {
        account::rename(&mut tx, actor.id, name.as_str()).await?;
    }
    profile::change(&mut tx, &actor, name.as_ref(), profile).await?;
    if let Some(mode) = body.note_mode {
        account::set_note_mode(&mut tx, actor.id, Some(mode.into())).await?;
    }
    let anchors = serde_json::to_string(&anchors).map_err(Problem::internal)?;
    // A client that says again what holds begins no new regime.
    if time_zone != before.time_zone || anchors != before.anchors {
        let row = RegimeRow { from: now, time_zone, anchors };
        regime::put(&mut tx, actor.id, &row).await?;
        if actor.role == Role::Patient {
            let plan = Plan::current(&mut tx, actor.id, None, now).await?;
            // What is open, or was answered before its time, may be due at another.
            for step in plan.steps.iter().filter(|step| step.course.is_some()) {
                record::record_anew(&mut tx, step, now).await?;
            }
        }
    }
    if let Some(assisted) = body.assisted {
        set_assisted(&app, &mut tx, &actor, assisted).await?;
    }
    let answer = me(&app, &mut tx, &actor).await?;
    tx.commit().await?;
    app.stir(actor.id);
    Ok(Json(answer))
}

async fn set_assisted(app: &App, tx: &mut Tx, actor: &Actor, assisted: bool) -> Result<(), Problem> {
    account::set_assisted(tx, actor.id, Some(assisted)).await?;
    if !assisted {
        session::delete_assisted(tx, actor.id).await?;
        app.opened.end_of(actor.id);
    }
    Ok(audit::record(app, tx, Event::own(actor.id, Action::AssistedSet).with(assisted)).await?)
}

/// The times of day with some of them changed.
fn merged(
    before: &str,
    change: Option<&serde_json::Map<String, serde_json::Value>>,
) -> Result<Anchors, String> {
    let mut all: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(before).map_err(|error| error.to_string())?;
    all.extend(change.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    let anchors: Anchors = serde_json::from_value(all.into()).map_err(|error| error.to_string())?;
    anchors.check().map_err(|error| error.to_string())?;
    Ok(anchors)
}

/// How one wants to be told, with some of it changed.
fn merged_wishes(
    before: Option<&str>,
    change: Option<&serde_json::Map<String, serde_json::Value>>,
) -> Result<Wishes, String> {
    let mut all = serde_json::to_value(wishes(before)).map_err(|error| error.to_string())?;
    for (key, value) in change.into_iter().flatten() {
        all[key] = value.clone();
    }
    let all: Wishes = serde_json::from_value(all).map_err(|error| error.to_string())?;
    if let Some(name) = &all.away {
        zone_name(name)
            .map_err(|_| "away: must be an IANA time zone such as Asia/Tokyo, or null".to_owned())?;
    }
    if all.quiet.is_some_and(|quiet| quiet.from == quiet.to) {
        return Err("quiet: `from` and `to` must differ; null for no quiet".to_owned());
    }
    Ok(all)
}
