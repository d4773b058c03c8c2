//! Tables of people's rows in parts by bucket, on a PostgreSQL that is to hold a country. Each part has indexes of its own,
//! as much smaller, and is vacuumed by itself. For less it is not worth its price in planning, so whoever makes the database
//! chooses; a part is found by the bucket that every key begins with.

use crate::{StoreError, Tx, sql::fetch_all};

/// More than these: a plan looks at each.
const MOST: u32 = 64;

/// Of a statement that says how a table's rows are laid down: of which, and how.
pub(crate) fn storage(statement: &str) -> Option<(&str, &str)> {
    statement.strip_prefix("alter table ")?.split_once(" set (")
}

/// A statement of the schema with its tables in so many parts; 0: whole.
pub(crate) fn of(statement: &str, parts: u32) -> Vec<String> {
    if let Some((table, laid)) = storage(statement).filter(|_| parts > 0) {
        // Each part has rows of its own, and the whole has none. A part keeps its name where the whole is renamed.
        return vec![format!(
            "do $$ declare part regclass; begin
              for part in select inhrelid::regclass from pg_inherits where inhparent = '{table}'::regclass loop
                execute format('alter table %s set ({laid}', part);
              end loop;
            end $$"
        )];
    }
    let name = statement.strip_prefix("create table ").and_then(|rest| rest.split([' ', '(']).next());
    let Some(name) = name.filter(|_| parts > 0 && statement.contains("primary key (bucket")) else {
        return vec![statement.to_owned()];
    };
    let part = |n| {
        format!(
            "create table {name}_{n} partition of {name} for values with (modulus {parts}, remainder {n})"
        )
    };
    std::iter::once(format!("{statement} partition by hash (bucket)")).chain((0..parts).map(part)).collect()
}

/// In how many parts tables are to be made: as wanted where the database is new, else as they are there.
pub(crate) async fn choose(tx: &mut Tx, applied: i64, wanted: Option<u32>) -> Result<u32, StoreError> {
    let there = match tx {
        Tx::Postgres(_) if applied > 0 => there(tx).await?,
        _ => 0,
    };
    let Some(wanted) = wanted else { return Ok(there) };
    let refused = match tx {
        Tx::Sqlite(_) => "the embedded database has no parts".to_owned(),
        Tx::Postgres(held) if held.spread => {
            "Citus spreads the tables by itself: leave --parts out".to_owned()
        }
        Tx::Postgres(_) if !(2..=MOST).contains(&wanted) || !wanted.is_power_of_two() => {
            format!("parts: {wanted} is none of 2, 4, 8, 16, 32, {MOST}")
        }
        Tx::Postgres(_) if applied > 0 && there != wanted => {
            format!(
                "the tables are there already, in {} parts: that is chosen when a database is made",
                there.max(1)
            )
        }
        Tx::Postgres(_) => return Ok(wanted),
    };
    Err(StoreError::Schema(refused))
}

async fn there(tx: &mut Tx) -> Result<u32, StoreError> {
    let rows = fetch_all!(
        tx,
        (i64,),
        "-- parts::there
        select count(*) from pg_inherits where inhparent = 'step'::regclass"
    )?;
    Ok(rows.first().and_then(|row| row.0.try_into().ok()).unwrap_or(0))
}
