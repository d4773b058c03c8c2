//! The program itself, started over a database that is there: how soon it answers, and what memory it takes.

use super::{
    driver::{Answered, Asked, drive},
    memory_mib,
};
use crate::config::Config;
use anyhow::{Context, ensure};
use serde::Serialize;
use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant as Stopwatch},
};
use tokio::net::{TcpListener, TcpStream};

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Started {
    /// From the start of the process to its first answer, which says that it is ready: the median of five, in milliseconds.
    pub first_answer_ms: u64,
    /// Its memory then, in MiB.
    pub idle_memory_mib: u64,
    /// The most it has had in the end, in MiB.
    pub busy_memory_mib: u64,
    /// What it was asked in between.
    pub answered: Answered,
}

/// So often it is started.
const STARTS: usize = 5;
/// Nobody waits longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the program over the database of a configuration, and asks it `asked`, at its own address.
pub async fn run(
    config: &Config,
    asked: Asked,
    connections: u32,
    lasts: Duration,
) -> anyhow::Result<Started> {
    let mut times = Vec::new();
    loop {
        let host = free().await?;
        let begun = Stopwatch::now();
        let running = Running::begin(config, &host)?;
        running.is_ready(&host).await?;
        times.push(u64::try_from(begun.elapsed().as_millis())?);
        if times.len() < STARTS {
            continue;
        }
        times.sort_unstable();
        let idle_memory_mib = running.memory_mib("VmRSS:")?;
        let answered = drive(&[Asked { host, ..asked }], connections, lasts).await?;
        return Ok(Started {
            first_answer_ms: times[STARTS / 2],
            idle_memory_mib,
            busy_memory_mib: running.memory_mib("VmHWM:")?,
            answered,
        });
    }
}

/// A free port of loopback.
async fn free() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.to_string())
}

/// The program, for as long as this lives.
struct Running(Child);

impl Running {
    fn begin(config: &Config, host: &str) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "--listen", host]).env("AFTERCARE_DATA", &config.data);
        if config.database_url.is_set() {
            command.env("AFTERCARE_DATABASE_URL", config.database_url.expose());
        }
        command.env("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", u32::MAX.to_string());
        // Tokens name who gave them.
        command.env("AFTERCARE_ISSUER", config.issuer());
        command.env("AFTERCARE_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Self(command.spawn().context("the program does not start")?))
    }

    async fn is_ready(&self, host: &str) -> anyhow::Result<()> {
        let begun = Stopwatch::now();
        while TcpStream::connect(host).await.is_err() {
            ensure!(begun.elapsed() < PATIENCE, "nobody listens on {host}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // It listens before it answers; the answer comes as soon as there is one.
        Asked::get(host, "/readyz", "").once().await
    }

    fn memory_mib(&self, field: &str) -> anyhow::Result<u64> {
        memory_mib(&format!("/proc/{}/status", self.0.id()), field).context("its memory cannot be read")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
