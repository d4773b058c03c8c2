//! A person's own lock: their steps, whatever is open for them, and how they sign in change under it.

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

/// Some people, locked in one order for all; of those whose account is open how they want to be told (JSON; `None`: as
/// everybody is by default).
pub async fn lock_many(
    tx: &mut Tx,
    people: &[UserId],
) -> Result<Asked<Vec<(UserId, Option<String>)>>, StoreError> {
    ask_in!(
        tx,
        (Uuid, i16, Option<String>),
        "-- person_lock::lock_many\nselect id, state, wishes from person where (bucket, id)",
        people,
        |id| [Bucket::of(*id).get(), id.0],
        "order by id for update",
        [],
        |rows| {
            let open = rows.into_iter().filter(|(_, state, _)| *state == 0);
            Ok(open.map(|(id, _, wishes)| (UserId(id), wishes)).collect())
        }
    )
}
