//! The course of a plan step: a pure function of its schedule, the answers given, the outages of
//! the service, and now.
//!
//! Nothing is incremented in place. An extension is recomputed, so a late correction, a double
//! submit, a race between replicas or an outage cannot corrupt it. The contract is published
//! with worked cases in `tests/data/vectors.jsonl`.

mod ahead;
mod answers;
mod settled;
mod walk;

use crate::{
    attention::Cause,
    instant::{Instant, Span},
    pattern::{Pattern, Regime},
    timing::Timing,
};
use serde::{Deserialize, Serialize};
use walk::Windows;

pub use ahead::Ahead;
pub use answers::{CORRECTION, Refusal};
pub use settled::Settled;
pub use walk::{Tally, Window};

/// What a missed occurrence does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The course goes on until as many occurrences are answered as were planned, up to a cap.
    Extend,
    /// It is counted and changes nothing.
    Skip,
    /// There are no occurrences: an "as needed" step is a log and never missed.
    Log,
}

impl Policy {
    /// The policy of a timing where the doctor set none.
    pub fn default_for(timing: &Timing) -> Self {
        if !timing.is_scheduled() {
            Self::Log
        } else if timing.until.is_none() && (timing.duration.is_some() || timing.count.is_some()) {
            Self::Extend
        } else {
            Self::Skip
        }
    }
}

/// How a patient answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerStatus {
    /// It was done.
    Done,
    /// It was left out on purpose: an answer, not a miss.
    Skipped,
}

/// One line of the check-in log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which occurrence, from 0.
    pub ordinal: u32,
    /// What was answered.
    pub status: AnswerStatus,
    /// When it was done, as the patient says.
    pub at: Instant,
    /// When the service learnt of it.
    pub recorded_at: Instant,
    /// Why it was left out, where that is a reason for the doctor to look.
    pub cause: Option<Cause>,
}

/// A time in which the service reached nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// From then …
    pub from: Instant,
    /// … until then.
    pub to: Instant,
}

impl Outage {
    /// No sign of life of a worker for longer is one: nobody was reminded.
    pub const SILENCE: Span = Span::from_minutes(3);
}

/// How an occurrence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OccurrenceStatus {
    /// Open and unanswered.
    Due,
    /// Answered: done.
    Done,
    /// Answered: left out on purpose.
    Skipped,
    /// Closed unanswered.
    Missed,
    /// Closed unanswered while the service was down for its whole window: not the patient's miss.
    NotDelivered,
    /// Open when the plan was replaced.
    Cancelled,
}

/// An occurrence that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Occurrence {
    /// Which one, from 0.
    pub ordinal: u32,
    /// When it fell due.
    pub due_at: Instant,
    /// Until when it was open.
    pub closes_at: Instant,
    /// How it stands.
    pub status: OccurrenceStatus,
    /// Whether it was done within min(2 h, gap / 4) of due; only for what was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_time: Option<bool>,
    /// When the patient says it was done or left out.
    #[serde(skip)]
    pub answered_at: Option<Instant>,
    /// Why it was left out, where that is a reason for the doctor to look.
    #[serde(skip)]
    pub cause: Option<Cause>,
}

/// How a course stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CourseState {
    /// Something is open or still to come.
    Running,
    /// All that was planned was answered.
    Completed,
    /// Over, unextended, with misses.
    Ended,
    /// The cap was reached before everything was answered.
    Incomplete,
    /// Replaced by a newer plan.
    Superseded,
    /// Called off.
    Cancelled,
}

/// What is known of a course at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// How many occurrences were prescribed; `None` where open-ended.
    pub planned: Option<u32>,
    /// What a miss does.
    pub policy: Policy,
    /// How the course stands.
    pub state: CourseState,
    /// How many occurrences beyond the planned have happened.
    pub extended_by: u32,
    /// Whether ever so many were missed in a row that the doctor is told.
    pub lapsed: bool,
    /// What has happened and is not settled, in order.
    pub occurrences: Vec<Occurrence>,
    /// When the next falls due; `None` while one is open, and after the end.
    pub next_due_at: Option<Instant>,
    /// Whether the latest run of misses is a lapse that no answer has ended yet.
    #[serde(skip)]
    pub lapsed_now: bool,
    /// The next instant at which anything changes by itself.
    #[serde(skip)]
    pub wake_at: Option<Instant>,
    /// All that has happened, in numbers.
    #[serde(skip)]
    pub tally: Tally,
    /// What it began from: what of the course was settled before.
    #[serde(skip)]
    pub settled: Settled,
}

/// A schedule version: what the course follows.
#[derive(Clone, Debug)]
pub struct Course {
    pattern: Option<Pattern>,
    policy: Policy,
    planned: Option<u32>,
    superseded_at: Option<Instant>,
}

impl Course {
    /// The course of a timing activated at an instant. `policy` as the doctor set it, or the
    /// timing's default.
    pub fn new(timing: &Timing, activated: Instant, regimes: Vec<Regime>, policy: Option<Policy>) -> Self {
        Self::go_on(timing, activated, regimes, policy, &Settled::default())
    }

    /// The same course, of which a beginning is settled.
    pub fn go_on(
        timing: &Timing,
        activated: Instant,
        regimes: Vec<Regime>,
        policy: Option<Policy>,
        settled: &Settled,
    ) -> Self {
        let pattern = Pattern::new(timing, activated, regimes);
        let planned = if settled.first_open() > 0 {
            settled.planned
        } else {
            pattern.as_ref().and_then(Pattern::planned)
        };
        let policy = match (&pattern, policy.unwrap_or_else(|| Policy::default_for(timing))) {
            (None, _) => Policy::Log,
            // Without a planned number there is nothing to extend.
            (Some(_), Policy::Extend) if planned.is_none() => Policy::Skip,
            (Some(_), Policy::Log) => Policy::Skip,
            (Some(_), policy) => policy,
        };
        Self { pattern, policy, planned, superseded_at: None }
    }

    /// The same course, replaced by a newer plan at an instant.
    #[must_use]
    pub fn superseded(mut self, at: Option<Instant>) -> Self {
        self.superseded_at = at;
        self
    }

    /// What a miss does in this course.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// How many occurrences are prescribed.
    pub fn planned(&self) -> Option<u32> {
        self.planned
    }

    /// At most so many occurrences in all: planned + ⌈planned / 2⌉ where misses extend.
    pub fn cap(&self) -> Option<u32> {
        match self.policy {
            Policy::Extend => self.planned.map(|planned| planned.saturating_add(planned.div_ceil(2))),
            Policy::Skip | Policy::Log => self.planned,
        }
    }

    /// From so many misses in a row on the course has lapsed.
    fn lapse_threshold(&self) -> u32 {
        self.two_days_worth().max(self.planned.unwrap_or(0).div_ceil(4))
    }

    /// At most so many occurrences fall into two days.
    pub fn two_days_worth(&self) -> u32 {
        self.pattern.as_ref().map_or(2, Pattern::two_days_worth)
    }

    /// Whether occurrence `ordinal` is part of the course when `answered` of those before it
    /// were answered. This one line is the extension.
    fn belongs(&self, ordinal: u32, answered: u32) -> bool {
        let needed = match self.policy {
            Policy::Extend => self.planned.is_none_or(|planned| answered < planned),
            Policy::Skip | Policy::Log => true,
        };
        needed && self.cap().is_none_or(|cap| ordinal < cap)
    }

    /// The course as it stands at `now`.
    pub fn replay(&self, log: &[Answer], outages: &[Outage], now: Instant) -> Replay {
        self.replay_from(Settled::default(), log, outages, now)
    }

    /// The same where a beginning of it is settled: of the log and the outages only what came later is asked for.
    pub fn replay_from(&self, settled: Settled, log: &[Answer], outages: &[Outage], now: Instant) -> Replay {
        let mut windows = Windows::from(self, &settled);
        let accepted = self.accepted(&settled, log, now, &mut windows);
        let horizon = self.superseded_at.map_or(now, |at| at.min(now));
        let threshold = self.lapse_threshold();
        let mut tally = settled.tally;
        let (mut occurrences, mut next) = (Vec::new(), None);
        for ordinal in settled.first_open().. {
            if !self.belongs(ordinal, tally.answered) {
                break;
            }
            let Some(window) = windows.get(ordinal) else { break };
            let answer = accepted.get(&ordinal);
            if window.due_at > horizon && answer.is_none() {
                next = Some(window.due_at);
                break;
            }
            let one = Occurrence {
                ordinal,
                due_at: window.due_at,
                closes_at: window.closes_at,
                status: self.status(window, answer, outages, now),
                on_time: answer.filter(|a| a.status == AnswerStatus::Done).map(|a| window.on_time(a.at)),
                answered_at: answer.map(|a| a.at),
                cause: answer.and_then(|a| a.cause),
            };
            tally.count(&one, threshold);
            occurrences.push(one);
        }
        // The next may be answered ahead while one is still open.
        let open =
            occurrences.iter().filter(|o| o.status == OccurrenceStatus::Due).map(|o| o.closes_at).min();
        let state = self.state(open.is_none() && next.is_none(), &tally, now);
        let running = state == CourseState::Running;
        Replay {
            planned: self.planned,
            policy: self.policy,
            state,
            extended_by: self.planned.map_or(0, |planned| tally.happened.saturating_sub(planned)),
            lapsed: tally.lapsed,
            next_due_at: next.filter(|_| running && open.is_none()),
            lapsed_now: tally.run >= threshold,
            wake_at: open.or(next).filter(|_| running),
            occurrences,
            tally,
            settled,
        }
    }

    fn status(
        &self,
        window: Window,
        answer: Option<&Answer>,
        outages: &[Outage],
        now: Instant,
    ) -> OccurrenceStatus {
        match answer {
            Some(Answer { status: AnswerStatus::Done, .. }) => OccurrenceStatus::Done,
            Some(Answer { status: AnswerStatus::Skipped, .. }) => OccurrenceStatus::Skipped,
            None if self.superseded_at.is_some_and(|at| at <= now && at < window.closes_at) => {
                OccurrenceStatus::Cancelled
            }
            None if window.closes_at > now => OccurrenceStatus::Due,
            None if outages.iter().any(|o| o.from <= window.due_at && window.closes_at <= o.to) => {
                OccurrenceStatus::NotDelivered
            }
            None => OccurrenceStatus::Missed,
        }
    }

    fn state(&self, over: bool, tally: &Tally, now: Instant) -> CourseState {
        let Tally { answered, unanswered, .. } = *tally;
        let superseded = self.superseded_at.is_some_and(|at| at <= now);
        match (self.policy, self.planned) {
            (Policy::Extend, Some(planned)) if over && answered >= planned => CourseState::Completed,
            (Policy::Extend, Some(_)) if over && !superseded => CourseState::Incomplete,
            (Policy::Skip, Some(planned)) if over && answered >= planned && planned > 0 => {
                CourseState::Completed
            }
            (Policy::Skip, Some(_)) if over && unanswered == 0 && answered > 0 => CourseState::Completed,
            (Policy::Skip, Some(_)) if over && !superseded => CourseState::Ended,
            _ if superseded => CourseState::Superseded,
            _ => CourseState::Running,
        }
    }

    /// What is still to come after `replay`, in order and without end where open-ended: the
    /// ordinal and window of each, as if everything from now on were answered.
    pub fn upcoming(&self, replay: &Replay) -> impl Iterator<Item = (u32, Window)> {
        self.foretold(replay, |_| true)
    }

    /// The same if of what is open or to come only some is answered, by when it is due.
    pub fn foretold(
        &self,
        replay: &Replay,
        answers: impl Fn(Instant) -> bool,
    ) -> impl Iterator<Item = (u32, Window)> {
        let open = replay.occurrences.iter().filter(|one| one.status == OccurrenceStatus::Due);
        let answered_yet = open.filter(|one| answers(one.due_at)).count();
        let mut answered = replay.tally.answered + u32::try_from(answered_yet).unwrap_or(u32::MAX);
        let running = replay.state == CourseState::Running;
        let mut windows = Windows::from(self, &replay.settled);
        (replay.tally.happened..).map_while(move |ordinal| {
            let window = windows.get(ordinal).filter(|_| running && self.belongs(ordinal, answered))?;
            answered += u32::from(answers(window.due_at));
            Some((ordinal, window))
        })
    }
}
