//! Bodies, queries and ids in: refused with the field and the mend.

use super::problem::{FieldError, Problem};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use std::str::FromStr;

/// The longest body, in bytes: a note of the longest length, escaped.
pub const MAX_BODY: usize = 256 * 1024;

/// A JSON body; as an answer, one too.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_json = kind.is_some_and(|kind| {
            kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
        });
        if !is_json {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Not JSON",
                "send the body as JSON with `Content-Type: application/json`",
            ));
        }
        let body =
            Bytes::from_request(request, state).await.map_err(|rejection| too_large(rejection.status()))?;
        parse(&body).map(Self)
    }
}

pub(crate) fn too_large(status: StatusCode) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(status, "too_large", "Body too large", format!("send at most {MAX_BODY} bytes"))
    } else {
        Problem::malformed("the body broke off")
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // A struct would be read out of a list by position, which nobody means.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::invalid_field("", "must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            // serde_json adds the place in the text, which a field's name makes needless.
            let detail = inner.to_string();
            let detail =
                detail.rsplit_once(" at line ").map_or(detail.as_str(), |(detail, _)| detail).to_owned();
            Problem::invalid(vec![FieldError::at(pointer(error.path(), &detail), detail)])
        } else {
            Problem::malformed(format!("the body is not JSON: {inner}"))
        }
    })?;
    json.end().map_err(|error| Problem::malformed(format!("the body is not one JSON value: {error}")))?;
    Ok(value)
}

fn pointer(path: &serde_path_to_error::Path, detail: &str) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer += &format!("/{index}"),
            Segment::Map { key } => pointer += &format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    // serde names a missing field in its words, not in its path.
    let missing = detail.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    missing.map_or(pointer.clone(), |field| format!("{pointer}/{field}"))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

/// Query parameters.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text =
                    text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text).to_owned();
                let (name, detail) = text.split_once(": ").unwrap_or(("", &text));
                Err(Problem::invalid_field(&format!("?{name}"), detail))
            }
        }
    }
}

/// An id in a path. One that is none names nothing: 404.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text): Path<String> =
            Path::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Shape {
        name: String,
        list: Vec<u8>,
    }

    fn problem(body: &str) -> serde_json::Value {
        serde_json::to_value(parse::<Shape>(body.as_bytes()).unwrap_err()).unwrap()
    }

    #[test]
    fn the_field_at_fault_is_named() {
        for (body, pointer) in [
            (r#"{"name":1,"list":[]}"#, "/name"),
            (r#"{"name":"x","list":[1,300]}"#, "/list/1"),
            (r#"{"name":"x"}"#, "/list"),
            (r#"{"name":"x","list":[],"extra":1}"#, "/extra"),
        ] {
            let problem = problem(body);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
            assert_eq!(problem["status"], 422);
        }
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        assert_eq!(problem(r#"["x",[]]"#)["status"], 422);
        for body in ["", "{", "not json", r#"{"name":"x","list":[]} trailing"#] {
            assert_eq!(problem(body)["code"], "malformed", "{body}");
        }
    }
}
