//! The emergency recipient: a key of nobody's, whose secret lies in shares with several people. Some of
//! them together open what was sealed to it; fewer open nothing (Shamir).

use crate::{Id, SealError, ark::Ark, bundle::Bundle, shares};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What is known of it to everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Its public keys.
    pub bundle: Bundle,
    /// So many shares open.
    pub threshold: u8,
    /// So many were made.
    pub shares: u8,
}

impl Recipient {
    /// Makes a new one, with its shares as they are written down. The secret is not kept.
    pub fn make(
        id: Id,
        threshold: u8,
        shares: u8,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Vec<Zeroizing<String>>), SealError> {
        shares::check(threshold, shares)?;
        let ark = Ark::random(rng);
        let bundle = Bundle::of(&ark.keys(id), 1);
        let recipient = Self { bundle, threshold, shares };
        let texts = recipient.dealt().deal(ark.expose(), shares, rng);
        Ok((recipient, texts))
    }

    fn dealt(&self) -> shares::Of {
        let label = b"aftercare/v1/emergency-share";
        shares::Of { label, threshold: self.threshold, mark: self.bundle.kid().0[0] }
    }

    /// Puts shares together. Fails where one was misread, is another recipient's, or some are missing.
    pub fn open<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Result<Ark, SealError> {
        let ark = Ark::from_bytes(*self.dealt().gather(texts)?);
        let opens = self.bundle.matches(&ark.keys(self.bundle.user_id));
        opens.then_some(ark).ok_or(SealError::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    fn made(threshold: u8, shares: u8, seed: u64) -> (Recipient, Vec<Zeroizing<String>>) {
        let mut rng = StdRng::seed_from_u64(seed);
        Recipient::make(Bytes([7; 16]), threshold, shares, &mut rng).unwrap()
    }

    fn open(recipient: &Recipient, shares: &[Zeroizing<String>]) -> Result<Ark, SealError> {
        recipient.open(shares.iter().map(|share| share.as_str()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Any that are enough, in any order, open; one fewer does not.
        #[test]
        fn enough_shares_open_and_fewer_do_not(
            threshold in 2_u8..6,
            more in 0_u8..4,
            seed in any::<u64>(),
            order in Just((0..9_usize).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let (recipient, shares) = made(threshold, threshold + more, seed);
            let mut some: Vec<_> = order.iter().filter_map(|at| shares.get(*at).cloned()).collect();
            some.truncate(usize::from(threshold));
            prop_assert!(open(&recipient, &some).is_ok());
            some.push(some[0].clone());
            prop_assert!(open(&recipient, &some).is_ok(), "one twice does no harm");
            some.pop();
            some.pop();
            prop_assert!(open(&recipient, &some).is_err());
            // The same one twice is one.
            some.push(some[0].clone());
            prop_assert!(open(&recipient, &some).is_err());
        }
    }

    #[test]
    fn misread_and_foreign_shares_are_told() {
        let (recipient, shares) = made(2, 3, 1);
        let first = shares[0].chars().next().unwrap();
        let misread = shares[0].replacen(first, if first == 'Z' { "Y" } else { "Z" }, 1);
        assert!(recipient.open([misread.as_str(), shares[1].as_str()]).is_err());
        let (other, foreign) = made(2, 3, 2);
        assert!(recipient.open([shares[0].as_str(), foreign[1].as_str()]).is_err());
        assert_ne!(recipient.bundle.kid(), other.bundle.kid());
        for (threshold, shares) in [(1, 3), (4, 3), (0, 0)] {
            let mut rng = StdRng::seed_from_u64(3);
            assert!(Recipient::make(Bytes([7; 16]), threshold, shares, &mut rng).is_err());
        }
    }
}
