//! Every measurement of `aftercare bench` runs, small, and gives its figures.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_store::testing::postgres_url;
use common::process::{aftercare, text};
use serde_json::Value;

fn measured(args: &[&str]) -> Value {
    let env = [("AFTERCARE_PASSWORD__MEMORY_KIB", "19456"), ("AFTERCARE_PASSWORD__PASSES", "2")];
    let done = aftercare(&[&["bench"], args].concat(), &env, "");
    assert!(done.status.success(), "{args:?}: {}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

const DUE: [&str; 6] = ["--schedules", "400", "--history", "3", "--turns", "2"];

#[tokio::test]
async fn due_work_on_both_engines() {
    for what in ["engine", "limit"] {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display().to_string();
        let here = measured(&[&[what], DUE.as_slice(), &["--folder", &at]].concat());
        assert_eq!(
            (here["database"].as_str(), here["events"].as_u64()),
            (Some("SQLite"), Some(800)),
            "{here}"
        );
        assert!(
            here["events_per_second"].as_u64().unwrap() > 0 && here["wal_bytes_per_event"].is_null(),
            "{here}"
        );

        let url = postgres_url().await;
        let more = ["--workers", "2", "--database-url", &url];
        let there = measured(&[&[what], DUE.as_slice(), &more].concat());
        assert_eq!(
            (there["database"].as_str(), there["events"].as_u64()),
            (Some("PostgreSQL"), Some(800)),
            "{there}"
        );
        assert!(there["wal_bytes_per_event"].as_u64().unwrap() > 50, "{there}");
        // Nobody measures among people.
        let again = aftercare(&[&["bench", what], DUE.as_slice(), &more].concat(), &[], "");
        assert!(!again.status.success(), "{}", text(&again.stdout));
    }
}

#[tokio::test]
async fn with_a_whole_day_behind_it_a_held_snapshot_and_a_little_at_a_time() {
    let all = ["engine", "--schedules", "5760", "--turns", "2", "--all-day", "--held", "--lateness"];
    let url = postgres_url().await;
    for more in [&[][..], &["--database-url", &url]] {
        let found = measured(&[&all, more].concat());
        // Two of twenty-four hours.
        assert_eq!((&found["events"], &found["held"]["events"]), (&480.into(), &480.into()), "{found}");
        assert!(found["held"]["events_per_second"].as_u64().unwrap() > 0, "{found}");
        let late = ["p50_ms", "p99_ms", "max_ms"].map(|name| found["lateness"][name].as_f64().unwrap());
        assert!(late[0] > 0.0 && late.is_sorted(), "{found}");
    }
    let found = measured(&["lateness", "--people", "50", "--within", "2"]);
    assert_eq!((&found["database"], &found["people"]), (&"SQLite".into(), &50.into()), "{found}");
}

#[test]
fn keys_and_sealing() {
    let found = measured(&["crypto"]);
    assert_eq!(found["argon2id"], serde_json::json!([19_456, 2]));
    for what in ["argon2id_us", "seal_note_us", "open_note_us", "sign_us", "verify_us", "token_us"] {
        assert!(found[what].as_f64().unwrap() > 1.0, "{what}: {found}");
    }
}

#[tokio::test]
async fn the_api_on_both_engines() {
    let pace = ["api", "--seconds", "1", "--connections", "2", "--schedules", "40"];
    let url = postgres_url().await;
    for more in [&[][..], &["--database-url", &url]] {
        let found = measured(&[&pace, more].concat());
        let answered = found["answered"].as_object().unwrap();
        assert_eq!(answered.len(), 7, "{found}");
        for (what, one) in answered {
            assert!(one["requests_per_second"].as_u64().unwrap() > 0, "{what}: {one}");
            assert!(one["p50_us"].as_u64() <= one["p99_us"].as_u64(), "{what}: {one}");
        }
        let program = &found["program"];
        let memory = ["idle_memory_mib", "busy_memory_mib"].map(|name| program[name].as_u64().unwrap());
        assert!(program["first_answer_ms"].as_u64().unwrap() > 0, "{program}");
        assert!(10 < memory[0] && memory[0] <= memory[1], "{program}");
    }
    // Whoever refuses is no figure.
    let nobody = aftercare(&["bench", "drive", "http://127.0.0.1:9/", "--seconds", "1"], &[], "");
    assert!(text(&nobody.stderr).contains("nobody listens on 127.0.0.1:9"), "{}", text(&nobody.stderr));
}
