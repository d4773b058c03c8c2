//! What a device remembers (whom it knows by which keys), sealed for its owner's other devices.

use crate::{
    Id, SealError,
    ark::Ark,
    pae::{hkdf, pae},
    wrap::{decrypt, encrypt},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Padded to whole blocks of so many bytes: its size tells little.
const BLOCK: usize = 256;
const LABEL: &[u8] = b"aftercare/v1/state";

/// Which state: bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub user_id: Id,
    /// Under the root key of which epoch.
    pub epoch: u32,
    /// Counts what was kept.
    pub n: u64,
}

impl Place {
    fn aad(&self) -> Vec<u8> {
        pae(&[LABEL, &self.user_id.0, &self.epoch.to_le_bytes(), &self.n.to_le_bytes()])
    }

    /// `nonce12 ‖ AES-256-GCM(HKDF(ARK, "aftercare/v1/state"), LE32 length ‖ state ‖ zeros)`.
    pub fn seal(&self, ark: &Ark, state: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, SealError> {
        let length = u32::try_from(state.len()).map_err(|_| SealError::Malformed("state"))?;
        let mut padded = Zeroizing::new([&length.to_le_bytes(), state].concat());
        let whole = padded.len().next_multiple_of(BLOCK);
        padded.resize(whole, 0);
        Ok(encrypt(&hkdf(ark.expose(), LABEL), &padded, &self.aad(), rng))
    }

    /// Opens it.
    pub fn open(&self, ark: &Ark, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let opened = decrypt(&hkdf(ark.expose(), LABEL), sealed, &self.aad())?;
        let malformed = SealError::Malformed("state");
        let (length, rest) = opened.split_first_chunk::<4>().ok_or(malformed)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| malformed)?;
        Ok(Zeroizing::new(rest.get(..length).ok_or(malformed)?.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn it_opens_in_its_own_place_only() {
        let (ark, other) = (Ark::from_bytes([1; 32]), Ark::from_bytes([2; 32]));
        let place = Place { user_id: Bytes([3; 16]), epoch: 1, n: 7 };
        let sealed = place.seal(&ark, b"pins", &mut StdRng::seed_from_u64(1)).unwrap();
        assert_eq!(place.open(&ark, &sealed).unwrap().as_slice(), b"pins");
        let longer = place.seal(&ark, &[b'x'; 200], &mut StdRng::seed_from_u64(2)).unwrap();
        assert_eq!(sealed.len(), longer.len());
        let elsewhere = [
            Place { user_id: Bytes([4; 16]), ..place },
            Place { epoch: 2, ..place },
            Place { n: 6, ..place },
        ];
        for elsewhere in elsewhere {
            assert_eq!(elsewhere.open(&ark, &sealed), Err(SealError::Open));
        }
        assert_eq!(place.open(&other, &sealed), Err(SealError::Open));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(place.open(&ark, &changed).is_err());
        }
        assert!(place.open(&ark, &sealed[..11]).is_err());
    }
}
