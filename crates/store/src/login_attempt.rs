//! Attempts to sign in or to recover an account that wait for the account's signature.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_all, put},
};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// What an attempt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Signing in.
    SignIn,
    /// Giving an account a new password by its recovery code.
    Recovery,
}

impl Purpose {
    fn number(self) -> i16 {
        match self {
            Self::SignIn => 0,
            Self::Recovery => 1,
        }
    }
}

/// An attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which.
    pub id: Uuid,
    /// Whose account.
    pub user_id: UserId,
    /// What for.
    pub purpose: Purpose,
    /// What the account is to sign.
    pub nonce: Vec<u8>,
    /// By what its owner has shown who they are so far (RFC 8176).
    pub amr: String,
    /// Until when it can be finished.
    pub expires_at: Instant,
}

fn bucket(id: Uuid) -> i16 {
    Bucket::of(UserId(id)).get()
}

/// Stores an attempt.
pub async fn insert(tx: &mut Tx, attempt: &Attempt) -> Result<(), StoreError> {
    put!(
        tx,
        "-- login_attempt::insert
        insert into login_attempt (bucket, id, user_id, purpose, nonce, amr, expires_at) values ($1, $2, $3, $4, $5, $6, $7)",
        bucket(attempt.id),
        attempt.id,
        attempt.user_id.0,
        attempt.purpose.number(),
        attempt.nonce.as_slice(),
        attempt.amr.as_str(),
        attempt.expires_at.as_micros()
    )?;
    Ok(())
}

/// Takes an attempt away: it is good once.
pub async fn take(
    tx: &mut Tx,
    id: Uuid,
    purpose: Purpose,
    now: Instant,
) -> Result<Option<Attempt>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid, Vec<u8>, String, i64),
        "-- login_attempt::take
        delete from login_attempt where bucket = $1 and id = $2 and purpose = $3 returning user_id, nonce, amr, expires_at",
        bucket(id),
        id,
        purpose.number()
    )?;
    let attempt = rows.into_iter().next().map(|(user, nonce, amr, expires)| Attempt {
        id,
        user_id: UserId(user),
        purpose,
        nonce,
        amr,
        expires_at: expires.into(),
    });
    Ok(attempt.filter(|attempt| attempt.expires_at > now))
}

/// Removes those that nobody has finished.
pub async fn delete_expired(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    execute!(
        tx,
        "-- login_attempt::delete_expired\ndelete from login_attempt where expires_at <= $1",
        now.as_micros()
    )
}

/// Removes all attempts of a person: they were made with what holds no more.
pub async fn delete_of(tx: &mut Tx, user: UserId) -> Result<u64, StoreError> {
    execute!(tx, "-- login_attempt::delete_of\ndelete from login_attempt where user_id = $1", user.0)
}
