//! What happened to a person's account and data: one chain of rows a person, and its head under a
//! key that is not in the database.

use crate::{
    Asked, StoreError, Tx,
    row::row,
    sql::{ask_all, fetch_all, put},
};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// A row of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose chain.
    pub subject_id: UserId,
    /// Its place, from 1.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// By whom; `None` where nobody was signed in, or it was the service itself.
    pub actor_id: Option<UserId>,
    /// What, by its frozen number.
    pub action: i16,
    /// On what.
    pub object_id: Option<Uuid>,
    /// More about it, as JSON. No word of a note and no address.
    pub detail: String,
    /// Over the row before and all of this one.
    pub hash: Vec<u8>,
}

/// The head of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose chain.
    pub subject_id: UserId,
    /// The place of its newest row.
    pub seq: i64,
    /// That row's hash.
    pub hash: Vec<u8>,
    /// Under the service's key.
    pub mac: Vec<u8>,
}

/// The head of a person's chain, locked until the transaction ends.
pub async fn lock_head(tx: &mut Tx, subject: UserId) -> Result<Asked<Option<Head>>, StoreError> {
    ask_all!(
        tx,
        (i64, Vec<u8>, Vec<u8>),
        "-- audit::lock_head\nselect seq, hash, mac from audit_head where bucket = $1 and subject_id = $2",
        postgres(" for update"),
        [Bucket::of(subject).get(), subject.0],
        move |rows| {
            let head = |(seq, hash, mac)| Head { subject_id: subject, seq, hash, mac };
            Ok(rows.into_iter().next().map(head))
        }
    )
}

/// Adds a row and moves the head. Two that begin one chain at once find no row to lock: the later runs again.
pub async fn add(tx: &mut Tx, row: &Row, mac: &[u8]) -> Result<(), StoreError> {
    put!(
        tx,
        "-- audit::add
        insert into audit (bucket, subject_id, seq, at, actor_id, action, object_id, detail, hash)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        Bucket::of(row.subject_id).get(),
        row.subject_id.0,
        row.seq,
        row.at.as_micros(),
        row.actor_id.map(|id| id.0),
        row.action,
        row.object_id,
        row.detail.as_str(),
        row.hash.as_slice()
    )?;
    put!(
        tx,
        "-- audit::add head
        insert into audit_head (bucket, subject_id, seq, hash, mac) values ($1, $2, $3, $4, $5)
        on conflict (bucket, subject_id) do update set seq = excluded.seq, hash = excluded.hash, mac = excluded.mac",
        Bucket::of(row.subject_id).get(),
        row.subject_id.0,
        row.seq,
        row.hash.as_slice(),
        mac
    )
}

/// The columns of a row.
macro_rules! columns {
    () => {
        "subject_id, seq, at, actor_id, action, object_id, detail, hash"
    };
}

row! {
    struct Raw {
        subject_id: Uuid,
        seq: i64,
        at: i64,
        actor_id: Option<Uuid>,
        action: i16,
        object_id: Option<Uuid>,
        detail: String,
        hash: Vec<u8>,
    }
}

fn read(row: Raw) -> Row {
    Row {
        subject_id: UserId(row.subject_id),
        seq: row.seq,
        at: row.at.into(),
        actor_id: row.actor_id.map(UserId),
        action: row.action,
        object_id: row.object_id,
        detail: row.detail,
        hash: row.hash,
    }
}

/// A person's record, newest first, beginning before a place.
pub async fn newest(
    tx: &mut Tx,
    subject: UserId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    let rows = fetch_all!(
        tx,
        Raw,
        concat!(
            "-- audit::newest
        select ",
            columns!(),
            " from audit where bucket = $1 and subject_id = $2 and seq < $3 order by seq desc limit $4"
        ),
        Bucket::of(subject).get(),
        subject.0,
        before.unwrap_or(i64::MAX),
        limit
    )?;
    Ok(rows.into_iter().map(read).collect())
}

/// A person's record, oldest first, beginning after a place.
pub async fn oldest(tx: &mut Tx, subject: UserId, after: i64, limit: i64) -> Result<Vec<Row>, StoreError> {
    let rows = fetch_all!(
        tx,
        Raw,
        concat!(
            "-- audit::oldest
        select ",
            columns!(),
            " from audit where bucket = $1 and subject_id = $2 and seq > $3 order by seq limit $4"
        ),
        Bucket::of(subject).get(),
        subject.0,
        after,
        limit
    )?;
    Ok(rows.into_iter().map(read).collect())
}

/// The heads of a bucket's chains.
pub async fn heads(tx: &mut Tx, bucket: i16) -> Result<Vec<Head>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid, i64, Vec<u8>, Vec<u8>),
        "-- audit::heads\nselect subject_id, seq, hash, mac from audit_head where bucket = $1 order by subject_id",
        bucket
    )?;
    let read = |(id, seq, hash, mac)| Head { subject_id: UserId(id), seq, hash, mac };
    Ok(rows.into_iter().map(read).collect())
}

/// Whose rows there are in a bucket, and how many.
pub async fn subjects(tx: &mut Tx, bucket: i16) -> Result<Vec<(UserId, i64)>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid, i64),
        "-- audit::subjects
        select subject_id, count(*) from audit where bucket = $1 group by subject_id order by subject_id",
        bucket
    )?;
    Ok(rows.into_iter().map(|(id, rows)| (UserId(id), rows)).collect())
}
