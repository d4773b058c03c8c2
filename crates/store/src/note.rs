//! Notes: how each stands. Their words lie in envelopes ([`crate::envelope`]).

use crate::{
    Asked, StoreError, Tx, code,
    row::row,
    sql::{ask_all, fetch_all, fetch_anywhere, fetch_one, put},
};
use aftercare_core::{
    id::{Bucket, NoteId, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// How a note stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteState {
    /// Its steps are the plan.
    Live,
    /// A newer note took its place.
    Superseded,
    /// No steps could be read out of it.
    ExtractionFailed,
    /// Read, and waiting for its doctor.
    Draft,
    /// A draft its doctor has put aside.
    Discarded,
}

/// A note.
#[derive(Clone, Debug)]
pub struct Note {
    /// Which.
    pub id: NoteId,
    /// About whom.
    pub patient_id: UserId,
    /// By whom.
    pub doctor_id: UserId,
    /// How it stands.
    pub state: NoteState,
    /// Its ticket: of two notes in flight the one with the higher wins.
    pub ticket: i64,
    /// When it was submitted.
    pub created_at: Instant,
    /// Who read it: `rules`, `gemini`, `openai`.
    pub provider: String,
    /// With which model or version.
    pub model: String,
    /// Whether the provider stepped in for another that failed.
    pub fallback: bool,
    /// When a newer note took its place.
    pub superseded_at: Option<Instant>,
    /// Which.
    pub superseded_by: Option<NoteId>,
    /// When it was put into force.
    pub activated_at: Option<Instant>,
    /// When a device of its patient had it.
    pub received_at: Option<Instant>,
    /// When its patient said that they had read it.
    pub read_at: Option<Instant>,
}

/// Stores a note with its first envelope.
pub async fn insert(tx: &mut Tx, note: &Note) -> Result<(), StoreError> {
    put!(
        tx,
        "-- note::insert
        insert into note (bucket, id, patient_id, doctor_id, state, ticket, created_at, provider, model, fallback, superseded_at, superseded_by, activated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        Bucket::of(note.patient_id).get(),
        note.id.0,
        note.patient_id.0,
        note.doctor_id.0,
        code::note_state(note.state),
        note.ticket,
        note.created_at.as_micros(),
        note.provider.as_str(),
        note.model.as_str(),
        note.fallback,
        note.superseded_at.map(Instant::as_micros),
        note.superseded_by.map(|id| id.0),
        note.activated_at.map(Instant::as_micros)
    )?;
    Ok(())
}

/// Changes how a note stands and who read it.
pub async fn update(tx: &mut Tx, note: &Note) -> Result<(), StoreError> {
    put!(
        tx,
        "-- note::update
        update note set state = $3, provider = $4, model = $5, fallback = $6, superseded_at = $7, superseded_by = $8,
          ticket = $9, activated_at = $10
        where bucket = $1 and id = $2",
        Bucket::of(note.patient_id).get(),
        note.id.0,
        code::note_state(note.state),
        note.provider.as_str(),
        note.model.as_str(),
        note.fallback,
        note.superseded_at.map(Instant::as_micros),
        note.superseded_by.map(|id| id.0),
        note.ticket,
        note.activated_at.map(Instant::as_micros)
    )?;
    Ok(())
}

row! {
    struct Row {
        id: Uuid,
        patient_id: Uuid,
        doctor_id: Uuid,
        state: i16,
        ticket: i64,
        created_at: i64,
        provider: String,
        model: String,
        fallback: bool,
        superseded_at: Option<i64>,
        superseded_by: Option<Uuid>,
        activated_at: Option<i64>,
        received_at: Option<i64>,
        read_at: Option<i64>,
    }
}

fn read(row: Row) -> Result<Note, StoreError> {
    Ok(Note {
        id: NoteId(row.id),
        patient_id: UserId(row.patient_id),
        doctor_id: UserId(row.doctor_id),
        state: code::to_note_state(row.state)?,
        ticket: row.ticket,
        created_at: row.created_at.into(),
        provider: row.provider,
        model: row.model,
        fallback: row.fallback,
        superseded_at: row.superseded_at.map(Instant::from),
        superseded_by: row.superseded_by.map(NoteId),
        activated_at: row.activated_at.map(Instant::from),
        received_at: row.received_at.map(Instant::from),
        read_at: row.read_at.map(Instant::from),
    })
}

/// Puts down that a patient's device has a note, or that they have read it; the first time stands.
pub async fn received(
    tx: &mut Tx,
    patient: UserId,
    note: NoteId,
    at: Instant,
    read: bool,
) -> Result<(), StoreError> {
    put!(
        tx,
        "-- note::received
        update note set received_at = coalesce(received_at, $3), read_at = coalesce(read_at, $4)
        where bucket = $1 and id = $2",
        Bucket::of(patient).get(),
        note.0,
        at.as_micros(),
        read.then_some(at.as_micros())
    )?;
    Ok(())
}

/// The live note of a doctor for a patient.
pub async fn live(tx: &mut Tx, patient: UserId, doctor: UserId) -> Result<Asked<Option<Note>>, StoreError> {
    ask_all!(
        tx,
        Row,
        "-- note::live
        select id, patient_id, doctor_id, state, ticket, created_at, provider, model, fallback, superseded_at, superseded_by, activated_at, received_at, read_at
        from note where bucket = $1 and patient_id = $2 and doctor_id = $3 and state = 1",
        [Bucket::of(patient).get(), patient.0, doctor.0],
        |rows| rows.into_iter().next().map(read).transpose()
    )
}

/// A note by its id, whose patient is known.
pub async fn get(tx: &mut Tx, patient: UserId, id: NoteId) -> Result<Option<Note>, StoreError> {
    let row = fetch_one!(
        tx,
        Row,
        "-- note::get
        select id, patient_id, doctor_id, state, ticket, created_at, provider, model, fallback, superseded_at, superseded_by, activated_at, received_at, read_at
        from note where bucket = $1 and id = $2",
        Bucket::of(patient).get(),
        id.0
    )?;
    row.filter(|row| row.patient_id == patient.0).map(read).transpose()
}

/// A note by its id alone, for a doctor who wrote it. Looks into every bucket.
pub async fn by_doctor(tx: &mut Tx, doctor: UserId, id: NoteId) -> Result<Option<Note>, StoreError> {
    let row = fetch_anywhere!(
        tx,
        Row,
        "-- note::by_doctor
        select id, patient_id, doctor_id, state, ticket, created_at, provider, model, fallback, superseded_at, superseded_by, activated_at, received_at, read_at
        from note where id = $1 and doctor_id = $2 and bucket",
        "",
        id.0,
        doctor.0
    )?;
    row.map(read).transpose()
}

/// A note by its id alone, for somebody it was granted to. Looks into every bucket.
pub async fn by_grantee(tx: &mut Tx, reader: UserId, id: NoteId) -> Result<Option<Note>, StoreError> {
    let row = fetch_anywhere!(
        tx,
        Row,
        "-- note::by_grantee
        select id, patient_id, doctor_id, state, ticket, created_at, provider, model, fallback, superseded_at, superseded_by, activated_at, received_at, read_at
        from note where id = $1 and state not in (4, 5) and exists (select 1 from note_grant
          where note_grant.bucket = note.bucket and note_grant.note_id = note.id and note_grant.recipient_id = $2)
          and bucket",
        "",
        id.0,
        reader.0
    )?;
    row.map(read).transpose()
}

/// A patient's notes, newest first, older than one: all that were sent, or all that a doctor wrote,
/// drafts too, and with `granted` those that others wrote and opened to them. What was put aside is in
/// neither.
pub async fn list(
    tx: &mut Tx,
    patient: UserId,
    doctor: Option<UserId>,
    granted: bool,
    before: Option<NoteId>,
    limit: i64,
) -> Result<Vec<Note>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        "-- note::list
        select id, patient_id, doctor_id, state, ticket, created_at, provider, model, fallback, superseded_at, superseded_by, activated_at, received_at, read_at
        from note where bucket = $1 and patient_id = $2 and state <> 5 and id < $4 and (doctor_id = $3
          or state <> 4 and ($3 is null or $6 = 1 and exists (select 1 from note_grant
            where note_grant.bucket = $1 and note_grant.note_id = note.id and note_grant.recipient_id = $3)))
        order by id desc limit $5",
        Bucket::of(patient).get(),
        patient.0,
        doctor.map(|id| id.0),
        before.map_or(Uuid::max(), |id| id.0),
        limit,
        i64::from(granted)
    )?;
    rows.into_iter().map(read).collect()
}

/// The notes in force for a patient, of one doctor or of all.
pub async fn live_ids(
    tx: &mut Tx,
    patient: UserId,
    doctor: Option<UserId>,
) -> Result<Asked<Vec<(NoteId, UserId)>>, StoreError> {
    ask_all!(
        tx,
        (Uuid, Uuid),
        "-- note::live_ids
        select id, doctor_id from note
        where bucket = $1 and patient_id = $2 and (doctor_id = $3 or $3 is null) and state = 1 order by id",
        [Bucket::of(patient).get(), patient.0, doctor.map(|id| id.0)],
        |rows| Ok(rows.into_iter().map(|(id, doctor)| (NoteId(id), UserId(doctor))).collect())
    )
}

/// The notes whose place a note has taken: the one it replaced, and those that came when it was in
/// force already, which never were (`activated_at`).
pub async fn superseded_by(tx: &mut Tx, patient: UserId, by: NoteId) -> Result<Vec<Note>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        "-- note::superseded_by
        select id, patient_id, doctor_id, state, ticket, created_at, provider, model, fallback, superseded_at, superseded_by, activated_at, received_at, read_at
        from note where bucket = $1 and patient_id = $2 and superseded_by = $3 and state = 2 order by id",
        Bucket::of(patient).get(),
        patient.0,
        by.0
    )?;
    rows.into_iter().map(read).collect()
}
