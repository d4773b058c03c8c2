//! Signed-in sessions. A session's row is what makes its tokens good.

use crate::{
    Asked, StoreError, Tx,
    sql::{ask_all, execute, fetch_all, fetch_anywhere, put},
};
use aftercare_core::{
    id::{Bucket, SessionId, UserId},
    instant::{Instant, Span},
};
use uuid::Uuid;

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// The `sid` of its tokens.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// When it began.
    pub created_at: Instant,
    /// Its absolute end.
    pub expires_at: Instant,
    /// When its owner last showed who they are.
    pub auth_at: Instant,
    /// By what (RFC 8176), with a space between.
    pub amr: String,
    /// Ends when it was not renewed for so long.
    pub idle: Span,
    /// The person's security stamp at that time.
    pub stamp: i32,
    /// The account root key under the session's secret (slot 4) and the outer layer; `None` in sealed
    /// mode, where the server never has it.
    pub wrapped: Option<Vec<u8>>,
    /// SHA-256 of the refresh secret in use.
    pub refresh_hash: Vec<u8>,
    /// SHA-256 of the one before.
    pub previous_hash: Option<Vec<u8>>,
    /// When it was last renewed.
    pub rotated_at: Instant,
    /// What signed in, as it named itself.
    pub device: String,
}

/// Begins a session.
pub async fn insert(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    put!(
        tx,
        "-- session::insert
        insert into session (bucket, id, user_id, created_at, expires_at, auth_at, stamp, wrapped, refresh_hash, previous_hash, rotated_at, device, mode, idle, amr)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, null, $10, $11, $12, $13, $14)",
        Bucket::of(session.user_id).get(),
        session.id.0,
        session.user_id.0,
        session.created_at.as_micros(),
        session.expires_at.as_micros(),
        session.auth_at.as_micros(),
        session.stamp,
        session.wrapped.as_deref().unwrap_or_default(),
        session.refresh_hash.as_slice(),
        session.rotated_at.as_micros(),
        session.device.as_str(),
        i16::from(session.wrapped.is_none()),
        session.idle.as_micros(),
        session.amr.as_str()
    )?;
    Ok(())
}

type Row = (Uuid, i64, i64, i64, i32, Vec<u8>, Vec<u8>, Option<Vec<u8>>, i64, String, i16, i64, String);

fn read(user_id: UserId, row: Row) -> Session {
    let (
        id,
        created,
        expires,
        auth,
        stamp,
        wrapped,
        refresh_hash,
        previous_hash,
        rotated,
        device,
        mode,
        idle,
        amr,
    ) = row;
    Session {
        id: SessionId(id),
        user_id,
        created_at: created.into(),
        expires_at: expires.into(),
        auth_at: auth.into(),
        amr,
        idle: Span::from_micros(idle),
        stamp,
        wrapped: (mode == 0).then_some(wrapped),
        refresh_hash,
        previous_hash,
        rotated_at: rotated.into(),
        device,
    }
}

/// A person's session that has not ended by `now`: of an open account, begun with the credentials of today.
pub async fn get(
    tx: &mut Tx,
    user: UserId,
    id: SessionId,
    now: Instant,
) -> Result<Asked<Option<Session>>, StoreError> {
    ask_all!(
        tx,
        Row,
        "-- session::get
        select id, created_at, expires_at, auth_at, stamp, wrapped, refresh_hash, previous_hash, rotated_at, device, mode, idle, amr
        from session where bucket = $1 and id = $2 and user_id = $3 and expires_at > $4 and rotated_at + idle > $4
          and stamp = (select stamp from person where person.bucket = $1 and person.id = $3 and state = 0)",
        [Bucket::of(user).get(), id.0, user.0, now.as_micros()],
        move |rows| Ok(rows.into_iter().next().map(|row| read(user, row)))
    )
}

/// All sessions of a person, newest first.
pub async fn of_user(tx: &mut Tx, user: UserId, now: Instant) -> Result<Vec<Session>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        "-- session::of_user
        select id, created_at, expires_at, auth_at, stamp, wrapped, refresh_hash, previous_hash, rotated_at, device, mode, idle, amr
        from session where bucket = $1 and user_id = $2 and expires_at > $3 and rotated_at + idle > $3 order by created_at desc, id",
        Bucket::of(user).get(),
        user.0,
        now.as_micros()
    )?;
    Ok(rows.into_iter().map(|row| read(user, row)).collect())
}

/// A session that has not ended by `now`, by its id alone. Looks into every bucket.
pub async fn find(tx: &mut Tx, id: SessionId, now: Instant) -> Result<Option<Session>, StoreError> {
    let row = fetch_anywhere!(
        tx,
        (Uuid,),
        "-- session::find\nselect user_id from session where id = $1 and bucket",
        "",
        id.0
    )?;
    match row {
        Some(row) => get(tx, UserId(row.0), id, now).await?.answer(tx).await,
        None => Ok(None),
    }
}

/// Renews a session. Only while the refresh secret in use is still the one the caller saw.
/// `previous` is what is accepted for a few seconds more, should the answer get lost.
pub async fn rotate(
    tx: &mut Tx,
    session: &Session,
    refresh_hash: &[u8],
    previous: &[u8],
    rotated_at: Instant,
) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- session::rotate
        update session set previous_hash = $5, refresh_hash = $4, rotated_at = $6
        where bucket = $1 and id = $2 and refresh_hash = $3",
        Bucket::of(session.user_id).get(),
        session.id.0,
        session.refresh_hash.as_slice(),
        refresh_hash,
        previous,
        rotated_at.as_micros()
    )?;
    Ok(rows == 1)
}

/// The person has changed how they sign in, and stays signed in here.
pub async fn restamp(tx: &mut Tx, user: UserId, id: SessionId, stamp: i32) -> Result<(), StoreError> {
    put!(
        tx,
        "-- session::restamp\nupdate session set stamp = $4 where bucket = $1 and id = $2 and user_id = $3",
        Bucket::of(user).get(),
        id.0,
        user.0,
        stamp
    )?;
    Ok(())
}

/// Ends a person's session; whether there was one.
pub async fn delete(tx: &mut Tx, user: UserId, id: SessionId) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- session::delete\ndelete from session where bucket = $1 and id = $2 and user_id = $3",
        Bucket::of(user).get(),
        id.0,
        user.0
    )?;
    Ok(rows == 1)
}

/// Ends all sessions of a person but one.
pub async fn delete_others(tx: &mut Tx, user: UserId, keep: Option<SessionId>) -> Result<(), StoreError> {
    put!(
        tx,
        "-- session::delete_others\ndelete from session where bucket = $1 and user_id = $2 and id <> $3",
        Bucket::of(user).get(),
        user.0,
        keep.map_or(Uuid::nil(), |id| id.0)
    )?;
    Ok(())
}

/// Ends the sessions of a person whose keys the server can have.
pub async fn delete_assisted(tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
    put!(
        tx,
        "-- session::delete_assisted\ndelete from session where bucket = $1 and user_id = $2 and mode = 0",
        Bucket::of(user).get(),
        user.0
    )?;
    Ok(())
}

/// Removes the sessions that have ended.
pub async fn delete_expired(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    execute!(
        tx,
        "-- session::delete_expired\ndelete from session where expires_at <= $1 or rotated_at + idle <= $1",
        now.as_micros()
    )
}
