//! Access and refresh tokens: who is asking, and the key to what is theirs.

use crate::random::Random;
use aftercare_core::{
    id::{SessionId, UserId},
    instant::{Instant, Span},
    people::Role,
};
use aftercare_seal::{Bytes, Secret, bytes, jws::TokenKey, server::MasterKeys};
use aftercare_store::{
    Store,
    service::{self, SigningKeyRow},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    pub ek: Bytes<60>,
}

/// Who holds the account's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The server, in memory, for as long as the session lasts.
    Assisted,
}

const AUDIENCE: &str = "aftercare-api";

/// The keys that sign tokens, newest first.
pub struct TokenKeys {
    keys: Vec<TokenKey>,
    issuer: String,
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
        let mut tx = store.write().await?;
        service::lock_signing_keys(&mut tx).await?;
        let mut rows = service::signing_keys(&mut tx).await?;
        if rows.is_empty() {
            let row_id: Uuid = random.id(now);
            let mut rng = random.rng();
            let seed = Secret::random(&mut rng);
            let sealed = master.seal_column(
                "signing_key",
                Bytes(*row_id.as_bytes()),
                b"seed",
                seed.expose(),
                &mut rng,
            );
            let kid = TokenKey::from_seed(&seed).kid().to_owned();
            let row = SigningKeyRow { kid, created_at: now, row_id, sealed };
            service::add_signing_key(&mut tx, &row).await?;
            rows.push(row);
        }
        tx.commit().await?;
        let keys = rows.iter().map(|row| {
            let seed = master
                .open_column("signing_key", Bytes(*row.row_id.as_bytes()), b"seed", &row.sealed)
                .map_err(|_| {
                    anyhow::anyhow!(
                        "the master key does not open this database: give the one it was made with"
                    )
                })?;
            let seed: [u8; 32] = seed.as_slice().try_into()?;
            Ok(TokenKey::from_seed(&Secret::new(seed)))
        });
        Ok(Self { keys: keys.collect::<anyhow::Result<_>>()?, issuer })
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
        self.keys.first().map(|key| key.sign(&json)).unwrap_or_default()
    }

    /// The claims of a good token; `None` for any other.
    pub fn verify(&self, token: &str, now: Instant) -> Option<Claims> {
        let json = self.keys.iter().find_map(|key| key.open(token).ok())?;
        let claims: Claims = serde_json::from_slice(&json).ok()?;
        let now = now.as_secs();
        let in_time = claims.iat <= now + LEEWAY
            && claims.nbf <= now + LEEWAY
            && now < claims.exp
            && claims.exp - claims.iat <= LIFETIME.as_micros() / 1_000_000
            && claims.auth_time <= claims.iat;
        (claims.iss == self.issuer && claims.aud == AUDIENCE && in_time).then_some(claims)
    }

    /// The public keys as a JWK set (RFC 7517, RFC 8037).
    pub fn jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .keys
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

/// A refresh token: `art1.<sid>.<secret>.<ek>`. The secret is half random and half a keyed hash,
/// so that a made-up one is told from one that was issued and used up.
pub struct Refresh {
    /// The session it renews.
    pub sid: SessionId,
    secret: [u8; 32],
    /// The session's encrypted key.
    pub ek: Bytes<60>,
}

impl Refresh {
    /// A new one.
    pub fn new(sid: SessionId, ek: Bytes<60>, keys: &MasterKeys, random: &Random) -> Self {
        let mut secret = [0; 32];
        secret[..16].copy_from_slice(&bytes::random::<16>(&mut random.rng()));
        let mac = mac(keys, sid, &secret);
        secret[16..].copy_from_slice(&mac);
        Self { sid, secret, ek }
    }

    /// As it is sent.
    pub fn text(&self) -> String {
        let sid = bytes::encode(self.sid.as_bytes());
        format!("art1.{sid}.{}.{}", bytes::encode(&self.secret), bytes::encode(&self.ek.0))
    }

    /// One that this service has issued; `None` for any other text.
    pub fn parse(text: &str, keys: &MasterKeys) -> Option<Self> {
        let mut parts = text.strip_prefix("art1.")?.split('.');
        let mut part = || bytes::decode(parts.next()?);
        let sid: [u8; 16] = part()?.try_into().ok()?;
        let secret: [u8; 32] = part()?.try_into().ok()?;
        let ek: [u8; 60] = part()?.try_into().ok()?;
        let sid = SessionId(Uuid::from_bytes(sid));
        let issued = bytes::same(&secret[16..], &mac(keys, sid, &secret));
        (issued && parts.next().is_none()).then_some(Self { sid, secret, ek: Bytes(ek) })
    }

    /// What the database keeps of it.
    pub fn hash(&self, keys: &MasterKeys) -> [u8; 32] {
        keys.digest("refresh-hash", &[&self.secret]).0
    }
}

fn mac(keys: &MasterKeys, sid: SessionId, secret: &[u8; 32]) -> [u8; 16] {
    let digest = keys.digest("refresh", &[sid.as_bytes(), &secret[..16]]);
    let mut mac = [0; 16];
    mac.copy_from_slice(&digest.0[..16]);
    mac
}
