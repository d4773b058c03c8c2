//! Gemini's `generateContent` (<https://ai.google.dev/api/generate-content>).

use super::{
    Answer, ModelError,
    call::{Limits, post},
    prompt::Prompt,
};
use serde_json::{Value, json};

/// Where and whom to ask.
#[derive(Clone)]
pub struct Gemini {
    /// Without a path: `https://generativelanguage.googleapis.com`.
    pub base_url: String,
    /// Such as `gemini-flash-latest`.
    pub model: String,
    /// Sent in a header, never in the URL, which lands in logs.
    pub api_key: String,
}

impl std::fmt::Debug for Gemini {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gemini({} at {})", self.model, self.base_url)
    }
}

impl Gemini {
    pub(super) async fn ask(
        &self,
        client: &reqwest::Client,
        limits: Limits,
        prompt: &Prompt,
    ) -> Result<Answer, ModelError> {
        let url =
            format!("{}/v1beta/models/{}:generateContent", self.base_url.trim_end_matches('/'), self.model);
        let headers = [("x-goog-api-key", self.api_key.as_str())];
        let answer = post(client, limits, &url, &headers, &self.body(prompt)).await?;
        read(&answer, &self.model)
    }

    fn body(&self, prompt: &Prompt) -> Value {
        // The families differ in how little thinking is asked for; both keys at once are refused.
        let thinking = if self.model.contains("2.5") {
            json!({ "thinkingBudget": 0 })
        } else {
            json!({ "thinkingLevel": "LOW" })
        };
        // Notes speak of drugs, bodies and self-harm; a block would lose a plan.
        let safety: Vec<_> = ["HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT"]
            .map(|category| json!({ "category": format!("HARM_CATEGORY_{category}"), "threshold": "OFF" }))
            .into();
        json!({
            "systemInstruction": { "parts": [{ "text": prompt.system }] },
            "contents": [{ "role": "user", "parts": [{ "text": prompt.user }] }],
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseJsonSchema": prompt.schema(),
                "temperature": 0,
                "maxOutputTokens": 8192,
                "thinkingConfig": thinking,
            },
            "safetySettings": safety,
        })
    }
}

fn read(answer: &Value, model: &str) -> Result<Answer, ModelError> {
    if let Some(reason) = answer["promptFeedback"]["blockReason"].as_str() {
        return Err(ModelError::Ended(word(reason)));
    }
    let candidate = &answer["candidates"][0];
    match candidate["finishReason"].as_str() {
        Some("STOP") => {}
        Some(reason) => return Err(ModelError::Ended(word(reason))),
        None => return Err(ModelError::Malformed("no finishReason")),
    }
    let parts = candidate["content"]["parts"].as_array().ok_or(ModelError::Malformed("no parts"))?;
    // Thoughts come as parts of their own.
    let parts = parts.iter().filter(|part| part["thought"] != true);
    let text: String = parts.filter_map(|part| part["text"].as_str()).collect();
    Ok(Answer { text, version: answer["modelVersion"].as_str().unwrap_or(model).to_owned() })
}

/// A reason as a code, never as free text.
pub(super) fn word(reason: &str) -> String {
    reason.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect()
}
