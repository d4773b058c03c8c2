//! What the service keeps about itself: its heartbeat, its outages, its signing keys.

use crate::{
    Asked, StoreError, Tx,
    sql::{ask_all, fetch_all, fetch_one, put},
};
use aftercare_core::{
    course::Outage,
    instant::{Instant, Span},
};
use uuid::Uuid;

/// When a worker was last alive.
pub async fn heartbeat(tx: &mut Tx) -> Result<Option<Instant>, StoreError> {
    let row = fetch_one!(tx, (i64,), "-- service::heartbeat\nselect at from heartbeat where id = 0")?;
    Ok(row.map(|row| row.0.into()))
}

/// Says that a worker is alive. Never goes back.
pub async fn beat(tx: &mut Tx, now: Instant) -> Result<(), StoreError> {
    put!(
        tx,
        "-- service::beat
        insert into heartbeat (id, at, moved) values (0, $1, 0)
        on conflict (id) do update set at = excluded.at where heartbeat.at < excluded.at",
        now.as_micros()
    )?;
    Ok(())
}

/// How far the test clock has been moved.
pub async fn moved(tx: &mut Tx) -> Result<Span, StoreError> {
    let row = fetch_one!(tx, (i64,), "-- service::moved\nselect moved from heartbeat where id = 0")?;
    Ok(row.map_or(Span::ZERO, |row| Span::from_micros(row.0)))
}

/// Keeps how far the test clock has been moved, so that a restart does not turn it back.
pub async fn set_moved(tx: &mut Tx, moved: Span) -> Result<(), StoreError> {
    put!(tx, "-- service::set_moved\nupdate heartbeat set moved = $1 where id = 0", moved.as_micros())?;
    Ok(())
}

/// Records a time in which nobody was reminded.
pub async fn add_outage(tx: &mut Tx, outage: Outage) -> Result<(), StoreError> {
    put!(
        tx,
        "-- service::add_outage
        insert into outage (from_at, to_at) values ($1, $2)
        on conflict (from_at) do update set to_at = excluded.to_at where outage.to_at < excluded.to_at",
        outage.from.as_micros(),
        outage.to.as_micros()
    )?;
    Ok(())
}

/// The service's outages.
#[derive(Debug, Default)]
pub struct Outages {
    /// Those that are over.
    pub(crate) over: Vec<Outage>,
    /// The last sign of life.
    pub(crate) last: Option<Instant>,
}

impl Outages {
    /// Of rows from, to; without an end the last sign of life.
    pub(crate) fn of(rows: impl IntoIterator<Item = (i64, Option<i64>)>) -> Self {
        let mut outages = Self::default();
        for (from, to) in rows {
            match to {
                Some(to) => outages.over.push(Outage { from: from.into(), to: to.into() }),
                None => outages.last = Some(from.into()),
            }
        }
        outages
    }

    /// Those that ended after an instant. One that lasts still, since no worker has been heard of, is among them, up to
    /// `now`: whoever writes meanwhile takes nothing for missed that nobody was reminded of.
    pub fn since(self, since: Instant, now: Instant) -> Vec<Outage> {
        let Self { over: mut all, last } = self;
        let lasts = last.filter(|last| now - *last > Outage::SILENCE);
        all.extend(lasts.map(|from| Outage { from, to: now }));
        all.retain(|outage| outage.to > since);
        all.sort_unstable_by_key(|outage| outage.from);
        all
    }
}

/// All outages.
pub async fn outages(tx: &mut Tx) -> Result<Asked<Outages>, StoreError> {
    ask_all!(
        tx,
        (i64, Option<i64>),
        "-- service::outages\nselect from_at, to_at from outage union all select at, null from heartbeat",
        [],
        |rows| Ok(Outages::of(rows))
    )
}

/// A token signing key, sealed by the outer layer.
#[derive(Clone, Debug)]
pub struct SigningKeyRow {
    /// The key id in token headers.
    pub kid: String,
    /// When it was made.
    pub created_at: Instant,
    /// The row the sealing is bound to.
    pub row_id: Uuid,
    /// The sealed seed.
    pub sealed: Vec<u8>,
}

/// Lets one process at a time look whether there is a signing key, and make the first.
pub async fn lock_signing_keys(tx: &mut Tx) -> Result<(), StoreError> {
    if let Tx::Postgres(_) = tx {
        put!(tx, "-- service::lock_signing_keys\nselect pg_advisory_xact_lock(4711043)")?;
    }
    Ok(())
}

/// All signing keys, newest first.
pub async fn signing_keys(tx: &mut Tx) -> Result<Vec<SigningKeyRow>, StoreError> {
    let rows = fetch_all!(
        tx,
        (String, i64, Uuid, Vec<u8>),
        "-- service::signing_keys
        select kid, created_at, row_id, sealed from signing_key order by created_at desc, kid"
    )?;
    Ok(rows
        .into_iter()
        .map(|(kid, at, row_id, sealed)| SigningKeyRow { kid, created_at: at.into(), row_id, sealed })
        .collect())
}

/// Stores a signing key.
pub async fn add_signing_key(tx: &mut Tx, key: &SigningKeyRow) -> Result<(), StoreError> {
    put!(
        tx,
        "-- service::add_signing_key
        insert into signing_key (kid, created_at, row_id, sealed) values ($1, $2, $3, $4)",
        key.kid.as_str(),
        key.created_at.as_micros(),
        key.row_id,
        key.sealed.as_slice()
    )?;
    Ok(())
}

/// Removes a signing key: its tokens are good no more.
pub async fn delete_signing_key(tx: &mut Tx, kid: &str) -> Result<(), StoreError> {
    put!(tx, "-- service::delete_signing_key\ndelete from signing_key where kid = $1", kid)?;
    Ok(())
}

/// The sealed secret that what is looked up is under.
pub async fn lookup_secret(tx: &mut Tx) -> Result<Option<Vec<u8>>, StoreError> {
    let row = fetch_one!(
        tx,
        (Vec<u8>,),
        "-- service::lookup_secret\nselect sealed from service_secret where id = 0"
    )?;
    Ok(row.map(|row| row.0))
}

/// Stores it, once.
pub async fn set_lookup_secret(tx: &mut Tx, sealed: &[u8]) -> Result<(), StoreError> {
    put!(
        tx,
        "-- service::set_lookup_secret\ninsert into service_secret (id, sealed) values (0, $1)",
        sealed
    )?;
    Ok(())
}
