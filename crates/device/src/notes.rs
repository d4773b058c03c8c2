//! Choosing doctors, writing notes, reading them, answering reminders: sealed and opened here.

use crate::{Client, Service, client::field, contacts::Theirs};
use crate::{
    notebook::{OpenNote, Page, write},
    outline::outline,
    raw,
    reading::{By, RULES_VERSION, Read, Reading},
};
use aftercare_core::{
    clock::Clock,
    id::{CheckInId, NoteId, ReminderId, StepId, UserId},
    instant::Instant,
};
use aftercare_extract::extraction::by_rules;
use aftercare_seal::{
    Bytes, SealError,
    ark::verify,
    bundle::{Bundle, Selection},
    bytes,
    envelope::Envelope,
    exchange,
    grant::Grant,
    reader::{ContentKey, open_key},
};
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// A note that was written: sealed, and what the service made of it.
#[derive(Clone, Debug)]
pub struct Written {
    /// The note.
    pub id: NoteId,
    /// As sent.
    pub envelope: Envelope,
    /// The service's answer.
    pub answer: Value,
}

/// A note opened on this device.
#[derive(Clone, Debug)]
pub struct Opened {
    /// As served.
    pub envelope: Envelope,
    /// Its words.
    pub words: OpenNote,
}

impl<S: Service> Client<S> {
    /// Chooses a doctor, or leaves them: a statement that only this patient can sign.
    pub async fn state(&self, clock: &impl Clock, doctor: UserId, selected: bool) -> anyhow::Result<Value> {
        let stated = self.statement(clock, doctor, selected).await?;
        self.post("/api/select-doctor/", &json!({ "doctor_id": doctor, "statement": stated })).await
    }

    /// The next statement about a doctor, signed.
    pub async fn statement(
        &self,
        clock: &impl Clock,
        doctor: UserId,
        selected: bool,
    ) -> anyhow::Result<Value> {
        let theirs = self.keys_of(doctor).await?;
        let n = theirs.statement["n"].as_u64().unwrap_or(0) + 1;
        let time = u64::try_from(clock.now().as_secs())?;
        if selected {
            self.vouched(doctor, &theirs, time)?;
        }
        let statement = Selection {
            patient: (raw(self.id), self.bundle.kid()),
            doctor: (raw(doctor), theirs.current().kid()),
            n,
            time,
            selected,
        };
        Ok(json!({ "n": n, "time": time, "selected": selected, "sig": statement.sign(&self.keys) }))
    }

    /// Says again, with new keys, whom one has chosen and not left.
    pub async fn restate(&self, clock: &impl Clock) -> anyhow::Result<()> {
        let me = self.get("/api/me/").await?;
        if me["role"] != "patient" {
            return Ok(());
        }
        let doctors = self.get("/api/my-doctors/").await?;
        let items = doctors["items"].as_array().into_iter().flatten();
        for item in items.filter(|item| item["until"].is_null()) {
            self.state(clock, field(&item["doctor"], "id")?, true).await?;
        }
        Ok(())
    }

    /// Reads a note here, with the rules.
    pub fn read_here(&self, clock: &impl Clock, text: &str) -> OpenNote {
        let date = jiff::tz::TimeZone::UTC.to_datetime(clock.now().timestamp()).date();
        let extraction = by_rules(text, Some(date));
        let model = RULES_VERSION.to_owned();
        let by = By { provider: "rules", model, fallback: false };
        let reading = Reading::of(&Read { extraction, by });
        reading.into_note(text.to_owned(), || self.random.id(clock.now()))
    }

    /// Has a note read by the service, or by the model behind it: sealed there and back. Where nobody
    /// looks at it before it comes into force (`attended`), what is unsure gets no schedule.
    pub async fn read_there(
        &self,
        clock: &impl Clock,
        patient: UserId,
        text: &str,
        attended: bool,
    ) -> anyhow::Result<OpenNote> {
        let extractor = self.get("/api/extract/").await?;
        let bundle: Bundle = field(&extractor, "bundle")?;
        bundle.verify()?;
        let provider: String = field(&extractor, "provider")?;
        let service = self.service_key(&field::<String>(&extractor, "sig_kid")?).await?;
        let attested = exchange::attested(&self.issuer, &bundle.kid(), &provider);
        verify(&service, &attested, &field(&extractor, "sig")?)?;
        let agreed = self.contacts().provider.get_or_insert_with(|| provider.clone()).clone();
        ensure!(
            agreed == provider,
            "notes would go to {provider} now, and not to {agreed}: agree to it first"
        );
        let (sealed, reply) = exchange::ask(text.as_bytes(), raw(self.id), &bundle, &mut self.random.rng())?;
        let body = json!({
            "patient_id": patient,
            "note_id": self.random.id::<NoteId>(clock.now()),
            "to": sealed.to,
            "enc": sealed.enc,
            "ct": bytes::encode(&sealed.ct),
            "provider": provider,
            "attended": attended,
        });
        let answer = self.post("/api/extract/", &body).await?;
        let ct = bytes::decode(&field::<String>(&answer, "ct")?).context("base64url")?;
        let reading: Reading = serde_json::from_slice(&reply.open(&sealed.to, &ct)?)?;
        Ok(reading.into_note(text.to_owned(), || self.random.id(clock.now())))
    }

    /// Seals a note for a patient and sends it.
    pub async fn submit(
        &self,
        clock: &impl Clock,
        patient: UserId,
        words: &OpenNote,
        mode: &str,
    ) -> anyhow::Result<Written> {
        let id: NoteId = self.random.id(clock.now());
        let (envelope, clear_steps) = self.seal(clock, patient, id, words).await?;
        let body = json!({ "envelope": envelope, "clear_steps": clear_steps, "mode": mode });
        let answer = self.post("/api/submit-notes/", &body).await?;
        Ok(Written { id, envelope, answer })
    }

    /// Seals a draft anew.
    pub async fn edit(
        &self,
        clock: &impl Clock,
        patient: UserId,
        id: NoteId,
        words: &OpenNote,
    ) -> anyhow::Result<Written> {
        let (envelope, clear_steps) = self.seal(clock, patient, id, words).await?;
        let body = json!({ "envelope": envelope, "clear_steps": clear_steps });
        let answer = self.put(&format!("/api/notes/{id}/envelope/"), &body).await?;
        Ok(Written { id, envelope, answer })
    }

    /// Seals a note as the next of the chain for a patient, with what the service needs to know of its
    /// steps. Refuses where the patient has not signed that they have chosen this doctor.
    pub async fn seal(
        &self,
        clock: &impl Clock,
        patient: UserId,
        id: NoteId,
        words: &OpenNote,
    ) -> anyhow::Result<(Envelope, Vec<Value>)> {
        let theirs = self.keys_of(patient).await?;
        self.chosen_by(patient, &theirs).await?;
        let seq = theirs.chain["seq"].as_i64().unwrap_or(0);
        let prev: Bytes<32> = field(&theirs.chain, "transcript")?;
        let page =
            Page { id, patient_id: patient, seq: seq + 1, prev: &prev.0, created_at: clock.now(), words };
        let emergency = self.emergency().await?;
        let readers: Vec<_> = std::iter::once(theirs.current()).chain(&emergency).collect();
        let (envelope, _) = write(&page, &self.keys, &self.bundle, &readers, &mut self.random.rng())?;
        let clear_steps = outline(words).into_iter().map(|step| {
            let task = step.kind == aftercare_core::step::Kind::Checklist && step.schedule.start.is_some();
            json!({
                "id": step.id, "policy": step.policy, "continues": step.continues, "follows": step.follows,
                "timing": task.then_some(step.schedule),
            })
        });
        Ok((envelope, clear_steps.collect()))
    }

    /// Whether a patient has signed that they have chosen this doctor, under keys this device knows.
    async fn chosen_by(&self, patient: UserId, theirs: &Theirs) -> anyhow::Result<()> {
        let stated = &theirs.statement;
        ensure!(stated.is_object(), "this patient has not chosen this doctor");
        let (patient_kid, doctor_kid): (Bytes<32>, Bytes<32>) =
            (field(stated, "patient_kid")?, field(stated, "doctor_kid")?);
        let statement = Selection {
            patient: (raw(patient), patient_kid),
            doctor: (raw(self.id), doctor_kid),
            n: field(stated, "n")?,
            time: field(stated, "time")?,
            selected: true,
        };
        let own = self.keys_of(self.id).await?;
        let holds = theirs.followed.contains(&patient_kid) && own.followed.contains(&doctor_kid);
        let signer = theirs.by_kid(&patient_kid).filter(|_| holds);
        let signer = signer
            .context("the patient's statement is of keys that were reset since: ask them to choose again")?;
        statement.verify(signer, &field(stated, "sig")?).context("the patient's statement")
    }

    /// Opens the notes of an answer, each held against its author's keys. Those that are sealed for keys of before,
    /// which are lost, are left out: their doctor can open them again.
    pub async fn open(&self, answer: &Value) -> anyhow::Result<HashMap<NoteId, Opened>> {
        let mut opened = HashMap::new();
        for sealed in answer["envelopes"].as_array().into_iter().flatten() {
            let (envelope, key) = match self.unlock(sealed).await {
                Err(error) if matches!(error.downcast_ref(), Some(SealError::NotForMe)) => continue,
                unlocked => unlocked?,
            };
            let words = OpenNote::read(&envelope, key)?;
            opened.insert(NoteId(Uuid::from_bytes(envelope.note_id.0)), Opened { envelope, words });
        }
        Ok(opened)
    }

    /// Opens the reasons that stand beside the notes of an answer, by reminder.
    pub async fn reasons(&self, answer: &Value) -> anyhow::Result<HashMap<ReminderId, String>> {
        let opened = self.open(answer).await?;
        let mut reasons = HashMap::new();
        for reminder in answer["items"].as_array().into_iter().flatten() {
            let sealed = &reminder["sealed_reason"];
            if sealed.is_null() {
                continue;
            }
            let (note, id): (NoteId, CheckInId) = (field(sealed, "note_id")?, field(sealed, "id")?);
            let ct = bytes::decode(&field::<String>(sealed, "ct")?).context("base64url")?;
            let Some(Opened { words, .. }) = opened.get(&note) else { continue };
            let reason = words.reason(note, id, &ct).context("a reason that does not open")?;
            reasons.insert(field(reminder, "id")?, reason);
        }
        Ok(reasons)
    }

    async fn unlock(&self, sealed: &Value) -> anyhow::Result<(Envelope, ContentKey)> {
        let envelope: Envelope = field(sealed, "envelope")?;
        let grants: Vec<Grant> = field(sealed, "grants")?;
        let author = UserId(Uuid::from_bytes(envelope.author_id.0));
        let key = if author == self.id && envelope.author_kid == self.bundle.kid() {
            open_key(&envelope, &grants, &self.bundle, &self.keys, &self.bundle)?
        } else {
            let theirs = self.keys_of(author).await?;
            let author = theirs.by_kid(&envelope.author_kid).ok_or(SealError::Signature)?;
            open_key(&envelope, &grants, author, &self.keys, &self.bundle)?
        };
        Ok((envelope, key))
    }

    /// All of one's own notes as they are served: for a patient theirs, for a doctor what they wrote for any
    /// patient, those they treat no more too. Asks for a sign-in of the last five minutes.
    pub(crate) async fn sealed_notes(&self) -> anyhow::Result<Vec<Value>> {
        let export = self.get("/api/me/export/").await?;
        let charts = export["charts"].as_array().into_iter().flatten();
        Ok(charts.flat_map(|chart| chart["envelopes"].as_array().into_iter().flatten()).cloned().collect())
    }

    /// Opens a note, as it is served, to one more key.
    pub async fn grant(&self, sealed: &Value, to: &Bundle) -> anyhow::Result<()> {
        let envelope: Envelope = field(sealed, "envelope")?;
        let id = Uuid::from_bytes(envelope.note_id.0);
        let grant = self.grant_of(sealed, to).await?;
        self.post(&format!("/api/notes/{id}/grants/"), &grant).await?;
        Ok(())
    }

    /// The grant of a note, signed.
    pub async fn grant_of(&self, sealed: &Value, to: &Bundle) -> anyhow::Result<Value> {
        let (envelope, key) = self.unlock(sealed).await?;
        let grant = Grant::new(&envelope, &key, to, (&self.keys, &self.bundle), &mut self.random.rng())?;
        Ok(json!({ "stanza": grant.stanza, "by_kid": grant.by_kid, "sig": grant.sig }))
    }

    /// Opens all of one's own notes that were written for a patient to somebody: their new keys, or a
    /// doctor who takes over.
    pub async fn grant_all(&self, to: UserId) -> anyhow::Result<usize> {
        let bundle = self.keys_of(to).await?.current().clone();
        let notes = self.sealed_notes().await?;
        for note in &notes {
            self.grant(note, &bundle).await?;
        }
        Ok(notes.len())
    }

    /// What there is to do, in words.
    pub async fn to_do(&self) -> anyhow::Result<Vec<(StepId, String)>> {
        let answer = self.get("/api/actionable-steps/").await?;
        let opened = self.open(&answer).await?;
        let mut all = Vec::new();
        for step in
            ["checklist", "plan"].iter().flat_map(|kind| answer[*kind].as_array().into_iter().flatten())
        {
            let (id, note): (StepId, NoteId) = (field(step, "id")?, field(step, "note_id")?);
            let words = &opened.get(&note).context("a step without its note")?.words;
            let text = words.step(id).context("a step that its note does not have")?;
            // What the service schedules must be what the doctor has signed.
            let clear = serde_json::to_value(&text.schedule)?;
            if step["kind"] == "plan" && !step["timing"].is_null() && step["timing"] != clear {
                bail!("the service schedules this step otherwise than its doctor has signed");
            }
            all.push((id, text.title.clone()));
        }
        Ok(all)
    }

    /// Leaves a reminder out, with a reason that only patient and doctor can read: now, or as was said before.
    pub async fn skip(
        &self,
        clock: &impl Clock,
        reminder: &Value,
        at: Option<Instant>,
        reason: &str,
    ) -> anyhow::Result<Value> {
        let step: StepId = field(reminder, "step_id")?;
        let answer = self.get("/api/actionable-steps/").await?;
        let mut steps =
            ["checklist", "plan"].iter().flat_map(|kind| answer[*kind].as_array().into_iter().flatten());
        let note: NoteId =
            field(steps.find(|item| item["id"] == json!(step)).context("no such step")?, "note_id")?;
        let opened = self.open(&answer).await?;
        let key = opened.get(&note).and_then(|note| note.words.key()).context("the step's note")?;
        let id: CheckInId = self.random.id(clock.now());
        let (note_id, check_in) = (Bytes(*note.as_bytes()), Bytes(*id.as_bytes()));
        let ct = key.seal_beside(note_id, check_in, reason.as_bytes(), &mut self.random.rng());
        let sealed = json!({ "note_id": note, "id": id, "ct": bytes::encode(&ct) });
        let body =
            json!({ "reminder_id": reminder["id"], "status": "skipped", "at": at, "sealed_reason": sealed });
        self.post("/api/check-in/", &body).await
    }
}
