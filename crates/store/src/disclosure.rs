//! Notes that were sent to a model: to which, and what was masked in them.

use crate::{StoreError, Tx, sql::execute};
use aftercare_core::{
    id::{Bucket, NoteId, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// A note that is sent to a model.
#[derive(Clone, Debug)]
pub struct Disclosure {
    /// Which disclosure.
    pub id: Uuid,
    /// Of which note.
    pub note_id: NoteId,
    /// About whom.
    pub patient_id: UserId,
    /// By whom.
    pub doctor_id: UserId,
    /// `gemini` or `openai`.
    pub provider: String,
    /// Its model, as configured.
    pub model: String,
    /// The classes that were masked, with a comma between; `None` where nothing was looked for.
    pub masked: Option<String>,
    /// When.
    pub created_at: Instant,
}

/// Records a disclosure, before it is made. The note itself is not stored yet.
pub async fn insert(tx: &mut Tx, disclosure: &Disclosure) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- disclosure::insert
        insert into disclosure (bucket, id, note_id, patient_id, doctor_id, provider, model, masked, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        Bucket::of(disclosure.patient_id).get(),
        disclosure.id,
        disclosure.note_id.0,
        disclosure.patient_id.0,
        disclosure.doctor_id.0,
        disclosure.provider.as_str(),
        disclosure.model.as_str(),
        disclosure.masked.as_deref(),
        disclosure.created_at.as_micros()
    )?;
    Ok(())
}
