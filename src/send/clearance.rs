//! What an attempt needs besides the webhook's own pace: a hold, its app's turn, and a permit, in
//! this order. Each is waited for only once the one before is there, so that a sender that waits
//! for a commit keeps no other channel from its turn.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::app::{App, Turn};
use crate::commit_hold::{CommitHold, CommitWindow};

/// What an attempt leaves with.
pub struct Clearance {
    /// Keeps the sender from its next post until a commit contains the outcome.
    pub hold: CommitHold,
    /// The app's, where there is one.
    pub turn: Option<Turn>,
    /// For a connection.
    pub permit: OwnedSemaphorePermit,
}

/// What an attempt that may leave still waits for. One future for all, since ten thousand senders
/// have it.
pub enum Missing {
    Hold(CommitHold),
    Turn(Turn),
    Permit(OwnedSemaphorePermit),
}

/// Waits for a hold, or else for the turn of the app, or else for a permit.
pub async fn missing(
    window: &Arc<CommitWindow>,
    app: Option<(&Arc<App>, u64)>,
    permits: &Arc<Semaphore>,
    has_hold: bool,
) -> Missing {
    if !has_hold {
        return Missing::Hold(window.acquire().await);
    }
    if let Some((app, generation)) = app {
        return Missing::Turn(Arc::clone(app).turn(generation).await);
    }
    match Arc::clone(permits).acquire_owned().await {
        Ok(permit) => Missing::Permit(permit),
        // The semaphore is never closed.
        Err(_) => std::future::pending().await,
    }
}
