//! Override: what a newer note does to the plan it replaces.
//!
//! The unit replaced is the plan of one doctor for one patient; plans of other doctors are not
//! touched. Nothing of the old plan goes on by itself: a step that should continue is named.

use crate::{id::StepId, timing::Timing};

/// What stops, starts and goes on when a plan is replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Steps of the old plan that end.
    pub stops: Vec<StepId>,
    /// Steps of the new plan that begin.
    pub starts: Vec<StepId>,
    /// Steps of the new plan that keep the count and log of an old one.
    pub continues: Vec<StepId>,
}

/// Compares the steps of the old plan still in force with the new ones, each with the old step
/// it continues, if any.
pub fn changes(old: &[StepId], new: &[(StepId, Option<StepId>)]) -> Changes {
    let continued = |id: &StepId| new.iter().any(|(_, continues)| *continues == Some(*id));
    let goes_on = |(_, continues): &&(StepId, Option<StepId>)| continues.is_some_and(|id| old.contains(&id));
    Changes {
        stops: old.iter().filter(|id| !continued(id)).copied().collect(),
        starts: new.iter().filter(|step| !goes_on(step)).map(|(id, _)| *id).collect(),
        continues: new.iter().filter(goes_on).map(|(id, _)| *id).collect(),
    }
}

/// Whether a note that took `ticket` when it arrived becomes the plan, where the plan in force
/// came with `live`: of two notes in flight the later submission wins, whichever is read first.
pub fn takes_force(ticket: i64, live: i64) -> bool {
    ticket > live
}

/// Whether a step with the schedule `new` can go on with the count and log of one with `old`: it
/// falls due at the same times, for longer or shorter.
pub fn may_continue(old: &Timing, new: &Timing) -> bool {
    let unbounded =
        |timing: &Timing| Timing { duration: None, count: None, until: None, start: None, ..timing.clone() };
    unbounded(old) == unbounded(new) && (new.start.is_none() || new.start == old.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> StepId {
        StepId(Uuid::from_u128(n))
    }

    #[test]
    fn all_old_steps_stop_and_all_new_ones_start_unless_continued() {
        let all = changes(&[id(1), id(2)], &[(id(3), None), (id(4), Some(id(2)))]);
        assert_eq!(all, Changes { stops: vec![id(1)], starts: vec![id(3)], continues: vec![id(4)] });
    }

    #[test]
    fn a_note_with_nothing_to_do_ends_the_old_plan() {
        assert_eq!(changes(&[id(1)], &[]), Changes { stops: vec![id(1)], ..Changes::default() });
    }

    #[test]
    fn a_step_cannot_continue_what_is_not_there() {
        assert_eq!(changes(&[], &[(id(4), Some(id(9)))]).starts, [id(4)]);
    }

    #[test]
    fn a_step_goes_on_for_longer_or_shorter_but_not_at_other_times() {
        let timing = |json: &str| serde_json::from_str::<Timing>(json).unwrap();
        let week = timing(r#"{"frequency":2,"duration":{"value":7,"unit":"d"}}"#);
        assert!(may_continue(&week, &timing(r#"{"frequency":2,"duration":{"value":10,"unit":"d"}}"#)));
        assert!(may_continue(&week, &timing(r#"{"frequency":2}"#)));
        assert!(!may_continue(&week, &timing(r#"{"frequency":3,"duration":{"value":7,"unit":"d"}}"#)));
        let later = timing(r#"{"frequency":2,"start":{"value":3,"unit":"d"}}"#);
        assert!(!may_continue(&week, &later));
    }

    #[test]
    fn the_later_submission_wins_whatever_order_the_model_answers_in() {
        assert!(takes_force(2, 1));
        assert!(!takes_force(1, 2));
    }
}
