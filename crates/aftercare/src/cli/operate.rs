//! Commands for those who run the service: configuration, schema, users, what lies in the tables.

use super::{block_on, settings::Settings};
use crate::{
    app::App,
    audit::{self, Action, Event},
    clock::ServiceClock,
    config::{Config, DEFAULTS},
    http,
    keyring::{allow_reset, raw},
    limits, operator,
    provider::Provider,
    random::Random,
    start,
};
use aftercare_core::id::{NoteId, UserId};
use aftercare_store::{Tx, account, directory, inspect, login_attempt, passkey, schema, session, totp};
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
    /// Remove one-time codes and passkeys of somebody who has lost them. Make sure who asks.
    ResetFactors(Who),
    /// Print a one-time code for somebody who has lost password and recovery code: with it they make new
    /// keys within 24 hours. Make sure who asks, and hand it to nobody else.
    ResetKeys(Who),
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum OperatorCommand {
    /// Print a link that opens them, once and within the hour: approve doctors, test mail and model, see how it stands.
    Link(Settings),
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

#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    settings: Settings,
    /// For a new PostgreSQL that is to hold a country: tables of people's rows lie in so many parts, by bucket.
    #[arg(long, value_name = "N")]
    parts: Option<u32>,
}

pub(super) fn migrate(args: &Migrate) -> anyhow::Result<()> {
    let config = args.settings.load()?;
    block_on(&config.clone(), async {
        let store = start::migrated(&config, args.parts).await?;
        let version = schema::version(&mut store.read().await?).await?;
        writeln!(std::io::stdout(), "schema {version} on {}", store.engine_name())?;
        store.close();
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
        UserCommand::ResetFactors(who) => reset_factors(who),
        UserCommand::ResetKeys(who) => reset_keys(who),
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

/// Changes something about an account, and puts it into its record.
async fn set<F: AsyncFnOnce(&App, &mut Tx) -> anyhow::Result<()>>(
    who: &Who,
    config: Config,
    what: &str,
    change: F,
) -> anyhow::Result<()> {
    // Looks into what is there: makes neither a database nor a key.
    start::existing_store(&config).await?.close();
    let app = start::open(config, Random::from_system()?, ServiceClock::default()).await?;
    let mut tx = app.store.write().await?;
    change(&app, &mut tx).await?;
    let by = ["SUDO_USER", "USER"].into_iter().find_map(|name| std::env::var(name).ok());
    let detail = serde_json::json!({ "state": what, "by": by });
    let event = Event::own(who.id, Action::StateSet).anonymous().with(detail);
    audit::record(&app, &mut tx, event).await?;
    tx.commit().await?;
    app.store.close();
    writeln!(std::io::stdout(), "{} is {what}", who.id)?;
    Ok(())
}

fn no_account(who: &Who) -> anyhow::Error {
    anyhow::anyhow!("no account {}; list them with `aftercare user list`", who.id)
}

fn set_open(who: &Who, open: bool) -> anyhow::Result<()> {
    let config = who.settings.load()?;
    let what = if open { "open" } else { "closed" };
    block_on(
        &config.clone(),
        set(who, config, what, async |app, tx| {
            if !account::set_open(tx, who.id, open).await? {
                return Err(no_account(who));
            }
            if !open {
                session::delete_others(tx, who.id, None).await?;
            }
            // A closed doctor is not to be found; where doctors are approved, one that is opened waits again.
            directory::list(tx, who.id, open && !app.config.approves_doctors()).await?;
            Ok(())
        }),
    )
}

fn approve(who: &Who) -> anyhow::Result<()> {
    let config = who.settings.load()?;
    block_on(
        &config.clone(),
        set(who, config, "approved", async |_, tx| {
            if directory::list(tx, who.id, true).await? { Ok(()) } else { Err(no_account(who)) }
        }),
    )
}

fn unlock(who: &Who) -> anyhow::Result<()> {
    let config = who.settings.load()?;
    block_on(
        &config.clone(),
        set(who, config, "unlocked", async |app, tx| {
            let person = account::get(tx, who.id).await?.ok_or_else(|| no_account(who))?;
            let email = app.master.open_column("person", raw(who.id), b"email", &person.email)?;
            let email = zeroize::Zeroizing::new(String::from_utf8(email.to_vec())?);
            Ok(limits::clear_failures(app, tx, app.master.email_index(&email).0).await?)
        }),
    )
}

fn reset_factors(who: &Who) -> anyhow::Result<()> {
    let config = who.settings.load()?;
    block_on(
        &config.clone(),
        set(who, config, "without a second factor", async |app, tx| {
            account::get(tx, who.id).await?.ok_or_else(|| no_account(who))?;
            let codes = totp::delete(tx, who.id).await?;
            if passkey::delete_all(tx, who.id).await? == 0 && !codes {
                bail!("{} has no second factor", who.id);
            }
            session::delete_others(tx, who.id, None).await?;
            login_attempt::delete_of(tx, who.id).await?;
            let removed = Event::own(who.id, Action::FactorRemoved).anonymous().with("all");
            Ok(audit::record(app, tx, removed).await?)
        }),
    )
}

fn reset_keys(who: &Who) -> anyhow::Result<()> {
    let config = who.settings.load()?;
    block_on(
        &config.clone(),
        set(who, config, "given leave to make new keys", async |app, tx| {
            account::get(tx, who.id).await?.ok_or_else(|| no_account(who))?;
            let code = allow_reset(app, tx, who.id).await?;
            Ok(writeln!(std::io::stdout(), "{}", *code.text())?)
        }),
    )
}

pub(super) fn operator_link(settings: &Settings) -> anyhow::Result<()> {
    let config = settings.load()?;
    block_on(&config.clone(), async {
        start::existing_store(&config).await?.close();
        let app = start::open(config, Random::from_system()?, ServiceClock::default()).await?;
        let link = operator::link(&app).await?;
        app.store.close();
        Ok(writeln!(std::io::stdout(), "{link}")?)
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
