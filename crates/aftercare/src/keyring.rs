//! The public keys of those who take part, with their history; and making new ones known.

use crate::app::App;
use aftercare_core::{
    id::UserId,
    instant::{Instant, Span},
};
use aftercare_seal::{Bytes, SealError, bundle::Bundle, envelope::Envelope, keylog, recovery::RecoveryKey};
use aftercare_store::{
    Asked, StoreError, Tx,
    bundle::{self as stored, Bundle as BundleRow},
    key_log, key_reset,
};
use std::collections::{BTreeSet, HashMap};

pub use aftercare_device::raw;

/// One epoch of somebody's keys.
#[derive(Clone, Debug)]
pub struct Epoch {
    /// The keys.
    pub bundle: Bundle,
    /// Signed by the epoch before; `None` for the first, and where keys were reset.
    pub succession: Option<Bytes<64>>,
    /// When it was made known.
    pub created_at: Instant,
}

fn broken(id: UserId, what: &str) -> StoreError {
    StoreError::Broken(format!("public keys of {id}: {what}"))
}

impl Epoch {
    /// As it is stored.
    pub fn read(id: UserId, row: &BundleRow) -> Result<Self, StoreError> {
        let bytes = |_| broken(id, "length");
        let bundle = Bundle {
            user_id: raw(id),
            epoch: u32::try_from(row.epoch).map_err(|_| broken(id, "epoch"))?,
            enc_pk: Bytes::try_from(row.enc_pk.as_slice()).map_err(bytes)?,
            sign_pk: Bytes::try_from(row.sign_pk.as_slice()).map_err(bytes)?,
            sig: Bytes::try_from(row.sig.as_slice()).map_err(bytes)?,
        };
        let succession = row.succession.as_deref().map(Bytes::try_from).transpose().map_err(bytes)?;
        Ok(Self { bundle, succession, created_at: row.created_at })
    }
}

/// Somebody's keys, newest first, never none.
#[derive(Clone, Debug)]
pub struct History(Vec<Epoch>);

impl History {
    /// Loads them.
    pub async fn load(tx: &mut Tx, id: UserId) -> Result<Self, StoreError> {
        let rows = stored::of(tx, id).await?.answer(tx).await?;
        Self::of(id, rows)
    }

    fn of(id: UserId, rows: Vec<BundleRow>) -> Result<Self, StoreError> {
        let epochs: Vec<_> = rows.into_iter().map(|row| Epoch::read(id, &row)).collect::<Result<_, _>>()?;
        if epochs.is_empty() { Err(broken(id, "none")) } else { Ok(Self(epochs)) }
    }

    /// All of them, newest first.
    pub fn epochs(&self) -> &[Epoch] {
        &self.0
    }

    /// The keys in use.
    pub fn current(&self) -> &Bundle {
        &self.0[0].bundle
    }

    /// The keys signed up with.
    pub fn first(&self) -> &Bundle {
        &self.0[self.0.len() - 1].bundle
    }

    /// Those of a key id, past or present.
    pub fn by_kid(&self, kid: &Bytes<32>) -> Option<&Bundle> {
        self.0.iter().map(|epoch| &epoch.bundle).find(|bundle| bundle.kid() == *kid)
    }

    /// Whether the keys in use follow from those of a key id, each signed by the one before: what was
    /// said of those holds for these.
    pub fn follows_from(&self, kid: &Bytes<32>) -> bool {
        for (n, epoch) in self.0.iter().enumerate() {
            if epoch.bundle.kid() == *kid {
                return true;
            }
            let before = self.0.get(n + 1);
            let signed = epoch.succession.zip(before);
            if signed.is_none_or(|(sig, before)| epoch.bundle.succeeds(&before.bundle, &sig).is_err()) {
                return false;
            }
        }
        false
    }
}

/// The public keys of several people.
pub struct People(HashMap<UserId, History>);

impl People {
    /// Loads some people's, each once.
    pub async fn load(tx: &mut Tx, ids: &[UserId]) -> Result<Self, StoreError> {
        Self::ask(tx, ids).await?.answer(tx).await
    }

    /// Asks for them.
    pub async fn ask(tx: &mut Tx, ids: &[UserId]) -> Result<AskedPeople, StoreError> {
        let mut asked = Vec::new();
        for id in ids.iter().collect::<BTreeSet<_>>() {
            asked.push((*id, stored::of(tx, *id).await?));
        }
        Ok(AskedPeople(asked))
    }

    /// The keys in use of somebody.
    pub fn of(&self, id: UserId) -> Result<&Bundle, SealError> {
        self.history(id).map(History::current)
    }

    /// All keys of somebody.
    pub fn history(&self, id: UserId) -> Result<&History, SealError> {
        self.0.get(&id).ok_or(SealError::NotForMe)
    }

    /// The keys an envelope was signed with.
    pub fn author(&self, envelope: &Envelope) -> Result<&Bundle, SealError> {
        let author = UserId(uuid::Uuid::from_bytes(envelope.author_id.0));
        self.history(author)?.by_kid(&envelope.author_kid).ok_or(SealError::Signature)
    }
}

/// People's keys that were asked for.
pub struct AskedPeople(Vec<(UserId, Asked<Vec<BundleRow>>)>);

impl AskedPeople {
    /// The keys.
    pub async fn answer(self, tx: &mut Tx) -> Result<People, StoreError> {
        let mut people = HashMap::new();
        for (id, rows) in self.0 {
            people.insert(id, History::of(id, rows.answer(tx).await?)?);
        }
        Ok(People(people))
    }
}

/// Makes a bundle known: stored, and in the log of keys. The first goes in with its person.
pub async fn publish(
    tx: &mut Tx,
    bundle: &Bundle,
    succession: Option<Bytes<64>>,
    now: Instant,
) -> Result<(), StoreError> {
    let id = UserId(uuid::Uuid::from_bytes(bundle.user_id.0));
    stored::add(tx, id, &row(bundle, succession, now)).await?;
    log(tx, bundle, now).await
}

/// A code of this is good for so long.
const RESET: Span = Span::from_hours(24);

/// Gives leave to make new keys that the old do not sign, to whoever has the code. Good once.
pub async fn allow_reset(app: &App, tx: &mut Tx, user: UserId) -> Result<RecoveryKey, StoreError> {
    let code = RecoveryKey::random(&mut app.random.rng());
    let verifier = app.master.verifier(raw(user), &code.auth_key());
    key_reset::put(tx, user, &verifier.0, app.clock.wall() + RESET).await?;
    Ok(code)
}

/// A bundle as it is stored.
pub fn row(bundle: &Bundle, succession: Option<Bytes<64>>, now: Instant) -> BundleRow {
    BundleRow {
        epoch: i32::try_from(bundle.epoch).unwrap_or(i32::MAX),
        enc_pk: bundle.enc_pk.0.to_vec(),
        sign_pk: bundle.sign_pk.0.to_vec(),
        sig: bundle.sig.0.to_vec(),
        succession: succession.map(|sig| sig.0.to_vec()),
        created_at: now,
    }
}

/// Puts a bundle into the log of keys.
pub async fn log(tx: &mut Tx, bundle: &Bundle, now: Instant) -> Result<(), StoreError> {
    let (n, head) = key_log::lock_head(tx).await?;
    let head = Bytes::try_from(head.as_slice()).map_err(|_| StoreError::Broken("head of keys".to_owned()))?;
    let entry = keylog::Entry {
        user_hash: keylog::user_hash(bundle.user_id),
        kid: bundle.kid(),
        epoch: bundle.epoch,
        time: u64::try_from(now.as_secs()).unwrap_or(0),
    };
    let row = key_log::Row {
        n: n + 1,
        user_hash: entry.user_hash.0.to_vec(),
        kid: entry.kid.0.to_vec(),
        epoch: i32::try_from(entry.epoch).unwrap_or(i32::MAX),
        at: now.as_secs(),
        head: entry.head(&head).0.to_vec(),
    };
    key_log::add(tx, &row).await
}
