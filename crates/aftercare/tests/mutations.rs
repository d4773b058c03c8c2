//! Everything that is signed, changed: each field of an envelope, a statement, a grant and a token flipped,
//! dropped, swapped, replayed or transplanted. The service takes none of it, and stays as it was.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::id::NoteId;
use aftercare_seal::{bytes, envelope::Envelope};
use common::{Client as Plain, TestApp, device};
use serde_json::{Value, json};

const NOTE: &str = "Buy Drug A. Take Drug A daily for 7 days. Return if fever.";

/// Every value within, by its path.
fn paths(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| paths(value, &format!("{at}/{name}"), out));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, value)| paths(value, &format!("{at}/{n}"), out));
        }
        _ => out.push(at.to_owned()),
    }
}

/// A text that is base64url with one bit of one byte flipped.
fn flipped(text: &str, at: usize, bit: u8) -> Option<String> {
    let mut raw = bytes::decode(text)?;
    let len = raw.len();
    if len == 0 {
        return None;
    }
    raw[at % len] ^= 1 << bit;
    Some(bytes::encode(&raw))
}

/// Everything that can be done to one value.
fn changes(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => {
            let number = number.as_u64().unwrap();
            let others =
                [0, 1, 2, number.wrapping_add(1), number.wrapping_sub(1), u64::from(u32::MAX), u64::MAX];
            others
                .into_iter()
                .filter(|other| *other != number)
                .map(Value::from)
                .chain([json!(-1), json!("1"), Value::Null])
                .collect()
        }
        Value::String(text) => {
            let mut all: Vec<Value> = (0..80_usize)
                .filter_map(|n| flipped(text, n * 37, u8::try_from(n % 8).unwrap()))
                .map(Value::from)
                .collect();
            all.extend([
                json!(""),
                json!(format!("{text}A")),
                json!(format!("{text}=")),
                json!(text.get(1..)),
                Value::Null,
                json!(7),
            ]);
            all.retain(|other| other.as_str() != Some(text));
            all
        }
        _ => vec![Value::Null],
    }
}

fn mutants(good: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let mut at = Vec::new();
    paths(good, "", &mut at);
    for path in &at {
        for change in changes(good.pointer(path).unwrap()) {
            let mut mutant = good.clone();
            *mutant.pointer_mut(path).unwrap() = change.clone();
            all.push((format!("{path} = {change}"), mutant));
        }
        let (parent, name) = path.rsplit_once('/').unwrap();
        let mut dropped = good.clone();
        match dropped.pointer_mut(parent).unwrap() {
            Value::Object(fields) => drop(fields.remove(name)),
            Value::Array(items) => drop(items.remove(name.parse().unwrap())),
            _ => unreachable!(),
        }
        all.push((format!("{path} dropped"), dropped));
    }
    // Whole entries dropped, doubled and swapped.
    for list in ["/recipients", "/items"] {
        let Some(entries) = good.pointer(list).and_then(Value::as_array).cloned() else { continue };
        for n in 0..entries.len() {
            let with = |change: &dyn Fn(&mut Vec<Value>)| {
                let mut mutant = good.clone();
                change(mutant.pointer_mut(list).unwrap().as_array_mut().unwrap());
                mutant
            };
            all.push((format!("{list}/{n} dropped"), with(&|items| drop(items.remove(n)))));
            all.push((format!("{list}/{n} doubled"), with(&|items| items.insert(n, items[n].clone()))));
            if n > 0 {
                all.push((format!("{list}/{n} swapped"), with(&|items| items.swap(n - 1, n))));
                for name in ["ct", "nonce", "clear", "enc", "id", "kid"] {
                    let there =
                        entries[n].get(name).is_some_and(|value| Some(value) != entries[n - 1].get(name));
                    if there {
                        all.push((
                            format!("{list}/{n}/{name} transplanted"),
                            with(&|items| {
                                let other = items[n - 1][name].clone();
                                items[n][name] = other;
                            }),
                        ));
                    }
                }
            }
        }
    }
    all
}

#[tokio::test]
async fn no_changed_envelope_is_taken() {
    let app = TestApp::with(
        aftercare_store::testing::On::Sqlite,
        &[("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", "1000000")],
    )
    .await;
    let clock = &*app.app.clock;
    let (ada, grace) = device::pair(&app).await;
    let eve = device::patient(&app, "Eve").await;
    eve.state(clock, grace.id(), true).await.unwrap();
    let first =
        grace.submit(clock, ada.id(), &grace.read_here(clock, "Rest for 3 days."), "activate").await.unwrap();
    // A second one, sealed and not sent: the newest of its chain.
    let draft = grace.submit(clock, ada.id(), &grace.read_here(clock, NOTE), "review").await.unwrap();
    let path = format!("/api/notes/{}/envelope/", draft.id);
    let third = grace.edit(clock, ada.id(), draft.id, &grace.read_here(clock, NOTE)).await.unwrap();
    let service = Plain { token: Some(grace.token().to_owned()), ..app.anon() };
    let state = async || {
        ada.get("/api/notes/").await.unwrap().to_string() + &grace.get(&path).await.unwrap().to_string()
    };
    let before = state().await;

    let mut tried = std::collections::HashSet::new();
    let mut refuse = async |what: String, envelope: Value| {
        let answer =
            service.post("/api/submit-notes/", json!({ "envelope": envelope, "mode": "activate" })).await;
        assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.json["detail"]);
        let edit = service.json(axum::http::Method::PUT, &path, json!({ "envelope": envelope })).await;
        assert!((400..500).contains(&edit.status), "{what}: {} {}", edit.status, edit.json["detail"]);
        tried.insert(envelope.to_string());
    };
    // The good one that comes next, unsent: made by a device whose answer is thrown away.
    let good = serde_json::to_value(&next(&app, &grace, &ada).await).unwrap();
    for (what, mutant) in mutants(&good) {
        refuse(what, mutant).await;
    }
    for (what, replayed) in [
        ("the first again", &first.envelope),
        ("a draft's old form", &draft.envelope),
        ("its newest", &third.envelope),
    ] {
        let mut envelope = serde_json::to_value(replayed).unwrap();
        // The newest of a note again is a retry: it is answered and changes nothing.
        if what == "a draft's old form" {
            refuse(what.to_owned(), envelope.clone()).await;
        }
        // Transplanted into the chain of another patient.
        envelope["patient_id"] = serde_json::to_value(aftercare::keyring::raw(eve.id())).unwrap();
        refuse(format!("{what} for another patient"), envelope).await;
    }
    assert!(tried.len() >= 1_500, "{} different ones tried", tried.len());
    assert_eq!(state().await, before, "nothing has changed");
    // And the good one is taken.
    let answer = service.post("/api/submit-notes/", json!({ "envelope": good, "mode": "activate" })).await;
    assert_eq!(answer.status, 201, "{}", answer.json);
}

/// The next envelope of a chain, as a device seals it.
async fn next(
    app: &TestApp,
    doctor: &aftercare::client::Client,
    patient: &aftercare::client::Client,
) -> Envelope {
    let clock = &*app.app.clock;
    let id: NoteId = app.app.random.id(app.app.now());
    doctor.seal(clock, patient.id(), id, &doctor.read_here(clock, NOTE)).await.unwrap().0
}

#[tokio::test]
async fn no_changed_statement_grant_or_signature_is_taken() {
    let app = TestApp::with(
        aftercare_store::testing::On::Sqlite,
        &[("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", "1000000")],
    )
    .await;
    let clock = &*app.app.clock;
    let (ada, grace) = device::pair(&app).await;
    let rosa = device::doctor(&app, "Rosa").await;
    let written = grace.submit(clock, ada.id(), &grace.read_here(clock, NOTE), "activate").await.unwrap();
    let service = Plain { token: Some(ada.token().to_owned()), ..app.anon() };
    let mut tried = 0;

    let good = ada.statement(clock, rosa.id(), true).await.unwrap();
    for (what, mutant) in mutants(&good) {
        let answer =
            service.post("/api/select-doctor/", json!({ "doctor_id": rosa.id(), "statement": mutant })).await;
        // Without a statement it is a request of an assisted session, which this is not.
        assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.json["detail"]);
        tried += 1;
    }
    let answer =
        service.post("/api/select-doctor/", json!({ "doctor_id": rosa.id(), "statement": good })).await;
    assert_eq!(answer.status, 201);
    let replayed =
        service.post("/api/select-doctor/", json!({ "doctor_id": rosa.id(), "statement": good })).await;
    assert_eq!(replayed.problem(), (409, "out_of_sequence"));

    let notes = ada.get("/api/notes/").await.unwrap();
    let good = ada.grant_of(&notes["envelopes"][0], rosa.bundle()).await.unwrap();
    let path = format!("/api/notes/{}/grants/", written.id);
    for (what, mutant) in mutants(&good) {
        let answer = service.post(&path, mutant).await;
        assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.json["detail"]);
        tried += 1;
    }
    assert_eq!(service.post(&path, good).await.status, 204);
    assert!(tried > 150, "{tried} tried");
}

#[tokio::test]
async fn no_changed_token_is_taken() {
    let app = TestApp::with(
        aftercare_store::testing::On::Sqlite,
        &[("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", "1000000")],
    )
    .await;
    let (ada, grace) = app.pair().await;
    let good = ada.token.clone().unwrap();
    let parts: Vec<_> = good.split('.').map(str::to_owned).collect();
    let with = |token: String| Plain { token: Some(token), ..app.anon() };
    let mut tokens = Vec::new();
    for at in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        tokens.push(String::from_utf8(changed).unwrap());
    }
    // Every claim dropped and changed, with the good signature.
    let claims: Value = serde_json::from_slice(&bytes::decode(&parts[1]).unwrap()).unwrap();
    for (_, mutant) in mutants(&claims) {
        tokens.push(format!("{}.{}.{}", parts[0], bytes::encode(mutant.to_string().as_bytes()), parts[2]));
    }
    let theirs: Vec<_> = grace.token.clone().unwrap().split('.').map(str::to_owned).collect();
    tokens.push(format!("{}.{}.{}", parts[0], theirs[1], parts[2]));
    tokens.push(format!("{}.{}.{}", parts[0], parts[1], theirs[2]));
    for alg in ["none", "None", "NONE", "nOnE", "HS256", "RS256", "ES256", "EdDSA"] {
        for header in [
            json!({ "alg": alg }),
            json!({ "alg": alg, "typ": "JWT" }),
            json!({ "alg": alg, "typ": "at+jwt", "kid": "00000000" }),
        ] {
            let header = bytes::encode(header.to_string().as_bytes());
            tokens.push(format!("{header}.{}.{}", parts[1], parts[2]));
            tokens.push(format!("{header}.{}.", parts[1]));
        }
    }
    tokens.push(format!("{good}{}", "A".repeat(4_096)));
    assert!(tokens.len() > 900, "{} tried", tokens.len());
    for token in tokens {
        let answer = with(token.clone()).get("/api/me/").await;
        assert_eq!(answer.status, 401, "{token}");
    }
    assert_eq!(ada.get("/api/me/").await.status, 200);

    // A refresh token likewise; a bad one ends nothing.
    let refresh = ada.tokens["refresh_token"].as_str().unwrap().to_owned();
    for at in 0..refresh.len() {
        let mut changed = refresh.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let body = json!({ "refresh_token": String::from_utf8(changed).unwrap() });
        // Its last part is the session's key: one that does not open ends the session, as theft does.
        if at < 70 {
            assert_eq!(app.anon().post("/api/token/refresh/", body).await.status, 401, "byte {at}");
        }
    }
    let body = json!({ "refresh_token": refresh });
    app.anon().post("/api/token/refresh/", body).await.ok();
}
