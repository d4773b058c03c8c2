//! The numbers by which kinds and states stand in rows. Frozen: rows are read by them.

use crate::StoreError;
use aftercare_core::{
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
    answer, to_answer: AnswerStatus { Done = 0, Skipped = 1 }
    note_state, to_note_state: NoteState { Live = 1, Superseded = 2, ExtractionFailed = 3, Draft = 4, Discarded = 5 }
    note_mode, to_note_mode: NoteMode { Activate = 0, Review = 1 }
    task, to_task: Task { Open = 0, Done = 1, Skipped = 2 }
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
