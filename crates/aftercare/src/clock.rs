//! The clock of the running service.

use aftercare_core::{clock::Clock, instant::Instant, instant::Span};
use std::sync::atomic::{AtomicI64, Ordering};

/// The system's clock, or one that stands still, and an offset by which the test clock has been
/// moved forward. Without a test clock the offset is nought for ever.
///
/// Plans follow [`now`](Clock::now). Sessions follow [`wall`](Self::wall): moving the test clock
/// signs nobody out.
#[derive(Debug)]
pub struct ServiceClock {
    standing: Option<AtomicI64>,
    offset: AtomicI64,
    /// The latest that was told.
    latest: AtomicI64,
}

/// A clock that is set back by no more stands still until it has caught up: what was answered a moment ago stays
/// answered. One that is set back by more was wrong before, and is followed.
const STANDS_STILL: i64 = 15 * 60 * 1_000_000;

impl Default for ServiceClock {
    fn default() -> Self {
        Self { standing: None, offset: AtomicI64::new(0), latest: AtomicI64::new(i64::MIN) }
    }
}

impl ServiceClock {
    /// Standing still at an instant, for tests.
    pub fn standing(at: Instant) -> Self {
        Self {
            standing: Some(AtomicI64::new(at.as_micros())),
            offset: AtomicI64::new(0),
            latest: AtomicI64::new(i64::MIN),
        }
    }

    /// Moves it forward.
    pub fn advance(&self, by: Span) {
        self.offset.fetch_add(by.as_micros().max(0), Ordering::Relaxed);
    }

    /// Sets back what plans follow, as a wrong source of time would.
    pub fn fall_back(&self, by: Span) {
        self.offset.fetch_sub(by.as_micros().max(0), Ordering::Relaxed);
    }

    /// How far it has been moved.
    pub fn moved(&self) -> Span {
        Span::from_micros(self.offset.load(Ordering::Relaxed))
    }

    /// Lets time pass on a clock that stands still.
    pub fn pass(&self, time: Span) {
        if let Some(standing) = &self.standing {
            standing.fetch_add(time.as_micros(), Ordering::Relaxed);
        }
    }

    /// The time that really is.
    #[expect(clippy::disallowed_methods, reason = "the one place where time comes in")]
    pub fn wall(&self) -> Instant {
        match &self.standing {
            Some(standing) => Instant::from_micros(standing.load(Ordering::Relaxed)),
            None => Instant::from(jiff::Timestamp::now()),
        }
    }
}

impl Clock for ServiceClock {
    fn now(&self) -> Instant {
        let now = (self.wall() + self.moved()).as_micros();
        let latest = self.latest.fetch_max(now, Ordering::Relaxed);
        if latest.saturating_sub(now) <= STANDS_STILL {
            return Instant::from_micros(now.max(latest));
        }
        self.latest.store(now, Ordering::Relaxed);
        Instant::from_micros(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_stands_still_or_was_wrong() {
        let start: Instant = Instant::from_micros(1_000_000_000_000);
        let clock = ServiceClock::standing(start);
        assert_eq!(clock.now(), start);
        clock.pass(Span::from_micros(-600_000_000));
        assert_eq!(clock.now(), start);
        clock.pass(Span::from_secs(601));
        assert_eq!(clock.now(), start + Span::from_secs(1));
        clock.pass(Span::from_micros(-86_400_000_000));
        assert_eq!(clock.now(), start + Span::from_secs(1) - Span::from_days(1));
    }
}
