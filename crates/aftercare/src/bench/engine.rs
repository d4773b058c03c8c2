//! How many occurrences the engine records: a crowd with a daily step each falls due within an hour, day after day; or over
//! the whole day, hour after hour, which leaves most of it behind what is measured.

use super::{
    Measured, Measuring,
    lateness::{self, LITTLE},
};
use crate::{app::App, clock::ServiceClock, config::Config, engine, random::Random, start};
use aftercare_core::{
    anchors::Anchors,
    course::{Course, Occurrence, OccurrenceStatus, Policy},
    id::{Bucket, StepId, UserId},
    instant::{Instant, Span},
    pattern::Regime,
    replay::zone,
    timing::Timing,
};
use aftercare_store::{
    crowd::{self, Made},
    due::{self, Wake},
    service,
};
use anyhow::{Context, ensure};
use serde::Serialize;
use std::ops::RangeInclusive;
use uuid::Uuid;

const ZONE: &str = "Europe/Berlin";
/// So many steps has each of the crowd.
const EACH: u32 = 4;
/// About so many occurrences are written at once: nobody waits for a row but the commit for them all, and it has its deadline.
const ROWS: u32 = 16_384;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// So many steps, all due each day.
    pub schedules: u32,
    /// So many occurrences of each have happened before.
    pub history: u32,
    /// So many times what falls due is measured: that of a day, or of an hour where it is due all day.
    pub turns: u32,
    /// So many workers; one on SQLite.
    pub workers: u32,
    /// Whether what is due in a day is due over the whole of it, and not within an hour.
    pub all_day: bool,
    /// Whether the same is measured again while somebody holds a snapshot, so that nothing that was taken away goes.
    pub held: bool,
    /// Whether it is measured too how late a reminder comes with all of this behind it.
    pub lateness: bool,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// So many steps.
    pub schedules: u32,
    /// So many occurrences of each were recorded before.
    pub history: u32,
    /// So many workers.
    pub workers: u32,
    /// What it came to; an event is an occurrence recorded, its step moved on, its person told.
    #[serde(flatten)]
    pub measured: Measured,
    /// Under a held snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Measured>,
    /// How late reminders came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lateness: Option<lateness::Figures>,
}

/// Minutes of an hour, and hours of a day.
const MINUTES: u32 = 60;
const HOURS: u32 = 24;

impl Settings {
    /// So many hours hold what is due in a day, ...
    fn hours(&self) -> u32 {
        if self.all_day { HOURS } else { 1 }
    }

    /// ... and so much time passes from one to the next.
    fn passes(&self) -> Span {
        Span::from_hours(i64::from(HOURS / self.hours()))
    }

    /// At which minute of these hours a step is due: that of its person.
    fn minute(&self, step: u32) -> u32 {
        step / EACH % (MINUTES * self.hours())
    }

    /// So many steps are due in some turns.
    fn due_in(&self, turns: RangeInclusive<u32>) -> u64 {
        let in_hour =
            |hour| (0..self.schedules).filter(|step| self.minute(*step) / MINUTES == hour).count() as u64;
        turns.map(|turn| in_hour(turn % self.hours())).sum()
    }
}

/// Loads a crowd into an empty database, and measures.
pub async fn run(settings: &Settings, config: &Config) -> anyhow::Result<Figures> {
    // Just before eight in Berlin, and long after what is measured at the real time.
    let eight: Instant = "2036-03-03T06:59:59Z".parse()?;
    let mut apps = Vec::new();
    for n in 0..settings.workers.max(1) {
        let clock = ServiceClock::standing(eight + Span::from_hours(1));
        apps.push(start::open(config.clone(), Random::seeded(n.into()), clock).await?);
    }
    let store = &apps[0].store;
    ensure!(
        !crowd::is_inhabited(&mut store.peek().await?).await?,
        "there are people: give an empty database"
    );
    ensure!(apps.len() == 1 || store.engine_name() != "SQLite", "SQLite has one writer: leave --workers out");
    load(&apps[0], settings, eight).await.context("cannot load the crowd")?;
    let lateness = if settings.lateness {
        let now = start::open(config.clone(), Random::seeded(u64::MAX), ServiceClock::default()).await?;
        Some(lateness::measure(&now, LITTLE).await?)
    } else {
        None
    };
    // The first turn is not counted: what is settled is found out once.
    work(&apps, Span::ZERO).await?;
    let measured = turns(&apps, settings, 1..=settings.turns).await?;
    let held = if settings.held {
        let mut snapshot = store.read().await?;
        crowd::hold(&mut snapshot).await?;
        let held = turns(&apps, settings, settings.turns + 1..=2 * settings.turns).await?;
        drop(snapshot);
        Some(held)
    } else {
        None
    };
    Ok(Figures {
        schedules: settings.schedules,
        history: settings.history,
        workers: settings.workers.max(1),
        measured,
        held,
        lateness,
    })
}

/// Turns, measured.
async fn turns(apps: &[App], settings: &Settings, turns: RangeInclusive<u32>) -> anyhow::Result<Measured> {
    let store = &apps[0].store;
    let measuring = Measuring::begin(store).await?;
    for _ in turns.clone() {
        work(apps, settings.passes()).await?;
    }
    let measured = measuring.end(store, settings.due_in(turns)).await?;
    let left = due::QUEUE.next(&mut store.peek().await?).await?;
    ensure!(left.is_none_or(|left| left > apps[0].now()), "something due was left");
    Ok(measured)
}

/// Time passes, and what fell due is worked off by all workers.
async fn work(apps: &[App], passes: Span) -> anyhow::Result<()> {
    for app in apps {
        app.clock.advance(passes);
    }
    // Somebody was there all the time: it is no outage.
    let mut tx = apps[0].store.write().await?;
    service::beat(&mut tx, apps[0].now()).await?;
    tx.commit().await?;
    let mut workers = tokio::task::JoinSet::new();
    for app in apps {
        let app = app.clone();
        workers.spawn(async move { engine::round(&app).await });
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(())
}

/// Puts a crowd behind what is measured, all of it due tomorrow and later.
pub(super) async fn load_behind(app: &App, schedules: u32) -> anyhow::Result<()> {
    let settings = Settings {
        schedules,
        history: 1,
        turns: 0,
        workers: 1,
        all_day: false,
        held: false,
        lateness: false,
    };
    let midnight = app.now().as_secs().div_euclid(86_400) * 86_400;
    load(app, &settings, Instant::from_micros((midnight + 86_400) * 1_000_000)).await
}

/// Loads a crowd as it is at an instant.
async fn load(app: &App, settings: &Settings, now: Instant) -> anyhow::Result<()> {
    let anchors = Anchors::default();
    let json = serde_json::to_string(&anchors)?;
    let activated_at = now - Span::from_days(settings.history.into());
    let regime = Regime { from: Instant::from_micros(0), zone: zone(ZONE)?, anchors };
    // A schedule for each minute from eight on, and what has happened of it.
    let kinds = (0..MINUTES * settings.hours()).map(|minute| {
        let (hour, minute) = ((8 + minute / MINUTES) % HOURS, minute % MINUTES);
        let timing =
            format!(r#"{{"frequency":1,"period":1,"periodUnit":"d","timeOfDay":["{hour:02}:{minute:02}"]}}"#);
        let parsed: Timing = serde_json::from_str(&timing)?;
        let course = Course::new(&parsed, activated_at, vec![regime.clone()], Some(Policy::Skip));
        let before = course.replay(&[], &[], now);
        ensure!(
            before.occurrences.len() == settings.history as usize,
            "{} occurrences",
            before.occurrences.len()
        );
        let done =
            before.occurrences.iter().map(|one| Occurrence { status: OccurrenceStatus::Done, ..one.clone() });
        let (_, next) = course.upcoming(&before).next().context("it goes on")?;
        Ok((timing, done.collect::<Vec<_>>(), next.due_at))
    });
    let kinds = kinds.collect::<anyhow::Result<Vec<_>>>()?;
    let person = |n: u32| UserId(Uuid::from_u128(1 + u128::from(n)));
    let patient = |step: u32| person(step / EACH);
    let mut people: Vec<u32> = (0..settings.schedules.div_ceil(EACH)).collect();
    if app.store.engine_name() == "SQLite" {
        // There rows lie by bucket, in whichever order they come: in this one it is done soonest.
        people.sort_by_cached_key(|n| Bucket::of(person(*n)).get());
    }
    let at_once = (ROWS / (EACH * settings.history.max(1))).max(1);
    for people in people.chunks(at_once as usize) {
        let steps = people.iter().flat_map(|n| n * EACH..(n + 1) * EACH);
        let block: Vec<u32> = steps.filter(|step| *step < settings.schedules).collect();
        let people: Vec<_> = people.iter().map(|n| person(*n)).collect();
        let mut tx = app.store.write().await?;
        crowd::people(&mut tx, &people, ZONE, &json, activated_at).await?;
        let kind = |n: u32| &kinds[settings.minute(n) as usize];
        let made = block.iter().map(|n| Made {
            patient_id: patient(*n),
            step_id: StepId(Uuid::from_u128((1 << 64) + u128::from(*n))),
            timing: kind(*n).0.clone(),
            activated_at,
        });
        let made: Vec<_> = made.collect();
        crowd::steps(&mut tx, &made).await?;
        let wakes =
            block.iter().zip(&made).map(|(n, one)| Wake::step(one.patient_id, one.step_id, kind(*n).2));
        due::insert_many(&mut tx, &wakes.collect::<Vec<_>>()).await?;
        for part in block.iter().zip(&made).collect::<Vec<_>>().chunks(64) {
            let happened = part.iter().flat_map(|(n, one)| kind(**n).1.iter().map(move |past| (*one, past)));
            crowd::done(&mut tx, &happened.collect::<Vec<_>>()).await?;
        }
        tx.commit().await?;
    }
    Ok(crowd::settle(&mut app.store.peek().await?).await?)
}
