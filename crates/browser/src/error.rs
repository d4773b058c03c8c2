//! What went wrong, for JavaScript.

use aftercare_device::{
    Refused,
    contacts::{KeyChanged, NotLogged, NotVouched},
};
use serde_json::json;
use wasm_bindgen::JsValue;

/// A failure as a JSON text.
pub(crate) struct Failure(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<Failure> for JsValue {
    fn from(Failure(error): Failure) -> Self {
        let detail = error.to_string();
        let said = if let Some(refused) = error.downcast_ref::<Refused>() {
            json!({ "code": refused.code, "status": refused.status, "detail": refused.detail })
        } else if let Some(KeyChanged(id)) = error.downcast_ref() {
            json!({ "code": "key_changed", "detail": detail, "user_id": id })
        } else if let Some(NotLogged(id)) = error.downcast_ref() {
            json!({ "code": "not_logged", "detail": detail, "user_id": id })
        } else if let Some(NotVouched(id)) = error.downcast_ref() {
            json!({ "code": "not_vouched", "detail": detail, "user_id": id })
        } else if error.is::<crate::web::Unreachable>() {
            json!({ "code": "offline", "detail": detail })
        } else if error.is::<crate::web::NotShown>() {
            json!({ "code": "no_passkey", "detail": detail })
        } else {
            json!({ "code": "device", "detail": format!("{error:#}") })
        };
        Self::from_str(&said.to_string())
    }
}

/// What came of some work, for JavaScript.
pub(crate) async fn told<T>(work: impl Future<Output = anyhow::Result<T>>) -> Result<T, JsValue> {
    Ok(work.await.map_err(Failure::from)?)
}

/// What is given to JavaScript: a JSON text.
pub(crate) fn text(value: &impl serde::Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string(value)?)
}
