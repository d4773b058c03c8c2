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

/// Leave to ask it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The one request that tries it out after a rest.
    trial: bool,
}

impl Breaker {
    /// Whether it may be asked now. After a rest one request tries it out.
    pub fn admit(&self) -> Result<Admission, ModelError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.rests_until {
            Some(until) if Instant::now() < until => Err(ModelError::Resting),
            Some(_) => {
                state.rests_until = Some(Instant::now() + REST);
                Ok(Admission { trial: true })
            }
            None => Ok(Admission { trial: false }),
        }
    }

    /// How it did. What a note is to blame for, a block, a refusal or a strange answer, is no failure
    /// of the server; a caller who left early says nothing of it, and gives a trial to the next.
    pub fn record<T>(&self, admission: Admission, result: &Result<T, ModelError>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = match result {
            Err(ModelError::Timeout | ModelError::Unreachable) => true,
            Err(ModelError::Status(status)) => matches!(status, 401 | 403 | 429 | 500..),
            Err(ModelError::Resting | ModelError::NoKey) => return,
            Err(ModelError::Cancelled) => {
                if admission.trial {
                    state.rests_until = Some(Instant::now());
                }
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

    const FREE: Admission = Admission { trial: false };
    const TRIAL: Admission = Admission { trial: true };

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_are_followed_by_a_rest_and_one_trial() {
        let breaker = Breaker::default();
        let failed: Result<(), _> = Err(ModelError::Timeout);
        for _ in 0..4 {
            breaker.record(FREE, &failed);
        }
        breaker.record(FREE, &Ok(()));
        for _ in 0..5 {
            assert_eq!(breaker.admit(), Ok(FREE));
            breaker.record(FREE, &failed);
        }
        assert_eq!(breaker.admit(), Err(ModelError::Resting));
        tokio::time::advance(REST).await;
        assert_eq!((breaker.admit(), breaker.admit()), (Ok(TRIAL), Err(ModelError::Resting)));
        breaker.record(FREE, &Ok(()));
        assert_eq!(breaker.admit(), Ok(FREE));
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_the_server_is_to_blame_for_counts() {
        let breaker = Breaker::default();
        for error in [ModelError::Status(400), ModelError::Status(413), ModelError::Malformed("empty")] {
            for _ in 0..FAILURES {
                breaker.record::<()>(FREE, &Err(error.clone()));
            }
            assert_eq!(breaker.admit(), Ok(FREE), "{error}");
        }
        for _ in 0..FAILURES {
            breaker.record::<()>(FREE, &Err(ModelError::Status(503)));
            breaker.record::<()>(FREE, &Err(ModelError::NoKey));
        }
        assert_eq!(breaker.admit(), Err(ModelError::Resting));
        tokio::time::advance(REST).await;
        // Whoever leaves before the trial is over leaves it to the next; who was let in before ends
        // nobody's rest.
        assert_eq!(breaker.admit(), Ok(TRIAL));
        breaker.record::<()>(FREE, &Err(ModelError::Cancelled));
        assert_eq!(breaker.admit(), Err(ModelError::Resting));
        breaker.record::<()>(TRIAL, &Err(ModelError::Cancelled));
        assert_eq!((breaker.admit(), breaker.admit()), (Ok(TRIAL), Err(ModelError::Resting)));
    }
}
