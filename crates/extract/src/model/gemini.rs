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
    /// On Google Cloud: `projects/<project>/locations/<location>`; the key is then an access token.
    /// Empty: the Developer API.
    pub cloud: String,
    /// A file with the key, read anew for each call: access tokens live for an hour. Empty: none.
    pub key_file: String,
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
        let key = self.key()?;
        let base = self.base_url.trim_end_matches('/');
        let (url, header) = if self.cloud.is_empty() {
            (format!("{base}/v1beta/models/{}:generateContent", self.model), ("x-goog-api-key", key))
        } else {
            let path = self.cloud.trim_matches('/');
            let url = format!("{base}/v1/{path}/publishers/google/models/{}:generateContent", self.model);
            (url, ("authorization", format!("Bearer {key}")))
        };
        let headers = [(header.0, header.1.as_str())];
        let answer = post(client, limits, &url, &headers, &self.body(prompt)).await?;
        read(&answer, &self.model)
    }

    fn key(&self) -> Result<String, ModelError> {
        if self.key_file.is_empty() {
            return Ok(self.api_key.clone());
        }
        let text = std::fs::read_to_string(&self.key_file).map_err(|_| ModelError::NoKey)?;
        Ok(text.trim().to_owned())
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
                // Thoughts count too.
                "maxOutputTokens": 4096 + prompt.longest_answer(),
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
    Ok(Answer { text, version: version(&answer["modelVersion"], model) })
}

/// A model's version as the server names it; the name it is configured by where that is free text,
/// for it is kept in clear.
pub(super) fn version(named: &Value, model: &str) -> String {
    let plain = |text: &&str| {
        text.len() <= 80 && text.chars().all(|c| c.is_ascii_alphanumeric() || "._:/@-".contains(c))
    };
    named.as_str().filter(plain).unwrap_or(model).to_owned()
}

/// A reason as a code, never as free text.
pub(super) fn word(reason: &str) -> String {
    reason.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect()
}
