//! Exponential backoff. Pure: chance is an argument.
//!
//! Not the crate `retry-policies`: its policies read the system's clock, so that a clock that jumps
//! ends or prolongs a delivery, and paused time in tests has no effect; its jitter alone is not
//! public.

use std::time::Duration;

/// The pauses between failures in a row.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The pause after the first failure.
    pub initial: Duration,
    /// The longest pause.
    pub max: Duration,
}

impl Backoff {
    /// The pause after `failures` earlier failures: initial × 2^failures, at most `max`.
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        self.initial.saturating_mul(2_u32.saturating_pow(failures)).min(self.max)
    }

    /// The pause with full jitter: a `chance` (0 to 1) of it. See
    /// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.
    #[must_use]
    pub fn jittered(&self, failures: u32, chance: f64) -> Duration {
        let bound = self.pause(failures);
        // Where `chance` is not a number, there is no jitter.
        Duration::try_from_secs_f64(bound.as_secs_f64() * chance.clamp(0.0, 1.0))
            .unwrap_or(bound)
            .min(bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff =
        Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(60) };

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u64> = (0..9).map(|failures| BACKOFF.pause(failures).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(BACKOFF.pause(u32::MAX), Duration::from_secs(60));
    }

    #[test]
    fn jitter_only_shortens_a_pause() {
        assert_eq!(BACKOFF.jittered(u32::MAX, 0.5), Duration::from_secs(30));
        assert_eq!(BACKOFF.jittered(3, 1.0), Duration::from_secs(8));
        assert_eq!(BACKOFF.jittered(3, 0.0), Duration::ZERO);
        assert!(BACKOFF.jittered(3, f64::NAN) <= Duration::from_secs(8));
    }
}
