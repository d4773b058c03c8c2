//! What the two queues have in common: `due` and `sending` lie in buckets, each in the order of time, and whoever works
//! them off asks first which buckets have something.

/// The buckets that hold anything, each with its earliest instant: one probe of the index for each.
macro_rules! heads {
    ($tx:expr, $name:literal, $table:literal, $at:literal) => {
        if let $crate::Tx::Sqlite(_) = $tx {
            let mut heads: Vec<(i16, i64)> = Vec::new();
            loop {
                let last = heads.last().map_or(-1, |head| head.0);
                let next = $crate::sql::fetch_one!(
                    $tx,
                    (i16, i64),
                    concat!(
                        "-- ",
                        $name,
                        "\nselect bucket, ",
                        $at,
                        " from ",
                        $table,
                        " where bucket > $1 order by bucket, ",
                        $at,
                        " limit 1"
                    ),
                    last
                )?;
                match next {
                    Some(head) => heads.push(head),
                    None => break Ok(heads),
                }
            }
        } else if $tx.is_spread() {
            $crate::distributed::heads($tx, $table, $at).await
        } else {
            $crate::sql::fetch_postgres!(
                $tx,
                (i16, i64),
                concat!(
                    "-- ",
                    $name,
                    "\nselect head.bucket, head.at from generate_series(0, 1023) as every(bucket)
                    cross join lateral (
                      select bucket, ",
                    $at,
                    " as at from ",
                    $table,
                    " as queue where queue.bucket = every.bucket::smallint
                      order by ",
                    $at,
                    " limit 1) as head"
                )
            )
        }
    };
}

pub(crate) use heads;
