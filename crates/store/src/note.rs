//! Notes and their sealed forms. No column holds a word of them.

use crate::{
    Asked, StoreError, Tx, code,
    many::fetch_in,
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

/// Adds a sealed form, with what the server knows of its steps.
pub async fn add_envelope(
    tx: &mut Tx,
    note: &Note,
    seq: i64,
    body: &[u8],
    outline: &str,
) -> Result<(), StoreError> {
    put!(
        tx,
        "-- note::add_envelope
        insert into envelope (bucket, note_id, seq, patient_id, doctor_id, body, outline) values ($1, $2, $3, $4, $5, $6, $7)",
        Bucket::of(note.patient_id).get(),
        note.id.0,
        seq,
        note.patient_id.0,
        note.doctor_id.0,
        body,
        outline
    )?;
    Ok(())
}

/// The newest sealed form of a patient's note, exactly as signed.
pub async fn envelope(tx: &mut Tx, patient: UserId, note: NoteId) -> Result<Option<Vec<u8>>, StoreError> {
    let row = fetch_one!(
        tx,
        (Vec<u8>,),
        "-- note::envelope
        select body from envelope where bucket = $1 and note_id = $2 and patient_id = $3 order by seq desc limit 1",
        Bucket::of(patient).get(),
        note.0,
        patient.0
    )?;
    Ok(row.map(|row| row.0))
}

/// A note as it lies there for one of its readers.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Which.
    pub id: NoteId,
    /// Its newest sealed form, exactly as signed.
    pub body: Vec<u8>,
    /// What the reader was granted of it, exactly as signed.
    pub grants: Vec<Vec<u8>>,
}

/// The text of a question for notes as they lie there: who reads is `$1`, which notes is said at the end.
macro_rules! sealed {
    ($name:literal, $which:literal) => {
        concat!(
            "-- note::",
            $name,
            "
        select envelope.note_id, envelope.seq, envelope.body, note_grant.body as granted, envelope.patient_id
        from envelope left join note_grant on note_grant.bucket = envelope.bucket
          and note_grant.note_id = envelope.note_id and note_grant.recipient_id = $1
        where ",
            $which
        )
    };
    ($name:literal, $which:literal, in order) => {
        concat!(sealed!($name, $which), " order by envelope.note_id, envelope.seq, note_grant.recipient_kid")
    };
}

/// Several of a patient's notes, for a reader.
pub async fn sealed(
    tx: &mut Tx,
    patient: UserId,
    notes: &[NoteId],
    reader: UserId,
) -> Result<Vec<Sealed>, StoreError> {
    let rows = fetch_in!(
        tx,
        SealedRow,
        sealed!("sealed", "(envelope.bucket, envelope.note_id)"),
        notes,
        |id| [Bucket::of(patient).get(), id.0],
        "order by envelope.note_id, envelope.seq, note_grant.recipient_kid",
        reader.0
    )?;
    Ok(gather(rows, patient))
}

/// The one of a doctor's that is in force.
pub async fn sealed_live(
    tx: &mut Tx,
    patient: UserId,
    doctor: UserId,
) -> Result<Asked<Vec<Sealed>>, StoreError> {
    ask_all!(
        tx,
        SealedRow,
        sealed!(
            "sealed_live",
            "envelope.bucket = $2 and envelope.note_id = (
          select id from note where bucket = $2 and patient_id = $3 and doctor_id = $1 and state = 1)",
            in order
        ),
        [doctor.0, Bucket::of(patient).get(), patient.0],
        move |rows| Ok(gather(rows, patient))
    )
}

/// Those of the notes of all steps that [`crate::step::of_patient`] gives for the same arguments.
pub async fn sealed_of_plan(
    tx: &mut Tx,
    patient: UserId,
    doctor: Option<UserId>,
    since: Instant,
    reader: UserId,
) -> Result<Asked<Vec<Sealed>>, StoreError> {
    ask_all!(
        tx,
        SealedRow,
        sealed!(
            "sealed_of_plan",
            "envelope.bucket = $2 and envelope.note_id in (
          select note_id from step where bucket = $2 and patient_id = $3 and (doctor_id = $4 or $4 is null)
            and coalesce(superseded_at, 9223372036854775807) >= $5)",
            in order
        ),
        [reader.0, Bucket::of(patient).get(), patient.0, doctor.map(|id| id.0), since.as_micros()],
        move |rows| Ok(gather(rows, patient))
    )
}

type SealedRow = (Uuid, i64, Vec<u8>, Option<Vec<u8>>, Uuid);

/// Whose they are is looked at here: asked for by patient, each that they ever got would be read for the one that is wanted.
fn gather(rows: Vec<SealedRow>, patient: UserId) -> Vec<Sealed> {
    let mut found: Vec<(i64, Sealed)> = Vec::new();
    for (id, seq, body, granted, _) in rows.into_iter().filter(|row| row.4 == patient.0) {
        let id = NoteId(id);
        match found.last_mut().filter(|(_, last)| last.id == id) {
            Some((of, last)) if *of == seq => last.grants.extend(granted),
            // Of several forms of a note the last.
            Some((of, last)) => {
                (*of, *last) = (seq, Sealed { id, body, grants: granted.into_iter().collect() });
            }
            None => found.push((seq, Sealed { id, body, grants: granted.into_iter().collect() })),
        }
    }
    found.into_iter().map(|(_, sealed)| sealed).collect()
}

/// What the server knows of the steps of a note's newest sealed form; `None` for forms of before it
/// was kept.
pub async fn outline(tx: &mut Tx, patient: UserId, note: NoteId) -> Result<Option<String>, StoreError> {
    let row = fetch_one!(
        tx,
        (Option<String>,),
        "-- note::outline
        select outline from envelope where bucket = $1 and note_id = $2 and patient_id = $3 order by seq desc limit 1",
        Bucket::of(patient).get(),
        note.0,
        patient.0
    )?;
    Ok(row.and_then(|row| row.0))
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
) -> Result<Vec<(NoteId, UserId)>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid, Uuid),
        "-- note::live_ids
        select id, doctor_id from note
        where bucket = $1 and patient_id = $2 and (doctor_id = $3 or $3 is null) and state = 1 order by id",
        Bucket::of(patient).get(),
        patient.0,
        doctor.map(|id| id.0)
    )?;
    Ok(rows.into_iter().map(|(id, doctor)| (NoteId(id), UserId(doctor))).collect())
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
