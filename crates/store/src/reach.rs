//! Whether people are reached: since when somebody has been owed a message that nobody has seen arrive.

use crate::{StoreError, Tx, many::insert_many, sql::fetch_one};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};

/// How well a person is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The first message that nobody has seen arrive; `None`: there is none.
    pub owed_since: Option<Instant>,
    /// When they were reached last.
    pub reached_at: Option<Instant>,
}

/// Messages go out to people of a bucket.
pub async fn owe(tx: &mut Tx, bucket: i16, people: &[UserId], now: Instant) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- reach::owe\ninsert into reach (bucket, user_id, owed_since) values",
        people,
        |one| [bucket, one.0, now.as_micros()],
        "on conflict (bucket, user_id) do update set owed_since = coalesce(reach.owed_since, excluded.owed_since)"
    );
    Ok(())
}

/// People of a bucket were reached.
pub async fn reached(tx: &mut Tx, bucket: i16, people: &[UserId], now: Instant) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- reach::reached\ninsert into reach (bucket, user_id, reached_at) values",
        people,
        |one| [bucket, one.0, now.as_micros()],
        "on conflict (bucket, user_id) do update set owed_since = null, reached_at = excluded.reached_at"
    );
    Ok(())
}

/// How well a person is reached.
pub async fn of(tx: &mut Tx, user: UserId) -> Result<Reach, StoreError> {
    let row = fetch_one!(
        tx,
        (Option<i64>, Option<i64>),
        "-- reach::of\nselect owed_since, reached_at from reach where bucket = $1 and user_id = $2",
        Bucket::of(user).get(),
        user.0
    )?;
    Ok(row.map(read).unwrap_or_default())
}

fn read((owed, reached): (Option<i64>, Option<i64>)) -> Reach {
    Reach { owed_since: owed.map(Instant::from), reached_at: reached.map(Instant::from) }
}
