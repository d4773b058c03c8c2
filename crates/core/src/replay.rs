//! The published form of a course: one JSON object in, one out, so that anybody can check other
//! cases against ours (`aftercare schedule replay`).

use crate::{
    anchors::{Anchors, AnchorsError},
    course::{Answer, AnswerStatus, Course, Outage, Policy, Replay},
    instant::Instant,
    pattern::Regime,
    timing::{Timing, TimingError},
};
use jiff::tz::TimeZone;
use serde::Deserialize;

/// One case: a timing, a patient's zone and habits, and what happened until `now`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows; not used.
    #[serde(default)]
    pub name: Option<String>,
    /// When the step is to be done.
    pub timing: Timing,
    /// The patient's IANA zone.
    pub zone: String,
    /// When the step became active.
    pub start: Instant,
    /// As of when.
    pub now: Instant,
    /// What a miss does; the timing's default if absent.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// The patient's times of day.
    #[serde(default)]
    pub anchors: Anchors,
    /// The log, in any order.
    #[serde(default)]
    pub check_ins: Vec<CheckIn>,
    /// When the service reached nobody.
    #[serde(default)]
    pub outages: Vec<(Instant, Instant)>,
    /// When a newer plan took its place.
    #[serde(default)]
    pub superseded_at: Option<Instant>,
    /// The expected answer, as the vectors carry it; not used.
    #[serde(default)]
    pub expect: Option<serde_json::Value>,
}

/// One answer of the log.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckIn {
    /// Which occurrence, from 0.
    pub ordinal: u32,
    /// What was answered.
    pub status: AnswerStatus,
    /// When it was done.
    pub at: Instant,
    /// When the service learnt of it; `at` if absent.
    #[serde(default)]
    pub recorded_at: Option<Instant>,
}

/// Why a case cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The zone is not in the IANA database.
    #[error("zone: {0:?} is not an IANA time zone such as Europe/Berlin")]
    Zone(String),
    /// The timing cannot be scheduled.
    #[error("timing.{}: {}", .0.key, .0)]
    Timing(#[from] TimingError),
    /// The times of day contradict each other.
    #[error("anchors: {0}")]
    Anchors(#[from] AnchorsError),
}

/// A zone's name as the IANA database spells it.
pub fn zone_name(name: &str) -> Result<String, CaseError> {
    Ok(zone(name)?.iana_name().unwrap_or(name).to_owned())
}

/// Looks a zone up in the IANA database that is built in.
pub fn zone(name: &str) -> Result<TimeZone, CaseError> {
    TimeZone::get(name).map_err(|_| CaseError::Zone(name.to_owned()))
}

impl Case {
    /// A timing in force since `now` that nothing happened to yet.
    pub fn new(timing: Timing, zone: &str, now: Instant) -> Self {
        Self {
            name: None,
            timing,
            zone: zone.to_owned(),
            start: now,
            now,
            policy: None,
            anchors: Anchors::default(),
            check_ins: Vec::new(),
            outages: Vec::new(),
            superseded_at: None,
            expect: None,
        }
    }

    /// The course of this case.
    pub fn course(&self) -> Result<Course, CaseError> {
        self.timing.check()?;
        self.anchors.check()?;
        let regime = Regime { from: self.start, zone: zone(&self.zone)?, anchors: self.anchors.clone() };
        Ok(Course::new(&self.timing, self.start, vec![regime], self.policy).superseded(self.superseded_at))
    }

    /// What is known of the course at `now`.
    pub fn replay(&self) -> Result<Replay, CaseError> {
        let log: Vec<_> = self
            .check_ins
            .iter()
            .map(|c| Answer {
                ordinal: c.ordinal,
                status: c.status,
                at: c.at,
                recorded_at: c.recorded_at.unwrap_or(c.at),
                cause: None,
            })
            .collect();
        let outages: Vec<_> = self.outages.iter().map(|&(from, to)| Outage { from, to }).collect();
        Ok(self.course()?.replay(&log, &outages, self.now))
    }
}
