//! Mail against a server by other people: with TLS from the first byte, by STARTTLS, and what each refusal does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use aftercare_store::testing::On;
use common::{Client, TestApp, independent::program};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Stdio},
    sync::mpsc,
    time::Duration,
};
use tempfile::TempDir;

/// A mail server, until it is dropped.
struct Server {
    child: Child,
    port: u64,
    came: mpsc::Receiver<Value>,
    folder: TempDir,
}

impl Server {
    fn start(tls: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mut command = program("smtp.py");
        command.arg(tls).args([&certificate, &key]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let port = line(&mut lines).unwrap()["port"].as_u64().unwrap();
        let (tell, came) = mpsc::channel();
        std::thread::spawn(move || while line(&mut lines).is_some_and(|line| tell.send(line).is_ok()) {});
        Self { child, port, came, folder }
    }

    /// The next message.
    fn next(&self) -> Value {
        self.came.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    fn nothing(&self) -> bool {
        self.came.try_recv().is_err()
    }

    async fn app(&self, url: &str) -> TestApp {
        let url = url.replace("PORT", &self.port.to_string());
        let authority = self.folder.path().join("cert.pem").display().to_string();
        TestApp::with(On::Sqlite, &[("AFTERCARE_MAIL__URL", &url), ("AFTERCARE_MAIL__AUTHORITY", &authority)])
            .await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(lines: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}

/// Adds an address and shows whose it is, by the code that comes there.
async fn add(server: &Server, ada: &Client, address: &str) -> Value {
    let added = ada.post("/api/channels/", json!({ "kind": "email", "address": address })).await.ok();
    let id = added["channel"]["id"].as_str().unwrap().to_owned();
    let code: String = server.next()["text"].as_str().unwrap().chars().filter(char::is_ascii_digit).collect();
    ada.post(&format!("/api/channels/{id}/confirm/"), json!({ "code": code })).await.ok()
}

#[tokio::test]
async fn mail_goes_under_tls_from_the_first_byte_or_by_starttls() {
    for (mode, url) in [("tls", "smtps://127.0.0.1:PORT"), ("starttls", "smtp://127.0.0.1:PORT")] {
        let server = Server::start(mode);
        let app = server.app(url).await;
        let (ada, grace) = app.pair().await;
        add(&server, &ada, "ada@people.example").await;
        grace.submit(&ada, "Take Zyxolitamab daily for 7 days.").await;
        app.advance(Span::from_hours(2)).await;
        let news = server.next();
        assert_eq!(news["headers"]["Subject"], "You have an update", "{mode}");
        let due = server.next();
        assert_eq!((&due["tls"], &due["to"]), (&json!(true), &json!(["ada@people.example"])), "{mode}");
        let headers = &due["headers"];
        assert_eq!(
            (&headers["Subject"], &headers["Auto-Submitted"]),
            (&json!("You have something due"), &json!("auto-generated"))
        );
        assert_eq!(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
        assert!(headers["List-Unsubscribe"].as_str().unwrap().starts_with("<http"));
        assert!(due["html"].as_str().unwrap().contains("<a href=\"http"), "{due}");
        assert!(!due.to_string().contains("Zyxolitamab"));
    }
}

#[tokio::test]
async fn whoever_strips_the_offer_of_tls_gets_nothing() {
    let server = Server::start("plain");
    let app = server.app("smtp://127.0.0.1:PORT").await;
    let ada = app.patient("Ada").await;
    ada.post("/api/channels/", json!({ "kind": "email", "address": "ada@people.example" })).await;
    assert!(server.nothing());
    // Nor does one whose certificate nobody has vouched for.
    let (server, other) = (Server::start("tls"), Server::start("tls"));
    let app = server.app(&format!("smtps://127.0.0.1:{}", other.port)).await;
    let ada = app.patient("Ada").await;
    ada.post("/api/channels/", json!({ "kind": "email", "address": "ada@people.example" })).await;
    assert!(other.nothing());
}

#[tokio::test]
async fn each_refusal_does_its_own() {
    let server = Server::start("plain");
    let app = server.app("smtp://127.0.0.1:PORT?tls=none").await;
    // No such mailbox, and a full one: told at once, where the address is given.
    let eve = app.patient("Eve").await;
    for (address, why) in [("gone@people.example", "answered 550"), ("full@people.example", "answered 552")] {
        let answer = eve.post("/api/channels/", json!({ "kind": "email", "address": address })).await;
        assert_eq!(answer.status, 422);
        assert!(answer.json["errors"][0]["detail"].as_str().unwrap().contains(why), "{}", answer.json);
        assert_eq!(eve.get("/api/channels/").await.ok()["items"], json!([]));
    }
    // A temporary one: told where the address is given, tried again with the same words where it is a reminder.
    let (ada, grace) = app.pair().await;
    let later = json!({ "kind": "email", "address": "later@people.example" });
    let greylisted = ada.post("/api/channels/", later).await;
    assert_eq!(greylisted.status, 422);
    let detail = greylisted.json["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("answered 451; try again in a minute"), "{detail}");
    add(&server, &ada, "later@people.example").await;
    grace.submit(&ada, "Take Drug A daily for 7 days.").await;
    app.advance(Span::from_hours(1)).await;
    assert_eq!(server.next()["headers"]["Subject"], "You have an update");
    app.advance(Span::from_minutes(60)).await;
    assert!(server.nothing());
    app.advance(Span::from_secs(30)).await;
    let due = server.next();
    assert_eq!(due["to"], json!(["later@people.example"]));
    assert_eq!(ada.get("/api/channels/").await.ok()["items"][0]["state"], "live");
    // The repeat is a message of its own in the same thread.
    app.advance(Span::from_minutes(10)).await;
    let repeat = server.next();
    assert_ne!(repeat["headers"]["Message-ID"], due["headers"]["Message-ID"]);
    assert_eq!(repeat["headers"]["References"], due["headers"]["References"]);
}
