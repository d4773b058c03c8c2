//! Choosing doctors: the directory, selecting, one's own, leaving.

use super::{
    actor::{Actor, Patient},
    json::{Id, Json, Params},
    page::{Page, page_size},
    problem::Problem,
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    keyring::{People, raw},
};
use aftercare_core::{
    id::{Bucket, RelationshipId, UserId},
    instant::Instant,
    people::unprintable,
};
use aftercare_seal::{Bytes, bundle::Selection};
use aftercare_store::{
    Tx, account,
    care::{self, Care, Statement},
    directory::{self, Entry},
    outbox,
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
    /// Where to reach them.
    phone: Option<String>,
}

impl From<Entry> for DoctorView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.doctor_id,
            name: entry.name,
            specialty: entry.specialty,
            bio: entry.bio,
            phone: entry.phone,
        }
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
    /// Part of a name, a specialty, or what they say about themselves: place, languages.
    #[serde(default)]
    q: String,
    /// The one of this id, as a doctor's own link has it: whether or not they are found by searching.
    #[param(value_type = Option<String>)]
    id: Option<UserId>,
    /// At most so many, 1 to 200 (50).
    limit: Option<i64>,
    /// From the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<UserId>,
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
    if let Some(id) = search.id {
        let items = directory::get(&mut tx, id).await?.into_iter().map(DoctorView::from).collect();
        return Ok(Json(DoctorList { items, next_cursor: None }));
    }
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
    /// The patient's word, signed on their device: in a sealed session.
    statement: Option<Stated>,
}

/// A statement that was signed on the patient's device, over
/// `PAE("aftercare/v1/select", patient, patient_kid, doctor, doctor_kid, LE64 n, LE64 time, [selected])`
/// with the keys in use of both.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// One more than the last about this doctor; see `/api/keys/{user_id}/`.
    n: i64,
    /// When, in seconds since 1970.
    time: i64,
    /// Chosen; false: left.
    selected: bool,
    /// Ed25519, 64 bytes, base64url.
    #[schema(value_type = String)]
    sig: Bytes<64>,
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
    /// When it ended; null while it lasts.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
}

/// The choice.
#[derive(Serialize, ToSchema)]
pub struct Selected {
    /// As it stands.
    relationship: RelationshipView,
}

async fn view(tx: &mut Tx, care: Care, doctor: Entry) -> Result<RelationshipView, Problem> {
    let patient = super::person::person(tx, care.patient_id).await?;
    Ok(RelationshipView {
        id: care.id,
        doctor: doctor.into(),
        patient: Party { id: patient.id, name: patient.name },
        since: care.since,
        until: care.until,
    })
}

/// A doctor as the directory has them, or as they were called where it has them no more.
async fn entry(tx: &mut Tx, id: UserId) -> Result<Option<Entry>, Problem> {
    if let Some((entry, _)) = directory::find(tx, id).await? {
        return Ok(Some(entry));
    }
    let name = account::name(tx, id).await?;
    Ok(name.map(|name| Entry {
        doctor_id: id,
        name,
        specialty: None,
        bio: None,
        phone: None,
        searchable: false,
    }))
}

/// Choose a doctor
///
/// From now on this doctor may write notes for the patient, who signs the choice with their own
/// key. Choosing again changes nothing, unless keys were reset since. In a sealed session the patient
/// sends the signed statement; one that says `selected: false` leaves the doctor.
#[utoipa::path(post, path = "/api/select-doctor/", tag = "Choosing doctors", security(("bearer" = [])), request_body = Select, responses(
    (status = 201, body = Selected), (status = 200, description = "Chosen already, or left", body = Selected),
    (status = 403, description = "`sealed_session`: send the signed statement", body = Problem),
    (status = 404, description = "No such doctor", body = Problem),
    (status = 409, description = "`out_of_sequence`", body = Problem), (status = 422, body = Problem)))]
pub async fn select_doctor(
    State(app): State<App>,
    Patient(actor): Patient,
    Json(body): Json<Select>,
) -> Result<(StatusCode, Json<Selected>), Problem> {
    let mut tx = app.store.write().await?;
    let before = care::lock(&mut tx, actor.id, body.doctor_id).await?.answer(&mut tx).await?;
    let current = before.clone().filter(Care::is_current);
    let selected = body.statement.as_ref().is_none_or(|stated| stated.selected);
    // Whoever is in the directory can be chosen; left, whoever was.
    let doctor = if selected {
        directory::get(&mut tx, body.doctor_id).await?
    } else {
        entry(&mut tx, body.doctor_id).await?
    };
    let doctor = doctor.filter(|_| selected || current.is_some()).ok_or_else(Problem::not_found)?;
    let people = People::load(&mut tx, &[actor.id, body.doctor_id]).await?;
    if let Some(care) = current.clone().filter(|_| body.statement.is_none())
        && statement_holds(&care, &people)?
    {
        let relationship = view(&mut tx, care, doctor).await?;
        return Ok((StatusCode::OK, Json(Selected { relationship })));
    }
    let given = body.statement.as_ref();
    let care = state(&app, &mut tx, &actor, (body.doctor_id, before), selected, given).await?;
    let relationship = view(&mut tx, care, doctor).await?;
    tx.commit().await?;
    let status = if current.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(Selected { relationship })))
}

/// Whether a patient's statement holds for the keys of now: signed by the patient, and of keys that
/// those of now follow from, each signed by the one before.
fn statement_holds(care: &Care, people: &People) -> Result<bool, Problem> {
    let (patient, doctor) = (people.history(care.patient_id)?, people.history(care.doctor_id)?);
    let (patient_kid, doctor_kid) = match &care.statement.kids {
        Some((patient, doctor)) => {
            (Bytes::try_from(patient.as_slice())?, Bytes::try_from(doctor.as_slice())?)
        }
        None => (patient.first().kid(), doctor.first().kid()),
    };
    let Some(signer) = patient.by_kid(&patient_kid) else { return Ok(false) };
    let statement = Selection {
        patient: (raw(care.patient_id), patient_kid),
        doctor: (raw(care.doctor_id), doctor_kid),
        n: u64::try_from(care.statement.n).map_err(Problem::internal)?,
        time: u64::try_from(care.statement.time).map_err(Problem::internal)?,
        selected: care.is_current(),
    };
    let own = statement.verify(signer, &Bytes::try_from(care.statement.sig.as_slice())?).is_ok();
    Ok(own && patient.follows_from(&patient_kid) && doctor.follows_from(&doctor_kid))
}

/// Nobody writes without the patient's own word for it, for the keys of now.
pub(super) fn must_hold(care: &Care, people: &People) -> Result<(), Problem> {
    if statement_holds(care, people)? {
        return Ok(());
    }
    Err(Problem::conflict(
        "selection_stale",
        "the patient's choice of you names keys that were reset since; ask them to choose you again",
    ))
}

/// Stores a choice or its end, signed by the patient, and brings the doctor's side up to it.
async fn state(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (doctor, before): (UserId, Option<Care>),
    selected: bool,
    given: Option<&Stated>,
) -> Result<Care, Problem> {
    let now = app.now();
    let n = before.as_ref().map_or(0, |care| care.statement.n) + 1;
    let statement = signed(app, tx, actor, doctor, (n, selected), given).await?;
    let mut care = before.unwrap_or_else(|| Care {
        id: app.random.id(now),
        patient_id: actor.id,
        doctor_id: doctor,
        since: now,
        until: Some(now),
        statement: Statement::default(),
        last_seq: 0,
        last_transcript: vec![0; 32],
        last_ticket: 0,
        live_ticket: 0,
        last_note_at: None,
        note_read_at: None,
        failed_ticket: 0,
    });
    care.statement = statement;
    if selected && !care.is_current() {
        (care.since, care.until) = (now, None);
    }
    if !selected {
        care.until = Some(now);
    }
    care::put(tx, &care, app.random.id(now)).await?;
    outbox::work_off(tx, &[Bucket::of(care.patient_id).get()], now, || app.random.id(now)).await?;
    let action = if selected { Action::DoctorChosen } else { Action::DoctorLeft };
    audit::record(app, tx, Event::own(actor.id, action).on(doctor.0)).await?;
    Ok(care)
}

/// The patient's statement: as their device has signed it, or signed for them.
async fn signed(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    doctor: UserId,
    (n, selected): (i64, bool),
    given: Option<&Stated>,
) -> Result<Statement, Problem> {
    let people = People::load(tx, &[actor.id, doctor]).await?;
    let (patient, doctor_keys) = (people.of(actor.id)?, people.of(doctor)?);
    let time = given.map_or(app.now().as_secs(), |given| given.time);
    let statement = Selection {
        patient: (raw(actor.id), patient.kid()),
        doctor: (raw(doctor), doctor_keys.kid()),
        n: u64::try_from(n).map_err(Problem::internal)?,
        time: u64::try_from(time)
            .map_err(|_| Problem::invalid_field("/statement/time", "must be since 1970"))?,
        selected,
    };
    let sig = match given {
        Some(given) if given.n != n => {
            return Err(Problem::conflict(
                "out_of_sequence",
                format!("the next statement about this doctor has n {n}"),
            ));
        }
        Some(given) => {
            statement.verify(patient, &given.sig).map_err(|_| {
                Problem::invalid_field(
                    "/statement/sig",
                    "is not the patient's, over this statement and the keys in use",
                )
            })?;
            given.sig
        }
        None if actor.is_sealed() => {
            return Err(Problem::sealed_session(
                "sign the statement there and send it to /api/select-doctor/",
            ));
        }
        None => statement.sign(&actor.keys(app, tx).await?),
    };
    let kids = (patient.kid().0.to_vec(), doctor_keys.kid().0.to_vec());
    Ok(Statement { n, time, sig: sig.0.to_vec(), kids: Some(kids) })
}

/// The doctors a patient has.
#[derive(Serialize, ToSchema)]
pub struct MyDoctors {
    /// In the order they were chosen.
    items: Vec<RelationshipView>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// List one's own doctors
#[utoipa::path(get, path = "/api/my-doctors/", tag = "Choosing doctors", security(("bearer" = [])), params(Page), responses((status = 200, body = MyDoctors)))]
pub async fn my_doctors(
    State(app): State<App>,
    Patient(actor): Patient,
    Params(page): Params<Page>,
) -> Result<Json<MyDoctors>, Problem> {
    let mut tx = app.store.read().await?;
    let (cares, next_cursor) = page.cut(care::of_patient(&mut tx, actor.id).await?)?;
    let mut items = Vec::new();
    for care in cares {
        if let Some(doctor) = entry(&mut tx, care.doctor_id).await? {
            items.push(view(&mut tx, care, doctor).await?);
        }
    }
    Ok(Json(MyDoctors { items, next_cursor }))
}

/// Leave a doctor
///
/// The doctor may write and read nothing new; running plans go on.
#[utoipa::path(delete, path = "/api/my-doctors/{doctor_id}/", tag = "Choosing doctors", security(("bearer" = [])),
    params(("doctor_id" = Uuid, Path)), responses((status = 204), (status = 403, description = "`sealed_session`", body = Problem), (status = 404, body = Problem)))]
pub async fn leave_doctor(
    State(app): State<App>,
    Patient(actor): Patient,
    Id(doctor): Id<UserId>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.store.write().await?;
    let before = care::lock(&mut tx, actor.id, doctor).await?.answer(&mut tx).await?;
    let before = before.filter(Care::is_current).ok_or_else(Problem::not_found)?;
    state(&app, &mut tx, &actor, (doctor, Some(before)), false, None).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
