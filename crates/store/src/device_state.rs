//! What a person's devices remember, sealed by them.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_one},
};
use aftercare_core::id::{Bucket, UserId};

/// A state that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceState {
    /// Counts what was kept, from 1.
    pub n: i64,
    /// The epoch of the root key it is sealed under.
    pub epoch: i32,
    /// The sealed state.
    pub sealed: Vec<u8>,
}

/// What was kept last.
pub async fn get(tx: &mut Tx, id: UserId) -> Result<Option<DeviceState>, StoreError> {
    let row = fetch_one!(
        tx,
        (i64, i32, Vec<u8>),
        "-- device_state::get\nselect n, epoch, sealed from device_state where bucket = $1 and user_id = $2",
        Bucket::of(id).get(),
        id.0
    )?;
    Ok(row.map(|(n, epoch, sealed)| DeviceState { n, epoch, sealed }))
}

/// Keeps the next; whether nothing else was kept meanwhile.
pub async fn put(tx: &mut Tx, id: UserId, state: &DeviceState) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- device_state::put
        insert into device_state (bucket, user_id, n, epoch, sealed)
        select $1, $2, $3, $4, $5 where $3 = 1 or exists (
          select 1 from device_state where bucket = $1 and user_id = $2 and n = $3 - 1)
        on conflict (bucket, user_id) do update set n = excluded.n, epoch = excluded.epoch, sealed = excluded.sealed
        where device_state.n = excluded.n - 1",
        Bucket::of(id).get(),
        id.0,
        state.n,
        state.epoch,
        state.sealed.as_slice()
    )?;
    Ok(rows == 1)
}
