//! [4] How many attempts begin at once, over all webhooks.
//!
//! Ten thousand webhooks may be due in one moment: at the start, or after a pause of Kafka's. Without a bound each would open a connection of its own, though a
//! fraction of them, used again and again, takes no longer. An attempt has its place until it is answered, or for [`HELD`]: one that hangs keeps nobody else out.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many at once. With [`HELD`] that is at least 12,800 attempts a second, however slow the answers are.
const PLACES: usize = 128;

/// So long an attempt without an answer counts as one that begins.
pub const HELD: Duration = Duration::from_millis(10);

/// The places of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ConnectionPermits(Arc<Semaphore>);

/// One attempt's place, until it is dropped.
#[derive(Debug)]
pub struct ConnectionPermit(
    #[allow(dead_code, reason = "it is held, not looked at")] OwnedSemaphorePermit,
);

impl Default for ConnectionPermits {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }
}

impl ConnectionPermits {
    /// A place, if there is one.
    #[must_use]
    pub fn try_enter(&self) -> Option<ConnectionPermit> {
        Arc::clone(&self.0).try_acquire_owned().ok().map(ConnectionPermit)
    }

    /// A place, in turn.
    pub async fn enter(&self) -> ConnectionPermit {
        match Arc::clone(&self.0).acquire_owned().await {
            Ok(place) => ConnectionPermit(place),
            // Nobody closes it.
            Err(_) => std::future::pending().await,
        }
    }
}
