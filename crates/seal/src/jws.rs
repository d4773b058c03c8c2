//! Signed tokens: JWS compact serialisation (RFC 7515, RFC 8037) with one algorithm and one header.
//!
//! The protected header of a good token is byte-equal to the one issued for its key. So there is
//! nothing to negotiate: no `alg` to confuse, no `crit` to overlook, no foreign `kid`, no `typ`.

use crate::{
    Bytes, SealError, Secret,
    ark::verify,
    bytes::{decode, encode},
    pae::hash,
};
use ed25519_dalek::{Signer, SigningKey};

/// The longest token accepted, in bytes.
pub const MAX_TOKEN: usize = 4096;

/// A key that signs tokens, with its key id.
pub struct TokenKey {
    key: SigningKey,
    kid: String,
}

impl TokenKey {
    /// From its 32-byte seed.
    pub fn from_seed(seed: &Secret) -> Self {
        let key = SigningKey::from_bytes(seed.expose());
        let digest = hash(key.verifying_key().as_bytes());
        let kid = digest[..4].iter().fold(String::new(), |kid, byte| kid + &format!("{byte:02x}"));
        Self { key, kid }
    }

    /// The first 8 hex digits of the public key's SHA-256.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key.
    pub fn public(&self) -> Bytes<32> {
        Bytes(self.key.verifying_key().to_bytes())
    }

    fn header(&self) -> String {
        encode(format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, self.kid).as_bytes())
    }

    /// Whether a token bears the header this key issues. Says nothing about its signature.
    pub fn issued_header_of(&self, token: &str) -> bool {
        token.split_once('.').is_some_and(|(header, _)| header == self.header())
    }

    /// Signs claims.
    pub fn sign(&self, claims: &[u8]) -> String {
        let message = format!("{}.{}", self.header(), encode(claims));
        let signature = self.key.sign(message.as_bytes()).to_bytes();
        format!("{message}.{}", encode(&signature))
    }

    /// Signs an already unambiguous message that is no token: PAE begins with a number, a token with
    /// its header.
    pub fn attest(&self, message: &[u8]) -> Bytes<64> {
        Bytes(self.key.sign(message).to_bytes())
    }

    /// The claims of a token whose signature was checked before.
    pub fn claims(token: &str) -> Option<Vec<u8>> {
        decode(token.split('.').nth(1)?)
    }

    /// The claims of a token this key signed.
    pub fn open(&self, token: &str) -> Result<Vec<u8>, SealError> {
        if token.len() > MAX_TOKEN {
            return Err(SealError::Malformed("token"));
        }
        let (message, signature) = token.rsplit_once('.').ok_or(SealError::Malformed("token"))?;
        let (header, claims) = message.split_once('.').ok_or(SealError::Malformed("token"))?;
        if header != self.header() {
            return Err(SealError::Signature);
        }
        let signature = decode(signature).ok_or(SealError::Signature)?;
        let signature = Bytes::try_from(signature.as_slice()).map_err(|_| SealError::Signature)?;
        verify(&self.public(), message.as_bytes(), &signature)?;
        decode(claims).ok_or(SealError::Malformed("token"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> TokenKey {
        TokenKey::from_seed(&Secret::new([n; 32]))
    }

    #[test]
    fn what_was_signed_opens() {
        let token = key(1).sign(b"{}");
        assert_eq!(key(1).open(&token).unwrap(), b"{}");
        assert!(key(2).open(&token).is_err());
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let token = key(1).sign(br#"{"sub":"x"}"#);
        for at in 0..token.len() {
            for with in [b'A', b'B', b'.', b'=', b' '] {
                let mut bytes = token.clone().into_bytes();
                if bytes[at] != with {
                    bytes[at] = with;
                    assert!(key(1).open(&String::from_utf8(bytes).unwrap()).is_err(), "byte {at}");
                }
            }
        }
        for cut in 0..token.len() {
            assert!(key(1).open(&token[..cut]).is_err());
        }
    }

    #[test]
    fn other_headers_are_refused_though_the_key_signed_them() {
        let key = key(1);
        let kid = key.kid().to_owned();
        for header in [
            r#"{"alg":"none"}"#.to_owned(),
            r#"{"alg":"NONE","typ":"at+jwt"}"#.to_owned(),
            format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}","crit":["x"],"x":1}}"#),
            format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{kid}"}}"#),
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"00000000"}"#.to_owned(),
        ] {
            let message = format!("{}.{}", encode(header.as_bytes()), encode(b"{}"));
            for signature in [key.key.sign(message.as_bytes()).to_bytes().to_vec(), Vec::new()] {
                assert!(key.open(&format!("{message}.{}", encode(&signature))).is_err(), "{header}");
            }
        }
        assert!(key.open(&key.sign(&[b'x'; MAX_TOKEN])).is_err());
    }
    /// Project Wycheproof's `json_web_signature`. None of its keys is of our kind, so what is asked is whether its
    /// ways of being wrong pass with ours: its header over our claims, signed with our key; its signature under
    /// our header; and each token as it stands.
    #[test]
    fn no_token_of_wycheproof_passes() {
        let cases: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../tests/data/json_web_signature.json")).unwrap();
        assert_eq!(cases.len(), 401);
        let key = key(1);
        let good = key.sign(b"{}");
        let ours = good.rsplit_once('.').unwrap().0;
        let refused = |token: &str, case: &serde_json::Value| {
            assert!(key.open(token).is_err(), "{}: {token}", case["tcId"]);
        };
        for case in &cases {
            let token = case["jws"].as_str().unwrap();
            refused(token, case);
            let (header, signature) = (token.split('.').next().unwrap(), token.rsplit('.').next().unwrap());
            let message = format!("{header}.{}", encode(b"{}"));
            refused(&format!("{message}.{}", encode(&key.key.sign(message.as_bytes()).to_bytes())), case);
            refused(&format!("{ours}.{signature}"), case);
        }
        assert!(key.open(&good).is_ok());
    }
}
