//! Passkeys (`WebAuthn`): credentials that show who somebody is, and may open their account.

use crate::{
    StoreError, Tx,
    row::row,
    sql::{execute, fetch_all, put},
};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// A passkey.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// Which.
    pub id: Uuid,
    /// How its authenticator knows it; at most 1023 bytes.
    pub credential_id: Vec<u8>,
    /// COSE's number of how it signs.
    pub algorithm: i16,
    /// What it signs with.
    pub public_key: Vec<u8>,
    /// How often it has signed, where its authenticator counts.
    pub signed: i64,
    /// Whether it may be on several devices.
    pub synced: bool,
    /// What its owner calls it.
    pub name: String,
    /// The root key under its PRF output, under the outer layer, with the epoch.
    pub wrapped: Option<(Vec<u8>, i32)>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was shown last.
    pub used_at: Option<Instant>,
}

row! {
    struct Row {
        id: Uuid,
        credential_id: Vec<u8>,
        algorithm: i16,
        public_key: Vec<u8>,
        signed: i64,
        synced: bool,
        name: String,
        wrapped: Option<Vec<u8>>,
        epoch: Option<i32>,
        created_at: i64,
        used_at: Option<i64>,
    }
}

impl From<Row> for Passkey {
    fn from(row: Row) -> Self {
        let Row { id, credential_id, algorithm, public_key, signed, synced, name, .. } = row;
        Self {
            id,
            credential_id,
            algorithm,
            public_key,
            signed,
            synced,
            name,
            wrapped: row.wrapped.zip(row.epoch),
            created_at: row.created_at.into(),
            used_at: row.used_at.map(Instant::from),
        }
    }
}

/// A person's passkeys, oldest first.
pub async fn list(tx: &mut Tx, user: UserId) -> Result<Vec<Passkey>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        "-- passkey::list
        select id, credential_id, algorithm, public_key, signed, synced, name, wrapped, epoch, created_at, used_at
        from passkey where bucket = $1 and user_id = $2 order by id",
        Bucket::of(user).get(),
        user.0
    )?;
    Ok(rows.into_iter().map(Passkey::from).collect())
}

/// Stores a new one; [`StoreError::Taken`] where the person has it already.
pub async fn insert(tx: &mut Tx, user: UserId, passkey: &Passkey) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- passkey::insert
        insert into passkey (bucket, user_id, id, credential_id, algorithm, public_key, signed, synced, name, wrapped, epoch, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        Bucket::of(user).get(),
        user.0,
        passkey.id,
        passkey.credential_id.as_slice(),
        passkey.algorithm,
        passkey.public_key.as_slice(),
        passkey.signed,
        passkey.synced,
        passkey.name.as_str(),
        passkey.wrapped.as_ref().map(|wrapped| wrapped.0.as_slice()),
        passkey.wrapped.as_ref().map(|wrapped| wrapped.1),
        passkey.created_at.as_micros()
    )?;
    Ok(())
}

/// Gives one another name or another wrapped key.
pub async fn update(tx: &mut Tx, user: UserId, passkey: &Passkey) -> Result<(), StoreError> {
    put!(
        tx,
        "-- passkey::update
        update passkey set name = $4, wrapped = $5, epoch = $6 where bucket = $1 and user_id = $2 and id = $3",
        Bucket::of(user).get(),
        user.0,
        passkey.id,
        passkey.name.as_str(),
        passkey.wrapped.as_ref().map(|wrapped| wrapped.0.as_slice()),
        passkey.wrapped.as_ref().map(|wrapped| wrapped.1)
    )?;
    Ok(())
}

/// It was shown, and has signed so often; false where it was shown at the same time elsewhere and has
/// signed as often there.
pub async fn used(
    tx: &mut Tx,
    user: UserId,
    id: Uuid,
    signed: i64,
    now: Instant,
) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- passkey::used
        update passkey set signed = $4, used_at = $5
        where bucket = $1 and user_id = $2 and id = $3 and (signed < $4 or $4 = 0)",
        Bucket::of(user).get(),
        user.0,
        id,
        signed,
        now.as_micros()
    )?;
    Ok(rows == 1)
}

/// None of a person's passkeys opens the account any more: its root key was changed.
pub async fn close_all(tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
    put!(
        tx,
        "-- passkey::close_all\nupdate passkey set wrapped = null, epoch = null where bucket = $1 and user_id = $2",
        Bucket::of(user).get(),
        user.0
    )?;
    Ok(())
}

/// Removes one; whether it was there.
pub async fn delete(tx: &mut Tx, user: UserId, id: Uuid) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- passkey::delete\ndelete from passkey where bucket = $1 and user_id = $2 and id = $3",
        Bucket::of(user).get(),
        user.0,
        id
    )?;
    Ok(rows == 1)
}

/// Removes all of a person's; how many there were.
pub async fn delete_all(tx: &mut Tx, user: UserId) -> Result<u64, StoreError> {
    execute!(
        tx,
        "-- passkey::delete_all\ndelete from passkey where bucket = $1 and user_id = $2",
        Bucket::of(user).get(),
        user.0
    )
}
