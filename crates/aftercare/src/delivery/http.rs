//! Messages to programs: signed (Standard Webhooks 1.0.0), to an ntfy topic, or by a template.

use super::{
    Outcome,
    message::{Say, TITLE},
    tap::{self, Action},
};
use crate::app::App;
use aftercare_seal::{Bytes, webpush::hmac_sha256};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A webhook's secret as its owner has it.
pub fn secret_text(secret: &Bytes<32>) -> String {
    format!("whsec_{}", STANDARD.encode(secret.0))
}

fn header(text: &str) -> Result<HeaderValue, Outcome> {
    HeaderValue::from_str(text).map_err(|_| Outcome::Gone("a header of it cannot be sent".to_owned()))
}

async fn post(app: &App, url: &str, headers: HeaderMap, body: String, gone: &[StatusCode]) -> Outcome {
    match app.outward.post(url, headers, body.into_bytes(), gone).await {
        Ok(_) => Outcome::Handed { reached: true },
        Err(outcome) => outcome,
    }
}

/// To a program of the person's: kinds, ids and times, signed.
pub async fn webhook(app: &App, say: &Say, url: &str, secret: &Bytes<32>) -> Outcome {
    let kind = serde_json::to_value(say.kind).unwrap_or_default();
    let data = json!({ "due_at": say.due_at, "count": say.count, "url": say.url });
    let kind = format!("message.{}", kind.as_str().unwrap_or_default());
    let now = app.clock.wall();
    let body = json!({ "type": kind, "timestamp": now, "data": data }).to_string();
    let (id, seconds) = (format!("msg_{}", say.id.0.simple()), now.as_secs().to_string());
    let signature = hmac_sha256(&secret.0, format!("{id}.{seconds}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(signature));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in
        [("webhook-id", &id), ("webhook-timestamp", &seconds), ("webhook-signature", &signature)]
    {
        match header(value) {
            Ok(value) => drop(headers.insert(HeaderName::from_static(name), value)),
            Err(outcome) => return outcome,
        }
    }
    post(app, url, headers, body, &[StatusCode::GONE]).await
}

/// To a topic of an ntfy server, as JSON to its root.
pub async fn ntfy(app: &App, say: &Say, url: &str, token: Option<&str>) -> Outcome {
    let Some((root, topic)) = url.trim_end_matches('/').rsplit_once('/') else {
        return Outcome::Gone("its address names no topic".to_owned());
    };
    let mut body = json!({ "topic": topic, "title": TITLE, "message": say.body(), "click": say.url });
    if let Some(tap) = say.only() {
        let ways = [("Done", Action::Done), ("Later", Action::Later), ("Skip", Action::Skip)];
        let button = |(label, action)| {
            let url = tap::url(app, &tap.token(app, action));
            json!({ "action": "http", "label": label, "url": url, "method": "POST", "clear": true })
        };
        body["actions"] = ways.map(button).into();
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(token) = token {
        match header(&format!("Bearer {token}")) {
            Ok(value) => drop(headers.insert(AUTHORIZATION, value)),
            Err(outcome) => return outcome,
        }
    }
    post(app, root, headers, body.to_string(), &[]).await
}

/// To any HTTP service, by its owner's template.
pub async fn templated(
    app: &App,
    say: &Say,
    url: &str,
    own: &BTreeMap<String, String>,
    template: &str,
) -> Outcome {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in own {
        let name = HeaderName::from_bytes(name.as_bytes());
        match (name, header(value)) {
            (Ok(name), Ok(value)) => drop(headers.insert(name, value)),
            _ => return Outcome::Gone("a header of it cannot be sent".to_owned()),
        }
    }
    post(app, url, headers, filled(app, template, say), &[]).await
}

/// A template with its places filled in, each so that it stands in a JSON string.
fn filled(app: &App, template: &str, say: &Say) -> String {
    let in_json = |text: String| {
        let quoted = Value::String(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    [
        ("{{title}}", TITLE.to_owned()),
        ("{{body}}", say.body()),
        ("{{url}}", say.url.clone()),
        ("{{answer_url}}", say.only().map_or_else(|| say.url.clone(), |tap| tap.page(app))),
        ("{{due_at}}", say.due_at.to_string()),
        ("{{count}}", say.count.to_string()),
        ("{{id}}", say.id.to_string()),
    ]
    .into_iter()
    .fold(template.to_owned(), |text, (place, value)| text.replace(place, &in_json(value)))
}
