//! A root key handed from a device to a new one of the same person: sealed to keys that the new device has just made, and
//! whose id the old one has seen on its screen. Nobody between the two can put others in their place.

use crate::{
    Bytes, Id, SealError,
    ark::{Ark, Keys},
    bundle::Bundle,
    pae::{SUITE, pae},
    reader::open_sealed,
    writer::seal_to,
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

/// A sealed root key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handed {
    /// HPKE encapsulated key.
    pub enc: Bytes<1120>,
    /// HPKE ciphertext of the root key: 32 bytes and a tag of 16.
    pub ct: Bytes<48>,
}

/// Bound to the new device's keys, to whose key it is, and to this one time.
fn info(to: &Bytes<32>, account: Id, link: Id) -> Vec<u8> {
    pae(&[b"aftercare/v1/device-link", &SUITE, &to.0, &account.0, &link.0])
}

/// Seals a root key to a new device. `seen` is the id of its keys as it was seen there.
pub fn hand(
    ark: &Ark,
    account: Id,
    (to, seen): (&Bundle, &Bytes<32>),
    link: Id,
    rng: &mut impl CryptoRng,
) -> Result<Handed, SealError> {
    to.verify()?;
    if to.kid() != *seen {
        return Err(SealError::Signature);
    }
    let (enc, ct) = seal_to(to, &info(seen, account, link), ark.expose(), rng)?;
    Ok(Handed { enc, ct: ct.as_slice().try_into()? })
}

/// Opens it on the new device.
pub fn take(handed: &Handed, account: Id, mine: &Bundle, keys: &Keys, link: Id) -> Result<Ark, SealError> {
    let opened = open_sealed(keys, &handed.enc.0, &info(&mine.kid(), account, link), &handed.ct.0)?;
    Ok(Ark::from_bytes(opened.as_slice().try_into().map_err(|_| SealError::Malformed("root key"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn a_key_is_handed_to_the_device_that_was_seen_and_to_no_other() {
        let mut rng = StdRng::seed_from_u64(1);
        let (ark, account, link) = (Ark::from_bytes([1; 32]), Bytes([2; 16]), Bytes([3; 16]));
        let device = |seed| {
            let keys = Ark::from_bytes([seed; 32]).keys(Bytes([0; 16]));
            (Bundle::of(&keys, 1), keys)
        };
        let ((mine, keys), (other, others)) = (device(4), device(5));
        let handed = hand(&ark, account, (&mine, &mine.kid()), link, &mut rng).unwrap();
        assert_eq!(take(&handed, account, &mine, &keys, link).unwrap().expose(), ark.expose());
        // Another device in its place, another account, another time.
        assert!(hand(&ark, account, (&other, &mine.kid()), link, &mut rng).is_err());
        assert!(take(&handed, account, &other, &others, link).is_err());
        assert!(take(&handed, Bytes([9; 16]), &mine, &keys, link).is_err());
        assert!(take(&handed, account, &mine, &keys, Bytes([9; 16])).is_err());
    }
}
