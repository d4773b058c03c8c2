//! Where time comes from: always a parameter, never ambient.

use crate::instant::Instant;

/// Tells what time it is. The binary gives the system's clock, tests and the demonstration one
/// that is moved by hand.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Instant;
}
