//! Doctors' credentials: an organisation whose key is never on a service says whose keys these are. A
//! service that shows a patient other keys, or somebody who is no doctor, has no such word for them.

use crate::{
    Bytes, Id, SealError, Secret,
    ark::verify,
    pae::{SUITE, hash, pae},
    shares,
};
use ed25519_dalek::{Signer, SigningKey};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What is known of an organisation to everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its name, as people know it.
    pub name: String,
    /// Ed25519 public key.
    pub sign_pk: Bytes<32>,
    /// So many shares sign.
    pub threshold: u8,
    /// So many were made.
    pub shares: u8,
}

/// An organisation's word for the keys of a doctor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Whose.
    pub user_id: Id,
    /// The id of the keys.
    pub kid: Bytes<32>,
    /// Who the organisation says they are.
    pub name: String,
    /// From when, in seconds since 1970.
    pub issued_at: u64,
    /// Until when, without it.
    pub expires_at: u64,
    /// By the organisation's key over all of it.
    pub sig: Bytes<64>,
}

/// An organisation's private key, while its shares are together.
pub struct Issuer(SigningKey);

impl Organisation {
    /// Makes a new one, with the shares of its key as they are written down. The key is not kept.
    pub fn make(
        name: &str,
        threshold: u8,
        shares: u8,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Vec<Zeroizing<String>>), SealError> {
        shares::check(threshold, shares)?;
        let seed = Secret::random(rng);
        let sign_pk = Bytes(SigningKey::from_bytes(seed.expose()).verifying_key().to_bytes());
        let made = Self { name: name.to_owned(), sign_pk, threshold, shares };
        let texts = made.dealt().deal(seed.expose(), shares, rng);
        Ok((made, texts))
    }

    /// What devices know it by.
    pub fn kid(&self) -> Bytes<32> {
        Bytes(hash(&pae(&[b"aftercare/v1/organisation", &self.sign_pk.0])))
    }

    fn dealt(&self) -> shares::Of {
        let label = b"aftercare/v1/organisation-share";
        shares::Of { label, threshold: self.threshold, mark: self.kid().0[0] }
    }

    /// Puts shares together. Fails where one was misread, is another organisation's, or some are missing.
    pub fn open<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Result<Issuer, SealError> {
        let key = SigningKey::from_bytes(&*self.dealt().gather(texts)?);
        let opens = key.verifying_key().to_bytes() == self.sign_pk.0;
        opens.then_some(Issuer(key)).ok_or(SealError::Open)
    }
}

impl Issuer {
    /// Signs for the keys of a doctor. `sig` of what is given is not looked at.
    pub fn sign(&self, said: Credential) -> Credential {
        let sig = Bytes(self.0.sign(&said.message()).to_bytes());
        Credential { sig, ..said }
    }
}

impl Credential {
    fn message(&self) -> Vec<u8> {
        pae(&[
            b"aftercare/v1/credential",
            &SUITE,
            &self.user_id.0,
            &self.kid.0,
            self.name.as_bytes(),
            &self.issued_at.to_le_bytes(),
            &self.expires_at.to_le_bytes(),
        ])
    }

    /// Whether the organisation with this key says so at `now` (seconds since 1970).
    pub fn verify(&self, organisation: &Bytes<32>, now: u64) -> Result<(), SealError> {
        if !(self.issued_at..self.expires_at).contains(&now) {
            return Err(SealError::Malformed("credential: not in its time"));
        }
        verify(organisation, &self.message(), &self.sig)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    fn made() -> (Organisation, Vec<Zeroizing<String>>) {
        Organisation::make("St Mary's", 2, 3, &mut StdRng::seed_from_u64(1)).unwrap()
    }

    fn said() -> Credential {
        Credential {
            user_id: Bytes([1; 16]),
            kid: Bytes([2; 32]),
            name: "Grace Field".to_owned(),
            issued_at: 100,
            expires_at: 200,
            sig: Bytes([0; 64]),
        }
    }

    #[test]
    fn a_credential_holds_for_what_was_signed_in_its_time() {
        let (organisation, shares) = made();
        let issuer = organisation.open([shares[2].as_str(), shares[0].as_str()]).unwrap();
        let good = issuer.sign(said());
        for (now, holds) in [(99, false), (100, true), (199, true), (200, false)] {
            assert_eq!(good.verify(&organisation.sign_pk, now).is_ok(), holds, "{now}");
        }
        let others = [
            Credential { user_id: Bytes([9; 16]), ..good.clone() },
            Credential { kid: Bytes([9; 32]), ..good.clone() },
            Credential { name: "Grace Meadow".to_owned(), ..good.clone() },
            Credential { issued_at: 101, ..good.clone() },
            Credential { expires_at: 201, ..good.clone() },
            Credential { sig: Bytes([9; 64]), ..good.clone() },
        ];
        for other in others {
            assert_eq!(other.verify(&organisation.sign_pk, 150), Err(SealError::Signature));
        }
        let (foreign, _) = Organisation::make("Elsewhere", 2, 2, &mut StdRng::seed_from_u64(2)).unwrap();
        assert_eq!(good.verify(&foreign.sign_pk, 150), Err(SealError::Signature));
    }

    #[test]
    fn one_share_alone_signs_nothing_and_emergency_shares_are_others() {
        let (organisation, shares) = made();
        assert!(organisation.open([shares[0].as_str()]).is_err());
        let mut rng = StdRng::seed_from_u64(3);
        let (_, foreign) = crate::emergency::Recipient::make(Bytes([7; 16]), 2, 3, &mut rng).unwrap();
        assert!(organisation.open([shares[0].as_str(), foreign[1].as_str()]).is_err());
    }
}
