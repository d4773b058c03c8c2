//! Faults on purpose, for the simulator: a process that dies before its n-th statement, or right after the commit
//! that nobody hears of any more. Only work that was put under them is touched.

use crate::StoreError;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

tokio::task_local! {
    static FAULTS: Faults;
}

/// How long a piece of work lives.
#[derive(Clone, Debug)]
pub struct Faults(Arc<AtomicI64>);

impl Faults {
    /// So many statements and commits go well.
    pub fn after(statements: i64) -> Self {
        Self(Arc::new(AtomicI64::new(statements)))
    }

    /// Whether it has died.
    pub fn struck(&self) -> bool {
        self.0.load(Ordering::Relaxed) < 0
    }

    /// Runs work under them.
    pub async fn over<T>(&self, work: impl Future<Output = T>) -> T {
        FAULTS.scope(self.clone(), work).await
    }
}

/// Before anything is asked of the database, and after it has answered.
pub(crate) fn step() -> Result<(), StoreError> {
    let left = FAULTS.try_with(|faults| faults.0.fetch_sub(1, Ordering::Relaxed)).unwrap_or(1);
    if left > 0 { Ok(()) } else { Err(StoreError::Unavailable("a fault on purpose".to_owned())) }
}
