//! Several `aftercare work` over one PostgreSQL while reminders fall due: killed, frozen and cut off from the
//! database at random. Nothing that falls due is lost or recorded twice, nothing stays leased, and each person
//! is told.
//!
//! `make drill-workers` does it at full size; `DUE`, `WITHIN`, `KILLS`, `FREEZES`, `CUTS` and `FAULT` set it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::{
    app::App, clock::ServiceClock, config::Config, delivery::target::Target, random::Random, start,
};
use aftercare_core::{
    anchors::Anchors,
    id::{ChannelId, StepId, UserId},
    instant::{Instant, Span},
};
use aftercare_store::{
    crowd::{self, Made},
    due::{self, Wake},
    testing::{connect, postgres_url},
};
use common::{proxy::Proxy, sink::Sink};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Child, Command},
    time::Duration,
};
use uuid::Uuid;

/// So many workers, ...
const WORKERS: usize = 4;
/// ... the last of which reach the database through something that can be cut.
const BEHIND: usize = 2;
/// One in so many people has a channel.
const CHANNELS: u32 = 50;

struct Size {
    due: u32,
    within: Span,
    kills: u32,
    freezes: u32,
    cuts: u32,
    fault: Duration,
}

impl Size {
    fn of_this_run() -> Self {
        let number = |name, usual| std::env::var(name).map_or(usual, |n| n.parse().unwrap());
        Self {
            due: number("DUE", 20_000),
            within: Span::from_secs(number("WITHIN", 10).into()),
            kills: number("KILLS", 6),
            freezes: number("FREEZES", 2),
            cuts: number("CUTS", 1),
            fault: Duration::from_secs(number("FAULT", 2).into()),
        }
    }
}

fn patient(n: u32) -> UserId {
    UserId(Uuid::from_u128(1 + u128::from(n)))
}

fn step(n: u32) -> StepId {
    StepId(Uuid::from_u128((1 << 64) + u128::from(n)))
}

fn now() -> Instant {
    ServiceClock::default().wall()
}

async fn open(folder: &Path, database: &str) -> App {
    let env = [
        ("AFTERCARE_DATA", folder.join("data").display().to_string()),
        ("AFTERCARE_DATABASE_URL", database.to_owned()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value));
    let config = Config::load(None, env, &[]).unwrap();
    start::open(config, Random::seeded(1), ServiceClock::default()).await.unwrap()
}

/// Everybody has one thing a day, due at an instant of their own from `first` on.
async fn load(app: &App, size: &Size, first: Instant, sink: &Sink) -> BTreeMap<Uuid, i64> {
    let anchors = serde_json::to_string(&Anchors::default()).unwrap();
    let timing = r#"{"frequency":1,"period":24,"periodUnit":"h","duration":{"value":30,"unit":"d"}}"#;
    let due_at =
        |n: u32| first + Span::from_micros(size.within.as_micros() * i64::from(n) / i64::from(size.due));
    for block in (0..size.due).collect::<Vec<_>>().chunks(5_000) {
        let mut tx = app.store.write().await.unwrap();
        let people: Vec<_> = block.iter().map(|n| patient(*n)).collect();
        crowd::people(&mut tx, &people, "Europe/Berlin", &anchors, first).await.unwrap();
        let made = block.iter().map(|n| Made {
            patient_id: patient(*n),
            step_id: step(*n),
            timing: timing.to_owned(),
            activated_at: due_at(*n),
        });
        crowd::steps(&mut tx, &made.collect::<Vec<_>>()).await.unwrap();
        let wakes = block.iter().map(|n| Wake::step(patient(*n), step(*n), due_at(*n)));
        due::insert_many(&mut tx, &wakes.collect::<Vec<_>>()).await.unwrap();
        let channels = block.iter().filter(|n| **n % CHANNELS == 0).map(|n| {
            let (url, headers) = (sink.url(&n.to_string()), BTreeMap::new());
            let target = Target::Http { url, headers, template: r#"{"due":"{{due_at}}"}"#.to_owned() };
            (patient(*n), target.seal(app, ChannelId(patient(*n).0)))
        });
        crowd::channels(&mut tx, channels, first).await.unwrap();
        tx.commit().await.unwrap();
    }
    (0..size.due).map(|n| (step(n).0, due_at(n).as_micros())).collect()
}

/// A process that works.
struct Worker {
    child: Child,
    database: String,
}

impl Worker {
    fn start(folder: &Path, database: String) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
        command.arg("work").arg("--data").arg(folder.join("data"));
        command.env("AFTERCARE_DATABASE_URL", &database).env("AFTERCARE_LOG", "off");
        Self { child: command.spawn().unwrap(), database }
    }

    /// As whatever watches over services does: one that has ended by itself is started again.
    fn keep_up(&mut self, folder: &Path) {
        if self.child.try_wait().unwrap().is_some() {
            *self = Self::start(folder, self.database.clone());
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    fn kill_and_start_again(&mut self, folder: &Path) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        *self = Self::start(folder, self.database.clone());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Kill(usize),
    Freeze(usize),
    Thaw(usize),
    Cut,
    Heal,
}

/// What happens to the workers, each at its moment, in order.
fn story(size: &Size) -> Vec<(Duration, Event)> {
    let mut rng = StdRng::seed_from_u64(6);
    let within = u64::try_from(size.within.as_micros()).unwrap();
    let mut moment = || Duration::from_micros(rng.random_range(0..within));
    let worker = |n: u32| n as usize % WORKERS;
    let mut events: Vec<_> = (0..size.kills).map(|n| (moment(), Event::Kill(worker(n)))).collect();
    for n in 0..size.freezes {
        let at = moment();
        events.extend([(at, Event::Freeze(worker(n))), (at + size.fault, Event::Thaw(worker(n)))]);
    }
    for _ in 0..size.cuts {
        let at = moment();
        events.extend([(at, Event::Cut), (at + size.fault, Event::Heal)]);
    }
    events.sort_by_key(|(at, _)| *at);
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_done_twice() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let size = Size::of_this_run();
    let folder = tempfile::tempdir().unwrap();
    let database = postgres_url().await;
    let (_, server) = database.split_once('@').unwrap();
    let server = server.split('/').next().unwrap();
    let proxy = Proxy::to(server.to_owned()).await;
    let behind = database.replace(server, &format!("127.0.0.1:{}", proxy.port()));
    let sink = Sink::start().await;
    let app = open(folder.path(), &database).await;
    // All of it lies ahead while it is put in place, 20 µs a row and a little more.
    let first = now() + Span::from_micros(i64::from(size.due) * 100) + Span::from_secs(1);
    let expected = load(&app, &size, first, &sink).await;

    let start = |n: usize| {
        Worker::start(folder.path(), if n < WORKERS - BEHIND { database.clone() } else { behind.clone() })
    };
    let mut workers: Vec<_> = (0..WORKERS).map(start).collect();
    let wait = first - now();
    let begun =
        tokio::time::Instant::now() + Duration::from_micros(u64::try_from(wait.as_micros()).unwrap_or(0));
    for (at, event) in story(&size) {
        tokio::time::sleep_until(begun + at).await;
        for worker in &mut workers {
            worker.keep_up(folder.path());
        }
        match event {
            Event::Kill(n) => workers[n].kill_and_start_again(folder.path()),
            Event::Freeze(n) => workers[n].signal("STOP"),
            Event::Thaw(n) => workers[n].signal("CONT"),
            Event::Cut => proxy.cut(),
            Event::Heal => proxy.heal(),
        }
    }
    let server = connect(&database).await;
    let give_up = begun + Duration::from_mins(15);
    let last = first + size.within;
    loop {
        // Frozen in the middle of a batch, a worker holds it until the server ends its session.
        // What a worker had leased that was killed is taken by another when the lease ends, within a minute.
        let left = "select (select count(*) from due where wake_at <= $1) + (select count(*) from sending)";
        let left: i64 = server.query_one(left, &[&last.as_micros()]).await.unwrap().get(0);
        for worker in &mut workers {
            worker.keep_up(folder.path());
        }
        if left == 0 {
            break;
        }
        assert!(tokio::time::Instant::now() < give_up, "{left} are left");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let took = begun.elapsed();
    for worker in &workers {
        worker.signal("TERM");
    }
    for mut worker in workers {
        assert!(worker.child.wait().unwrap().success(), "a worker that is asked to end does so");
    }

    let rows = server.query("select step_id, ordinal, due_at from occurrence", &[]).await.unwrap();
    let rows: Vec<(Uuid, i32, i64)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let recorded: BTreeMap<Uuid, i64> = rows.iter().map(|(step, _, due)| (*step, *due)).collect();
    assert!(rows.iter().all(|row| row.1 == 0), "something was recorded before its time");
    assert_eq!(rows.len(), recorded.len(), "something was recorded twice");
    assert!(recorded == expected, "{} were due, {} recorded", expected.len(), recorded.len());
    // Each goes on: it is looked at again, a day later.
    let ahead = "select distinct step_id from due where step_id <> patient_id";
    let ahead = server.query(ahead, &[]).await.unwrap();
    assert_eq!(ahead.len(), expected.len(), "a step is never looked at again");
    let leased: i64 = server.query_one("select count(*) from sending", &[]).await.unwrap().get(0);
    assert_eq!(leased, 0, "messages are left leased");
    let came = sink.take();
    let told: BTreeSet<_> = came.iter().map(|one| one.path.clone()).collect();
    let people = size.due.div_ceil(CHANNELS) as usize;
    assert_eq!(told.len(), people, "somebody was not told");
    println!(
        "{} due in {} s: all recorded once after {:.0?}; {} kills, {} freezes and {} cuts of {:?}; {} people told, {} of them twice",
        size.due,
        size.within.as_micros() / 1_000_000,
        took,
        size.kills,
        size.freezes,
        size.cuts,
        size.fault,
        people,
        came.len() - people,
    );
}
