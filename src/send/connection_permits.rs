//! How many attempts start at the same time, over all webhooks.
//!
//! Ten thousand webhooks may be due at one moment: at the start, or after Kafka was unavailable.
//! Without a limit each would open a connection of its own, although a fraction of them, reused,
//! takes no longer. An attempt holds its permit until it is answered, or for [`HOLD_LIMIT`]: one
//! that hangs keeps no other from starting.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The number of permits. With [`HOLD_LIMIT`] that is at least 12,800 attempts a second, however
/// slow the answers are.
const PERMITS: usize = 128;

/// An attempt holds its permit for at most this long.
pub const HOLD_LIMIT: Duration = Duration::from_millis(10);

/// The permits of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ConnectionPermits(Arc<Semaphore>);

/// One attempt's permit, released when it is dropped.
#[derive(Debug)]
pub struct ConnectionPermit(
    #[allow(dead_code, reason = "only its drop matters")] OwnedSemaphorePermit,
);

impl Default for ConnectionPermits {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PERMITS)))
    }
}

impl ConnectionPermits {
    /// Takes a permit if one is free.
    #[must_use]
    pub fn try_acquire(&self) -> Option<ConnectionPermit> {
        Arc::clone(&self.0).try_acquire_owned().ok().map(ConnectionPermit)
    }

    /// Waits for a permit, first come, first served.
    pub async fn acquire(&self) -> ConnectionPermit {
        match Arc::clone(&self.0).acquire_owned().await {
            Ok(permit) => ConnectionPermit(permit),
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }
}
