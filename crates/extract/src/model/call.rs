//! One exchange with a model's server: bounded in time and size, tried again only where that can
//! help.

use super::ModelError;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// The longest answer, in bytes: a hundred steps are far below it.
const MAX_ANSWER: usize = 1024 * 1024;
/// At most so many tries.
const TRIES: u32 = 3;

/// How long an exchange may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one try.
    pub call: Duration,
    /// For all of them, over all questions about one note.
    pub end: Instant,
    /// Before the second try; each further one waits twice as long.
    pub pause: Duration,
    /// Where in the pause's second half this caller waits, 0 to 255, so that many do not come at once.
    pub jitter: u8,
}

/// Posts JSON and gives the JSON answered. Tries again after 429 and 5xx, no earlier than asked.
pub(super) async fn post(
    client: &reqwest::Client,
    limits: Limits,
    url: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<Value, ModelError> {
    let end = limits.end;
    // Maps and strings always serialise.
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut pause = limits.pause;
    for left in (0..TRIES).rev() {
        let mut request = client.post(url).header("content-type", "application/json").body(body.clone());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let once = timeout(limits.call, once(request));
        let done = timeout_at(end, once).await.map_err(|_| ModelError::Timeout)?;
        let (error, asked) = match done.unwrap_or(Err((ModelError::Timeout, None))) {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        let helps = matches!(error, ModelError::Status(429 | 500 | 502 | 503 | 504));
        let wait = asked.unwrap_or(pause / 2 + pause * u32::from(limits.jitter) / 512);
        // However long a server asks us to wait: not beyond the budget.
        let in_time = Instant::now().checked_add(wait).is_some_and(|then| then < end);
        if !helps || left == 0 || !in_time {
            return Err(error);
        }
        sleep(wait).await;
        pause *= 2;
    }
    Err(ModelError::Timeout)
}

type Failed = (ModelError, Option<Duration>);

async fn once(request: reqwest::RequestBuilder) -> Result<Value, Failed> {
    let unreachable = |error: reqwest::Error| {
        (if error.is_timeout() { ModelError::Timeout } else { ModelError::Unreachable }, None)
    };
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    if !status.is_success() {
        let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        return Err((ModelError::Status(status.as_u16()), asked.map(Duration::from_secs)));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err((ModelError::TooLarge, None));
        }
    }
    serde_json::from_slice(&body).map_err(|_| (ModelError::Malformed("not JSON"), None))
}
