//! How many outcomes of one webhook may be missing from an acknowledged commit: what a crash can
//! repeat.
//!
//! A sender acquires a [`CommitHold`] before a post's first attempt. The hold travels with the
//! outcome to the ledger, which drops it when a commit that contains the outcome is acknowledged,
//! or when no commit of this process can contain it (the partition was revoked, the outcome was
//! fenced). Invariant: no hold is acquired while as many as the window's size exist, so at most
//! that many posts are in doubt.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// The time whose posts may be uncommitted. A healthy broker acknowledges a commit within 6 ms; a
/// slower one should not delay a fast webhook.
const SPAN: Duration = Duration::from_millis(100);

/// A sender that is held for less than this is not reported.
pub const HELD_AFTER: Duration = Duration::from_secs(1);

/// The holds of one webhook: one for each outcome that may be uncommitted.
#[derive(Debug)]
pub struct CommitWindow {
    state: Mutex<State>,
    /// Notified when a hold may be free: wakes the webhook's one sender.
    released: Notify,
}

#[derive(Debug)]
struct State {
    /// How many holds may exist.
    size: usize,
    /// How many exist: more than `size` for a while after the window was shrunk.
    holds: usize,
    /// Since when the sender has been waiting for a hold.
    held_since: Option<Instant>,
}

/// Lets one outcome be uncommitted. Dropping the last clone lets the sender make its next post: a
/// post with several tickets has one hold, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct CommitHold {
    _permit: Arc<Permit>,
}

/// Gives its place in the window back when dropped.
#[derive(Debug)]
struct Permit(Arc<CommitWindow>);

impl CommitWindow {
    /// A window for `rate` posts a second: ⌈rate × 100 ms⌉ outcomes may be uncommitted, at least
    /// 1.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        let state = State { size: size_for(rate), holds: 0, held_since: None };
        Self { state: Mutex::new(state), released: Notify::new() }
    }

    /// How many holds exist.
    #[cfg(test)]
    pub fn holds(&self) -> usize {
        self.lock().holds
    }

    /// Takes a hold if one is free; otherwise the sender counts as held from now on.
    pub fn try_acquire(self: &Arc<Self>) -> Option<CommitHold> {
        let mut state = self.lock();
        if state.holds >= state.size {
            state.held_since.get_or_insert_with(Instant::now);
            return None;
        }
        state.holds += 1;
        state.held_since = None;
        Some(CommitHold { _permit: Arc::new(Permit(Arc::clone(self))) })
    }

    /// Waits for a hold. Cancel safe: dropping the future takes none. Only for one task at a time.
    pub async fn acquire(self: &Arc<Self>) -> CommitHold {
        loop {
            if let Some(hold) = self.try_acquire() {
                return hold;
            }
            self.released.notified().await;
        }
    }

    /// The sender no longer waits for a hold.
    pub fn stop_waiting(&self) {
        self.lock().held_since = None;
    }

    /// Changes the size to that of another rate.
    pub fn resize(&self, rate: f64) {
        self.lock().size = size_for(rate);
        self.released.notify_one();
    }

    /// How long the sender has been held: it has something to send, its rate allows it, and Kafka
    /// has not acknowledged the commit of what it sent before. `None` while it is not held.
    #[must_use]
    pub fn held_for(&self, now: Instant) -> Option<Duration> {
        self.lock().held_since.map(|since| now.saturating_duration_since(since))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.lock().holds -= 1;
        self.0.released.notify_one();
    }
}

fn size_for(rate: f64) -> usize {
    // The cast from float to integer saturates; a rate is 10,000 at most.
    ((rate * SPAN.as_secs_f64()).ceil() as usize).max(1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn window(rate: f64) -> Arc<CommitWindow> {
        Arc::new(CommitWindow::new(rate))
    }

    fn acquire(window: &Arc<CommitWindow>, count: usize) -> Vec<CommitHold> {
        std::iter::from_fn(|| window.try_acquire()).take(count).collect()
    }

    #[test]
    fn it_has_a_permit_for_each_post_of_a_tenth_of_a_second_and_one_at_least() {
        let rates = [0.001, 1.0, 10.0, 10.1, 25.0, 1000.0];
        assert_eq!(rates.map(size_for), [1, 1, 1, 2, 3, 100]);
    }

    #[test]
    fn a_shrunk_window_waits_for_its_holds() {
        let window = window(50.0);
        let mut holds = acquire(&window, 4);
        assert_eq!(holds.len(), 4, "of 5");
        window.resize(20.0);
        holds.truncate(2);
        assert!(window.try_acquire().is_none(), "2 holds are left, and no more are allowed");
        holds.truncate(1);
        holds.extend(acquire(&window, 2));
        assert_eq!(holds.len(), 2);
        window.resize(40.0);
        holds.extend(acquire(&window, 3));
        assert_eq!(holds.len(), 4);
        window.resize(10.0);
        window.resize(20.0);
        holds.truncate(1);
        holds.extend(acquire(&window, 2));
        assert_eq!(holds.len(), 2, "of 4 holds 1 is left, and 2 are allowed");
    }

    #[tokio::test]
    async fn a_dropped_hold_frees_one_permit() {
        let window = window(20.0);
        let mut holds = acquire(&window, 3);
        assert_eq!(holds.len(), 2);
        assert!(window.held_for(Instant::now()).is_some(), "the third one is waited for");
        holds.pop();
        let _hold = window.acquire().await;
        assert_eq!(window.held_for(Instant::now()), None);
        assert!(window.try_acquire().is_none());
    }

    #[test]
    fn a_shared_hold_ends_with_its_last_share() {
        let window = window(1.0);
        for count in 1..4 {
            let mut shares = vec![window.try_acquire().unwrap(); count];
            for _ in 0..count {
                assert!(window.try_acquire().is_none());
                shares.pop();
            }
            assert!(window.try_acquire().is_some());
        }
    }
}
