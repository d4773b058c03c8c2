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
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The server's master keys, newest first, each with the number it is named by in stored rows.
///
/// Columns are encrypted under the newest; whatever is only looked up or compared by value is under one
/// secret of its own, which is kept as a column and so outlives every master key.
pub struct MasterKeys {
    ring: RwLock<Vec<(u8, Secret)>>,
    lookup: Secret,
    source: Option<Source>,
}

/// Where the ring is read from again when a row names a key that nobody here knows.
type Source = Box<dyn Fn() -> Option<Zeroizing<String>> + Send + Sync>;

type Ring = Vec<(u8, Secret)>;

impl MasterKeys {
    /// A ring of keys, newest first. Fails where it is empty or a number stands twice.
    pub fn new(ring: Ring) -> Result<Self, SealError> {
        let twice =
            ring.iter().enumerate().any(|(i, (id, _))| ring[..i].iter().any(|(other, _)| other == id));
        let oldest = ring.last().filter(|_| !twice).ok_or(SealError::Malformed("master key ring"))?;
        let lookup = oldest.1.clone();
        Ok(Self { ring: RwLock::new(ring), lookup, source: None })
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

    /// A new ring of one key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let key = Secret::random(rng);
        Self { lookup: key.clone(), ring: RwLock::new(vec![(1, key)]), source: None }
    }

    /// The same ring behind a new key, and the text of both for a file.
    pub fn with_new(&self, rng: &mut impl CryptoRng) -> Result<Self, SealError> {
        let mut keys = self.ring().clone();
        let next = keys.iter().map(|(id, _)| *id).max().and_then(|id| id.checked_add(1));
        keys.insert(0, (next.ok_or(SealError::Malformed("master key ring: 255 keys"))?, Secret::random(rng)));
        Ok(Self { lookup: self.lookup.clone(), ..Self::new(keys)? })
    }

    /// The newest key alone.
    #[must_use]
    pub fn newest_alone(&self) -> Self {
        let ring = self.ring().iter().take(1).cloned().collect();
        Self { ring: RwLock::new(ring), lookup: self.lookup.clone(), source: None }
    }

    /// As it stands in a file.
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for (id, key) in self.ring().iter() {
            let comma = if text.is_empty() { "" } else { "," };
            let key = Zeroizing::new(crate::bytes::encode(key.expose()));
            text.push_str(&format!("{comma}k{id}:{}", *key));
        }
        text.push('\n');
        text
    }

    /// With somewhere to look for a key that a row names and nobody here knows: another process may have
    /// put a new one into use.
    #[must_use]
    pub fn with_source(self, source: impl Fn() -> Option<Zeroizing<String>> + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    /// With the secret that what is looked up is under.
    #[must_use]
    pub fn with_lookup(self, lookup: Secret) -> Self {
        Self { lookup, ..self }
    }

    /// The secret of a database that was made before it was kept apart: its oldest key.
    pub fn lookup_of_before(&self) -> Secret {
        self.lookup.clone()
    }

    /// Reads the ring again from where it comes from.
    pub fn refresh(&self) {
        let read = self.source.as_ref().and_then(|source| Self::parse(&source()?).ok());
        if let Some(read) = read {
            let ring = read.ring().clone();
            *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        }
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, mk_id: u8) -> Option<Secret> {
        self.ring().iter().find(|(id, _)| *id == mk_id).map(|(_, key)| key.clone())
    }

    fn derived(&self, mk_id: u8, label: &str) -> Result<Secret, SealError> {
        let key = self.find(mk_id).or_else(|| {
            self.refresh();
            self.find(mk_id)
        });
        Ok(labelled(&key.ok_or(SealError::Open)?, label))
    }

    fn newest(&self, label: &str) -> (u8, Secret) {
        // The ring is never empty, see `new`.
        let ring = self.ring();
        (ring[0].0, labelled(&ring[0].1, label))
    }

    fn lookup(&self, label: &str) -> Secret {
        labelled(&self.lookup, label)
    }

    /// The number of the newest key.
    pub fn newest_id(&self) -> u8 {
        self.ring()[0].0
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
        let message = Zeroizing::new(pae::pae(&[b"aftercare/v1/verifier", &user_id.0, auth_key.expose()]));
        Bytes(hmac(&self.lookup("verifier"), &message))
    }

    /// Compares in constant time.
    pub fn verify(&self, user_id: Id, auth_key: &Secret, stored: &[u8]) -> bool {
        self.verifier(user_id, auth_key).0.ct_eq(stored).into()
    }

    /// Finds an account by its address without storing the address.
    pub fn email_index(&self, email: &str) -> Bytes<32> {
        Bytes(hmac(&self.lookup("mail"), normalize_email(email).as_bytes()))
    }

    /// A keyed hash for looking something up or comparing it, without storing what it is of.
    pub fn digest(&self, purpose: &str, parts: &[&[u8]]) -> Bytes<32> {
        Bytes(hmac(&self.lookup("digest"), &pae::pae(&[purpose.as_bytes(), &pae::pae(parts)])))
    }

    /// A ring for one request alone, out of what only that request carries.
    #[must_use]
    pub fn for_request(&self, parts: &[&[u8]]) -> Self {
        let key = Secret::new(self.digest("request-key", parts).0);
        Self { lookup: key.clone(), ring: RwLock::new(vec![(0, key)]), source: None }
    }

    /// The salt an unknown address is answered with, always the same for one address.
    pub fn fake_salt(&self, email: &str) -> [u8; 16] {
        let digest = hmac(&self.lookup("fake"), normalize_email(email).as_bytes());
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
        let ids: Vec<u8> = self.ring().iter().map(|(id, _)| *id).collect();
        for id in ids {
            if let Ok(ssk) = decrypt(&self.derived(id, "token")?, &ek.0, &session_aad(sid, sub)) {
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

fn labelled(key: &Secret, label: &str) -> Secret {
    pae::hkdf(key.expose(), format!("aftercare/v1/srv/{label}").as_bytes())
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
        let auth = Secret::new([9; 32]);
        // What is looked up outlives the key.
        let new = new.newest_alone().with_lookup(old.lookup_of_before());
        assert_eq!(old.email_index("A@b.example "), new.email_index("a@b.example"));
        assert!(new.verify(row, &auth, &old.verifier(row, &auth).0));
        let new = ring(&format!("k2:{},k1:{}", key(2), key(1)));
        let ek = old.seal_session(row, row, &auth, &mut Fixed);
        assert_eq!(new.open_session(row, row, &ek).unwrap().expose(), auth.expose());
        assert!(new.open_session(row, Bytes([2; 16]), &ek).is_err());
    }

    #[test]
    fn a_key_that_was_put_into_use_elsewhere_is_looked_for() {
        let old = ring(&format!("k1:{}", key(1)));
        let new = old.with_new(&mut Fixed).unwrap();
        assert_eq!((new.newest_id(), ring(&new.text()).newest_id()), (2, 2));
        let (row, text) = (Bytes([1; 16]), new.text());
        let sealed = new.seal_column("user", row, b"email", b"x", &mut Fixed);
        assert!(old.open_column("user", row, b"email", &sealed).is_err());
        let old = old.with_source(move || Some(text.clone()));
        assert!(old.open_column("user", row, b"email", &sealed).is_ok());
        assert_eq!(old.newest_id(), 2, "and is used from then on");
    }

    #[test]
    fn bad_rings_are_refused() {
        for text in ["", "k1", "k1:short", &format!("x1:{}", key(1)), &format!("k1:{},k1:{}", key(1), key(2))]
        {
            assert!(MasterKeys::parse(text).is_err(), "{text}");
        }
    }
}
