//! The description against the service, by other people's programs: `spectral` with the OWASP rules reads
//! it, `schemathesis` asks everything in it of a running server in each role.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::client::{Service, Transport};
use axum::http::Method;
use common::process::{Server, free_port};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn installed(program: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent").join(program);
    assert!(path.exists(), "{program} is not installed: run `make setup`");
    path
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    // A request with a long value is one long line.
    String::from_utf8_lossy(&both)
        .lines()
        .map(|line| line.chars().take(300).collect::<String>() + "\n")
        .collect()
}

#[test]
fn spectral_finds_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let (api, rules) = (folder.path().join("openapi.json"), folder.path().join("rules.json"));
    std::fs::write(&api, serde_json::to_string(&aftercare::http::openapi()).unwrap()).unwrap();
    let owasp = installed("node_modules/@stoplight/spectral-owasp-ruleset/dist/ruleset.js");
    std::fs::write(&rules, json!({ "extends": ["spectral:oas", owasp] }).to_string()).unwrap();
    let mut spectral = Command::new(installed("node_modules/.bin/spectral"));
    spectral.arg("lint").args(["--format", "json", "--quiet", "--ruleset"]).arg(rules).arg(api);
    let output = spectral.output().unwrap();
    let found: Vec<Value> =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    // Advice is given, so the rules were read.
    assert!(found.iter().any(|found| found["severity"] == 1), "{}", said(&output));
    let errors: Vec<&Value> = found.iter().filter(|found| found["severity"] == 0).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// A server with a patient, their doctor and a note; the access tokens, and the patient's and note's ids.
async fn world(folder: &Path) -> (Server, String, [String; 2], [String; 2]) {
    let port = free_port();
    let limits =
        ["REQUESTS_PER_MINUTE", "FAILURES_PER_ACCOUNT", "FAILURES_PER_ADDRESS", "SIGN_UPS_PER_ADDRESS"];
    let names = limits.map(|limit| format!("AFTERCARE_LIMITS__{limit}"));
    let settings = names.each_ref().map(|name| (name.as_str(), "1000000"));
    let server = Server::start(folder, port, "", &settings);
    let url = format!("http://127.0.0.1:{port}");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let to = Transport::There(url.clone(), reqwest::Client::builder().build().unwrap());
    let mut people = Vec::new();
    for (role, name) in [("patient", "ada"), ("doctor", "grace")] {
        let mut body = json!({ "email": format!("{name}@people.example"), "password": "correct horse" });
        let credentials = body.clone();
        body["role"] = role.into();
        body["name"] = name.into();
        to.send(None, Method::POST, "/api/signup/", Some(&body)).await.unwrap();
        people.push(to.send(None, Method::POST, "/api/login/", Some(&credentials)).await.unwrap());
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tokens = [text(&people[0]["access_token"]), text(&people[1]["access_token"])];
    let [ada, grace] = [&people[0]["user"]["id"], &people[1]["user"]["id"]];
    let body = json!({ "doctor_id": grace });
    to.send(Some(&tokens[0]), Method::POST, "/api/select-doctor/", Some(&body)).await.unwrap();
    let body = json!({ "patient_id": ada, "note": "Buy Drug A. Take Drug A daily for 7 days." });
    let note = to.send(Some(&tokens[1]), Method::POST, "/api/submit-notes/", Some(&body)).await.unwrap();
    (server, url, tokens, [text(ada), text(&note["note"]["id"])])
}

/// Asks for everything that is described, as the description allows it and as it does not.
fn ask(folder: &Path, url: &str, token: Option<&str>, which: &[&str]) {
    let mut schemathesis = Command::new(installed("venv/bin/schemathesis"));
    schemathesis.current_dir(folder).args(["run", &format!("{url}/api/openapi.json"), "--seed", "1"]);
    schemathesis.args(["--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--no-shrink"]);
    schemathesis.args(["--continue-on-failure", "--warnings", "off", "--checks"]);
    schemathesis.arg("not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance");
    if let Some(token) = token {
        schemathesis.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    let output = schemathesis.args(which).output().unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    let tested = said.lines().find_map(|line| line.trim().strip_prefix("Tested: ")).unwrap();
    assert!(tested.parse::<usize>().unwrap() > 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_described_and_none_is_a_servers_error() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, url, [ada, grace], [patient, note]) = world(folder.path()).await;
    let real = format!("[parameters]\n\"query.patient_id\" = \"{patient}\"\n\"path.id\" = \"{note}\"\n");
    let folder = folder.path();
    // What ends the session, or moves the clock by years, comes last. A stream has no end: tests/delivery.rs reads it.
    let ends = r"^/api/(logout|dev/clock|me|sessions/\{id\})/$";
    let later = r"^/api/(logout|dev/clock|me|sessions/\{id\}|events)/$";
    for (token, settings) in [(Some(&ada), ""), (Some(&grace), &real), (Some(&grace), ""), (None, "")] {
        std::fs::write(folder.join("schemathesis.toml"), settings).unwrap();
        let token = token.map(String::as_str);
        tokio::task::block_in_place(|| ask(folder, &url, token, &["--exclude-path-regex", later]));
        if let Some(token) = token {
            // Whoever was signed out on the way has been told nothing but 401 since.
            let me = reqwest::Client::builder().build().unwrap().get(format!("{url}/api/me/"));
            assert_eq!(me.bearer_auth(token).send().await.unwrap().status(), 200);
        }
    }
    tokio::task::block_in_place(|| ask(folder, &url, Some(&ada), &["--include-path-regex", ends]));
}
