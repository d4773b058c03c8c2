//! Doctors' credentials: an organisation's signed word for their keys.

use crate::{
    StoreError, Tx,
    sql::{fetch_one, put},
};
use aftercare_core::id::{Bucket, UserId};

/// Stores a doctor's credential, in the place of the one before.
pub async fn put(tx: &mut Tx, doctor: UserId, body: &[u8]) -> Result<(), StoreError> {
    put!(
        tx,
        "-- credential::put
        insert into credential (bucket, user_id, body) values ($1, $2, $3)
        on conflict (bucket, user_id) do update set body = excluded.body",
        Bucket::of(doctor).get(),
        doctor.0,
        body
    )?;
    Ok(())
}

/// A person's credential.
pub async fn get(tx: &mut Tx, id: UserId) -> Result<Option<Vec<u8>>, StoreError> {
    let row = fetch_one!(
        tx,
        (Vec<u8>,),
        "-- credential::get\nselect body from credential where bucket = $1 and user_id = $2",
        Bucket::of(id).get(),
        id.0
    )?;
    Ok(row.map(|row| row.0))
}
