//! What is made and put together on a machine apart: keys in shares with several people. And what then is done
//! with a service's own database.

use super::{block_on, settings::Settings};
use crate::{app::App, clock::ServiceClock, random::Random, start};
use anyhow::Context;
use serde::Serialize;
use std::{io::Write, path::Path};
use zeroize::Zeroizing;

/// Writes what everybody may know into a new file, and the shares on the screen, once. `does` is what enough of
/// them do; `known_as` is what devices are told.
pub(super) fn hand_out(
    out: &Path,
    public: &impl Serialize,
    texts: &[Zeroizing<String>],
    (threshold, does): (u8, &str),
    known_as: &str,
) -> anyhow::Result<()> {
    let mut file = std::fs::File::create_new(out).with_context(|| format!("{}", out.display()))?;
    writeln!(file, "{}", serde_json::to_string(public)?)?;
    let mut screen = std::io::stdout().lock();
    for text in texts {
        writeln!(screen, "{}", **text)?;
    }
    writeln!(
        std::io::stderr(),
        "{} shares, each for one person; any {threshold} of them {does}. They are shown once.\n{} is for the service; what devices know it by: {known_as}",
        texts.len(),
        out.display(),
    )?;
    Ok(())
}

/// Shares as people type them: one a line of standard input.
pub(super) fn shares() -> anyhow::Result<Vec<Zeroizing<String>>> {
    let typed = Zeroizing::new(std::io::read_to_string(std::io::stdin())?);
    let lines = typed.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(|line| Zeroizing::new(line.to_owned())).collect())
}

/// Works on a service's database that is there.
pub(super) fn with_app(
    settings: &Settings,
    work: impl AsyncFnOnce(&App) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let config = settings.load()?;
    block_on(&config.clone(), async {
        start::existing_store(&config).await?.close();
        let app = start::open(config, Random::from_system()?, ServiceClock::default()).await?;
        work(&app).await?;
        app.store.close();
        Ok(())
    })
}
