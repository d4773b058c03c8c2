//! What is in `deploy/` is right: rules and board name metrics that are told, the unit starts and is hardened, the
//! image is built as its linter asks, and the settings of the composition are taken.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use aftercare_store::testing::On;
use common::{
    TestApp,
    independent::independently,
    metrics,
    process::{aftercare, text},
    sink::Sink,
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

async fn read() -> Value {
    // What was never counted is not told: something of each kind happens.
    let app = TestApp::on(On::Sqlite).await;
    let (ada, grace) = app.pair().await;
    let sink = Sink::start().await;
    ada.post("/api/channels/", json!({ "kind": "webhook", "url": sink.url("hook") })).await.ok();
    grace.submit(&ada, "Take Drug A daily for 7 days.").await;
    app.advance(Span::from_hours(3)).await;
    let root = deploy().join("..").display().to_string();
    independently("deploy.py", &json!({ "root": root, "metrics": metrics(&app.app).await })).unwrap()
}

#[tokio::test]
async fn rules_and_board_ask_for_what_is_told() {
    let read = read().await;
    assert!(read["exprs"].as_u64().unwrap() > 15, "{read}");
    assert_eq!(read["unknown"], json!([]));
    assert_eq!(read["dockerfile"], "");
}

#[tokio::test]
async fn the_composition_starts_a_hospital() {
    let read = read().await;
    let folder = tempfile::tempdir().unwrap();
    // The secrets are made as the file says.
    let file = std::fs::read_to_string(deploy().join("docker/compose.yaml")).unwrap();
    let commands: Vec<_> = file.lines().filter_map(|line| line.strip_prefix("#   ")).collect();
    let made = Command::new("bash").args(["-ec", &commands.join("\n")]).current_dir(folder.path()).status();
    assert!(made.unwrap().success());
    for service in ["api", "worker"] {
        let environment = read["compose"]["services"][service]["environment"].as_object().unwrap();
        let secrets = folder.path().join("secrets").display().to_string();
        let env: Vec<_> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap().replace("/run/secrets", &secrets)))
            .map(|(name, value)| {
                (name, value.replace("${AFTERCARE_ORIGIN:-https://aftercare.example}", "https://a.example"))
            })
            .collect();
        let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let checked = aftercare(&["config", "check"], &env, "");
        assert!(checked.status.success(), "{}", text(&checked.stderr));
        assert!(text(&checked.stdout).contains("profile: Hospital"), "{}", text(&checked.stdout));
    }
}

#[test]
fn the_unit_is_taken_and_hardened() {
    let folder = tempfile::tempdir().unwrap();
    let unit = std::fs::read_to_string(deploy().join("systemd/aftercare.service")).unwrap();
    let here = folder.path().join("aftercare.service");
    std::fs::write(&here, unit.replace("/usr/local/bin/aftercare", env!("CARGO_BIN_EXE_aftercare"))).unwrap();
    let verified = Command::new("systemd-analyze").arg("verify").arg(&here).output().unwrap();
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--threshold=20"])
        .arg(&here)
        .output();
    let judged = judged.unwrap();
    assert!(judged.status.success(), "{}{}", text(&judged.stdout), text(&judged.stderr));
}
