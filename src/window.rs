//! How many outcomes of one webhook may be in no acknowledged commit: what a crash can repeat.
//!
//! A sender enters before a delivery's first attempt; the poll loop lets it leave when a commit that tells the outcome is acknowledged, or when nobody will
//! ever commit it, because the partition is another's now. Invariant: no more deliveries are in doubt than the window is wide, and each that enters leaves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// A healthy broker acknowledges a commit within 6 ms; one that takes a bit longer shall not slow a fast webhook down.
const SPAN: Duration = Duration::from_millis(100);

/// A sender that waits for less is not worth a word.
pub const HELD_AFTER: Duration = Duration::from_secs(1);

/// One webhook's window.
#[derive(Debug)]
pub struct Window {
    places: Semaphore,
    width: AtomicUsize,
    /// Places that are to go with those who have them, since the window has become narrower.
    surplus: AtomicUsize,
    held_since: Mutex<Option<Instant>>,
}

impl Window {
    /// As wide as what leaves within 100 ms at this rate in posts a second: ⌈rate × 100 ms⌉, 1 at least.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        let width = Self::width(rate);
        Self {
            places: Semaphore::new(width),
            width: AtomicUsize::new(width),
            surplus: AtomicUsize::new(0),
            held_since: Mutex::new(None),
        }
    }

    /// How many deliveries can be in doubt at `rate` posts a second.
    #[must_use]
    pub fn width(rate: f64) -> usize {
        // From float to integer `as` saturates; a rate is 10,000 at most.
        ((rate * SPAN.as_secs_f64()).ceil() as usize).max(1)
    }

    /// Takes a place, if there is one.
    pub fn try_enter(&self) -> bool {
        let entered = self.places.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_ok();
        let mut held = self.held();
        *held = if entered { None } else { held.or_else(|| Some(Instant::now())) };
        entered
    }

    /// Takes a place when there is one. Nothing is taken where the wait is given up.
    pub async fn enter(&self) {
        match self.places.acquire().await {
            Ok(place) => place.forget(),
            // Nobody closes it.
            Err(_) => std::future::pending().await,
        }
        *self.held() = None;
    }

    /// The sender has nothing to enter for any more.
    pub fn give_up(&self) {
        *self.held() = None;
    }

    /// One delivery is in doubt no more.
    pub fn leave(&self) {
        let less = |surplus: usize| surplus.checked_sub(1);
        if self.surplus.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_err() {
            self.places.add_permits(1);
        }
    }

    /// The webhook has another rate. One caller at a time.
    pub fn resize(&self, rate: f64) {
        let width = Self::width(rate);
        let before = self.width.swap(width, Ordering::AcqRel);
        for _ in before..width {
            self.leave();
        }
        let narrower = before.saturating_sub(width);
        let taken = self.places.forget_permits(narrower);
        self.surplus.fetch_add(narrower - taken, Ordering::AcqRel);
    }

    /// For how long a sender has been waiting for a place: it has something to send, its rate allows it, and Kafka has not acknowledged what was sent before.
    #[must_use]
    pub fn held_for(&self, now: Instant) -> Option<Duration> {
        self.held().map(|since| now.saturating_duration_since(since))
    }

    fn held(&self) -> MutexGuard<'_, Option<Instant>> {
        self.held_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_tenth_of_a_second_wide_and_one_at_least() {
        let widths: Vec<usize> = [0.001, 1.0, 10.0, 10.1, 25.0, 1000.0].map(Window::width).to_vec();
        assert_eq!(widths, [1, 1, 1, 2, 3, 100]);
    }

    #[test]
    fn a_narrower_window_waits_for_those_inside() {
        let window = Window::new(50.0);
        assert!((0..4).all(|_| window.try_enter()), "4 of 5");
        window.resize(20.0);
        (0..2).for_each(|_| window.leave());
        assert!(!window.try_enter(), "2 are still inside, and no more fit");
        window.leave();
        assert!(window.try_enter() && !window.try_enter());
        window.resize(40.0);
        assert!(window.try_enter() && window.try_enter() && !window.try_enter());
        window.resize(10.0);
        window.resize(20.0);
        (0..3).for_each(|_| window.leave());
        assert!(window.try_enter() && !window.try_enter(), "4 were inside, 1 is, and 2 fit");
    }

    #[tokio::test]
    async fn who_leaves_makes_room_for_one() {
        let window = Window::new(20.0);
        assert!(window.try_enter() && window.try_enter() && !window.try_enter());
        assert!(window.held_for(Instant::now()).is_some(), "somebody waits");
        window.leave();
        window.enter().await;
        assert_eq!(window.held_for(Instant::now()), None);
        assert!(!window.try_enter());
    }
}
