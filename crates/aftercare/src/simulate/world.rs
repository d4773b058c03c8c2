//! The virtual world: people with habits and moods, doctors who change their minds, a clock that leaps, workers that
//! die, and the service itself, with its real store, between them.

mod deeds;

use super::{
    Settings,
    hand::{Channels, TEMPLATE},
    model::{Habits, Step},
};
use crate::{
    app::App,
    client::{Client, NewAccount, Refused, Service, Transport, Written},
    clock::ServiceClock,
    config::Config,
    delivery::{
        sender,
        tap::{Action, Tap},
    },
    engine, http,
    random::Random,
    start,
};
use aftercare_core::{
    course::{Answer, AnswerStatus, OccurrenceStatus, Outage, Refusal},
    id::{Bucket, ReminderId, UserId},
    instant::{Instant, Span},
};
use aftercare_seal::password::Kdf;
use aftercare_store::{delivery, due, fault::Faults, service};
use anyhow::{Context, ensure};
use axum::http::Method;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    sync::Arc,
    time::Duration,
};

/// People share so many buckets.
const BUCKETS: i16 = 8;
const PASSWORD: &str = "a password of the virtual world";
/// A dead worker's connection is cleaned within this.
const FREED_WITHIN: Duration = Duration::from_secs(10);
/// The cheapest derivation that is accepted.
const KDF: Kdf = Kdf { m: 19_456, t: 2, p: 1 };
const ZONES: [&str; 4] = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland"];
/// What doctors prescribe.
const HOW: [&str; 14] = [
    "daily for 7 days",
    "daily for 12 days",
    "twice a day for 5 days",
    "three times a day for 4 days",
    "every 8 hours for 5 days",
    "every 6 hours for 3 days",
    "at bedtime for 10 days",
    "every other day for 14 days",
    "every Monday and Thursday for 4 weeks",
    "once a week for 4 weeks",
    "daily",
    "twice a day",
    "with breakfast and dinner for 6 days",
    "four times a day for 6 days",
];

/// Somebody who is treated.
pub struct Person {
    /// Their device.
    pub client: Client,
    /// Who.
    pub id: UserId,
    /// Where they live, and lived.
    pub habits: Habits,
    /// All they were ever told to do.
    pub steps: Vec<Step>,
    /// Whether something was answered by nothing: it may have happened.
    pub uncertain: bool,
    /// Whether they want silence at night.
    pub quiet: bool,
    rng: StdRng,
}

/// Something that is to happen. What is at one instant happens in the order it was thought of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Plan {
    /// A step is thought of: something is due, or has closed.
    Consider { step: usize },
    /// Something is answered by its message.
    Tap { step: usize, ordinal: u32, action: u8 },
    /// Something is answered in the app, with the time it was due.
    Correct { step: usize, ordinal: u32 },
    /// A doctor writes a new note.
    Note { doctor: usize },
    /// A journey.
    Travel,
}

/// What the world has seen so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Occurrences recorded by the end.
    pub occurrences: u64,
    /// Answers that were taken, refused, and left without an answer.
    pub answers: [u64; 3],
    /// Notes put into force.
    pub notes: u64,
    /// Reminders that reached a channel.
    pub said: u64,
    /// Pieces of work that died.
    pub deaths: u64,
    /// Outages of the service.
    pub outages: u64,
    /// Looks at a person.
    pub checks: u64,
}

/// The world.
pub struct World {
    /// Two services over one store; the first answers people.
    pub apps: [App; 2],
    pub(super) service: axum::Router,
    pub(super) channels: Channels,
    doctors: Vec<Client>,
    /// Who is treated.
    pub people: Vec<Person>,
    agenda: BinaryHeap<Reverse<(Instant, usize, u64, Plan)>>,
    thoughts: u64,
    rng: StdRng,
    settings: Settings,
    end: Instant,
    outages: Vec<Outage>,
    /// From when on, and until when, the service is down.
    down: Option<(Instant, Instant)>,
    /// Whose state is looked at after this step.
    pub(super) touched: BTreeSet<usize>,
    /// Which of them are looked at, where there are many.
    pub(super) sample: StdRng,
    /// What was seen.
    pub tally: Tally,
}

impl World {
    /// A world at its beginning.
    pub async fn new(settings: &Settings, config: &Config) -> anyhow::Result<Self> {
        let seed = settings.seed;
        let start: Instant = "2026-02-02T05:00:00Z".parse()?;
        let channels = Channels::new(seed ^ 1, settings.faults.channels);
        let mut apps = Vec::new();
        for n in 0..2 {
            let (random, clock) = (Random::seeded(seed * 2 + n), ServiceClock::standing(start));
            let mut parts = start::parts(config.clone(), random, clock).await?;
            parts.outward.by_hand(channels.hand());
            apps.push(App::new(parts));
        }
        let apps: [App; 2] = apps.try_into().map_err(|_| anyhow::anyhow!("two services"))?;
        let service = http::service(apps[0].clone());
        let mut world = Self {
            service,
            channels,
            doctors: Vec::new(),
            people: Vec::new(),
            agenda: BinaryHeap::new(),
            thoughts: 0,
            rng: StdRng::seed_from_u64(seed),
            settings: settings.clone(),
            end: start + Span::from_days(i64::from(settings.days)),
            outages: Vec::new(),
            down: None,
            touched: BTreeSet::new(),
            sample: StdRng::seed_from_u64(seed ^ 3),
            tally: Tally::default(),
            apps,
        };
        engine::round(&world.apps[0]).await?;
        world.populate().await?;
        Ok(world)
    }

    /// The time.
    pub fn now(&self) -> Instant {
        self.apps[0].now()
    }

    async fn sign_up(&self, role: &str, name: &str, zone: &str) -> anyhow::Result<Client> {
        let to = Transport::here(self.service.clone());
        let seed = name
            .bytes()
            .fold(self.settings.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        // All live in a few buckets, so that what comes at one time meets within them.
        let few = |seed: &u64| Bucket::of(Random::seeded(*seed).id(self.now())).get() < BUCKETS;
        let mut seeds = StdRng::seed_from_u64(seed);
        let seed = std::iter::from_fn(|| Some(seeds.random::<u64>())).find(few).unwrap_or(seed);
        let email = format!("{name}@people.example");
        let who =
            NewAccount { role, name, email: &email, password: PASSWORD, time_zone: zone, specialty: None };
        Client::sign_up(&to, &Random::seeded(seed), self.now(), KDF, &who).await?;
        Client::sign_in(&to, Arc::new(Random::seeded(seed ^ 2)), &email, PASSWORD, json!({})).await
    }

    async fn populate(&mut self) -> anyhow::Result<()> {
        for n in 0..2 {
            self.doctors.push(self.sign_up("doctor", &format!("doctor{n}"), "Europe/Berlin").await?);
        }
        for n in 0..self.settings.people {
            if self.settings.only.is_some_and(|only| only != n) {
                continue;
            }
            let mut rng = StdRng::seed_from_u64(self.settings.seed.wrapping_mul(1_000_003) + n as u64);
            let zone = *ZONES.choose(&mut rng).unwrap_or(&"UTC");
            let client = self.sign_up("patient", &format!("patient{n}"), zone).await?;
            let doctors = 1 + usize::from(rng.random_bool(0.2));
            for doctor in &self.doctors[..doctors] {
                client.state(&*self.apps[0].clock, doctor.id(), true).await?;
            }
            let index = self.people.len();
            if rng.random_bool(0.5) {
                let template = TEMPLATE.replace("PERSON", &index.to_string());
                let body = json!({ "kind": "http", "url": "https://channel.example/", "template": template });
                client.post("/api/channels/", &body).await?;
            }
            let mut wishes = json!({ "quiet": null });
            if rng.random_bool(0.2) {
                wishes =
                    json!({ "quiet": { "from": "22:00", "to": "07:00" }, "digest": rng.random_bool(0.5) });
            }
            self.ask(&client, Method::PATCH, "/api/me/", &json!({ "reminders": wishes })).await?;
            let person = Person {
                id: client.id(),
                client,
                habits: Habits::new(self.now(), zone),
                steps: Vec::new(),
                uncertain: false,
                quiet: wishes["quiet"].is_object(),
                rng,
            };
            self.people.push(person);
            for doctor in 0..doctors {
                let first = self.people[index].rng.random_range(0..2 * 86_400);
                self.plan(self.now() + Span::from_secs(first), index, Plan::Note { doctor });
            }
            if self.settings.faults.travel && self.people[index].rng.random_bool(0.3) {
                let when = self.people[index].rng.random_range(1..self.settings.days.max(2));
                self.plan(self.now() + Span::from_days(i64::from(when)), index, Plan::Travel);
            }
        }
        Ok(())
    }

    fn plan(&mut self, at: Instant, person: usize, plan: Plan) {
        self.thoughts += 1;
        self.agenda.push(Reverse((at, person, self.thoughts, plan)));
    }

    /// The outages that are on record, as of the beginning of this step.
    pub fn outages(&self) -> Vec<Outage> {
        self.outages.clone()
    }

    /// Reads them anew.
    pub async fn read_outages(&mut self) -> anyhow::Result<()> {
        self.outages = self.outages_now().await?;
        Ok(())
    }

    async fn outages_now(&self) -> anyhow::Result<Vec<Outage>> {
        let mut tx = self.apps[0].store.peek().await?;
        let outages = service::outages(&mut tx).await?.answer(&mut tx).await?;
        Ok(outages.since(Instant::from_micros(0), self.now()))
    }

    /// One step of time; false at the end of the world.
    pub async fn step(&mut self) -> anyhow::Result<bool> {
        self.touched.clear();
        let pause = Span::from_secs(self.rng.random_range(20..1_200));
        for app in &self.apps {
            app.clock.advance(pause);
        }
        let now = self.now();
        if self.down.is_some_and(|(_, until)| now < until) {
            return Ok(now < self.end);
        }
        let down = self.down.take();
        if down.is_none() {
            // A worker was alive in between, and had nothing to do.
            let mut tx = self.apps[0].store.write().await?;
            service::beat(&mut tx, now).await?;
            tx.commit().await?;
        } else {
            self.tally.outages += 1;
        }
        self.read_outages().await?;
        while let Some(Reverse((at, person, _, plan))) =
            self.agenda.peek().copied().filter(|Reverse((at, ..))| *at <= now)
        {
            self.agenda.pop();
            self.carry_out(person, plan, at)
                .await
                .with_context(|| format!("person {person} at {now}: {plan:?}"))?;
            // Before anything else is acknowledged.
            self.adopt(person).await.with_context(|| format!("person {person} at {now}, after {plan:?}"))?;
            self.touched.insert(person);
        }
        Box::pin(self.work()).await?;
        if let Some((from, _)) = down {
            let known = self.outages_now().await?;
            let known = known.iter().any(|outage| outage.from <= from && now <= outage.to);
            ensure!(known, "nobody knows of the outage from {from} to {now}");
        }
        let faults = self.settings.faults;
        if faults.outages && self.rng.random_bool(0.000_7) {
            let hours = self.rng.random_range(1..60);
            self.down = Some((now, now + Span::from_hours(hours)));
        }
        if faults.clock && self.rng.random_bool(0.000_5) {
            // Set back, as by a wrong source of time: what has happened stays.
            let back = Span::from_secs(self.rng.random_range(1..600));
            for app in &self.apps {
                app.clock.fall_back(back);
            }
        }
        Ok(now < self.end)
    }

    /// The end of all faults: what is due is worked off.
    pub async fn recover(&mut self) -> anyhow::Result<()> {
        self.down = None;
        self.settings.faults.crashes = false;
        Box::pin(self.work()).await
    }

    /// Both workers, one of which may die; until both have lived.
    async fn work(&mut self) -> anyhow::Result<()> {
        let [a, b] = &self.apps;
        if self.settings.faults.crashes && self.rng.random_bool(0.05) {
            let faults = Faults::after(self.rng.random_range(0..60));
            let dies = async { engine::round(a).await.is_err() | sender::round(a).await.is_err() };
            let lives = async { engine::round(b).await.and(sender::round(b).await) };
            if a.config.database_url.is_set() {
                let (_, alive) = tokio::join!(faults.over(Box::pin(dies)), Box::pin(lives));
                alive?;
            } else {
                // One writer: they follow one another anyhow, and so do the same each time.
                faults.over(Box::pin(dies)).await;
                Box::pin(lives).await?;
            }
            self.tally.deaths += u64::from(faults.struck());
        }
        engine::round(a).await?;
        sender::round(a).await?;
        // What a dead worker held on PostgreSQL is free once its connection is cleaned: it is passed over until then.
        let begun = std::time::Instant::now();
        while self.is_left().await? {
            ensure!(begun.elapsed() < FREED_WITHIN, "what is due is not worked off");
            tokio::task::yield_now().await;
            engine::round(a).await?;
            sender::round(a).await?;
        }
        Ok(())
    }

    /// Whether anything is due after a round.
    async fn is_left(&self) -> anyhow::Result<bool> {
        let (mut tx, now) = (self.apps[0].store.peek().await?, self.now());
        let next = [due::QUEUE.next(&mut tx).await?, delivery::QUEUE.next(&mut tx).await?];
        Ok(next.into_iter().flatten().any(|next| next <= now))
    }

    /// Asks the first service as a person does.
    async fn ask(&self, client: &Client, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        Transport::here(self.service.clone()).send(Some(client.token()), method, path, Some(body)).await
    }
}
