//! `POST /api/submit-notes/`: a note is read, sealed, and becomes the plan.

use super::{
    actor::{Actor, Doctor, Reader},
    json::{Id, Json},
    notes::{NoteView, open},
    problem::{FieldError, Problem},
    scope::scope,
    view::{SafetyNetView, Show, StepView},
};
use crate::{
    app::App,
    notebook::{self, OpenNote, Page, People, SafetyNet, StepText},
    plan::{self, Habits, Plan, PlanStep},
    reader::{By, Read},
};
use aftercare_core::{
    access::Act,
    course::Course,
    id::{NoteId, StepId, UserId},
    instant::Instant,
    pattern::task_due,
    people::check_note,
    step::Kind,
    supersede::{changes, takes_force},
};
use aftercare_extract::extraction::{Extraction, Question, Quote, Rejected};
use aftercare_store::{
    Tx, care,
    note::{self, Note, NoteState},
    step::{self, StepRow, Task},
};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

/// A note for a patient.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// One of the doctor's patients.
    #[schema(value_type = Uuid)]
    patient_id: UserId,
    /// The doctor's words, at most 65,536 bytes.
    #[schema(example = "Buy Drug A. Take Drug A daily for 7 days.")]
    note: String,
    /// `activate`: the steps come into force at once and replace this doctor's plan for the patient.
    #[serde(default)]
    mode: Mode,
}

/// What becomes of the steps.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They come into force at once.
    #[default]
    Activate,
}

/// Who read the note.
#[derive(Serialize, ToSchema)]
pub struct ExtractorView {
    /// `rules`, `gemini` or `openai`.
    provider: String,
    /// Its model or version.
    model: String,
    /// Whether it stepped in for one that failed.
    fallback: bool,
    /// Why nothing could be read, where nothing could.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// Something the note leaves open.
#[derive(Serialize, ToSchema)]
pub struct QuestionView {
    /// About which step.
    #[schema(value_type = Uuid)]
    step_id: StepId,
    /// What is unclear: `frequency`, `duration` or `timing`.
    about: &'static str,
    /// The words it is about.
    evidence: String,
}

/// Words of the note with their place, in characters.
#[derive(Serialize, ToSchema)]
pub struct QuoteView {
    /// The words.
    quote: String,
    /// First character.
    start: usize,
    /// One past the last.
    end: usize,
}

/// A proposal that was not taken.
#[derive(Serialize, ToSchema)]
pub struct RejectedView {
    /// What was proposed.
    action: String,
    /// Why it was not taken.
    reason: &'static str,
}

/// What a note changes.
#[derive(Serialize, ToSchema)]
pub struct ChangesView {
    /// Steps of the old plan that end.
    stops: Vec<StepView>,
    /// Steps that begin.
    starts: Vec<StepView>,
    /// Steps that keep the count and log of an old one.
    continues: Vec<StepView>,
}

/// What became of a note.
#[derive(Serialize, ToSchema)]
pub struct Submitted {
    /// The note.
    note: NoteView,
    /// `active`; `extraction_failed`: kept, nothing changed; `superseded`: a note submitted later
    /// was in force already.
    status: &'static str,
    /// Who read it.
    extractor: ExtractorView,
    /// Things to do once.
    checklist: Vec<StepView>,
    /// Things to repeat or continue.
    plan: Vec<StepView>,
    /// When to seek help.
    safety_net: Vec<SafetyNetView>,
    /// What is unclear.
    questions: Vec<QuestionView>,
    /// Sentences that look like instructions and gave no step.
    unused: Vec<QuoteView>,
    /// Proposals that were not taken.
    rejected: Vec<RejectedView>,
    /// What this changes for the patient.
    changes: ChangesView,
}

/// Submit a note
///
/// The note is read for a checklist and a plan, each step with the words that say so; note and
/// steps are sealed for this patient and this doctor, and replace what this doctor had scheduled
/// before. If it cannot be read, it is kept and the running plan goes on untouched.
#[utoipa::path(post, path = "/api/submit-notes/", tag = "Notes and steps", security(("bearer" = [])), request_body = Submit, responses(
    (status = 201, body = Submitted), (status = 404, description = "Not a patient of this doctor", body = Problem),
    (status = 422, body = Problem)))]
pub async fn submit_note(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    retry: Option<axum::Extension<super::idempotency::Retry>>,
    Json(body): Json<Submit>,
) -> Result<(StatusCode, Json<Submitted>), Problem> {
    let Mode::Activate = body.mode;
    check_note(&body.note).map_err(|error| Problem::invalid(vec![FieldError::at("/note", error)]))?;
    let now = app.now();
    let id: NoteId = retry.map_or_else(|| app.random.id(now), |retry| retry.id());

    let mut tx = app.store.write().await?;
    scope(&mut tx, &actor, Some(body.patient_id), Act::WriteNote).await?;
    let care = care::lock(&mut tx, body.patient_id, actor.id).await?.ok_or_else(Problem::not_found)?;
    if let Some(note) = note::get(&mut tx, body.patient_id, id).await? {
        // A retry whose first attempt was stored, but never answered.
        return Ok((StatusCode::CREATED, Json(stored(&app, &mut tx, &actor, reader, note).await?)));
    }
    let ticket = care::take_ticket(&mut tx, &care).await?;
    tx.commit().await?;

    let arrived = Arrived { id, patient: body.patient_id, ticket, text: body.note, created_at: now };
    let submitted = read_and_store(&app, &actor, reader, arrived, None).await?;
    Ok((StatusCode::CREATED, Json(submitted)))
}

/// A note on its way to becoming a plan.
struct Arrived {
    id: NoteId,
    patient: UserId,
    ticket: i64,
    text: String,
    created_at: Instant,
}

/// Reads a note and stores what came of it; `again` is the note where it was stored before.
async fn read_and_store(
    app: &App,
    actor: &Actor,
    reader: Reader,
    arrived: Arrived,
    again: Option<Note>,
) -> Result<Submitted, Problem> {
    let keys = actor.keys(app)?;
    let mut tx = app.store.read().await?;
    let zone = Habits::load(&mut tx, arrived.patient).await?.zone(arrived.created_at).clone();
    drop(tx);
    let date = zone.to_datetime(arrived.created_at.timestamp()).date();
    let read = app.reader.read(arrived.text.clone(), Some(date), arrived.id.as_bytes()[15]).await;

    let (by, extraction, failure) = match read {
        Ok(Read { extraction, by }) => (by, extraction, None),
        Err(failure) => {
            tracing::warn!(note = %arrived.id, provider = failure.by.provider, reason = %failure.reason, "a note could not be read");
            (failure.by, Extraction::default(), Some(failure.reason))
        }
    };
    let now = app.now();
    let steps: Vec<(StepId, StepText)> = extraction
        .steps
        .iter()
        .map(|(step, start)| (app.random.id(now), StepText::of(step, *start)))
        .collect();
    let safety_net: Vec<_> = extraction.safety_net.iter().map(SafetyNet::of).collect();

    let mut tx = app.store.write().await?;
    scope(&mut tx, actor, Some(arrived.patient), Act::WriteNote).await?;
    let mut care = care::lock(&mut tx, arrived.patient, actor.id).await?.ok_or_else(Problem::not_found)?;
    if again.is_some() {
        let stored = note::get(&mut tx, arrived.patient, arrived.id).await?;
        if stored.is_none_or(|note| note.state != NoteState::ExtractionFailed) {
            return Err(already_extracted());
        }
    }
    let habits = Habits::load(&mut tx, arrived.patient).await?;
    let mut people = People::default();
    people.add(&mut tx, arrived.patient).await?;
    people.add(&mut tx, actor.id).await?;
    let page = Page {
        id: arrived.id,
        patient_id: arrived.patient,
        seq: care.last_seq + 1,
        prev: &care.last_transcript,
        created_at: arrived.created_at,
        text: &arrived.text,
        steps: &steps,
        safety_net: &safety_net,
    };
    let (author, patient) = (people.of(actor.id)?, people.of(arrived.patient)?);
    let envelope = notebook::write(&page, &keys, author, patient, &mut app.random.rng())?;
    let body = serde_json::to_vec(&envelope).map_err(Problem::internal)?;

    let in_force = failure.is_none() && takes_force(arrived.ticket, care.live_ticket);
    let old = Plan::current(&mut tx, arrived.patient, Some(actor.id), now).await?;
    let live = note::live(&mut tx, arrived.patient, actor.id).await?;
    let mut note = again.clone().unwrap_or_else(|| Note {
        id: arrived.id,
        patient_id: arrived.patient,
        doctor_id: actor.id,
        state: NoteState::Live,
        ticket: arrived.ticket,
        created_at: arrived.created_at,
        provider: String::new(),
        model: String::new(),
        fallback: false,
        superseded_at: None,
        superseded_by: None,
    });
    name_reader(&mut note, &by);
    note.state = match (&failure, in_force) {
        (Some(_), _) => NoteState::ExtractionFailed,
        (None, true) => NoteState::Live,
        (None, false) => NoteState::Superseded,
    };
    if note.state == NoteState::Superseded {
        note.superseded_at = Some(now);
        note.superseded_by = live.as_ref().map(|live| live.id);
    }
    let old_envelope = match live {
        Some(live) if in_force => Some((live.id, replace(&mut tx, live, &old, note.id, now).await?)),
        _ => None,
    };
    if again.is_some() {
        note::update(&mut tx, &note).await?;
    } else {
        note::insert(&mut tx, &note).await?;
    }
    note::add_envelope(&mut tx, &note, page.seq, &body).await?;
    let new = insert_steps(&mut tx, &note, &steps, &habits, now).await?;

    care.last_seq += 1;
    care.last_transcript = envelope.transcript().to_vec();
    care.last_note_at =
        Some(care.last_note_at.map_or(arrived.created_at, |last| last.max(arrived.created_at)));
    if in_force {
        care.live_ticket = arrived.ticket;
        care.extraction_failed = false;
    } else if failure.is_some() {
        care.extraction_failed = arrived.ticket >= care.live_ticket;
    }
    care::update(&mut tx, &care).await?;
    tx.commit().await?;
    app.hint.notify_one();

    let mut open: HashMap<NoteId, OpenNote> = HashMap::new();
    if let Some((id, body)) = old_envelope {
        open.insert(id, notebook::read(&body, &keys, &people)?);
    }
    let new_note = OpenNote { text: arrived.text, steps: steps.iter().cloned().collect(), safety_net };
    open.insert(note.id, new_note);
    let show = Show { habits: &habits, language: reader.0, now };
    Ok(answer(&show, note, &open, &old, &new, in_force, &extraction, failure))
}

fn name_reader(note: &mut Note, by: &By) {
    by.provider.clone_into(&mut note.provider);
    note.model.clone_from(&by.model);
    note.fallback = by.fallback;
}

/// Ends the plan in force in favour of a note; gives the envelope with its words.
async fn replace(
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
        if let Some((ended, ..)) = plan::lock(tx, live.patient_id, step.row.id, now).await? {
            plan::record(tx, &ended, None, now).await?;
        }
    }
    note::envelope(tx, live.patient_id, live.id)
        .await?
        .ok_or_else(|| Problem::internal("a note without its envelope"))
}

/// Stores the steps of a note. Where it is not in force they are superseded from the start.
async fn insert_steps(
    tx: &mut Tx,
    note: &Note,
    steps: &[(StepId, StepText)],
    habits: &Habits,
    now: Instant,
) -> Result<Vec<PlanStep>, Problem> {
    let mut stored = Vec::new();
    for (position, (id, text)) in (0..).zip(steps) {
        let plan = text.kind == Kind::Plan;
        let timing =
            if plan { Some(serde_json::to_string(&text.schedule).map_err(Problem::internal)?) } else { None };
        let policy = Course::new(&text.schedule, now, habits.since(now), None).policy();
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
            activated_at: now,
            due_at: if plan { None } else { task_due(&text.schedule, now, habits.at(now)) },
            answered_at: None,
            superseded_at: note.superseded_at,
            superseded_by: note.superseded_by,
        };
        step::insert(tx, &row).await?;
        let step = PlanStep::new(row, habits, &[], &[], now)?;
        plan::record(tx, &step, None, now).await?;
        stored.push(step);
    }
    Ok(stored)
}

#[expect(clippy::too_many_arguments, reason = "the parts of one answer, named at its only two calls")]
fn answer(
    show: &Show<'_>,
    note: Note,
    open: &HashMap<NoteId, OpenNote>,
    old: &Plan,
    new: &[PlanStep],
    in_force: bool,
    extraction: &Extraction,
    failure: Option<String>,
) -> Submitted {
    let active: Vec<_> = old.steps.iter().filter(|step| in_force && step.is_active()).collect();
    let ids: Vec<_> = active.iter().map(|step| step.row.id).collect();
    let starting: Vec<_> = new.iter().filter(|_| in_force).map(|step| (step.row.id, None)).collect();
    let changes = changes(&ids, &starting);
    let pick = |wanted: &[StepId]| {
        let steps = active.iter().copied().chain(new).filter(|step| wanted.contains(&step.row.id));
        show.steps(steps, open)
    };
    let here = open.get(&note.id);
    Submitted {
        status: match note.state {
            NoteState::Live => "active",
            NoteState::Superseded => "superseded",
            NoteState::ExtractionFailed => "extraction_failed",
        },
        extractor: ExtractorView {
            provider: note.provider.clone(),
            model: note.model.clone(),
            fallback: note.fallback,
            failure,
        },
        checklist: show.steps(new.iter().filter(|step| step.row.kind == Kind::Checklist), open),
        plan: show.steps(new.iter().filter(|step| step.row.kind == Kind::Plan), open),
        safety_net: here
            .map(|note| note.safety_net.iter().cloned().map(Into::into).collect())
            .unwrap_or_default(),
        questions: extraction.questions.iter().filter_map(|question| question_view(question, new)).collect(),
        unused: extraction.unused.iter().map(quote_view).collect(),
        rejected: extraction.rejected.iter().map(rejected_view).collect(),
        changes: ChangesView {
            stops: pick(&changes.stops),
            starts: pick(&changes.starts),
            continues: pick(&changes.continues),
        },
        note: NoteView::of(&note, here.map(|note| note.text.clone()).unwrap_or_default()),
    }
}

fn question_view(question: &Question, steps: &[PlanStep]) -> Option<QuestionView> {
    let step_id = steps.get(question.step)?.row.id;
    Some(QuestionView { step_id, about: question.about, evidence: question.evidence.clone() })
}

fn quote_view(quote: &Quote) -> QuoteView {
    QuoteView { quote: quote.quote.clone(), start: quote.start, end: quote.end }
}

fn rejected_view(rejected: &Rejected) -> RejectedView {
    RejectedView { action: rejected.action.clone(), reason: rejected.reason }
}

/// The answer for a note that is stored already: its steps, without what was only said once.
async fn stored(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    reader: Reader,
    note: Note,
) -> Result<Submitted, Problem> {
    let now = app.now();
    let habits = Habits::load(tx, note.patient_id).await?;
    let rows = step::of_note(tx, note.patient_id, note.id).await?;
    let steps = rows.into_iter().map(|row| PlanStep::new(row, &habits, &[], &[], now));
    let steps: Vec<_> = steps.collect::<Result<_, _>>()?;
    let open = HashMap::from([(note.id, open(app, tx, actor, &note).await?)]);
    let nothing = Plan { patient_id: note.patient_id, now, habits: habits.clone(), steps: Vec::new() };
    let show = Show { habits: &habits, language: reader.0, now };
    let in_force = note.state == NoteState::Live;
    Ok(answer(&show, note, &open, &nothing, &steps, in_force, &Extraction::default(), None))
}

fn already_extracted() -> Problem {
    Problem::conflict("already_extracted", "this note has its steps; submit a new note to change them")
}

/// Have a note read again
///
/// After a failure. Counts as submitted when it first was: a newer note stays in force.
#[utoipa::path(post, path = "/api/notes/{id}/extract/", tag = "Notes and steps", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 200, body = Submitted), (status = 404, body = Problem),
    (status = 409, description = "`already_extracted`", body = Problem)))]
pub async fn extract_again(
    State(app): State<App>,
    Doctor(actor): Doctor,
    reader: Reader,
    Id(id): Id<NoteId>,
) -> Result<Json<Submitted>, Problem> {
    let mut tx = app.store.read().await?;
    let note = note::by_doctor(&mut tx, actor.id, id).await?.ok_or_else(Problem::not_found)?;
    scope(&mut tx, &actor, Some(note.patient_id), Act::WriteNote).await?;
    if note.state != NoteState::ExtractionFailed {
        return Err(already_extracted());
    }
    let text = open(&app, &mut tx, &actor, &note).await?.text;
    drop(tx);
    let arrived =
        Arrived { id, patient: note.patient_id, ticket: note.ticket, text, created_at: note.created_at };
    Ok(Json(read_and_store(&app, &actor, reader, arrived, Some(note)).await?))
}
