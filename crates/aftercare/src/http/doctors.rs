//! Choosing doctors: the directory, selecting, one's own, leaving.

use super::{
    actor::{Actor, Patient},
    json::{Id, Json, Params},
    problem::Problem,
};
use crate::{app::App, notebook::People};
use aftercare_core::{
    id::{RelationshipId, UserId},
    instant::Instant,
    people::unprintable,
};
use aftercare_seal::{Bytes, bundle::Selection};
use aftercare_store::{
    Tx,
    care::{self, Care},
    directory::{self, Entry},
};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A doctor in the directory.
#[derive(Serialize, ToSchema)]
pub struct DoctorView {
    /// `UUIDv7`.
    #[schema(value_type = Uuid)]
    id: UserId,
    /// Their name.
    name: String,
    /// What they do.
    specialty: Option<String>,
    /// A few words about them.
    bio: Option<String>,
}

impl From<Entry> for DoctorView {
    fn from(entry: Entry) -> Self {
        Self { id: entry.doctor_id, name: entry.name, specialty: entry.specialty, bio: entry.bio }
    }
}

/// A page of doctors.
#[derive(Serialize, ToSchema)]
pub struct DoctorList {
    /// In the order of their ids.
    items: Vec<DoctorView>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// What to look for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Part of a name or specialty.
    #[serde(default)]
    q: String,
    /// At most so many, 1 to 200 (50).
    limit: Option<i64>,
    /// From the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<UserId>,
}

/// The checked size of a page.
pub(crate) fn page_size(limit: Option<i64>) -> Result<i64, Problem> {
    match limit.unwrap_or(50) {
        limit @ 1..=200 => Ok(limit),
        _ => Err(Problem::invalid_field("?limit", "must be from 1 to 200")),
    }
}

/// Look for doctors
#[utoipa::path(get, path = "/api/doctors/", tag = "Choosing doctors", security(("bearer" = [])), params(Search), responses((status = 200, body = DoctorList)))]
pub async fn search_doctors(
    State(app): State<App>,
    _: Actor,
    Params(search): Params<Search>,
) -> Result<Json<DoctorList>, Problem> {
    let limit = page_size(search.limit)?;
    let q = search.q.trim();
    if q.chars().count() > 100 || unprintable(q, false).is_some() {
        return Err(Problem::invalid_field("?q", "must be at most 100 visible characters"));
    }
    let mut tx = app.store.read().await?;
    let found = directory::search(&mut tx, q, search.cursor, limit).await?;
    let full = i64::try_from(found.len()).is_ok_and(|found| found == limit);
    let next_cursor = found.last().filter(|_| full).map(|last| last.doctor_id.to_string());
    Ok(Json(DoctorList { items: found.into_iter().map(DoctorView::from).collect(), next_cursor }))
}

/// Whom to choose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// A doctor of the directory.
    #[schema(value_type = Uuid)]
    doctor_id: UserId,
}

/// One of the two in a relationship.
#[derive(Serialize, ToSchema)]
pub struct Party {
    /// `UUIDv7`.
    #[schema(value_type = Uuid)]
    id: UserId,
    /// Their name.
    name: String,
}

/// A patient's choice of a doctor.
#[derive(Serialize, ToSchema)]
pub struct RelationshipView {
    /// `UUIDv7`.
    #[schema(value_type = Uuid)]
    id: RelationshipId,
    /// Who was chosen.
    doctor: DoctorView,
    /// Who chose.
    patient: Party,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Instant,
}

/// The choice.
#[derive(Serialize, ToSchema)]
pub struct Selected {
    /// As it stands.
    relationship: RelationshipView,
}

async fn view(tx: &mut Tx, care: Care, doctor: Entry) -> Result<RelationshipView, Problem> {
    let patient = super::login::person(tx, care.patient_id).await?;
    Ok(RelationshipView {
        id: care.id,
        doctor: doctor.into(),
        patient: Party { id: patient.id, name: patient.name },
        since: care.since,
    })
}

/// Choose a doctor
///
/// From now on this doctor may write notes for the patient, who signs the choice with their own
/// key. Choosing again changes nothing.
#[utoipa::path(post, path = "/api/select-doctor/", tag = "Choosing doctors", security(("bearer" = [])), request_body = Select, responses(
    (status = 201, body = Selected), (status = 200, description = "Chosen already", body = Selected),
    (status = 404, description = "No such doctor", body = Problem)))]
pub async fn select_doctor(
    State(app): State<App>,
    Patient(actor): Patient,
    Json(body): Json<Select>,
) -> Result<(StatusCode, Json<Selected>), Problem> {
    let mut tx = app.store.write().await?;
    let doctor = directory::get(&mut tx, body.doctor_id).await?.ok_or_else(Problem::not_found)?;
    let before = care::lock(&mut tx, actor.id, body.doctor_id).await?;
    if let Some(care) = before.clone().filter(Care::is_current) {
        let relationship = view(&mut tx, care, doctor).await?;
        return Ok((StatusCode::OK, Json(Selected { relationship })));
    }
    let care = state(&app, &mut tx, &actor, body.doctor_id, before, true).await?;
    let relationship = view(&mut tx, care, doctor).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(Selected { relationship })))
}

/// Stores a choice or its end, signed by the patient, and brings the doctor's side up to it.
async fn state(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    doctor: UserId,
    before: Option<Care>,
    selected: bool,
) -> Result<Care, Problem> {
    let now = app.now();
    let mut people = People::default();
    people.add(tx, actor.id).await?;
    people.add(tx, doctor).await?;
    let n = before.as_ref().map_or(0, |care| care.statement.0) + 1;
    let statement = Selection {
        patient: (Bytes(*actor.id.as_bytes()), people.of(actor.id)?.kid()),
        doctor: (Bytes(*doctor.as_bytes()), people.of(doctor)?.kid()),
        n: u64::try_from(n).map_err(Problem::internal)?,
        time: u64::try_from(now.as_secs()).map_err(Problem::internal)?,
        selected,
    };
    let sig = statement.sign(&actor.keys(app)?);
    let mut care = before.unwrap_or_else(|| Care {
        id: app.random.id(now),
        patient_id: actor.id,
        doctor_id: doctor,
        since: now,
        until: None,
        statement: (0, 0, Vec::new()),
        last_seq: 0,
        last_transcript: vec![0; 32],
        last_ticket: 0,
        live_ticket: 0,
        last_note_at: None,
        failed_ticket: 0,
    });
    care.statement = (n, now.as_secs(), sig.0.to_vec());
    if selected {
        (care.since, care.until) = (now, None);
    } else {
        care.until = Some(now);
    }
    care::put(tx, &care, app.random.id(now)).await?;
    care::project(tx, 10).await?;
    Ok(care)
}

/// The doctors a patient has.
#[derive(Serialize, ToSchema)]
pub struct MyDoctors {
    /// In the order they were chosen.
    items: Vec<RelationshipView>,
    /// Always null: they are few.
    next_cursor: Option<String>,
}

/// List one's own doctors
#[utoipa::path(get, path = "/api/my-doctors/", tag = "Choosing doctors", security(("bearer" = [])), responses((status = 200, body = MyDoctors)))]
pub async fn my_doctors(State(app): State<App>, Patient(actor): Patient) -> Result<Json<MyDoctors>, Problem> {
    let mut tx = app.store.read().await?;
    let mut items = Vec::new();
    for care in care::of_patient(&mut tx, actor.id).await? {
        if let Some(doctor) = directory::get(&mut tx, care.doctor_id).await? {
            items.push(view(&mut tx, care, doctor).await?);
        }
    }
    Ok(Json(MyDoctors { items, next_cursor: None }))
}

/// Leave a doctor
///
/// The doctor may write and read nothing new; running plans go on.
#[utoipa::path(delete, path = "/api/my-doctors/{doctor_id}/", tag = "Choosing doctors", security(("bearer" = [])),
    params(("doctor_id" = Uuid, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub async fn leave_doctor(
    State(app): State<App>,
    Patient(actor): Patient,
    Id(doctor): Id<UserId>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.store.write().await?;
    let before = care::lock(&mut tx, actor.id, doctor).await?;
    let before = before.filter(Care::is_current).ok_or_else(Problem::not_found)?;
    state(&app, &mut tx, &actor, doctor, Some(before), false).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
