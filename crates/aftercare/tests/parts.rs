//! A PostgreSQL whose tables lie in parts, by bucket: everything is as where they are whole.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_store::testing::{connect, postgres_url};
use common::{
    process::{Server, free_port},
    there::Client,
};
use serde_json::json;
use std::process::{Command, Output};

fn migrate(url: &str, parts: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_aftercare"));
    program.args(["migrate", "--parts", parts]).env("AFTERCARE_DATABASE_URL", url).output().unwrap()
}

fn refused(url: &str, parts: &str) -> String {
    let output = migrate(url, parts);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_in_parts_are_as_good_as_whole() {
    let (folder, port, url) = (tempfile::tempdir().unwrap(), free_port(), postgres_url().await);
    assert!(refused(&url, "7").contains("7 is none of 2, 4, 8"), "{}", refused(&url, "7"));
    let made = migrate(&url, "4");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(migrate(&url, "4").status.success(), "again changes nothing");
    assert!(refused(&url, "8").contains("there already, in 4 parts"));

    let _server = Server::start(folder.path(), port, &url, &[]);
    let anon = Client::at(port);
    let (grace, grace_id) = anon.sign_up("grace", "doctor").await;
    let mut people = Vec::new();
    for n in 0..6 {
        let (person, id) = anon.sign_up(&format!("ada{n}"), "patient").await;
        person.ok("/api/select-doctor/", Some(&json!({ "doctor_id": grace_id }))).await;
        for text in ["Take Drug A daily for 7 days.", "Take Drug B every 6 hours for 2 days. Buy Drug B."] {
            grace.ok("/api/submit-notes/", Some(&json!({ "patient_id": id, "note": text }))).await;
        }
        people.push(person);
    }
    for hours in [0, 6, 12] {
        for person in &people {
            let due = person.ok("/api/reminders/?status=due", None).await;
            let items = due["items"].as_array().unwrap();
            assert_eq!(items.len(), 1, "after {hours} h: {due}");
            // Half of them answer.
            if hours != 6 {
                let done = json!({ "reminder_id": items[0]["id"], "status": "done" });
                person.ok("/api/check-in/", Some(&done)).await;
            }
        }
        anon.ok("/api/dev/clock/", Some(&json!({ "advance": "6h" }))).await;
    }
    for person in &people {
        let steps = person.ok("/api/actionable-steps/", None).await;
        let progress = &steps["plan"][0]["progress"];
        assert_eq!([&progress["done"], &progress["missed"]], [2, 1], "{steps}");
    }
    let list = grace.ok("/api/doctor/patients/", None).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 6);
    // In more than one part, each in its own.
    let counted = "select count(distinct tableoid), count(*) from occurrence";
    let row = connect(&url).await.query_one(counted, &[]).await.unwrap();
    let (parts, rows) = (row.get::<_, i64>(0), row.get::<_, i64>(1));
    assert!(parts > 1 && rows >= 18, "{rows} rows in {parts} parts");
    // And notes lie in their rows, in each.
    let beside = "select sum(pg_relation_size(reltoastrelid))::bigint, sum(pg_relation_size(oid))::bigint
        from pg_class join pg_partition_tree('envelope') as part on part.relid = oid";
    let row = connect(&url).await.query_one(beside, &[]).await.unwrap();
    let (beside, within) = (row.get::<_, i64>(0), row.get::<_, i64>(1));
    assert!(beside == 0 && within >= 12 * 4_096, "{beside} bytes beside {within}");
}
