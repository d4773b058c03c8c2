//! A person's zone and times of day, as they hold from an instant on.

use crate::{
    Asked, StoreError, Tx,
    many::ask_in,
    sql::{ask_all, put},
};
use aftercare_core::{
    course::Outage,
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

/// What a plan is replayed under: a person's regimes in order, and the outages of the service. One that has not ended yet
/// is over by `now`, which is learnt after it is asked.
pub async fn with_outages(tx: &mut Tx, person: UserId) -> Result<Asked<WithOutages>, StoreError> {
    ask_all!(
        tx,
        (i64, Option<i64>, String, Option<String>),
        "-- regime::with_outages
        select from_at, from_at, time_zone, anchors from regime where bucket = $1 and person_id = $2
        union all select from_at, to_at, '', null from outage
        union all select at, null, '', null from heartbeat order by 1",
        [Bucket::of(person).get(), person.0],
        |rows| Ok(WithOutages(rows))
    )
}

/// See [`with_outages`].
pub struct WithOutages(Vec<(i64, Option<i64>, String, Option<String>)>);

impl WithOutages {
    /// As of an instant.
    pub fn at(self, now: Instant) -> (Vec<RegimeRow>, Vec<Outage>) {
        let (mut regimes, mut outages) = (Vec::new(), Vec::new());
        for (from, to, time_zone, anchors) in self.0 {
            let from = Instant::from(from);
            match (anchors, to) {
                (Some(anchors), _) => regimes.push(RegimeRow { from, time_zone, anchors }),
                (None, Some(to)) => outages.push(Outage { from, to: to.into() }),
                // Since the last sign of life.
                (None, None) if now - from > Outage::SILENCE => outages.push(Outage { from, to: now }),
                (None, None) => {}
            }
        }
        (regimes, outages)
    }
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
