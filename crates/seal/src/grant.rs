//! A grant: a note opened to one more key by somebody who can read it. The envelope stays as it is.

use crate::{
    Bytes, Id, SealError,
    ark::{Keys, verify},
    bundle::Bundle,
    envelope::{Envelope, Stanza},
    pae::pae,
    reader::ContentKey,
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

/// One more stanza for a note, signed by a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The note.
    pub note_id: Id,
    /// Its content key, sealed to the new key.
    pub stanza: Stanza,
    /// Who grants.
    pub by: Id,
    /// Under which key.
    pub by_kid: Bytes<32>,
    /// Theirs, over the note's transcript and the stanza.
    pub sig: Bytes<64>,
}

impl Grant {
    /// Opens a note to `to`, by a reader who has its content key.
    pub fn new(
        envelope: &Envelope,
        key: &ContentKey,
        to: &Bundle,
        by: (&Keys, &Bundle),
        rng: &mut impl CryptoRng,
    ) -> Result<Self, SealError> {
        let stanza = key.seal_to(envelope, to, rng)?;
        let sig = by.0.sign(&message(envelope, &stanza));
        Ok(Self { note_id: envelope.note_id, stanza, by: by.0.user_id(), by_kid: by.1.kid(), sig })
    }

    /// Whether `by` signed it, for this envelope and no other.
    pub fn verify(&self, envelope: &Envelope, by: &Bundle) -> Result<(), SealError> {
        if self.note_id != envelope.note_id || self.by != by.user_id || self.by_kid != by.kid() {
            return Err(SealError::Signature);
        }
        verify(&by.sign_pk, &message(envelope, &self.stanza), &self.sig)
    }
}

fn message(envelope: &Envelope, stanza: &Stanza) -> Vec<u8> {
    pae(&[b"aftercare/v1/grant", &envelope.transcript(), &stanza.bytes()])
}
