//! How many outcomes of one webhook may be missing from an acknowledged commit: what a crash can
//! repeat.
//!
//! A sender acquires a [`CommitHold`] before a post's first attempt. The hold travels with the
//! outcome to the ledger, which drops it when a commit that contains the outcome is acknowledged,
//! or when no commit of this process can contain it (the partition was revoked, the outcome was
//! fenced). Invariant: no hold is acquired while [`CommitWindow::size`] of them exist, so at most
//! that many posts are in doubt.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// The time whose posts may be uncommitted. A healthy broker acknowledges a commit within 6 ms; a
/// slower one should not delay a fast webhook.
const SPAN: Duration = Duration::from_millis(100);

/// A sender that is held for less than this is not reported.
pub const HELD_AFTER: Duration = Duration::from_secs(1);

/// The permits of one webhook: one for each outcome that may be uncommitted.
#[derive(Debug)]
pub struct CommitWindow {
    permits: Semaphore,
    size: AtomicUsize,
    /// Permits to discard on release after the window was shrunk.
    surplus: AtomicUsize,
    /// Since when the sender has been waiting for a permit.
    held_since: Mutex<Option<Instant>>,
}

/// A permit for one outcome to be uncommitted. Dropping it lets the sender make its next post.
#[derive(Debug)]
pub struct CommitHold(Permit);

#[derive(Debug)]
enum Permit {
    Own(Release),
    /// The hold of a post with several tickets: it ends with the last of them.
    Shared(Arc<Release>),
}

/// Returns one permit to its window when dropped.
#[derive(Debug)]
struct Release(Arc<CommitWindow>);

impl CommitWindow {
    /// A window for `rate` posts a second: see [`CommitWindow::size_for`].
    #[must_use]
    pub fn new(rate: f64) -> Self {
        let size = Self::size_for(rate);
        Self {
            permits: Semaphore::new(size),
            size: AtomicUsize::new(size),
            surplus: AtomicUsize::new(0),
            held_since: Mutex::new(None),
        }
    }

    /// How many outcomes may be uncommitted at `rate` posts a second: ⌈rate × 100 ms⌉, at least 1.
    #[must_use]
    pub fn size_for(rate: f64) -> usize {
        // The cast from float to integer saturates; a rate is 10,000 at most.
        ((rate * SPAN.as_secs_f64()).ceil() as usize).max(1)
    }

    /// How many holds can exist.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size.load(Ordering::Acquire)
    }

    /// How many holds exist.
    #[cfg(test)]
    pub(crate) fn holds(&self) -> usize {
        self.size() + self.surplus.load(Ordering::Acquire) - self.permits.available_permits()
    }

    /// Takes a permit if one is free; otherwise the sender counts as held from now on.
    pub fn try_acquire(self: &Arc<Self>) -> Option<CommitHold> {
        let acquired = self.permits.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_ok();
        let mut held = self.held_since();
        *held = if acquired { None } else { held.or_else(|| Some(Instant::now())) };
        acquired.then(|| CommitHold::of(self))
    }

    /// Waits for a permit. Cancel safe: dropping the future takes none.
    pub async fn acquire(self: &Arc<Self>) -> CommitHold {
        match self.permits.acquire().await {
            Ok(permit) => permit.forget(),
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
        *self.held_since() = None;
        CommitHold::of(self)
    }

    /// The sender no longer waits for a permit.
    pub fn stop_waiting(&self) {
        *self.held_since() = None;
    }

    /// Changes the size to that of another rate. Not to be called by two threads at a time.
    pub fn resize(&self, rate: f64) {
        let size = Self::size_for(rate);
        let before = self.size.swap(size, Ordering::AcqRel);
        for _ in before..size {
            self.release();
        }
        let shrunk_by = before.saturating_sub(size);
        let discarded = self.permits.forget_permits(shrunk_by);
        self.surplus.fetch_add(shrunk_by - discarded, Ordering::AcqRel);
    }

    /// How long the sender has been held: it has something to send, its rate allows it, and Kafka
    /// has not acknowledged the commit of what it sent before. `None` while it is not held.
    #[must_use]
    pub fn held_for(&self, now: Instant) -> Option<Duration> {
        self.held_since().map(|since| now.saturating_duration_since(since))
    }

    fn release(&self) {
        let less = |surplus: usize| surplus.checked_sub(1);
        if self.surplus.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_err() {
            self.permits.add_permits(1);
        }
    }

    fn held_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.held_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CommitHold {
    fn of(window: &Arc<CommitWindow>) -> Self {
        Self(Permit::Own(Release(Arc::clone(window))))
    }

    /// `count` holds in place of this one: the permit is returned when the last of them is dropped.
    /// Allocates only for more than one.
    pub fn share(self, count: usize) -> impl Iterator<Item = Self> {
        let (own, shared) = match self.0 {
            Permit::Own(release) if count == 1 => (Some(Permit::Own(release)), None),
            Permit::Own(release) => (None, Some(Arc::new(release))),
            Permit::Shared(release) => (None, Some(release)),
        };
        let shared = shared.into_iter().flat_map(move |release| iter::repeat_n(release, count));
        own.into_iter().chain(shared.map(Permit::Shared)).map(Self)
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        self.0.release();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn window(rate: f64) -> Arc<CommitWindow> {
        Arc::new(CommitWindow::new(rate))
    }

    fn acquire(window: &Arc<CommitWindow>, count: usize) -> Vec<CommitHold> {
        iter::from_fn(|| window.try_acquire()).take(count).collect()
    }

    #[test]
    fn it_has_a_permit_for_each_post_of_a_tenth_of_a_second_and_one_at_least() {
        let rates = [0.001, 1.0, 10.0, 10.1, 25.0, 1000.0];
        assert_eq!(rates.map(|rate| window(rate).size()), [1, 1, 1, 2, 3, 100]);
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
            let mut shares: Vec<_> = window.try_acquire().unwrap().share(count).collect();
            assert_eq!(shares.len(), count);
            for _ in 0..count {
                assert!(window.try_acquire().is_none());
                shares.pop();
            }
            assert!(window.try_acquire().is_some());
        }
        drop(window.try_acquire().unwrap().share(0));
        assert!(window.try_acquire().is_some(), "a post without tickets holds nothing");
    }
}
