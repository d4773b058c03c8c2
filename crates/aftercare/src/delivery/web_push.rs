//! Messages to browsers and phones (RFC 8030, 8291, 8292), in the form that a browser shows by itself and that a
//! page's worker may show better.

use super::{
    Outcome,
    message::{Say, TITLE},
};
use crate::app::App;
use aftercare_core::instant::Span;
use aftercare_seal::{
    Bytes,
    bytes::encode,
    pae::hash,
    webpush::{PushKey, Subscription},
};
use aftercare_store::{delivery::DeliveryKind, push_key, service};
use reqwest::{
    StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::json;
use uuid::Uuid;

/// In whose name messages are signed is said anew so often.
const SIGNED_FOR: Span = Span::from_hours(12);

/// The service's key; makes it where there is none.
pub async fn key(app: &App) -> anyhow::Result<PushKey> {
    let mut tx = app.store.write().await?;
    service::lock_signing_keys(&mut tx).await?;
    if let Some((id, sealed)) = push_key::get(&mut tx).await? {
        let opened = app.master.open_column("push_key", Bytes(*id.as_bytes()), b"key", &sealed)?;
        return Ok(PushKey::from_bytes(&opened)?);
    }
    let (id, mut rng): (Uuid, _) = (app.random.id(app.clock.wall()), app.random.rng());
    let key = PushKey::random(&mut rng)?;
    let sealed = app.master.seal_column("push_key", Bytes(*id.as_bytes()), b"key", &key.expose(), &mut rng);
    push_key::insert(&mut tx, id, &sealed).await?;
    tx.commit().await?;
    Ok(key)
}

/// What a browser shows: declarative (`WebKit`), and with `mutable` for a worker to put names in.
fn payload(app: &App, say: &Say, ack: &str) -> Vec<u8> {
    let mut notification = json!({
        "title": TITLE, "body": say.body(), "navigate": say.url, "tag": say.tag, "mutable": true,
    });
    if say.kind != DeliveryKind::Clear {
        notification["app_badge"] = say.count.into();
    }
    let answers = say.answers(app);
    json!({ "web_push": 8030, "notification": notification, "id": say.id, "kind": say.kind, "ack": ack, "reminders": answers })
        .to_string()
        .into_bytes()
}

/// Sends a message. `ack` is what the worker answers with when it has shown it.
pub async fn send(app: &App, say: &Say, endpoint: &str, to: &Subscription, ack: &str) -> Outcome {
    match request(app, say, endpoint, to, ack).await {
        Ok((headers, body)) => {
            let gone = [StatusCode::NOT_FOUND, StatusCode::GONE];
            match app.outward.post(endpoint, headers, body, &gone).await {
                Ok(_) => Outcome::Handed { reached: false },
                Err(outcome) => outcome,
            }
        }
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

async fn request(
    app: &App,
    say: &Say,
    endpoint: &str,
    to: &Subscription,
    ack: &str,
) -> anyhow::Result<(HeaderMap, Vec<u8>)> {
    let origin = Url::parse(endpoint)?.origin().ascii_serialization();
    let until = (app.clock.wall() + SIGNED_FOR).as_secs();
    let subject = match app.config.ui_host() {
        Some((origin, _)) if origin.starts_with("https://") => origin,
        _ => format!("mailto:{}", app.config.mail.address()),
    };
    let key = app.push_key.get_or_try_init(|| key(app)).await?;
    let signed = key.authorization(&origin, until, &subject)?;
    let body = to.seal(&payload(app, say, ack), &mut app.random.rng())?;
    let ttl = (say.time_to_live(app.now()).as_micros() / 1_000_000).to_string();
    // At most 32 characters: a later message about the same moment takes the place of one that is still waiting.
    let topic = encode(&hash(say.tag.as_bytes())[..18]);
    let urgency = if say.kind == DeliveryKind::Clear { "normal" } else { "high" };
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&signed)?);
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    for (name, value) in [("ttl", ttl.as_str()), ("topic", &topic), ("urgency", urgency)] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    Ok((headers, body))
}
