//! The account root key and the key pairs derived from it.

use crate::{Bytes, Id, SealError, Secret, pae};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hpke::{Deserializable, Kem, Serializable, kem::XWing};
use rand_core::CryptoRng;
use std::sync::OnceLock;

/// The account root key of one epoch: whoever has it reads and writes as this person.
#[derive(Clone)]
pub struct Ark(pub(crate) Secret);

impl Ark {
    /// A new account's key.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Its bytes, for those who must have them.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// The key pairs derived from it.
    pub fn keys(&self, user_id: Id) -> Keys {
        let sign_seed = pae::hkdf(self.0.expose(), b"aftercare/v1/sign");
        Keys {
            user_id,
            enc_seed: pae::hkdf(self.0.expose(), b"aftercare/v1/enc"),
            enc: OnceLock::new(),
            sign: SigningKey::from_bytes(sign_seed.expose()),
        }
    }
}

/// A person's private keys of one epoch.
pub struct Keys {
    pub(crate) user_id: Id,
    enc_seed: Secret,
    /// Made when it is first needed: to make it takes longer than to sign.
    enc: OnceLock<PrivateKey>,
    sign: SigningKey,
}

type PrivateKey = <XWing as Kem>::PrivateKey;

impl Keys {
    /// Whose they are.
    pub fn user_id(&self) -> Id {
        self.user_id
    }

    /// What opens notes.
    pub(crate) fn enc(&self) -> &PrivateKey {
        self.enc.get_or_init(|| match PrivateKey::from_bytes(self.enc_seed.expose()) {
            Ok(key) => key,
            Err(_) => unreachable!("every seed of 32 bytes is a key"),
        })
    }

    /// The public key notes are sealed to (X-Wing, 1216 bytes).
    pub fn enc_pk(&self) -> Bytes<1216> {
        let mut bytes = [0; 1216];
        XWing::sk_to_pk(self.enc()).write_exact(&mut bytes);
        Bytes(bytes)
    }

    /// The public key signatures are checked with (Ed25519).
    pub fn sign_pk(&self) -> Bytes<32> {
        Bytes(self.sign.verifying_key().to_bytes())
    }

    /// Signs an already unambiguous message.
    pub fn sign(&self, message: &[u8]) -> Bytes<64> {
        Bytes(self.sign.sign(message).to_bytes())
    }
}

/// Strict verification: no weak keys, canonical encodings only.
pub fn verify(sign_pk: &Bytes<32>, message: &[u8], sig: &Bytes<64>) -> Result<(), SealError> {
    VerifyingKey::from_bytes(&sign_pk.0)
        .and_then(|key| key.verify_strict(message, &Signature::from_bytes(&sig.0)))
        .map_err(|_| SealError::Signature)
}
