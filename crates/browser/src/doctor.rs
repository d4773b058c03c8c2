//! Writing notes: read here or there, sealed, sent; and schedules in words and in dates.

use crate::{
    account::{Device, user},
    error::{Failure, text},
    web::Now,
};
use aftercare_core::{
    anchors::Anchors,
    clock::Clock,
    replay::Case,
    timing::Timing,
    wording::{Language, timing_text},
};
use aftercare_device::notebook::OpenNote;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
impl Device {
    /// Reads a note here, with the rules: an `OpenNote`.
    #[wasm_bindgen(js_name = readHere)]
    pub fn read_here(&self, note: &str) -> Result<String, JsValue> {
        Ok(text(&self.0.read_here(&Now, note))?)
    }

    /// Has a note read by the service, or by the model behind it, sealed there and back: an `OpenNote`. The doctor
    /// looks at it before it comes into force.
    #[wasm_bindgen(js_name = readThere)]
    pub async fn read_there(&self, patient: String, note: String) -> Result<String, JsValue> {
        let read = self.0.read_there(&Now, user(&patient)?, &note, true).await.map_err(Failure::from)?;
        Ok(text(&read)?)
    }

    /// Agrees that notes go to who reads them at the service, by its name.
    pub fn agree(&self, provider: &str) {
        self.0.agree_to_provider(provider);
    }

    /// Seals an `OpenNote` for a patient and sends it; the service's answer. `mode` is `activate` or `review`.
    pub async fn submit(&self, patient: String, words: String, mode: String) -> Result<String, JsValue> {
        let sent = async {
            let words: OpenNote = serde_json::from_str(&words)?;
            Ok::<_, Failure>(self.0.submit(&Now, user(&patient)?, &words, &mode).await?.answer.to_string())
        };
        Ok(sent.await?)
    }

    /// A new id, for a step that is added by hand.
    #[wasm_bindgen(js_name = newId)]
    pub fn new_id(&self) -> String {
        self.0.new_id::<uuid::Uuid>(&Now).to_string()
    }
}

/// A schedule in words.
#[wasm_bindgen(js_name = timingText)]
pub fn in_words(timing: &str, anchors: &str, language: &str) -> Result<String, JsValue> {
    let words = || {
        let (timing, anchors): (Timing, Anchors) =
            (serde_json::from_str(timing)?, serde_json::from_str(anchors)?);
        Ok::<_, Failure>(timing_text(&timing, &anchors, Language::accepted(language)))
    };
    Ok(words()?)
}

/// What a schedule would do if it came into force now, all of it answered: `{upcoming: [instant], ends_at,
/// extended_by}`.
#[wasm_bindgen]
pub fn preview(timing: &str, anchors: &str, time_zone: &str) -> Result<String, JsValue> {
    let foretold = || {
        let now = Now.now();
        let case = Case {
            anchors: serde_json::from_str(anchors)?,
            ..Case::new(serde_json::from_str(timing)?, time_zone, now)
        };
        let replay = case.replay()?;
        let mut ahead = case.course()?.ahead(&replay, |_| true);
        // What would be due at once comes first.
        ahead.upcoming.splice(0..0, replay.occurrences.iter().map(|one| one.due_at));
        text(&ahead)
    };
    Ok(foretold()?)
}
