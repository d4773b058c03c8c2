//! A PostgreSQL whose rows are spread over machines by bucket (Citus): all of a person lies on one, what is of the service
//! itself on each. What locks or changes rows names one bucket a statement, so that each goes to one machine.

use crate::{
    StoreError, Tx,
    args::args,
    inspect,
    queue::Queue,
    sql::{execute, fetch_all},
    wire::Held,
};

/// Whether a PostgreSQL has what spreads tables.
pub(crate) async fn is_spread(held: &mut Held) -> Result<bool, StoreError> {
    let asked =
        "-- distributed::is_spread\nselect exists (select 1 from pg_extension where extname = 'citus')";
    Ok(held.row::<(bool,)>(asked, args![]).await?.is_some_and(|row| row.0))
}

/// Spreads what is not spread yet, with the rows that are there.
pub(crate) async fn distribute(tx: &mut Tx) -> Result<(), StoreError> {
    let Tx::Postgres(held) = tx else { return Ok(()) };
    if !held.spread {
        return Ok(());
    }
    let done = fetch_all!(
        tx,
        (String,),
        "-- distributed::done
        select relname::text from pg_dist_partition join pg_class on pg_class.oid = logicalrelid
        where relnamespace = current_schema()::regnamespace"
    )?;
    for table in inspect::tables(tx).await? {
        // The schema's version is the coordinator's own.
        if table == "migration" || done.iter().any(|(name,)| *name == table) {
            continue;
        }
        let columns = inspect::columns(tx, &table).await?;
        let by_bucket = columns.iter().any(|column| column == "bucket");
        let statement = if by_bucket {
            "-- distributed::by_bucket\nselect create_distributed_table($1::text::regclass, 'bucket')"
        } else {
            "-- distributed::everywhere\nselect create_reference_table($1::text::regclass)"
        };
        let _ = execute!(tx, statement, table.as_str())?;
    }
    Ok(())
}

/// The buckets of a queue that hold anything, each with its earliest instant: on each machine one probe of the index for
/// each. One statement over all machines would read every row.
pub(crate) async fn heads(tx: &mut Tx, queue: Queue) -> Result<Vec<(i16, i64)>, StoreError> {
    let Queue { table, at, .. } = queue;
    let on_each = format!(
        "with recursive head as (
          (select bucket, {at} as at from %1$s order by bucket, {at} limit 1)
          union all
          select next.bucket, next.at from head cross join lateral (
            select bucket, {at} as at from %1$s as queue where queue.bucket > head.bucket order by bucket, {at} limit 1) as next)
        select string_agg(bucket || ' ' || at, ',') from head"
    );
    let asked = "-- distributed::heads\nselect success, coalesce(result, '') from run_command_on_shards($1::text::regclass, $2)";
    let mut heads = Vec::new();
    for (answered, said) in fetch_all!(tx, (bool, String), asked, table, on_each.as_str())? {
        if !answered {
            return Err(StoreError::Unavailable(said));
        }
        for head in said.split(',').filter(|head| !head.is_empty()) {
            let read =
                head.split_once(' ').and_then(|(bucket, at)| Some((bucket.parse().ok()?, at.parse().ok()?)));
            heads.push(read.ok_or_else(|| StoreError::Broken(format!("{head} is no head of {table}")))?);
        }
    }
    heads.sort_unstable();
    Ok(heads)
}
