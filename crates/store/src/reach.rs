//! Whether people are reached: since when somebody has been owed a message that nobody has seen arrive.

use crate::{
    Asked, StoreError, Tx,
    many::{ask_in, execute_in, insert_many},
};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// How well a person is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The first message that nobody has seen arrive; `None`: there is none.
    pub owed_since: Option<Instant>,
    /// When they were reached last.
    pub reached_at: Option<Instant>,
    /// Whether it was said that nobody has seen it.
    pub told: bool,
}

/// Messages go out to people.
pub async fn owe(tx: &mut Tx, people: &[UserId], now: Instant) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- reach::owe\ninsert into reach (bucket, user_id, owed_since)",
        people,
        |one| [Bucket::of(*one).get(), one.0, now.as_micros()],
        "on conflict (bucket, user_id) do update set owed_since = coalesce(reach.owed_since, excluded.owed_since)"
    )
}

/// People were reached. Gives those of whom it had been said that they were not.
pub async fn reached(tx: &mut Tx, people: &[UserId], now: Instant) -> Result<Vec<UserId>, StoreError> {
    let told = of_people(tx, people).await?.answer(tx).await?.into_iter().filter(|(_, reach)| reach.told);
    let told = told.map(|(id, _)| id).collect();
    insert_many!(
        tx,
        "-- reach::reached\ninsert into reach (bucket, user_id, reached_at)",
        people,
        |one| [Bucket::of(*one).get(), one.0, now.as_micros()],
        "on conflict (bucket, user_id) do update set owed_since = null, reached_at = excluded.reached_at, told = false"
    )?;
    Ok(told)
}

/// It was said of people that nobody has seen what is owed to them arrive.
pub async fn set_told(tx: &mut Tx, people: &[UserId]) -> Result<(), StoreError> {
    execute_in!(
        tx,
        "-- reach::set_told\nupdate reach set told = true where (bucket, user_id)",
        people,
        |id| [Bucket::of(*id).get(), id.0],
        ""
    )
}

/// How well people are reached; those to whom nothing was ever sent are left out.
pub async fn of_people(tx: &mut Tx, people: &[UserId]) -> Result<Asked<Vec<(UserId, Reach)>>, StoreError> {
    ask_in!(
        tx,
        (Uuid, Option<i64>, Option<i64>, bool),
        "-- reach::of_people\nselect user_id, owed_since, reached_at, told from reach where (bucket, user_id)",
        people,
        |id| [Bucket::of(*id).get(), id.0],
        "",
        [],
        |rows| {
            let read = |(id, owed, reached, told): (Uuid, Option<i64>, Option<i64>, bool)| {
                let (owed_since, reached_at) = (owed.map(Instant::from), reached.map(Instant::from));
                (UserId(id), Reach { owed_since, reached_at, told })
            };
            Ok(rows.into_iter().map(read).collect())
        }
    )
}

/// How well a person is reached.
pub async fn of(tx: &mut Tx, user: UserId) -> Result<Reach, StoreError> {
    let found = of_people(tx, &[user]).await?.answer(tx).await?;
    Ok(found.first().map(|(_, reach)| *reach).unwrap_or_default())
}
