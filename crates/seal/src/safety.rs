//! The safety code: 60 digits that two people compare to know that nobody stands between them
//! (libsignal's numeric fingerprint, version 0).

use crate::bundle::Bundle;
use sha2::{Digest, Sha512};

const ROUNDS: usize = 5_200;

/// The code of two people, the same for both: twelve groups of five digits.
pub fn safety_code(one: &Bundle, other: &Bundle) -> String {
    let mut sides = [side(one), side(other)];
    sides.sort();
    let digits = sides.concat();
    digits.as_bytes().chunks(5).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

fn side(bundle: &Bundle) -> String {
    let key = [bundle.enc_pk.0.as_slice(), &bundle.sign_pk.0].concat();
    let mut hash = [&[0, 0], key.as_slice(), &bundle.user_id.0].concat();
    for _ in 0..ROUNDS {
        hash = Sha512::new().chain_update(&hash).chain_update(&key).finalize().to_vec();
    }
    let groups = hash[..30].chunks(5).map(|five| {
        let number = five.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{:05}", number % 100_000)
    });
    groups.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bytes, ark::Ark};

    fn bundle(n: u8) -> Bundle {
        Bundle::of(&Ark::from_bytes([n; 32]).keys(Bytes([n; 16])), 1)
    }

    #[test]
    fn both_see_the_same_code_and_another_key_gives_another() {
        let (ada, grace, eve) = (bundle(1), bundle(2), bundle(3));
        let code = safety_code(&ada, &grace);
        assert_eq!(code, safety_code(&grace, &ada));
        assert_eq!(code.split(' ').map(str::len).collect::<Vec<_>>(), [5; 12]);
        assert!(code.chars().all(|c| c == ' ' || c.is_ascii_digit()));
        assert_ne!(code, safety_code(&ada, &eve));
        let mut other = grace.clone();
        other.user_id = Bytes([9; 16]);
        assert_ne!(code, safety_code(&ada, &other));
    }
}
