//! How a device reaches the service, and what it may refuse.

use http::Method;
use serde_json::Value;
use std::borrow::Cow;

/// A way to a service: in this process, over the wire, by a browser.
pub trait Service: Clone {
    /// Sends a request with an access token or without; the answer's JSON, or [`Refused`].
    fn send(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> impl Future<Output = anyhow::Result<Value>>;

    /// The commonest passwords, one a line: a device refuses them as the service would if it saw them.
    fn common_passwords(&self) -> impl Future<Output = anyhow::Result<Cow<'static, str>>>;

    /// Does what keeps a processor busy for a second: deriving keys from a password.
    fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = anyhow::Result<T>>;
}

/// A problem document (RFC 9457), as the service gave it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{path}: {status} {code}: {detail}")]
pub struct Refused {
    /// What was asked for.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// The problem's code.
    pub code: String,
    /// What is wrong.
    pub detail: String,
}

impl Refused {
    /// Whether another device was faster.
    pub(crate) fn is_overtaken(&self) -> bool {
        self.code == "changed_meanwhile"
    }

    /// The answer's JSON where its status is a success, what was refused where not.
    pub fn unless_success(path: &str, status: u16, answer: Value) -> anyhow::Result<Value> {
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        // Whoever answers without a code is somebody on the way.
        let text = |name: &str, or: &str| answer[name].as_str().unwrap_or(or).to_owned();
        let (code, detail) = (text("code", "unavailable"), text("detail", ""));
        Err(Self { path: path.to_owned(), status, code, detail }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_answers_without_a_code_is_not_the_service() {
        let code = |answer| {
            let refused = Refused::unless_success("/api/check-in/", 404, answer).unwrap_err();
            refused.downcast::<Refused>().unwrap().code
        };
        assert_eq!(code(json!({ "code": "not_found", "detail": "no such reminder" })), "not_found");
        // A page of somebody on the way is no JSON.
        assert_eq!(code(Value::Null), "unavailable");
    }
}
