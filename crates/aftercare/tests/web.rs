//! The web app in a real browser (`web/tests`), against the real program; afterwards the program's disk, log and memory are
//! searched for the words that went through the browser.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    canary::holds_canary,
    independent::independently,
    model::{self, Script, gemini_answer, labels},
    process::{Server, free_port, memory_of},
};
use serde_json::json;
use std::{
    path::Path,
    process::Command,
    sync::{Mutex, PoisonError},
};

/// One browser at a time: what is measured is measured alone.
static ALONE: Mutex<()> = Mutex::new(());

fn web() -> std::path::PathBuf {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    assert!(web.join("dist/index.html").exists(), "the web app is not built: run `make web`");
    web
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// A server that nobody is too fast for.
fn server(folder: &Path, port: u16) -> Server {
    server_with(folder, port, &[])
}

/// The same, set in some way.
fn server_with(folder: &Path, port: u16, settings: &[(&str, &str)]) -> Server {
    let limits =
        ["REQUESTS_PER_MINUTE", "FAILURES_PER_ACCOUNT", "FAILURES_PER_ADDRESS", "SIGN_UPS_PER_ADDRESS"];
    let names = limits.map(|limit| format!("AFTERCARE_LIMITS__{limit}"));
    let limits = names.each_ref().map(|name| (name.as_str(), "1000000"));
    Server::start(folder, port, "", &[&limits, settings].concat())
}

/// Runs a file of tests against a service; what it says where one fails.
fn run(file: &str, url: &str, env: &[(&str, &Path)]) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut node = Command::new("node");
    node.current_dir(web()).args(["--test", "--test-reporter=spec"]).arg(format!("tests/{file}"));
    let output = node.env("AFTERCARE_URL", url).envs(env.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Every file below a folder, in one piece.
fn disk(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        all.extend(if path.is_dir() { disk(&path) } else { std::fs::read(path).unwrap() });
    }
    all
}

#[test]
fn the_whole_story_and_not_a_word_of_it_on_the_server() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut server = server(folder.path(), port);
    let fhir = folder.path().join("fhir.json");
    run("story.test.mjs", &local(port), &[("FHIR_FILE", &fhir)]);
    // What it gives another system is FHIR, as somebody else reads it.
    let bundle = serde_json::from_slice(&std::fs::read(&fhir).unwrap()).unwrap();
    let read = independently("read_fhir.py", &bundle).unwrap();
    assert_eq!(
        read["types"],
        json!(["Patient", "Practitioner", "CarePlan", "CarePlan", "DocumentReference", "DocumentReference"])
    );
    std::fs::remove_file(fhir).unwrap();
    // Without root another process's memory is closed, which `tests/memory.rs` looks at.
    let memory = memory_of(server.0.id()).unwrap_or_default();
    assert_eq!(holds_canary(&memory), None, "in memory");
    server.kill();
    let disk = disk(folder.path());
    assert!(disk.windows(10).any(|bytes| bytes == b"Ada Winter"), "names are there in clear");
    assert_eq!(holds_canary(&disk), None, "on disk");
}

/// A file of tests against a service of its own.
fn alone(file: &str) {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = server(folder.path(), port);
    run(file, &local(port), &[]);
}

#[test]
fn every_screen_is_for_everybody() {
    alone("accessible.test.mjs");
}

#[test]
fn every_word_is_in_a_catalogue_and_may_run_from_right_to_left() {
    alone("strange.test.mjs");
}

#[test]
fn a_reminder_reaches_the_screen_by_name() {
    alone("push.test.mjs");
}

/// The same in a browser that speaks with its push service by itself: Firefox, with one on loopback.
#[test]
fn a_reminder_reaches_the_screen_in_firefox() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = server(folder.path(), port);
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let seen =
        independently("firefox_app.mjs", &json!({ "origin": format!("http://localhost:{port}") })).unwrap();
    assert_eq!(
        seen,
        json!({ "ticks": ["✓ Allowed", "✓ Signed up", "✓ Sent", "✓ Shown"], "opened": "Today" })
    );
}

/// A live model is asked for a note where its doctor has chosen that for this note, and is told no name.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_model_is_a_choice_for_each_note() {
    let model = model::server(vec![Script::Answer(200, gemini_answer(&labels("MM"), "STOP"))]).await;
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let asked = std::sync::Arc::clone(&model.asked);
    let work = move || {
        let settings = [
            ("AFTERCARE_GEMINI__BASE_URL", model.url.as_str()),
            ("AFTERCARE_GEMINI__API_KEY", "test-key"),
            ("AFTERCARE_EXTRACT__DEIDENTIFY", "true"),
        ];
        let _server = server_with(folder.path(), port, &settings);
        run("model.test.mjs", &local(port), &[]);
    };
    tokio::task::spawn_blocking(work).await.unwrap();
    let asked = asked.lock().unwrap();
    let said = asked[0].2["contents"].to_string();
    assert_eq!(asked.len(), 1, "for one of two notes");
    assert!(said.contains("zyxolitamab") && !said.contains("Ada") && !said.contains("Winter"), "{said}");
}

#[test]
fn a_newer_app_takes_over() {
    alone("update.test.mjs");
}

#[test]
fn today_is_light_and_quick_on_a_slow_machine() {
    alone("budget.test.mjs");
}

/// Passkeys belong to a host's name: `localhost`.
#[test]
fn keys_are_kept_lost_and_made_anew() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = server(folder.path(), port);
    let data = folder.path().join("data");
    let program = Path::new(env!("CARGO_BIN_EXE_aftercare"));
    run(
        "keys.test.mjs",
        &format!("http://localhost:{port}"),
        &[("SERVER_PROGRAM", program), ("SERVER_DATA", &data)],
    );
}

#[test]
fn the_operators_pages() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = server_with(folder.path(), port, &[("AFTERCARE_APPROVE_DOCTORS", "true")]);
    let (data, program) = (folder.path().join("data"), Path::new(env!("CARGO_BIN_EXE_aftercare")));
    let listen = format!("127.0.0.1:{port}");
    let env = [("SERVER_PROGRAM", program), ("SERVER_DATA", &data), ("SERVER_LISTEN", Path::new(&listen))];
    run("operator.test.mjs", &format!("http://localhost:{port}"), &env);
}

/// What happened is said in words, whatever it was.
#[test]
fn every_action_on_record_has_words() {
    let notices = include_str!("../../../web/src/screens/notices.tsx");
    for action in aftercare::audit::Action::ALL {
        let name = format!(" {}: '", action.slug());
        assert_eq!(notices.matches(&name).count(), 2, "{name} in English and German");
    }
}
