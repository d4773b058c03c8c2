//! A person's public keys, signed by themselves, and the statements signed with them.

use crate::{
    Bytes, Id, SealError,
    ark::{Keys, verify},
    pae::{SUITE, hash, pae},
};
use serde::{Deserialize, Serialize};

/// The public keys of one epoch. `sig` binds them to the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Whose keys.
    pub user_id: Id,
    /// Counts key changes from 1.
    pub epoch: u32,
    /// X-Wing public key.
    pub enc_pk: Bytes<1216>,
    /// Ed25519 public key.
    pub sign_pk: Bytes<32>,
    /// By `sign_pk` over all of it.
    pub sig: Bytes<64>,
}

impl Bundle {
    /// The bundle of a person's keys.
    pub fn of(keys: &Keys, epoch: u32) -> Self {
        let (enc_pk, sign_pk) = (keys.enc_pk(), keys.sign_pk());
        let sig = keys.sign(&message(keys.user_id(), epoch, &enc_pk, &sign_pk));
        Self { user_id: keys.user_id(), epoch, enc_pk, sign_pk, sig }
    }

    /// Whether it is signed by its own key.
    pub fn verify(&self) -> Result<(), SealError> {
        verify(&self.sign_pk, &message(self.user_id, self.epoch, &self.enc_pk, &self.sign_pk), &self.sig)
    }

    /// The key id under which notes are sealed to it.
    pub fn kid(&self) -> Bytes<32> {
        Bytes(hash(&pae(&[b"aftercare/v1/kid", &SUITE, &self.user_id.0, &self.enc_pk.0, &self.sign_pk.0])))
    }

    /// Signed by the keys of the epoch before: whoever held those made these.
    pub fn succession(&self, before: &Keys) -> Bytes<64> {
        before.sign(&message(self.user_id, self.epoch, &self.enc_pk, &self.sign_pk))
    }

    /// Whether this bundle follows `before`, by that one's own word. Without it the keys were reset:
    /// whoever dealt with the old ones compares safety codes again.
    pub fn succeeds(&self, before: &Self, sig: &Bytes<64>) -> Result<(), SealError> {
        if self.user_id != before.user_id || Some(self.epoch) != before.epoch.checked_add(1) {
            return Err(SealError::Signature);
        }
        verify(&before.sign_pk, &message(self.user_id, self.epoch, &self.enc_pk, &self.sign_pk), sig)
    }

    /// Whether these are the public halves of `keys`: a server cannot slip in others.
    pub fn matches(&self, keys: &Keys) -> bool {
        self.user_id == keys.user_id() && self.enc_pk == keys.enc_pk() && self.sign_pk == keys.sign_pk()
    }
}

fn message(user_id: Id, epoch: u32, enc_pk: &Bytes<1216>, sign_pk: &Bytes<32>) -> Vec<u8> {
    pae(&[b"aftercare/v1/bundle", &SUITE, &user_id.0, &epoch.to_le_bytes(), &enc_pk.0, &sign_pk.0])
}

/// A patient's signed choice of a doctor, or the end of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Who chooses, under which key.
    pub patient: (Id, Bytes<32>),
    /// Who is chosen, under which key.
    pub doctor: (Id, Bytes<32>),
    /// Counts this patient's statements about this doctor.
    pub n: u64,
    /// When, in seconds since 1970.
    pub time: u64,
    /// Chosen, or left.
    pub selected: bool,
}

impl Selection {
    fn message(&self) -> Vec<u8> {
        pae(&[
            b"aftercare/v1/select",
            &self.patient.0.0,
            &self.patient.1.0,
            &self.doctor.0.0,
            &self.doctor.1.0,
            &self.n.to_le_bytes(),
            &self.time.to_le_bytes(),
            &[u8::from(self.selected)],
        ])
    }

    /// Signed by the patient.
    pub fn sign(&self, keys: &Keys) -> Bytes<64> {
        keys.sign(&self.message())
    }

    /// Whether the patient signed it.
    pub fn verify(&self, patient: &Bundle, sig: &Bytes<64>) -> Result<(), SealError> {
        if patient.user_id != self.patient.0 || patient.kid() != self.patient.1 {
            return Err(SealError::Signature);
        }
        verify(&patient.sign_pk, &self.message(), sig)
    }
}
