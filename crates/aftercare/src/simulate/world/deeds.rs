//! What people in the virtual world do, and what is to come of it.

use super::{
    Action, Answer, AnswerStatus, Arc, Faults, Instant, Method, OccurrenceStatus, Plan, Refusal, Refused,
    ReminderId, Service, Span, Step, Tap, Transport, UserId, World, Written,
};
use super::{HOW, ZONES};
use anyhow::{Context, bail, ensure};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_json::json;

impl World {
    /// Runs something under a fault, now and then: `None` where nobody has answered.
    async fn perhaps<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<Option<Result<T, Refused>>> {
        let dies = self.settings.faults.crashes && self.rng.random_bool(0.02);
        let faults = Faults::after(if dies { self.rng.random_range(0..40) } else { i64::MAX / 2 });
        let done = faults.over(Box::pin(work)).await;
        self.tally.deaths += u64::from(faults.struck());
        match done {
            Ok(done) => Ok(Some(Ok(done))),
            Err(error) => match error.downcast::<Refused>() {
                Ok(refused) if refused.status < 500 => Ok(Some(Err(refused))),
                Ok(_) if faults.struck() => Ok(None),
                Ok(refused) => bail!("a server's error without a fault: {refused}"),
                Err(error) => Err(error),
            },
        }
    }

    pub(super) async fn carry_out(&mut self, person: usize, plan: Plan, at: Instant) -> anyhow::Result<()> {
        match plan {
            Plan::Consider { step } => self.consider(person, step),
            Plan::Tap { step, ordinal, action } => self.tap(person, step, ordinal, action).await,
            Plan::Correct { step, ordinal } => self.correct(person, step, ordinal).await,
            Plan::Note { doctor } => self.write(person, doctor, at).await,
            Plan::Travel => self.travel(person).await,
        }
    }

    /// Somebody thinks of a step: what is open is answered at some time or never, what was missed may be corrected,
    /// and it is thought of again when anything changes.
    fn consider(&mut self, person: usize, step: usize) -> anyhow::Result<()> {
        let (now, outages) = (self.now(), self.outages());
        let who = &mut self.people[person];
        if who.steps[step].thought_of.is_some_and(|at| at > now) {
            return Ok(());
        }
        let Some((_, replay)) = who.steps[step].replay(&who.habits, &outages, now)? else { return Ok(()) };
        let mut plans = Vec::new();
        let open = replay.occurrences.iter().find(|one| one.status == OccurrenceStatus::Due);
        if let Some(open) =
            open.filter(|open| who.steps[step].decided.is_none_or(|decided| decided < open.ordinal))
        {
            let ordinal = open.ordinal;
            who.steps[step].decided = Some(ordinal);
            let within = (open.closes_at - open.due_at).as_micros();
            // Within so many hundredths of the time it is open.
            let when = |rng: &mut StdRng, hundredths: i64| {
                let part = within / 100 * rng.random_range(0..hundredths);
                (open.due_at + Span::from_micros(part)).max(now)
            };
            match who.rng.random_range(0..100) {
                0..58 => plans.push((when(&mut who.rng, 30), Plan::Tap { step, ordinal, action: 0 })),
                // Twice, from two devices.
                58..62 => {
                    let at = when(&mut who.rng, 30);
                    plans.extend([
                        (at, Plan::Tap { step, ordinal, action: 0 }),
                        (at, Plan::Tap { step, ordinal, action: 0 }),
                    ]);
                }
                62..68 => plans.push((when(&mut who.rng, 90), Plan::Tap { step, ordinal, action: 2 })),
                68..72 => plans.push((when(&mut who.rng, 20), Plan::Tap { step, ordinal, action: 1 })),
                // In the very moment it closes.
                72..76 => plans.push((open.closes_at, Plan::Tap { step, ordinal, action: 0 })),
                _ => {}
            }
        }
        if let Some(missed) = replay.occurrences.iter().rfind(|one| one.status == OccurrenceStatus::Missed)
            && who.rng.random_bool(0.1)
        {
            let later = Span::from_hours(who.rng.random_range(0..200));
            plans.push((now + later, Plan::Correct { step, ordinal: missed.ordinal }));
        }
        let again = replay.wake_at.map(|at| at.max(now + Span::from_secs(1)));
        who.steps[step].thought_of = again;
        plans.extend(again.map(|at| (at, Plan::Consider { step })));
        for (at, plan) in plans {
            self.plan(at, person, plan);
        }
        Ok(())
    }

    /// What the world expects of an answer, by its own memory.
    fn expected(
        &self,
        person: usize,
        step: usize,
        answer: Answer,
    ) -> anyhow::Result<Result<Instant, Refusal>> {
        let who = &self.people[person];
        let course = who.steps[step].course(&who.habits)?.context("a step without a course")?;
        Ok(course.check_in(&who.steps[step].log, answer).map(|window| window.closes_at))
    }

    /// An answer by the token of a message.
    async fn tap(&mut self, person: usize, step: usize, ordinal: u32, action: u8) -> anyhow::Result<()> {
        let (now, who) = (self.now(), &self.people[person]);
        let status = if action == 2 { AnswerStatus::Skipped } else { AnswerStatus::Done };
        let answer = Answer { ordinal, status, at: now, recorded_at: now, cause: None };
        let expected = self.expected(person, step, answer)?;
        let course = who.steps[step].course(&who.habits)?.context("a step without a course")?;
        let known = course.replay(&who.steps[step].log, &self.outages(), now);
        let closes = known.occurrences.iter().find(|one| one.ordinal == ordinal).map(|one| one.closes_at);
        let Some(until) = closes else { return Ok(()) };
        let tap = Tap { user: who.id, step: who.steps[step].id, ordinal, until };
        let of = [Action::Done, Action::Later, Action::Skip][usize::from(action.min(2))];
        let body = json!({ "tap": tap.token(&self.apps[0], of) });
        let to = Transport::here(self.service.clone());
        let sent = async move { to.send(None, Method::POST, "/api/tap/", Some(&body)).await };
        let answered = self.perhaps(sent).await?;
        self.heard(person, answered.as_ref());
        let who = &mut self.people[person];
        match answered {
            None => {}
            Some(Ok(taken)) => {
                ensure!(now < until, "an answer was taken after {until}");
                if action != 1 {
                    ensure!(
                        expected.is_ok(),
                        "an answer was taken that should not be: {expected:?}, {taken}"
                    );
                    who.steps[step].log.push(answer);
                }
                who.steps[step].thought_of = None;
                let next = if action == 1 { now + Span::from_minutes(20) } else { now + Span::from_secs(1) };
                let plan = if action == 1 {
                    Plan::Tap { step, ordinal, action: 0 }
                } else {
                    Plan::Consider { step }
                };
                self.plan(next, person, plan);
            }
            Some(Err(refused)) => {
                let good = expected.is_ok()
                    && now < until
                    && !["used", "not_open", "invalid"].contains(&refused.code.as_str());
                ensure!(!good, "an answer was refused that should be taken: {refused}");
            }
        }
        Ok(())
    }

    /// Counts what came of an answer; where nobody has heard, it may have happened.
    fn heard<T, E>(&mut self, person: usize, answered: Option<&Result<T, E>>) {
        let place = match answered {
            Some(Ok(_)) => 0,
            Some(Err(_)) => 1,
            None => 2,
        };
        self.tally.answers[place] += 1;
        self.people[person].uncertain |= place == 2;
    }

    /// A missed one is corrected in the app, with the time it was due.
    async fn correct(&mut self, person: usize, step: usize, ordinal: u32) -> anyhow::Result<()> {
        let (now, outages, who) = (self.now(), self.outages(), &self.people[person]);
        let Some((_, replay)) = who.steps[step].replay(&who.habits, &outages, now)? else { return Ok(()) };
        let Some(missed) = replay.occurrences.iter().find(|one| one.ordinal == ordinal) else {
            return Ok(());
        };
        let answer = Answer {
            ordinal,
            status: AnswerStatus::Done,
            at: missed.due_at.min(now),
            recorded_at: now,
            cause: None,
        };
        let expected = self.expected(person, step, answer)?;
        let log = &who.steps[step].log;
        let same = log
            .iter()
            .rfind(|one| one.ordinal == ordinal)
            .is_some_and(|last| (last.status, last.at) == (answer.status, answer.at));
        let id = ReminderId::of(who.steps[step].id, ordinal);
        let body = json!({ "reminder_id": id, "status": "done", "at": answer.at });
        let (to, token) = (Transport::here(self.service.clone()), who.client.token().to_owned());
        let sent = async move { to.send(Some(&token), Method::POST, "/api/check-in/", Some(&body)).await };
        let answered = self.perhaps(sent).await?;
        self.heard(person, answered.as_ref());
        let who = &mut self.people[person];
        match answered {
            None => {}
            Some(Ok(_)) => {
                ensure!(expected.is_ok(), "a correction was taken that should not be: {expected:?}");
                if !same {
                    who.steps[step].log.push(answer);
                }
                who.steps[step].thought_of = None;
                self.plan(now + Span::from_secs(1), person, Plan::Consider { step });
            }
            Some(Err(refused)) => {
                ensure!(expected.is_err(), "a correction was refused that should be taken: {refused}");
            }
        }
        Ok(())
    }

    /// A doctor writes: a plan of one to three things in the place of what was, or nothing.
    async fn write(&mut self, person: usize, doctor: usize, at: Instant) -> anyhow::Result<()> {
        let now = self.now();
        let rng = &mut self.people[person].rng;
        let things = if rng.random_bool(0.05) { 0 } else { rng.random_range(1..4) };
        let mut note = String::new();
        for thing in 0..things {
            let how = HOW.choose(rng).unwrap_or(&"daily");
            note += &format!("Take Drug {} {how}. ", ["A", "B", "C"][thing]);
        }
        if note.is_empty() {
            "All is well. No further treatment needed.".clone_into(&mut note);
        }
        let again = Span::from_hours(rng.random_range(24..24 * 21));
        self.plan(at + again, person, Plan::Note { doctor });
        let (author, patient) = (self.doctors.swap_remove(doctor), self.people[person].id);
        let clock = Arc::clone(&self.apps[0].clock);
        let sent = async {
            let words = author.read_here(&*clock, &note);
            author.submit(&*clock, patient, &words, "activate").await
        };
        let answered = self.perhaps(sent).await;
        // Back to their place.
        self.doctors.push(author);
        let last = self.doctors.len() - 1;
        self.doctors.swap(doctor, last);
        let by = self.doctors[doctor].id();
        match answered? {
            None => self.people[person].uncertain = true,
            Some(Err(refused)) => bail!("a note was refused: {refused}"),
            Some(Ok(written)) => self.in_force(person, by, &written, now)?,
        }
        Ok(())
    }

    /// Remembers that a note is in force.
    fn in_force(&mut self, person: usize, by: UserId, written: &Written, now: Instant) -> anyhow::Result<()> {
        self.tally.notes += 1;
        for step in &mut self.people[person].steps {
            if step.doctor == by && step.superseded_at.is_none() {
                step.superseded_at = Some(now);
            }
        }
        for view in written.answer["plan"].as_array().into_iter().flatten() {
            let step = Step::of(view, written.id, by, now)?;
            self.remember(person, step);
        }
        Ok(())
    }

    /// A step that is in force from now on.
    pub(in crate::simulate) fn remember(&mut self, person: usize, step: Step) {
        let steps = &mut self.people[person].steps;
        steps.push(step);
        let step = steps.len() - 1;
        self.plan(self.now() + Span::from_secs(1), person, Plan::Consider { step });
    }

    /// A journey, and perhaps back.
    async fn travel(&mut self, person: usize) -> anyhow::Result<()> {
        let now = self.now();
        let zone = *ZONES.choose(&mut self.people[person].rng).unwrap_or(&"UTC");
        let (to, token) =
            (Transport::here(self.service.clone()), self.people[person].client.token().to_owned());
        let body = json!({ "time_zone": zone });
        let sent = async move { to.send(Some(&token), Method::PATCH, "/api/me/", Some(&body)).await };
        match self.perhaps(sent).await? {
            None => self.people[person].uncertain = true,
            Some(Err(refused)) => bail!("a journey was refused: {refused}"),
            Some(Ok(_)) => self.people[person].habits.moves(now, zone),
        }
        for step in 0..self.people[person].steps.len() {
            self.people[person].steps[step].thought_of = None;
            self.plan(now + Span::from_secs(1), person, Plan::Consider { step });
        }
        let days = self.people[person].rng.random_range(2..20);
        self.plan(now + Span::from_days(days), person, Plan::Travel);
        Ok(())
    }
}
