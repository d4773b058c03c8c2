//! Other people's programs, asked with JSON.

use aftercare_seal::bytes;
use serde_json::{Value, json};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn here() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent");
    let installed = here.join("node_modules").exists() && here.join("venv").exists();
    assert!(installed, "the independent programs are not installed: run `make setup`");
    here
}

/// A program of `tests/independent`, to be started: `.mjs` by Node, `.py` by Python.
pub fn program(name: &str) -> Command {
    let mut command = match Path::new(name).extension().and_then(|ext| ext.to_str()) {
        Some("py") => Command::new(here().join("venv/bin/python")),
        _ => Command::new("node"),
    };
    command.arg(here().join(name));
    command
}

/// What one answers to JSON.
pub fn independently(name: &str, input: &Value) -> Result<Value, String> {
    let mut command = program(name);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A browser's subscription, with the private key it keeps.
pub fn browser() -> Value {
    independently("push.mjs", &json!({})).unwrap()
}

/// What a browser reads of what came to its push service.
pub fn opened<'a>(browser: &Value, bodies: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<String> {
    let bodies: Vec<_> = bodies.into_iter().map(|body| bytes::encode(body)).collect();
    let sealed = json!({ "private": browser["private"], "keys": browser["keys"], "bodies": bodies });
    let texts = independently("push.mjs", &sealed).unwrap()["texts"].take();
    serde_json::from_value(texts).unwrap()
}
