//! The headline figures of extraction (`docs/EVALUATION.md`): a change that lowers one fails here.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aftercare_extract::model::prompt;
use std::{
    collections::HashMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The steps that the rules read out of a file of cases, as JSON lines.
fn read_by_rules(cases: &str) -> Vec<u8> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_aftercare"))
        .args(["extract", "--extractor", "rules"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let cases = cases.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(cases.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

fn score(gold: &Path, predictions: &[u8]) -> HashMap<String, f64> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(predictions).unwrap();
    let output = Command::new("python3")
        .arg(root().join("eval/score.py"))
        .arg(gold)
        .arg(file.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let figures = text.lines().map_while(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
    });
    figures.collect()
}

/// The figures that are published, by file: full-step F1 at least, timing wrong at most.
const HEADLINE: [(&str, f64, f64); 3] = [
    ("eval/cases.jsonl", 95.0, 0.0),
    ("eval/more.jsonl", 87.5, 1.0),
    ("../shared/data/extraction/dev.jsonl", 90.0, 0.0),
];

#[test]
fn no_headline_figure_is_lowered() {
    let document = std::fs::read_to_string(root().join("docs/EVALUATION.md")).unwrap();
    for (file, f1, wrong) in HEADLINE {
        let path = root().join(file);
        let Ok(gold) = std::fs::read_to_string(&path) else { continue };
        let figures = score(&path, &read_by_rules(&gold));
        assert!(figures["full_step_f1"] >= f1, "{file}: {figures:?}");
        assert!(figures["timing_wrong_rate"] <= wrong, "{file}: {figures:?}");
        assert!(figures["timing_invented_rate"] <= 1.0, "{file}: {figures:?}");
        assert!(
            (figures["hallucination_rate"], figures["missing_items"]) == (0.0, 0.0),
            "{file}: {figures:?}"
        );
        let published = format!("| {:.1} |", figures["full_step_f1"]);
        assert!(document.contains(&published), "docs/EVALUATION.md does not say {published} of {file}");
    }
}

/// Whoever changes the prompt measures it anew and says so.
#[test]
fn the_prompt_is_the_one_that_was_measured() {
    let document = std::fs::read_to_string(root().join("docs/EVALUATION.md")).unwrap();
    let said = format!("prompt {} ({})", prompt::VERSION, prompt::digest());
    assert!(
        document.contains(&said),
        "docs/EVALUATION.md gives no figures of {said}: run `make eval` with a live model"
    );
}
