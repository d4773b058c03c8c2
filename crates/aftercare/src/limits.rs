//! How often something may be tried: signing in, for an account and from a network address, counted in
//! the database so that replicas share it; requests, for a person.

use crate::{app::App, http::problem::Problem};
use aftercare_core::{
    id::UserId,
    instant::{Instant, Span},
};
use aftercare_seal::{Bytes, bytes};
use aftercare_store::{StoreError, Tx, throttle};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// Failures of an account and of a network address are counted within this.
const WINDOW: Span = Span::from_minutes(15);
/// After so many failures without a success in between an account is locked (NIST SP 800-63B), ...
const LOCK: i64 = 100;
/// ... for those who do not know it, for so long at most.
pub const LOCKED_FOR: Span = Span::from_days(30);

/// Accounts that are looked up where an address has none, so that both cost the same: those found last.
#[derive(Debug, Default)]
pub struct Decoy(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    ids: Vec<UserId>,
    next: usize,
}

impl Decoy {
    /// As many rows as stay in the processor's caches anyway: one alone would be the quickest to read.
    const KEPT: usize = 64;

    /// Whom to look up for an address, given as a keyed hash: who was found, or one of those found before.
    pub fn stand_in(&self, found: Option<UserId>, index: &[u8; 32]) -> UserId {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Recent { ids, next } = &mut *recent;
        let any = usize::from(index[0]).checked_rem(ids.len()).and_then(|at| ids.get(at).copied());
        if let Some(id) = found {
            match ids.get_mut(*next) {
                Some(oldest) => *oldest = id,
                None => ids.push(id),
            }
            *next = (*next + 1) % Self::KEPT;
        }
        found.or(any).unwrap_or(UserId(uuid::Uuid::nil()))
    }
}

/// Somebody who tries to show who they are.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// For which address, as a keyed hash; `None`: with a code of 160 random bits, which nobody guesses, and
    /// which must open an account that strangers have locked.
    pub account: Option<[u8; 32]>,
    /// From where.
    pub network: IpAddr,
    /// With a device that has signed in to this account before: its failures are its own, and those
    /// of strangers are not held against it.
    pub device: Option<[u8; 16]>,
}

impl Attempt {
    /// What failures are counted under: the network address, the account, its lock. Where there is no account
    /// to count for, the address alone, for all three.
    fn scopes(&self, app: &App) -> [[u8; 32]; 3] {
        let network = network_scope(app, self.network);
        let Some(account) = &self.account else { return [network; 3] };
        let device = self.device.unwrap_or_default();
        let of = |what: &[u8]| app.master.digest("throttle", &[what, account, &device]).0;
        [network, of(b"lock"), of(b"account")]
    }

    /// How many of the three count.
    fn counted(&self) -> usize {
        if self.account.is_some() { 3 } else { 1 }
    }

    /// Counts the attempt before its password is hashed: it is a failure until
    /// [`succeeded`](Self::succeeded). Says why it is refused, where there were too many; then it was none.
    pub async fn admit(&self, app: &App, tx: &mut Tx, now: Instant) -> Result<Option<Problem>, StoreError> {
        let mut counts = [(0, now); 3];
        for (n, scope) in self.scopes(app).iter().enumerate().take(self.counted()) {
            let window = if n == LOCKS { LOCKED_FOR } else { WINDOW };
            let (count, since) = throttle::count(tx, scope, window, now).await?;
            counts[n] = (count - 1, since);
        }
        let refused = verdict(app, counts, now);
        if refused.is_some() {
            self.give_back(app, tx).await?;
        }
        Ok(refused)
    }

    /// Says whether there were too many, where nothing is hashed and a failure is counted when it is one;
    /// and whether there were any.
    pub async fn look(
        &self,
        app: &App,
        tx: &mut Tx,
        now: Instant,
    ) -> Result<(Option<Problem>, bool), StoreError> {
        let [network, lock, account] = self.scopes(app);
        let counted = throttle::get(tx, [&network, &lock, &account], now).await?;
        Ok((verdict(app, counted, now), counted[1].0 + counted[2].0 > 0))
    }

    /// It was no failure, and not yet a success.
    pub async fn give_back(&self, app: &App, tx: &mut Tx) -> Result<(), StoreError> {
        for scope in self.scopes(app).iter().take(self.counted()) {
            throttle::give_back(tx, scope).await?;
        }
        Ok(())
    }

    /// It was a success: what failed before is forgotten.
    pub async fn succeeded(&self, app: &App, tx: &mut Tx) -> Result<(), StoreError> {
        throttle::give_back(tx, &network_scope(app, self.network)).await?;
        self.forget(app, tx).await
    }

    /// Forgets what failed before for this account, from this device.
    pub async fn forget(&self, app: &App, tx: &mut Tx) -> Result<(), StoreError> {
        let [_, lock, account] = self.scopes(app);
        if self.account.is_some() {
            throttle::clear(tx, &account).await?;
            throttle::clear(tx, &lock).await?;
        }
        Ok(())
    }
}

/// The lock's place among what is counted.
const LOCKS: usize = 1;

/// Whether there were too many failures: from the network address, since the last success, and for the
/// account.
fn verdict(app: &App, [network, lock, account]: [(i64, Instant); 3], now: Instant) -> Option<Problem> {
    let limits = &app.config.limits;
    let too_many =
        |(count, since): (i64, Instant), limit: u32| count >= i64::from(limit) && since + WINDOW > now;
    if too_many(network, limits.failures_per_address) {
        return Some(Problem::too_many(network.1 + WINDOW - now, "from this network address"));
    }
    if lock.0 >= LOCK {
        return Some(Problem::locked());
    }
    let many = too_many(account, limits.failures_per_account);
    many.then(|| Problem::too_many(account.1 + WINDOW - now, "for this account"))
}

/// Forgets what failed for an address from devices that nobody knows: the operator's way back.
pub async fn clear_failures(app: &App, tx: &mut Tx, email_index: [u8; 32]) -> Result<(), StoreError> {
    let attempt = Attempt { account: Some(email_index), network: IpAddr::from([127, 0, 0, 1]), device: None };
    attempt.forget(app, tx).await
}

/// Counts a guess at the password by somebody who is signed in, before it is compared.
pub async fn guess(app: &App, tx: &mut Tx, person: UserId) -> Result<Option<Problem>, StoreError> {
    let scope = app.master.digest("guess", &[person.as_bytes()]).0;
    let (count, since) = throttle::count(tx, &scope, WINDOW, app.clock.wall()).await?;
    let many = count > i64::from(app.config.limits.failures_per_account);
    Ok(many.then(|| Problem::too_many(since + WINDOW - app.clock.wall(), "with this account's password")))
}

/// It was right.
pub async fn guessed(app: &App, tx: &mut Tx, person: UserId) -> Result<(), StoreError> {
    throttle::clear(tx, &app.master.digest("guess", &[person.as_bytes()]).0).await
}

/// Counts something that a person may do a few times an hour; why not, where it is too often.
pub async fn few(
    app: &App,
    tx: &mut Tx,
    what: &str,
    person: UserId,
    most: i64,
) -> Result<Option<Problem>, StoreError> {
    const HOUR: Span = Span::from_hours(1);
    let scope = app.master.digest("few", &[what.as_bytes(), person.as_bytes()]).0;
    let (count, since) = throttle::count(tx, &scope, HOUR, app.clock.wall()).await?;
    let many = count > most;
    Ok(many.then(|| Problem::too_many(since + HOUR - app.clock.wall(), "of this kind")))
}

/// Whether a refusal of this account is the first in a while: a record that anybody can fill tells nothing.
pub async fn tells(app: &App, tx: &mut Tx, person: UserId) -> Result<bool, StoreError> {
    let scope = app.master.digest("refusal", &[person.as_bytes()]).0;
    Ok(throttle::count(tx, &scope, WINDOW, app.clock.wall()).await?.0 == 1)
}

fn network_scope(app: &App, network: IpAddr) -> [u8; 32] {
    app.master.digest("throttle", &[b"network", subscriber(network).as_bytes()]).0
}

/// Why nothing of a network address is looked at, where too much from it has failed.
pub async fn strangers(app: &App, tx: &mut Tx, network: IpAddr) -> Result<Option<Problem>, StoreError> {
    let (scope, now) = (network_scope(app, network), app.clock.wall());
    let [(count, since), ..] = throttle::get(tx, [&scope, &scope, &scope], now).await?;
    let many = count >= i64::from(app.config.limits.failures_per_address) && since + WINDOW > now;
    Ok(many.then(|| Problem::too_many(since + WINDOW - now, "from this network address")))
}

/// Counts a failure that is nobody's but the network address's.
pub async fn stranger_failed(app: &App, tx: &mut Tx, network: IpAddr) -> Result<(), StoreError> {
    throttle::count(tx, &network_scope(app, network), WINDOW, app.clock.wall()).await.map(drop)
}

/// A network address as it is counted: of IPv6 the part that a subscriber is given (RFC 6177).
pub fn subscriber(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x?}", &address.segments()[..4]),
    }
}

/// What a device shows to be known: `adt1.<id>.<mac>`, bound to the account that signed in on it.
pub fn device_token(app: &App, user: UserId) -> String {
    let id: [u8; 16] = bytes::random(&mut app.random.rng());
    let mac = app.master.digest("device", &[user.as_bytes(), &id]);
    format!("adt1.{}.{}", bytes::encode(&id), bytes::encode(&mac.0))
}

/// The device that a token of this account names.
pub fn known_device(app: &App, user: UserId, token: Option<&str>) -> Option<[u8; 16]> {
    let (id, mac) = token?.strip_prefix("adt1.")?.split_once('.')?;
    let id = Bytes::<16>::try_from(bytes::decode(id)?.as_slice()).ok()?;
    let good = app.master.digest("device", &[user.as_bytes(), &id.0]);
    bytes::same(&good.0, &bytes::decode(mac)?).then_some(id.0)
}

/// What a person may still ask for in this window (draft-ietf-httpapi-ratelimit-headers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests in a window.
    pub limit: u32,
    /// Left of them, as far as this process knows.
    pub remaining: u32,
    /// Seconds until the next window.
    pub reset: i64,
}

/// The window of requests.
pub const MINUTE: i64 = 60;
/// So many requests of a window are counted here alone; each further so many are asked for from the
/// database, where replicas share them. Most people never make as many.
const CHUNK: u32 = 100;

/// Requests of people in this window, as counted by this process.
#[derive(Debug, Default)]
pub struct Requests(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    minute: i64,
    made: HashMap<UserId, Made>,
}

/// What one person has asked for: here, and of chunks everywhere.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    here: u32,
    everywhere: u32,
}

/// Counts a request of a person: what is left, and whether it was one too many.
pub async fn request(app: &App, person: UserId) -> (Quota, Option<Problem>) {
    let limit = app.config.limits.requests_per_minute;
    let now = app.clock.wall();
    let minute = now.as_secs().div_euclid(MINUTE);
    let reset = MINUTE - now.as_secs().rem_euclid(MINUTE);
    let quota = |made: Made| {
        let spent = made.everywhere + made.here % CHUNK;
        Quota { limit, remaining: limit.saturating_sub(spent.max(made.here)), reset }
    };
    let refuse = |made| {
        let quota = Quota { remaining: 0, ..quota(made) };
        (quota, Some(Problem::too_many(Span::from_secs(reset), "by this account")))
    };
    let mut made = {
        let mut window = app.requests.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.minute != minute {
            *window = Window { minute, made: HashMap::new() };
        }
        let made = window.made.entry(person).or_default();
        made.here = made.here.saturating_add(1);
        *made
    };
    if made.here > limit || made.everywhere >= limit {
        return refuse(made);
    }
    if made.here % CHUNK == 0 {
        let Ok(everywhere) = chunk(app, person, minute).await else {
            // Where nobody can be asked, this process's own count holds.
            return (quota(made), None);
        };
        made.everywhere = everywhere;
        let mut window = app.requests.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.minute == minute {
            window.made.entry(person).or_default().everywhere = everywhere;
        }
        if everywhere > limit {
            return refuse(made);
        }
    }
    (quota(made), None)
}

/// Takes a chunk of a person's window; how many requests have been taken so by all replicas.
async fn chunk(app: &App, person: UserId, minute: i64) -> Result<u32, StoreError> {
    let scope = app.master.digest("requests", &[person.as_bytes(), &minute.to_le_bytes()]).0;
    let mut tx = app.store.write().await?;
    let (chunks, _) = throttle::count(&mut tx, &scope, Span::from_secs(2 * MINUTE), app.clock.wall()).await?;
    tx.commit().await?;
    Ok(u32::try_from(chunks).unwrap_or(u32::MAX).saturating_mul(CHUNK))
}
