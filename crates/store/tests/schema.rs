//! The schema on both engines.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aftercare_store::{Store, StoreError, inspect, on_both_engines, schema, testing};

on_both_engines! {
    async fn migrating_twice_changes_nothing(store: Store) {
        store.migrate().await.unwrap();
        let mut tx = store.read().await.unwrap();
        assert_eq!(schema::version(&mut tx).await.unwrap(), i64::try_from(schema::MIGRATIONS.len()).unwrap());
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("newer.db");
    let store = Store::sqlite(&file).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    sqlx::query("insert into migration (version) values (999)").execute(&pool).await.unwrap();
    pool.close().await;
    let error = Store::sqlite(&file).await.unwrap().migrate().await.unwrap_err();
    assert!(matches!(&error, StoreError::Schema(text) if text.contains("schema 999")), "{error}");
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
