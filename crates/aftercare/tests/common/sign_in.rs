//! Signing in, as requests of anybody.

use super::{Answer, TestApp, email};
use serde_json::{Value, json};

pub async fn log_in(app: &TestApp, body: Value) -> Answer {
    app.anon().post("/api/login/", body).await
}

pub fn credentials(name: &str, password: &str) -> Value {
    json!({ "email": email(name), "password": password })
}

/// The code of an authenticator app at this moment.
pub fn totp(secret: &str, app: &TestApp, steps: i64) -> String {
    let builder = totp_rs::Builder::new()
        .with_algorithm(totp_rs::Algorithm::SHA1)
        .with_secret(totp_rs::Secret::try_from_base32(secret).unwrap());
    let time = app.app.clock.wall().as_secs() + 30 * steps;
    builder.build().unwrap().generate(u64::try_from(time).unwrap()).to_string()
}
