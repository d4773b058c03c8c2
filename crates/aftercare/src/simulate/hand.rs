//! The channels of the virtual world: some slow, some dead, and a record of all that was said.

use crate::delivery::{Outcome, outward::Hand};
use aftercare_core::instant::{Instant, Span};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// A reminder that reached somebody's channel.
#[derive(Clone, Debug)]
pub struct Said {
    /// Whose channel: their number.
    pub person: usize,
    /// The message.
    pub id: String,
    /// How many things it says are due; `None`: it is about no reminder.
    pub count: Option<u32>,
    /// The time it carries.
    pub due_at: Instant,
}

/// What came, and how the channels answer.
#[derive(Debug)]
struct Heard {
    said: Vec<Said>,
    rng: StdRng,
    faulty: bool,
}

/// The channels.
#[derive(Clone, Debug)]
pub struct Channels(Arc<Mutex<Heard>>);

/// What a person's template says.
pub const TEMPLATE: &str =
    r#"{"person":"PERSON","id":"{{id}}","body":"{{body}}","count":{{count}},"due":"{{due_at}}"}"#;

impl Channels {
    /// Those of a world; `faulty`: some of what is sent gets lost.
    pub fn new(seed: u64, faulty: bool) -> Self {
        Self(Arc::new(Mutex::new(Heard { said: Vec::new(), rng: StdRng::seed_from_u64(seed), faulty })))
    }

    /// What takes requests.
    pub fn hand(&self) -> Hand {
        let channels = self.clone();
        Arc::new(move |_, body| channels.take(body))
    }

    /// What was said since the last time.
    pub fn said(&self) -> Vec<Said> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).said)
    }

    fn take(&self, body: &[u8]) -> Result<u16, Outcome> {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = body["body"].as_str().unwrap_or_default();
        let count = u32::try_from(body["count"].as_u64().unwrap_or(0)).ok();
        let said = Said {
            person: body["person"].as_str().and_then(|person| person.parse().ok()).unwrap_or(usize::MAX),
            id: body["id"].as_str().unwrap_or_default().to_owned(),
            count: count.filter(|_| text.contains(" due.")),
            due_at: body["due"].as_str().and_then(|due| due.parse().ok()).unwrap_or(Instant::from_micros(0)),
        };
        let faulty = heard.faulty;
        match heard.rng.random_range(0..100) {
            // Taken, and the answer lost; refused; not now; broken off.
            0..4 if faulty => {
                heard.said.push(said);
                Err(Outcome::Later { fault: "no answer within 10 s".to_owned(), after: None })
            }
            4..8 if faulty => Ok(503),
            8..10 if faulty => Ok(400),
            10..13 if faulty => {
                Err(Outcome::Later { fault: "no connection".to_owned(), after: Some(Span::from_secs(90)) })
            }
            _ => {
                heard.said.push(said);
                Ok(200)
            }
        }
    }
}
