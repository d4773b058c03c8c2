//! The account root key and the key pairs derived from it.

use crate::{Bytes, Id, SealError, Secret, pae};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hpke::{Deserializable, Kem, Serializable, kem::XWing};
use rand_core::CryptoRng;

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
    pub fn keys(&self, user_id: Id) -> Result<Keys, SealError> {
        let enc_seed = pae::hkdf(self.0.expose(), b"aftercare/v1/enc");
        let sign_seed = pae::hkdf(self.0.expose(), b"aftercare/v1/sign");
        let enc = <XWing as Kem>::PrivateKey::from_bytes(enc_seed.expose())
            .map_err(|_| SealError::Malformed("key"))?;
        Ok(Keys { user_id, enc, sign: SigningKey::from_bytes(sign_seed.expose()) })
    }
}

/// A person's private keys of one epoch.
pub struct Keys {
    pub(crate) user_id: Id,
    pub(crate) enc: <XWing as Kem>::PrivateKey,
    sign: SigningKey,
}

impl Keys {
    /// Whose they are.
    pub fn user_id(&self) -> Id {
        self.user_id
    }

    /// The public key notes are sealed to (X-Wing, 1216 bytes).
    pub fn enc_pk(&self) -> Bytes<1216> {
        let mut bytes = [0; 1216];
        XWing::sk_to_pk(&self.enc).write_exact(&mut bytes);
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
