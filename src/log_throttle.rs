//! Keeps a repeated fault from filling the log: its first occurrence is logged immediately, the
//! further ones are summed up.
//!
//! Pure: time is an argument. Invariant: every occurrence is in exactly one line, the recovery's
//! included.

use std::time::{Duration, Instant};

/// The least time between two lines about one fault.
pub const SUMMARY_EVERY: Duration = Duration::from_secs(60);

/// One kind of fault of one thing.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogThrottle {
    /// When the current fault started; `None` without one.
    since: Option<Instant>,
    /// The occurrences since then.
    total: u64,
    /// Whether a line was logged since then.
    logged: bool,
    /// When the last line was logged.
    line: Option<Instant>,
    /// The occurrences that are in no line yet, those of earlier faults included.
    unlogged: u64,
}

/// What to log when a fault is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// All occurrences.
    pub total: u64,
    /// Those that are in no line yet.
    pub unlogged: u64,
    /// The time since the first.
    pub lasted: Duration,
}

impl LogThrottle {
    /// Records one more occurrence at `now`. Returns how many a line about them covers: those since
    /// the last line, this one included; `None`: log no line. A fault that ends and comes back is
    /// summed up like one that lasts.
    pub fn record(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none() {
            (self.since, self.total, self.logged) = (Some(now), 0, false);
        }
        self.total += 1;
        self.unlogged += 1;
        let line = self.due(now);
        self.logged |= line.is_some();
        line
    }

    /// Returns how many occurrences are in no line yet, when it is time for a line about them.
    /// Called regularly, for faults that have no recovery.
    pub fn due(&mut self, now: Instant) -> Option<u64> {
        if self.unlogged == 0
            || self.line.is_some_and(|line| now.saturating_duration_since(line) < SUMMARY_EVERY)
        {
            return None;
        }
        self.line = Some(now);
        Some(std::mem::take(&mut self.unlogged))
    }

    /// Returns how many occurrences are in no line yet, for the last line before the process ends.
    pub fn rest(&mut self) -> u64 {
        std::mem::take(&mut self.unlogged)
    }

    /// Ends the fault at `now`. `None` where there was none, or no line was logged about it.
    pub fn recover(&mut self, now: Instant) -> Option<Recovered> {
        let since = self.since.take()?;
        if !self.logged {
            return None;
        }
        self.line = Some(now);
        let unlogged = std::mem::take(&mut self.unlogged);
        Some(Recovered {
            total: self.total,
            unlogged,
            lasted: now.saturating_duration_since(since),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fault_is_logged_immediately_then_once_a_minute_then_its_end() {
        let mut throttle = LogThrottle::default();
        let start = Instant::now();
        let second = |at| start + Duration::from_secs(at);
        let lines = [0, 1, 59, 60, 61, 119, 120, 400].map(|at| throttle.record(second(at)));
        assert_eq!(lines, [Some(1), None, None, Some(3), None, None, Some(3), Some(1)]);
        throttle.record(second(401));
        assert_eq!(
            throttle.recover(second(402)),
            Some(Recovered { total: 9, unlogged: 1, lasted: Duration::from_secs(402) })
        );
        assert_eq!(throttle.recover(second(403)), None);
        assert_eq!(throttle.record(second(500)), Some(1));
    }

    #[test]
    fn the_rest_of_a_series_is_summed_up_when_it_is_due() {
        let start = Instant::now();
        let second = |at| start + Duration::from_secs(at);
        let mut throttle = LogThrottle::default();
        assert_eq!((throttle.record(second(0)), throttle.record(second(1))), (Some(1), None));
        assert_eq!(throttle.due(second(59)), None);
        assert_eq!(throttle.due(second(60)), Some(1));
        assert_eq!(throttle.due(second(600)), None, "every occurrence is logged");
    }

    #[test]
    fn a_fault_that_comes_and_goes_does_not_flood() {
        let mut throttle = LogThrottle::default();
        let (start, mut lines) = (Instant::now(), 0);
        for half_second in 0..1200 {
            let now = start + Duration::from_millis(half_second * 500);
            lines += if half_second % 2 == 0 {
                usize::from(throttle.record(now).is_some())
            } else {
                usize::from(throttle.recover(now).is_some())
            };
        }
        assert!((10..=20).contains(&lines), "{lines} lines in ten minutes");
    }

    proptest! {
        #[test]
        fn every_occurrence_is_logged_once(gaps in prop::collection::vec((0..100u64, prop::bool::weighted(0.2)), 1..100)) {
            let start = Instant::now();
            let at = |seconds| start + Duration::from_secs(seconds);
            let (mut throttle, mut now, mut logged, mut occurrences, mut last) = (LogThrottle::default(), 0, 0, 0, None::<u64>);
            for (gap, recovers) in gaps {
                now += gap;
                if recovers {
                    if let Some(over) = throttle.recover(at(now)) {
                        logged += over.unlogged;
                    }
                    continue;
                }
                occurrences += 1;
                let line = throttle.record(at(now));
                logged += line.unwrap_or_default();
                if line.is_some() {
                    prop_assert!(last.is_none_or(|last| now - last >= 60));
                    last = Some(now);
                }
            }
            logged += throttle.record(at(now + 60)).unwrap_or_default();
            prop_assert_eq!(logged, occurrences + 1);
        }
    }
}
