//! A note on its way to becoming the plan: read, sealed, stored, and put into force in one
//! transaction.

use super::{
    actor::Actor,
    problem::{Problem, transact},
};
use crate::{
    app::App,
    notebook::{self, OpenNote, Page, People, SafetyNet, StepText},
    plan::{self, Habits, Plan, PlanStep},
    reader::{By, Read},
};
use aftercare_core::{
    course::Course,
    id::{NoteId, StepId, UserId},
    instant::Instant,
    pattern::task_due,
    step::Kind,
    supersede::takes_force,
};
use aftercare_extract::extraction::Extraction;
use aftercare_seal::ark::Keys;
use aftercare_store::{
    Tx,
    care::{self, Care},
    note::{self, Note, NoteState},
    step::{self, StepRow, Task},
};
use std::collections::HashMap;

/// A note that has arrived.
pub(super) struct Arrived {
    /// The note.
    pub(super) id: NoteId,
    /// About whom.
    pub(super) patient: UserId,
    /// Of two notes in flight the one with the higher ticket wins.
    pub(super) ticket: i64,
    /// The doctor's words.
    pub(super) text: String,
    /// When it was submitted.
    pub(super) created_at: Instant,
}

/// What became of it.
pub(super) struct Outcome {
    /// The note as stored.
    pub(super) note: Note,
    /// The plan that was in force.
    pub(super) old: Plan,
    /// The note's steps.
    pub(super) new: Vec<PlanStep>,
    /// The words of both.
    pub(super) open: HashMap<NoteId, OpenNote>,
    /// Whether it has replaced the old plan.
    pub(super) in_force: bool,
    /// What was read.
    pub(super) extraction: Extraction,
    /// Why nothing was read, where nothing could be.
    pub(super) failure: Option<String>,
}

pub(super) fn already_extracted() -> Problem {
    Problem::conflict("already_extracted", "this note has its steps; submit a new note to change them")
}

/// Reads a note and stores what came of it; `again` is the note where it was stored before.
pub(super) async fn read_and_store(
    app: &App,
    actor: &Actor,
    arrived: Arrived,
    again: Option<Note>,
) -> Result<Outcome, Problem> {
    let keys = actor.keys(app)?;
    let (by, extraction, failure) = read(app, &arrived).await?;
    let now = app.now();
    let steps: Vec<(StepId, StepText)> = extraction
        .steps
        .iter()
        .map(|(step, start)| (app.random.id(now), StepText::of(step, *start)))
        .collect();
    let safety_net: Vec<_> = extraction.safety_net.iter().map(SafetyNet::of).collect();
    let what = Sealable {
        arrived: &arrived,
        by: &by,
        failed: failure.is_some(),
        steps: &steps,
        follow: &extraction.follow,
        safety_net: &safety_net,
    };
    let mut stored = transact!({ store(app, actor, &keys, &what, again.as_ref()).await })?;
    app.hint.notify_one();

    let mut open: HashMap<NoteId, OpenNote> = HashMap::new();
    if let Some((id, body)) = stored.replaced.take() {
        open.insert(id, notebook::read(&body, &keys, &stored.people)?);
    }
    let Stored { note, old, new, in_force, .. } = stored;
    open.insert(note.id, OpenNote::of(arrived.text, steps.into_iter().collect(), safety_net));
    Ok(Outcome { note, old, new, open, in_force, extraction, failure })
}

/// What was made of a note, to be sealed.
struct Sealable<'a> {
    arrived: &'a Arrived,
    by: &'a By,
    failed: bool,
    steps: &'a [(StepId, StepText)],
    /// Which of them are stages that follow the one before.
    follow: &'a [usize],
    safety_net: &'a [SafetyNet],
}

/// What one transaction has stored.
struct Stored {
    note: Note,
    old: Plan,
    new: Vec<PlanStep>,
    in_force: bool,
    /// The note that was replaced, with its envelope.
    replaced: Option<(NoteId, Vec<u8>)>,
    people: People,
}

/// Seals a note and puts it into force, in one transaction.
async fn store(
    app: &App,
    actor: &Actor,
    keys: &Keys,
    what: &Sealable<'_>,
    again: Option<&Note>,
) -> Result<Stored, Problem> {
    let arrived = what.arrived;
    let mut tx = app.store.write().await?;
    // Locked first, then asked: the patient may have left while the note was read.
    let care = care::lock(&mut tx, arrived.patient, actor.id).await?;
    let mut care = care.filter(Care::is_current).ok_or_else(Problem::not_found)?;
    let live = note::live(&mut tx, arrived.patient, actor.id).await?;
    if let Some(live) = &live {
        // An answer that was taken is never later than the override that ends its step.
        step::lock_note(&mut tx, arrived.patient, live.id).await?;
    }
    let now = app.now();
    if again.is_some() {
        let stored = note::get(&mut tx, arrived.patient, arrived.id).await?;
        if stored.is_none_or(|note| note.state != NoteState::ExtractionFailed) {
            return Err(already_extracted());
        }
    }
    let old = Plan::current(&mut tx, arrived.patient, Some(actor.id), now).await?;
    let in_force = !what.failed && takes_force(arrived.ticket, care.live_ticket);
    let mut note = again.cloned().unwrap_or_else(|| blank(arrived, actor.id));
    note.state = match (what.failed, in_force) {
        (true, _) => NoteState::ExtractionFailed,
        (false, true) => NoteState::Live,
        (false, false) => NoteState::Superseded,
    };
    what.by.provider.clone_into(&mut note.provider);
    note.model.clone_from(&what.by.model);
    note.fallback = what.by.fallback;
    if note.state == NoteState::Superseded {
        note.superseded_at = Some(now);
        note.superseded_by = live.as_ref().map(|live| live.id);
    }
    let mut people = People::default();
    people.add(&mut tx, arrived.patient).await?;
    people.add(&mut tx, actor.id).await?;
    let replaced = match live {
        Some(live) if in_force => Some((live.id, replace(app, &mut tx, live, &old, note.id, now).await?)),
        _ => None,
    };
    if again.is_some() {
        note::update(&mut tx, &note).await?;
    } else {
        note::insert(&mut tx, &note).await?;
    }
    let page = Page {
        id: arrived.id,
        patient_id: arrived.patient,
        seq: care.last_seq + 1,
        prev: &care.last_transcript,
        created_at: arrived.created_at,
        text: &arrived.text,
        steps: what.steps,
        safety_net: what.safety_net,
    };
    let transcript = add_page(app, &mut tx, &note, &page, keys, &people).await?;
    let new = insert_steps(&mut tx, &note, what, &old.habits, now).await?;
    account_for(&mut care, arrived, transcript, in_force, what.failed);
    care::update(&mut tx, &care).await?;
    tx.commit().await?;
    Ok(Stored { note, old, new, in_force, replaced, people })
}

/// Reads a note on its patient's calendar. Outside of any transaction: a model takes its time.
async fn read(app: &App, arrived: &Arrived) -> Result<(By, Extraction, Option<String>), Problem> {
    let habits = Habits::load(&mut app.store.read().await?, arrived.patient).await?;
    let zone = habits.zone(arrived.created_at);
    let date = zone.to_datetime(arrived.created_at.timestamp()).date();
    let jitter = arrived.id.as_bytes()[15];
    Ok(match app.reader.read(arrived.text.clone(), Some(date), jitter).await {
        // Nothing found where something seems to be asked for is no "nothing to do": the plan in
        // force is not ended by it.
        Ok(Read { extraction, by }) if extraction.is_doubtful() => {
            let reason =
                "no step could be read, though the note seems to give instructions; see unused and rejected";
            (by, extraction, Some(reason.to_owned()))
        }
        Ok(Read { extraction, by }) => (by, extraction, None),
        Err(failure) => {
            tracing::warn!(note = %arrived.id, provider = failure.by.provider, reason = %failure.reason, "a note could not be read");
            (failure.by, Extraction::default(), Some(failure.reason))
        }
    })
}

fn blank(arrived: &Arrived, doctor: UserId) -> Note {
    Note {
        id: arrived.id,
        patient_id: arrived.patient,
        doctor_id: doctor,
        state: NoteState::Live,
        ticket: arrived.ticket,
        created_at: arrived.created_at,
        provider: String::new(),
        model: String::new(),
        fallback: false,
        superseded_at: None,
        superseded_by: None,
    }
}

/// Seals a page as the next of the doctor's chain; its transcript.
async fn add_page(
    app: &App,
    tx: &mut Tx,
    note: &Note,
    page: &Page<'_>,
    keys: &Keys,
    people: &People,
) -> Result<[u8; 32], Problem> {
    let (author, patient) = (people.of(note.doctor_id)?, people.of(note.patient_id)?);
    let envelope = notebook::write(page, keys, author, patient, &mut app.random.rng())?;
    let body = serde_json::to_vec(&envelope).map_err(Problem::internal)?;
    note::add_envelope(tx, note, page.seq, &body).await?;
    Ok(envelope.transcript())
}

/// What a note changes about the care it belongs to.
fn account_for(care: &mut Care, arrived: &Arrived, transcript: [u8; 32], in_force: bool, failed: bool) {
    care.last_seq += 1;
    care.last_transcript = transcript.to_vec();
    care.last_note_at = care.last_note_at.max(Some(arrived.created_at));
    if in_force {
        care.live_ticket = arrived.ticket;
    } else if failed {
        care.failed_ticket = care.failed_ticket.max(arrived.ticket);
    }
}

/// Ends the plan in force in favour of a note; gives the envelope with its words.
async fn replace(
    app: &App,
    tx: &mut Tx,
    mut live: Note,
    old: &Plan,
    by: NoteId,
    now: Instant,
) -> Result<Vec<u8>, Problem> {
    live.state = NoteState::Superseded;
    live.superseded_at = Some(now);
    live.superseded_by = Some(by);
    note::update(tx, &live).await?;
    step::supersede(tx, live.patient_id, live.id, now, by).await?;
    for step in &old.steps {
        // What was open is called off, on record.
        if let Some(ended) = plan::lock(tx, &*app.clock, live.patient_id, step.row.id).await? {
            plan::record(tx, &ended.step, None, ended.now).await?;
        }
    }
    let envelope = note::envelope(tx, live.patient_id, live.id).await?;
    envelope.ok_or_else(|| Problem::internal("a note without its envelope"))
}

/// Stores the steps of a note. Where it is not in force they are superseded from the start.
async fn insert_steps(
    tx: &mut Tx,
    note: &Note,
    what: &Sealable<'_>,
    habits: &Habits,
    now: Instant,
) -> Result<Vec<PlanStep>, Problem> {
    let mut stored: Vec<PlanStep> = Vec::new();
    let mut course_begins = now;
    for (position, (id, text)) in (0_i16..).zip(what.steps) {
        // Too late for today's first dose, a taper begins tomorrow: all its stages, or two doses
        // would fall on each day between them.
        let follows = usize::try_from(position).is_ok_and(|place| what.follow.contains(&place));
        let activated_at = if follows { course_begins } else { now };
        let plan = text.kind == Kind::Plan;
        let timing =
            if plan { Some(serde_json::to_string(&text.schedule).map_err(Problem::internal)?) } else { None };
        let policy = Course::new(&text.schedule, activated_at, habits.since(activated_at), None).policy();
        let row = StepRow {
            id: *id,
            note_id: note.id,
            patient_id: note.patient_id,
            doctor_id: note.doctor_id,
            position,
            kind: text.kind,
            task: Task::Open,
            timing,
            policy,
            activated_at,
            due_at: if plan { None } else { task_due(&text.schedule, now, habits.at(now)) },
            answered_at: None,
            superseded_at: note.superseded_at,
            superseded_by: note.superseded_by,
        };
        step::insert(tx, &row).await?;
        let step = PlanStep::new(row, habits, &[], &[], now)?;
        plan::record(tx, &step, None, now).await?;
        if !follows {
            // A stage with a day of its own has all of that day, and the next ones count from it.
            let late = first_due(&step).filter(|due| later_day(habits, now, *due));
            course_begins = late.filter(|_| text.schedule.start.is_none()).unwrap_or(now);
        }
        stored.push(step);
    }
    Ok(stored)
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
