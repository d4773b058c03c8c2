//! What the server derives from its own master key: outer wrapping, verifiers, blind indexes.
//!
//! The outer layer means that a copied database opens nothing: not a wrapped key, not an address.

use crate::{
    Bytes, Id, SealError, Secret, pae,
    password::normalize_email,
    wrap::{decrypt, encrypt},
};
use hmac::{Hmac, KeyInit, Mac};
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The server's master keys, newest first, each with the number it is named by in stored rows.
pub struct MasterKeys {
    ring: Vec<(u8, Secret)>,
}

impl MasterKeys {
    /// A ring of keys, newest first. Fails where it is empty or a number stands twice.
    pub fn new(ring: Vec<(u8, Secret)>) -> Result<Self, SealError> {
        let twice =
            ring.iter().enumerate().any(|(i, (id, _))| ring[..i].iter().any(|(other, _)| other == id));
        if ring.is_empty() || twice {
            return Err(SealError::Malformed("master key ring"));
        }
        Ok(Self { ring })
    }

    /// Reads `k2:<base64url>,k1:<base64url>`.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let malformed = SealError::Malformed("master key ring");
        let ring = text.trim().split(',').map(|entry| {
            let (id, key) = entry.trim().split_once(':').ok_or(malformed)?;
            let id = id.strip_prefix('k').and_then(|id| id.parse().ok()).ok_or(malformed)?;
            let key = crate::bytes::decode(key).ok_or(malformed)?;
            Ok((id, Secret::new(key.try_into().map_err(|_| malformed)?)))
        });
        Self::new(ring.collect::<Result<_, SealError>>()?)
    }

    /// A new ring of one key, and its text for a file.
    pub fn generate(rng: &mut impl CryptoRng) -> (Self, Zeroizing<String>) {
        let key = Secret::random(rng);
        let text = Zeroizing::new(format!("k1:{}\n", crate::bytes::encode(key.expose())));
        (Self { ring: vec![(1, key)] }, text)
    }

    fn derived(&self, mk_id: u8, label: &str) -> Result<Secret, SealError> {
        let (_, key) = self.ring.iter().find(|(id, _)| *id == mk_id).ok_or(SealError::Open)?;
        Ok(pae::hkdf(key.expose(), format!("aftercare/v1/srv/{label}").as_bytes()))
    }

    fn newest(&self, label: &str) -> (u8, Secret) {
        // The ring is never empty, see `new`.
        let (id, key) = &self.ring[0];
        (*id, pae::hkdf(key.expose(), format!("aftercare/v1/srv/{label}").as_bytes()))
    }

    /// The oldest key: what is only looked up by value, and may be forgotten with that key.
    fn oldest(&self, label: &str) -> Secret {
        let (_, key) = &self.ring[self.ring.len() - 1];
        pae::hkdf(key.expose(), format!("aftercare/v1/srv/{label}").as_bytes())
    }

    /// The same of each key of the ring, newest first: what was made under an older one is found too.
    fn each(&self, label: &str) -> impl Iterator<Item = Secret> {
        let label = format!("aftercare/v1/srv/{label}");
        self.ring.iter().map(move |(_, key)| pae::hkdf(key.expose(), label.as_bytes()))
    }

    /// The number of the newest key.
    pub fn newest_id(&self) -> u8 {
        self.ring[0].0
    }

    /// Encrypts a column's value, bound to where it stands:
    /// `0x01 ‖ mk_id ‖ nonce12 ‖ AES-256-GCM(K_outer, value)`.
    pub fn seal_column(
        &self,
        table: &str,
        row: Id,
        column: &[u8],
        value: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Vec<u8> {
        let (mk_id, key) = self.newest("outer");
        let mut out = vec![1, mk_id];
        out.extend(encrypt(&key, value, &outer_aad(table, row, column), rng));
        out
    }

    /// Opens a column's value.
    pub fn open_column(
        &self,
        table: &str,
        row: Id,
        column: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        match sealed {
            [1, mk_id, rest @ ..] => {
                decrypt(&self.derived(*mk_id, "outer")?, rest, &outer_aad(table, row, column))
            }
            _ => Err(SealError::Malformed("sealed column")),
        }
    }

    /// What is stored instead of a password: `HMAC(K_ver, PAE(label, user, auth_key))`.
    pub fn verifier(&self, user_id: Id, auth_key: &Secret) -> Bytes<32> {
        Bytes(hmac(&self.newest("verifier").1, &verifier_message(user_id, auth_key)))
    }

    /// Whether it was made of this key. Looks at every key of the ring, in constant time for each.
    pub fn verify(&self, user_id: Id, auth_key: &Secret, stored: &[u8]) -> bool {
        let message = verifier_message(user_id, auth_key);
        let found = self.each("verifier").map(|key| hmac(&key, &message).ct_eq(stored));
        found.fold(subtle::Choice::from(0), |found, this| found | this).into()
    }

    /// Finds an account by its address without storing the address.
    pub fn email_index(&self, email: &str) -> Bytes<32> {
        Bytes(hmac(&self.newest("mail").1, normalize_email(email).as_bytes()))
    }

    /// The same under every key of the ring, newest first.
    pub fn email_indexes(&self, email: &str) -> Vec<Bytes<32>> {
        let email = normalize_email(email);
        self.each("mail").map(|key| Bytes(hmac(&key, email.as_bytes()))).collect()
    }

    /// A message under the newest key, with that key's number: `mk_id ‖ HMAC`, 33 bytes.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> Vec<u8> {
        let (mk_id, key) = self.newest(purpose);
        [&[mk_id], hmac(&key, &pae::pae(parts)).as_slice()].concat()
    }

    /// Whether a message was put under one of the ring's keys.
    pub fn verify_mac(&self, purpose: &str, parts: &[&[u8]], mac: &[u8]) -> bool {
        let [mk_id, mac @ ..] = mac else { return false };
        let key = self.derived(*mk_id, purpose);
        key.is_ok_and(|key| hmac(&key, &pae::pae(parts)).ct_eq(mac).into())
    }

    /// A keyed hash for looking something up or comparing it, without storing what it is of.
    pub fn digest(&self, purpose: &str, parts: &[&[u8]]) -> Bytes<32> {
        Bytes(hmac(&self.oldest("digest"), &pae::pae(&[purpose.as_bytes(), &pae::pae(parts)])))
    }

    /// A ring for one request alone, out of what only that request carries.
    #[must_use]
    pub fn for_request(&self, parts: &[&[u8]]) -> Self {
        Self { ring: vec![(0, Secret::new(self.digest("request-key", parts).0))] }
    }

    /// The salt an unknown address is answered with, always the same for one address.
    pub fn fake_salt(&self, email: &str) -> [u8; 16] {
        let digest = hmac(&self.oldest("fake"), normalize_email(email).as_bytes());
        let mut salt = [0; 16];
        salt.copy_from_slice(&digest[..16]);
        salt
    }

    /// `ek`: a session's secret, encrypted for its token (60 bytes).
    pub fn seal_session(&self, sid: Id, sub: Id, ssk: &Secret, rng: &mut impl CryptoRng) -> Bytes<60> {
        let (_, key) = self.newest("token");
        let sealed = encrypt(&key, ssk.expose(), &session_aad(sid, sub), rng);
        let mut ek = [0; 60];
        ek.copy_from_slice(&sealed);
        Bytes(ek)
    }

    /// Opens a token's `ek` under whichever key of the ring made it.
    pub fn open_session(&self, sid: Id, sub: Id, ek: &Bytes<60>) -> Result<Secret, SealError> {
        for (id, _) in &self.ring {
            if let Ok(ssk) = decrypt(&self.derived(*id, "token")?, &ek.0, &session_aad(sid, sub)) {
                return Ok(Secret::new(ssk.as_slice().try_into().map_err(|_| SealError::Open)?));
            }
        }
        Err(SealError::Open)
    }
}

/// The key of slot 4: what an assisted session's secret wraps the root key under.
pub fn session_kek(ssk: &Secret) -> Secret {
    pae::hkdf(ssk.expose(), b"aftercare/v1/session-kek")
}

fn verifier_message(user_id: Id, auth_key: &Secret) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(pae::pae(&[b"aftercare/v1/verifier", &user_id.0, auth_key.expose()]))
}

fn session_aad(sid: Id, sub: Id) -> Vec<u8> {
    pae::pae(&[b"aftercare/v1/ek", &sid.0, &sub.0])
}

fn outer_aad(table: &str, row: Id, column: &[u8]) -> Vec<u8> {
    pae::pae(&[b"aftercare/v1/outer", table.as_bytes(), &row.0, column])
}

fn hmac(key: &Secret, message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length.
    Hmac::<Sha256>::new_from_slice(key.expose())
        .map_or([0; 32], |mac| mac.chain_update(message).finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(text: &str) -> MasterKeys {
        MasterKeys::parse(text).unwrap()
    }

    fn key(n: u8) -> String {
        crate::bytes::encode(&[n; 32])
    }

    struct Fixed;
    impl rand_core::TryRng for Fixed {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(4)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(4)
        }
        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
            out.fill(4);
            Ok(())
        }
    }
    impl rand_core::TryCryptoRng for Fixed {}

    #[test]
    fn a_column_opens_only_where_it_stands() {
        let keys = ring(&format!("k1:{}", key(1)));
        let (row, other) = (Bytes([1; 16]), Bytes([2; 16]));
        let sealed = keys.seal_column("user", row, b"email", b"a@b.example", &mut Fixed);
        assert_eq!(keys.open_column("user", row, b"email", &sealed).unwrap().as_slice(), b"a@b.example");
        assert!(keys.open_column("user", other, b"email", &sealed).is_err());
        assert!(keys.open_column("user", row, b"name", &sealed).is_err());
        assert!(keys.open_column("session", row, b"email", &sealed).is_err());
    }

    #[test]
    fn a_rotated_ring_still_opens_and_finds_what_the_old_one_made() {
        let old = ring(&format!("k1:{}", key(1)));
        let new = ring(&format!("k2:{},k1:{}", key(2), key(1)));
        let row = Bytes([1; 16]);
        let sealed = old.seal_column("user", row, b"email", b"x", &mut Fixed);
        assert!(new.open_column("user", row, b"email", &sealed).is_ok());
        assert_eq!(old.email_index("A@b.example "), new.email_indexes("a@b.example")[1]);
        assert_eq!(new.email_index("a@b.example"), new.email_indexes("a@b.example")[0]);
        let mac = old.mac("audit", &[b"x"]);
        assert!(new.verify_mac("audit", &[b"x"], &mac) && !new.verify_mac("audit", &[b"y"], &mac));
        assert!(
            !old.verify_mac("audit", &[b"x"], &new.mac("audit", &[b"x"]))
                && !new.verify_mac("audit", &[b"x"], &[])
        );
        let auth = Secret::new([9; 32]);
        assert!(new.verify(row, &auth, &old.verifier(row, &auth).0));
        let ek = old.seal_session(row, row, &auth, &mut Fixed);
        assert_eq!(new.open_session(row, row, &ek).unwrap().expose(), auth.expose());
        assert!(new.open_session(row, Bytes([2; 16]), &ek).is_err());
    }

    #[test]
    fn bad_rings_are_refused() {
        for text in ["", "k1", "k1:short", &format!("x1:{}", key(1)), &format!("k1:{},k1:{}", key(1), key(2))]
        {
            assert!(MasterKeys::parse(text).is_err(), "{text}");
        }
    }
}
