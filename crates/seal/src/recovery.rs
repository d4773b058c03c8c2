//! The recovery code: 160 random bits on paper, in Crockford's base 32 with two check characters.

use crate::{SealError, Secret, pae};
use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

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
        let mut symbols: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(34));
        for chunk in self.0.chunks(5) {
            let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            symbols.extend((0..8).rev().map(|i| ALPHABET[(bits >> (5 * i) & 31) as usize]));
        }
        symbols.extend(self.check());
        let mut text = Zeroizing::new(String::with_capacity(42));
        for (n, symbol) in symbols.iter().enumerate() {
            if n > 0 && n % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(*symbol));
        }
        text
    }

    fn check(&self) -> [u8; 2] {
        let digest = pae::hash(&pae::pae(&[b"aftercare/v1/recovery-check", &self.0]));
        [ALPHABET[usize::from(digest[0] & 31)], ALPHABET[usize::from(digest[1] & 31)]]
    }

    /// Reads what a person typed: any case, spaces and dashes anywhere, `O I L` for `0 1 1`.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let malformed = SealError::Malformed("recovery code");
        let mut symbols = Vec::new();
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            let value = ALPHABET.iter().position(|symbol| char::from(*symbol) == c).ok_or(malformed)?;
            symbols.push(value as u64);
        }
        if symbols.len() != 34 {
            return Err(malformed);
        }
        let mut key = Self([0; 20]);
        for (chunk, out) in symbols[..32].chunks(8).zip(key.0.chunks_mut(5)) {
            let bits = chunk.iter().fold(0_u64, |bits, symbol| bits << 5 | symbol);
            out.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        let check = symbols[32..].iter().map(|s| ALPHABET[usize::try_from(*s).unwrap_or(0)]);
        if check.eq(key.check()) { Ok(key) } else { Err(malformed) }
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
