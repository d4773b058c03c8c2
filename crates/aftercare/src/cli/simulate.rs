//! `aftercare simulate`.

use crate::{
    config::Config,
    simulate::{Broken, FaultKinds, Settings, Tally, run as live, smaller},
};
use anyhow::{Context, bail};
use std::{io::Write, path::Path};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// So many worlds, each with the next seed.
    #[arg(long, default_value_t = 1)]
    worlds: u64,
    /// So many patients in each.
    #[arg(long, default_value_t = 200)]
    people: usize,
    /// So many days.
    #[arg(long, default_value_t = 60)]
    days: u16,
    /// Only this one of the patients.
    #[arg(long)]
    only: Option<usize>,
    /// Leave out a kind of fault: crashes, channels, outages, clock, travel.
    #[arg(long, value_parser = ["crashes", "channels", "outages", "clock", "travel"])]
    without: Vec<String>,
    /// On an empty PostgreSQL instead of a new embedded database; for one world.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Where the embedded databases are made; in memory where there is such a place.
    #[arg(long, value_name = "DIR")]
    folder: Option<String>,
    /// Show a failure as it was found, without making it smaller.
    #[arg(long)]
    as_found: bool,
}

/// A folder that goes when it is dropped.
pub(super) struct Folder(std::path::PathBuf);

impl Folder {
    pub(super) fn new(what: &str, within: Option<&str>, n: u64) -> anyhow::Result<Self> {
        let memory = Path::new("/dev/shm");
        let within = match within {
            Some(within) => within.into(),
            None if memory.is_dir() => memory.to_owned(),
            None => std::env::temp_dir(),
        };
        let folder = within.join(format!("aftercare-{what}-{}-{n}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn once(args: &Args, settings: &Settings) -> anyhow::Result<Result<Tally, Broken>> {
    let folder = Folder::new("simulate", args.folder.as_deref(), settings.seed)?;
    let env = [
        ("AFTERCARE_DATA", folder.path().join("data").display().to_string()),
        ("AFTERCARE_DATABASE_URL", args.database_url.clone().unwrap_or_default()),
        ("AFTERCARE_PASSWORD__MEMORY_KIB", "19456".to_owned()),
        ("AFTERCARE_PASSWORD__PASSES", "2".to_owned()),
        // The wall clock of the world stands still.
        ("AFTERCARE_LIMITS__SIGN_UPS_PER_ADDRESS", "1000000".to_owned()),
        ("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", "1000000000".to_owned()),
        ("AFTERCARE_LOG", "off".to_owned()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value));
    let config = Config::load(None, env.into_iter().filter(|(_, value)| !value.is_empty()), &[])?;
    Ok(Box::pin(live(settings, &config)).await)
}

/// On one thread, so that the same happens each time.
fn one_thread<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    if args.database_url.is_some() && args.worlds > 1 {
        bail!("a PostgreSQL holds one world: leave --worlds out");
    }
    one_thread(async {
        let (mut occurrences, mut failed) = (0, None);
        for seed in args.seed..args.seed + args.worlds {
            let settings = Settings {
                seed,
                people: args.people,
                only: args.only,
                days: args.days,
                faults: FaultKinds::without(&args.without),
            };
            match Box::pin(once(args, &settings)).await? {
                Ok(tally) => {
                    occurrences += tally.occurrences;
                    told(&settings, &tally, occurrences)?;
                }
                Err(broken) => {
                    failed = Some(if args.as_found || args.database_url.is_some() {
                        broken
                    } else {
                        Box::pin(shrink(args, broken)).await?
                    });
                    break;
                }
            }
        }
        match failed {
            None => Ok(()),
            Some(broken) => {
                bail!(
                    "{:#}\n  after {} steps, on day {}, in the world of\n  {}",
                    broken.error,
                    broken.steps,
                    broken.day,
                    broken.settings
                )
            }
        }
    })
}

fn told(settings: &Settings, tally: &Tally, all: u64) -> anyhow::Result<()> {
    let [taken, refused, unheard] = tally.answers;
    writeln!(
        std::io::stdout().lock(),
        "seed {}: {} occurrences ({all} in all), {taken} answers taken, {refused} refused, {unheard} unheard, {} notes, {} messages, {} deaths, {} outages, {} looks: all holds",
        settings.seed,
        tally.occurrences,
        tally.notes,
        tally.said,
        tally.deaths,
        tally.outages,
        tally.checks,
    )?;
    Ok(())
}

/// Leaves out whatever a failure does not need.
async fn shrink(args: &Args, mut broken: Broken) -> anyhow::Result<Broken> {
    writeln!(
        std::io::stderr().lock(),
        "seed {}: {:#}; looking for less that shows it",
        broken.settings.seed,
        broken.error
    )?;
    'smaller: loop {
        for settings in smaller(&broken) {
            if let Err(again) = Box::pin(once(args, &settings)).await? {
                broken = again;
                continue 'smaller;
            }
        }
        return Ok(broken);
    }
}
