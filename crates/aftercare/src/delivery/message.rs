//! What a message says: that something is due, and where to look. Never what: no word of a note, a step or a
//! medicine is at hand where messages are made.

use super::tap::{Action, Tap, Taps};
use crate::app::App;
use aftercare_core::{
    id::{DeliveryId, ReminderId},
    instant::{Instant, Span},
};
use aftercare_store::{
    delivery::{Delivery, DeliveryKind},
    open_reminder::OpenReminder,
};

/// A message, as every channel has it.
#[derive(Clone, Debug)]
pub struct Say {
    /// Which: stays the same when it is tried again.
    pub id: DeliveryId,
    /// What it is about.
    pub kind: DeliveryKind,
    /// The time it carries.
    pub due_at: Instant,
    /// How many things it covers.
    pub count: i32,
    /// After this it is of no use.
    pub expires_at: Instant,
    /// What takes the place of what: messages about the same moment have the same.
    pub tag: String,
    /// Where to look.
    pub url: String,
    /// What it covers can be answered from where it is shown, one by one.
    pub taps: Vec<Tap>,
}

/// At most so many things can be answered from one message: a push has room for no more.
const TAPS: usize = 8;

/// The title of every message.
pub const TITLE: &str = "Aftercare";

impl Say {
    /// Of a delivery that covers so many things now; where they are reminders, those.
    pub fn of(app: &App, delivery: &Delivery, count: i32, covered: &[OpenReminder]) -> Self {
        let origin = app.config.pages();
        // Of what it was to cover something may be answered meanwhile: it carries the time of what is left.
        let due_at = covered.iter().map(|one| one.open.due_at).max().unwrap_or(delivery.due_at);
        let tag = format!("{:x}", due_at.as_micros());
        let url = match delivery.object_id.filter(|_| count == 1) {
            Some(id) => format!("{origin}/today?r={id}"),
            None => format!("{origin}/today"),
        };
        let Delivery { id, kind, expires_at, .. } = *delivery;
        let taps = covered.iter().map(|one| Tap {
            user: one.patient_id,
            step: one.step_id,
            ordinal: one.ordinal,
            until: one.open.closes_at,
        });
        Self { id, kind, due_at, count, expires_at, tag, url, taps: taps.take(TAPS).collect() }
    }

    /// What is said, in a sentence.
    pub fn body(&self) -> String {
        let due = if self.count == 1 {
            "You have something due.".to_owned()
        } else {
            format!("You have {} things due.", self.count)
        };
        match self.kind {
            DeliveryKind::Reminder => due,
            DeliveryKind::PlanChanged => "You have an update.".to_owned(),
            DeliveryKind::Clear => "All done.".to_owned(),
            DeliveryKind::Switched => {
                format!("{due} Your first channel could not be reached, so this came here.")
            }
            DeliveryKind::Test => "This is a test: messages arrive here.".to_owned(),
            DeliveryKind::Code => "Somebody wants to send messages here.".to_owned(),
        }
    }

    /// What answers each thing it covers, for a device.
    pub fn answers(&self, app: &App) -> Vec<Taps> {
        let of = |tap: &Tap| Taps {
            id: ReminderId::of(tap.step, tap.ordinal).0,
            done: tap.token(app, Action::Done),
            later: tap.token(app, Action::Later),
            skip: tap.token(app, Action::Skip),
        };
        self.taps.iter().map(of).collect()
    }

    /// The one thing it covers, where it is one.
    pub fn only(&self) -> Option<&Tap> {
        self.taps.first().filter(|_| self.taps.len() == 1)
    }

    /// For how long it is of use.
    pub fn time_to_live(&self, now: Instant) -> Span {
        if self.expires_at > now { self.expires_at - now } else { Span::ZERO }
    }
}
