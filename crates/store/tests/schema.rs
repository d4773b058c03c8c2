//! The schema on both engines.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aftercare_core::instant::Instant;
use aftercare_store::{Store, StoreError, inspect, on_both_engines, schema, service, testing};

on_both_engines! {
    async fn migrating_twice_changes_nothing(store: Store) {
        store.migrate().await.unwrap();
        let mut tx = store.read().await.unwrap();
        assert_eq!(schema::version(&mut tx).await.unwrap(), i64::try_from(schema::MIGRATIONS.len()).unwrap());
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_where_it_took_something_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("newer.db");
    let store = Store::sqlite(&file).unwrap();
    store.migrate().await.unwrap();
    store.close();
    let newer = rusqlite::Connection::open(&file).unwrap();
    newer.execute_batch("insert into migration (version, least) values (998, 14)").unwrap();
    let store = Store::sqlite(&file).unwrap();
    store.migrate().await.unwrap();
    store.close();
    newer.execute_batch("insert into migration (version, least) values (999, 999)").unwrap();
    newer.close().unwrap();
    let error = Store::sqlite(&file).unwrap().migrate().await.unwrap_err();
    assert!(matches!(&error, StoreError::Schema(text) if text.contains("schema 999")), "{error}");
}

/// How rows to come are laid down: whoever writes them need not know.
const LAYS_DOWN: [&str; 2] = [" set (fillfactor = ", " set (toast_tuple_target = "];
/// Indexes by which no program back to the oldest that goes on finds anything in time: each named here was looked for.
const NEEDED_BY_NOBODY: [&str; 1] = ["drop index note_grant_of_reader"];

/// Whether programs of before go on while this is done and after it: it adds a table or a column that may be left out, or
/// changes rows, or how they are laid down. An index holds up whoever writes, and without one somebody may be slow.
fn only_adds(statement: &str) -> bool {
    let lays_down = LAYS_DOWN.iter().any(|how| statement.contains(how));
    if NEEDED_BY_NOBODY.contains(&statement) || statement.starts_with("alter table ") && lays_down {
        return true;
    }
    let (statement, columns) = match statement.split_once(" add column ") {
        Some((table, column)) if table.starts_with("alter table ") => (table, vec![column]),
        Some(_) => return false,
        None => (statement, vec![]),
    };
    let first = ["create table ", "insert into ", "update ", "alter table "];
    let may_be_left_out = |column: &&str| !column.contains(" not null") || column.contains(" default ");
    first.iter().any(|begins| statement.starts_with(begins))
        && (!statement.starts_with("alter table ") || !columns.is_empty())
        && columns.iter().all(may_be_left_out)
}

#[test]
fn migrations_take_nothing_away_from_the_programs_they_name() {
    for (adds, statement) in [
        (true, "alter table step add column later text"),
        (true, "alter table step add column later bigint not null default 0"),
        (true, "create table later (bucket smallint not null)"),
        (true, "update step set position = 0 where bucket = 1"),
        (true, "alter table step set (toast_tuple_target = 8160)"),
        (false, "alter table step add column later bigint not null"),
        (false, "alter table step drop column position"),
        (false, "alter table step rename column position to place"),
        (false, "alter table step set logged"),
        (false, "drop index step_in_force"),
        (false, "create index one on step (bucket, position)"),
        (false, "drop table step"),
        (false, "delete from step"),
    ] {
        assert_eq!(only_adds(statement), adds, "{statement}");
    }
    for (migration, version) in
        schema::MIGRATIONS.iter().zip(1_i64..).filter(|(_, version)| *version > schema::LEAST)
    {
        let lines = migration.lines().filter(|line| !line.trim_start().starts_with("--"));
        let text = lines.collect::<Vec<_>>().join(" ");
        for statement in text.split(';').map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")) {
            assert!(
                statement.is_empty() || only_adds(&statement),
                "{version} raises LEAST to {version}: {statement}"
            );
        }
    }
}

/// The service's own role needs to change rows alone: whoever migrates is another.
#[tokio::test]
async fn a_role_that_changes_no_tables_is_enough() {
    let url = testing::postgres_url().await;
    Store::postgres(&url).await.unwrap().migrate().await.unwrap();
    let owner = testing::connect(&url).await;
    let rights = "
        do $$ begin
          create role clerk login;
          execute format('grant usage on schema %I to clerk', current_schema());
          execute format('grant select, insert, update, delete on all tables in schema %I to clerk', current_schema());
        end $$";
    owner.batch_execute(rights).await.unwrap();
    let as_clerk = url.replace("postgres://aftercare@", "postgres://clerk@");
    assert_ne!(as_clerk, url);
    let store = Store::postgres(&as_clerk).await.unwrap();
    store.migrate().await.unwrap();
    let mut tx = store.write().await.unwrap();
    service::beat(&mut tx, Instant::from_micros(1)).await.unwrap();
    tx.commit().await.unwrap();
    let clerk = testing::connect(&as_clerk).await;
    assert!(clerk.batch_execute("drop table person").await.is_err());
    assert!(clerk.batch_execute("create table more (n bigint)").await.is_err());
}

#[tokio::test]
async fn schemas_agree() {
    let folder = tempfile::tempdir().unwrap();
    let mut catalogues = Vec::new();
    for on in [testing::On::Sqlite, testing::On::Postgres] {
        let store = testing::store(on, folder.path()).await;
        let mut tx = store.read().await.unwrap();
        let mut catalogue = Vec::new();
        for table in inspect::tables(&mut tx).await.unwrap() {
            catalogue.push((inspect::columns(&mut tx, &table).await.unwrap(), table));
        }
        catalogues.push(catalogue);
    }
    assert!(catalogues[0].len() > 15);
    assert_eq!(catalogues[0], catalogues[1]);
}
