//! Bringing what is stored of a step up to its replay: one row for each occurrence that has happened, none for
//! any that a correction has made unnecessary, what is open for the person, and the next instant to look again.

use crate::plan::PlanStep;
use aftercare_core::{
    announce::Open,
    attention::{self, Reason},
    course::OccurrenceStatus,
    id::UserId,
    instant::{Instant, Span},
};
use aftercare_store::{
    StoreError, Tx,
    due::{self, Wake},
    look, occurrence,
    open_reminder::{self, OpenReminder},
    outbox::{self, Letter, News},
    step::Task,
};
use std::collections::BTreeMap;

/// A task that nobody does is said to be open for so long.
const TASK: Span = Span::from_days(7);

/// A step with what was stored of it before.
#[derive(Debug)]
pub struct Look<'a> {
    /// The step as it stands.
    pub step: &'a PlanStep,
    /// How many of its occurrences were recorded.
    pub recorded: u32,
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
        open: Open { due_at, closes_at, once, said: 0, said_at: None, snoozed_until: None },
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
    let soon = attention::soon(course, replay).filter(|soon| *soon > now);
    (Reason::bits(&attention::of_course(course, replay, now)), soon)
}

/// Writes what has changed of some steps. Gives those for whom something new is open.
pub async fn write(tx: &mut Tx, looks: &[Look<'_>], now: Instant) -> Result<Vec<UserId>, StoreError> {
    let (mut put, mut wakes, mut opened, mut closed, mut told) = (vec![], vec![], vec![], vec![], vec![]);
    let (mut looks_needed, mut letters) = (BTreeMap::<i16, Vec<_>>::new(), vec![]);
    for look in looks {
        let (row, occurrences, happened) = (&look.step.row, look.step.occurrences(), look.step.happened());
        if look.recorded > happened {
            occurrence::truncate(tx, row.patient_id, row.id, happened).await?;
        }
        // The next may be answered while one is open: all from the open one on may have changed.
        let open_from = look.was_open.map_or(u32::MAX, |was| was.ordinal);
        let changed =
            |ordinal| ordinal >= look.recorded || ordinal >= open_from || look.corrected == Some(ordinal);
        put.extend(
            occurrences.iter().filter(|one| changed(one.ordinal)).map(|one| (row.patient_id, row.id, one)),
        );
        let (bits, soon) = attention(look.step, now);
        if bits != row.attention {
            looks_needed.entry(bits).or_default().push((row.patient_id, row.id));
            letters.push(Letter { id: row.id.0, patient_id: row.patient_id, doctor_id: row.doctor_id });
        }
        let at = wake(look.step, now);
        let at = at.map(|at| soon.map_or(at, |soon| soon.min(at)));
        wakes.extend(at.map(|at| Wake { at, step_id: row.id, patient_id: row.patient_id }));
        match (look.was_open, open(look.step, now)) {
            (Some(_), None) => closed.push((row.patient_id, row.id)),
            (Some(was), Some(is)) if was.ordinal == is.ordinal => {
                let (due_at, closes_at) = (is.open.due_at, is.open.closes_at);
                if (was.open.due_at, was.open.closes_at) != (due_at, closes_at) {
                    // What was said of it stays said.
                    opened.push(OpenReminder { open: Open { due_at, closes_at, ..was.open }, ..was });
                }
            }
            (_, Some(is)) => {
                opened.push(is);
                told.push(row.patient_id);
            }
            (None, None) => {}
        }
    }
    occurrence::put(tx, &put, now).await?;
    due::insert_many(tx, &wakes).await?;
    open_reminder::remove(tx, &closed).await?;
    open_reminder::put(tx, &opened).await?;
    for (bits, steps) in looks_needed {
        look::set_attention(tx, &steps, bits).await?;
    }
    outbox::put(tx, &letters, News::Attention).await?;
    told.sort_unstable();
    told.dedup();
    Ok(told)
}

/// Writes what has changed of one step. Somebody for whom something new is open is told by the engine.
pub async fn record(
    tx: &mut Tx,
    step: &PlanStep,
    corrected: Option<u32>,
    now: Instant,
) -> Result<(), StoreError> {
    let (patient, id) = (step.row.patient_id, step.row.id);
    if let Some(ordinal) = corrected {
        look::unsettle(tx, patient, id, ordinal).await?;
    }
    let recorded = occurrence::recorded(tx, patient, id).await?;
    let was_open = open_reminder::of_step(tx, patient, id).await?;
    let look = Look { step, recorded, was_open, corrected };
    for person in write(tx, &[look], now).await? {
        due::insert(tx, Wake::person(person, now)).await?;
    }
    Ok(())
}

/// Writes what there is of steps that begin: nothing is stored of them yet.
pub async fn begin(tx: &mut Tx, steps: &[&PlanStep], now: Instant) -> Result<(), StoreError> {
    let looks = steps.iter().map(|step| Look { step, recorded: 0, was_open: None, corrected: None });
    for person in write(tx, &looks.collect::<Vec<_>>(), now).await? {
        due::insert(tx, Wake::person(person, now)).await?;
    }
    Ok(())
}

/// Writes all of a step's rows again: where a replacement was taken back, what it called off is open
/// as before.
pub async fn record_anew(tx: &mut Tx, step: &PlanStep, now: Instant) -> Result<(), StoreError> {
    occurrence::truncate(tx, step.row.patient_id, step.row.id, 0).await?;
    record(tx, step, None, now).await
}
