//! The words of notes for somebody who may read them: opened where the server holds their keys for this
//! session, else sealed as they are, for the keys on their device.

use super::{actor::Actor, problem::Problem};
use crate::{
    app::App,
    keyring::People,
    notebook::{OpenNote, StepText, words_alone},
};
use aftercare_core::id::{NoteId, StepId, UserId};
use aftercare_seal::{
    SealError,
    ark::Keys,
    envelope::Envelope,
    grant::Grant,
    reader::{ContentKey, open_key},
};
use aftercare_store::{Tx, envelope};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// The words of several notes: all of them, or of each what its list shows.
#[derive(Debug, Default)]
pub(super) struct Words<T = OpenNote> {
    open: HashMap<NoteId, T>,
    sealed: Vec<Sealed>,
}

/// A sealed note, as it is served.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sealed {
    /// Envelope v1, exactly as signed.
    #[schema(value_type = Object)]
    envelope: Box<RawValue>,
    /// What the reader was granted of it since.
    #[schema(value_type = Vec<Object>)]
    grants: Vec<Box<RawValue>>,
}

/// A sealed note as it lies there: the envelope, and what one reader was granted of it.
#[derive(Clone, Debug)]
pub(super) struct SealedNote {
    /// The envelope, exactly as signed.
    pub(super) body: Vec<u8>,
    /// Grants to the reader, exactly as signed.
    pub(super) grants: Vec<Vec<u8>>,
}

impl SealedNote {
    /// The content key, for one of its readers.
    pub(super) fn unlock(&self, reader: &Keys, people: &People) -> Result<(Envelope, ContentKey), SealError> {
        let malformed = |_| SealError::Malformed("envelope");
        let envelope: Envelope = serde_json::from_slice(&self.body).map_err(malformed)?;
        let grants: Vec<Grant> = self
            .grants
            .iter()
            .map(|grant| serde_json::from_slice(grant).map_err(malformed))
            .collect::<Result<_, _>>()?;
        let own = people.of(UserId(Uuid::from_bytes(reader.user_id().0)))?;
        let key = open_key(&envelope, &grants, people.author(&envelope)?, reader, own)?;
        Ok((envelope, key))
    }

    /// Opens it with its content key.
    fn read(&self, key: &ContentKey) -> Result<OpenNote, SealError> {
        let envelope = serde_json::from_slice(&self.body).map_err(|_| SealError::Malformed("envelope"))?;
        OpenNote::read(&envelope, key.clone())
    }

    /// Opens its doctor's words alone.
    fn text(&self, key: &ContentKey) -> Result<String, SealError> {
        words_alone(&self.body, key)
    }
}

impl TryFrom<SealedNote> for Sealed {
    type Error = Problem;
    fn try_from(note: SealedNote) -> Result<Self, Problem> {
        let raw = |bytes| -> Result<Box<RawValue>, Problem> {
            RawValue::from_string(String::from_utf8(bytes).map_err(Problem::internal)?)
                .map_err(Problem::internal)
        };
        let grants = note.grants.into_iter().map(raw).collect::<Result<_, _>>()?;
        Ok(Self { envelope: raw(note.body)?, grants })
    }
}

impl Words {
    /// Of a note whose words are at hand.
    pub(super) fn of(id: NoteId, words: OpenNote) -> Self {
        Self { open: HashMap::from([(id, words)]), sealed: Vec::new() }
    }

    /// Those of a patient's notes, given with their authors.
    pub(super) async fn load(
        app: &App,
        tx: &mut Tx,
        actor: &Actor,
        patient: UserId,
        notes: &[(NoteId, UserId)],
    ) -> Result<Self, Problem> {
        Self::load_beside(app, tx, actor, patient, notes, Vec::new()).await
    }

    /// The same where some lie here already.
    pub(super) async fn load_beside(
        app: &App,
        tx: &mut Tx,
        actor: &Actor,
        patient: UserId,
        notes: &[(NoteId, UserId)],
        here: Vec<envelope::Sealed>,
    ) -> Result<Self, Problem> {
        let mut words = Self::default();
        words.add(app, tx, actor, patient, notes, here).await?;
        Ok(words)
    }

    /// The same, beside what is open already.
    pub(super) async fn add(
        &mut self,
        app: &App,
        tx: &mut Tx,
        actor: &Actor,
        patient: UserId,
        notes: &[(NoteId, UserId)],
        here: Vec<envelope::Sealed>,
    ) -> Result<(), Problem> {
        let mut wanted: Vec<(NoteId, UserId)> = Vec::new();
        for &(id, author) in notes {
            if !self.open.contains_key(&id) && !wanted.iter().any(|(other, _)| *other == id) {
                wanted.push((id, author));
            }
        }
        let found = sealed_notes(tx, actor, patient, &wanted, here).await?;
        let opened = open(app, tx, actor, found, SealedNote::read).await?;
        self.open.extend(opened.open);
        self.sealed.extend(opened.sealed);
        Ok(())
    }

    /// The words of a step of a note that is open.
    pub(super) fn step(&self, note: NoteId, step: StepId) -> Option<&StepText> {
        self.note(note)?.step(step)
    }
}

impl Words<String> {
    /// Of each note its doctor's words alone.
    pub(super) async fn texts(
        app: &App,
        tx: &mut Tx,
        actor: &Actor,
        patient: UserId,
        notes: &[(NoteId, UserId)],
    ) -> Result<Self, Problem> {
        let found = sealed_notes(tx, actor, patient, notes, Vec::new()).await?;
        open(app, tx, actor, found, SealedNote::text).await
    }
}

impl<T> Words<T> {
    /// A note that is open.
    pub(super) fn note(&self, id: NoteId) -> Option<&T> {
        self.open.get(&id)
    }

    /// The notes that are sealed, to be opened by their reader.
    pub(super) fn into_sealed(self) -> Vec<Sealed> {
        self.sealed
    }
}

/// Opens what a session may open whose keys are held here; `read` takes the words out of a note with its content key.
async fn open<T>(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    mut found: Vec<(NoteId, UserId, SealedNote)>,
    read: fn(&SealedNote, &ContentKey) -> Result<T, SealError>,
) -> Result<Words<T>, Problem> {
    let mut words = Words { open: HashMap::new(), sealed: Vec::new() };
    if actor.is_sealed() {
        words.sealed = found.into_iter().map(|(_, _, note)| note.try_into()).collect::<Result<_, _>>()?;
        return Ok(words);
    }
    let asks = actor.asks(app);
    found.retain(|(id, _, note)| match app.opened.get(&asks, *id, &note.body).map(|key| read(note, &key)) {
        Some(Ok(open)) => {
            words.open.insert(*id, open);
            false
        }
        _ => true,
    });
    if found.is_empty() {
        return Ok(words);
    }
    let authors = found.iter().map(|(_, author, _)| *author);
    let people = People::load(tx, &authors.chain([actor.id]).collect::<Vec<_>>()).await?;
    let keys = actor.keys(app, tx).await?;
    for (id, _, note) in found {
        let opened = note.unlock(&keys, &people);
        match opened.and_then(|(_, key)| Ok((read(&note, &key)?, key))) {
            Ok((open, key)) => {
                app.opened.put(&asks, id, &note.body, key);
                words.open.insert(id, open);
            }
            // One note that does not open must not hide the others: it is given as it is.
            Err(error) => {
                tracing::error!(note = %id, %error, "a note does not open for its reader");
                words.sealed.push(note.try_into()?);
            }
        }
    }
    Ok(words)
}

/// A note as it lies there, with what one reader was granted of it.
pub(super) async fn sealed_note(
    tx: &mut Tx,
    actor: &Actor,
    patient: UserId,
    id: NoteId,
) -> Result<SealedNote, Problem> {
    let found = sealed_notes(tx, actor, patient, &[(id, actor.id)], Vec::new()).await?.pop();
    found.map(|(.., note)| note).ok_or_else(|| Problem::internal(format!("note {id} without its envelope")))
}

/// Several, in their order; those that do not lie here in one statement however many they are; each beside its id and
/// author.
async fn sealed_notes(
    tx: &mut Tx,
    actor: &Actor,
    patient: UserId,
    notes: &[(NoteId, UserId)],
    here: Vec<envelope::Sealed>,
) -> Result<Vec<(NoteId, UserId, SealedNote)>, Problem> {
    let mut found: HashMap<_, _> = here.into_iter().map(|note| (note.id, note)).collect();
    let missing = notes.iter().map(|(id, _)| *id).filter(|id| !found.contains_key(id));
    let missing = envelope::some(tx, patient, &missing.collect::<Vec<_>>(), actor.id).await?;
    found.extend(missing.into_iter().map(|note| (note.id, note)));
    let sealed = notes.iter().map(|(id, author)| {
        let envelope::Sealed { body, grants, .. } =
            found.remove(id).ok_or_else(|| Problem::internal(format!("note {id} without its envelope")))?;
        Ok((*id, *author, SealedNote { body, grants }))
    });
    sealed.collect()
}
