//! What an account signs to sign in: the second leg, which a stolen `auth_key` cannot walk.

use crate::{
    Bytes, Id, SealError,
    ark::{Keys, verify},
    bundle::Bundle,
    pae::pae,
};

/// One attempt to sign in, or to recover an account.
#[derive(Clone, Debug)]
pub struct Challenge<'a> {
    /// The service that asks: a signature for one is none for another.
    pub issuer: &'a str,
    /// The attempt.
    pub login_id: Id,
    /// Fresh for it.
    pub nonce: Bytes<32>,
}

impl Challenge<'_> {
    fn message(&self) -> Vec<u8> {
        pae(&[b"aftercare/v1/login", self.issuer.as_bytes(), &self.login_id.0, &self.nonce.0])
    }

    /// Signed with the account's key.
    pub fn sign(&self, keys: &Keys) -> Bytes<64> {
        keys.sign(&self.message())
    }

    /// Whether the account signed it.
    pub fn verify(&self, account: &Bundle, sig: &Bytes<64>) -> Result<(), SealError> {
        verify(&account.sign_pk, &self.message(), sig)
    }
}
