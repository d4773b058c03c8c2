//! The running service: everything a handler or the engine needs, in one place.

use crate::{
    agenda::Hint,
    clock::ServiceClock,
    config::Config,
    delivery::{claim::Made, email::Mail, outward::Outward},
    http::problem::Problem,
    limits::{Decoy, Requests},
    metrics::Metrics,
    opened::OpenedKeys,
    random::Random,
    reader::Reader,
    token::TokenKeys,
};
use aftercare_core::{clock::Clock, id::UserId, instant::Instant};
use aftercare_seal::{
    bundle::Bundle,
    credential::Organisation,
    emergency::Recipient,
    password::{Kdf, PasswordKeys, derive},
    server::MasterKeys,
    webpush::PushKey,
};
use aftercare_store::Store;
use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{OnceCell, Semaphore};
use zeroize::Zeroizing;

/// Shared by all requests and the engine; cloning it shares it.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
    /// What was set.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<ServiceClock>,
    /// Whether the clock may be moved (profile `dev`).
    pub clock_moves: bool,
    /// Randomness and ids.
    pub random: Random,
    /// The server's master keys.
    pub master: MasterKeys,
    /// What signs tokens.
    pub tokens: TokenKeys,
    /// What sessions have opened.
    pub opened: OpenedKeys,
    /// Who reads notes.
    pub reader: Reader,
    /// Who can open notes in an emergency, where the operator has made such a recipient.
    pub emergency: Option<Recipient>,
    /// Whose word vouches for doctors' keys, where there is somebody.
    pub organisation: Option<Organisation>,
    /// The memory that passwords are hashed in, in KiB.
    pub hashing: Arc<Semaphore>,
    /// How many may be hashed or wait for it.
    pub hashing_queue: Arc<Semaphore>,
    /// Who is looked up for addresses without an account.
    pub decoy: Decoy,
    /// What is counted.
    pub metrics: Metrics,
    /// How much people have asked for in this minute.
    pub requests: Requests,
    /// Wakes the engine before its time.
    pub hint: Hint,
    /// What the engine has just made for the sender.
    pub made: Made,
    /// Wakes the sender before its time.
    pub messages: Hint,
    /// One round of the sender at a time in this process; the bucket it begins with, so that all have their turn.
    pub sending: tokio::sync::Mutex<i16>,
    /// Where mail goes.
    pub mail: Mail,
    /// What asks addresses that people give.
    pub outward: Outward,
    /// What messages to browsers are signed with, once one was sent.
    pub push_key: OnceCell<PushKey>,
    /// One round of the engine at a time in this process.
    pub round: tokio::sync::Mutex<()>,
    /// When a worker was last known to be alive.
    pub beaten: tokio::sync::Mutex<Option<Instant>>,
    /// Whether the process has been asked to end: what is begun is finished, and nothing new is.
    pub stopping: AtomicBool,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// From its parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The process has been asked to end.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Something that was written of a person may be the engine's to act on, or the sender's.
    pub fn stir(&self, person: UserId) {
        self.hint.give([person]);
        self.messages.give([person]);
    }

    /// Whether it has.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The present instant.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The keys of the recipient for emergencies, where there is one.
    pub fn emergency(&self) -> Option<&Bundle> {
        self.emergency.as_ref().map(|recipient| &recipient.bundle)
    }

    /// What new passwords cost.
    pub fn kdf(&self) -> Kdf {
        Kdf { m: self.config.password.memory_kib, t: self.config.password.passes, p: 1 }
    }

    /// Derives the keys of a password, on a thread of its own, no more at once than memory is set aside for; too
    /// many waiting are told to come back. What costs more than new passwords do is left to devices: whoever
    /// signs up there sets the cost.
    pub async fn derive(
        &self,
        password: Zeroizing<String>,
        email: String,
        salt: [u8; 16],
        kdf: Kdf,
    ) -> Result<PasswordKeys, Problem> {
        let (ours, aside) = (self.kdf(), self.config.password.hashing_kib());
        if kdf.m > ours.m.max(Kdf::DEFAULT.m) || kdf.t > ours.t.max(Kdf::DEFAULT.t) {
            return Err(Problem::too_costly());
        }
        let place = Arc::clone(&self.hashing_queue).try_acquire_owned();
        let place =
            place.map_err(|_| Problem::unavailable("too many passwords are waiting to be checked"))?;
        let memory = kdf.m.max(ours.m).min(aside);
        let turn = Arc::clone(&self.hashing).acquire_many_owned(memory).await.map_err(Problem::internal)?;
        let work = move || {
            // Both are given back when the work is done, though nobody wait for it any more.
            let _held = (place, turn);
            derive(&password, &email, &salt, kdf)
        };
        Ok(tokio::task::spawn_blocking(work).await.map_err(Problem::internal)??)
    }
}
