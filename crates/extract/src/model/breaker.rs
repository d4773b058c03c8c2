//! A circuit breaker: a model that fails again and again is not asked for a while, so that notes do
//! not wait for it one by one.

use super::ModelError;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// After so many failures in a row …
const FAILURES: u32 = 5;
/// … it is left alone for so long.
const REST: Duration = Duration::from_secs(30);

/// How a model has done of late.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    rests_until: Option<Instant>,
}

impl Breaker {
    /// Whether it may be asked now. After a rest one request tries it out.
    pub fn admit(&self) -> Result<(), ModelError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.rests_until {
            Some(until) if Instant::now() < until => Err(ModelError::Resting),
            Some(_) => {
                state.rests_until = Some(Instant::now() + REST);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// How it did. What a note is to blame for, a block, a refusal or a strange answer, is no failure
    /// of the server; a caller who left early says nothing of it, and gives the trial to the next.
    pub fn record<T>(&self, result: &Result<T, ModelError>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = match result {
            Err(ModelError::Timeout | ModelError::Unreachable) => true,
            Err(ModelError::Status(status)) => matches!(status, 401 | 403 | 429 | 500..),
            Err(ModelError::Resting | ModelError::NoKey) => return,
            Err(ModelError::Cancelled) => {
                state.rests_until = state.rests_until.map(|_| Instant::now());
                return;
            }
            Ok(_) | Err(_) => false,
        };
        if !failed {
            *state = State::default();
            return;
        }
        state.failures += 1;
        if state.failures >= FAILURES {
            state.rests_until = Some(Instant::now() + REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_are_followed_by_a_rest_and_one_trial() {
        let breaker = Breaker::default();
        let failed: Result<(), _> = Err(ModelError::Timeout);
        for _ in 0..4 {
            breaker.record(&failed);
        }
        breaker.record(&Ok(()));
        for _ in 0..5 {
            assert_eq!(breaker.admit(), Ok(()));
            breaker.record(&failed);
        }
        assert_eq!(breaker.admit(), Err(ModelError::Resting));
        tokio::time::advance(REST).await;
        assert_eq!((breaker.admit(), breaker.admit()), (Ok(()), Err(ModelError::Resting)));
        breaker.record(&Ok(()));
        assert_eq!(breaker.admit(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_the_server_is_to_blame_for_counts() {
        let breaker = Breaker::default();
        for error in [ModelError::Status(400), ModelError::Status(413), ModelError::Malformed("empty")] {
            for _ in 0..FAILURES {
                breaker.record::<()>(&Err(error.clone()));
            }
            assert_eq!(breaker.admit(), Ok(()), "{error}");
        }
        for _ in 0..FAILURES {
            breaker.record::<()>(&Err(ModelError::Status(503)));
            breaker.record::<()>(&Err(ModelError::NoKey));
        }
        assert_eq!(breaker.admit(), Err(ModelError::Resting));
        tokio::time::advance(REST).await;
        // Whoever leaves before the trial is over leaves it to the next.
        assert_eq!(breaker.admit(), Ok(()));
        breaker.record::<()>(&Err(ModelError::Cancelled));
        assert_eq!((breaker.admit(), breaker.admit()), (Ok(()), Err(ModelError::Resting)));
    }
}
