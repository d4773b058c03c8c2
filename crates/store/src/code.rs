//! The numbers by which kinds and states stand in rows. Frozen: rows are read by them.

use crate::StoreError;
use aftercare_core::{
    attention::Cause,
    course::{AnswerStatus, OccurrenceStatus, Policy},
    people::Role,
    step::Kind,
};

macro_rules! codes {
    ($($(#[$doc:meta])* $to:ident, $from:ident: $type:ident { $($variant:ident = $number:literal),+ $(,)? })+) => {$(
        pub(crate) fn $to(value: $type) -> i16 {
            match value { $($type::$variant => $number),+ }
        }
        $(#[$doc])*
        pub(crate) fn $from(number: i16) -> Result<$type, StoreError> {
            match number {
                $($number => Ok($type::$variant),)+
                _ => Err(StoreError::Broken(format!(concat!("no ", stringify!($type), " has the number {}"), number))),
            }
        }
    )+};
}

codes! {
    role, to_role: Role { Patient = 0, Doctor = 1 }
    kind, to_kind: Kind { Checklist = 0, Plan = 1 }
    policy, to_policy: Policy { Extend = 0, Skip = 1, Log = 2 }
    cause, to_cause: Cause { SideEffect = 1 }
    answer, to_answer: AnswerStatus { Done = 0, Skipped = 1 }
    note_state, to_note_state: NoteState { Live = 1, Superseded = 2, ExtractionFailed = 3, Draft = 4, Discarded = 5 }
    note_mode, to_note_mode: NoteMode { Activate = 0, Review = 1 }
    task, to_task: Task { Open = 0, Done = 1, Skipped = 2 }
    channel_kind, to_channel_kind: ChannelKind { Email = 0, WebPush = 1, Calendar = 2, Webhook = 3, Ntfy = 4, Http = 5 }
    channel_state, to_channel_state: ChannelState { Live = 0, Broken = 1, Unconfirmed = 2 }
    delivery_kind, to_delivery_kind: DeliveryKind { Reminder = 0, PlanChanged = 1, Clear = 2, Switched = 3, Code = 4, Test = 5 }
    delivery_state, to_delivery_state: DeliveryState { Waiting = 0, Handed = 1, Dropped = 2, Failed = 3 }
    news, to_news: News { Choice = 0, Attention = 1 }
    event, to_event: EventKind { ReminderDue = 0, CheckIn = 1, PlanChanged = 2, WorkList = 3, Channel = 4 }
}

/// How a person is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// By mail (RFC 5321).
    Email,
    /// A browser or phone (RFC 8030).
    WebPush,
    /// A calendar that asks for its times (RFC 5545).
    Calendar,
    /// A program of theirs (Standard Webhooks).
    Webhook,
    /// A topic of an ntfy server.
    Ntfy,
    /// Any HTTP service, by a template.
    Http,
}

/// How a channel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelState {
    /// Messages go there.
    Live,
    /// Nothing can be handed over any more: it is gone.
    Broken,
    /// Whose it is has not been shown yet.
    Unconfirmed,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    /// Something is due.
    Reminder,
    /// A new plan is in force.
    PlanChanged,
    /// What was said is answered: devices take it away.
    Clear,
    /// Another channel has failed; this one is used instead.
    Switched,
    /// The code that shows whose an address is.
    Code,
    /// That messages arrive here.
    Test,
}

/// How a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is to be sent.
    Waiting,
    /// The channel took it.
    Handed,
    /// It was true no more when it was to be sent.
    Dropped,
    /// The channel did not take it.
    Failed,
}

/// What the doctors' side is to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// They were chosen, or left.
    Choice,
    /// Somebody on their list may need a look, or none any more.
    Attention,
}

/// What happened, for whoever listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Something fell due.
    ReminderDue,
    /// Something was answered.
    CheckIn,
    /// A plan came into force, or was taken back.
    PlanChanged,
    /// Somebody on a doctor's list may need a look.
    WorkList,
    /// A channel has failed, or works again.
    Channel,
}

use crate::{account::NoteMode, note::NoteState, step::Task};

pub(crate) fn occurrence(status: OccurrenceStatus) -> i16 {
    match status {
        OccurrenceStatus::Due => 0,
        OccurrenceStatus::Done => 1,
        OccurrenceStatus::Skipped => 2,
        OccurrenceStatus::Missed => 3,
        OccurrenceStatus::NotDelivered => 4,
        OccurrenceStatus::Cancelled => 5,
    }
}
