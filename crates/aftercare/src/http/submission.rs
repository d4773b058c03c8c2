//! A note on its way: read, sealed, stored, and put into force or kept as a draft, in one
//! transaction.

use super::{
    actor::Actor,
    doctors::must_hold,
    force::{self, InForce, Replaced},
    problem::{Problem, transact},
    words::Words,
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    keyring::People,
    notebook::{self, OpenNote, Page},
    outline::{Outline, outline},
    plan::{Habits, Plan, PlanStep},
    reader::Disclosure,
    reading::Reading,
    reading::{By, Read},
};
use aftercare_core::{
    id::{NoteId, UserId},
    instant::Instant,
    supersede::takes_force,
};
use aftercare_extract::extraction::Extraction;
use aftercare_seal::envelope::Envelope;
use aftercare_store::{
    Tx,
    account::{self, NoteMode},
    care::{self, Care},
    envelope,
    note::{self, Note, NoteState},
    outbox,
};

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
    /// Its newest sealed form, where it was stored before.
    pub(super) envelope: Option<Vec<u8>>,
    /// Whether it waits for the doctor.
    pub(super) mode: NoteMode,
}

/// What became of it.
pub(super) struct Outcome {
    /// The note as stored.
    pub(super) note: Note,
    /// The plan that was in force, and still is beside a draft.
    pub(super) old: Plan,
    /// The note's steps.
    pub(super) new: Vec<PlanStep>,
    /// The same without their words.
    pub(super) outline: Vec<Outline>,
    /// The words of both.
    pub(super) words: Words,
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
    gone: impl Future<Output = ()>,
) -> Result<Outcome, Problem> {
    let (read, failure) = read(app, actor.id, &arrived, gone).await?;
    let now = app.now();
    let words = Reading::of(&read).into_note(arrived.text.clone(), || app.random.id(now));
    let what = Sealable { arrived: &arrived, by: &read.by, failed: failure.is_some(), words: &words };
    let Stored { note, old, new, replaced, sealed } =
        transact!({ store(app, actor, &what, again.as_ref()).await })?;
    app.stir(note.patient_id);

    let outline = outline(&words);
    let mut words = Words::of(note.id, words);
    if let Some(id) = replaced {
        let mut tx = app.store.peek().await?;
        words.add(app, &mut tx, actor, note.patient_id, &[(id, actor.id)], sealed).await?;
    }
    Ok(Outcome { note, old, new, outline, words, failure })
}

/// What was made of a note, to be sealed.
struct Sealable<'a> {
    arrived: &'a Arrived,
    by: &'a By,
    failed: bool,
    words: &'a OpenNote,
}

/// What one transaction has stored.
pub(super) struct Stored {
    pub(super) note: Note,
    pub(super) old: Plan,
    pub(super) new: Vec<PlanStep>,
    /// The note that was replaced, or would be.
    pub(super) replaced: Option<NoteId>,
    /// That note as it lies there.
    sealed: Vec<envelope::Sealed>,
}

/// Seals a note, and puts it into force or keeps it as a draft, in one transaction.
async fn store(
    app: &App,
    actor: &Actor,
    what: &Sealable<'_>,
    again: Option<&Note>,
) -> Result<Stored, Problem> {
    let arrived = what.arrived;
    let pair = (arrived.patient, actor.id);
    let mut tx = app.store.write().await?;
    // Locked first, then asked: the patient may have left while the note was read. All is asked for at once.
    let care = care::lock(&mut tx, pair.0, pair.1).await?;
    let before = InForce::ask(&mut tx, pair, app.now()).await?;
    let people = People::ask(&mut tx, &[pair.0, pair.1]).await?;
    let head = audit::lock_head(&mut tx, pair.0).await?;
    let mut care = current(care.answer(&mut tx).await?)?;
    let before = before.answer(app, &mut tx).await?;
    let people = people.answer(&mut tx).await?;
    let head = head.answer(&mut tx).await?;
    let mut note = blank(arrived, actor.id);
    if let Some(again) = again {
        let stored = note::get(&mut tx, arrived.patient, arrived.id).await?;
        let Some(stored) = stored.filter(|note| can_be_read_again(note.state)) else {
            return Err(already_extracted());
        };
        // The doctor may have edited it while it was read: their edit stands.
        let envelope = envelope::newest(&mut tx, arrived.patient, arrived.id).await?;
        if (stored.state, stored.ticket) != (again.state, again.ticket) || arrived.envelope != envelope {
            return Err(Problem::conflict(
                "changed_meanwhile",
                "the draft was changed while the note was read; it stands as changed",
            ));
        }
        if what.failed && stored.state == NoteState::Draft {
            return Err(Problem::conflict(
                "extraction_failed",
                "it could not be read again; the draft stands as it was",
            ));
        }
        note = stored;
    }
    what.by.provider.clone_into(&mut note.provider);
    note.model.clone_from(&what.by.model);
    note.fallback = what.by.fallback;
    let steps = outline(what.words);
    let late = !takes_force(arrived.ticket, care.live_ticket);
    note.state = match (what.failed, arrived.mode) {
        (true, _) => NoteState::ExtractionFailed,
        (false, NoteMode::Review) => NoteState::Draft,
        (false, NoteMode::Activate) if late => NoteState::Superseded,
        (false, NoteMode::Activate) => NoteState::Live,
    };
    let (new, replaced) = match note.state {
        NoteState::Live => {
            let Replaced { new, note: replaced } =
                force::put(app, &mut tx, &mut note, &mut care, &steps, &before).await?;
            (new, replaced)
        }
        NoteState::Superseded => (force::keep_late(&mut tx, &mut note, &steps, &before).await?, None),
        _ => {
            let new = force::begun(&note, &steps, &before.plan.habits, before.now)?;
            (new, before.live.as_ref().map(|live| live.id))
        }
    };
    if again.is_some() {
        note::update(&mut tx, &note).await?;
    } else {
        note::insert(&mut tx, &note).await?;
    }
    add_page(app, &mut tx, (actor, &people), &note, &mut care, what.words).await?;
    care.last_note_at = care.last_note_at.max(Some(arrived.created_at));
    if what.failed {
        care.failed_ticket = care.failed_ticket.max(arrived.ticket);
    }
    care::update(&mut tx, &care).await?;
    outbox::tell_doctors(&mut tx, note.patient_id).await?;
    audit::record_after(app, &mut tx, head, written(actor, &note)).await?;
    tx.commit().await?;
    Ok(Stored { note, old: before.plan, new, replaced, sealed: before.sealed })
}

/// The care of a patient by a doctor, locked; 404 where the patient has not chosen them.
pub(super) async fn current_care(tx: &mut Tx, patient: UserId, doctor: UserId) -> Result<Care, Problem> {
    current(care::lock(tx, patient, doctor).await?.answer(tx).await?)
}

fn current(care: Option<Care>) -> Result<Care, Problem> {
    care.filter(Care::is_current).ok_or_else(Problem::not_found)
}

/// That a note was written, or written again.
pub(super) fn written(actor: &Actor, note: &Note) -> Event {
    Event::by(actor.id, note.patient_id, Action::NoteWritten).on(note.id.0)
}

/// Whether a note that stands so may be read again.
pub(super) fn can_be_read_again(state: NoteState) -> bool {
    matches!(state, NoteState::ExtractionFailed | NoteState::Draft)
}

/// Reads a note on its patient's calendar. Outside of any transaction: a model takes its time.
async fn read(
    app: &App,
    doctor: UserId,
    arrived: &Arrived,
    gone: impl Future<Output = ()>,
) -> Result<(Read, Option<String>), Problem> {
    let mut tx = app.store.peek().await?;
    let habits = Habits::load(&mut tx, arrived.patient).await?;
    let names = names(app, &mut tx, arrived.patient, doctor).await?;
    drop(tx);
    let zone = habits.zone(arrived.created_at);
    let date = zone.to_datetime(arrived.created_at.timestamp()).date();
    let jitter = arrived.id.as_bytes()[15];
    let done = match app.reader.prepare(arrived.text.clone(), names).await {
        Ok(prepared) => {
            if let Some(sent) = app.reader.disclosure(&prepared) {
                disclose(app, doctor, (arrived.patient, arrived.id), sent).await?;
            }
            let read = app.reader.read(prepared, Some(date), jitter, gone).await;
            app.metrics.read(&read);
            read
        }
        Err(failure) => Err(failure),
    };
    Ok(match done {
        Ok(read) => attended(read, arrived.mode == NoteMode::Review),
        Err(failure) => {
            tracing::warn!(note = %arrived.id, provider = failure.by.provider, reason = %failure.reason, "a note could not be read");
            (Read { extraction: Extraction::default(), by: failure.by }, Some(failure.reason))
        }
    })
}

/// The names of the two a note is about, where they are not to leave this service.
pub(super) async fn names(
    app: &App,
    tx: &mut Tx,
    patient: UserId,
    doctor: UserId,
) -> Result<Vec<String>, Problem> {
    let mut names = Vec::new();
    if app.reader.deidentifies() {
        for person in [patient, doctor] {
            names.extend(account::get(tx, person).await?.map(|person| person.name));
        }
    }
    Ok(names)
}

/// What may come into force of what was read, and why nothing may: where its doctor looks at it before,
/// everything; else only what is sure.
pub(super) fn attended(read: Read, attended: bool) -> (Read, Option<String>) {
    let Read { extraction, by } = read;
    if attended {
        return (Read { extraction, by }, None);
    }
    // Nothing found where something seems to be asked for is no "nothing to do": the plan in force is
    // not ended by it.
    let doubtful = extraction.is_doubtful().then(|| {
        "no step could be read, though the note seems to give instructions; see unused and rejected"
            .to_owned()
    });
    let extraction = if doubtful.is_some() { extraction } else { extraction.unattended() };
    (Read { extraction, by }, doubtful)
}

/// Puts on record that a note goes to a model, before it goes.
pub(super) async fn disclose(
    app: &App,
    doctor: UserId,
    (patient, note): (UserId, NoteId),
    sent: Disclosure,
) -> Result<(), Problem> {
    let masked: Option<Vec<_>> =
        sent.masked.map(|classes| classes.iter().map(|class| class.name()).collect());
    let detail = serde_json::json!({ "provider": sent.provider, "model": sent.model, "masked": masked });
    let event = Event::by(doctor, patient, Action::Disclosed).on(note.0).with(detail);
    let mut tx = app.store.write().await?;
    audit::record(app, &mut tx, event).await?;
    Ok(tx.commit().await?)
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
        activated_at: None,
        received_at: None,
        read_at: None,
    }
}

/// Seals a note's words as the next page of the doctor's chain, given the public keys of both.
pub(super) async fn add_page(
    app: &App,
    tx: &mut Tx,
    (actor, people): (&Actor, &People),
    note: &Note,
    care: &mut Care,
    words: &OpenNote,
) -> Result<(), Problem> {
    tx.send().await;
    must_hold(care, people)?;
    let keys = actor.keys_among(app, people)?;
    let page = Page {
        id: note.id,
        patient_id: note.patient_id,
        seq: care.last_seq + 1,
        prev: &care.last_transcript,
        created_at: note.created_at,
        words,
    };
    let (author, patient) = (people.of(note.doctor_id)?, people.of(note.patient_id)?);
    let readers: Vec<_> = std::iter::once(patient).chain(app.emergency()).collect();
    let (envelope, key) = notebook::write(&page, &keys, author, &readers, &mut app.random.rng())?;
    let body = add_envelope(tx, note, care, &envelope, &outline(words)).await?;
    app.opened.put(&actor.asks(app), note.id, &body, key);
    Ok(())
}

/// Stores an envelope as the next of the doctor's chain; gives it as it is stored.
pub(super) async fn add_envelope(
    tx: &mut Tx,
    note: &Note,
    care: &mut Care,
    envelope: &Envelope,
    outline: &[Outline],
) -> Result<Vec<u8>, Problem> {
    let body = serde_json::to_vec(envelope).map_err(Problem::internal)?;
    let outline = serde_json::to_string(outline).map_err(Problem::internal)?;
    envelope::add(tx, note, care.last_seq + 1, &body, &outline).await?;
    care.last_seq += 1;
    care.last_transcript = envelope.transcript().to_vec();
    Ok(body)
}
