//! Notes sealed and opened: between what was read and what is stored, all in memory.

use crate::review::Review;
use aftercare_core::{
    course::Policy,
    id::{CheckInId, NoteId, StepId, UserId},
    instant::Instant,
    step::{Category, Kind, Step},
    timing::Timing,
};
use aftercare_extract::extraction::Quote;
use aftercare_seal::{
    Bytes, SealError,
    ark::Keys,
    bundle::Bundle,
    envelope::{Envelope, ItemType},
    reader::{ContentKey, open_items, open_words},
    writer::{Draft, Plain, seal},
};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The words of a step, as sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepText {
    /// What to do.
    pub title: String,
    /// The same; room for more.
    pub text: String,
    /// The words of the note.
    pub quote: String,
    /// Where they stand in it, in characters.
    pub quote_start: usize,
    /// Checklist or plan.
    pub kind: Kind,
    /// What it is about.
    #[serde(default = "other")]
    pub category: Category,
    /// When: for a plan step the same as stands in clear beside it.
    pub schedule: Timing,
    /// What a miss does, where the doctor has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Whether two readers found it; `None` where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure: Option<bool>,
    /// Goes on with the count and log of the step of the same id in the plan that it replaces.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
}

/// Other clients need not say.
fn other() -> Category {
    Category::Other
}

impl StepText {
    /// Of a step as read.
    pub fn of(step: &Step, quote_start: usize) -> Self {
        Self {
            title: step.action.clone(),
            text: step.action.clone(),
            quote: step.evidence.clone(),
            quote_start,
            kind: step.kind,
            category: step.category,
            schedule: step.timing.clone().unwrap_or_default(),
            policy: None,
            sure: None,
            continues: false,
        }
    }
}

/// What goes with the steps, as sealed in one item.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Beside {
    safety_net: Vec<SafetyNet>,
    #[serde(default)]
    review: Review,
}

/// When to seek help: shown, never scheduled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafetyNet {
    /// What to watch for.
    pub text: String,
    /// The words of the note.
    pub evidence: String,
    /// Where they stand in it, in characters.
    pub evidence_start: usize,
}

impl SafetyNet {
    /// Of words of the note.
    pub fn of(quote: &Quote) -> Self {
        Self { text: quote.quote.clone(), evidence: quote.quote.clone(), evidence_start: quote.start }
    }
}

/// A note in the open: in memory, for the two who may read it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OpenNote {
    /// The doctor's words.
    pub text: String,
    /// The words of its steps, in their order.
    pub steps: Vec<(StepId, StepText)>,
    /// When to seek help.
    #[serde(default)]
    pub safety_net: Vec<SafetyNet>,
    /// What its doctor has to look at.
    #[serde(default)]
    pub review: Review,
    /// What opens the few words that were sealed beside it later.
    #[serde(skip)]
    key: Option<ContentKey>,
}

impl OpenNote {
    /// A note whose words are at hand, to be sealed.
    pub fn of(
        text: String,
        steps: Vec<(StepId, StepText)>,
        safety_net: Vec<SafetyNet>,
        review: Review,
    ) -> Self {
        Self { text, steps, safety_net, review, key: None }
    }

    /// The words of a step.
    pub fn step(&self, id: StepId) -> Option<&StepText> {
        self.steps.iter().find(|(own, _)| *own == id).map(|(_, text)| text)
    }

    /// Opens a reason that was sealed beside the note.
    pub fn reason(&self, note: NoteId, id: CheckInId, sealed: &[u8]) -> Option<String> {
        let (note, id) = (Bytes(*note.as_bytes()), Bytes(*id.as_bytes()));
        String::from_utf8(self.key.as_ref()?.open_beside(note, id, sealed).ok()?).ok()
    }
}

/// What is to be sealed as one note.
pub struct Page<'a> {
    /// The note.
    pub id: NoteId,
    /// About whom.
    pub patient_id: UserId,
    /// Its place in the doctor's chain for this patient.
    pub seq: i64,
    /// The transcript before it.
    pub prev: &'a [u8],
    /// When it was written.
    pub created_at: Instant,
    /// What to seal.
    pub words: &'a OpenNote,
}

/// Seals a page for its author and its readers, signed by its author.
pub fn write(
    page: &Page<'_>,
    author: &Keys,
    author_bundle: &Bundle,
    readers: &[&Bundle],
    rng: &mut impl CryptoRng,
) -> Result<(Envelope, ContentKey), SealError> {
    let mut items = vec![plain(ItemType::Note, page.id.0, page.words.text.as_bytes().to_vec(), Vec::new())];
    for (id, step) in &page.words.steps {
        let (item_type, clear) = match step.kind {
            Kind::Checklist => (ItemType::Checklist, Vec::new()),
            Kind::Plan => (ItemType::Plan, json(&step.schedule)?),
        };
        items.push(plain(item_type, id.0, json(step)?, clear));
    }
    let beside = Beside { safety_net: page.words.safety_net.clone(), review: page.words.review.clone() };
    if !(beside.safety_net.is_empty() && beside.review == Review::default()) {
        items.push(plain(ItemType::Addendum, page.id.0, json(&beside)?, Vec::new()));
    }
    let draft = Draft {
        note_id: Bytes(*page.id.as_bytes()),
        patient_id: Bytes(*page.patient_id.as_bytes()),
        seq: u64::try_from(page.seq).unwrap_or(0),
        prev: Bytes::try_from(page.prev)?,
        created_at: u64::try_from(page.created_at.as_secs()).unwrap_or(0),
        items,
    };
    seal(draft, author, author_bundle, &[&[author_bundle], readers].concat(), rng)
}

fn plain(item_type: ItemType, id: Uuid, text: Vec<u8>, clear: Vec<u8>) -> Plain {
    Plain { item_type, id: Bytes(*id.as_bytes()), rev: 0, text, clear }
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, SealError> {
    serde_json::to_vec(value).map_err(|_| SealError::Malformed("step"))
}

/// The doctor's words alone, of an envelope as it is stored whose content key is at hand: a list of notes shows no more.
pub fn words_alone(envelope: &[u8], key: &ContentKey) -> Result<String, SealError> {
    text(open_words(envelope, key)?)
}

fn text(item: Plain) -> Result<String, SealError> {
    String::from_utf8(item.text).map_err(|_| SealError::Malformed("note"))
}

impl OpenNote {
    /// The words of an envelope whose content key is at hand.
    pub fn read(envelope: &Envelope, key: ContentKey) -> Result<Self, SealError> {
        let items = open_items(envelope, &key)?;
        let mut note = Self { key: Some(key), ..Self::default() };
        for item in items {
            match item.item_type {
                ItemType::Note => note.text = text(item)?,
                ItemType::Checklist | ItemType::Plan => {
                    let step: StepText =
                        serde_json::from_slice(&item.text).map_err(|_| SealError::Malformed("step"))?;
                    let kind = if item.item_type == ItemType::Plan { Kind::Plan } else { Kind::Checklist };
                    if step.kind != kind {
                        return Err(SealError::Malformed("step: not of its kind"));
                    }
                    // Other clients may write the same schedule in other bytes.
                    let clear = serde_json::from_slice::<Timing>(&item.clear);
                    if kind == Kind::Plan && !clear.is_ok_and(|clear| clear == step.schedule) {
                        return Err(SealError::Malformed("schedule: not as in clear"));
                    }
                    note.steps.push((StepId(Uuid::from_bytes(item.id.0)), step));
                }
                ItemType::Addendum => {
                    let beside: Beside =
                        serde_json::from_slice(&item.text).map_err(|_| SealError::Malformed("addendum"))?;
                    note.safety_net.extend(beside.safety_net);
                    note.review = beside.review;
                }
            }
        }
        Ok(note)
    }

    /// What opens the note, where it was opened and not written here.
    pub fn key(&self) -> Option<&ContentKey> {
        self.key.as_ref()
    }
}
