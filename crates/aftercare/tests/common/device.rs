//! People whose keys are on their own devices: `Device::patient(&app, "Ada")` signs up and in.

use super::{PASSWORD, TestApp, email};
use aftercare::{
    client::{Client, NewAccount, Transport},
    random::Random,
};
use aftercare_seal::{password::Kdf, recovery::RecoveryKey};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The cheapest derivation that is accepted.
pub const KDF: Kdf = Kdf { m: 19_456, t: 2, p: 1 };

pub fn transport(app: &TestApp) -> Transport {
    Transport::here(app.service.clone())
}

pub fn random(seed: u64) -> Arc<Random> {
    Arc::new(Random::seeded(seed))
}

/// Signs somebody up on a device.
pub async fn sign_up(app: &TestApp, role: &str, name: &str) -> RecoveryKey {
    let who = NewAccount {
        role,
        name,
        email: &email(name),
        password: PASSWORD,
        time_zone: "Europe/Berlin",
        specialty: None,
    };
    let seed = name.bytes().fold(11, |seed, byte| seed * 31 + u64::from(byte));
    let random = Random::seeded(seed);
    Client::sign_up(&transport(app), &random, app.app.now(), KDF, &who).await.unwrap()
}

pub async fn sign_in(app: &TestApp, name: &str, password: &str) -> anyhow::Result<Client> {
    sign_in_with(app, name, password, json!({})).await
}

pub async fn sign_in_with(
    app: &TestApp,
    name: &str,
    password: &str,
    beside: Value,
) -> anyhow::Result<Client> {
    // Devices share no randomness.
    static DEVICES: AtomicU64 = AtomicU64::new(1_000);
    let seed = DEVICES.fetch_add(1, Ordering::Relaxed);
    Client::sign_in(&transport(app), random(seed), &email(name), password, beside).await
}

pub async fn patient(app: &TestApp, name: &str) -> Client {
    sign_up(app, "patient", name).await;
    sign_in(app, name, PASSWORD).await.unwrap()
}

pub async fn doctor(app: &TestApp, name: &str) -> Client {
    sign_up(app, "doctor", name).await;
    sign_in(app, name, PASSWORD).await.unwrap()
}

/// A patient who has chosen a doctor, both on their own devices.
pub async fn pair(app: &TestApp) -> (Client, Client) {
    let (ada, grace) = (patient(app, "Ada").await, doctor(app, "Grace").await);
    ada.state(&*app.app.clock, grace.id(), true).await.unwrap();
    (ada, grace)
}

/// Keys as a device would send them, of nobody.
pub fn keys_of_nobody() -> Value {
    let kdf = json!({ "m": 65_536, "t": 3, "p": 1 });
    let bundle = json!({ "user_id": "A".repeat(22), "epoch": 2, "enc_pk": "A".repeat(1622), "sign_pk": "A".repeat(43), "sig": "A".repeat(86) });
    json!({
        "bundle": bundle,
        "succession": "A".repeat(86),
        "password": { "auth_key": "A".repeat(43), "kdf": kdf, "salt": "A".repeat(22), "wrapped": format!("{}A", "A".repeat(82)) },
        "recovery": { "wrapped": "A".repeat(83), "auth": "A".repeat(43) },
    })
}
