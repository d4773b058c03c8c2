//! Commands for those who run the service: configuration, schema, users, what lies in the tables.

use super::{block_on, settings::Settings};
use crate::{
    audit::{self, Action, Event},
    clock::ServiceClock,
    config::DEFAULTS,
    http,
    keyring::raw,
    limits,
    provider::Provider,
    random::Random,
    start,
};
use aftercare_core::id::{NoteId, UserId};
use aftercare_store::{account, directory, inspect, schema, session};
use anyhow::bail;
use std::io::Write;

#[derive(Debug, clap::Subcommand)]
pub(super) enum ConfigCommand {
    /// Print what holds, secrets masked, or say what is wrong.
    Check(Settings),
    /// Print every setting with its default.
    Defaults,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum UserCommand {
    /// List all accounts.
    List(Output),
    /// Close an account: its sessions end, and nobody signs in to it. Nothing is removed.
    Disable(Who),
    /// Open a closed account again.
    Enable(Who),
    /// Let patients find a doctor, and the doctor write notes.
    Approve(Who),
    /// Let an account be signed in to again after 100 failures.
    Unlock(Who),
}

#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// The account's id.
    id: UserId,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum InspectCommand {
    /// The sealed form of a note.
    Note {
        /// Its id.
        id: NoteId,
        #[command(flatten)]
        settings: Settings,
    },
    /// The rows of a table as they lie in the database.
    Table {
        /// Its name.
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Output {
    #[command(flatten)]
    settings: Settings,
    /// JSON lines.
    #[arg(long)]
    json: bool,
}

pub(super) fn config(command: &ConfigCommand) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match command {
        ConfigCommand::Check(settings) => {
            let config = settings.load()?;
            writeln!(out, "{config:#?}")?;
            let provider = Provider::of(&config);
            writeln!(out, "notes are read by: {} ({})", provider.name(), provider.meaning())?;
            let masks = if provider.deidentifies(&config) { "masked" } else { "left as they are" };
            writeln!(out, "names and numbers in what is sent: {masks}")?;
        }
        ConfigCommand::Defaults => write!(out, "{DEFAULTS}")?,
    }
    Ok(())
}

pub(super) fn openapi() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string_pretty(&http::openapi())?)?;
    Ok(())
}

pub(super) fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let config = settings.load()?;
    block_on(&config.clone(), async {
        let store = start::store(&config).await?;
        let version = schema::version(&mut store.read().await?).await?;
        writeln!(std::io::stdout(), "schema {version} on {}", store.engine_name())?;
        store.close().await;
        Ok(())
    })
}

pub(super) fn user(command: &UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::List(output) => list(output),
        UserCommand::Disable(who) => set_open(who, false),
        UserCommand::Enable(who) => set_open(who, true),
        UserCommand::Approve(who) => approve(who),
        UserCommand::Unlock(who) => unlock(who),
    }
}

fn list(args: &Output) -> anyhow::Result<()> {
    let config = args.settings.load()?;
    block_on(&config.clone(), async {
        let store = start::existing_store(&config).await?;
        let people = account::list(&mut store.read().await?).await?;
        let mut out = std::io::stdout().lock();
        for (id, role, name, created_at) in people {
            if args.json {
                let line =
                    serde_json::json!({ "id": id, "role": role, "name": name, "created_at": created_at });
                writeln!(out, "{line}")?;
            } else {
                writeln!(out, "{id}  {:<8} {created_at}  {name}", format!("{role:?}").to_lowercase())?;
            }
        }
        Ok(())
    })
}

fn set_open(who: &Who, open: bool) -> anyhow::Result<()> {
    let config = who.settings.load()?;
    block_on(&config.clone(), async {
        let store = start::existing_store(&config).await?;
        let mut tx = store.write().await?;
        if !account::set_open(&mut tx, who.id, open).await? {
            bail!("no account {}; list them with `aftercare user list`", who.id);
        }
        if !open {
            session::delete_others(&mut tx, who.id, None).await?;
        }
        tx.commit().await?;
        writeln!(std::io::stdout(), "{} is {}", who.id, if open { "open" } else { "closed" })?;
        Ok(())
    })
}

fn approve(who: &Who) -> anyhow::Result<()> {
    let config = who.settings.load()?;
    block_on(&config.clone(), async {
        let app = start::open(config, Random::from_system()?, ServiceClock::default()).await?;
        let mut tx = app.store.write().await?;
        if !directory::list(&mut tx, who.id, true).await? {
            bail!("no doctor {}; list them with `aftercare user list`", who.id);
        }
        audit::record(&app, &mut tx, Event::own(who.id, Action::StateSet).anonymous().with("approved"))
            .await?;
        tx.commit().await?;
        writeln!(std::io::stdout(), "{} is approved", who.id)?;
        Ok(())
    })
}

fn unlock(who: &Who) -> anyhow::Result<()> {
    let config = who.settings.load()?;
    block_on(&config.clone(), async {
        let app = start::open(config, Random::from_system()?, ServiceClock::default()).await?;
        let mut tx = app.store.write().await?;
        let Some(person) = account::get(&mut tx, who.id).await? else {
            bail!("no account {}; list them with `aftercare user list`", who.id);
        };
        let email = app.master.open_column("person", raw(who.id), b"email", &person.email)?;
        let email = zeroize::Zeroizing::new(String::from_utf8(email.to_vec())?);
        limits::clear_failures(&app, &mut tx, app.master.email_index(&email).0).await?;
        audit::record(&app, &mut tx, Event::own(who.id, Action::StateSet).anonymous().with("unlocked"))
            .await?;
        tx.commit().await?;
        writeln!(std::io::stdout(), "{} can be signed in to again", who.id)?;
        Ok(())
    })
}

pub(super) fn inspect(command: &InspectCommand) -> anyhow::Result<()> {
    let settings = match command {
        InspectCommand::Note { settings, .. } | InspectCommand::Table { settings, .. } => settings,
    };
    let config = settings.load()?;
    block_on(&config.clone(), async {
        let store = start::existing_store(&config).await?;
        let mut tx = store.read().await?;
        let mut out = std::io::stdout().lock();
        match command {
            InspectCommand::Note { id, .. } => {
                let envelopes = inspect::envelopes(&mut tx, *id).await?;
                if envelopes.is_empty() {
                    bail!("no note {id}; list them with `aftercare inspect table note`");
                }
                for body in envelopes {
                    let envelope: serde_json::Value = serde_json::from_slice(&body)?;
                    writeln!(out, "{}", serde_json::to_string_pretty(&envelope)?)?;
                }
            }
            InspectCommand::Table { name, .. } => {
                let rows = inspect::table(&mut tx, name).await?;
                let Some(rows) = rows else {
                    bail!("no table {name}; there are: {}", inspect::tables(&mut tx).await?.join(", "));
                };
                for row in rows {
                    writeln!(out, "{row}")?;
                }
            }
        }
        Ok(())
    })
}
