//! `chat/completions` as OpenAI, Ollama, llama.cpp and vLLM speak it.

use super::{
    Answer, ModelError,
    call::{Limits, post},
    gemini::{version, word},
    prompt::Prompt,
};
use serde_json::{Value, json};

/// Where and whom to ask.
#[derive(Clone)]
pub struct OpenAi {
    /// With its version path: `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// The model's name at that server.
    pub model: String,
    /// Empty: none is sent.
    pub api_key: String,
}

impl std::fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenAi({} at {})", self.model, self.base_url)
    }
}

impl OpenAi {
    pub(super) async fn ask(
        &self,
        client: &reqwest::Client,
        limits: Limits,
        prompt: &Prompt,
    ) -> Result<Answer, ModelError> {
        let url = format!("{}/chat/completions", self.base_url.trim_end_matches('/'));
        let bearer = format!("Bearer {}", self.api_key);
        let headers = [("authorization", bearer.as_str())];
        let headers = if self.api_key.is_empty() { &[][..] } else { &headers[..] };
        let strict = json!({
            "type": "json_schema",
            "json_schema": { "name": "steps", "strict": true, "schema": prompt.schema() },
        });
        let answer = post(client, limits, &url, headers, &self.body(prompt, &strict)).await;
        let answer = match answer {
            // A server that does not know the format is asked for plain JSON.
            Err(ModelError::Status(400 | 422)) => {
                let plain = json!({ "type": "json_object" });
                post(client, limits, &url, headers, &self.body(prompt, &plain)).await?
            }
            answer => answer?,
        };
        read(&answer, &self.model)
    }

    fn body(&self, prompt: &Prompt, format: &Value) -> Value {
        let mut system = prompt.system.to_owned();
        if format["type"] == "json_object" {
            system += &format!(" Answer with JSON of this schema: {}", prompt.schema());
        }
        json!({
            "model": self.model,
            "messages": [
                { "role": "system", "content": system },
                { "role": "user", "content": prompt.user },
            ],
            "temperature": 0,
            "max_tokens": prompt.longest_answer(),
            "response_format": format,
        })
    }
}

fn read(answer: &Value, model: &str) -> Result<Answer, ModelError> {
    let choice = &answer["choices"][0];
    if choice["message"]["refusal"].is_string() {
        return Err(ModelError::Ended("refusal".to_owned()));
    }
    match choice["finish_reason"].as_str() {
        Some("stop") => {}
        Some(reason) => return Err(ModelError::Ended(word(reason))),
        None => return Err(ModelError::Malformed("no finish_reason")),
    }
    let text = choice["message"]["content"].as_str().ok_or(ModelError::Malformed("no content"))?;
    Ok(Answer { text: text.to_owned(), version: version(&answer["model"], model) })
}
