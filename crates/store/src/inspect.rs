//! What an operator can see: every row as it lies there. No key is used here.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_all},
};
use aftercare_core::id::NoteId;

/// The tables there are.
pub async fn tables(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let rows = match tx {
        Tx::Sqlite(_) => fetch_all!(
            tx,
            (String,),
            "-- inspect::tables\nselect name from sqlite_schema where type = 'table' order by name"
        )?,
        Tx::Postgres(_) => fetch_all!(
            tx,
            (String,),
            "-- inspect::tables\nselect relname::text from pg_class
            where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition
            order by relname collate \"C\""
        )?,
    };
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// A table's columns, in order.
pub async fn columns(tx: &mut Tx, table: &str) -> Result<Vec<String>, StoreError> {
    let rows = match tx {
        Tx::Sqlite(_) => fetch_all!(
            tx,
            (String,),
            "-- inspect::columns\nselect name from pragma_table_info($1) order by cid",
            table
        )?,
        Tx::Postgres(_) => fetch_all!(
            tx,
            (String,),
            "-- inspect::columns\nselect column_name::text from information_schema.columns
            where table_schema = current_schema() and table_name = $1 order by ordinal_position",
            table
        )?,
    };
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The rows of a table, each as one line of JSON, bytes in hex; at most a hundred thousand. `None` where
/// there is no such table.
pub async fn table(tx: &mut Tx, table: &str) -> Result<Option<Vec<String>>, StoreError> {
    if !tables(tx).await?.iter().any(|name| name == table) {
        return Ok(None);
    }
    // The name is one of the schema's own by now.
    let rows = match tx {
        Tx::Sqlite(_) => {
            let columns = columns(tx, table).await?;
            let fields: Vec<_> = columns
                .iter()
                .map(|name| {
                    format!(
                        "'{name}', case typeof({name}) when 'blob' then lower(hex({name})) else {name} end"
                    )
                })
                .collect();
            let sql = format!(
                "-- inspect::table\nselect json_object({}) from {table} limit 100000",
                fields.join(", ")
            );
            fetch_all!(tx, (String,), sql.as_str())?
        }
        Tx::Postgres(_) => {
            execute!(tx, "set local bytea_output = 'hex'")?;
            let sql =
                format!("-- inspect::table\nselect row_to_json({table})::text from {table} limit 100000");
            fetch_all!(tx, (String,), sql.as_str())?
        }
    };
    Ok(Some(rows.into_iter().map(|row| row.0).collect()))
}

/// All sealed forms of a note, oldest first.
pub async fn envelopes(tx: &mut Tx, note: NoteId) -> Result<Vec<Vec<u8>>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Vec<u8>,),
        "-- inspect::envelopes\nselect body from envelope where note_id = $1 order by seq",
        note.0
    )?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
