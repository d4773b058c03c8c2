//! Notes opened to one more key by one of their readers.

use crate::{StoreError, Tx, sql::put};
use aftercare_core::{
    id::{Bucket, NoteId, UserId},
    instant::Instant,
};

/// A grant as it lies there.
#[derive(Clone, Debug)]
pub struct GrantRow {
    /// Of which note.
    pub note_id: NoteId,
    /// About whom.
    pub patient_id: UserId,
    /// To whom.
    pub recipient_id: UserId,
    /// To which key of theirs.
    pub recipient_kid: Vec<u8>,
    /// By whom.
    pub by_id: UserId,
    /// The grant, exactly as signed.
    pub body: Vec<u8>,
    /// When.
    pub created_at: Instant,
}

/// Stores a grant; one for the same key takes its place.
pub async fn put(tx: &mut Tx, grant: &GrantRow) -> Result<(), StoreError> {
    put!(
        tx,
        "-- grant::put
        insert into note_grant (bucket, note_id, recipient_id, recipient_kid, patient_id, by_id, body, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (bucket, note_id, recipient_id, recipient_kid) do update
        set by_id = excluded.by_id, body = excluded.body, created_at = excluded.created_at",
        Bucket::of(grant.patient_id).get(),
        grant.note_id.0,
        grant.recipient_id.0,
        grant.recipient_kid.as_slice(),
        grant.patient_id.0,
        grant.by_id.0,
        grant.body.as_slice(),
        grant.created_at.as_micros()
    )?;
    Ok(())
}
