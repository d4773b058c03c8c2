//! `aftercare simulate`: months of made-up people in a virtual world, through faults, with every promise looked at
//! after every step. The service in it is the real one, on a real store; what is virtual is time, people, channels,
//! and deaths: a worker or a request may die before any statement, or after a commit whose answer nobody hears.
//!
//! Everything follows from the seed: ids, moods, faults. A failure is made smaller by leaving out what it does not
//! need (people, days, kinds of faults), and told as the command that shows it again.

mod check;
mod hand;
mod model;
mod world;

pub use world::Tally;

use crate::config::Config;
use anyhow::Context;
use std::fmt;
use world::World;

/// Which kinds of faults there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is left out by itself when a failure is made smaller"
)]
pub struct FaultKinds {
    /// Work that dies.
    pub crashes: bool,
    /// Channels that lose messages.
    pub channels: bool,
    /// The service is down for hours.
    pub outages: bool,
    /// Clocks that are set back.
    pub clock: bool,
    /// People who travel.
    pub travel: bool,
}

impl FaultKinds {
    /// All of them.
    pub const ALL: Self = Self { crashes: true, channels: true, outages: true, clock: true, travel: true };

    /// By their names on the command line.
    pub fn without(names: &[String]) -> Self {
        let has = |name: &str| !names.iter().any(|other| other == name);
        Self {
            crashes: has("crashes"),
            channels: has("channels"),
            outages: has("outages"),
            clock: has("clock"),
            travel: has("travel"),
        }
    }

    fn left_out(self) -> Vec<&'static str> {
        let all = [
            ("crashes", self.crashes),
            ("channels", self.channels),
            ("outages", self.outages),
            ("clock", self.clock),
            ("travel", self.travel),
        ];
        all.into_iter().filter(|(_, there)| !there).map(|(name, _)| name).collect()
    }
}

/// Which world.
#[derive(Clone, Debug)]
pub struct Settings {
    /// All follows from it.
    pub seed: u64,
    /// How many people.
    pub people: usize,
    /// Only this one of them.
    pub only: Option<usize>,
    /// How long.
    pub days: u16,
    /// What goes wrong.
    pub faults: FaultKinds,
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "aftercare simulate --seed {} --people {} --days {}", self.seed, self.people, self.days)?;
        if let Some(only) = self.only {
            write!(f, " --only {only}")?;
        }
        for name in self.faults.left_out() {
            write!(f, " --without {name}")?;
        }
        Ok(())
    }
}

/// A promise that did not hold.
#[derive(Debug)]
pub struct Broken {
    /// The world in which.
    pub settings: Settings,
    /// After so many steps of time.
    pub steps: u64,
    /// What.
    pub error: anyhow::Error,
    /// On which day of the world.
    pub day: u16,
}

/// Runs one world to its end, in a database that `config` names and that is empty.
pub async fn run(settings: &Settings, config: &Config) -> Result<Tally, Broken> {
    let mut steps = 0;
    let broken = |steps, day, error| Broken { settings: settings.clone(), steps, error, day };
    let mut world = World::new(settings, config).await.map_err(|error| broken(0, 0, error))?;
    let began = world.now();
    let done = loop {
        steps += 1;
        let stepped = async {
            let more = world.step().await?;
            world.check().await?;
            anyhow::Ok(more)
        };
        match stepped.await {
            Ok(true) => {}
            Ok(false) => break at_the_end(&mut world).await.context("at the end"),
            Err(error) => break Err(error),
        }
    };
    let days = (world.now() - began).as_micros() / 86_400_000_000;
    world.apps[0].store.close();
    world.apps[1].store.close();
    match done {
        Ok(()) => Ok(world.tally),
        Err(error) => Err(broken(steps, u16::try_from(days).unwrap_or(u16::MAX), error)),
    }
}

async fn at_the_end(world: &mut World) -> anyhow::Result<()> {
    world.recover().await?;
    world.check_everybody().await
}

/// Worlds that may show a failure with less: fewer days, one person, without a kind of fault. Each is better than the
/// one before it if the failure stays.
pub fn smaller(broken: &Broken) -> Vec<Settings> {
    let before = &broken.settings;
    let mut all = Vec::new();
    let day = broken.day + 1;
    if day < before.days {
        all.push(Settings { days: day, ..before.clone() });
    }
    if before.only.is_none() {
        all.extend((0..before.people).map(|only| Settings {
            only: Some(only),
            days: day.min(before.days),
            ..before.clone()
        }));
    }
    let mut without = |faults: FaultKinds| {
        if faults != before.faults {
            all.push(Settings { faults, ..before.clone() });
        }
    };
    without(FaultKinds { crashes: false, ..before.faults });
    without(FaultKinds { channels: false, ..before.faults });
    without(FaultKinds { outages: false, ..before.faults });
    without(FaultKinds { clock: false, ..before.faults });
    without(FaultKinds { travel: false, ..before.faults });
    all
}
