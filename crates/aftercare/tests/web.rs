//! The web app in a real browser (`web/tests`), against the real program; afterwards the program's disk, log and memory are
//! searched for the words that went through the browser.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    canary::holds_canary,
    process::{Server, free_port, memory_of},
};
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

/// A server that nobody is too fast for.
fn server(folder: &Path, port: u16) -> Server {
    let limits =
        ["REQUESTS_PER_MINUTE", "FAILURES_PER_ACCOUNT", "FAILURES_PER_ADDRESS", "SIGN_UPS_PER_ADDRESS"];
    let names = limits.map(|limit| format!("AFTERCARE_LIMITS__{limit}"));
    Server::start(folder, port, "", &names.each_ref().map(|name| (name.as_str(), "1000000")))
}

/// Runs a file of tests; what it says where one fails.
fn run(file: &str, port: u16) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut node = Command::new("node");
    node.current_dir(web()).args(["--test", "--test-reporter=spec"]).arg(format!("tests/{file}"));
    let output = node.env("AFTERCARE_URL", format!("http://127.0.0.1:{port}")).output().unwrap();
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
    run("story.test.mjs", port);
    // Without root another process's memory is closed, which `tests/memory.rs` looks at.
    let memory = memory_of(server.0.id()).unwrap_or_default();
    assert_eq!(holds_canary(&memory), None, "in memory");
    server.kill();
    let disk = disk(folder.path());
    assert!(disk.windows(10).any(|bytes| bytes == b"Ada Winter"), "names are there in clear");
    assert_eq!(holds_canary(&disk), None, "on disk");
}

#[test]
fn every_screen_is_for_everybody() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = server(folder.path(), port);
    run("accessible.test.mjs", port);
}

#[test]
fn a_reminder_reaches_the_screen_by_name() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = server(folder.path(), port);
    run("push.test.mjs", port);
}

#[test]
fn today_is_light_and_quick_on_a_slow_machine() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = server(folder.path(), port);
    run("budget.test.mjs", port);
}
