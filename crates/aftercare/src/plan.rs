//! A patient's plan as it stands: steps, their courses, and what was answered.

use aftercare_core::{
    anchors::Anchors,
    as_needed::{self, Entry},
    clock::Clock,
    course::{Answer, Course, CourseState, Occurrence, Outage, Replay, Settled},
    id::{NoteId, StepId, UserId},
    instant::Instant,
    pattern::Regime,
    replay::zone,
    step::Kind,
    timing::Timing,
};
use aftercare_store::{
    Asked, StoreError, Tx, check_in,
    envelope::Sealed,
    fold,
    plan::{self, PlanRows},
    regime::{self, RegimeRow},
    step::{self, StepRow},
};
use jiff::tz::TimeZone;
use std::collections::HashMap;

/// The zone and times of day of a person, past and present.
#[derive(Clone, Debug)]
pub struct Habits(Vec<Regime>);

impl Habits {
    /// Loads them.
    pub async fn load(tx: &mut Tx, person: UserId) -> Result<Self, StoreError> {
        Self::of(person, regime::of(tx, person).await?)
    }

    /// As they are stored.
    pub fn of(person: UserId, rows: Vec<RegimeRow>) -> Result<Self, StoreError> {
        let broken = |what: String| StoreError::Broken(format!("times of day of {person}: {what}"));
        let mut regimes = Vec::new();
        for row in rows {
            regimes.push(Regime {
                from: row.from,
                zone: zone(&row.time_zone).map_err(|error| broken(error.to_string()))?,
                anchors: serde_json::from_str(&row.anchors).map_err(|error| broken(error.to_string()))?,
            });
        }
        if regimes.is_empty() { Err(broken("none".to_owned())) } else { Ok(Self(regimes)) }
    }

    /// Those that hold from an instant on.
    pub fn since(&self, from: Instant) -> Vec<Regime> {
        let first = self.0.iter().rposition(|regime| regime.from <= from).unwrap_or(0);
        self.0[first..].to_vec()
    }

    /// What holds at an instant.
    pub fn at(&self, now: Instant) -> &Regime {
        let at = self.0.iter().rposition(|regime| regime.from <= now).unwrap_or(0);
        &self.0[at]
    }

    /// The zone that holds at an instant.
    pub fn zone(&self, now: Instant) -> &TimeZone {
        &self.at(now).zone
    }

    /// The times of day that hold at an instant.
    pub fn anchors(&self, now: Instant) -> &Anchors {
        &self.at(now).anchors
    }
}

/// One step with its course.
#[derive(Clone, Debug)]
pub struct PlanStep {
    /// The step.
    pub row: StepRow,
    /// Its schedule; `None` for tasks and where none was given.
    pub timing: Option<Timing>,
    /// What follows from the schedule and the log; `None` where nothing is planned ahead.
    pub course: Option<(Course, Replay)>,
    /// What was done of it as needed.
    pub taken: Vec<Entry>,
    /// When the service learnt of the latest answer.
    pub heard_at: Option<Instant>,
}

impl PlanStep {
    /// A step under its patient's habits, given its log.
    pub fn new(
        row: StepRow,
        habits: &Habits,
        log: &[Answer],
        outages: &[Outage],
        now: Instant,
    ) -> Result<Self, StoreError> {
        Self::go_on(row, habits, Settled::default(), log, outages, now)
    }

    /// The same where a beginning of its course is settled: of the log and the outages only what came later is needed,
    /// and of what has happened only that is told.
    pub fn go_on(
        row: StepRow,
        habits: &Habits,
        settled: Settled,
        log: &[Answer],
        outages: &[Outage],
        now: Instant,
    ) -> Result<Self, StoreError> {
        let timing: Option<Timing> = row
            .timing
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|error| StoreError::Broken(format!("schedule of {}: {error}", row.id)))?;
        let course = timing.as_ref().filter(|timing| timing.is_scheduled()).map(|timing| {
            let regimes = habits.since(row.activated_at);
            let course = Course::go_on(timing, row.activated_at, regimes, Some(row.policy), &settled)
                .superseded(row.superseded_at);
            let replay = course.replay_from(settled, log, outages, now);
            (course, replay)
        });
        let taken = if course.is_none() { as_needed::entries(log) } else { vec![] };
        let heard_at = log.iter().map(|answer| answer.recorded_at).max();
        Ok(Self { row, timing, course, taken, heard_at })
    }

    /// Its schedule where it is one of the plan that is done as needed.
    pub fn as_needed(&self) -> Option<&Timing> {
        self.timing.as_ref().filter(|timing| timing.is_as_needed() && self.row.kind == Kind::Plan)
    }

    /// Whether something is still to be done.
    pub fn is_active(&self) -> bool {
        self.row.superseded_at.is_none()
            && match (&self.course, self.row.kind) {
                (Some((_, replay)), _) => replay.state == CourseState::Running,
                (None, Kind::Checklist) => self.row.task == step::Task::Open,
                (None, Kind::Plan) => true,
            }
    }

    /// Until when its patient does not want to be reminded, where that is still to come.
    pub fn paused_until(&self, now: Instant) -> Option<Instant> {
        self.row.paused_until.filter(|until| *until > now && self.is_active())
    }

    /// Whether it was in force until a note ended it.
    pub fn was_ended_by(&self, note: NoteId) -> bool {
        self.row.superseded_by == Some(note)
            && match (&self.course, self.row.kind) {
                (Some((_, replay)), _) => replay.state == CourseState::Superseded,
                (None, Kind::Checklist) => self.row.task == step::Task::Open,
                (None, Kind::Plan) => true,
            }
    }

    /// How many of its occurrences have happened.
    pub fn happened(&self) -> u32 {
        self.course.as_ref().map_or(0, |(_, replay)| replay.tally.happened)
    }

    /// What has happened.
    pub fn occurrences(&self) -> &[Occurrence] {
        self.course.as_ref().map_or(&[], |(_, replay)| &replay.occurrences)
    }

    /// When the last occurrence to expect is due, if all from now on are answered; `None` where
    /// open-ended or over.
    pub fn ends_at(&self) -> Option<Instant> {
        let (course, replay) = self.course.as_ref()?;
        let last = replay.occurrences.last().map(|last| last.due_at);
        if replay.state != CourseState::Running {
            return last;
        }
        course.cap()?;
        course.upcoming(replay).last().map(|(_, window)| window.due_at).or(last)
    }
}

/// All of a patient's steps, of one doctor or of all, that are in force or were at `since`.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whose.
    pub patient_id: UserId,
    /// As of when.
    pub now: Instant,
    /// The patient's zone and times of day.
    pub habits: Habits,
    /// The steps, in the order of notes and places.
    pub steps: Vec<PlanStep>,
}

impl Plan {
    /// Loads and replays it.
    pub async fn load(
        tx: &mut Tx,
        patient: UserId,
        doctor: Option<UserId>,
        since: Instant,
        now: Instant,
    ) -> Result<Self, StoreError> {
        Self::ask(tx, patient, doctor, since, None).await?.answer(tx, now).await
    }

    /// Asks for it; with its notes as they lie there for a reader, where one is given.
    pub async fn ask(
        tx: &mut Tx,
        patient: UserId,
        doctor: Option<UserId>,
        since: Instant,
        reader: Option<UserId>,
    ) -> Result<AskedPlan, StoreError> {
        Ok(AskedPlan { patient, rows: plan::rows(tx, patient, doctor, since, reader).await? })
    }

    /// Asks for what is in force.
    pub async fn ask_current(
        tx: &mut Tx,
        patient: UserId,
        doctor: Option<UserId>,
    ) -> Result<AskedPlan, StoreError> {
        Self::ask(tx, patient, doctor, Instant::from_micros(i64::MAX), None).await
    }

    /// The notes its steps were read out of, with their authors.
    pub fn notes(&self) -> Vec<(NoteId, UserId)> {
        self.steps.iter().map(|step| (step.row.note_id, step.row.doctor_id)).collect()
    }

    /// One of its steps whose row is another now, replayed as of the same time.
    pub fn again(&self, sources: &Sources, row: StepRow) -> Result<PlanStep, StoreError> {
        let log = self.steps.iter().zip(&sources.answers).find(|(step, _)| step.row.id == row.id);
        let (_, log) = log.ok_or_else(|| StoreError::Broken(format!("no step {} in this plan", row.id)))?;
        PlanStep::new(row, &self.habits, log, &sources.outages, self.now)
    }

    /// Only what is in force.
    pub async fn current(
        tx: &mut Tx,
        patient: UserId,
        doctor: Option<UserId>,
        now: Instant,
    ) -> Result<Self, StoreError> {
        Self::ask_current(tx, patient, doctor).await?.answer(tx, now).await
    }
}

/// A plan that was asked for.
pub struct AskedPlan {
    patient: UserId,
    rows: Asked<PlanRows>,
}

/// What a plan was replayed out of.
pub struct Sources {
    /// The logs, whole, in the order of the plan's steps.
    pub answers: Vec<Vec<Answer>>,
    /// The service's outages since the first step began.
    outages: Vec<Outage>,
    /// Its notes, where somebody reads them.
    pub sealed: Vec<Sealed>,
}

impl AskedPlan {
    /// Replays it.
    pub async fn answer(self, tx: &mut Tx, now: Instant) -> Result<Plan, StoreError> {
        Ok(self.with_sources(tx, now).await?.0)
    }

    /// The same, with what steps of it can be replayed out of again.
    pub async fn with_sources(self, tx: &mut Tx, now: Instant) -> Result<(Plan, Sources), StoreError> {
        let patient = self.patient;
        let PlanRows { steps, answers, regimes, outages, sealed } = self.rows.answer(tx).await?;
        let answers = logs_of(answers, steps.iter())?;
        let habits = Habits::of(patient, regimes)?;
        let first = steps.iter().map(|row| row.activated_at).min().unwrap_or(now);
        let outages = outages.since(first, now);
        let steps =
            steps.into_iter().zip(&answers).map(|(row, log)| PlanStep::new(row, &habits, log, &outages, now));
        let steps = steps.collect::<Result<_, _>>()?;
        Ok((Plan { patient_id: patient, now, habits, steps }, Sources { answers, outages, sealed }))
    }
}

/// The log of each step, whole, out of those of many.
fn logs_of<'a>(
    answers: Vec<(StepId, Answer)>,
    steps: impl Iterator<Item = &'a StepRow>,
) -> Result<Vec<Vec<Answer>>, StoreError> {
    let mut rows: HashMap<StepId, Vec<Answer>> = HashMap::new();
    for (step, answer) in answers {
        rows.entry(step).or_default().push(answer);
    }
    steps.map(|step| fold::whole(step.folded.as_deref(), rows.remove(&step.id).unwrap_or_default())).collect()
}

/// A step of a person whose lock is held until the transaction ends.
pub struct Locked {
    /// The step with its course, as of `now`.
    pub step: PlanStep,
    /// Its log.
    pub log: Vec<Answer>,
    /// What to replay it under.
    pub habits: Habits,
    /// The service's outages since it began.
    pub outages: Vec<Outage>,
    /// The time after the lock was got: never before what the last to hold it has seen.
    pub now: Instant,
}

impl Locked {
    /// Replays it with one more answer.
    pub fn answer(&mut self, answer: Answer) -> Result<(), StoreError> {
        self.log.push(answer);
        self.step = PlanStep::new(self.step.row.clone(), &self.habits, &self.log, &self.outages, self.now)?;
        Ok(())
    }
}

/// One step of a patient, whose lock was asked for.
pub async fn locked(
    tx: &mut Tx,
    clock: &impl Clock,
    patient: UserId,
    step: StepId,
) -> Result<Option<Locked>, StoreError> {
    let row = step::get(tx, patient, step).await?;
    let log = check_in::of_steps(tx, &[(patient, step, 0)]).await?;
    let under = regime::with_outages(tx, patient).await?;
    let Some(row) = row.answer(tx).await? else { return Ok(None) };
    let now = clock.now();
    let log = logs_of(log.answer(tx).await?, std::iter::once(&row))?.pop().unwrap_or_default();
    let (regimes, outages) = under.answer(tx).await?;
    let outages = outages.since(row.activated_at, now);
    let habits = Habits::of(patient, regimes)?;
    let step = PlanStep::new(row, &habits, &log, &outages, now)?;
    Ok(Some(Locked { step, log, habits, outages, now }))
}
