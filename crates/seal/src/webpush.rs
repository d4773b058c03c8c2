//! Messages to browsers: sealed to the browser's key (RFC 8291), sent in the service's name (RFC 8292).

use crate::{Bytes, SealError, Secret, bytes::encode};
use aes_gcm::{
    Aes128Gcm,
    aead::{Aead, KeyInit, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use p256::{
    PublicKey, SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer},
    elliptic_curve::sec1::ToSec1Point,
};
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The longest message: more than every push service takes (RFC 8030 §7.2 asks for 4096 bytes at least), with
/// header, padding and tag.
pub const LONGEST: usize = 4_096 - 86 - 17;
/// One record holds every message.
const RECORD: u32 = 4_096;

/// A browser's subscription (Push API): its key and its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// P-256 public key, uncompressed: `p256dh`.
    pub key: Bytes<65>,
    /// `auth`.
    pub auth: Bytes<16>,
}

fn public(key: &SecretKey) -> Result<Bytes<65>, SealError> {
    Bytes::try_from(key.public_key().to_sec1_point(false).as_bytes())
}

impl Subscription {
    /// Seals a message to the browser: `salt ‖ record size ‖ key ‖ AES-128-GCM` (RFC 8188).
    pub fn seal(&self, message: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, SealError> {
        let (ours, salt) = (new_key(rng)?, crate::bytes::random::<16>(rng));
        self.seal_with(message, &ours, &salt)
    }

    /// Whether the key is a point of the curve.
    pub fn check(&self) -> Result<(), SealError> {
        PublicKey::from_sec1_bytes(&self.key.0).map(drop).map_err(|_| SealError::Malformed("p256dh"))
    }

    fn seal_with(&self, message: &[u8], ours: &SecretKey, salt: &[u8; 16]) -> Result<Vec<u8>, SealError> {
        if message.len() > LONGEST {
            return Err(SealError::Malformed("message: too long"));
        }
        let theirs = PublicKey::from_sec1_bytes(&self.key.0).map_err(|_| SealError::Malformed("p256dh"))?;
        let shared = p256::ecdh::diffie_hellman(ours.to_nonzero_scalar(), theirs.as_affine());
        let own = public(ours)?;
        let mut secret = Zeroizing::new([0; 32]);
        let context = [b"WebPush: info\0".as_slice(), &self.key.0, &own.0].concat();
        let malformed = |_| SealError::Malformed("key");
        Hkdf::<Sha256>::new(Some(&self.auth.0), shared.raw_secret_bytes())
            .expand(&context, secret.as_mut_slice())
            .map_err(malformed)?;
        let derived = Hkdf::<Sha256>::new(Some(salt), secret.as_slice());
        let (mut key, mut nonce) = (Zeroizing::new([0; 16]), [0; 12]);
        derived.expand(b"Content-Encoding: aes128gcm\0", key.as_mut_slice()).map_err(malformed)?;
        derived.expand(b"Content-Encoding: nonce\0", &mut nonce).map_err(malformed)?;
        // The last record ends in 2, and this is it.
        let msg = [message, &[2]].concat();
        let cipher = Aes128Gcm::new_from_slice(key.as_slice()).map_err(|_| SealError::Malformed("key"))?;
        let sealed = cipher.encrypt(&nonce.into(), Payload { msg: &msg, aad: &[] });
        let sealed = sealed.map_err(|_| SealError::Malformed("message"))?;
        Ok([salt.as_slice(), &RECORD.to_be_bytes(), &[65], &own.0, &sealed].concat())
    }
}

fn new_key(rng: &mut impl CryptoRng) -> Result<SecretKey, SealError> {
    // One in 2^32 draws is no scalar of the curve.
    for _ in 0..8 {
        if let Ok(key) = SecretKey::from_slice(Secret::random(rng).expose()) {
            return Ok(key);
        }
    }
    Err(SealError::Malformed("randomness"))
}

/// HMAC-SHA-256, for messages that others check (Standard Webhooks).
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of every length.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return [0; 32] };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// What the service sends in the name of.
pub struct PushKey(SecretKey);

impl PushKey {
    /// A new one.
    pub fn random(rng: &mut impl CryptoRng) -> Result<Self, SealError> {
        new_key(rng).map(Self)
    }

    /// From its bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        SecretKey::from_slice(bytes).map(Self).map_err(|_| SealError::Malformed("push key"))
    }

    /// Its bytes, to be kept sealed.
    pub fn expose(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_bytes().to_vec())
    }

    /// What a browser subscribes with (`applicationServerKey`), 65 bytes.
    pub fn public(&self) -> Result<Bytes<65>, SealError> {
        public(&self.0)
    }

    /// The `Authorization` of a message to a push service: for its origin, until an instant in seconds since
    /// 1970, from somebody who can be asked (`mailto:` or `https:`).
    pub fn authorization(&self, origin: &str, until: i64, subject: &str) -> Result<String, SealError> {
        let claims = serde_json::json!({ "aud": origin, "exp": until, "sub": subject }).to_string();
        let signed = format!("{}.{}", encode(br#"{"typ":"JWT","alg":"ES256"}"#), encode(claims.as_bytes()));
        let signature: Signature = SigningKey::from(self.0.clone()).sign(signed.as_bytes());
        Ok(format!("vapid t={signed}.{}, k={}", encode(&signature.to_bytes()), encode(&self.public()?.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::decode;
    use p256::ecdsa::{VerifyingKey, signature::Verifier};
    use rand::{SeedableRng, rngs::StdRng};

    fn bytes<const N: usize>(text: &str) -> Bytes<N> {
        Bytes::try_from(decode(text).unwrap().as_slice()).unwrap()
    }

    /// RFC 8291, appendix A.
    #[test]
    fn the_example_of_the_rfc() {
        let subscription = Subscription {
            key: bytes(
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ),
            auth: bytes("BTBZMqHH6r4Tts7J_aSIgg"),
        };
        let ours = decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").unwrap();
        let salt: Bytes<16> = bytes("DGv6ra1nlYgDCS1FRnbzlw");
        let sealed = subscription
            .seal_with(
                b"When I grow up, I want to be a watermelon",
                &SecretKey::from_slice(&ours).unwrap(),
                &salt.0,
            )
            .unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(encode(&sealed), expected);
    }

    fn verify(authorization: &str) -> (serde_json::Value, bool) {
        let rest = authorization.strip_prefix("vapid t=").unwrap();
        let (token, key) = rest.split_once(", k=").unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = VerifyingKey::from_sec1_bytes(&decode(key).unwrap()).unwrap();
        let signature = Signature::from_slice(&decode(signature).unwrap()).unwrap();
        let claims = decode(signed.split_once('.').unwrap().1).unwrap();
        (serde_json::from_slice(&claims).unwrap(), key.verify(signed.as_bytes(), &signature).is_ok())
    }

    /// RFC 8292 §2.4, and ours.
    #[test]
    fn who_sends_is_signed() {
        let example = "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
        let (claims, good) = verify(example);
        assert!(good && claims["aud"] == "https://push.example.net", "{claims}");
        let key = PushKey::random(&mut StdRng::seed_from_u64(1)).unwrap();
        let key = PushKey::from_bytes(&key.expose()).unwrap();
        let (ours, good) = verify(
            &key.authorization("https://push.example.net", 1_453_523_768, "mailto:push@example.com").unwrap(),
        );
        assert!(good);
        assert_eq!(ours, claims);
    }

    #[test]
    fn what_is_too_long_or_no_key_is_refused() {
        let mut rng = StdRng::seed_from_u64(2);
        let key = PushKey::random(&mut rng).unwrap().public().unwrap();
        let subscription = Subscription { key, auth: Bytes([7; 16]) };
        let longest = subscription.seal(&vec![b'x'; LONGEST], &mut rng).unwrap();
        assert_eq!(longest.len(), 4_096);
        assert!(subscription.seal(&vec![b'x'; LONGEST + 1], &mut rng).is_err());
        assert!(Subscription { key: Bytes([4; 65]), auth: Bytes([7; 16]) }.check().is_err());
    }
}
