//! The commands that need no service, run as a person runs them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

fn aftercare(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_aftercare"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // A command that refuses its arguments closes its input early.
    let _ = writer.join().unwrap();
    output
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn schedule_replay_answers_every_vector_exactly() {
    let vectors = std::fs::read_to_string(root().join("crates/core/tests/data/vectors.jsonl")).unwrap();
    let output = aftercare(&["schedule", "replay"], &vectors);
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), vectors.lines().count());
    for (vector, answer) in vectors.lines().zip(answers.lines()) {
        let vector: serde_json::Value = serde_json::from_str(vector).unwrap();
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        assert_eq!(answer, vector["expect"], "{}", vector["name"]);
    }
}

#[test]
fn a_bad_line_is_named_and_the_others_are_answered() {
    let good = r#"{"timing":{"frequency":1},"zone":"Europe/Berlin","start":"2026-02-02T05:00:00Z","now":"2026-02-02T06:00:00Z"}"#;
    let input = format!(
        "{good}\n{{\"timing\":{{\"frequency\":0}},\"zone\":\"Europe/Berlin\",\"start\":\"2026-02-02T05:00:00Z\",\"now\":\"2026-02-02T06:00:00Z\"}}\nnot json\n{good}\n"
    );
    let output = aftercare(&["schedule", "replay"], &input);
    assert_eq!(output.status.code(), Some(1));
    let answers = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = answers.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[1].contains("line 2: timing.frequency: must be 1 or more"), "{}", lines[1]);
    assert!(lines[2].contains("line 3"), "{}", lines[2]);
    assert_eq!(lines[0], lines[3]);
}

#[test]
fn wrong_use_exits_with_2() {
    assert_eq!(aftercare(&["no-such-command"], "").status.code(), Some(2));
    assert_eq!(aftercare(&["extract", "--extractor", "magic"], "").status.code(), Some(2));
}

/// Runs a command over a folder of its own.
fn over(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aftercare"))
        .args(args)
        .env("AFTERCARE_DATA", folder.join("data"))
        .env("AFTERCARE_PASSWORD__MEMORY_KIB", "19456")
        .env("AFTERCARE_PASSWORD__PASSES", "2")
        .env_remove("GEMINI_API_KEY")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn an_operator_sees_what_there_is_and_nothing_of_notes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let demo = over(folder, &["demo"]);
    assert!(demo.status.success(), "{}", text(&demo.stderr));
    assert!(text(&demo.stdout).contains("nora.berg@demo.example"));
    assert!(text(&over(folder, &["demo"]).stdout).contains("were there already"));

    let users = text(&over(folder, &["user", "list", "--json"]).stdout);
    assert_eq!(users.lines().count(), 5);
    let user: serde_json::Value = serde_json::from_str(users.lines().next().unwrap()).unwrap();
    let id = user["id"].as_str().unwrap();
    assert!(text(&over(folder, &["user", "disable", id]).stdout).contains("closed"));
    assert_eq!(text(&over(folder, &["user", "list"]).stdout).lines().count(), 4);
    assert!(text(&over(folder, &["user", "enable", id]).stdout).contains("open"));
    assert!(text(&over(folder, &["user", "unlock", id]).stdout).contains("unlocked"));
    for what in ["disable", "approve", "unlock"] {
        assert!(
            !over(folder, &["user", what, "00000000-0000-7000-8000-000000000000"]).status.success(),
            "{what}"
        );
    }
    // The record is whole, and a head that was kept elsewhere must still be in it.
    let verified = text(&over(folder, &["audit", "verify"]).stdout);
    assert!(verified.contains(" 0 faults") && !verified.starts_with("0 chains"), "{verified}");
    let heads = folder.join("heads");
    std::fs::write(&heads, over(folder, &["audit", "heads"]).stdout).unwrap();
    let heads = heads.to_str().unwrap();
    assert!(text(&over(folder, &["user", "unlock", id]).stdout).contains("unlocked"));
    assert!(over(folder, &["audit", "verify", "--heads", heads]).status.success());
    let gone =
        std::fs::read_to_string(heads).unwrap() + &format!("{} 1 {}\n", uuid::Uuid::max(), "A".repeat(43));
    std::fs::write(heads, gone).unwrap();
    let missed = over(folder, &["audit", "verify", "--heads", heads]);
    assert!(!missed.status.success() && text(&missed.stdout).contains("the whole chain is gone"));

    let notes = text(&over(folder, &["inspect", "table", "note"]).stdout);
    let note: serde_json::Value = serde_json::from_str(notes.lines().next().unwrap()).unwrap();
    let id: uuid::Uuid = note["id"].as_str().unwrap().parse().unwrap();
    let sealed = text(&over(folder, &["inspect", "note", &id.to_string()]).stdout);
    assert!(sealed.contains("647a00010002") && !sealed.to_lowercase().contains("moxicillin"));
    let nothing = over(folder, &["inspect", "table", "nothing"]);
    assert!(text(&nothing.stderr).contains("there are: "), "{}", text(&nothing.stderr));
    let version = aftercare_store::schema::MIGRATIONS.len();
    assert!(text(&over(folder, &["migrate"]).stdout).starts_with(&format!("schema {version} on SQLite")));
}

#[test]
fn configuration_is_checked_and_secrets_are_masked() {
    let folder = tempfile::tempdir().unwrap();
    let good = Command::new(env!("CARGO_BIN_EXE_aftercare"))
        .args(["config", "check"])
        .env("GEMINI_API_KEY", "hush")
        .output()
        .unwrap();
    let said = text(&good.stdout);
    assert!(
        good.status.success() && !said.contains("hush") && said.contains("exclude clinical practice"),
        "{said}"
    );
    assert!(said.contains("in what is sent: masked"), "{said}");
    let hospital = Command::new(env!("CARGO_BIN_EXE_aftercare"))
        .args(["config", "check", "--profile", "hospital"])
        .env("GEMINI_API_KEY", "hush")
        .output()
        .unwrap();
    let said = text(&hospital.stderr);
    assert!(said.contains("AFTERCARE_EXTRACT__TERMS=developer-api"), "{said}");
    let off = Command::new(env!("CARGO_BIN_EXE_aftercare"))
        .args(["config", "check"])
        .envs([("GEMINI_API_KEY", "hush"), ("AFTERCARE_EXTRACT__DEIDENTIFY", "false")])
        .output()
        .unwrap();
    assert!(text(&off.stdout).contains("left as they are"), "{}", text(&off.stdout));
    let bad = Command::new(env!("CARGO_BIN_EXE_aftercare"))
        .args(["serve", "--listen", "0.0.0.0:1"])
        .output()
        .unwrap();
    assert_eq!(bad.status.code(), Some(78));
    assert!(text(&bad.stderr).contains("loopback only"));
    let json = Command::new(env!("CARGO_BIN_EXE_aftercare"))
        .args(["migrate", "--data"])
        .arg(folder.path().join("json"))
        .envs([("AFTERCARE_LOG_FORMAT", "json"), ("AFTERCARE_LOG", "debug")])
        .output()
        .unwrap();
    let lines = text(&json.stderr);
    assert!(lines.lines().count() > 5, "{lines}");
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string() && line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }
    let gone = over(folder.path(), &["migrate", "--database-url", "postgres://x@127.0.0.1:1/x"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(text(&gone.stderr).contains("cannot open the database"), "{}", text(&gone.stderr));
    assert!(text(&over(folder.path(), &["openapi"]).stdout).contains("\"openapi\": \"3.1.0\""));
    let defaults = text(&over(folder.path(), &["config", "defaults"]).stdout);
    assert!(defaults.contains("fallback_to_rules = false"));
}
