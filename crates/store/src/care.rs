//! Care: a patient's choice of a doctor, and the doctor's view of it.

use crate::{
    Asked, StoreError, Tx,
    many::fetch_in,
    outbox::{self, Letter, News},
    row::row,
    sql::{ask_all, fetch_all, fetch_one, put},
};
use aftercare_core::{
    id::{Bucket, RelationshipId, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// A patient's choice of a doctor.
#[derive(Clone, Debug)]
pub struct Care {
    /// The relationship.
    pub id: RelationshipId,
    /// Who chose.
    pub patient_id: UserId,
    /// Who was chosen.
    pub doctor_id: UserId,
    /// Since when.
    pub since: Instant,
    /// When the patient left; `None` while it lasts.
    pub until: Option<Instant>,
    /// The patient's signed statement.
    pub statement: Statement,
    /// The number of the doctor's newest envelope for this patient; 0 before the first.
    pub last_seq: i64,
    /// Its transcript; zeros before the first.
    pub last_transcript: Vec<u8>,
    /// The newest ticket given to a note on arrival.
    pub last_ticket: i64,
    /// The ticket of the note in force.
    pub live_ticket: i64,
    /// When the newest note was written.
    pub last_note_at: Option<Instant>,
    /// When the newest note in force was read, while none newer was written.
    pub note_read_at: Option<Instant>,
    /// The highest ticket of a note that could not be read.
    pub failed_ticket: i64,
}

/// A patient's signed choice of a doctor, or the end of it.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// Counts the statements of this patient about this doctor; 0 before the first.
    pub n: i64,
    /// When, in seconds since 1970.
    pub time: i64,
    /// The patient's signature.
    pub sig: Vec<u8>,
    /// The keys it names, the patient's and the doctor's; `None`: the first of both.
    pub kids: Option<(Vec<u8>, Vec<u8>)>,
}

impl Care {
    /// Whether the patient has this doctor now.
    pub fn is_current(&self) -> bool {
        self.until.is_none()
    }

    /// Whether a note newer than the one in force could not be read.
    pub fn extraction_failed(&self) -> bool {
        self.failed_ticket > self.live_ticket
    }
}

/// Stores a choice, or its end; the doctor's side learns of it through the outbox.
pub async fn put(tx: &mut Tx, care: &Care, outbox: Uuid) -> Result<(), StoreError> {
    let bucket = Bucket::of(care.patient_id).get();
    let Statement { n, time, sig, kids } = &care.statement;
    put!(
        tx,
        "-- care::put
        insert into care (bucket, patient_id, doctor_id, id, since, until, statement_n, statement_at, statement_sig,
          last_seq, last_transcript, last_ticket, live_ticket, last_note_at, failed_ticket,
          statement_patient_kid, statement_doctor_kid)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, 0, 0, null, 0, $11, $12)
        on conflict (bucket, patient_id, doctor_id) do update
        set since = excluded.since, until = excluded.until, statement_n = excluded.statement_n,
          statement_at = excluded.statement_at, statement_sig = excluded.statement_sig,
          statement_patient_kid = excluded.statement_patient_kid, statement_doctor_kid = excluded.statement_doctor_kid",
        bucket,
        care.patient_id.0,
        care.doctor_id.0,
        care.id.0,
        care.since.as_micros(),
        care.until.map(Instant::as_micros),
        n,
        time,
        sig.as_slice(),
        care.last_transcript.as_slice(),
        kids.as_ref().map(|(patient, _)| patient.as_slice()),
        kids.as_ref().map(|(_, doctor)| doctor.as_slice())
    )?;
    let letter = Letter { id: outbox, patient_id: care.patient_id, doctor_id: care.doctor_id };
    outbox::put(tx, &[letter], News::Choice).await
}

/// The columns of a row.
macro_rules! columns {
    () => {
        "id, patient_id, doctor_id, since, until, statement_n, statement_at, statement_sig, statement_patient_kid,
          statement_doctor_kid, last_seq, last_transcript, last_ticket, live_ticket, last_note_at, note_read_at, failed_ticket"
    };
}

row! {
    struct Row {
        id: Uuid,
        patient_id: Uuid,
        doctor_id: Uuid,
        since: i64,
        until: Option<i64>,
        statement_n: i64,
        statement_at: i64,
        statement_sig: Vec<u8>,
        statement_patient_kid: Option<Vec<u8>>,
        statement_doctor_kid: Option<Vec<u8>>,
        last_seq: i64,
        last_transcript: Vec<u8>,
        last_ticket: i64,
        live_ticket: i64,
        last_note_at: Option<i64>,
        note_read_at: Option<i64>,
        failed_ticket: i64,
    }
}

fn read(row: Row) -> Care {
    Care {
        id: RelationshipId(row.id),
        patient_id: UserId(row.patient_id),
        doctor_id: UserId(row.doctor_id),
        since: row.since.into(),
        until: row.until.map(Instant::from),
        statement: Statement {
            n: row.statement_n,
            time: row.statement_at,
            sig: row.statement_sig,
            kids: row.statement_patient_kid.zip(row.statement_doctor_kid),
        },
        last_seq: row.last_seq,
        last_transcript: row.last_transcript,
        last_ticket: row.last_ticket,
        live_ticket: row.live_ticket,
        last_note_at: row.last_note_at.map(Instant::from),
        note_read_at: row
            .note_read_at
            .map(Instant::from)
            .filter(|read| row.last_note_at.is_none_or(|last| read.as_micros() >= last)),
        failed_ticket: row.failed_ticket,
    }
}

/// The care of a patient by a doctor, past or present.
pub async fn get(tx: &mut Tx, patient: UserId, doctor: UserId) -> Result<Option<Care>, StoreError> {
    let row = fetch_one!(
        tx,
        Row,
        concat!(
            "-- care::get
        select ",
            columns!(),
            " from care where bucket = $1 and patient_id = $2 and doctor_id = $3"
        ),
        Bucket::of(patient).get(),
        patient.0,
        doctor.0
    )?;
    Ok(row.map(read))
}

/// Which of some pairs of patient and doctor are in force.
pub async fn current(tx: &mut Tx, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>, StoreError> {
    let rows = fetch_in!(
        tx,
        (Uuid, Uuid),
        "-- care::current
        select patient_id, doctor_id from care where until is null and (bucket, patient_id, doctor_id)",
        pairs,
        |pair| [Bucket::of(pair.0).get(), pair.0.0, pair.1.0],
        ""
    )?;
    Ok(rows.into_iter().map(|(patient, doctor)| (UserId(patient), UserId(doctor))).collect())
}

/// A care, its row locked until the transaction ends: two notes for one care follow one another.
pub async fn lock(tx: &mut Tx, patient: UserId, doctor: UserId) -> Result<Asked<Option<Care>>, StoreError> {
    ask_all!(
        tx,
        Row,
        concat!(
            "-- care::lock
        select ",
            columns!(),
            " from care where bucket = $1 and patient_id = $2 and doctor_id = $3"
        ),
        postgres(" for update"),
        [Bucket::of(patient).get(), patient.0, doctor.0],
        |rows| Ok(rows.into_iter().next().map(read))
    )
}

/// All doctors a patient has.
pub async fn of_patient(tx: &mut Tx, patient: UserId) -> Result<Vec<Care>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        concat!(
            "-- care::of_patient
        select ",
            columns!(),
            " from care where bucket = $1 and patient_id = $2 and until is null order by since, doctor_id"
        ),
        Bucket::of(patient).get(),
        patient.0
    )?;
    Ok(rows.into_iter().map(read).collect())
}

/// Gives the next ticket to a note that has arrived.
pub async fn take_ticket(tx: &mut Tx, care: &Care) -> Result<i64, StoreError> {
    let ticket = care.last_ticket + 1;
    put!(
        tx,
        "-- care::take_ticket
        update care set last_ticket = $4 where bucket = $1 and patient_id = $2 and doctor_id = $3",
        Bucket::of(care.patient_id).get(),
        care.patient_id.0,
        care.doctor_id.0,
        ticket
    )?;
    Ok(ticket)
}

/// Stores what a note changed: chain, tickets, and how it went.
pub async fn update(tx: &mut Tx, care: &Care) -> Result<(), StoreError> {
    put!(
        tx,
        "-- care::update
        update care set last_seq = $4, last_transcript = $5, live_ticket = $6, last_note_at = $7, failed_ticket = $8
        where bucket = $1 and patient_id = $2 and doctor_id = $3",
        Bucket::of(care.patient_id).get(),
        care.patient_id.0,
        care.doctor_id.0,
        care.last_seq,
        care.last_transcript.as_slice(),
        care.live_ticket,
        care.last_note_at.map(Instant::as_micros),
        care.failed_ticket
    )?;
    Ok(())
}

/// Puts down when the note in force was read.
pub async fn note_read(tx: &mut Tx, patient: UserId, doctor: UserId, at: Instant) -> Result<(), StoreError> {
    put!(
        tx,
        "-- care::note_read
        update care set note_read_at = $4 where bucket = $1 and patient_id = $2 and doctor_id = $3",
        Bucket::of(patient).get(),
        patient.0,
        doctor.0,
        at.as_micros()
    )?;
    Ok(())
}

/// Brings a doctor's side up to what a patient has chosen.
pub(crate) async fn project(tx: &mut Tx, patient: UserId, doctor: UserId) -> Result<(), StoreError> {
    let Some(care) = get(tx, patient, doctor).await? else { return Ok(()) };
    put!(
        tx,
        "-- care::project
        insert into caseload (bucket, doctor_id, patient_id, since, until) values ($1, $2, $3, $4, $5)
        on conflict (bucket, doctor_id, patient_id) do update set since = excluded.since, until = excluded.until",
        Bucket::of(doctor).get(),
        doctor.0,
        patient.0,
        care.since.as_micros(),
        care.until.map(Instant::as_micros)
    )?;
    Ok(())
}

/// The patients a doctor has, by id.
pub async fn caseload(tx: &mut Tx, doctor: UserId) -> Result<Vec<UserId>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid,),
        "-- care::caseload
        select patient_id from caseload where bucket = $1 and doctor_id = $2 and until is null order by patient_id",
        Bucket::of(doctor).get(),
        doctor.0
    )?;
    Ok(rows.into_iter().map(|row| UserId(row.0)).collect())
}

/// Everybody a doctor ever had, by id.
pub async fn ever_in_caseload(tx: &mut Tx, doctor: UserId) -> Result<Vec<UserId>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid,),
        "-- care::ever_in_caseload
        select patient_id from caseload where bucket = $1 and doctor_id = $2 order by patient_id",
        Bucket::of(doctor).get(),
        doctor.0
    )?;
    Ok(rows.into_iter().map(|row| UserId(row.0)).collect())
}

/// Everybody a patient ever chose, by id.
pub async fn ever_of_patient(tx: &mut Tx, patient: UserId) -> Result<Vec<UserId>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid,),
        "-- care::ever_of_patient
        select doctor_id from care where bucket = $1 and patient_id = $2 order by doctor_id",
        Bucket::of(patient).get(),
        patient.0
    )?;
    Ok(rows.into_iter().map(|row| UserId(row.0)).collect())
}
