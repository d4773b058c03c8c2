//! From a configuration to a running service.

use crate::{
    app::{App, Parts},
    clock::ServiceClock,
    config::{Config, Profile},
    limits::Requests,
    random::Random,
    reader::Reader,
    token::TokenKeys,
};
use aftercare_seal::server::MasterKeys;
use aftercare_store::{Store, service};
use anyhow::{Context, bail};
use std::{
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
};
use tokio::sync::{Mutex, Notify, Semaphore};

/// Opens the database a configuration names, brought up to this version's schema.
pub async fn store(config: &Config) -> anyhow::Result<Store> {
    let store = if config.database_url.is_set() {
        Store::postgres(config.database_url.expose())
            .await
            .context("cannot open the database at database_url")?
    } else {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.data)
            .with_context(|| format!("cannot make the data folder {}", config.data.display()))?;
        let file = config.data.join("aftercare.db");
        Store::sqlite(&file).await.with_context(|| format!("cannot open {}", file.display()))?
    };
    store.migrate().await?;
    Ok(store)
}

/// The same for looking into: makes no database where there is none.
pub async fn existing_store(config: &Config) -> anyhow::Result<Store> {
    let file = config.data.join("aftercare.db");
    if !config.database_url.is_set() && !file.exists() {
        bail!("no database at {}; name its folder with --data", file.display());
    }
    store(config).await
}

/// Opens everything a service needs.
pub async fn open(config: Config, random: Random, clock: ServiceClock) -> anyhow::Result<App> {
    let store = store(&config).await?;
    let mut tx = store.read().await?;
    let used_before = !service::signing_keys(&mut tx).await?.is_empty();
    let moved = service::moved(&mut tx).await?;
    drop(tx);
    let master = master_keys(&config, &random, used_before)?;
    let clock_moves = config.profile == Profile::Dev;
    if clock_moves {
        clock.advance(moved);
    }
    let tokens = TokenKeys::load(&store, &master, &random, clock.wall(), config.issuer()).await?;
    Ok(App::new(Parts {
        reader: Reader::new(&config)?,
        hashing: Arc::new(Semaphore::new(config.password.at_once)),
        hashing_queue: Arc::new(Semaphore::new(32 * config.password.at_once)),
        config,
        store,
        clock: Arc::new(clock),
        clock_moves,
        random,
        master,
        tokens,
        requests: Requests::default(),
        hint: Notify::new(),
        round: Mutex::new(()),
    }))
}

/// The master keys: given, or out of the file beside the data folder, which is made at the first
/// start.
fn master_keys(config: &Config, random: &Random, used_before: bool) -> anyhow::Result<MasterKeys> {
    if config.master_keys.is_set() {
        return MasterKeys::parse(config.master_keys.expose())
            .context("master_keys: must be such as k1:<32 bytes in base64url>");
    }
    let file = config.key_file();
    if file.exists() {
        let text = zeroize::Zeroizing::new(
            std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?,
        );
        return MasterKeys::parse(&text)
            .with_context(|| format!("{} is not a master key file", file.display()));
    }
    if used_before {
        bail!(
            "the master key file {} is gone; without it this database opens nothing. Put it back, or set AFTERCARE_MASTER_KEYS_FILE",
            file.display()
        );
    }
    let (keys, text) = MasterKeys::generate(&mut random.rng());
    write_private(&file, text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(keys)
}

/// Writes a new file that only its owner reads, and has it on disk before going on.
fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}
