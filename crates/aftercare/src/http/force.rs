//! Putting a note into force, and taking that back: the override, in one transaction.

use super::problem::Problem;
use crate::{
    announce,
    app::App,
    outline::Outline,
    plan::{self, AskedPlan, Habits, Plan, PlanStep, Sources},
    record::{self, AskedStored, Stored},
};
use aftercare_core::{
    course::Course,
    id::{NoteId, UserId},
    instant::{Instant, Span},
    pattern::task_due,
    step::Kind,
};
use aftercare_store::{
    Asked, Tx,
    care::Care,
    channel::{self, Channel},
    check_in,
    delivery::DeliveryKind,
    envelope,
    note::{self, Note, NoteState},
    person_lock,
    step::{self, StepRow, Task},
};
use std::collections::HashMap;

/// For so long after it came into force a note can be taken back.
pub(super) const UNDO: Span = Span::from_secs(60);

/// A doctor's plan for a patient, locked until the transaction ends, with all that is to be known to replace it.
pub(super) struct InForce {
    /// The note in force.
    pub(super) live: Option<Note>,
    /// Its steps.
    pub(super) plan: Plan,
    /// That note as it lies there for the doctor.
    pub(super) sealed: Vec<envelope::Sealed>,
    /// The time after the locks were got: no answer that was taken is later.
    pub(super) now: Instant,
    sources: Sources,
    stored: Stored,
    channels: Vec<Channel>,
}

/// The same, asked for.
pub(super) struct AskedInForce {
    live: Asked<Option<Note>>,
    plan: AskedPlan,
    sealed: Asked<Vec<envelope::Sealed>>,
    stored: AskedStored,
    channels: Asked<Vec<Channel>>,
}

impl InForce {
    /// Locks the plan; the care is locked already.
    pub(super) async fn lock(
        app: &App,
        tx: &mut Tx,
        (patient, doctor): (UserId, UserId),
    ) -> Result<Self, Problem> {
        Self::ask(tx, (patient, doctor), app.now()).await?.answer(app, tx).await
    }

    /// Locks it, and asks for it.
    pub(super) async fn ask(
        tx: &mut Tx,
        (patient, doctor): (UserId, UserId),
        now: Instant,
    ) -> Result<AskedInForce, Problem> {
        person_lock::lock_ahead(tx, patient).await?;
        Ok(AskedInForce {
            live: note::live(tx, patient, doctor).await?,
            plan: Plan::ask_current(tx, patient, Some(doctor)).await?,
            sealed: envelope::live(tx, patient, doctor).await?,
            stored: Stored::ask(tx, patient, doctor, now).await?,
            channels: channel::of_people(tx, &[patient]).await?,
        })
    }

    /// One of its steps whose row is another now.
    fn again(&self, row: StepRow) -> Result<PlanStep, Problem> {
        Ok(self.plan.again(&self.sources, row)?)
    }
}

impl AskedInForce {
    /// The plan.
    pub(super) async fn answer(self, app: &App, tx: &mut Tx) -> Result<InForce, Problem> {
        let live = self.live.answer(tx).await?;
        let now = app.now();
        let (plan, sources) = self.plan.with_sources(tx, now).await?;
        Ok(InForce {
            live,
            plan,
            sealed: self.sealed.answer(tx).await?,
            now,
            sources,
            stored: self.stored.answer(tx).await?,
            channels: self.channels.answer(tx).await?,
        })
    }
}

/// What putting a note into force has changed.
pub(super) struct Replaced {
    /// The note's steps.
    pub(super) new: Vec<PlanStep>,
    /// The note that was in force.
    pub(super) note: Option<NoteId>,
}

/// Puts a note into force: its steps begin, or go on where they say so; all others of the plan
/// before it end.
pub(super) async fn put(
    app: &App,
    tx: &mut Tx,
    note: &mut Note,
    care: &mut Care,
    steps: &[Outline],
    before: &InForce,
) -> Result<Replaced, Problem> {
    note.state = NoteState::Live;
    note.activated_at = Some(before.now);
    care.live_ticket = note.ticket;
    let mut carried = Vec::new();
    for (place, step) in steps.iter().enumerate().filter(|(_, step)| step.continues) {
        let old = before.plan.steps.iter().find(|old| old.row.id == step.id && old.is_active());
        let old = old.ok_or_else(|| cannot_continue(place))?;
        let row = StepRow {
            note_id: note.id,
            position: position(place),
            timing: timing(step)?,
            policy: step.policy.unwrap_or(old.row.policy),
            // The doctor has looked at it again.
            paused_until: None,
            ..old.row.clone()
        };
        step::carry(tx, &old.row, &row).await?;
        carried.push(before.again(row)?);
    }
    let ended = end(tx, before, &carried, note.id).await?;
    // What was open is called off, on record.
    let changed: Vec<_> = ended.iter().chain(&carried).collect();
    record::record_many(tx, &changed, &before.stored, before.now).await?;
    let new = begin(tx, note, steps, before, carried).await?;
    let of = (before.now, Some(note.id.0));
    announce::tell_of(app, tx, note.patient_id, &before.channels, DeliveryKind::PlanChanged, of).await?;
    Ok(Replaced { new, note: before.live.as_ref().map(|live| live.id) })
}

fn cannot_continue(place: usize) -> Problem {
    Problem::conflict(
        "cannot_continue",
        format!("/steps/{place}/continues: the step it goes on with is no longer in force; edit the draft"),
    )
}

fn position(place: usize) -> i16 {
    i16::try_from(place).unwrap_or(i16::MAX)
}

fn timing(step: &Outline) -> Result<Option<String>, Problem> {
    let json = (step.kind == Kind::Plan).then(|| serde_json::to_string(&step.schedule));
    json.transpose().map_err(Problem::internal)
}

/// Ends the plan in force in favour of a note, but for what goes on. Gives the steps that end.
async fn end(
    tx: &mut Tx,
    before: &InForce,
    carried: &[PlanStep],
    by: NoteId,
) -> Result<Vec<PlanStep>, Problem> {
    let Some(live) = &before.live else { return Ok(Vec::new()) };
    let (superseded_at, superseded_by) = (Some(before.now), Some(by));
    let ended = Note { state: NoteState::Superseded, superseded_at, superseded_by, ..live.clone() };
    note::update(tx, &ended).await?;
    step::supersede(tx, live.patient_id, live.id, before.now, by).await?;
    let steps = before.plan.steps.iter().map(|step| &step.row).filter(|row| row.note_id == live.id);
    steps
        .filter(|row| carried.iter().all(|carried| carried.row.id != row.id))
        .map(|row| before.again(StepRow { superseded_at, superseded_by, ..row.clone() }))
        .collect()
}

/// Stores the steps of a note in force; those carried on are there already.
async fn begin(
    tx: &mut Tx,
    note: &Note,
    steps: &[Outline],
    before: &InForce,
    carried: Vec<PlanStep>,
) -> Result<Vec<PlanStep>, Problem> {
    let steps = begun(note, steps, &before.plan.habits, before.now)?;
    let mut carried: HashMap<_, _> = carried.into_iter().map(|step| (step.row.id, step)).collect();
    let new: Vec<_> = steps.iter().filter(|step| !carried.contains_key(&step.row.id)).collect();
    store(tx, &new, before.now).await?;
    Ok(steps.into_iter().map(|step| carried.remove(&step.row.id).unwrap_or(step)).collect())
}

/// Stores steps that begin.
async fn store(tx: &mut Tx, steps: &[&PlanStep], now: Instant) -> Result<(), Problem> {
    step::insert(tx, &steps.iter().map(|step| &step.row).collect::<Vec<_>>()).await?;
    Ok(record::begin(tx, steps, now).await?)
}

/// Stores the steps of a note that came too late: a newer one is in force already.
pub(super) async fn keep_late(
    tx: &mut Tx,
    note: &mut Note,
    steps: &[Outline],
    before: &InForce,
) -> Result<Vec<PlanStep>, Problem> {
    note.superseded_at = Some(before.now);
    note.superseded_by = before.live.as_ref().map(|live| live.id);
    let late = begun(note, steps, &before.plan.habits, before.now)?;
    store(tx, &late.iter().collect::<Vec<_>>(), before.now).await?;
    Ok(late)
}

/// A note's steps as they would begin now.
pub(super) fn begun(
    note: &Note,
    steps: &[Outline],
    habits: &Habits,
    now: Instant,
) -> Result<Vec<PlanStep>, Problem> {
    let mut begun: Vec<PlanStep> = Vec::new();
    let mut course_begins = now;
    for (place, outline) in steps.iter().enumerate() {
        // Too late for today's first dose, a taper begins tomorrow: all its stages, or two doses
        // would fall on each day between them.
        let activated_at = if outline.follows { course_begins } else { now };
        let plan = outline.kind == Kind::Plan;
        let course = Course::new(&outline.schedule, activated_at, habits.since(activated_at), outline.policy);
        let row = StepRow {
            id: outline.id,
            note_id: note.id,
            patient_id: note.patient_id,
            doctor_id: note.doctor_id,
            position: position(place),
            kind: outline.kind,
            task: Task::Open,
            timing: timing(outline)?,
            policy: course.policy(),
            activated_at,
            due_at: if plan { None } else { task_due(&outline.schedule, now, habits.at(now)) },
            answered_at: None,
            superseded_at: note.superseded_at,
            superseded_by: note.superseded_by,
            attention: 0,
            paused_until: None,
            folded: None,
        };
        let step = PlanStep::new(row, habits, &[], &[], now)?;
        if !outline.follows {
            // A stage with a day of its own has all of that day, and the next ones count from it.
            let late = first_due(&step).filter(|due| later_day(habits, now, *due));
            course_begins = late.filter(|_| outline.schedule.start.is_none()).unwrap_or(now);
        }
        begun.push(step);
    }
    Ok(begun)
}

fn first_due(step: &PlanStep) -> Option<Instant> {
    let (_, replay) = step.course.as_ref()?;
    replay.occurrences.first().map(|first| first.due_at).or(replay.next_due_at)
}

/// Whether an instant falls on a later day than now, on the patient's calendar.
fn later_day(habits: &Habits, now: Instant, then: Instant) -> bool {
    let day = |instant: Instant| habits.zone(now).to_datetime(instant.timestamp()).date();
    day(then) > day(now)
}

/// Takes back that a note came into force, moments ago: it is a draft again, and what it replaced
/// is in force as if nothing had been.
pub(super) async fn take_back(
    app: &App,
    tx: &mut Tx,
    note: &mut Note,
    care: &mut Care,
) -> Result<(), Problem> {
    person_lock::lock(tx, note.patient_id).await?;
    let now = app.now();
    let since = note.activated_at.filter(|at| *at + UNDO >= now && note.state == NoteState::Live);
    let since = since.ok_or_else(|| {
        Problem::conflict(
            "too_late",
            "a note can be taken back for 60 seconds after it came into force; submit a new note",
        )
    })?;
    let steps = step::of_note(tx, note.patient_id, note.id).await?;
    let answered = steps.iter().any(|step| step.answered_at.is_some_and(|at| at >= since))
        || check_in::count_since(tx, note.patient_id, note.id, since).await? > 0;
    if answered {
        return Err(Problem::conflict(
            "answered",
            "the patient has answered a step of this note already; submit a new note",
        ));
    }
    let superseded = note::superseded_by(tx, note.patient_id, note.id).await?;
    let (mut replaced, late): (Vec<_>, Vec<_>) =
        superseded.into_iter().partition(|other| other.activated_at.is_some());
    let before = replaced.pop();
    let back = step::put_back(tx, note.patient_id, note.id, before.as_ref().map(|before| before.id)).await?;
    care.live_ticket = 0;
    note.state = NoteState::Draft;
    note.activated_at = None;
    note::update(tx, note).await?;
    if let Some(mut before) = before {
        (before.state, before.superseded_at, before.superseded_by) = (NoteState::Live, None, None);
        care.live_ticket = before.ticket;
        note::update(tx, &before).await?;
    }
    // What came too late for the plan that is taken back may be what the doctor wants: it waits.
    for mut late in late {
        step::remove(tx, late.patient_id, late.id).await?;
        (late.state, late.superseded_at, late.superseded_by) = (NoteState::Draft, None, None);
        note::update(tx, &late).await?;
    }
    for id in back {
        if let Some(locked) = plan::locked(tx, &*app.clock, note.patient_id, id).await? {
            record::record_anew(tx, &locked.step, locked.now).await?;
        }
    }
    Ok(())
}
