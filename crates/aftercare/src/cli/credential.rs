//! `aftercare credential`: an organisation's word for its doctors' keys. Its key is made and put together
//! away from the service, which never has it.

use super::{
    apart::{hand_out, shares, with_app},
    settings::Settings,
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    clock::ServiceClock,
    keyring::{History, raw},
    random::Random,
};
use aftercare_core::{clock::Clock, id::UserId, people::Role};
use aftercare_seal::{
    Bytes,
    bytes::encode,
    credential::{Credential, Organisation},
};
use aftercare_store::{account, credential};
use anyhow::{Context, ensure};
use serde::de::DeserializeOwned;
use std::{
    io::Write,
    path::{Path, PathBuf},
};
use uuid::Uuid;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make an organisation's key and its shares, on a machine apart. Write each share down for one person,
    /// and give the service the file (`organisation`).
    Create {
        /// The organisation, as people know it.
        #[arg(long)]
        name: String,
        /// So many shares sign.
        #[arg(long, default_value_t = 3)]
        threshold: u8,
        /// So many are made.
        #[arg(long, default_value_t = 5)]
        shares: u8,
        /// Where what everybody may know of it goes.
        #[arg(long)]
        out: PathBuf,
    },
    /// Print what is to be signed for a doctor: their id, the name they gave, the id of their keys. Compare
    /// the keys with the doctor in person.
    Ask {
        /// The doctor's id.
        doctor: UserId,
        #[command(flatten)]
        settings: Settings,
    },
    /// Sign it, on a machine apart: shares on standard input, one a line.
    Sign {
        /// What `create` wrote.
        #[arg(long)]
        organisation: PathBuf,
        /// What `ask` printed.
        #[arg(long)]
        request: PathBuf,
        /// So many days it is good.
        #[arg(long, default_value_t = 365)]
        days: u64,
    },
    /// Make a signed credential known: patients' devices that know the organisation ask for it.
    Put {
        /// What `sign` printed.
        file: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Create { name, threshold, shares, out } => create(name, *threshold, *shares, out),
        Command::Ask { doctor, settings } => with_app(settings, async |app| ask(app, *doctor).await),
        Command::Sign { organisation, request, days } => sign(organisation, request, *days),
        Command::Put { file, settings } => {
            let said = read(file)?;
            with_app(settings, async |app| put(app, said).await)
        }
    }
}

fn read<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let read = || anyhow::Ok(serde_json::from_str(&std::fs::read_to_string(file)?)?);
    read().with_context(|| format!("{}", file.display()))
}

fn seconds() -> u64 {
    u64::try_from(ServiceClock::default().now().as_secs()).unwrap_or(0)
}

fn create(name: &str, threshold: u8, shares: u8, out: &Path) -> anyhow::Result<()> {
    let random = Random::from_system()?;
    let (organisation, texts) = Organisation::make(name, threshold, shares, &mut random.rng())?;
    let known_as = encode(&organisation.sign_pk.0);
    hand_out(out, &organisation, &texts, (threshold, "sign"), &known_as)
}

async fn ask(app: &App, doctor: UserId) -> anyhow::Result<()> {
    let mut tx = app.store.read().await?;
    let person = account::get(&mut tx, doctor).await?.filter(|person| person.role == Role::Doctor);
    let person =
        person.with_context(|| format!("no doctor {doctor}; list them with `aftercare user list`"))?;
    let kid = History::load(&mut tx, doctor).await?.current().kid();
    let asked = Credential {
        user_id: raw(doctor),
        kid,
        name: person.name,
        issued_at: 0,
        expires_at: 0,
        sig: Bytes([0; 64]),
    };
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&asked)?)?;
    Ok(())
}

fn sign(organisation: &Path, request: &Path, days: u64) -> anyhow::Result<()> {
    let (organisation, asked): (Organisation, Credential) = (read(organisation)?, read(request)?);
    let shares = shares()?;
    let issued_at = seconds();
    let expires_at = issued_at + days.saturating_mul(86_400);
    let signed = organisation.open(shares.iter().map(|share| share.as_str()))?.sign(Credential {
        issued_at,
        expires_at,
        ..asked
    });
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&signed)?)?;
    Ok(())
}

async fn put(app: &App, said: Credential) -> anyhow::Result<()> {
    let organisation = app.organisation.as_ref();
    let organisation = organisation
        .context("this service has no organisation: set `organisation` to what `create` wrote")?;
    said.verify(&organisation.sign_pk, seconds())
        .with_context(|| format!("not a credential of {} that holds today", organisation.name))?;
    let doctor = UserId(Uuid::from_bytes(said.user_id.0));
    let mut tx = app.store.write().await?;
    let history = History::load(&mut tx, doctor).await;
    let known = history.is_ok_and(|history| history.follows_from(&said.kid));
    ensure!(known, "the keys are not those of {doctor}: print them anew with `aftercare credential ask`");
    credential::put(&mut tx, doctor, &serde_json::to_vec(&said)?).await?;
    let detail = serde_json::json!({ "expires_at": said.expires_at });
    audit::record(app, &mut tx, Event::own(doctor, Action::Credentialed).anonymous().with(detail)).await?;
    tx.commit().await?;
    Ok(())
}
