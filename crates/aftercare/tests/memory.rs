//! A running server after a whole story: nothing of note, step, drug or password is in its memory, and no
//! core dump of it is written. Reading another process's memory takes root, which is the point; where
//! the tests do not run as root, that it cannot be read is what is tested.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it did"
)]

mod common;

use aftercare::client::{Client, NewAccount, Service, Transport};
use aftercare::clock::ServiceClock;
use aftercare_core::clock::Clock;
use aftercare_seal::bytes;
use axum::http::Method;
use common::{
    canary::{CANARIES, holds_canary},
    device::{KDF, random},
    process::{Server, free_port, memory_of},
};
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;

const NOTE: &str = "Quokkafever. Take Zyxolitamab daily for 7 days. Marzipantherapy in 1 week. Return if quokkafever persists.";
const PASSWORD: &str = "hunter2 canary";

async fn assisted(to: &Transport) {
    let ask = async |token: Option<&str>, method: Method, path: &str, body: Value| {
        to.send(token, method, path, Some(&body)).await.unwrap()
    };
    let mut people = Vec::new();
    for (role, name) in [("patient", "ada"), ("doctor", "grace")] {
        let email = format!("{name}@people.example");
        let body = json!({ "role": role, "name": name, "email": email, "password": PASSWORD, "time_zone": "Europe/Berlin" });
        ask(None, Method::POST, "/api/signup/", body).await;
        let tokens =
            ask(None, Method::POST, "/api/login/", json!({ "email": email, "password": PASSWORD })).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        people.push((text(&tokens["access_token"]), text(&tokens["user"]["id"])));
    }
    let [(ada, ada_id), (grace, grace_id)] = people.try_into().unwrap();
    ask(Some(&ada), Method::POST, "/api/select-doctor/", json!({ "doctor_id": grace_id })).await;
    let note = json!({ "patient_id": ada_id, "note": NOTE });
    let submitted = ask(Some(&grace), Method::POST, "/api/submit-notes/", note).await;
    assert_eq!(submitted["plan"][0]["action"], "Take Zyxolitamab");
    ask(None, Method::POST, "/api/dev/clock/", json!({ "advance": "1d" })).await;
    let get = async |path: &str| to.send(Some(&ada), Method::GET, path, None).await.unwrap();
    assert!(
        holds_canary(get("/api/notes/").await.to_string().as_bytes()).is_some(),
        "it was there to be read"
    );
    let due = get("/api/reminders/?status=due").await;
    let skip =
        json!({ "reminder_id": due["items"][0]["id"], "status": "skipped", "reason": "felt wobblegong" });
    ask(Some(&ada), Method::POST, "/api/check-in/", skip).await;
    for token in [ada, grace] {
        ask(Some(&token), Method::POST, "/api/logout/", json!({})).await;
    }
}

async fn sealed(to: &Transport) {
    let clock = ServiceClock::default();
    let mut people = Vec::new();
    for (seed, role, name) in [(1, "patient", "Cara"), (2, "doctor", "Dora")] {
        let email = format!("{name}@people.example");
        let who = NewAccount {
            role,
            name,
            email: &email,
            password: PASSWORD,
            time_zone: "Europe/Berlin",
            specialty: None,
        };
        Client::sign_up(to, &random(seed), clock.now(), KDF, &who).await.unwrap();
        people.push(Client::sign_in(to, random(seed + 10), &email, PASSWORD, json!({})).await.unwrap());
    }
    let [cara, dora] = people.try_into().unwrap_or_else(|_| unreachable!());
    cara.state(&clock, dora.id(), true).await.unwrap();
    dora.submit(&clock, cara.id(), &dora.read_here(&clock, NOTE), "activate").await.unwrap();
    to.send(None, Method::POST, "/api/dev/clock/", Some(&json!({ "advance": "1d" }))).await.unwrap();
    assert!(cara.to_do().await.unwrap().iter().any(|(_, action)| action == "Take Zyxolitamab"));
    let due = cara.get("/api/reminders/?status=due").await.unwrap();
    cara.skip(&clock, &due["items"][0], None, "felt wobblegong").await.unwrap();
}

async fn story(mode: &str, database: &str) {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let server = Server::start(folder.path(), port, database, &[]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Connections end with their answers, so that none waits with what it has read.
    let http = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let to = Transport::There(format!("http://127.0.0.1:{port}"), http);
    match mode {
        "assisted" => assisted(&to).await,
        _ => sealed(&to).await,
    }
    let pid = server.0.id();
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    assert_eq!(std::fs::metadata(format!("/proc/{pid}/mem")).unwrap().uid(), 0, "not dumpable: root's alone");
    match memory_of(pid) {
        Some(memory) => {
            println!("{mode}: {} bytes of memory searched", memory.len());
            assert!(memory.len() > 4_000_000);
            let memory = String::from_utf8_lossy(&memory);
            for canary in CANARIES {
                assert_eq!(found(&memory, canary), None, "{mode}");
            }
            assert!(found(&memory, "127.0.0.1").is_some(), "the search finds what is there");
        }
        None => println!("{mode}: not root, and so its memory cannot be read"),
    }
}

/// Where a word is in memory, with what stands around it.
fn found(memory: &str, word: &str) -> Option<String> {
    let forms = [word.to_owned(), word.to_lowercase(), bytes::encode(&word.as_bytes()[..word.len() / 3 * 3])];
    forms.iter().find_map(|form| {
        let at = memory.find(form)?;
        Some(memory[..at].chars().rev().take(80).chain(memory[at..].chars().take(120)).collect())
    })
}

#[tokio::test]
async fn an_assisted_server_forgets() {
    story("assisted", "").await;
    story("assisted", &aftercare_store::testing::postgres_url().await).await;
}

#[tokio::test]
async fn a_sealed_server_never_knew() {
    story("sealed", "").await;
    story("sealed", &aftercare_store::testing::postgres_url().await).await;
}

#[test]
fn the_search_would_find_a_canary() {
    assert!(holds_canary(b"xx ZYXOLITAMAB xx").is_some());
    assert!(holds_canary(format!("{{\"a\":\"{}\"}}", "7a79786f6c6974616d6162").as_bytes()).is_some());
    assert!(holds_canary(bytes::encode(b"Zyxolitamab").as_bytes()).is_some());
    assert!(holds_canary(b"nothing here").is_none());
}
