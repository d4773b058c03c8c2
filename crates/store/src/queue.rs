//! What the two queues have in common, that of the engine and that of the sender: they lie in buckets, each in the order of
//! time, and whoever works one off asks first which buckets have something.

use crate::{
    StoreError, Tx, distributed,
    sql::{fetch_one, fetch_postgres},
};
use aftercare_core::{id::Bucket, instant::Instant};

/// A table whose key begins with a bucket and a time.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    pub(crate) table: &'static str,
    pub(crate) at: &'static str,
    /// The first of the next bucket that has any.
    pub(crate) after: &'static str,
    /// The first of one bucket, ...
    pub(crate) first: &'static str,
    /// ... and of several, a probe of the index for each.
    pub(crate) firsts: &'static str,
}

/// A queue by its table and its column of time.
macro_rules! queue {
    ($table:literal, $at:literal) => {
        $crate::queue::Queue {
            table: $table,
            at: $at,
            after: concat!(
                "-- queue::heads\nselect bucket, ",
                $at,
                " from ",
                $table,
                " where bucket > $1 order by bucket, ",
                $at,
                " limit 1"
            ),
            first: concat!(
                "-- queue::heads_of\nselect bucket, ",
                $at,
                " from ",
                $table,
                " where bucket = $1 order by ",
                $at,
                " limit 1"
            ),
            firsts: concat!(
                "-- queue::heads_of ",
                $table,
                "\nselect head.* from unnest($1::smallint[]) as asked(bucket) cross join lateral (select bucket, ",
                $at,
                " from ",
                $table,
                " as queue where queue.bucket = asked.bucket order by ",
                $at,
                " limit 1) as head"
            ),
        }
    };
}

pub(crate) use queue;

/// A bucket that holds something, and when its first is due.
pub type Head = (i16, Instant);

impl Queue {
    /// All buckets that hold anything.
    pub async fn heads(self, tx: &mut Tx) -> Result<Vec<Head>, StoreError> {
        let mut heads: Vec<(i16, i64)> = Vec::new();
        if let Tx::Sqlite(_) = tx {
            let after = |heads: &[(i16, i64)]| heads.last().map_or(-1, |(bucket, _)| *bucket);
            while let Some(next) = fetch_one!(tx, (i16, i64), self.after, after(&heads))? {
                heads.push(next);
            }
        } else if tx.is_spread() {
            heads = distributed::heads(tx, self).await?;
        } else {
            return self.heads_of(tx, &(0..Bucket::COUNT).collect::<Vec<_>>()).await;
        }
        Ok(read(heads))
    }

    /// The same of some buckets alone.
    pub async fn heads_of(self, tx: &mut Tx, buckets: &[i16]) -> Result<Vec<Head>, StoreError> {
        let mut heads: Vec<(i16, i64)> = Vec::new();
        if matches!(tx, Tx::Sqlite(_)) || tx.is_spread() {
            for bucket in buckets {
                heads.extend(fetch_one!(tx, (i16, i64), self.first, *bucket)?);
            }
        } else {
            heads = fetch_postgres!(tx, (i16, i64), self.firsts, buckets)?;
        }
        Ok(read(heads))
    }

    /// When the next of all is due.
    pub async fn next(self, tx: &mut Tx) -> Result<Option<Instant>, StoreError> {
        Ok(self.heads(tx).await?.into_iter().map(|(_, at)| at).min())
    }
}

fn read(heads: Vec<(i16, i64)>) -> Vec<Head> {
    heads.into_iter().map(|(bucket, at)| (bucket, at.into())).collect()
}
