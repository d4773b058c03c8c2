//! The README's commands, run as they stand: `make run`, then the walk against it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The shell blocks of the README, in order.
fn blocks() -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// A process with all it has started, ended with the test.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.0.wait();
    }
}

#[test]
fn the_walk_goes_as_the_readme_says() {
    let blocks = blocks();
    assert!(blocks[0].starts_with("make run ") && blocks[1].starts_with("make test "));
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();

    let mut run = Command::new("bash");
    run.args(["-c", &blocks[0]]).current_dir(root()).stdout(Stdio::piped()).process_group(0);
    run.env("AFTERCARE_LISTEN", format!("127.0.0.1:{port}"))
        .env("AFTERCARE_DATA", folder.path().join("data"));
    let mut run = Group(run.spawn().unwrap());
    let ready = BufReader::new(run.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let block: Vec<_> = ready.take_while(|line| !line.contains("Extractor")).collect();
    assert!(block.iter().any(|line| line.contains("nora.berg@demo.example")), "{block:?}");
    assert!(
        block.iter().any(|line| line.contains(&format!("http://127.0.0.1:{port}/api/docs"))),
        "{block:?}"
    );

    let walk = blocks[2..].concat().replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"));
    let walk = walk.replace("/tmp/aftercare-note.json", folder.path().join("note.json").to_str().unwrap());
    let walk = walk.replace("~/.cache/aftercare/target/debug/aftercare", env!("CARGO_BIN_EXE_aftercare"));
    let mut shell = Command::new("bash");
    shell.env("AFTERCARE_DATA", folder.path().join("data"));
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(walk.as_bytes()).unwrap();
    let printed = String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap();
    let expected: Vec<_> = walk.lines().filter_map(|line| line.strip_prefix("#> ")).collect();
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}
