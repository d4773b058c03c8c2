//! Where randomness comes from: one seeded generator, from which each use takes its own.

use aftercare_core::instant::Instant;
use rand::{Rng, SeedableRng, TryRng, rngs::StdRng, rngs::SysRng};
use std::sync::{Mutex, PoisonError};
use uuid::{Builder, Uuid};

/// A source of randomness and ids. A cryptographic generator, seeded by the operating system, or
/// by a number in tests.
#[derive(Debug)]
pub struct Random(Mutex<State>);

#[derive(Debug)]
struct State {
    rng: StdRng,
    /// The millisecond of the newest id, and its place within that.
    newest: (i64, u16),
}

impl Random {
    /// Seeded by the operating system.
    pub fn from_system() -> anyhow::Result<Self> {
        let mut seed = [0; 32];
        SysRng.try_fill_bytes(&mut seed)?;
        Ok(Self::of(StdRng::from_seed(seed)))
    }

    /// The same for the same number: for tests.
    pub fn seeded(seed: u64) -> Self {
        Self::of(StdRng::seed_from_u64(seed))
    }

    fn of(rng: StdRng) -> Self {
        Self(Mutex::new(State { rng, newest: (0, 0) }))
    }

    /// A generator of one's own.
    pub fn rng(&self) -> StdRng {
        let mut seed = [0; 32];
        // A poisoned lock holds a good generator still.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rng.fill_bytes(&mut seed);
        StdRng::from_seed(seed)
    }

    /// A fresh `UUIDv7` (RFC 9562), after every other of this process in order: 12 of its random bits
    /// count within a millisecond (section 6.2, method 1).
    pub fn id<T: From<Uuid>>(&self, now: Instant) -> T {
        let mut bytes = [0; 10];
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.rng.fill_bytes(&mut bytes);
        let millis = now.as_micros().div_euclid(1_000);
        // Half of the room is left to count in.
        let fresh = u16::from_be_bytes([bytes[0], bytes[1]]) & 0x07ff;
        state.newest = match state.newest {
            (newest, _) if millis > newest => (millis, fresh),
            (newest, 0x0fff) => (newest + 1, fresh),
            (newest, place) => (newest, place + 1),
        };
        let (millis, place) = state.newest;
        bytes[..2].copy_from_slice(&place.to_be_bytes());
        id_from(Instant::from_micros(millis * 1_000), &bytes)
    }
}

/// A `UUIDv7` of given random bytes.
pub fn id_from<T: From<Uuid>>(now: Instant, bytes: &[u8; 10]) -> T {
    let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, bytes).into_uuid().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_they_were_made() {
        let random = Random::seeded(1);
        let at = |millis: i64| Instant::from_micros(1_770_008_400_000_000 + millis * 1_000);
        let mut last = Uuid::nil();
        for n in 0..20_000 {
            // The clock of a test stands still, and one that is set may fall back.
            let id: Uuid = random.id(at(n % 3));
            assert!(id > last && id.get_version_num() == 7, "{n}");
            last = id;
        }
        let later: Uuid = random.id(at(1_000));
        assert_eq!(later.get_timestamp().unwrap().to_unix().0, 1_770_008_401);
    }
}
