//! Content keys of notes that sessions have opened or written whose keys the service holds: a read of the same note again
//! need not open its envelope again. Keys alone, never words; a bounded number, for a bounded time, of live sessions only.

use aftercare_core::{
    id::{NoteId, SessionId, UserId},
    instant::{Instant, Span},
};
use aftercare_seal::{pae::hash, reader::ContentKey};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// At most so many.
const MOST: usize = 4_096;
/// One that nobody has asked for so long is let go.
const IDLE: Span = Span::from_minutes(15);

/// The keys, by session and note.
#[derive(Default)]
pub struct OpenedKeys(Mutex<HashMap<(SessionId, NoteId), Kept>>);

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asks<'a> {
    /// Who.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// What the session's own keys cannot be had without: what was kept is given to nobody who lacks it.
    pub proof: &'a [u8],
    /// When.
    pub now: Instant,
}

impl Asks<'_> {
    fn stamp(&self, envelope: &[u8]) -> [u8; 32] {
        hash(&[hash(self.proof), hash(envelope)].concat())
    }
}

struct Kept {
    user: UserId,
    /// Of the proof, and of the envelope to the byte: its author's signature was checked.
    stamp: [u8; 32],
    key: ContentKey,
    used: Instant,
}

impl OpenedKeys {
    fn all(&self) -> MutexGuard<'_, HashMap<(SessionId, NoteId), Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a note, where this session has opened this very envelope before.
    pub fn get(&self, asks: &Asks<'_>, note: NoteId, envelope: &[u8]) -> Option<ContentKey> {
        let mut all = self.all();
        let kept = all.get_mut(&(asks.session, note))?;
        if kept.stamp != asks.stamp(envelope) || asks.now - kept.used > IDLE {
            return None;
        }
        kept.used = asks.now;
        Some(kept.key.clone())
    }

    /// Keeps one.
    pub fn put(&self, asks: &Asks<'_>, note: NoteId, envelope: &[u8], key: ContentKey) {
        let mut all = self.all();
        if all.len() >= MOST {
            all.retain(|_, kept| asks.now - kept.used < Span::from_minutes(1));
            if all.len() >= MOST {
                all.clear();
            }
        }
        let kept = Kept { user: asks.user, stamp: asks.stamp(envelope), key, used: asks.now };
        all.insert((asks.session, note), kept);
    }

    /// A session has ended.
    pub fn end(&self, session: SessionId) {
        self.all().retain(|(of, _), _| *of != session);
    }

    /// Sessions of somebody have ended.
    pub fn end_of(&self, user: UserId) {
        self.all().retain(|_, kept| kept.user != user);
    }

    /// Lets go of what nobody asks for any more.
    pub fn tidy(&self, now: Instant) {
        self.all().retain(|_, kept| now - kept.used <= IDLE);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn asks(n: u128, proof: &[u8], minutes: i64) -> Asks<'_> {
        let now = Instant::from_micros(0) + Span::from_minutes(minutes);
        Asks { user: UserId(Uuid::from_u128(n)), session: SessionId(Uuid::from_u128(n)), proof, now }
    }

    fn note(n: u128) -> NoteId {
        NoteId(Uuid::from_u128(n))
    }

    #[test]
    fn only_who_opened_it_gets_it_and_only_of_this_envelope() {
        let kept = OpenedKeys::default();
        let key = ContentKey::of(aftercare_seal::Secret::new([7; 32]));
        kept.put(&asks(1, b"ek", 0), note(1), b"sealed", key);
        assert!(kept.get(&asks(1, b"ek", 15), note(1), b"sealed").is_some());
        assert!(kept.get(&asks(1, b"another", 15), note(1), b"sealed").is_none());
        assert!(kept.get(&asks(2, b"ek", 15), note(1), b"sealed").is_none());
        assert!(kept.get(&asks(1, b"ek", 15), note(2), b"sealed").is_none());
        assert!(kept.get(&asks(1, b"ek", 15), note(1), b"sealed anew").is_none());
        assert!(kept.get(&asks(1, b"ek", 31), note(1), b"sealed").is_none(), "nobody asked for a while");
        kept.tidy(asks(1, b"ek", 31).now);
        assert!(kept.is_empty());
    }

    #[test]
    fn it_ends_with_its_session_and_never_grows_without_bound() {
        let kept = OpenedKeys::default();
        let put = |who: u128, n: u128| {
            let key = ContentKey::of(aftercare_seal::Secret::new([7; 32]));
            kept.put(&asks(who, b"ek", 0), note(n), b"sealed", key);
        };
        put(1, 1);
        put(2, 1);
        put(3, 1);
        kept.end(SessionId(Uuid::from_u128(1)));
        kept.end_of(UserId(Uuid::from_u128(2)));
        assert_eq!(kept.len(), 1);
        (0..2 * MOST as u128).for_each(|n| put(4, n));
        assert!(kept.len() <= MOST);
    }
}
