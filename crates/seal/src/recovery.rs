//! The recovery code: 160 random bits on paper, in Crockford's base 32 with two check characters.

use crate::{SealError, Secret, pae, paper};
use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const LABEL: &[u8] = b"aftercare/v1/recovery-check";

/// 20 secret bytes that open an account when the password is lost.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RecoveryKey([u8; 20]);

impl RecoveryKey {
    /// A new one.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(crate::bytes::random(rng))
    }

    /// As people write it: 34 characters in groups of four.
    pub fn text(&self) -> Zeroizing<String> {
        paper::write(&self.0, LABEL)
    }

    /// Reads what a person typed: any case, spaces and dashes anywhere, `O I L` for `0 1 1`.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        paper::read(text, LABEL).map(|key| Self(*key)).ok_or(SealError::Malformed("recovery code"))
    }

    /// Wraps the account root key (slot 2).
    pub fn kek(&self) -> Secret {
        pae::hkdf(&self.0, b"aftercare/v1/recovery-kek")
    }

    /// Proves knowledge of the code to the server.
    pub fn auth_key(&self) -> Secret {
        pae::hkdf(&self.0, b"aftercare/v1/recovery-auth")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_back_is_the_code_however_it_is_typed() {
        let key = RecoveryKey(core::array::from_fn(|i| u8::try_from(i * 13 % 256).unwrap()));
        let text = key.text();
        assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4, 4, 4, 4, 4, 2]);
        for typed in [
            text.to_string(),
            text.to_lowercase().replace('-', " "),
            text.replace('0', "O").replace('1', "l"),
        ] {
            assert_eq!(RecoveryKey::parse(&typed).unwrap().0, key.0);
        }
    }

    #[test]
    fn a_typo_is_found() {
        let text = RecoveryKey([5; 20]).text();
        let typo = text.replacen(text.chars().next().unwrap(), "Z", 1);
        assert!(RecoveryKey::parse(&typo).is_err());
        assert!(RecoveryKey::parse("").is_err());
        assert!(RecoveryKey::parse(&text[..30]).is_err());
    }
}
