//! What must hold after every step of the world: the store held against the world's own memory.

use super::{
    hand::Said,
    model::{Step, conserved},
    world::World,
};
use aftercare_core::{
    course::{OccurrenceStatus, Outage},
    id::NoteId,
    instant::{Instant, Span},
};
use aftercare_store::{
    check_in,
    due::{self, Wake},
    note, occurrence, open_reminder, regime, step,
};
use anyhow::{Context, bail, ensure};
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};

/// Of more people than this one in twenty is looked at each time, and all at the end.
const FEW: usize = 20;

impl World {
    /// Looks at those whom this step of time has touched, and at all that was said.
    pub async fn check(&mut self) -> anyhow::Result<()> {
        self.read_outages().await?;
        let (outages, now) = (self.outages(), self.now());
        self.check_said(&outages)?;
        let few = self.people.len() <= FEW;
        for person in self.touched.clone() {
            if !few && self.sample.random_bool(0.95) {
                continue;
            }
            self.check_person(person, &outages).await.with_context(|| format!("person {person} at {now}"))?;
        }
        Ok(())
    }

    /// Looks at everybody, and counts what is on record.
    pub async fn check_everybody(&mut self) -> anyhow::Result<()> {
        self.read_outages().await?;
        let outages = self.outages();
        let mut occurrences = 0;
        for person in 0..self.people.len() {
            occurrences += self
                .check_person(person, &outages)
                .await
                .with_context(|| format!("person {person} at the end"))?;
        }
        self.tally.occurrences = occurrences;
        Ok(())
    }

    /// Where somebody was answered by nothing, it has happened or not: the store says which, and from then on it is
    /// held to that. Whatever was acknowledged before must be there all the same.
    pub(super) async fn adopt(&mut self, person: usize) -> anyhow::Result<()> {
        if !std::mem::take(&mut self.people[person].uncertain) {
            return Ok(());
        }
        let mut tx = self.apps[0].store.read().await?;
        let id = self.people[person].id;
        let rows = step::of_patient(&mut tx, id, None, Instant::from_micros(i64::MIN))
            .await?
            .answer(&mut tx)
            .await?;
        let mut begun = Vec::new();
        for row in rows {
            let log = check_in::of_step(&mut tx, id, row.id).await?;
            let Some(known) = self.people[person].steps.iter_mut().find(|step| step.id == row.id) else {
                if let Some(timing) = row.timing.as_deref() {
                    begun.push(Step {
                        id: row.id,
                        note: row.note_id,
                        doctor: row.doctor_id,
                        timing: serde_json::from_str(timing)?,
                        policy: row.policy,
                        activated_at: row.activated_at,
                        superseded_at: row.superseded_at,
                        log,
                        decided: None,
                        thought_of: None,
                    });
                }
                continue;
            };
            ensure!(
                log.starts_with(&known.log) && log.len() <= known.log.len() + 1,
                "the log of {} lost an answer",
                row.id
            );
            known.log = log;
            ensure!(
                known.superseded_at.is_none_or(|at| Some(at) == row.superseded_at),
                "the end of {} is gone",
                row.id
            );
            known.superseded_at = row.superseded_at;
        }
        for row in regime::of(&mut tx, id).await?.into_iter().skip(1) {
            self.people[person].habits.moves(row.from, &row.time_zone);
        }
        drop(tx);
        let notes: BTreeSet<_> = begun.iter().map(|step| step.note).collect();
        ensure!(notes.len() <= 1, "two notes came into force at once");
        for step in begun {
            self.remember(person, step);
        }
        Ok(())
    }

    /// Each message was true when it was sent: so many things were open, one of them since the time it carries.
    fn check_said(&mut self, outages: &[Outage]) -> anyhow::Result<()> {
        let now = self.now();
        let mut now_said: BTreeMap<usize, BTreeMap<String, (u32, Instant)>> = BTreeMap::new();
        for Said { person, id, count, due_at } in self.channels.said() {
            let Some(count) = count else { continue };
            self.tally.said += 1;
            let who = self.people.get(person).context("a message for nobody")?;
            let mut open = Vec::new();
            for step in &who.steps {
                let replay = step.replay(&who.habits, outages, now)?;
                let due = replay.iter().flat_map(|(_, replay)| &replay.occurrences);
                open.extend(due.filter(|one| one.status == OccurrenceStatus::Due).map(|one| one.due_at));
            }
            ensure!(
                open.len() >= count as usize,
                "person {person} at {now} was told of {count} things and {} are open",
                open.len()
            );
            ensure!(
                open.contains(&due_at),
                "person {person} at {now} was told of {due_at}; open are {open:?}"
            );
            now_said.entry(person).or_default().insert(id, (count, due_at));
        }
        for (person, ids) in now_said {
            // A new one and a repeat that was late may meet; a storm may not.
            ensure!(
                ids.len() <= 2,
                "person {person} at {now} was told {} things at once: {ids:?}",
                ids.len()
            );
        }
        Ok(())
    }

    /// One person: what is recorded is the replay of what was acknowledged, nothing is lost, doses are conserved, what
    /// is open may be announced and nothing else, and whatever runs is looked at again.
    async fn check_person(&mut self, person: usize, outages: &[Outage]) -> anyhow::Result<u64> {
        self.tally.checks += 1;
        let (now, who) = (self.now(), &self.people[person]);
        let mut tx = self.apps[0].store.read().await?;
        let rows = step::of_patient(&mut tx, who.id, None, Instant::from_micros(i64::MIN))
            .await?
            .answer(&mut tx)
            .await?;
        let scheduled = rows.iter().filter(|row| row.timing.is_some()).count();
        ensure!(
            scheduled == who.steps.len(),
            "{scheduled} steps are stored, {} were acknowledged",
            who.steps.len()
        );
        let open = open_reminder::of_people(&mut tx, &[who.id]).await?.answer(&mut tx).await?;
        let wakes = due::of_person(&mut tx, who.id).await?;
        let mut live: BTreeMap<_, BTreeSet<NoteId>> = BTreeMap::new();
        let mut total = 0;
        for known in &who.steps {
            let row = rows.iter().find(|row| row.id == known.id).context("an acknowledged step is gone")?;
            ensure!(
                row.superseded_at == known.superseded_at,
                "{} was replaced at {:?}, not {:?}",
                known.id,
                row.superseded_at,
                known.superseded_at
            );
            if known.superseded_at.is_none() {
                live.entry(known.doctor).or_default().insert(known.note);
            }
            let log = check_in::of_step(&mut tx, who.id, known.id).await?;
            ensure!(log == known.log, "{}: stored answers {log:?}, acknowledged {:?}", known.id, known.log);
            let Some((course, replay)) = known.replay(&who.habits, outages, now)? else { continue };
            if let Err(broken) = conserved(&course, &replay) {
                bail!("{} ({:?}): {broken}", known.id, known.timing);
            }
            let stored = occurrence::of_step(&mut tx, who.id, known.id).await?;
            let expected: Vec<_> = replay
                .occurrences
                .iter()
                .map(|one| (one.ordinal, one.due_at, occurrence::number(one.status)))
                .collect();
            ensure!(
                stored == expected,
                "{} ({:?}): stored {stored:?}, the replay says {expected:?}",
                known.id,
                known.timing
            );
            total += stored.len() as u64;
            let due = replay.occurrences.iter().find(|one| one.status == OccurrenceStatus::Due);
            let announced = open.iter().find(|one| one.step_id == known.id);
            ensure!(
                due.map(|one| one.ordinal) == announced.map(|one| one.ordinal),
                "{}: open is {due:?}, to be announced {announced:?}",
                known.id
            );
            if let Some(one) = announced.filter(|one| one.open.snoozed_until.is_none() && !who.quiet) {
                let waits = wakes.iter().any(Wake::is_of_person);
                ensure!(one.open.said > 0 || waits, "{}: nobody was told of {due:?}, nor will be", known.id);
            }
            if let Some(at) = replay.wake_at {
                let looked = wakes.iter().filter(|wake| wake.step_id == known.id);
                ensure!(
                    looked.clone().any(|wake| wake.at <= at),
                    "{}: nobody looks at {at} ({:?})",
                    known.id,
                    looked.collect::<Vec<_>>()
                );
            }
        }
        for (doctor, notes) in live {
            ensure!(notes.len() == 1, "{} plans of {doctor} are in force", notes.len());
            let stored =
                note::live(&mut tx, who.id, doctor).await?.answer(&mut tx).await?.map(|note| note.id);
            ensure!(stored == notes.first().copied(), "in force is {stored:?}, acknowledged was {notes:?}");
        }
        let stale = open.iter().find(|one| one.open.closes_at + Span::from_hours(1) < now);
        ensure!(stale.is_none(), "open after its time: {stale:?}");
        Ok(total)
    }
}
