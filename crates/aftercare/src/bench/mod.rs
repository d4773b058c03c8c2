//! Measurements of the product itself, on a database of any size, with one JSON object as their result.

pub mod api;
pub mod crypto;
pub mod driver;
pub mod engine;
pub mod lateness;
pub mod limit;
pub mod start;

use aftercare_store::{Store, crowd};
use serde::Serialize;
use std::time::Instant as Stopwatch;

/// What due work came to.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// On what.
    pub database: &'static str,
    /// Occurrences recorded, their schedules moved on.
    pub events: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Both.
    pub events_per_second: u64,
    /// Processor time of this process for one, in nanoseconds.
    pub cpu_ns_per_event: u64,
    /// Bytes of PostgreSQL's log for one.
    pub wal_bytes_per_event: Option<u64>,
    /// The most memory of this process.
    pub peak_memory_mib: Option<u64>,
}

/// A measurement under way.
struct Measuring {
    begun: Stopwatch,
    cpu: u64,
    logged: Option<i64>,
}

impl Measuring {
    async fn begin(store: &Store) -> anyhow::Result<Self> {
        let logged = crowd::logged(&mut store.peek().await?).await?;
        Ok(Self { begun: Stopwatch::now(), cpu: cpu_micros(), logged })
    }

    async fn end(self, store: &Store, events: u64) -> anyhow::Result<Measured> {
        let (took, cpu) = (u64::try_from(self.begun.elapsed().as_micros())?, cpu_micros() - self.cpu);
        let written = crowd::logged(&mut store.peek().await?).await?;
        Ok(Measured {
            database: store.engine_name(),
            events,
            took_ms: took / 1_000,
            events_per_second: events * 1_000_000 / took.max(1),
            cpu_ns_per_event: cpu * 1_000 / events.max(1),
            wal_bytes_per_event: written
                .zip(self.logged)
                .map(|(after, before)| (after - before).unsigned_abs() / events.max(1)),
            peak_memory_mib: peak_memory_mib(),
        })
    }
}

/// The processor time of this process so far, in microseconds.
fn cpu_micros() -> u64 {
    // The 14th and 15th fields, in hundredths of a second; the second is in brackets and may hold spaces.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks * 10_000
}

/// The most memory that this process has had, in MiB.
fn peak_memory_mib() -> Option<u64> {
    memory_mib("/proc/self/status", "VmHWM:")
}

/// A field of what the system says of a process, in MiB.
fn memory_mib(status: &str, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}
