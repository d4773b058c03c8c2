//! One-tap answers: a token that came with a message answers one occurrence in one way, once, and opens nothing else.
//!
//! `user ‖ step ‖ ordinal ‖ expiry ‖ action ‖ mac`, 61 bytes in base64url: whoever holds the message needs no session,
//! and nothing is stored until it is used.

use crate::app::App;
use aftercare_core::{
    id::{StepId, UserId},
    instant::Instant,
};
use aftercare_seal::bytes::{decode, encode, same};
use serde::Serialize;
use std::fmt::Write;
use uuid::Uuid;

/// What a token does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was done.
    Done,
    /// Said again in a while.
    Later,
    /// It is left out.
    Skip,
    /// Nothing by itself: it opens a page that asks. This is what a link may do, since links are followed by
    /// machines.
    Ask,
}

const ALL: [Action; 4] = [Action::Done, Action::Later, Action::Skip, Action::Ask];

/// What a token is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// Whose.
    pub user: UserId,
    /// Of which step.
    pub step: StepId,
    /// Which occurrence.
    pub ordinal: u32,
    /// Good until then.
    pub until: Instant,
}

/// The tokens of one occurrence, as a device has them.
#[derive(Clone, Debug, Serialize)]
pub struct Taps {
    /// Which.
    pub id: Uuid,
    /// Says that it was done.
    pub done: String,
    /// Puts it off for 15 minutes.
    pub later: String,
    /// Leaves it out.
    pub skip: String,
}

impl Tap {
    /// The token for one way of answering.
    pub fn token(&self, app: &App, action: Action) -> String {
        let action = ALL.iter().position(|one| *one == action).and_then(|at| u8::try_from(at).ok());
        let body = [
            self.user.as_bytes().as_slice(),
            self.step.as_bytes(),
            &self.ordinal.to_be_bytes(),
            &self.until.as_micros().to_be_bytes(),
            &[action.unwrap_or(u8::MAX)],
        ]
        .concat();
        let mac = app.master.digest("tap", &[&body]);
        encode(&[body.as_slice(), &mac.0[..16]].concat())
    }

    /// What a token is good for; `None` for one that was made up.
    pub fn open(app: &App, token: &str) -> Option<(Self, Action)> {
        let parts = decode(token).filter(|parts| parts.len() == 61)?;
        let (body, mac) = parts.split_at(45);
        if !same(&app.master.digest("tap", &[body]).0[..16], mac) {
            return None;
        }
        let id = |at: usize| Uuid::from_slice(&body[at..at + 16]).unwrap_or_default();
        let tap = Self {
            user: UserId(id(0)),
            step: StepId(id(16)),
            ordinal: u32::from_be_bytes(body[32..36].try_into().ok()?),
            until: i64::from_be_bytes(body[36..44].try_into().ok()?).into(),
        };
        Some((tap, *ALL.get(usize::from(body[44]))?))
    }

    /// The page that asks.
    pub fn page(&self, app: &App) -> String {
        url(app, &self.token(app, Action::Ask))
    }
}

/// Where a token is answered with a page, or by a POST without a body.
pub fn url(app: &App, token: &str) -> String {
    let mut url = app.config.issuer();
    // A String takes everything.
    let _ = write!(url, "/api/tap/{token}/");
    url
}
