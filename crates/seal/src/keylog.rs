//! Every key there ever was, in one chain: a service that shows one person other keys than another
//! must keep two chains, and whoever compares heads finds it.

use crate::{
    Bytes, Id, SealError,
    ark::verify,
    pae::{hash, pae},
};
use serde::{Deserialize, Serialize};

/// One key of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose, hashed: the log names nobody.
    pub user_hash: Bytes<32>,
    /// The key.
    pub kid: Bytes<32>,
    /// Its epoch.
    pub epoch: u32,
    /// When it was made known, in seconds since 1970.
    pub time: u64,
}

/// How a person is named in the log.
pub fn user_hash(user_id: Id) -> Bytes<32> {
    Bytes(hash(&pae(&[b"aftercare/v1/keylog-user", &user_id.0])))
}

impl Entry {
    /// The head of the chain once this entry stands on `before` (zeros before the first).
    pub fn head(&self, before: &Bytes<32>) -> Bytes<32> {
        Bytes(hash(&pae(&[
            b"aftercare/v1/keylog",
            &before.0,
            &self.user_hash.0,
            &self.kid.0,
            &self.epoch.to_le_bytes(),
            &self.time.to_le_bytes(),
        ])))
    }
}

/// Where the chain stood, signed by the service: whoever holds two that contradict each other has proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The service (`iss` of its tokens).
    pub issuer: String,
    /// The newest place.
    pub n: u64,
    /// The head there.
    pub head: Bytes<32>,
    /// When it was signed, in seconds since 1970.
    pub time: u64,
}

impl Checkpoint {
    /// What is signed.
    pub fn message(&self) -> Vec<u8> {
        pae(&[
            b"aftercare/v1/keylog-checkpoint",
            self.issuer.as_bytes(),
            &self.n.to_le_bytes(),
            &self.head.0,
            &self.time.to_le_bytes(),
        ])
    }

    /// Whether the service's key signed it.
    pub fn verify(&self, service: &Bytes<32>, sig: &Bytes<64>) -> Result<(), SealError> {
        verify(service, &self.message(), sig)
    }
}
