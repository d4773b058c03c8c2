//! Identifiers: one type a noun, so that a note's id can never stand where a patient's is asked for.
//!
//! Every id is a `UUIDv7` (RFC 9562) made by the caller; this crate has no randomness.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The 16 raw bytes, as they stand in envelopes and associated data.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }
    )+};
}

ids! {
    /// A person with an account, patient or doctor.
    UserId,
    /// A signed-in session; the `sid` of its tokens.
    SessionId,
    /// A patient's choice of a doctor.
    RelationshipId,
    /// A doctor's note for a patient; also its envelope.
    NoteId,
    /// One thing to do out of a note: a checklist item or a plan step.
    StepId,
    /// One answer of a patient to one occurrence.
    CheckInId,
    /// A way to reach a person.
    ChannelId,
    /// A message to one channel.
    DeliveryId,
    /// Something that happened, for whoever listens.
    EventId,
}

/// One occurrence of a step, past or still to come; stable, and valid before any row exists.
///
/// The step's id with `ordinal + 1` added to its time field: a `UUIDv7` again, unlike any other
/// step's because the random bits stay the step's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReminderId(pub Uuid);

impl FromStr for ReminderId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl ReminderId {
    /// The id of a step's occurrence.
    pub fn of(step: StepId, ordinal: u32) -> Self {
        Self(Uuid::from_u128(step.0.as_u128().wrapping_add((u128::from(ordinal) + 1) << 80)))
    }

    /// Which occurrence of this step it is, if it is one of this step.
    pub fn ordinal_in(self, step: StepId) -> Option<u32> {
        let difference = self.0.as_u128().wrapping_sub(step.0.as_u128());
        let same = difference.trailing_zeros() >= 80 && difference != 0;
        u32::try_from((difference >> 80).checked_sub(1)?).ok().filter(|_| same)
    }
}

/// The shard key of all rows that belong to a patient: the first 10 bits of SHA-256 of the
/// patient's id. Frozen for ever; rows are placed by it on disk and between servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(i16);

impl Bucket {
    /// How many buckets there are.
    pub const COUNT: i16 = 1024;

    /// The bucket of a person's own rows.
    pub fn of(user: UserId) -> Self {
        let digest = Sha256::digest(user.as_bytes());
        Self((i16::from(digest[0]) << 2) | i16::from(digest[1] >> 6))
    }

    /// The number stored in the `bucket` column, `0..1024`.
    pub fn get(self) -> i16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reminder_names_its_step_and_ordinal() {
        let step = StepId("01932c07-209f-7bc1-8f4e-1234567890ab".parse().unwrap());
        let other = StepId("01932c07-209f-7bc1-8f4e-1234567890ac".parse().unwrap());
        for ordinal in [0, 1, 14_999] {
            let reminder = ReminderId::of(step, ordinal);
            assert_eq!(reminder.ordinal_in(step), Some(ordinal));
            assert_eq!(reminder.ordinal_in(other), None);
            assert_eq!(reminder.0.get_version_num(), 7);
        }
        assert_eq!(ReminderId(step.0).ordinal_in(step), None);
    }

    #[test]
    fn buckets_are_frozen() {
        let id = |n: u128| UserId(Uuid::from_u128(n));
        // Values written down once; a change here would lose every stored row.
        assert_eq!(Bucket::of(id(0)).get(), 221);
        assert_eq!(Bucket::of(id(1)).get(), 496);
        for n in 0..5_000 {
            assert!((0..Bucket::COUNT).contains(&Bucket::of(id(n)).get()));
        }
    }
}
