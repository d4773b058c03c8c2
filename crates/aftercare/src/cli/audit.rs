//! `aftercare audit`: whether the record of what happened is whole.

use super::{block_on, settings::Settings};
use crate::{audit, clock::ServiceClock, random::Random, start};
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
        start::existing_store(&config).await?.close().await;
        let app = start::open(config, Random::from_system()?, ServiceClock::default()).await?;
        let mut out = std::io::stdout().lock();
        let (mut chains, mut events, mut faults) = (0_u64, 0_i64, 0_u64);
        let mut known = parse(&known)?;
        for bucket in 0..Bucket::COUNT {
            let mut tx = app.store.read().await?;
            let heads = rows::heads(&mut tx, bucket).await?;
            if matches!(command, Command::Heads(_)) {
                for head in heads {
                    writeln!(out, "{} {} {}", head.subject_id, head.seq, bytes::encode(&head.hash))?;
                }
                continue;
            }
            let mut heads: BTreeMap<_, _> =
                heads.into_iter().map(|head| (head.subject_id, Some(head))).collect();
            for (subject, _) in rows::subjects(&mut tx, bucket).await? {
                heads.entry(subject).or_default();
            }
            for (subject, head) in heads {
                chains += 1;
                let checked = audit::verify(&mut tx, &app.master, subject, head.as_ref()).await?;
                let kept = match known.remove(&subject) {
                    Some((seq, hash)) => rows::oldest(&mut tx, subject, seq - 1, 1)
                        .await?
                        .first()
                        .is_some_and(|row| row.hash == hash),
                    None => true,
                };
                match checked {
                    Ok(_) if !kept => {
                        faults += 1;
                        writeln!(out, "{subject}: does not hold the head that was kept")?;
                    }
                    Ok(rows) => events += rows,
                    Err(fault) => {
                        faults += 1;
                        writeln!(out, "{subject}: {fault}")?;
                    }
                }
            }
        }
        for subject in known.keys() {
            faults += 1;
            writeln!(out, "{subject}: the whole chain is gone")?;
        }
        app.store.close().await;
        if let Command::Verify { .. } = command {
            writeln!(out, "{chains} chains, {events} events, {faults} faults")?;
            if faults > 0 {
                bail!("the record is not whole");
            }
        }
        Ok(())
    })
}

/// Heads as `aftercare audit heads` prints them.
fn parse(text: &str) -> anyhow::Result<BTreeMap<UserId, (i64, Vec<u8>)>> {
    let parse = |line: &str| {
        let mut parts = line.split_whitespace();
        let (id, seq, hash) = (parts.next()?, parts.next()?, parts.next()?);
        Some((id.parse().ok()?, (seq.parse().ok()?, bytes::decode(hash)?)))
    };
    text.lines().map(|line| parse(line).with_context(|| format!("not a head: {line}"))).collect()
}
