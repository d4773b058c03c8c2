//! What a message says: that something is due, and where to look. Never what: no word of a note, a step or a
//! medicine is at hand where messages are made.

use crate::app::App;
use aftercare_core::{
    id::DeliveryId,
    instant::{Instant, Span},
};
use aftercare_store::delivery::{Delivery, DeliveryKind};

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
}

/// The title of every message.
pub const TITLE: &str = "Aftercare";

impl Say {
    /// Of a delivery that covers so many things now.
    pub fn of(app: &App, delivery: &Delivery, count: i32) -> Self {
        let origin = app.config.ui_host().map_or_else(|| app.config.base_url(), |(origin, _)| origin);
        let tag = format!("{:x}", delivery.due_at.as_micros());
        let url = match delivery.object_id.filter(|_| count == 1) {
            Some(id) => format!("{origin}/today?r={id}"),
            None => format!("{origin}/today"),
        };
        let Delivery { id, kind, due_at, expires_at, .. } = *delivery;
        Self { id, kind, due_at, count, expires_at, tag, url }
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

    /// For how long it is of use.
    pub fn time_to_live(&self, now: Instant) -> Span {
        if self.expires_at > now { self.expires_at - now } else { Span::ZERO }
    }
}
