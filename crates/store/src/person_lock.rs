//! A person's own lock: whatever is open for a person, and how they sign in, changes under it.

use crate::{
    Asked, StoreError, Tx,
    many::ask_in,
    sql::{fetch_all, lock},
};
use aftercare_core::id::{Bucket, UserId};
use uuid::Uuid;

/// Locks a person's row until the transaction ends: changes to one account follow one another.
pub async fn lock(tx: &mut Tx, id: UserId) -> Result<(), StoreError> {
    fetch_all!(
        tx,
        (Uuid,),
        "-- person_lock::lock\nselect id from person where bucket = $1 and id = $2",
        postgres(" for update"),
        "",
        Bucket::of(id).get(),
        id.0
    )?;
    Ok(())
}

/// The same where nothing is decided before something asked later is answered: nobody waits for it.
pub async fn lock_ahead(tx: &mut Tx, id: UserId) -> Result<(), StoreError> {
    lock!(
        tx,
        "-- person_lock::lock_ahead\nselect id from person where bucket = $1 and id = $2 for update",
        Bucket::of(id).get(),
        id.0
    )
}

/// Some people, locked in one order for all, with how they want to be told (JSON; `None`: as
/// everybody is by default).
pub async fn lock_many(
    tx: &mut Tx,
    people: &[UserId],
) -> Result<Asked<Vec<(UserId, Option<String>)>>, StoreError> {
    ask_in!(
        tx,
        (Uuid, Option<String>),
        "-- person_lock::lock_many\nselect id, wishes from person where state = 0 and (bucket, id)",
        people,
        |id| [Bucket::of(*id).get(), id.0],
        "order by id for update",
        [],
        |rows| Ok(rows.into_iter().map(|(id, wishes)| (UserId(id), wishes)).collect())
    )
}
