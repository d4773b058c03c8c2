//! The running service: everything a handler or the engine needs, in one place.

use crate::{clock::ServiceClock, config::Config, random::Random, reader::Reader, token::TokenKeys};
use aftercare_core::{clock::Clock, instant::Instant};
use aftercare_seal::{
    SealError,
    password::{Kdf, PasswordKeys, derive},
    server::MasterKeys,
};
use aftercare_store::Store;
use std::{ops::Deref, sync::Arc};
use tokio::sync::{Notify, Semaphore};
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
    /// Who reads notes.
    pub reader: Reader,
    /// How many passwords are hashed at once.
    pub hashing: Arc<Semaphore>,
    /// Wakes the engine before its time.
    pub hint: Notify,
    /// One round of the engine at a time in this process.
    pub round: tokio::sync::Mutex<()>,
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

    /// The present instant.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// What new passwords cost.
    pub fn kdf(&self) -> Kdf {
        Kdf { m: self.config.password.memory_kib, t: self.config.password.passes, p: 1 }
    }

    /// Derives the keys of a password, on a thread of its own, no more at once than memory is
    /// set aside for.
    pub async fn derive(
        &self,
        password: Zeroizing<String>,
        email: String,
        salt: [u8; 16],
        kdf: Kdf,
    ) -> Result<PasswordKeys, SealError> {
        // The semaphore is never closed and the closure never panics.
        let _permit = Arc::clone(&self.hashing).acquire_owned().await.map_err(|_| SealError::Parameters)?;
        tokio::task::spawn_blocking(move || derive(&password, &email, &salt, kdf))
            .await
            .map_err(|_| SealError::Parameters)?
    }
}
