//! `aftercare backup` and `aftercare restore`: the embedded database. A PostgreSQL is backed up by its own means.

use super::{audit, block_on, settings::Settings, simulate::Folder};
use crate::{clock::ServiceClock, config::Config, random::Random, start};
use aftercare_store::{backup, schema};
use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::{DirBuilder, File},
    io::Write,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// Where to: a file that is not there yet.
    file: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// A file that `aftercare backup` wrote.
    file: PathBuf,
    /// Look only whether it can be restored: pages, keys, schema, and the record of what happened.
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    settings: Settings,
}

fn embedded(config: &Config) -> anyhow::Result<PathBuf> {
    if config.database_url.is_set() {
        bail!(
            "this is for the embedded database; a PostgreSQL is backed up by its own means: docs/OPERATIONS.md"
        );
    }
    Ok(config.data.join("aftercare.db"))
}

pub(super) fn write(args: &Backup) -> anyhow::Result<()> {
    let config = args.settings.load()?;
    let from = embedded(&config)?;
    ensure!(from.exists(), "no database at {}; name its folder with --data", from.display());
    ensure!(!args.file.exists(), "{} is there already; a backup takes nothing's place", args.file.display());
    backup::copy(&from, &args.file)?;
    let bytes = std::fs::metadata(&args.file)?.len();
    let sums = sums_of(&args.file);
    std::fs::write(&sums, format!("{}  {}\n", sum(&args.file)?, name(&args.file)))
        .with_context(|| format!("cannot write {}", sums.display()))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{bytes} bytes in {}, its SHA-256 in {}", args.file.display(), sums.display())?;
    if let Some(keys) = start::key_ring_file(&config) {
        writeln!(
            out,
            "the master key is not in it, and nothing opens without: keep {} elsewhere",
            keys.display()
        )?;
    }
    Ok(())
}

pub(super) fn read(args: &Restore) -> anyhow::Result<()> {
    let config = args.settings.load()?;
    let to = embedded(&config)?;
    ensure!(
        args.verify || !to.exists(),
        "{} is there: move it away first, or look only with --verify",
        to.display()
    );
    let not_whole = || format!("{} is not whole", args.file.display());
    let sums = sums_of(&args.file);
    if sums.exists() {
        let kept = std::fs::read_to_string(&sums)?;
        let kept = kept.split_whitespace().next().unwrap_or_default();
        ensure!(kept == sum(&args.file)?, "{}: its SHA-256 is another", not_whole());
    } else {
        let what = "without it nobody notices what was changed within a value";
        writeln!(std::io::stderr(), "there is no {}: {what}", sums.display())?;
    }
    backup::check(&args.file).with_context(not_whole)?;
    let said = block_on(&config, opens(&args.file, &config))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{said}")?;
    if !args.verify {
        DirBuilder::new().recursive(true).mode(0o700).create(&config.data)?;
        backup::copy(&args.file, &to)?;
        File::open(&config.data)?.sync_all()?;
        writeln!(out, "restored to {}", to.display())?;
    }
    Ok(())
}

/// Where the sum of a file is kept, as `sha256sum --check` reads it.
fn sums_of(file: &Path) -> PathBuf {
    let mut sums = file.as_os_str().to_owned();
    sums.push(".sha256");
    sums.into()
}

fn name(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn sum(file: &Path) -> anyhow::Result<String> {
    let mut sum = Sha256::new();
    std::io::copy(&mut File::open(file)?, &mut Summed(&mut sum))?;
    Ok(sum.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")))
}

/// What is written to it is summed.
struct Summed<'a>(&'a mut Sha256);

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Opens a copy of it as the service would, with the keys that are set, and checks the record of what happened.
async fn opens(file: &Path, config: &Config) -> anyhow::Result<String> {
    let folder = Folder::new("restore", Some(&std::env::temp_dir().display().to_string()), 0)?;
    let mut there = config.clone();
    if let Some(keys) = start::key_ring_file(config) {
        ensure!(keys.exists(), "the master key file {} is not there: put it back first", keys.display());
        there.master_keys_file = keys.display().to_string();
    }
    there.data = folder.path().join("data");
    DirBuilder::new().mode(0o700).create(&there.data)?;
    backup::copy(file, &there.data.join("aftercare.db"))?;
    let app = start::open(there, Random::from_system()?, ServiceClock::default())
        .await
        .context("it does not open with these master keys")?;
    let version = schema::version(&mut app.store.peek().await?).await?;
    let checked = audit::check(&app, BTreeMap::new(), &mut std::io::stderr().lock()).await?;
    app.store.close();
    ensure!(checked.faults == 0, "the record of what happened is not whole");
    Ok(format!("whole: schema {version}, {} chains with {} events", checked.chains, checked.events))
}
