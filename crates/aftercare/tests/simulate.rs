//! The virtual world: fixed seeds on both engines, and a few that nobody has seen before.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says which worlds it ran"
)]

mod common;

use aftercare::simulate::{FaultKinds, Settings, Tally, run};
use aftercare_store::testing::postgres_url;
use rand::{RngExt, rngs::StdRng};

async fn live(settings: &Settings, database: &str) -> Tally {
    let folder = tempfile::tempdir().unwrap();
    let more =
        [("AFTERCARE_DATABASE_URL", database), ("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", "1000000000")];
    let config = common::config(&folder, &more[usize::from(database.is_empty())..]);
    match Box::pin(run(settings, &config)).await {
        Ok(tally) => {
            println!("{settings}: {tally:?}");
            tally
        }
        Err(broken) => {
            println!("{}: {:#}, on day {}", broken.settings, broken.error, broken.day);
            unreachable!("a promise was broken")
        }
    }
}

fn world(seed: u64, people: usize, days: u16) -> Settings {
    Settings { seed, people, only: None, days, faults: FaultKinds::ALL }
}

/// Every kind of fault has happened, and every promise was kept.
#[tokio::test]
async fn fixed_seeds_keep_every_promise() {
    let (mut all, mut deaths, mut outages, mut unheard) = (0, 0, 0, 0);
    for seed in 1..=4 {
        let tally = live(&world(seed, 10, 30), "").await;
        all += tally.occurrences;
        deaths += tally.deaths;
        outages += tally.outages;
        unheard += tally.answers[2];
    }
    assert!(all > 2_000 && deaths > 100 && outages > 1 && unheard > 5, "{all} {deaths} {outages} {unheard}");
}

#[tokio::test]
async fn and_on_postgresql() {
    for seed in 1..=2 {
        let tally = live(&world(seed, 8, 20), &postgres_url().await).await;
        assert!(tally.occurrences > 200, "{tally:?}");
    }
}

#[tokio::test]
async fn fresh_seeds_too() {
    let mut seeds: StdRng = rand::make_rng();
    for _ in 0..2 {
        live(&world(seeds.random_range(1_000..1_000_000_000), 12, 30), "").await;
    }
}

/// The same seed is the same world.
#[tokio::test]
async fn a_seed_is_a_world() {
    let (a, b) = (live(&world(9, 5, 12), "").await, live(&world(9, 5, 12), "").await);
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
}

/// The bugs that are planted to see whether the world finds them can be planted still.
#[test]
fn planted_bugs_stand_where_they_did() {
    let run = concat!(env!("CARGO_MANIFEST_DIR"), "/../../eval/planted/run.py");
    let checked = std::process::Command::new("python3").args([run, "--check"]).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
