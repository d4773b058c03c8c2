//! The engine: looks at each running step when its time has come, records what happened, and
//! says when to look again.
//!
//! A course is computed, so the engine decides nothing: whatever is lost, late or done twice, the
//! next look sets it right. One transaction takes a batch out of the due table and puts each
//! step's next instant back; a worker that dies leaves its batch where it was.

use crate::{
    agenda::Agenda,
    announce,
    app::App,
    delivery::sender,
    extractor,
    limits::LOCKED_FOR,
    plan::{Habits, PlanStep},
    random::id_from,
    record::{Changes, Look, Rows},
    traces::span,
};
use aftercare_core::{
    course::{Answer, Outage, Settled},
    id::{Bucket, StepId, UserId},
    instant::{Instant, Span},
};
use aftercare_store::{
    Asked, StoreError, Tx, check_in,
    delivery::{self, Delivery},
    device_link,
    due::{self, Wake},
    event, fold, idempotency, key_reset, login_attempt,
    look::{self, Found},
    occurrence, open_reminder, operator_pass, outbox, person_lock,
    regime::{self, RegimeRow},
    service::{self, Outages},
    session,
    step::StepRow,
    tap, throttle,
};
use rand::RngExt as _;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};
use tracing::Instrument as _;

/// About so many steps in one transaction.
const BATCH: usize = 400;
/// For so many wakes all that may be needed is asked for at once, and nobody waits twice; for more, what is needed.
const FEW: usize = 16;
/// The letters of so many buckets in one transaction.
const LETTERS: usize = 16;
/// At least so often a worker says that it is alive.
pub const HEARTBEAT: Span = Span::from_secs(30);
/// So often what has had its time is removed.
const TIDY: Span = Span::from_minutes(10);
/// What became of messages is kept for so long, ...
const MESSAGES: Span = Span::from_days(30);
/// ... and what happened, for those who listen.
const EVENTS: Span = Span::from_hours(24);
/// Requests with a key are remembered for so long.
const IDEMPOTENCY: Span = Span::from_hours(24);

/// Works off everything that is due now; how many steps were looked at.
pub async fn round(app: &App) -> Result<u64, StoreError> {
    turn(app, &mut Agenda::of(due::QUEUE)).await
}

/// Works off what an agenda says is due, then, where that is old, everything.
async fn turn(app: &App, agenda: &mut Agenda) -> Result<u64, StoreError> {
    let _alone = app.round.lock().await;
    let now = app.now();
    beat(app, now).await?;
    agenda.hear(app, &app.hint).await?;
    let mut total = work_off(app, agenda, now).await?;
    if agenda.is_old(now) {
        agenda.ask(app).await?;
        total += work_off(app, agenda, now).await?;
    }
    tell_doctors(app).await?;
    Ok(total)
}

/// Brings the doctors' side up to what has happened on the patients'.
async fn tell_doctors(app: &App) -> Result<(), StoreError> {
    loop {
        let buckets = outbox::buckets(&mut app.store.peek().await?).await?;
        let mut told = 0;
        for some in buckets.chunks(LETTERS) {
            // Letters that are there again are worked off again.
            let mut tx = app.store.write_unsynced().await?;
            let now = app.now();
            told += outbox::work_off(&mut tx, some, now, || app.random.id(now)).await?;
            tx.commit().await?;
        }
        if told == 0 {
            return Ok(());
        }
    }
}

async fn work_off(app: &App, agenda: &mut Agenda, now: Instant) -> Result<u64, StoreError> {
    // So many buckets at once: as many as make a batch.
    let (mut total, mut stride) = (0, 16);
    loop {
        let mut buckets = agenda.due(now);
        if buckets.is_empty() {
            return Ok(total);
        }
        // Workers who begin together begin at different places.
        let first = app.random.rng().random_range(0..=buckets.len());
        buckets.rotate_left(first);
        let mut left = buckets.as_slice();
        let mut claimed = 0;
        while !left.is_empty() {
            let (turn, rest) = left.split_at(stride.min(left.len()));
            let done = batch(app, turn, now).instrument(span!("batch")).await?;
            if done > 2 * BATCH {
                stride = (stride / 2).max(1);
            } else if (1..BATCH / 2).contains(&done) {
                stride = (2 * stride).min(Bucket::COUNT.unsigned_abs().into());
            }
            claimed += done as u64;
            left = rest;
        }
        total += claimed;
        agenda.ask_of(app, &buckets).await?;
        // What another worker holds is left to it.
        if claimed == 0 {
            return Ok(total);
        }
        // A long catch-up is work, not silence.
        beat(app, app.now()).await?;
    }
}

/// One transaction: all that is due in some buckets. Steps first, then the people for whom something is new, or whose
/// own time has come; in a few statements however many they are.
async fn batch(app: &App, buckets: &[i16], now: Instant) -> Result<usize, StoreError> {
    let mut tx = app.store.write().await?;
    let wakes = due::claim(&mut tx, buckets, now).await?;
    let told = look(app, &mut tx, &wakes).await?;
    tx.commit().await?;
    if wakes.len() <= FEW && app.made.put(&told) {
        app.messages.wake();
    } else {
        app.messages.give_due(told.iter().map(|one| one.user_id));
    }
    app.metrics.woken(wakes.len());
    Ok(wakes.len())
}

/// Looks at them; gives what is said.
async fn look(app: &App, tx: &mut Tx, wakes: &[Wake]) -> Result<Vec<Delivery>, StoreError> {
    let everybody: BTreeSet<UserId> = wakes.iter().map(|wake| wake.patient_id).collect();
    let everybody: Vec<UserId> = everybody.into_iter().collect();
    let of_steps = wakes.iter().filter(|wake| !wake.is_of_person());
    // Since when rows may be missing: of several wakes of a step, the earliest says.
    let mut since: BTreeMap<(UserId, StepId), Instant> = BTreeMap::new();
    for wake in of_steps {
        let since = since.entry((wake.patient_id, wake.step_id)).or_insert(wake.since);
        *since = wake.since.min(*since);
    }
    let steps: Vec<_> = since.keys().copied().collect();
    // A person's lock is that of their steps: answers to one person's reminders follow one another.
    let people = person_lock::lock_many(tx, &everybody).await?;
    let found = look::at(tx, &steps).await?;
    let regimes = regime::of_people(tx, &everybody).await?;
    let open = open_reminder::of_people(tx, &everybody).await?;
    let outages = service::outages(tx).await?;
    let (mut answers, mut ways) = (None, None);
    if wakes.len() <= FEW {
        let whole: Vec<_> = steps.iter().map(|(patient, step)| (*patient, *step, 0)).collect();
        answers = Some(check_in::of_steps(tx, &whole).await?);
        ways = Some(announce::Ways::ask(tx, &everybody, &everybody).await?);
    }
    let (people, found) = (people.answer(tx).await?, found.answer(tx).await?);
    let now = app.now();
    let mut habits: HashMap<UserId, Vec<RegimeRow>> = HashMap::new();
    for (person, row) in regimes.answer(tx).await? {
        habits.entry(person).or_default().push(row);
    }
    let read = |(person, rows)| Habits::of(person, rows).map(|habits| (person, habits));
    let habits: HashMap<UserId, Habits> = habits.into_iter().filter_map(|one| read(one).ok()).collect();
    let open = open.answer(tx).await?;
    let mut open: BTreeMap<_, _> = open.into_iter().map(|one| ((one.patient_id, one.step_id), one)).collect();
    let under = Under { since: &since, habits: &habits, outages: outages.answer(tx).await?, now };
    let steps = replay(app, tx, found, under, answers).await?;
    let looks = steps.iter().map(|(step, since)| {
        let was_open = open.get(&(step.row.patient_id, step.row.id)).copied();
        Look { step, rows: Rows::Until(*since), was_open, corrected: None }
    });
    let mut changes = Changes::of(&looks.collect::<Vec<_>>(), now);
    for step in &changes.closed {
        open.remove(step);
    }
    open.extend(changes.opened.iter().map(|(step, one)| (*step, *one)));
    let mut told = std::mem::take(&mut changes.told);
    told.extend(wakes.iter().filter(|wake| wake.is_of_person()).map(|wake| wake.patient_id));
    let mut of_told: HashMap<UserId, Vec<_>> = HashMap::new();
    for one in open.into_values().filter(|one| told.contains(&one.patient_id)) {
        of_told.entry(one.patient_id).or_default().push(one);
    }
    let people: Vec<_> = people.into_iter().filter(|(id, _)| told.contains(id)).collect();
    let said = announce::Round { people: &people, habits: &habits, now }.tell(app, tx, of_told, ways).await?;
    changes.wakes.extend(said.wakes);
    changes.opened.extend(said.open.into_iter().map(|one| ((one.patient_id, one.step_id), one)));
    changes.write(tx, now).await?;
    Ok(said.deliveries)
}

/// What steps are replayed under.
struct Under<'a> {
    /// Since when rows of each may be missing.
    since: &'a BTreeMap<(UserId, StepId), Instant>,
    habits: &'a HashMap<UserId, Habits>,
    outages: Outages,
    now: Instant,
}

/// Replays steps, each with since when its rows may be missing; asks for their answers where nobody has asked. One that
/// cannot be read is set aside and told of: it must not stop the others.
async fn replay(
    app: &App,
    tx: &mut Tx,
    found: Vec<Found>,
    under: Under<'_>,
    answers: Option<Asked<Vec<(StepId, Answer)>>>,
) -> Result<Vec<(PlanStep, Instant)>, StoreError> {
    let Under { since, habits, outages, now } = under;
    let mut settled: HashMap<StepId, Settled> = HashMap::new();
    for found in &found {
        // What cannot be read is not needed: it is replayed whole.
        let read: Option<Settled> = found.settled.as_deref().and_then(|json| serde_json::from_str(json).ok());
        // Nor what a clock that was set back has not reached yet.
        let read = read.filter(|read| read.until().is_none_or(|until| until < now));
        settled.extend(read.map(|read| (found.id, read)));
    }
    let from = |id| settled.get(&id).map_or(0, Settled::first_open);
    let answers = if let Some(answers) = answers {
        answers
    } else {
        let ids: Vec<_> = found.iter().map(|one| (one.patient_id, one.id, from(one.id))).collect();
        check_in::of_steps(tx, &ids).await?
    };
    let until = |row: &StepRow| settled.get(&row.id).and_then(Settled::until).unwrap_or(row.activated_at);
    let began = found.iter().filter_map(|found| found.row.as_ref().ok()).map(until).min();
    let outages = outages.since(began.unwrap_or(now), now);
    let mut logs: HashMap<StepId, Vec<Answer>> = HashMap::new();
    for (step, answer) in answers.answer(tx).await? {
        if answer.ordinal >= from(step) {
            logs.entry(step).or_default().push(answer);
        }
    }
    let mut steps = Vec::new();
    for Found { id, patient_id, row, .. } in found {
        let since = since.get(&(patient_id, id)).copied().unwrap_or(now);
        let log = logs.remove(&id).unwrap_or_default();
        let read = row.and_then(|row| {
            let habits = habits.get(&patient_id);
            let habits = habits.ok_or_else(|| StoreError::Broken(format!("times of day of {patient_id}")))?;
            let settled = settled.remove(&id).unwrap_or_default();
            PlanStep::go_on(row, habits, settled, &log, &outages, now)
        });
        match read {
            Ok(step) => steps.push((step, since)),
            Err(cause) => {
                tracing::error!(step = %id, %cause, "a step cannot be read; it is looked at again in an hour");
                due::insert(tx, Wake::put_off(patient_id, id, since, app.now())).await?;
            }
        }
    }
    let more = steps.iter().filter_map(|(step, _)| {
        let (course, replay) = step.course.as_ref()?;
        let settled = course.settle(replay, now)?;
        Some(look::Settled {
            patient_id: step.row.patient_id,
            step_id: step.row.id,
            count: settled.first_open(),
            json: serde_json::to_string(&settled).ok()?,
        })
    });
    look::settle(tx, &more.collect::<Vec<_>>()).await?;
    Ok(steps)
}

/// Says that a worker is alive; a silence before it is recorded as an outage.
pub async fn beat(app: &App, now: Instant) -> Result<(), StoreError> {
    let mut beaten = app.beaten.lock().await;
    if beaten.is_some_and(|beaten| beaten <= now && now - beaten < HEARTBEAT) {
        return Ok(());
    }
    let last = service::heartbeat(&mut app.store.peek().await?).await?;
    if last.is_some_and(|last| now - last < HEARTBEAT) {
        *beaten = last;
        return Ok(());
    }
    let mut tx = app.store.write().await?;
    if let Some(from) = last.filter(|last| now - *last > Outage::SILENCE) {
        service::add_outage(&mut tx, Outage { from, to: now }).await?;
        tracing::warn!(%from, to = %now, "no worker was alive; what fell due and closed in this time counts as not delivered");
    }
    service::beat(&mut tx, now).await?;
    tx.commit().await?;
    *beaten = Some(now);
    Ok(())
}

/// Removes what has had its time.
pub async fn tidy(app: &App) -> anyhow::Result<()> {
    let mut tx = app.store.write().await?;
    app.opened.tidy(app.clock.wall());
    session::delete_expired(&mut tx, app.clock.wall()).await?;
    login_attempt::delete_expired(&mut tx, app.clock.wall()).await?;
    key_reset::delete_expired(&mut tx, app.clock.wall()).await?;
    device_link::delete_expired(&mut tx, app.clock.wall()).await?;
    operator_pass::delete_expired(&mut tx, app.clock.wall()).await?;
    throttle::forget_before(&mut tx, app.clock.wall() - LOCKED_FOR).await?;
    extractor::forget(&mut tx, app.clock.wall()).await?;
    idempotency::forget_before(&mut tx, app.now() - IDEMPOTENCY).await?;
    tap::forget_before(&mut tx, app.now()).await?;
    // Some buckets each time, all of them within six hours.
    let turn = app.now().as_secs().div_euclid(600).rem_euclid(32);
    let buckets = (0..Bucket::COUNT).filter(|bucket| i64::from(*bucket) % 32 == turn);
    let folded = app.now() - Span::from_days(app.config.retention.fold_days.into());
    for bucket in buckets.clone() {
        delivery::forget_before(&mut tx, bucket, id_from(app.now() - MESSAGES, &[0; 10])).await?;
        event::forget_before(&mut tx, bucket, id_from(app.now() - EVENTS, &[0; 10])).await?;
        occurrence::forget_before(&mut tx, bucket, folded).await?;
    }
    tx.commit().await?;
    for bucket in buckets {
        put_away(app, bucket, folded).await?;
    }
    app.tokens.rotate(&app.store, &app.master, &app.random, app.clock.wall()).await
}

/// Puts away what has been over in a bucket since before an instant.
async fn put_away(app: &App, bucket: i16, before: Instant) -> Result<(), StoreError> {
    let found = fold::candidates(&mut app.store.peek().await?, bucket, before).await?;
    if found.is_empty() {
        return Ok(());
    }
    let mut tx = app.store.write().await?;
    let people: BTreeSet<UserId> = found.iter().map(|(person, _)| *person).collect();
    person_lock::lock_many(&mut tx, &people.into_iter().collect::<Vec<_>>()).await?.answer(&mut tx).await?;
    for (person, step) in found {
        fold::fold(&mut tx, person, step).await?;
    }
    tx.commit().await
}

/// Moves the test clock forward, working off each instant on the way, so that it is not taken
/// for an outage.
pub async fn leap(app: &App, by: Span) -> Result<Instant, StoreError> {
    if !app.clock_moves {
        return Ok(app.now());
    }
    let _alone = app.round.lock().await;
    let target = app.now() + by;
    loop {
        let mut tx = app.store.read().await?;
        let next = [due::QUEUE.next(&mut tx).await?, delivery::QUEUE.next(&mut tx).await?];
        let next = next.into_iter().flatten().min();
        drop(tx);
        let now = app.now();
        let until = next.map_or(target, |next| next.max(now)).min(target);
        // Kept before anybody sees it: a restart must not turn the clock back.
        let ahead = until - now;
        let mut tx = app.store.write().await?;
        service::beat(&mut tx, until).await?;
        service::set_moved(&mut tx, app.clock.moved() + ahead).await?;
        tx.commit().await?;
        app.clock.advance(ahead);
        let mut agenda = Agenda::of(due::QUEUE);
        agenda.ask(app).await?;
        work_off(app, &mut agenda, app.now()).await?;
        sender::round(app).await?;
        tell_doctors(app).await?;
        if app.now() >= target {
            return Ok(app.now());
        }
    }
}

/// Moves the test clock forward as if nobody had been there, then works off what fell due.
pub async fn sleep(app: &App, by: Span) -> Result<Instant, StoreError> {
    if !app.clock_moves {
        return Ok(app.now());
    }
    {
        let _alone = app.round.lock().await;
        let mut tx = app.store.write().await?;
        service::set_moved(&mut tx, app.clock.moved() + by).await?;
        tx.commit().await?;
        app.clock.advance(by);
    }
    round(app).await?;
    sender::round(app).await?;
    Ok(app.now())
}

/// Runs until `stop` is done: a turn at each next due instant, on a hint, and once a heartbeat. One that is under way then
/// is broken off: what it has not committed is as it was.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let rounds = async {
        let (mut tidied, mut agenda) = (app.now() - TIDY, Agenda::of(due::QUEUE));
        loop {
            if app.now() - tidied >= TIDY {
                tidied = app.now();
                if let Err(error) = tidy(&app).await {
                    tracing::warn!(%error, "could not tidy; it is tried again in ten minutes");
                }
            }
            // What another worker holds is not asked for without end.
            let least = match turn(&app, &mut agenda).await {
                Ok(0) => Duration::from_millis(5),
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::error!(%error, "the engine's round failed; it is tried again");
                    agenda = Agenda::of(due::QUEUE);
                    Duration::ZERO
                }
            };
            tokio::select! {
                () = app.hint.given() => {}
                () = agenda.rest(app.now(), least) => {}
            }
        }
    };
    tokio::select! { () = stop => {}, () = rounds => {} }
}
