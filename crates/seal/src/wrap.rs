//! Wrapped account root keys: one blob a way of opening (a slot), and authenticated encryption.

use crate::{Bytes, Id, SealError, Secret, ark::Ark, bytes::random, pae, password::Kdf};
use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, KeyInit, Payload},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// AES-256-GCM under a fresh nonce: `nonce12 ‖ ciphertext ‖ tag16`.
pub(crate) fn encrypt(key: &Secret, plaintext: &[u8], aad: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
    let nonce: [u8; 12] = random(rng);
    let mut out = nonce.to_vec();
    out.extend(encrypt_with(key, &nonce, plaintext, aad));
    out
}

pub(crate) fn encrypt_with(key: &Secret, nonce: &[u8; 12], plaintext: &[u8], aad: &[u8]) -> Vec<u8> {
    // GCM refuses only messages over 64 GiB; every caller is bounded far below.
    Aes256Gcm::new(key.expose().into())
        .encrypt(nonce.into(), Payload { msg: plaintext, aad })
        .unwrap_or_default()
}

pub(crate) fn decrypt(key: &Secret, sealed: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<12>().ok_or(SealError::Open)?;
    decrypt_with(key, nonce, ciphertext, aad)
}

pub(crate) fn decrypt_with(
    key: &Secret,
    nonce: &[u8; 12],
    ciphertext: &[u8],
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    Aes256Gcm::new(key.expose().into())
        .decrypt(nonce.into(), Payload { msg: ciphertext, aad })
        .map(Zeroizing::new)
        .map_err(|_| SealError::Open)
}

/// A way to open an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The password's key, with what it was derived under.
    Password(Kdf, [u8; 16]),
    /// The recovery code's key.
    Recovery,
    /// A passkey's PRF output.
    Passkey,
    /// An assisted session's secret.
    Session,
}

impl Slot {
    /// Its number in blobs and tables.
    pub fn number(self) -> u8 {
        match self {
            Self::Password(..) => 1,
            Self::Recovery => 2,
            Self::Passkey => 3,
            Self::Session => 4,
        }
    }

    fn aad(self, user_id: Id, epoch: u32) -> Vec<u8> {
        let params = match self {
            Self::Password(kdf, srv_salt) => {
                let [m, t, p] = kdf.bytes();
                pae::pae(&[b"argon2id-19", &m, &t, &p, &srv_salt])
            }
            _ => Vec::new(),
        };
        pae::pae(&[b"aftercare/v1/wrap", &[1], &[self.number()], &user_id.0, &epoch.to_le_bytes(), &params])
    }

    /// Wraps the root key: `0x01 ‖ slot ‖ nonce12 ‖ AES-256-GCM(kek, ARK)`, 62 bytes.
    pub fn wrap(
        self,
        ark: &Ark,
        kek: &Secret,
        user_id: Id,
        epoch: u32,
        rng: &mut impl CryptoRng,
    ) -> Bytes<62> {
        let sealed = encrypt(kek, ark.0.expose(), &self.aad(user_id, epoch), rng);
        let mut blob = [0; 62];
        blob[..2].copy_from_slice(&[1, self.number()]);
        blob[2..].copy_from_slice(&sealed);
        Bytes(blob)
    }

    /// Opens a wrapped root key.
    pub fn unwrap(self, blob: &Bytes<62>, kek: &Secret, user_id: Id, epoch: u32) -> Result<Ark, SealError> {
        if blob.0[..2] != [1, self.number()] {
            return Err(SealError::Malformed("wrapped key"));
        }
        let ark = decrypt(kek, &blob.0[2..], &self.aad(user_id, epoch))?;
        Ok(Ark(Secret::new(ark.as_slice().try_into().map_err(|_| SealError::Open)?)))
    }
}
