//! Bringing what is stored of a step up to its replay: one row for each occurrence that has happened, none for
//! any that a correction has made unnecessary, what is open for the person, and the next instant to look again.

use crate::plan::PlanStep;
use aftercare_core::{
    announce::Open,
    attention::{self, Reason},
    course::{Occurrence, OccurrenceStatus},
    id::{StepId, UserId},
    instant::{Instant, Span},
};
use aftercare_store::{
    Asked, StoreError, Tx,
    due::{self, Wake},
    look, occurrence,
    open_reminder::{self, OpenReminder},
    outbox::{self, Letter, News},
    step::Task,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A task that nobody does is said to be open for so long.
const TASK: Span = Span::from_days(7);

/// Which rows there are of what has happened of a step.
#[derive(Clone, Copy, Debug)]
pub enum Rows {
    /// Of what fell due before.
    Until(Instant),
    /// Some, and maybe at times that hold no more.
    Doubtful,
}

/// A step with what was stored of it before.
#[derive(Debug)]
pub struct Look<'a> {
    /// The step as it stands.
    pub step: &'a PlanStep,
    /// What of it is recorded.
    pub rows: Rows,
    /// What was open of it.
    pub was_open: Option<OpenReminder>,
    /// An occurrence whose answer has changed.
    pub corrected: Option<u32>,
}

/// What is open of a step at an instant.
pub fn open(step: &PlanStep, now: Instant) -> Option<OpenReminder> {
    let of = |ordinal, due_at, closes_at, once| OpenReminder {
        patient_id: step.row.patient_id,
        step_id: step.row.id,
        ordinal,
        open: Open {
            due_at,
            closes_at,
            once,
            said: 0,
            said_at: None,
            // What fell due in a pause is not said at all.
            snoozed_until: step.row.paused_until.filter(|until| *until > due_at).map(|_| closes_at),
        },
    };
    if step.course.is_some() {
        let due = step.occurrences().iter().find(|occurrence| occurrence.status == OccurrenceStatus::Due)?;
        return Some(of(due.ordinal, due.due_at, due.closes_at, false));
    }
    let due_at = task(step)?;
    (due_at <= now && now < due_at + TASK).then(|| of(0, due_at, due_at + TASK, true))
}

/// When an open task is due.
fn task(step: &PlanStep) -> Option<Instant> {
    let open = step.row.task == Task::Open && step.row.superseded_at.is_none() && step.course.is_none();
    step.row.due_at.filter(|_| open)
}

fn wake(step: &PlanStep, now: Instant) -> Option<Instant> {
    match &step.course {
        Some((_, replay)) => replay.wake_at,
        None => task(step).filter(|due_at| *due_at > now),
    }
}

/// Why the step's doctor should look, and when there may be a reason by itself.
fn attention(step: &PlanStep, now: Instant) -> (i16, Option<Instant>) {
    let in_force = step.course.as_ref().filter(|_| step.row.superseded_at.is_none());
    let Some((course, replay)) = in_force else { return (0, None) };
    let mut reasons = attention::of_course(course, replay, now);
    let paused = step.paused_until(now);
    reasons.extend(paused.map(|_| Reason::Paused));
    let soon = attention::soon(course, replay).filter(|soon| *soon > now);
    (Reason::bits(&reasons), soon.into_iter().chain(paused).min())
}

/// What has changed of some steps, not yet written.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    occurrences: Vec<(UserId, StepId, &'a Occurrence)>,
    /// Rows at times that may hold no more, from an instant on.
    doubtful: Vec<(UserId, StepId, Instant)>,
    /// When to look again.
    pub wakes: Vec<Wake>,
    /// What is open now, or differently.
    pub opened: BTreeMap<(UserId, StepId), OpenReminder>,
    /// What is open no more.
    pub closed: Vec<(UserId, StepId)>,
    attention: BTreeMap<i16, Vec<(UserId, StepId)>>,
    letters: Vec<Letter>,
    /// For whom something new is open.
    pub told: BTreeSet<UserId>,
}

impl<'a> Changes<'a> {
    /// Compares steps with what is stored of them.
    pub fn of(looks: &[Look<'a>], now: Instant) -> Self {
        let mut changes = Self::default();
        for look in looks {
            changes.look(look, now);
        }
        changes
    }

    fn look(&mut self, look: &Look<'a>, now: Instant) {
        let row = &look.step.row;
        let key = (row.patient_id, row.id);
        if let Rows::Doubtful = look.rows {
            let settled = look.step.course.as_ref().and_then(|(_, replay)| replay.settled.until());
            let from = settled.map_or(row.activated_at, |settled| settled + Span::from_micros(1));
            self.doubtful.push((row.patient_id, row.id, from));
        }
        // The next may be answered while one is open: all from the open one on may have changed.
        let open_from = look.was_open.map_or(u32::MAX, |was| was.ordinal);
        let changed = |one: &&Occurrence| {
            let is_new = match look.rows {
                Rows::Until(until) => one.due_at >= until,
                Rows::Doubtful => true,
            };
            is_new || one.ordinal >= open_from || look.corrected == Some(one.ordinal)
        };
        let changed = look.step.occurrences().iter().filter(changed);
        self.occurrences.extend(changed.map(|one| (row.patient_id, row.id, one)));
        let (bits, soon) = attention(look.step, now);
        if bits != row.attention {
            self.attention.entry(bits).or_default().push(key);
            self.letters.push(Letter { id: row.id.0, patient_id: row.patient_id, doctor_id: row.doctor_id });
        }
        let at = wake(look.step, now);
        let at = at.map(|at| soon.map_or(at, |soon| soon.min(at)));
        self.wakes.extend(at.map(|at| Wake::step(row.patient_id, row.id, at)));
        match (look.was_open, open(look.step, now)) {
            (Some(_), None) => self.closed.push(key),
            (Some(was), Some(is)) if was.ordinal == is.ordinal => {
                let (due_at, closes_at) = (is.open.due_at, is.open.closes_at);
                if (was.open.due_at, was.open.closes_at) != (due_at, closes_at) {
                    // What was said of it stays said.
                    let open = Open { due_at, closes_at, ..was.open };
                    self.opened.insert(key, OpenReminder { open, ..was });
                }
            }
            (_, Some(is)) => {
                self.opened.insert(key, is);
                self.told.insert(row.patient_id);
            }
            (None, None) => {}
        }
    }

    /// Writes them.
    pub async fn write(self, tx: &mut Tx, now: Instant) -> Result<(), StoreError> {
        for (patient, step, from) in self.doubtful {
            occurrence::forget_from(tx, patient, step, from).await?;
        }
        occurrence::put(tx, &self.occurrences, now).await?;
        due::insert_many(tx, &self.wakes).await?;
        open_reminder::remove(tx, &self.closed).await?;
        open_reminder::put(tx, &self.opened.into_values().collect::<Vec<_>>()).await?;
        for (bits, steps) in self.attention {
            look::set_attention(tx, &steps, bits).await?;
        }
        outbox::put(tx, &self.letters, News::Attention).await
    }
}

/// Writes what has changed of one step, and of which occurrence the answer. Somebody for whom something new is open is told
/// by the engine.
pub async fn record(
    tx: &mut Tx,
    step: &PlanStep,
    corrected: Option<u32>,
    now: Instant,
) -> Result<(), StoreError> {
    let (patient, id) = (step.row.patient_id, step.row.id);
    let Some(ordinal) = corrected else {
        let open = open_reminder::of_people(tx, &[patient]).await?;
        let since = due::since(tx, patient, id, now).await?;
        let open = open.answer(tx).await?;
        let since = since.answer(tx).await?.map(|since| (id, since));
        return record_many(tx, &[step], &Stored::of(open, since), now).await;
    };
    look::unsettle(tx, patient, id, ordinal).await?;
    let was_open = open_reminder::of_step(tx, patient, id).await?;
    let mut rows = Rows::Until(now);
    // All before what is open is recorded, and no answer to it makes one that is recorded unnecessary.
    if was_open.is_none_or(|open| open.ordinal != ordinal) {
        rows = due::since(tx, patient, id, now).await?.answer(tx).await?.map_or(rows, Rows::Until);
        forget_later(tx, step).await?;
    }
    write(tx, &[Look { step, rows, was_open, corrected }], now).await
}

/// What is stored of a person's steps: what is open, and since when rows may be missing.
pub struct Stored {
    open: HashMap<StepId, OpenReminder>,
    since: HashMap<StepId, Instant>,
}

/// The same, asked for.
pub struct AskedStored {
    open: Asked<Vec<OpenReminder>>,
    since: Asked<HashMap<StepId, Instant>>,
}

impl Stored {
    fn of(open: Vec<OpenReminder>, since: impl IntoIterator<Item = (StepId, Instant)>) -> Self {
        let open = open.into_iter().map(|open| (open.step_id, open)).collect();
        Self { open, since: since.into_iter().collect() }
    }

    /// Asks for it, of the steps of a doctor's that are in force.
    pub async fn ask(
        tx: &mut Tx,
        patient: UserId,
        doctor: UserId,
        now: Instant,
    ) -> Result<AskedStored, StoreError> {
        Ok(AskedStored {
            open: open_reminder::of_people(tx, &[patient]).await?,
            since: due::since_of_plan(tx, patient, doctor, now).await?,
        })
    }
}

impl AskedStored {
    /// What it is.
    pub async fn answer(self, tx: &mut Tx) -> Result<Stored, StoreError> {
        Ok(Stored::of(self.open.answer(tx).await?, self.since.answer(tx).await?))
    }
}

/// Writes what has changed of some steps of one person, of none of them an answer.
pub async fn record_many(
    tx: &mut Tx,
    steps: &[&PlanStep],
    stored: &Stored,
    now: Instant,
) -> Result<(), StoreError> {
    for step in steps {
        forget_later(tx, step).await?;
    }
    let looks = steps.iter().map(|step| {
        let rows = Rows::Until(stored.since.get(&step.row.id).copied().unwrap_or(now));
        Look { step, rows, was_open: stored.open.get(&step.row.id).copied(), corrected: None }
    });
    write(tx, &looks.collect::<Vec<_>>(), now).await
}

/// Removes rows of what is not to happen after all.
async fn forget_later(tx: &mut Tx, step: &PlanStep) -> Result<(), StoreError> {
    let last = step.occurrences().last();
    let after = last.map_or(step.row.activated_at, |last| last.due_at + Span::from_micros(1));
    occurrence::forget_from(tx, step.row.patient_id, step.row.id, after).await
}

/// Writes what there is of steps that begin: nothing is stored of them yet.
pub async fn begin(tx: &mut Tx, steps: &[&PlanStep], now: Instant) -> Result<(), StoreError> {
    let looks = steps.iter().map(|step| {
        let rows = Rows::Until(step.row.activated_at);
        Look { step, rows, was_open: None, corrected: None }
    });
    write(tx, &looks.collect::<Vec<_>>(), now).await
}

/// Writes all of a step's rows again: times of day have changed, or a replacement was taken back, and what it called
/// off is open as before.
pub async fn record_anew(tx: &mut Tx, step: &PlanStep, now: Instant) -> Result<(), StoreError> {
    let was_open = open_reminder::of_step(tx, step.row.patient_id, step.row.id).await?;
    write(tx, &[Look { step, rows: Rows::Doubtful, was_open, corrected: None }], now).await
}

async fn write(tx: &mut Tx, looks: &[Look<'_>], now: Instant) -> Result<(), StoreError> {
    let mut changes = Changes::of(looks, now);
    let told = changes.told.iter();
    changes.wakes.extend(told.map(|person| Wake::person(*person, now)));
    changes.write(tx, now).await
}
