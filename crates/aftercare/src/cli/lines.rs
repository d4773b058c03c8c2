//! JSON lines from standard input to standard output, one answer a line.

use anyhow::{Context, bail};
use serde::{Serialize, de::DeserializeOwned};
use std::io::{BufRead, BufWriter, Write};

/// Answers every line. A line that cannot be answered is answered with `{"error": …}` that names
/// it, the others still are, and the command fails at the end.
pub(super) fn each<I: DeserializeOwned, O: Serialize>(
    mut answer: impl FnMut(I) -> anyhow::Result<O>,
) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut bad = 0;
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.context("standard input is not UTF-8 text")?;
        if line.trim().is_empty() {
            continue;
        }
        let result = serde_json::from_str(&line).map_err(anyhow::Error::from).and_then(&mut answer);
        match result {
            Ok(value) => serde_json::to_writer(&mut out, &value)?,
            Err(error) => {
                bad += 1;
                let error = format!("line {}: {error:#}", number + 1);
                serde_json::to_writer(&mut out, &serde_json::json!({ "error": error }))?;
            }
        }
        writeln!(out)?;
    }
    out.flush()?;
    if bad > 0 {
        bail!("{bad} line(s) could not be answered; each is answered with its error");
    }
    Ok(())
}
