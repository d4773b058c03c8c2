//! `aftercare break-glass`: the recipient for emergencies. Its key is made and put together away from the
//! service, which never has it.

use super::{
    apart::{hand_out, shares, with_app},
    settings::Settings,
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    clock::ServiceClock,
    keyring::People,
    notebook::OpenNote,
    random::Random,
};
use aftercare_core::{clock::Clock, id::UserId};
use aftercare_seal::{bundle::Bundle, emergency::Recipient, envelope::Envelope, reader::open_key};
use aftercare_store::{bundle, envelope, note};
use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a recipient and its shares, on a machine apart. Write each share down for one person, and
    /// give the service the file (`emergency_recipient`).
    Create {
        /// So many shares open.
        #[arg(long, default_value_t = 3)]
        threshold: u8,
        /// So many are made.
        #[arg(long, default_value_t = 5)]
        shares: u8,
        /// Where what everybody may know of it goes.
        #[arg(long)]
        out: PathBuf,
    },
    /// Take a patient's notes out (all but drafts), still sealed. It is put on the patient's record, who sees it.
    Take {
        /// The patient's id.
        patient: UserId,
        /// What this case is filed under: letters, digits and dashes, no word of health.
        #[arg(long)]
        reference: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Open notes that were taken out, on a machine apart: shares on standard input, one a line.
    Open {
        /// What `create` wrote.
        #[arg(long)]
        recipient: PathBuf,
        /// What `take` printed.
        #[arg(long)]
        notes: PathBuf,
    },
}

/// A sealed note with what its author's signature is checked by.
#[derive(Serialize, Deserialize)]
struct Taken {
    envelope: Envelope,
    author: Bundle,
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Create { threshold, shares, out } => create(*threshold, *shares, out),
        Command::Take { patient, reference, settings } => {
            with_app(settings, async |app| take(app, *patient, reference).await)
        }
        Command::Open { recipient, notes } => open(recipient, notes),
    }
}

fn create(threshold: u8, shares: u8, out: &Path) -> anyhow::Result<()> {
    let random = Random::from_system()?;
    let id: UserId = random.id(ServiceClock::default().now());
    let (recipient, texts) = Recipient::make(crate::keyring::raw(id), threshold, shares, &mut random.rng())?;
    let known_as = aftercare_seal::bytes::encode(&recipient.bundle.kid().0);
    hand_out(out, &recipient, &texts, (threshold, "open"), &known_as)
}

async fn take(app: &App, patient: UserId, reference: &str) -> anyhow::Result<()> {
    let plain = reference.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    ensure!(plain && (1..=40).contains(&reference.len()), "--reference: 1 to 40 letters, digits and dashes");
    let mut tx = app.store.write().await?;
    // A closed account too.
    if bundle::of(&mut tx, patient).await?.answer(&mut tx).await?.is_empty() {
        bail!("no account {patient}; list them with `aftercare user list`");
    }
    let notes = note::list(&mut tx, patient, None, false, None, i64::MAX).await?;
    let people = People::load(&mut tx, &notes.iter().map(|note| note.doctor_id).collect::<Vec<_>>()).await?;
    let mut taken = Vec::new();
    for note in notes {
        let Some(body) = envelope::newest(&mut tx, patient, note.id).await? else { continue };
        let read = serde_json::from_slice::<Envelope>(&body).map_err(anyhow::Error::from);
        let both = read.and_then(|envelope| {
            let author = people.author(&envelope)?.clone();
            Ok(Taken { envelope, author })
        });
        match both {
            Ok(both) => taken.push(both),
            // One that is damaged keeps nobody from the others.
            Err(error) => writeln!(std::io::stderr(), "note {}: {error}", note.id)?,
        }
    }
    // On record before anything is out.
    let by = ["SUDO_USER", "USER"].into_iter().find_map(|name| std::env::var(name).ok());
    let detail = serde_json::json!({ "reference": reference, "notes": taken.len(), "by": by });
    let event = Event::own(patient, Action::EmergencyAccess).anonymous().with(detail);
    audit::record(app, &mut tx, event).await?;
    tx.commit().await?;
    let mut out = std::io::stdout().lock();
    for taken in &taken {
        writeln!(out, "{}", serde_json::to_string(taken)?)?;
    }
    Ok(())
}

fn open(recipient: &PathBuf, notes: &PathBuf) -> anyhow::Result<()> {
    let read = |file: &PathBuf| std::fs::read_to_string(file).with_context(|| format!("{}", file.display()));
    let recipient: Recipient = serde_json::from_str(&read(recipient)?)?;
    let shares = shares()?;
    let keys = recipient.open(shares.iter().map(|share| share.as_str()))?.keys(recipient.bundle.user_id);
    let mut out = std::io::stdout().lock();
    for line in read(notes)?.lines() {
        let Taken { envelope, author } = serde_json::from_str(line)?;
        let id = uuid::Uuid::from_bytes(envelope.note_id.0);
        let line = match open_key(&envelope, &[], &author, &keys, &recipient.bundle) {
            Ok(key) => {
                let words = OpenNote::read(&envelope, key)?;
                serde_json::json!({ "note_id": id, "created_at": envelope.created_at, "text": words.text })
            }
            // Written before there was such a recipient.
            Err(error) => serde_json::json!({ "note_id": id, "error": error.to_string() }),
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}
