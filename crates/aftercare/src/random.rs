//! Where randomness comes from: one seeded generator, from which each use takes its own.

use aftercare_core::instant::Instant;
use rand::{Rng, SeedableRng, TryRng, rngs::StdRng, rngs::SysRng};
use std::sync::{Mutex, PoisonError};
use uuid::{Builder, Uuid};

/// A source of randomness and ids. A cryptographic generator, seeded by the operating system, or
/// by a number in tests.
#[derive(Debug)]
pub struct Random(Mutex<StdRng>);

impl Random {
    /// Seeded by the operating system.
    pub fn from_system() -> anyhow::Result<Self> {
        let mut seed = [0; 32];
        SysRng.try_fill_bytes(&mut seed)?;
        Ok(Self(Mutex::new(StdRng::from_seed(seed))))
    }

    /// The same for the same number: for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// A generator of one's own.
    pub fn rng(&self) -> StdRng {
        let mut seed = [0; 32];
        // A poisoned lock holds a good generator still.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut seed);
        StdRng::from_seed(seed)
    }

    /// A fresh `UUIDv7` (RFC 9562).
    pub fn id<T: From<Uuid>>(&self, now: Instant) -> T {
        let mut bytes = [0; 10];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        id_from(now, &bytes)
    }
}

/// A `UUIDv7` of given random bytes.
pub fn id_from<T: From<Uuid>>(now: Instant, bytes: &[u8; 10]) -> T {
    let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, bytes).into_uuid().into()
}
