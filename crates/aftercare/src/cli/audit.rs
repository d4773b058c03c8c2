//! `aftercare audit`: whether the record of what happened is whole.

use super::{block_on, settings::Settings};
use crate::{app::App, audit, clock::ServiceClock, random::Random, start};
use aftercare_core::id::{Bucket, UserId};
use aftercare_seal::bytes;
use aftercare_store::audit as rows;
use anyhow::{Context, bail};
use std::{collections::BTreeMap, io::Write, path::PathBuf};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Check every chain: nothing was changed, moved, removed or added by another.
    Verify {
        /// Heads printed before, kept elsewhere: each chain must still hold them.
        #[arg(long)]
        heads: Option<PathBuf>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print the head of every chain, one a line, to be kept elsewhere.
    Heads(Settings),
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    let (settings, known) = match command {
        Command::Verify { heads, settings } => (settings, heads.as_ref()),
        Command::Heads(settings) => (settings, None),
    };
    let known = known.map(std::fs::read_to_string).transpose().context("--heads")?.unwrap_or_default();
    let config = settings.load()?;
    block_on(&config.clone(), async {
        // Looks into what is there: makes neither a database nor a key.
        start::existing_store(&config).await?.close();
        let app = start::open(config, Random::from_system()?, ServiceClock::default()).await?;
        let mut out = std::io::stdout().lock();
        let known = parse(&known)?;
        if matches!(command, Command::Heads(_)) {
            for bucket in 0..Bucket::COUNT {
                for head in rows::heads(&mut app.store.read().await?, bucket).await? {
                    writeln!(out, "{} {} {}", head.subject_id, head.seq, bytes::encode(&head.hash))?;
                }
            }
        } else {
            let Checked { chains, events, faults } = check(&app, known, &mut out).await?;
            writeln!(out, "{chains} chains, {events} events, {faults} faults")?;
            if faults > 0 {
                bail!("the record is not whole");
            }
        }
        app.store.close();
        Ok(())
    })
}

/// What was checked.
pub(super) struct Checked {
    pub(super) chains: u64,
    pub(super) events: i64,
    pub(super) faults: u64,
}

/// Heads that were kept elsewhere.
type Heads = BTreeMap<UserId, (i64, Vec<u8>)>;

/// Checks every chain, and that those of which a head was kept still hold it; says what is wrong.
pub(super) async fn check(app: &App, mut known: Heads, out: &mut impl Write) -> anyhow::Result<Checked> {
    let mut checked = Checked { chains: 0, events: 0, faults: 0 };
    for bucket in 0..Bucket::COUNT {
        let mut tx = app.store.read().await?;
        let heads = rows::heads(&mut tx, bucket).await?;
        let mut heads: BTreeMap<_, _> = heads.into_iter().map(|head| (head.subject_id, Some(head))).collect();
        for (subject, _) in rows::subjects(&mut tx, bucket).await? {
            heads.entry(subject).or_default();
        }
        for (subject, head) in heads {
            checked.chains += 1;
            let found = audit::verify(&mut tx, &app.master, subject, head.as_ref()).await?;
            let kept = match known.remove(&subject) {
                Some((seq, hash)) => {
                    let rows = rows::oldest(&mut tx, subject, seq - 1, 1).await?;
                    rows.first().is_some_and(|row| row.hash == hash)
                }
                None => true,
            };
            match found {
                Ok(_) if !kept => {
                    checked.faults += 1;
                    writeln!(out, "{subject}: does not hold the head that was kept")?;
                }
                Ok(rows) => checked.events += rows,
                Err(fault) => {
                    checked.faults += 1;
                    writeln!(out, "{subject}: {fault}")?;
                }
            }
        }
    }
    for subject in known.keys() {
        checked.faults += 1;
        writeln!(out, "{subject}: the whole chain is gone")?;
    }
    Ok(checked)
}

/// Heads as `aftercare audit heads` prints them.
fn parse(text: &str) -> anyhow::Result<Heads> {
    let parse = |line: &str| {
        let mut parts = line.split_whitespace();
        let (id, seq, hash) = (parts.next()?, parts.next()?, parts.next()?);
        Some((id.parse().ok()?, (seq.parse().ok()?, bytes::decode(hash)?)))
    };
    text.lines().map(|line| parse(line).with_context(|| format!("not a head: {line}"))).collect()
}
