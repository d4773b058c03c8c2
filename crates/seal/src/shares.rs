//! A secret in shares with several people, as they are written down. Some of them together give it back;
//! fewer give nothing (Shamir).

use crate::{Bytes, SealError, paper};
use blahaj::{Share, Sharks};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Threshold, the first byte of the key id, the share: its number and 32 bytes.
const SHARE: usize = 35;

/// What shares are of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of {
    /// Which kind of secret: shares of another are not taken.
    pub(crate) label: &'static [u8],
    /// So many give it back.
    pub(crate) threshold: u8,
    /// The first byte of its public key's id: shares of another key are told.
    pub(crate) mark: u8,
}

impl Of {
    /// The shares of a secret, each for one person.
    pub(crate) fn deal(
        self,
        secret: &[u8; 32],
        shares: u8,
        rng: &mut impl CryptoRng,
    ) -> Vec<Zeroizing<String>> {
        let dealt = Sharks(self.threshold).dealer_rng(secret, rng).take(usize::from(shares));
        let texts = dealt.map(|share| {
            let share = Zeroizing::new(Vec::from(&share));
            paper::write(&Zeroizing::new([&self.head(), share.as_slice()].concat()), self.label)
        });
        texts.collect()
    }

    fn head(self) -> [u8; 2] {
        [self.threshold, self.mark]
    }

    /// Puts shares together. Fails where one was misread, is another key's, or some are missing; whether
    /// the secret is the right one is the caller's to see.
    pub(crate) fn gather<'a>(
        self,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let (mut shares, mut numbers) = (Vec::new(), Vec::new());
        for text in texts {
            let share = paper::read::<SHARE>(text, self.label).ok_or(SealError::Malformed("share"))?;
            let share =
                share.strip_prefix(&self.head()).ok_or(SealError::Malformed("share: another key's"))?;
            // The same one twice is one.
            if !numbers.contains(&share[0]) {
                numbers.push(share[0]);
                shares.push(Share::try_from(share).map_err(|_| SealError::Malformed("share"))?);
            }
        }
        let field = Sharks(self.threshold);
        let secret = field.recover(&shares).map(Zeroizing::new);
        let secret = secret.map_err(|_| SealError::Malformed("shares: there are too few"))?;
        Ok(Zeroizing::new(Bytes::<32>::try_from(secret.as_slice())?.0))
    }
}

/// Whether so many of so many shares can be asked for.
pub(crate) fn check(threshold: u8, shares: u8) -> Result<(), SealError> {
    if threshold < 2 || threshold > shares {
        return Err(SealError::Malformed("threshold: at least 2, at most as many as there are shares"));
    }
    Ok(())
}
