//! SIGTERM under load, behind something that looks at `/readyz` as proxies do: no request fails, streams end, and
//! the process ends by itself.

mod common;

use common::process::{Server, free_port};
use serde_json::{Value, json};
use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

/// So many ask at the same time, each by a connection of their own.
const CLIENTS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_notices_that_a_process_ends() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut server = Server::start(folder.path(), port, "", &[("AFTERCARE_DRAIN_SECONDS", "1")]);
    let base = format!("http://127.0.0.1:{port}");
    let client = || reqwest::Client::builder().no_proxy().build().unwrap();
    let http = client();
    let send = async |path: &str, body: Value| {
        let request = http.post(format!("{base}{path}")).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice::<Value>(&answer).unwrap()
    };
    let person = json!({ "role": "patient", "name": "Ada", "email": "ada@people.example", "password": "correct horse" });
    send("/api/signup/", person).await;
    let tokens =
        send("/api/login/", json!({ "email": "ada@people.example", "password": "correct horse" })).await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();

    let (ready, answered) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (http, base, token) = (client(), base.clone(), token.clone());
        let (ready, answered) = (Arc::clone(&ready), Arc::clone(&answered));
        tasks.spawn(async move {
            while ready.load(Ordering::Relaxed) {
                let request = http.get(format!("{base}/api/reminders/")).bearer_auth(&token);
                let answer = request.send().await.expect("a request fails while the service ends");
                assert_eq!(answer.status(), 200);
                answer.bytes().await.expect("an answer is cut off");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    // Somebody listens, and would for a quarter of an hour.
    let mut listening = http.get(format!("{base}/api/events/")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(listening.status(), 200);
    let stream = tokio::spawn(async move {
        loop {
            match listening.chunk().await {
                Ok(Some(_)) => {}
                end => return end.is_ok(),
            }
        }
    });
    while answered.load(Ordering::Relaxed) < 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let asked = Command::new("kill").arg(server.0.id().to_string()).status().unwrap();
    assert!(asked.success());
    let before = answered.load(Ordering::Relaxed);
    while http.get(format!("{base}/readyz")).send().await.unwrap().status() == 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ready.store(false, Ordering::Relaxed);
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert!(answered.load(Ordering::Relaxed) > before, "it goes on until a proxy has noticed");
    assert!(stream.await.unwrap(), "a stream ends, and is not cut off");
    let ended = tokio::task::spawn_blocking(move || server.0.wait().map(|status| (status, server)));
    let (status, _server) =
        tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap().unwrap().unwrap();
    assert!(status.success(), "{status}");
}
