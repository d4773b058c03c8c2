//! The master keys: rotated while the service runs, and forgotten once nothing is under them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::client::{Client, NewAccount, Service, Transport};
use aftercare_core::clock::Clock;
use aftercare_store::testing::postgres_url;
use axum::http::Method;
use common::{
    authenticator::Soft,
    device,
    process::{Server, free_port},
};
use serde_json::json;
use std::{
    path::Path,
    process::{Command, Output},
};

fn keys(what: &str, folder: &Path, database: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
    command.args(["keys", what, "--data"]).arg(folder.join("data")).env("AFTERCARE_DATABASE_URL", database);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn story(database: &str) {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut server = Server::start(folder.path(), port, database, &[]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let to = Transport::There(format!("http://127.0.0.1:{port}"), http);
    let sign_up = async |name: &str| {
        let email = format!("{name}@people.example");
        let body = json!({ "role": "patient", "name": name, "email": email, "password": "correct horse" });
        to.send(None, Method::POST, "/api/signup/", Some(&body)).await.unwrap();
    };
    let sign_in = async |name: &str| {
        let body = json!({ "email": format!("{name}@people.example"), "password": "correct horse" });
        to.send(None, Method::POST, "/api/login/", Some(&body)).await.unwrap()["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for name in ["ada", "ben", "cara"] {
        sign_up(name).await;
    }
    // A passkey that opens an account.
    let phone = Soft { origin: format!("http://localhost:{port}"), early: true, ..Soft::new(1) };
    let eve = NewAccount {
        role: "patient",
        name: "Eve",
        email: "eve@people.example",
        password: "correct horse",
        time_zone: "UTC",
        specialty: None,
    };
    let now = aftercare::clock::ServiceClock::default().now();
    Client::sign_up(&to, &device::random(2), now, device::KDF, &eve).await.unwrap();
    let on_laptop =
        Client::sign_in(&to, device::random(3), eve.email, eve.password, json!({})).await.unwrap();
    on_laptop.add_passkey("Phone", &phone).await.unwrap();

    let token = sign_in("ada").await;
    let before = text(&keys("status", folder.path(), database).stdout);
    assert!(before.starts_with("k1: ") && before.lines().count() == 1, "{before}");

    // Under the hands of a running service.
    let rotated = keys("rotate", folder.path(), database);
    assert!(rotated.status.success(), "{}", text(&rotated.stderr));
    let bar = text(&rotated.stderr);
    assert!(bar.contains("[########################################]"), "{bar}");
    let after = text(&rotated.stdout);
    assert!(after.starts_with("k2: ") && after.contains(", in use") && after.lines().count() == 1, "{after}");
    assert_eq!(before.split(' ').nth(1), after.split(' ').nth(1), "as many values as before");
    let file = std::fs::read_to_string(folder.path().join("data.key")).unwrap();
    assert!(file.starts_with("k2:") && file.contains(",k1:"));
    assert_eq!(
        to.send(Some(&token), Method::GET, "/api/me/", None).await.unwrap()["email"],
        "ada@people.example"
    );
    sign_in("ben").await;
    sign_up("dora").await;
    sign_in("dora").await;
    let status = text(&keys("status", folder.path(), database).stdout);
    assert!(!status.contains("k1"), "the service has taken the new key into use: {status}");

    let early = keys("forget", folder.path(), database);
    assert!(
        !early.status.success() && text(&early.stderr).contains("run this again in"),
        "{}",
        text(&early.stderr)
    );
    let file = folder.path().join("data.key");
    let long_ago = std::time::UNIX_EPOCH;
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
    let forgotten = keys("forget", folder.path(), database);
    assert!(forgotten.status.success(), "{}", text(&forgotten.stderr));
    assert!(!std::fs::read_to_string(&file).unwrap().contains("k1:"));
    // And everything opens with the new one alone.
    server.kill();
    drop(server);
    let _server = Server::start(folder.path(), port, database, &[]);
    for name in ["ada", "ben", "cara", "dora"] {
        let token = sign_in(name).await;
        let me = to.send(Some(&token), Method::GET, "/api/me/", None).await.unwrap();
        assert_eq!(me["email"], format!("{name}@people.example"));
    }
    let on_phone = Client::sign_in_with_passkey(&to, device::random(4), &phone).await.unwrap();
    assert_eq!(on_phone.id(), on_laptop.id());
}

#[tokio::test]
async fn sqlite() {
    story("").await;
}

#[tokio::test]
async fn postgres() {
    story(&postgres_url().await).await;
}
