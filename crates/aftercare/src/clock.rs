//! The clock of the running service.

use aftercare_core::{clock::Clock, instant::Instant, instant::Span};
use std::sync::atomic::{AtomicI64, Ordering};

/// The system's clock, or one that stands still, and an offset by which the test clock has been
/// moved forward. Without a test clock the offset is nought for ever.
///
/// Plans follow [`now`](Clock::now). Sessions follow [`wall`](Self::wall): moving the test clock
/// signs nobody out.
#[derive(Debug, Default)]
pub struct ServiceClock {
    standing: Option<AtomicI64>,
    offset: AtomicI64,
}

impl ServiceClock {
    /// Standing still at an instant, for tests.
    pub fn standing(at: Instant) -> Self {
        Self { standing: Some(AtomicI64::new(at.as_micros())), offset: AtomicI64::new(0) }
    }

    /// Moves it forward.
    pub fn advance(&self, by: Span) {
        self.offset.fetch_add(by.as_micros().max(0), Ordering::Relaxed);
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
        self.wall() + self.moved()
    }
}
