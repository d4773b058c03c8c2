//! Errors as clients see them: RFC 9457 problem documents. The one place where an error of any
//! layer becomes an answer.

use aftercare_core::{course::Refusal, id::UserId, instant::Span};
use aftercare_seal::SealError;
use aftercare_store::StoreError;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// An error, as `application/problem+json`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A slug under `/problems/`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "/problems/not_found")]
    kind: Slug,
    /// What it is, in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong here, and what would be right.
    #[schema(value_type = String)]
    detail: Box<str>,
    /// The same as the slug, for programs.
    code: &'static str,
    /// Which fields are not as they should be.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<FieldError>)]
    errors: Box<[FieldError]>,
    /// Also in `X-Request-Id`; the operator finds the cause by it.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(value_type = String)]
    request_id: Box<str>,
    #[serde(skip)]
    retry_after: u16,
    #[serde(skip)]
    again: bool,
    #[serde(skip)]
    lost: bool,
    #[serde(skip)]
    aside: Option<Box<Aside>>,
}

/// What is not for the client.
#[derive(Clone, Debug)]
enum Aside {
    /// The cause of a 5xx, for the log.
    Cause(String),
    /// Who asked for what is another's, for the record.
    Refused(UserId),
}

#[derive(Clone, Debug)]
struct Slug(&'static str);

impl Serialize for Slug {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("/problems/{}", self.0))
    }
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the request's body; `?name` for a query parameter.
    #[schema(example = "/email")]
    pub pointer: String,
    /// What would be right.
    pub detail: String,
}

impl FieldError {
    /// At a pointer.
    #[expect(clippy::needless_pass_by_value, reason = "errors are given away to what reports them")]
    pub fn at(pointer: impl Into<String>, detail: impl ToString) -> Self {
        Self { pointer: pointer.into(), detail: detail.to_string() }
    }
}

impl Problem {
    /// A problem of its own kind.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: Slug(code),
            title,
            status: status.as_u16(),
            detail: detail.into().into(),
            code,
            errors: Box::default(),
            request_id: Box::default(),
            retry_after: 0,
            again: false,
            lost: false,
            aside: None,
        }
    }

    /// 400: not JSON, or not a request at all.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "Malformed request", detail)
    }

    /// 401: no good access token.
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "Not signed in",
            "send `Authorization: Bearer <access_token>` with a token that is still good; renew one at /api/token/refresh/",
        )
    }

    /// 403: signed in, in the wrong role.
    pub fn forbidden(who: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not for your role", format!("this is for {who}"))
    }

    /// 404: not there, or not the caller's to know of.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Not found",
            "there is no such thing here, or it is not yours to see",
        )
    }

    /// 403: this session's keys are its owner's alone.
    pub fn sealed_session(instead: &str) -> Self {
        let detail = format!("the keys of this session are on your device alone: {instead}");
        Self::new(StatusCode::FORBIDDEN, "sealed_session", "Sealed session", detail)
    }

    /// 403: this password is hashed where it was made.
    pub fn too_costly() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "assisted_forbidden",
            "Keep your keys",
            "this account's password costs more to derive than this service computes for anybody; derive the keys on the device (/api/auth/params/) and send auth_key",
        )
    }

    /// 401: the password is right, and is not enough.
    pub fn second_factor_required() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "second_factor_required",
            "Second factor",
            "this account asks for one thing more, beside what was sent: `errors` names what is set up",
        )
    }

    /// 401: who they are was shown too long ago for this (RFC 9470).
    pub fn step_up() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "step_up_required",
            "Sign in again",
            "this asks for a sign-in of the last five minutes: sign in again at /api/login/ and repeat it",
        )
    }

    /// 403: too many have failed.
    pub fn locked() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "locked",
            "Locked",
            "too many attempts have failed for this account. A device that has signed in to it before still can; else use the recovery code at /api/recovery/, or ask the operator",
        )
    }

    /// 429: too many, for so long.
    pub fn too_many(wait: Span, what: &str) -> Self {
        let seconds = (wait.as_micros() / 1_000_000 + 1).clamp(1, 3_600);
        let detail = format!("too many attempts {what}; try again in {seconds} s");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many", detail);
        Self { retry_after: u16::try_from(seconds).unwrap_or(3_600), ..problem }
    }

    /// Something of somebody else's was asked for: put on record in the record of who asked.
    #[must_use]
    pub fn refused(self, actor: UserId) -> Self {
        Self { aside: Some(Box::new(Aside::Refused(actor))), ..self }
    }

    /// Who asked for what is another's.
    pub fn refusal(&self) -> Option<UserId> {
        match self.aside.as_deref() {
            Some(Aside::Refused(actor)) => Some(*actor),
            _ => None,
        }
    }

    /// 409: the state of things does not allow it.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "Conflict", detail)
    }

    /// The same, naming what is at fault one by one.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors: errors.into(), ..self }
    }

    /// 422: fields that are not as they should be, all of them at once.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail =
            errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect::<Vec<_>>();
        let problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Not acceptable", detail.join("; "));
        Self { errors: errors.into(), ..problem }
    }

    /// 422 for one field.
    pub fn invalid_field(pointer: &str, detail: impl ToString) -> Self {
        Self::invalid(vec![FieldError::at(pointer, detail)])
    }

    /// 503: try again.
    #[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
    pub fn unavailable(cause: impl ToString) -> Self {
        let problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Try again",
            "the service cannot do this right now; nothing was changed unless a retry says so",
        );
        Self { retry_after: 2, aside: Some(Box::new(Aside::Cause(cause.to_string()))), ..problem }
    }

    /// 503: this process has been asked to end.
    pub fn ending() -> Self {
        let detail = "this process has been asked to end; another answers";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Ask another", detail);
        Self { retry_after: 2, ..problem }
    }

    /// 503: the database is a newer program's.
    pub fn outdated(error: &StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Ask another", error.to_string())
    }

    /// 500: a defect. Says nothing but the request's id.
    #[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
    pub fn internal(cause: impl ToString) -> Self {
        let problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong",
            "this is a defect of the service; name the request_id to its operator",
        );
        Self { aside: Some(Box::new(Aside::Cause(cause.to_string()))), ..problem }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the whole transaction should be run again.
    pub fn is_conflict(&self) -> bool {
        self.again
    }

    /// Whether the database was lost on the way: what only reads may be asked once more.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// The cause of a 5xx, for the log.
    pub fn cause(&self) -> Option<&str> {
        match self.aside.as_deref() {
            Some(Aside::Cause(cause)) => Some(cause),
            _ => None,
        }
    }

    /// As an answer that names the request.
    pub fn render(mut self, request_id: &str) -> Response {
        self.request_id = request_id.into();
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, serde_json::to_vec(&self).unwrap_or_default()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.retry_after > 0 {
            headers.insert(header::RETRY_AFTER, self.retry_after.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let again = r#"Bearer error="insufficient_user_authentication", max_age=300"#;
            let scheme = if self.code == "step_up_required" { again } else { "Bearer" };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        response
    }
}

/// A problem travels as an extension of an empty answer; the outermost layer renders it with the
/// request's id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(_) => {
                Self::conflict("conflict", "somebody else was faster; look again and retry")
            }
            StoreError::Conflict(cause) => Self { again: true, ..Self::unavailable(cause) },
            StoreError::Unavailable(cause) => Self { lost: true, ..Self::unavailable(cause) },
            StoreError::Schema(cause) | StoreError::Broken(cause) => Self::internal(cause),
        }
    }
}

/// What this service sealed and stored does not open: damage or a defect, never the caller's.
impl From<SealError> for Problem {
    fn from(error: SealError) -> Self {
        Self::internal(format!("sealing: {error}"))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Self::not_found(),
            Refusal::TooEarly(_) => Self::conflict("too_early", refusal.to_string()),
            Refusal::TooLate(_) => Self::conflict("too_late", refusal.to_string()),
            Refusal::Superseded => Self::conflict("superseded", refusal.to_string()),
        }
    }
}

/// Runs a block that is one whole transaction, again where the database undid it for another's
/// sake; three times at most.
macro_rules! transact {
    ($block:block) => {{
        let mut tries = 1;
        loop {
            let done: Result<_, Problem> = async { $block }.await;
            match done {
                Err(problem) if problem.is_conflict() && tries < 3 => tries += 1,
                done => break done,
            }
        }
    }};
}
pub(crate) use transact;
