//! One-time codes (RFC 6238) as a second factor.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_one, put},
};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};

/// A person's seed of one-time codes.
#[derive(Clone, Debug)]
pub struct Totp {
    /// The seed under the outer layer.
    pub secret: Vec<u8>,
    /// Since when it is asked for; `None` while it is being set up.
    pub confirmed_at: Option<Instant>,
    /// The last time step a code was taken for: each is good once.
    pub last_step: i64,
}

/// What is asked for beside a person's password.
#[derive(Clone, Debug, Default)]
pub struct Factors {
    /// The seed of one-time codes that are asked for.
    pub totp: Option<Totp>,
    /// Whether there is a passkey.
    pub passkey: bool,
}

/// What is asked for beside a person's password.
pub async fn factors(tx: &mut Tx, user: UserId) -> Result<Factors, StoreError> {
    let row = fetch_one!(
        tx,
        (Option<Vec<u8>>, Option<i64>, Option<i64>, bool),
        "-- totp::factors
        select secret, confirmed_at, last_step,
          exists (select 1 from passkey where passkey.bucket = $1 and passkey.user_id = $2)
        from (select 1) as one left join totp
          on totp.bucket = $1 and totp.user_id = $2 and confirmed_at is not null",
        Bucket::of(user).get(),
        user.0
    )?;
    let Some((secret, confirmed, last_step, passkey)) = row else {
        return Ok(Factors::default());
    };
    let totp = secret.zip(last_step).map(|(secret, last_step)| Totp {
        secret,
        confirmed_at: confirmed.map(Instant::from),
        last_step,
    });
    Ok(Factors { totp, passkey })
}

/// A person's seed, if they have one.
pub async fn get(tx: &mut Tx, user: UserId) -> Result<Option<Totp>, StoreError> {
    let row = fetch_one!(
        tx,
        (Vec<u8>, Option<i64>, i64),
        "-- totp::get\nselect secret, confirmed_at, last_step from totp where bucket = $1 and user_id = $2",
        Bucket::of(user).get(),
        user.0
    )?;
    Ok(row.map(|(secret, confirmed, last_step)| Totp {
        secret,
        confirmed_at: confirmed.map(Instant::from),
        last_step,
    }))
}

/// Begins to set one up, in the place of another that was begun or is in use.
pub async fn put(tx: &mut Tx, user: UserId, secret: &[u8]) -> Result<(), StoreError> {
    put!(
        tx,
        "-- totp::put
        insert into totp (bucket, user_id, secret, confirmed_at, last_step) values ($1, $2, $3, null, 0)
        on conflict (bucket, user_id) do update
        set secret = excluded.secret, confirmed_at = null, last_step = 0",
        Bucket::of(user).get(),
        user.0,
        secret
    )?;
    Ok(())
}

/// Takes a code of a time step; false where that or a later one was taken already.
pub async fn take(tx: &mut Tx, user: UserId, step: i64) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- totp::take\nupdate totp set last_step = $3 where bucket = $1 and user_id = $2 and last_step < $3",
        Bucket::of(user).get(),
        user.0,
        step
    )?;
    Ok(rows == 1)
}

/// From now on it is asked for.
pub async fn confirm(tx: &mut Tx, user: UserId, now: Instant) -> Result<(), StoreError> {
    put!(
        tx,
        "-- totp::confirm\nupdate totp set confirmed_at = $3 where bucket = $1 and user_id = $2",
        Bucket::of(user).get(),
        user.0,
        now.as_micros()
    )?;
    Ok(())
}

/// Removes it; whether there was one.
pub async fn delete(tx: &mut Tx, user: UserId) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- totp::delete\ndelete from totp where bucket = $1 and user_id = $2",
        Bucket::of(user).get(),
        user.0
    )?;
    Ok(rows == 1)
}
