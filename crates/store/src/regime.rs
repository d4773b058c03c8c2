//! A person's zone and times of day, as they hold from an instant on.

use crate::{
    Asked, StoreError, Tx,
    many::ask_in,
    service::Outages,
    sql::{ask_all, put},
};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// One regime as stored.
#[derive(Clone, Debug)]
pub struct RegimeRow {
    /// From when on.
    pub from: Instant,
    /// The IANA zone.
    pub time_zone: String,
    /// The times of day as JSON.
    pub anchors: String,
}

/// Sets what holds from an instant on.
pub async fn put(tx: &mut Tx, person: UserId, regime: &RegimeRow) -> Result<(), StoreError> {
    put!(
        tx,
        "-- regime::put
        insert into regime (bucket, person_id, from_at, time_zone, anchors) values ($1, $2, $3, $4, $5)
        on conflict (bucket, person_id, from_at) do update
        set time_zone = excluded.time_zone, anchors = excluded.anchors",
        Bucket::of(person).get(),
        person.0,
        regime.from.as_micros(),
        regime.time_zone.as_str(),
        regime.anchors.as_str()
    )?;
    Ok(())
}

/// All regimes of a person in order. There is one from sign-up on.
pub async fn of(tx: &mut Tx, person: UserId) -> Result<Vec<RegimeRow>, StoreError> {
    let rows = of_people(tx, &[person]).await?.answer(tx).await?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// What a plan is replayed under: a person's regimes in order, and the outages of the service.
pub type WithOutages = (Vec<RegimeRow>, Outages);

/// Asks for it, in one statement.
pub async fn with_outages(tx: &mut Tx, person: UserId) -> Result<Asked<WithOutages>, StoreError> {
    ask_all!(
        tx,
        (i64, Option<i64>, String, Option<String>),
        "-- regime::with_outages
        select from_at, from_at, time_zone, anchors from regime where bucket = $1 and person_id = $2
        union all select from_at, to_at, '', null from outage
        union all select at, null, '', null from heartbeat order by 1",
        [Bucket::of(person).get(), person.0],
        |rows| {
            let (mut regimes, mut outages) = (Vec::new(), Vec::new());
            for (from, to, time_zone, anchors) in rows {
                match anchors {
                    Some(anchors) => regimes.push(RegimeRow { from: from.into(), time_zone, anchors }),
                    None => outages.push((from, to)),
                }
            }
            Ok((regimes, Outages::of(outages)))
        }
    )
}

/// The regimes of some people, each person's in order.
pub async fn of_people(
    tx: &mut Tx,
    people: &[UserId],
) -> Result<Asked<Vec<(UserId, RegimeRow)>>, StoreError> {
    ask_in!(
        tx,
        (Uuid, i64, String, String),
        "-- regime::of_people
        select person_id, from_at, time_zone, anchors from regime where (bucket, person_id)",
        people,
        |id| [Bucket::of(*id).get(), id.0],
        "order by person_id, from_at",
        [],
        |rows| Ok(rows.into_iter().map(of_person).collect())
    )
}

fn of_person((person, from, time_zone, anchors): (Uuid, i64, String, String)) -> (UserId, RegimeRow) {
    (UserId(person), RegimeRow { from: from.into(), time_zone, anchors })
}
