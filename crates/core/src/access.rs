//! Who may do what with a patient's notes and plan. Everything that is not allowed here is
//! answered as if it did not exist.

use crate::people::Role;

/// How the person asking stands to the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is the patient.
    Patient,
    /// A doctor the patient has chosen.
    Doctor,
    /// A doctor the patient has left.
    FormerDoctor,
    /// Anybody else.
    Stranger,
}

impl Relation {
    /// How `role` stands to a patient: `own` where the two are the same person, `care` as the
    /// patient's choice of this doctor says: chosen `Some(true)`, left `Some(false)`.
    pub fn of(role: Role, own: bool, care: Option<bool>) -> Self {
        match (role, own, care) {
            (Role::Patient, true, _) => Self::Patient,
            (Role::Doctor, false, Some(true)) => Self::Doctor,
            (Role::Doctor, false, Some(false)) => Self::FormerDoctor,
            _ => Self::Stranger,
        }
    }
}

/// What somebody wants with a patient's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Read notes: the patient all of theirs, a doctor those they wrote.
    ReadNotes,
    /// Read steps, reminders and adherence: a doctor of their own plan only.
    ReadPlan,
    /// Write a note, or have one read again.
    WriteNote,
    /// Answer a reminder, finish a checklist item.
    Answer,
}

/// The rule.
pub fn may(relation: Relation, act: Act) -> bool {
    match relation {
        Relation::Patient => act != Act::WriteNote,
        Relation::Doctor => act != Act::Answer,
        // What they wrote stays theirs to read; nothing new.
        Relation::FormerDoctor => act == Act::ReadNotes,
        Relation::Stranger => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use Act::{Answer, ReadNotes, ReadPlan, WriteNote};
        let acts = [ReadNotes, ReadPlan, WriteNote, Answer];
        for (relation, allowed) in [
            (Relation::Patient, [true, true, false, true]),
            (Relation::Doctor, [true, true, true, false]),
            (Relation::FormerDoctor, [true, false, false, false]),
            (Relation::Stranger, [false, false, false, false]),
        ] {
            assert_eq!(acts.map(|act| may(relation, act)), allowed, "{relation:?}");
        }
    }

    #[test]
    fn relations_follow_the_patients_choice() {
        assert_eq!(Relation::of(Role::Patient, true, None), Relation::Patient);
        assert_eq!(Relation::of(Role::Doctor, false, Some(true)), Relation::Doctor);
        assert_eq!(Relation::of(Role::Doctor, false, Some(false)), Relation::FormerDoctor);
        for care in [None, Some(true), Some(false)] {
            assert_eq!(Relation::of(Role::Patient, false, care), Relation::Stranger);
            assert_eq!(Relation::of(Role::Doctor, true, care), Relation::Stranger);
        }
        assert_eq!(Relation::of(Role::Doctor, false, None), Relation::Stranger);
    }
}
