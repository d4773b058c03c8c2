//! Choosing doctors, opening notes, answering: for both.

use crate::{
    account::{Device, user},
    error::{Failure, text},
    web::Now,
};
use serde_json::Value;
use std::collections::HashMap;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
impl Device {
    /// Chooses a doctor, or leaves them, by a statement that only this patient can sign; the service's answer.
    pub async fn choose(&self, doctor: String, selected: bool) -> Result<String, JsValue> {
        let answer = self.0.state(&Now, user(&doctor)?, selected).await.map_err(Failure::from)?;
        Ok(answer.to_string())
    }

    /// Says again, with new keys, whom one has chosen.
    pub async fn restate(&self) -> Result<(), JsValue> {
        Ok(self.0.restate(&Now).await.map_err(Failure::from)?)
    }

    /// Opens the envelopes of an answer, each held against its author's keys: `{note_id: OpenNote}`.
    pub async fn open(&self, answer: String) -> Result<String, JsValue> {
        let opened = async {
            let answer: Value = serde_json::from_str(&answer)?;
            let opened = self.0.open(&answer).await?;
            let words: HashMap<_, _> =
                opened.iter().map(|(id, note)| (id.to_string(), &note.words)).collect();
            text(&words)
        };
        Ok(opened.await?)
    }

    /// Opens the reasons that stand beside the notes of an answer: `{reminder_id: reason}`.
    #[wasm_bindgen(js_name = openReasons)]
    pub async fn open_reasons(&self, answer: String) -> Result<String, JsValue> {
        let opened = async {
            let answer: Value = serde_json::from_str(&answer)?;
            text(&self.0.reasons(&answer).await?)
        };
        Ok(opened.await?)
    }

    /// Leaves a reminder out with a reason that only patient and doctor can read; `at` is when that was said.
    pub async fn skip(&self, reminder: String, at: String, reason: String) -> Result<String, JsValue> {
        let skipped = async {
            let reminder: Value = serde_json::from_str(&reminder)?;
            Ok::<_, Failure>(self.0.skip(&Now, &reminder, Some(at.parse()?), &reason).await?.to_string())
        };
        Ok(skipped.await?)
    }

    /// Opens all of one's own notes to somebody's keys in use: a person's new ones, or a successor's. How many.
    #[wasm_bindgen(js_name = grantAll)]
    pub async fn grant_all(&self, to: String) -> Result<usize, JsValue> {
        Ok(self.0.grant_all(user(&to)?).await.map_err(Failure::from)?)
    }
}
