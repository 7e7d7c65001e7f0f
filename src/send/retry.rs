//! Whether and when a failed attempt is retried: exponential backoff with full jitter, within a
//! budget of time.
//!
//! Pure: time and chance are arguments. Invariant: a delivery whose budget is used up gets no
//! further attempt.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::config::model::Retry;

/// The backoff that a webhook's `retry` configures.
#[must_use]
pub fn backoff(retry: &Retry) -> Backoff {
    Backoff { initial: retry.initial, max: retry.max }
}

/// One delivery's budget of time.
#[derive(Debug, Default)]
pub struct Budget {
    /// When its first attempt left.
    first_attempt: Option<Duration>,
    /// The time that the webhook was throttled since.
    excused: Duration,
    /// Since when the webhook rests.
    resting_since: Option<Duration>,
    /// The number of failed attempts.
    failures: u32,
}

impl Budget {
    /// Records an attempt that leaves at `now`. The first one starts the budget.
    pub fn attempt(&mut self, now: Duration) {
        if let Some(since) = self.resting_since.take() {
            self.excuse(now.saturating_sub(since));
        }
        self.first_attempt.get_or_insert(now);
    }

    /// Excludes `span` from the budget: the webhook was throttled, which is not the delivery's
    /// fault.
    pub fn excuse(&mut self, span: Duration) {
        self.excused = self.excused.saturating_add(span);
    }

    /// Excludes `span` between two attempts: the delivery waited for its app's turn.
    pub fn excuse_wait(&mut self, span: Duration) {
        if self.first_attempt.is_some() && self.resting_since.is_none() {
            self.excuse(span);
        }
    }

    /// Excludes the time from `since` to the next attempt: the webhook rests.
    pub fn excuse_from(&mut self, since: Duration) {
        self.resting_since = Some(since);
    }

    /// Returns the pause after an attempt that failed at `now`, or `None` when `max_elapsed` has
    /// passed. The last pause is cut so that one more attempt is made when the budget ends.
    pub fn failed(&mut self, retry: &Retry, now: Duration, chance: f64) -> Option<Duration> {
        let spent =
            now.saturating_sub(self.first_attempt.unwrap_or(now)).saturating_sub(self.excused);
        let left = retry.max_elapsed.saturating_sub(spent);
        let pause = backoff(retry).jittered(self.failures, chance).min(left);
        self.failures = self.failures.saturating_add(1);
        (!left.is_zero()).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RETRY: Retry = Retry {
        initial: Duration::from_secs(1),
        max: Duration::from_secs(60),
        max_elapsed: Duration::from_secs(900),
    };

    #[test]
    fn the_budget_ends_with_one_last_attempt() {
        let mut budget = Budget::default();
        let second = Duration::from_secs;
        budget.attempt(second(100));
        assert_eq!(budget.failed(&RETRY, second(100), 1.0), Some(second(1)));
        budget.attempt(second(999));
        assert_eq!(
            budget.failed(&RETRY, second(999), 1.0),
            Some(second(1)),
            "2 s would be too late"
        );
        budget.attempt(second(1000));
        assert_eq!(budget.failed(&RETRY, second(1000), 1.0), None);
    }

    #[test]
    fn a_429_uses_up_nothing() {
        let mut budget = Budget::default();
        let second = Duration::from_secs;
        budget.attempt(second(0));
        budget.excuse(second(3600));
        budget.attempt(second(3600));
        assert_eq!(budget.failed(&RETRY, second(3600), 1.0), Some(second(1)));
        assert_eq!(budget.failed(&RETRY, second(4499), 1.0), Some(second(1)));
        assert_eq!(budget.failed(&RETRY, second(4500), 1.0), None);
    }

    proptest! {
        #[test]
        fn every_delivery_ends_for_any_configuration(initial in 1..10_000u64, max in 1..10_000u64, max_elapsed in 1..100_000u64, chance in 0.0..1.0f64, took in 1..20_000u64) {
            let retry = Retry { initial: Duration::from_millis(initial), max: Duration::from_millis(max), max_elapsed: Duration::from_millis(max_elapsed) };
            let mut budget = Budget::default();
            let mut now = Duration::from_secs(5);
            for _ in 0..=max_elapsed / took + 1 {
                budget.attempt(now);
                now += Duration::from_millis(took);
                match budget.failed(&retry, now, chance) {
                    Some(pause) => {
                        prop_assert!(pause <= retry.max);
                        now += pause;
                        prop_assert!(now <= Duration::from_secs(5) + retry.max_elapsed);
                    }
                    None => {
                        prop_assert!(now >= Duration::from_secs(5) + retry.max_elapsed);
                        return Ok(());
                    }
                }
            }
            prop_assert!(false, "still being retried");
        }
    }
}
