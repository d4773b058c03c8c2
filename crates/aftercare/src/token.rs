//! Access and refresh tokens: who is asking, and the key to what is theirs.

use crate::random::Random;
use aftercare_core::{
    id::{SessionId, UserId},
    instant::{Instant, Span},
    people::Role,
};
use aftercare_seal::{Bytes, Secret, bytes, jws::TokenKey, pae::hash, server::MasterKeys};
use aftercare_store::{
    Store,
    service::{self, SigningKeyRow},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError, RwLock},
};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How long an access token is good.
pub const LIFETIME: Span = Span::from_minutes(15);

/// Another replica's clock may be so many seconds ahead.
const LEEWAY: i64 = 5;

/// The claims of an access token (RFC 9068, with the session's encrypted key in `ek`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "registered claims (RFC 7519) by their registered names")]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: UserId,
    pub sid: SessionId,
    pub jti: Uuid,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub role: Role,
    pub mode: Mode,
    pub ver: i32,
    pub auth_time: i64,
    pub amr: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ek: Option<Bytes<60>>,
}

/// Who holds the account's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SessionMode)]
pub enum Mode {
    /// The server, in memory, for as long as the session lasts.
    Assisted,
    /// Their owner's own device; the server never has them.
    Sealed,
}

const AUDIENCE: &str = "aftercare-api";

/// A signing key is replaced after so long.
const ROTATION: Span = Span::from_days(30);
/// And verifies for so long after: longer than any token it signed.
const RETIREMENT: Span = Span::from_hours(24);
/// A token of a key nobody knows has the keys looked up, but not more often than this.
const LOOKUP: Span = Span::from_secs(5);

/// The keys that sign tokens.
pub struct TokenKeys {
    issuer: String,
    known: RwLock<Known>,
    /// The digests of tokens whose signatures were checked, while these keys are known: checking one again costs more
    /// than all else about it.
    checked: Mutex<HashSet<[u8; 32]>>,
}

/// At most so many are remembered.
const CHECKED: usize = 16_384;

/// The keys as last looked up, newest first.
struct Known {
    keys: Arc<[TokenKey]>,
    at: Instant,
}

impl TokenKeys {
    /// Loads the keys, or makes the first.
    pub async fn load(
        store: &Store,
        master: &MasterKeys,
        random: &Random,
        now: Instant,
        issuer: String,
    ) -> anyhow::Result<Self> {
        let keys = rotated(store, master, random, now).await?;
        Ok(Self { issuer, known: RwLock::new(Known { keys, at: now }), checked: Mutex::default() })
    }

    /// Replaces the newest key where it has had its time, and forgets those that sign nothing any
    /// more. Replicas that do it at once make one key.
    pub async fn rotate(
        &self,
        store: &Store,
        master: &MasterKeys,
        random: &Random,
        now: Instant,
    ) -> anyhow::Result<()> {
        self.learn(rotated(store, master, random, now).await?, now);
        Ok(())
    }

    fn learn(&self, keys: Arc<[TokenKey]>, at: Instant) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known { keys, at };
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn keys(&self) -> Arc<[TokenKey]> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner).keys)
    }

    /// The claims of a good token; `None` for any other. Another replica may have made a new key:
    /// then the keys are looked up.
    pub async fn verify(
        &self,
        token: &str,
        now: Instant,
        store: &Store,
        master: &MasterKeys,
    ) -> anyhow::Result<Option<Claims>> {
        let known = self.keys();
        let stale = !known.iter().any(|key| key.issued_header_of(token)) && {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            now - known.at >= LOOKUP
        };
        if stale {
            let mut tx = store.read().await?;
            let rows = service::signing_keys(&mut tx).await?;
            self.learn(opened(&rows, master)?, now);
        }
        Ok(self.claims(token, now))
    }

    /// Signs an access token that begins now.
    pub fn issue(&self, mut claims: Claims, now: Instant) -> String {
        claims.iss.clone_from(&self.issuer);
        AUDIENCE.clone_into(&mut claims.aud);
        claims.iat = now.as_secs();
        claims.nbf = now.as_secs();
        claims.exp = (now + LIFETIME).as_secs();
        // Claims always serialise, and `load` leaves at least one key.
        let json = serde_json::to_vec(&claims).unwrap_or_default();
        self.keys().first().map(|key| key.sign(&json)).unwrap_or_default()
    }

    fn check(keys: &[TokenKey], token: &str) -> Option<Vec<u8>> {
        keys.iter().find_map(|key| key.open(token).ok())
    }

    /// Whether a token's signature is good, checked anew: what a service does that remembers nothing.
    pub fn is_signed(&self, token: &str) -> bool {
        Self::check(&self.keys(), token).is_some()
    }

    /// The claims of a token that one of the keys has signed.
    fn open(&self, token: &str) -> Option<Vec<u8>> {
        let digest = hash(token.as_bytes());
        let checked = || self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked().contains(&digest) {
            return TokenKey::claims(token);
        }
        let keys = self.keys();
        let json = Self::check(&keys, token)?;
        let mut checked = checked();
        // Keys that were replaced meanwhile check nothing any more.
        if Arc::ptr_eq(&keys, &self.keys()) {
            if checked.len() >= CHECKED {
                checked.clear();
            }
            checked.insert(digest);
        }
        Some(json)
    }

    fn claims(&self, token: &str, now: Instant) -> Option<Claims> {
        let json = self.open(token)?;
        let claims: Claims = serde_json::from_slice(&json).ok()?;
        let now = now.as_secs();
        let in_time = claims.iat <= now + LEEWAY
            && claims.nbf <= now + LEEWAY
            && now < claims.exp
            && claims.exp - claims.iat <= LIFETIME.as_micros() / 1_000_000
            && claims.auth_time <= claims.iat;
        (claims.iss == self.issuer && claims.aud == AUDIENCE && in_time).then_some(claims)
    }

    /// The service's own signature over an unambiguous message, and the id of the key.
    pub fn attest(&self, message: &[u8]) -> (Bytes<64>, String) {
        let keys = self.keys();
        // `load` leaves at least one key.
        keys.first()
            .map_or((Bytes([0; 64]), String::new()), |key| (key.attest(message), key.kid().to_owned()))
    }

    /// The public keys as a JWK set (RFC 7517, RFC 8037).
    pub fn jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .keys()
            .iter()
            .map(|key| {
                serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                    "kid": key.kid(), "x": bytes::encode(&key.public().0),
                })
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

/// The signing keys in use, newest first: makes the first, replaces an old one, removes the retired.
async fn rotated(
    store: &Store,
    master: &MasterKeys,
    random: &Random,
    now: Instant,
) -> anyhow::Result<Arc<[TokenKey]>> {
    let mut tx = store.write().await?;
    service::lock_signing_keys(&mut tx).await?;
    let mut rows = service::signing_keys(&mut tx).await?;
    let due = rows.first().is_none_or(|newest| now - newest.created_at >= ROTATION);
    if due {
        let row_id: Uuid = random.id(now);
        let mut rng = random.rng();
        let seed = Secret::random(&mut rng);
        let row = Bytes(*row_id.as_bytes());
        let sealed = master.seal_column("signing_key", row, b"seed", seed.expose(), &mut rng);
        let kid = TokenKey::from_seed(&seed).kid().to_owned();
        let row = SigningKeyRow { kid, created_at: now, row_id, sealed };
        service::add_signing_key(&mut tx, &row).await?;
        rows.insert(0, row);
    }
    // One is retired when the next has been there for long enough.
    let kept = rows.iter().position(|row| now - row.created_at >= RETIREMENT).map_or(rows.len(), |at| at + 1);
    for retired in rows.drain(kept..) {
        service::delete_signing_key(&mut tx, &retired.kid).await?;
    }
    tx.commit().await?;
    opened(&rows, master)
}

fn opened(rows: &[SigningKeyRow], master: &MasterKeys) -> anyhow::Result<Arc<[TokenKey]>> {
    let keys = rows.iter().map(|row| {
        let seed = master
            .open_column("signing_key", Bytes(*row.row_id.as_bytes()), b"seed", &row.sealed)
            .map_err(|_| {
                anyhow::anyhow!("the master key does not open this database: give the one it was made with")
            })?;
        let seed: [u8; 32] = seed.as_slice().try_into()?;
        Ok(TokenKey::from_seed(&Secret::new(seed)))
    });
    keys.collect()
}

/// A refresh token: `art1.<sid>.<secret>`, in assisted mode with `.<ek>`. The secret is half random and half a keyed hash,
/// so that a made-up one is told from one that was issued and used up.
pub struct Refresh {
    /// The session it renews.
    pub sid: SessionId,
    secret: [u8; 32],
    /// The session's encrypted key, in assisted mode.
    pub ek: Option<Bytes<60>>,
}

impl Refresh {
    /// A new one.
    pub fn new(sid: SessionId, ek: Option<Bytes<60>>, keys: &MasterKeys, random: &Random) -> Self {
        let mut secret = [0; 32];
        secret[..16].copy_from_slice(&bytes::random::<16>(&mut random.rng()));
        let mac = keys.digest("refresh", &[sid.as_bytes(), &secret[..16]]);
        secret[16..].copy_from_slice(&mac.0[..16]);
        Self { sid, secret, ek }
    }

    /// As it is sent.
    pub fn text(&self) -> Zeroizing<String> {
        let (sid, secret) = (bytes::encode(self.sid.as_bytes()), bytes::encode(&self.secret));
        let ek = self.ek.map(|ek| format!(".{}", bytes::encode(&ek.0))).unwrap_or_default();
        Zeroizing::new(format!("art1.{sid}.{secret}{ek}"))
    }

    /// One that this service has issued; `None` for any other text.
    pub fn parse(text: &str, keys: &MasterKeys) -> Option<Self> {
        let parts: Vec<_> =
            text.strip_prefix("art1.")?.split('.').map(bytes::decode).collect::<Option<_>>()?;
        let (sid, secret, ek) = match parts.as_slice() {
            [sid, secret] => (sid, secret, None),
            [sid, secret, ek] => (sid, secret, Some(Bytes::try_from(ek.as_slice()).ok()?)),
            _ => return None,
        };
        let sid = SessionId(Uuid::from_bytes(sid.as_slice().try_into().ok()?));
        let secret: [u8; 32] = secret.as_slice().try_into().ok()?;
        let mac = keys.digest("refresh", &[sid.as_bytes(), &secret[..16]]);
        bytes::same(&secret[16..], &mac.0[..16]).then_some(Self { sid, secret, ek })
    }

    /// What the database keeps of it.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_out_of_range_are_refused_though_well_signed() {
        let now = Instant::from_micros(1_770_000_000_000_000);
        let key = TokenKey::from_seed(&Secret::new([7; 32]));
        let signed = |claims: &Claims| key.sign(&serde_json::to_vec(claims).unwrap());
        let issuer = "https://aftercare.example".to_owned();
        let known =
            RwLock::new(Known { keys: Arc::from([TokenKey::from_seed(&Secret::new([7; 32]))]), at: now });
        let keys = TokenKeys { issuer: issuer.clone(), known, checked: Mutex::default() };
        let good = Claims {
            iss: issuer,
            aud: AUDIENCE.to_owned(),
            sub: UserId(Uuid::from_u128(1)),
            sid: SessionId(Uuid::from_u128(2)),
            jti: Uuid::from_u128(3),
            iat: now.as_secs(),
            nbf: now.as_secs(),
            exp: now.as_secs() + 900,
            role: Role::Patient,
            mode: Mode::Sealed,
            ver: 1,
            auth_time: now.as_secs(),
            amr: vec!["pwd".to_owned()],
            ek: None,
        };
        assert!(keys.claims(&signed(&good), now).is_some());
        assert!(keys.claims(&signed(&good), now + Span::from_secs(899)).is_some());
        assert!(keys.claims(&signed(&good), now + Span::from_secs(900)).is_none());
        assert!(keys.claims(&signed(&good), now - Span::from_secs(6)).is_none());
        let t = now.as_secs();
        let bad: [fn(&mut Claims, i64); 9] = [
            |claims, _| claims.iss = "https://elsewhere.example".to_owned(),
            |claims, _| claims.iss.push('/'),
            |claims, _| claims.aud = "aftercare".to_owned(),
            |claims, t| claims.iat = t + 6,
            |claims, t| claims.nbf = t + 6,
            |claims, t| claims.exp = t,
            |claims, t| claims.exp = t + 901,
            |claims, t| claims.exp = i64::MAX - t,
            |claims, t| claims.auth_time = t + 1,
        ];
        for (n, change) in bad.iter().enumerate() {
            let mut claims = good.clone();
            change(&mut claims, t);
            assert!(keys.claims(&signed(&claims), now).is_none(), "{n}");
        }
        let mut more = serde_json::to_value(&good).unwrap();
        more["admin"] = true.into();
        assert!(
            keys.claims(&key.sign(&serde_json::to_vec(&more).unwrap()), now).is_none(),
            "an unknown claim"
        );
    }
}
