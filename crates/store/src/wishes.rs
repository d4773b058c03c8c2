//! How people want to be told what is due.

use crate::{
    StoreError, Tx,
    sql::{fetch_one, put},
};
use aftercare_core::id::{Bucket, UserId};

/// How a person wants to be told, as JSON.
pub async fn of(tx: &mut Tx, id: UserId) -> Result<Option<String>, StoreError> {
    let row = fetch_one!(
        tx,
        (Option<String>,),
        "-- wishes::of\nselect wishes from person where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0
    )?;
    Ok(row.and_then(|row| row.0))
}

/// Sets it.
pub async fn put(tx: &mut Tx, id: UserId, wishes: &str) -> Result<(), StoreError> {
    put!(
        tx,
        "-- wishes::put\nupdate person set wishes = $3 where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0,
        wishes
    )?;
    Ok(())
}
