//! What a person in the virtual world was told and has been answered: the world's own memory, apart from the store.
//! The course of a step is computed from it anew, so that whatever the store says can be held against it.

use aftercare_core::{
    anchors::Anchors,
    course::{
        Answer, Course,
        CourseState::{Completed, Ended, Incomplete},
        OccurrenceStatus, Outage, Policy, Replay,
    },
    id::{NoteId, StepId, UserId},
    instant::Instant,
    pattern::Regime,
    replay::zone,
    timing::Timing,
};
use anyhow::Context;
use serde_json::Value;

/// A step as it was acknowledged.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which.
    pub id: StepId,
    /// Of which note.
    pub note: NoteId,
    /// By which doctor.
    pub doctor: UserId,
    /// Its schedule.
    pub timing: Timing,
    /// What a miss does.
    pub policy: Policy,
    /// When it came into force.
    pub activated_at: Instant,
    /// When a newer plan took its place.
    pub superseded_at: Option<Instant>,
    /// The answers that were taken.
    pub log: Vec<Answer>,
    /// The last occurrence about which the person has made up their mind.
    pub decided: Option<u32>,
    /// When they think of it next.
    pub thought_of: Option<Instant>,
}

/// The zones of a person, with the default times of day.
#[derive(Clone, Debug)]
pub struct Habits(Vec<(Instant, String)>);

impl Habits {
    /// At home.
    pub fn new(from: Instant, name: &str) -> Self {
        Self(vec![(from, name.to_owned())])
    }

    /// From an instant on elsewhere.
    pub fn moves(&mut self, at: Instant, name: &str) {
        if self.0.last().is_some_and(|(_, zone)| zone != name) {
            self.0.retain(|(from, _)| *from != at);
            self.0.push((at, name.to_owned()));
        }
    }

    fn since(&self, activated: Instant) -> anyhow::Result<Vec<Regime>> {
        let first = self.0.iter().rposition(|(from, _)| *from <= activated).unwrap_or(0);
        let regime = |(from, name): &(Instant, String)| {
            anyhow::Ok(Regime { from: *from, zone: zone(name)?, anchors: Anchors::default() })
        };
        self.0[first..].iter().map(regime).collect()
    }
}

impl Step {
    /// As the service has shown it.
    pub fn of(view: &Value, note: NoteId, doctor: UserId, now: Instant) -> anyhow::Result<Self> {
        let of = |name: &str| view[name].clone();
        Ok(Self {
            id: serde_json::from_value(of("id")).context("a step's id")?,
            note,
            doctor,
            timing: serde_json::from_value(of("timing")).context("a step's timing")?,
            policy: serde_json::from_value(of("policy")).context("a step's policy")?,
            activated_at: now,
            superseded_at: None,
            log: Vec::new(),
            decided: None,
            thought_of: None,
        })
    }

    /// Its course, where it has one.
    pub fn course(&self, habits: &Habits) -> anyhow::Result<Option<Course>> {
        if !self.timing.is_scheduled() {
            return Ok(None);
        }
        let regimes = habits.since(self.activated_at)?;
        let course = Course::new(&self.timing, self.activated_at, regimes, Some(self.policy));
        Ok(Some(course.superseded(self.superseded_at)))
    }

    /// How it stands.
    pub fn replay(
        &self,
        habits: &Habits,
        outages: &[Outage],
        now: Instant,
    ) -> anyhow::Result<Option<(Course, Replay)>> {
        Ok(self.course(habits)?.map(|course| {
            let replay = course.replay(&self.log, outages, now);
            (course, replay)
        }))
    }
}

/// What a replay must be whatever has happened: doses are conserved, and one is open at a time. Said from the counts
/// alone, so that a defect in the course itself is seen too.
pub fn conserved(course: &Course, replay: &Replay) -> Result<(), String> {
    let count =
        |of: &[OccurrenceStatus]| replay.occurrences.iter().filter(|one| of.contains(&one.status)).count();
    let (done, answered) =
        (count(&[OccurrenceStatus::Done]), count(&[OccurrenceStatus::Done, OccurrenceStatus::Skipped]));
    let lost = count(&[OccurrenceStatus::Missed, OccurrenceStatus::NotDelivered]);
    let total = replay.occurrences.len();
    if count(&[OccurrenceStatus::Due]) > 1 {
        return Err("two occurrences are open at once".to_owned());
    }
    if let Some(planned) = course.planned().map(|planned| planned as usize) {
        let cap = planned + planned.div_ceil(2);
        let most = if course.policy() == Policy::Extend { (planned + lost).min(cap) } else { planned };
        if done > planned || answered > planned {
            return Err(format!("{answered} answered of {planned} planned"));
        }
        if total > most {
            return Err(format!("{total} occurrences, {planned} planned and {lost} missed: at most {most}"));
        }
        let extends = course.policy() == Policy::Extend;
        match replay.state {
            Completed if extends && answered != planned => {
                return Err(format!("completed with {answered} of {planned}"));
            }
            Incomplete if total != cap => return Err(format!("given up after {total} of {cap}")),
            Ended | Incomplete if extends && answered >= planned => {
                return Err("ended, though complete".to_owned());
            }
            _ => {}
        }
    }
    let rising = replay
        .occurrences
        .windows(2)
        .all(|pair| pair[0].due_at < pair[1].due_at && pair[0].closes_at <= pair[1].due_at);
    if !rising {
        return Err("occurrences overlap".to_owned());
    }
    Ok(())
}
