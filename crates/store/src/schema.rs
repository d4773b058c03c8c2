//! The schema and its versions. A shipped migration is never edited.
//!
//! Programs of two versions work on one database while replicas are replaced one by one. So a migration adds, and takes
//! nothing away from programs back to [`LEAST`]; what is to go, goes once nobody uses it, and raises it. A program that is
//! older than that is refused.

use crate::{
    Store, StoreError, Tx, distributed, inspect, parts,
    sql::{execute, fetch_all},
};

/// Every migration in order; its place is its version.
pub const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_first.sql"),
    include_str!("schema/0002_review.sql"),
    include_str!("schema/0003_in_force.sql"),
    include_str!("schema/0004_accounts.sql"),
    include_str!("schema/0005_passkeys.sql"),
    include_str!("schema/0006_resets.sql"),
    include_str!("schema/0007_devices.sql"),
    include_str!("schema/0008_delivery.sql"),
    include_str!("schema/0009_attention.sql"),
    include_str!("schema/0010_settled.sql"),
    include_str!("schema/0011_by_time.sql"),
    include_str!("schema/0012_devices_and_doctors.sql"),
    include_str!("schema/0013_pause.sql"),
    include_str!("schema/0014_beside.sql"),
    include_str!("schema/0015_folded.sql"),
    include_str!("schema/0016_in_force.sql"),
    include_str!("schema/0017_room.sql"),
];
/// The oldest program, by the schema that it knows, that goes on beside this one.
pub const LEAST: i64 = 16;
/// A table in use is waited for so many times, each as long as a lock may take: whoever uses it is not held up meanwhile.
const TRIES: u32 = 10;

/// How many migrations this program knows.
fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

pub(crate) async fn migrate(store: &Store, wanted: Option<u32>) -> Result<(), StoreError> {
    let mut tries = 1;
    loop {
        match once(store, wanted).await {
            Err(StoreError::Conflict(_)) if tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

async fn once(store: &Store, wanted: Option<u32>) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    if let Tx::Postgres(_) = tx {
        // Two replicas that start together: one migrates, the other waits and finds it done.
        execute!(&mut tx, "select pg_advisory_xact_lock(4711042)")?;
    }
    // A role that may not change tables can start a service whose schema is up to date.
    let there = inspect::tables(&mut tx).await?.iter().any(|table| table == "migration");
    if !there {
        execute!(&mut tx, "create table migration (version bigint not null primary key)")?;
    }
    let applied = version(&mut tx).await?;
    check(&mut tx, applied).await?;
    let parts = parts::choose(&mut tx, applied, wanted).await?;
    for (migration, version) in MIGRATIONS.iter().zip(1_i64..).filter(|(_, version)| *version > applied) {
        let sqlite = matches!(tx, Tx::Sqlite(_));
        for statement in statements(migration, sqlite, parts) {
            execute!(&mut tx, statement.as_str())?;
        }
        execute!(&mut tx, "insert into migration (version) values ($1)", version)?;
        tracing::debug!(version, "the schema was brought up by one");
    }
    distributed::distribute(&mut tx).await?;
    if applied < known() {
        execute!(&mut tx, "update migration set least = $2 where version = $1", known(), LEAST)?;
    }
    tx.commit().await
}

/// Refuses a database of a newer program that this one does not go on beside.
pub async fn check(tx: &mut Tx, applied: i64) -> Result<(), StoreError> {
    if applied <= known() {
        return Ok(());
    }
    let rows = fetch_all!(tx, (Option<i64>,), "-- schema::check\nselect max(least) from migration")?;
    let least = rows.first().and_then(|row| row.0).unwrap_or(applied);
    if least <= known() {
        return Ok(());
    }
    Err(StoreError::Schema(format!(
        "the database has schema {applied}, for programs that know {least} or more, and this one knows {}: start a newer program, or restore a backup of before",
        known()
    )))
}

/// The version a database is at; 0 for an empty one.
pub async fn version(tx: &mut Tx) -> Result<i64, StoreError> {
    let rows = fetch_all!(tx, (Option<i64>,), "-- schema::version\nselect max(version) from migration")?;
    Ok(rows.first().and_then(|row| row.0).unwrap_or(0))
}

/// The statements of a migration for an engine. `SQLite`'s are the same with its type names, strict, and without how
/// PostgreSQL is to lay rows down; there tables may lie in parts.
fn statements(migration: &str, sqlite: bool, parts: u32) -> Vec<String> {
    let text: String =
        migration.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
    let statements = text.split(';').map(str::trim).filter(|statement| !statement.is_empty());
    if sqlite {
        return statements.filter(|statement| parts::storage(statement).is_none()).map(in_sqlite).collect();
    }
    statements.flat_map(|statement| parts::of(statement, parts)).collect()
}

fn in_sqlite(statement: &str) -> String {
    const TYPES: [(&str, &str); 5] = [
        (" smallint", " integer"),
        (" bigint", " integer"),
        (" boolean", " integer"),
        (" uuid", " blob"),
        (" bytea", " blob"),
    ];
    let text = TYPES.iter().fold(statement.to_owned(), |text, (from, to)| text.replace(from, to));
    if text.starts_with("create table") { format!("{text} strict, without rowid") } else { text }
}
