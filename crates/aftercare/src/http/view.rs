//! How people, steps and reminders look in answers.

use super::words::Words;
use crate::{
    notebook::{SafetyNet, StepText},
    plan::{Habits, PlanStep},
};
use aftercare_core::{
    adherence::Figures,
    as_needed,
    course::{CourseState, OccurrenceStatus, Policy},
    id::{CheckInId, NoteId, ReminderId, StepId, UserId},
    instant::{Instant, Span},
    step::{Category, Kind},
    timing::Timing,
    wording::{Language, timing_text},
};
use aftercare_store::step::Task;
use serde::Serialize;
use utoipa::ToSchema;

/// One thing to do, in its doctor's words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StepView {
    /// `UUIDv7`.
    #[schema(value_type = Uuid)]
    pub id: StepId,
    /// The note it was read out of.
    #[schema(value_type = Uuid)]
    pub note_id: NoteId,
    /// Who wrote it.
    #[schema(value_type = Uuid)]
    pub doctor_id: UserId,
    /// `checklist`: done once; `plan`: repeated or continued.
    #[schema(value_type = String, example = "plan")]
    pub kind: Kind,
    /// What to do. In a sealed session this and the next three are within the envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Take Drug A")]
    pub action: Option<String>,
    /// The words of the note that say so, verbatim.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Take Drug A daily for 7 days")]
    pub evidence: Option<String>,
    /// Where they stand in the note, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence_start: Option<usize>,
    /// `medication`, `test`, `appointment`, `measurement`, `lifestyle` or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "medication")]
    pub category: Option<Category>,
    /// When, as the subset of FHIR R4 `Timing.repeat`; `null` where the note says nothing.
    #[schema(value_type = Option<Object>, example = json!({"frequency": 1, "duration": {"value": 7, "unit": "d"}}))]
    pub timing: Option<Timing>,
    /// The same in plain words, in the reader's language.
    #[schema(example = "once a day, 08:00, for 7 days")]
    pub timing_text: String,
    /// When a task is due; absent where the note names no day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Instant>,
    /// What a missed occurrence does: `extend`, `skip`, or `log` where none is planned.
    #[schema(value_type = String, example = "extend")]
    pub policy: Policy,
    /// Whether two readers, the rules and a model, found it; `false`: please check. Absent where one
    /// read alone, or the doctor has looked at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sure: Option<bool>,
    /// How it stands.
    pub status: StepStatus,
    /// When it came into force.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Instant,
    /// When a task was done or left out; absent where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Instant>,
    /// The note that took its place.
    #[schema(value_type = Option<Uuid>)]
    pub superseded_by: Option<NoteId>,
    /// Until when the patient has paused it: they are not reminded, and nothing else changes. Absent where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub paused_until: Option<Instant>,
    /// How far it is; `null` where nothing is planned ahead.
    pub progress: Option<Progress>,
    /// Of a step that is done as needed: what was done so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogView>,
}

/// What was done of a step that is done as needed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LogView {
    /// How often in all.
    pub count: usize,
    /// How often in the last 24 hours.
    pub last_day: usize,
    /// When, the latest first; at most 20.
    #[schema(value_type = Vec<String>, format = DateTime)]
    pub latest: Vec<Instant>,
    /// Where the note names a limit that is reached ("every 6 hours", "up to 4 times a day"): until when it should not be
    /// done again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub not_before: Option<Instant>,
}

impl LogView {
    fn of(step: &PlanStep, now: Instant) -> Option<Self> {
        let (timing, taken) = (step.as_needed()?, &step.taken);
        Some(Self {
            count: taken.len(),
            last_day: taken.iter().filter(|one| one.at > now - Span::from_hours(24)).count(),
            latest: taken.iter().rev().map(|one| one.at).take(20).collect(),
            not_before: as_needed::not_before(timing, taken, now),
        })
    }
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepStatus {
    /// Waits for its doctor.
    Draft,
    /// To be done.
    Active,
    /// A task that was done.
    Done,
    /// A task that was left out on purpose.
    Skipped,
    /// All that was planned was answered.
    Completed,
    /// Over, unextended, with misses.
    Ended,
    /// Over at the cap, before all was answered.
    Incomplete,
    /// Replaced by a newer note.
    Superseded,
    /// Called off.
    Cancelled,
}

/// How far a course is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Progress {
    /// How many occurrences were prescribed; `null` where open-ended.
    pub planned: Option<u32>,
    /// Done.
    pub done: u32,
    /// Closed unanswered.
    pub missed: u32,
    /// Left out on purpose.
    pub skipped: u32,
    /// Closed while the service was down: not the patient's miss.
    pub not_delivered: u32,
    /// How many occurrences beyond the planned have fallen due so far.
    pub extended_by: u32,
    /// Whether so many were missed in a row that the doctor is told.
    pub lapsed: bool,
    /// When the next falls due; `null` while one is open, and after the end.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_due_at: Option<Instant>,
    /// When the last to expect falls due, if all from now on are answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Instant>,
}

/// One occurrence of a step, or a task's due date.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReminderView {
    /// Stable for an occurrence, past or computed.
    #[schema(value_type = Uuid)]
    pub id: ReminderId,
    /// Of which step.
    #[schema(value_type = Uuid)]
    pub step_id: StepId,
    /// Which occurrence, from 0.
    pub ordinal: u32,
    /// Of how many planned; `null` where open-ended.
    pub of: Option<u32>,
    /// When it falls due.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Instant,
    /// The same on the patient's clock.
    #[schema(example = "2026-02-02T08:00:00+01:00")]
    pub due_local: String,
    /// Until when it can be answered as open; `null` for a task, which stays open.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closes_at: Option<Instant>,
    /// How it stands.
    pub status: ReminderStatus,
    /// What to do. In a sealed session it is within the envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Whether it was added because another was missed.
    pub extension: bool,
    /// Whether it was done within min(2 h, a quarter of the interval) of due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_time: Option<bool>,
    /// When it was done or left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Instant>,
    /// Why it was left out, for the patient and this doctor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same in a sealed session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed_reason: Option<SealedReason>,
}

/// A few words sealed beside a note, for its readers.
#[derive(Clone, Debug, Serialize, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedReason {
    /// The note whose content key seals it.
    #[schema(value_type = Uuid)]
    pub note_id: NoteId,
    /// The answer it goes with: `UUIDv7`, made by the client.
    #[schema(value_type = Uuid)]
    pub id: CheckInId,
    /// AES-256-GCM under a key of this note and answer: nonce, ciphertext, tag; base64url.
    pub ct: String,
}

/// How a reminder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReminderStatus {
    /// Still to come.
    Upcoming,
    /// Open and unanswered.
    Due,
    /// Done.
    Done,
    /// Closed unanswered.
    Missed,
    /// Left out on purpose.
    Skipped,
    /// Closed while the service was down.
    NotDelivered,
    /// Open when the plan was replaced.
    Cancelled,
}

impl From<OccurrenceStatus> for ReminderStatus {
    fn from(status: OccurrenceStatus) -> Self {
        match status {
            OccurrenceStatus::Due => Self::Due,
            OccurrenceStatus::Done => Self::Done,
            OccurrenceStatus::Skipped => Self::Skipped,
            OccurrenceStatus::Missed => Self::Missed,
            OccurrenceStatus::NotDelivered => Self::NotDelivered,
            OccurrenceStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// When to seek help: shown, never scheduled.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SafetyNetView {
    /// What to watch for.
    pub text: String,
    /// The words of the note.
    pub evidence: String,
    /// Where they stand in it, in characters.
    pub evidence_start: usize,
}

impl From<SafetyNet> for SafetyNetView {
    fn from(net: SafetyNet) -> Self {
        Self { text: net.text, evidence: net.evidence, evidence_start: net.evidence_start }
    }
}

/// What is needed to show steps to somebody.
pub struct Show<'a> {
    /// The patient's times of day.
    pub habits: &'a Habits,
    /// The reader's language.
    pub language: Language,
    /// As of when.
    pub now: Instant,
}

impl Show<'_> {
    /// A step, with its words where they are open.
    pub fn step(&self, step: &PlanStep, text: Option<&StepText>) -> StepView {
        // Of a task only its words say when it is due.
        let timing = text.map(|text| text.schedule.clone()).or_else(|| step.timing.clone());
        let timing = timing.filter(|timing| *timing != Timing::default());
        let anchors = self.habits.anchors(self.now);
        StepView {
            id: step.row.id,
            note_id: step.row.note_id,
            doctor_id: step.row.doctor_id,
            kind: step.row.kind,
            action: text.map(|text| text.title.clone()),
            evidence: text.map(|text| text.quote.clone()),
            evidence_start: text.map(|text| text.quote_start),
            category: text.map(|text| text.category),
            timing_text: timing.as_ref().map(|t| timing_text(t, anchors, self.language)).unwrap_or_default(),
            timing,
            due_at: step.row.due_at,
            policy: step.course.as_ref().map_or(Policy::Log, |(course, _)| course.policy()),
            sure: text.and_then(|text| text.sure),
            status: status(step),
            created_at: step.row.activated_at,
            answered_at: step.row.answered_at,
            superseded_by: step.row.superseded_by,
            paused_until: step.paused_until(self.now),
            progress: progress(step),
            log: LogView::of(step, self.now),
        }
    }

    /// All steps of a plan.
    pub(super) fn steps<'s>(
        &self,
        steps: impl IntoIterator<Item = &'s PlanStep>,
        words: &Words,
    ) -> Vec<StepView> {
        let text = |step: &PlanStep| words.step(step.row.note_id, step.row.id);
        steps.into_iter().map(|step| self.step(step, text(step))).collect()
    }
}

fn status(step: &PlanStep) -> StepStatus {
    if let Some((_, replay)) = &step.course {
        return match replay.state {
            CourseState::Running => StepStatus::Active,
            CourseState::Completed => StepStatus::Completed,
            CourseState::Ended => StepStatus::Ended,
            CourseState::Incomplete => StepStatus::Incomplete,
            CourseState::Superseded => StepStatus::Superseded,
            CourseState::Cancelled => StepStatus::Cancelled,
        };
    }
    match (step.row.kind, step.row.task) {
        (Kind::Checklist, Task::Done) => StepStatus::Done,
        (Kind::Checklist, Task::Skipped) => StepStatus::Skipped,
        _ if step.row.superseded_at.is_some() => StepStatus::Superseded,
        _ => StepStatus::Active,
    }
}

fn progress(step: &PlanStep) -> Option<Progress> {
    let (_, replay) = step.course.as_ref()?;
    let figures = Figures::of(&replay.occurrences);
    let not_delivered =
        replay.occurrences.iter().filter(|o| o.status == OccurrenceStatus::NotDelivered).count();
    Some(Progress {
        planned: replay.planned,
        done: figures.done,
        missed: figures.missed,
        skipped: figures.skipped,
        not_delivered: u32::try_from(not_delivered).unwrap_or(u32::MAX),
        extended_by: replay.extended_by,
        lapsed: replay.lapsed,
        next_due_at: replay.next_due_at,
        ends_at: step.ends_at(),
    })
}
