//! When an attempt may leave: a token bucket, and a time before which nothing leaves at all.
//!
//! Pure: time is an argument, counted from any fixed start. Invariant: in no span of time leave
//! more attempts than rate × span + burst, retries included, whatever the rate shares were. Debt
//! and refill are whole numbers, so that nothing drifts over months.

use std::time::Duration;

/// One token, in the unit of `debt`: fine enough that a rate of one post in a year is exact to a
/// millionth.
const TOKEN: u128 = 1 << 80;

/// The limiter of one webhook.
#[derive(Debug, Clone)]
pub struct Limiter {
    /// The debt up to which an attempt may leave: burst − 1 tokens.
    allowance: u128,
    /// What was spent and is not refilled yet; 0 for a full bucket.
    debt: u128,
    /// What is refilled in a nanosecond at the current rate share.
    refill: u128,
    /// The time at which `debt` was computed.
    refilled_at: Duration,
    /// No attempt may leave before this time; `None` while not throttled.
    throttled_until: Option<Duration>,
}

impl Limiter {
    /// A full bucket at `now`: see [`Limiter::set_rate`].
    #[must_use]
    pub fn new(rate: f64, burst: u32, share: f64, now: Duration) -> Self {
        let mut limiter =
            Self { allowance: 0, debt: 0, refill: 0, refilled_at: now, throttled_until: None };
        limiter.set_rate(rate, burst, share, now);
        limiter
    }

    /// Lets `rate` posts a second (over 0) and `burst` posts without a pause (0 counts as 1) leave
    /// from `now` on, refilled at `share` (0 to 1) of the rate, which is this replica's. What was
    /// spent stays spent. At a share of 0 the tokens are frozen, and [`Limiter::ready_at`] returns
    /// `None`.
    pub fn set_rate(&mut self, rate: f64, burst: u32, share: f64, now: Duration) {
        self.refill_until(now);
        self.allowance = u128::from(burst.max(1) - 1) * TOKEN;
        // Rounded up, so that at one post a second the next one is due after 1 s, not 1 ns later.
        let tokens_per_nanosecond = rate.max(0.0) * share.clamp(0.0, 1.0) / 1e9;
        self.refill = (tokens_per_nanosecond * TOKEN as f64).ceil() as u128;
    }

    /// Lets nothing leave before `until`. A time before the current one is ignored.
    pub fn throttle(&mut self, until: Duration) {
        self.throttled_until = self.throttled_until.max(Some(until));
    }

    /// Until when nothing leaves, while it is throttled at `now`.
    #[must_use]
    pub fn throttled_until(&self, now: Duration) -> Option<Duration> {
        self.throttled_until.filter(|until| *until > now)
    }

    /// The earliest time from `now` on at which an attempt may leave; `None`: not before the rate
    /// share changes.
    #[must_use]
    pub fn ready_at(&self, now: Duration) -> Option<Duration> {
        // Without a share not even saved tokens are spent: the partitions that they were saved for
        // have another owner now.
        if self.refill == 0 {
            return None;
        }
        let missing = self.debt_at(now).saturating_sub(self.allowance);
        let nanoseconds = u64::try_from(missing.div_ceil(self.refill));
        let token = now.saturating_add(nanoseconds.map_or(Duration::MAX, Duration::from_nanos));
        Some(token.max(self.throttled_until.unwrap_or_default()))
    }

    /// Lets one attempt leave at `now`. `false`: not yet, and nothing is spent.
    pub fn take(&mut self, now: Duration) -> bool {
        let ready = self.ready_at(now).is_some_and(|at| at <= now);
        if ready {
            self.refill_until(now);
            self.debt += TOKEN;
        }
        ready
    }

    fn refill_until(&mut self, now: Duration) {
        self.debt = self.debt_at(now);
        self.refilled_at = self.refilled_at.max(now);
    }

    fn debt_at(&self, now: Duration) -> u128 {
        self.debt.saturating_sub(
            now.saturating_sub(self.refilled_at).as_nanos().saturating_mul(self.refill),
        )
    }
}

#[cfg(test)]
mod tests;
