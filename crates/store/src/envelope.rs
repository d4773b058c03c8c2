//! Sealed forms of notes. No column holds a word of them.

use crate::{
    Asked, StoreError, Tx,
    many::fetch_in,
    note::Note,
    sql::{ask_all, fetch_one, put},
};
use aftercare_core::id::{Bucket, NoteId, UserId};
use uuid::Uuid;

/// Adds a sealed form, with what the server knows of its steps.
pub async fn add(tx: &mut Tx, note: &Note, seq: i64, body: &[u8], outline: &str) -> Result<(), StoreError> {
    put!(
        tx,
        "-- envelope::add
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
pub async fn newest(tx: &mut Tx, patient: UserId, note: NoteId) -> Result<Option<Vec<u8>>, StoreError> {
    let row = fetch_one!(
        tx,
        (Vec<u8>,),
        "-- envelope::newest
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
            "-- envelope::",
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
pub async fn some(
    tx: &mut Tx,
    patient: UserId,
    notes: &[NoteId],
    reader: UserId,
) -> Result<Vec<Sealed>, StoreError> {
    let rows = fetch_in!(
        tx,
        SealedRow,
        sealed!("some", "(envelope.bucket, envelope.note_id)"),
        notes,
        |id| [Bucket::of(patient).get(), id.0],
        "order by envelope.note_id, envelope.seq, note_grant.recipient_kid",
        reader.0
    )?;
    Ok(gather(rows, patient))
}

/// The one of a doctor's that is in force.
pub async fn live(tx: &mut Tx, patient: UserId, doctor: UserId) -> Result<Asked<Vec<Sealed>>, StoreError> {
    ask_all!(
        tx,
        SealedRow,
        sealed!(
            "live",
            "envelope.bucket = $2 and envelope.note_id = (
          select id from note where bucket = $2 and patient_id = $3 and doctor_id = $1 and state = 1)",
            in order
        ),
        [doctor.0, Bucket::of(patient).get(), patient.0],
        move |rows| Ok(gather(rows, patient))
    )
}

/// One note's form, and what its reader was granted of it: the note, which of its forms, whose.
pub(crate) type SealedRow = (Uuid, i64, Vec<u8>, Option<Vec<u8>>, Uuid);

/// Whose they are is looked at here: asked for by patient, each that they ever got would be read for the one that is wanted.
pub(crate) fn gather(rows: Vec<SealedRow>, patient: UserId) -> Vec<Sealed> {
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
        "-- envelope::outline
        select outline from envelope where bucket = $1 and note_id = $2 and patient_id = $3 order by seq desc limit 1",
        Bucket::of(patient).get(),
        note.0,
        patient.0
    )?;
    Ok(row.and_then(|row| row.0))
}
