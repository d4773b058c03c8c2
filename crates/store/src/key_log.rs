//! Every key there ever was, in one chain. Names nobody.

use crate::{
    StoreError, Tx,
    sql::{fetch_all, fetch_one, put},
};

/// An entry of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place, from 1.
    pub n: i64,
    /// Whose key, hashed.
    pub user_hash: Vec<u8>,
    /// The key.
    pub kid: Vec<u8>,
    /// Its epoch.
    pub epoch: i32,
    /// When it was made known, in seconds since 1970.
    pub at: i64,
    /// The chain's head with it.
    pub head: Vec<u8>,
}

/// The newest place and head of the chain, locked until the transaction ends; nought and zeros
/// before the first.
pub async fn lock_head(tx: &mut Tx) -> Result<(i64, Vec<u8>), StoreError> {
    if let Tx::Postgres(_) = tx {
        put!(tx, "-- key_log::lock_head\nselect pg_advisory_xact_lock(4711044)")?;
    }
    head(tx).await
}

/// The newest place and head of the chain.
pub async fn head(tx: &mut Tx) -> Result<(i64, Vec<u8>), StoreError> {
    let row = fetch_one!(
        tx,
        (i64, Vec<u8>),
        "-- key_log::head\nselect n, head from key_log order by n desc limit 1"
    )?;
    Ok(row.unwrap_or((0, vec![0; 32])))
}

/// Adds an entry.
pub async fn add(tx: &mut Tx, row: &Row) -> Result<(), StoreError> {
    put!(
        tx,
        "-- key_log::add\ninsert into key_log (n, user_hash, kid, epoch, at, head) values ($1, $2, $3, $4, $5, $6)",
        row.n,
        row.user_hash.as_slice(),
        row.kid.as_slice(),
        row.epoch,
        row.at,
        row.head.as_slice()
    )?;
    Ok(())
}

/// A part of the chain, beginning after a place.
pub async fn list(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Row>, StoreError> {
    let rows = fetch_all!(
        tx,
        (i64, Vec<u8>, Vec<u8>, i32, i64, Vec<u8>),
        "-- key_log::list
        select n, user_hash, kid, epoch, at, head from key_log where n > $1 order by n limit $2",
        after,
        limit
    )?;
    let read = |(n, user_hash, kid, epoch, at, head)| Row { n, user_hash, kid, epoch, at, head };
    Ok(rows.into_iter().map(read).collect())
}
