//! Faults on purpose, for the simulator and the tests: a process that dies before its n-th statement, or right after the
//! commit that nobody hears of any more; a database that is gone for one statement. Only work that was put under them is
//! touched.

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
pub struct Faults {
    left: Arc<AtomicI64>,
    /// Whether the next goes well again.
    once: bool,
}

impl Faults {
    /// So many statements and commits go well.
    pub fn after(statements: i64) -> Self {
        Self { left: Arc::new(AtomicI64::new(statements)), once: false }
    }

    /// So many go well, one does not, and the others do.
    pub fn once_after(statements: i64) -> Self {
        Self { once: true, ..Self::after(statements) }
    }

    /// Whether there was a fault.
    pub fn struck(&self) -> bool {
        self.left.load(Ordering::Relaxed) < 0
    }

    fn strikes(&self) -> bool {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        if self.once { left == 0 } else { left <= 0 }
    }

    /// Runs work under them.
    pub async fn over<T>(&self, work: impl Future<Output = T>) -> T {
        FAULTS.scope(self.clone(), work).await
    }
}

/// Before anything is asked of the database, and after it has answered.
pub(crate) fn step() -> Result<(), StoreError> {
    let strikes = FAULTS.try_with(Faults::strikes).unwrap_or(false);
    if strikes { Err(StoreError::Unavailable("a fault on purpose".to_owned())) } else { Ok(()) }
}
