//! Databases for tests: a fresh SQLite file, or a schema of its own on a PostgreSQL that is
//! started from the installed binaries on loopback and ends with the test process.
#![expect(clippy::panic, clippy::expect_used, reason = "tests fail by panicking")]

use crate::{Store, Tx, sql::fetch_postgres};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{OnceLock, atomic::AtomicU32, atomic::Ordering},
};
use tokio_postgres::NoTls;

/// Where a test's database lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// An SQLite file in the test's own folder.
    Sqlite,
    /// A schema on the process's PostgreSQL.
    Postgres,
}

/// The URL of a fresh, empty schema on the PostgreSQL of this process.
///
/// # Panics
/// Where PostgreSQL is not installed, with the line that installs it.
pub async fn postgres_url() -> String {
    static SERVER: OnceLock<String> = OnceLock::new();
    static SCHEMAS: AtomicU32 = AtomicU32::new(0);
    let base = SERVER.get_or_init(start_postgres);
    let schema = format!("t{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
    let made = connect(base).await.batch_execute(&format!("create schema {schema}")).await;
    made.expect("a fresh schema");
    format!("{base}&options=-csearch_path%3D{schema}")
}

/// A connection of one's own to a PostgreSQL, past the store.
///
/// # Panics
/// Where there is none.
pub async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.expect("the test PostgreSQL answers");
    // It ends with its client.
    tokio::spawn(connection);
    client
}

/// A fresh, migrated store; `folder` keeps the file of an SQLite one.
///
/// # Panics
/// Where it cannot be made.
pub async fn store(on: On, folder: &Path) -> Store {
    let store = match on {
        On::Sqlite => Store::sqlite(&folder.join("test.db")),
        On::Postgres => Store::postgres(&postgres_url().await).await,
    }
    .expect("a fresh database opens");
    store.migrate().await.expect("a fresh database migrates");
    store
}

/// Runs statements as somebody with the database in hand would.
///
/// # Panics
/// Where the database refuses.
pub async fn run(tx: &mut Tx, sql: &str) {
    match tx {
        Tx::Sqlite(lease) => lease.batch(sql).expect("it runs"),
        Tx::Postgres(held) => held.batch(sql).await.expect("it runs"),
    }
}

/// The number that a question to PostgreSQL is answered with.
///
/// # Panics
/// Where it is not answered with one.
pub async fn number(tx: &mut Tx, sql: &str) -> i64 {
    let rows = fetch_postgres!(tx, (i64,), sql);
    rows.expect("an answer").first().expect("on PostgreSQL").0
}

/// Starts a server whose life hangs on a pipe to this process: when the test process ends,
/// however it ends, the server stops and its folder goes. With `CITUS` in the environment two more stand behind it, over
/// which it spreads tables.
fn start_postgres() -> String {
    let bin = binaries();
    let folder = server_folder();
    let [port, one, other] = [free_port(), free_port(), free_port()];
    let (options, machines, spread) = if std::env::var_os("CITUS").is_some() {
        let spread = format!(
            r#"for at in {port} {one} {other}; do ask $at "create extension citus"; done
            ask {port} "select citus_set_coordinator_host('127.0.0.1', {port})"
            for at in {one} {other}; do ask {port} "select citus_add_node('127.0.0.1', $at)"; done"#
        );
        let options = "-c shared_preload_libraries=citus -c citus.shard_count=4 -c citus.node_conninfo=sslmode=prefer -c max_prepared_transactions=200";
        (options, format!("{port} {one} {other}"), spread)
    } else {
        ("", port.to_string(), String::new())
    };
    let script = format!(
        r#"set -e
        mkdir -p "{dir}"; chmod 700 "{dir}"
        ask() {{ "{bin}/psql" -q -h 127.0.0.1 -p $1 -U aftercare postgres -c "$2" >/dev/null; }}
        for at in {machines}; do
          "{bin}/initdb" -D "{dir}/$at" -U aftercare -A trust -E UTF8 --locale=C --no-sync >"{dir}/initdb.log" 2>&1
          "{bin}/pg_ctl" -D "{dir}/$at" -w -l "{dir}/log" -o "-p $at -h 127.0.0.1 -k {dir} -c fsync=off -c synchronous_commit=off -c max_connections=200 -c shared_buffers=64MB {options}" start >/dev/null
        done
        {spread}
        echo ready
        cat >/dev/null || true
        for at in {machines}; do "{bin}/pg_ctl" -D "{dir}/$at" -m immediate stop >/dev/null 2>&1 || true; done
        rm -rf "{dir}""#,
        dir = folder.display(),
        bin = bin.display(),
    );
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "bash", "-c", &script]);
        command
    } else {
        let mut command = Command::new("bash");
        command.args(["-c", &script]);
        command
    };
    let mut child = command
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("readable");
    assert!(line == "ready\n", "PostgreSQL did not start; see {}", folder.display());
    // Its end of the pipe closes with this process.
    std::mem::forget(child);
    format!("postgres://aftercare@127.0.0.1:{port}/postgres?sslmode=disable")
}

/// Where the PostgreSQL of this process keeps its files.
pub fn server_folder() -> PathBuf {
    std::env::temp_dir().join(format!("aftercare-pg-{}", std::process::id()))
}

/// The newest installed server binaries.
///
/// # Panics
/// Where there are none, with the line that installs them.
pub fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> =
        versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists()).collect();
    found.sort();
    found
        .pop()
        .unwrap_or_else(|| panic!("the tests need PostgreSQL's server binaries: apt-get install postgresql"))
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("bound").port()
}

/// Runs an async test once on each engine, with a fresh store.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($store:ident: Store) $body:block)+) => {$(
        $(#[$doc])*
        mod $name {
            #[expect(unused_imports, reason = "a test uses what it needs")]
            use super::*;

            async fn story($store: $crate::Store) $body

            #[tokio::test]
            async fn sqlite() {
                let folder = tempfile::tempdir().unwrap();
                story($crate::testing::store($crate::testing::On::Sqlite, folder.path()).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                let folder = tempfile::tempdir().unwrap();
                story($crate::testing::store($crate::testing::On::Postgres, folder.path()).await).await;
            }
        }
    )+};
}
