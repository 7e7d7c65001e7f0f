//! Throttles the lines about one thing, and keeps an example for the line that sums up the rest.
//!
//! Pure: time is an argument. Invariant: every occurrence is counted in exactly one line, and at
//! most two examples a minute are made, which may cost as much as reading an event.

use std::time::Instant;

use crate::log_throttle::LogThrottle;

/// Occurrences of one kind, and an example of those that are in no line yet.
#[derive(Debug)]
pub struct LogSample<T> {
    throttle: LogThrottle,
    /// The first occurrence that is in no line yet.
    example: Option<T>,
}

impl<T> Default for LogSample<T> {
    fn default() -> Self {
        Self { throttle: LogThrottle::default(), example: None }
    }
}

impl<T> LogSample<T> {
    /// Records one occurrence. Returns it if a line about it is due, with the number of occurrences
    /// that the line covers, this one included.
    pub fn record(&mut self, now: Instant, example: impl FnOnce() -> T) -> Option<(T, u64)> {
        if let Some(covered) = self.throttle.record(now) {
            self.example = None;
            return Some((example(), covered));
        }
        self.example.get_or_insert_with(example);
        None
    }

    /// Returns the first occurrence that is in no line yet, if a line is due, with the number of
    /// occurrences that the line covers.
    pub fn due(&mut self, now: Instant) -> Option<(T, u64)> {
        let covered = self.throttle.due(now)?;
        Some((self.example.take()?, covered))
    }

    /// The same for the last line: it is due whenever an occurrence is in no line yet.
    pub fn rest(&mut self) -> Option<(T, u64)> {
        Some((self.example.take()?, self.throttle.rest()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a list of all occurrences: each line has the first that no line has had, or the
        /// one that it is logged for.
        #[test]
        fn every_occurrence_is_counted_in_one_line(gaps in prop::collection::vec((0..90u64, any::<bool>()), 0..60)) {
            let start = Instant::now();
            let (mut sample, mut waiting) = (LogSample::default(), Vec::new());
            let (mut second, mut made) = (0, 0);
            for (number, (gap, occurs)) in gaps.into_iter().enumerate() {
                second += gap;
                let now = start + Duration::from_secs(second);
                let line = if occurs {
                    waiting.push(number);
                    sample.record(now, || { made += 1; number })
                } else {
                    sample.due(now)
                };
                if let Some((example, covered)) = line {
                    prop_assert_eq!(covered, waiting.len() as u64);
                    prop_assert_eq!(Some(&example), if occurs { waiting.last() } else { waiting.first() });
                    waiting.clear();
                }
            }
            prop_assert!(made <= 2 * (second / 60 + 1));
            let rest = sample.rest();
            prop_assert_eq!(rest, waiting.first().map(|first| (*first, waiting.len() as u64)));
            prop_assert_eq!(sample.rest(), None);
        }
    }
}
