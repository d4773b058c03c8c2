//! From a configuration to a running service.

use crate::{
    agenda::Hint,
    app::{App, Parts},
    clock::ServiceClock,
    config::{Config, Profile},
    delivery::{claim::Made, email::Mail, outward::Outward},
    limits::{Decoy, Requests},
    metrics::Metrics,
    opened::OpenedKeys,
    random::Random,
    reader::Reader,
    token::TokenKeys,
};
use aftercare_seal::{Bytes, Secret, credential::Organisation, emergency::Recipient, server::MasterKeys};
use aftercare_store::{Store, durability, service};
use anyhow::{Context, bail, ensure};
use std::{
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};
use tokio::sync::{Mutex, OnceCell, Semaphore};
use zeroize::Zeroizing;

/// Opens the database a configuration names, as it is.
pub async fn unmigrated(config: &Config) -> anyhow::Result<Store> {
    if config.database_url.is_set() {
        Store::postgres(config.database_url.expose())
            .await
            .context("cannot open the database at database_url")
    } else {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.data)
            .with_context(|| format!("cannot make the data folder {}", config.data.display()))?;
        let file = config.data.join("aftercare.db");
        Store::sqlite(&file).with_context(|| format!("cannot open {}", file.display()))
    }
}

/// The same, brought up to this version's schema.
pub async fn store(config: &Config) -> anyhow::Result<Store> {
    migrated(config, None).await
}

/// The same; a new PostgreSQL with its tables in so many parts, where some are wanted.
pub async fn migrated(config: &Config, parts: Option<u32>) -> anyhow::Result<Store> {
    let store = unmigrated(config).await?;
    if config.ha_required {
        let missing = durability::missing(&mut store.peek().await?).await?;
        ensure!(missing.is_empty(), "ha_required, but {}", missing.join("; "));
    }
    store.migrate_in(parts).await?;
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

/// The recipient for emergencies, as `aftercare break-glass create` wrote it.
fn emergency(config: &Config) -> anyhow::Result<Option<Recipient>> {
    let file = &config.emergency_recipient;
    if file.is_empty() {
        return Ok(None);
    }
    let read = || -> anyhow::Result<Recipient> {
        let recipient: Recipient = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        recipient.bundle.verify()?;
        Ok(recipient)
    };
    read().with_context(|| format!("emergency_recipient: {file}")).map(Some)
}

/// Whose word for doctors' keys is passed on, as `aftercare credential create` wrote it.
fn organisation(config: &Config) -> anyhow::Result<Option<Organisation>> {
    let file = &config.organisation;
    if file.is_empty() {
        return Ok(None);
    }
    let read = || anyhow::Ok(serde_json::from_str(&std::fs::read_to_string(file)?)?);
    read().with_context(|| format!("organisation: {file}")).map(Some)
}

/// Opens a service.
pub async fn open(config: Config, random: Random, clock: ServiceClock) -> anyhow::Result<App> {
    Ok(App::new(parts(config, random, clock).await?))
}

/// Opens everything a service needs.
pub async fn parts(config: Config, random: Random, clock: ServiceClock) -> anyhow::Result<Parts> {
    let store = store(&config).await?;
    let mut tx = store.read().await?;
    let used_before = !service::signing_keys(&mut tx).await?.is_empty();
    let moved = service::moved(&mut tx).await?;
    drop(tx);
    let master = master_keys(&config, &random, used_before)?;
    let master = with_lookup(master, &store, &random, used_before).await?;
    let clock_moves = config.profile == Profile::Dev;
    if clock_moves {
        clock.advance(moved);
    }
    let tokens = TokenKeys::load(&store, &master, &random, clock.wall(), config.issuer()).await?;
    Ok(Parts {
        reader: Reader::new(&config)?,
        emergency: emergency(&config)?,
        organisation: organisation(&config)?,
        hashing: Arc::new(Semaphore::new(config.password.hashing_kib() as usize)),
        hashing_queue: Arc::new(Semaphore::new(32 * config.password.at_once)),
        store,
        clock: Arc::new(clock),
        clock_moves,
        random,
        master,
        tokens,
        opened: OpenedKeys::default(),
        decoy: Decoy::default(),
        metrics: Metrics::default(),
        requests: Requests::default(),
        hint: Hint::default(),
        made: Made::default(),
        messages: Hint::default(),
        sending: Mutex::new(0),
        mail: Mail::new(&config)?,
        outward: Outward::new(config.asks_inside())?,
        push_key: OnceCell::new(),
        config,
        round: Mutex::new(()),
        beaten: Mutex::new(None),
        stopping: AtomicBool::new(false),
    })
}

/// Where the master keys are read from: the file that was named, or the one beside the data folder;
/// `None` where they were given themselves.
pub fn key_ring_file(config: &Config) -> Option<PathBuf> {
    match (config.master_keys.is_set(), config.master_keys_file.as_str()) {
        (_, file) if !file.is_empty() => Some(file.into()),
        (true, _) => None,
        (false, _) => Some(config.key_file()),
    }
}

/// The master keys: given, or out of their file, which is made at the first start.
fn master_keys(config: &Config, random: &Random, used_before: bool) -> anyhow::Result<MasterKeys> {
    let Some(file) = key_ring_file(config) else {
        return MasterKeys::parse(config.master_keys.expose())
            .context("master_keys: must be such as k1:<32 bytes in base64url>");
    };
    if file.exists() {
        let text = read_private(&file).with_context(|| format!("{}", file.display()))?;
        let keys = MasterKeys::parse(&text)
            .with_context(|| format!("{} is not a master key file", file.display()))?;
        return Ok(keys.with_source(move || read_private(&file).ok()));
    }
    if used_before {
        bail!(
            "the master key file {} is gone; without it this database opens nothing. Put it back, or set AFTERCARE_MASTER_KEYS_FILE",
            file.display()
        );
    }
    let keys = MasterKeys::generate(&mut random.rng());
    write_private(&file, keys.text().as_bytes())
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(keys.with_source(move || read_private(&file).ok()))
}

fn read_private(file: &Path) -> std::io::Result<Zeroizing<String>> {
    std::fs::read_to_string(file).map(Zeroizing::new)
}

/// Puts another ring in the place of a file's, as a whole or not at all.
pub fn replace_key_ring(file: &Path, keys: &MasterKeys) -> anyhow::Result<()> {
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    write_private(&new, keys.text().as_bytes()).with_context(|| format!("cannot write {}", new.display()))?;
    std::fs::rename(&new, file).with_context(|| format!("cannot replace {}", file.display()))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(std::fs::File::open(folder)?.sync_all()?)
}

/// The master keys with the secret that what is looked up is under: made once, for a database of before
/// out of its oldest key.
async fn with_lookup(
    master: MasterKeys,
    store: &Store,
    random: &Random,
    used_before: bool,
) -> anyhow::Result<MasterKeys> {
    const HERE: (&str, &[u8]) = ("service_secret", b"lookup");
    let nil = Bytes([0; 16]);
    let mut tx = store.write().await?;
    service::lock_signing_keys(&mut tx).await?;
    let secret = if let Some(sealed) = service::lookup_secret(&mut tx).await? {
        let opened = master.open_column(HERE.0, nil, HERE.1, &sealed).map_err(|_| {
            anyhow::anyhow!("the master key does not open this database: give the one it was made with")
        })?;
        Secret::new(opened.as_slice().try_into()?)
    } else {
        let mut rng = random.rng();
        let secret = if used_before { master.lookup_of_before() } else { Secret::random(&mut rng) };
        let sealed = master.seal_column(HERE.0, nil, HERE.1, secret.expose(), &mut rng);
        service::set_lookup_secret(&mut tx, &sealed).await?;
        secret
    };
    tx.commit().await?;
    Ok(master.with_lookup(secret))
}

/// Writes a new file that only its owner reads, and has it on disk before going on.
fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}
