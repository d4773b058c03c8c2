//! A copy made while people write is whole, opens with the keys and with no others, and a damaged one is refused.

mod common;

use aftercare_seal::bytes;
use aftercare_store::{Store, inspect};
use common::{
    TestApp,
    process::{aftercare, text},
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Where a test's service has its data, as the command line is told.
fn at(folder: &Path) -> [(&'static str, String); 1] {
    [("AFTERCARE_DATA", folder.join("data").display().to_string())]
}

fn run(args: &[&str], folder: &Path) -> (Option<i32>, String) {
    let env = at(folder);
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let done = aftercare(args, &env, "");
    (done.status.code(), text(&done.stdout) + &text(&done.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_whole_while_people_write() {
    let app = TestApp::new().await;
    let (ada, grace) = app.pair().await;
    let before = grace.submit(&ada, "Take Drug A daily for 7 days.").await["note"]["id"].clone();
    let over = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (ada, grace, over) = (ada.clone(), grace.clone(), Arc::clone(&over));
        async move {
            let mut written = 0;
            while !over.load(Ordering::Relaxed) {
                grace.submit(&ada, "Take Drug B daily for 7 days.").await;
                written += 1;
            }
            written
        }
    });
    let folder = app.folder.path().to_owned();
    let copy = folder.join("copy.db").display().to_string();
    let made = tokio::task::spawn_blocking({
        let (folder, copy) = (folder.clone(), copy.clone());
        move || run(&["backup", &copy], &folder)
    });
    let (code, said) = made.await.unwrap();
    over.store(true, Ordering::Relaxed);
    assert!(writing.await.unwrap() > 0);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the master key is not in it"), "{said}");
    let (code, said) = run(&["backup", &copy], &folder);
    assert_eq!(code, Some(1));
    assert!(said.contains("is there already"), "{said}");
    // It could be restored; not over what is there.
    let (code, said) = run(&["restore", &copy, "--verify"], &folder);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("whole: schema "), "{said}");
    let (code, said) = run(&["restore", &copy], &folder);
    assert_eq!(code, Some(1));
    assert!(said.contains("move it away first"), "{said}");

    // Elsewhere: without the key file it says so; with it, what was acknowledged is there.
    let other = tempfile::tempdir().unwrap();
    let (code, said) = run(&["restore", &copy], other.path());
    assert_eq!(code, Some(1));
    assert!(said.contains("put it back first"), "{said}");
    std::fs::copy(folder.join("data.key"), other.path().join("data.key")).unwrap();
    let (code, said) = run(&["restore", &copy], other.path());
    assert_eq!(code, Some(0), "{said}");
    let store = Store::sqlite(&other.path().join("data/aftercare.db")).unwrap();
    let notes = inspect::table(&mut store.read().await.unwrap(), "note").await.unwrap().unwrap();
    let id = before.as_str().unwrap().replace('-', "");
    assert!(notes.iter().any(|row| row.contains(&id)), "{notes:?}");
    store.close();

    // Other keys open nothing.
    let stranger = tempfile::tempdir().unwrap();
    std::fs::write(stranger.path().join("data.key"), format!("k1:{}", bytes::encode(&[7; 32]))).unwrap();
    let (code, said) = run(&["restore", &copy, "--verify"], stranger.path());
    assert_eq!(code, Some(1));
    assert!(said.contains("does not open with these master keys"), "{said}");
    // A byte that changed; and pages that were written over, in a file without its sum.
    let mut sums = std::process::Command::new("sha256sum");
    sums.args(["--check", "copy.db.sha256"]).current_dir(&folder);
    assert!(sums.output().unwrap().status.success());
    let mut content = std::fs::read(&copy).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(&copy, &content).unwrap();
    let (code, said) = run(&["restore", &copy, "--verify"], &folder);
    assert_eq!(code, Some(1));
    assert!(said.contains("its SHA-256 is another"), "{said}");
    for page in content.chunks_mut(4_096).skip(1).step_by(3) {
        page[..16].fill(0xa5);
    }
    let damaged = folder.join("damaged.db");
    std::fs::write(&damaged, content).unwrap();
    let (code, said) = run(&["restore", &damaged.display().to_string(), "--verify"], &folder);
    assert_eq!(code, Some(1));
    assert!(said.contains("there is no ") && said.contains("is not whole"), "{said}");
}

#[test]
fn a_postgresql_has_means_of_its_own() {
    let url = [("AFTERCARE_DATABASE_URL", "postgres://x@127.0.0.1/x")];
    for args in [&["backup", "x.db"][..], &["restore", "x.db"]] {
        let done = aftercare(args, &url, "");
        assert_eq!(done.status.code(), Some(1));
        assert!(text(&done.stderr).contains("docs/OPERATIONS.md"), "{}", text(&done.stderr));
    }
}
