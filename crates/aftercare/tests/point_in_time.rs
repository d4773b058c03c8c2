//! A PostgreSQL brought back to a moment, by its own means and as `docs/OPERATIONS.md` says: a base backup, the archive of
//! its log, and the moment before somebody dropped a table.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_store::testing::binaries;
use common::{
    process::{Server, aftercare, free_port, text},
    there::Client,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, os::unix::fs::MetadataExt, path::Path, process::Command, time::Instant};

/// A server of its own, which is stopped when this goes.
struct Cluster<'a> {
    folder: &'a Path,
    data: &'static str,
    port: u16,
}

/// Runs a script as whom PostgreSQL runs.
fn shell(folder: &Path, script: &str) -> String {
    let script =
        format!("set -euo pipefail; PATH={}:$PATH; cd {}; {script}", binaries().display(), folder.display());
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = Command::new(if root { "setpriv" } else { "bash" });
    if root {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "bash"]);
    }
    let done = command.args(["-c", &script]).current_dir("/").output().unwrap();
    assert!(done.status.success(), "{script}\n{}", text(&done.stderr));
    text(&done.stdout).trim().to_owned()
}

impl Cluster<'_> {
    fn start(&self) {
        let Self { folder, data, port } = self;
        let options = format!(
            "-p {port} -h 127.0.0.1 -k {at} -c archive_mode=on -c archive_command='cp %p {at}/archive/%f'",
            at = folder.display()
        );
        shell(folder, &format!(r#"pg_ctl -D {data} -w -l {data}.log -o "{options}" start >/dev/null"#));
    }

    fn sql(&self, sql: &str) -> String {
        let Self { folder, port, .. } = self;
        shell(
            folder,
            &format!(r#"psql -qAt -h {} -p {port} -U aftercare -d postgres -c "{sql}""#, folder.display()),
        )
    }

    fn url(&self) -> String {
        format!("postgres://aftercare@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    fn stop(&self) {
        shell(self.folder, &format!("pg_ctl -D {} -m fast -w stop >/dev/null", self.data));
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        let script = format!("pg_ctl -D {} -m immediate stop >/dev/null 2>&1 || true", self.data);
        shell(self.folder, &script);
    }
}

async fn notes(of: &Client) -> BTreeMap<String, String> {
    let list = of.ok("/api/notes/?limit=200", None).await;
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    list["items"].as_array().unwrap().iter().map(|note| (word(&note["id"]), word(&note["text"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn back_to_the_moment_before_a_table_was_dropped() {
    let (place, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let folder = place.path();
    shell(
        folder,
        "mkdir -p archive; initdb -D first -U aftercare -A trust -E UTF8 --locale=C --no-sync >/dev/null",
    );
    let first = Cluster { folder, data: "first", port: free_port() };
    first.start();

    let port = free_port();
    let mut server = Server::start(keys.path(), port, &first.url(), &[]);
    let anon = Client::at(port);
    let (grace, grace_id) = anon.sign_up("grace", "doctor").await;
    let (ada, ada_id) = anon.sign_up("ada", "patient").await;
    ada.ok("/api/select-doctor/", Some(&json!({ "doctor_id": grace_id }))).await;
    let write = async |n: usize| {
        let note = format!("Take Drug T{n} twice daily for 5 days.");
        grace.ok("/api/submit-notes/", Some(&json!({ "patient_id": ada_id, "note": note }))).await;
    };
    write(0).await;
    shell(
        folder,
        &format!("pg_basebackup -h {} -p {} -U aftercare -D backup -c fast", folder.display(), first.port),
    );
    shell(folder, "pg_verifybackup backup >/dev/null");
    for n in 1..5 {
        write(n).await;
    }
    let due = ada.ok("/api/reminders/?status=due", None).await["items"].as_array().unwrap().first().cloned();
    let acknowledged = notes(&ada).await;
    assert_eq!(acknowledged.len(), 5);
    let moment = first.sql("select clock_timestamp()");
    write(5).await;
    first.sql("drop table envelope cascade");
    assert!(ada.send("/api/notes/", None).await.unwrap().0 >= 500, "it is gone");
    server.kill();
    first.sql("select pg_switch_wal()");
    first.stop();

    let begun = Instant::now();
    let recovery = format!(
        "restore_command = 'cp {at}/archive/%f %p'\nrecovery_target_time = '{moment}'\nrecovery_target_action = promote\n",
        at = folder.display()
    );
    shell(
        folder,
        &format!(
            "cp -r backup second; touch second/recovery.signal; cat >> second/postgresql.auto.conf <<'CONF'\n{recovery}CONF"
        ),
    );
    let second = Cluster { folder, data: "second", port: free_port() };
    second.start();
    for _ in 0..100 {
        if second.sql("select pg_is_in_recovery()") == "f" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let took = begun.elapsed();

    // The master key was kept apart; sessions are as they were.
    let _server = Server::start(keys.path(), port, &second.url(), &[]);
    assert_eq!(ada.send("/readyz", None).await.unwrap().0, 200);
    assert_eq!(notes(&ada).await, acknowledged, "what was acknowledged by then, and opens");
    let still =
        ada.ok("/api/reminders/?status=due", None).await["items"].as_array().unwrap().first().cloned();
    assert_eq!(still.map(|one| one["id"].clone()), due.map(|one| one["id"].clone()));
    let data = keys.path().join("data").display().to_string();
    let audit = aftercare(&["audit", "verify", "--data", &data, "--database-url", &second.url()], &[], "");
    assert!(audit.status.success(), "{}{}", text(&audit.stdout), text(&audit.stderr));
    println!(
        "{} notes as they stood, {:.1} s from the backup to a database that answers",
        acknowledged.len(),
        took.as_secs_f64()
    );
}
