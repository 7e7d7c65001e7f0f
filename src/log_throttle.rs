//! Keeps a fault that repeats from filling the log: logged at once, then summed up.
//!
//! Pure: time is an argument. Invariant: every occurrence is in exactly one line, the recovery's included.

use std::time::Duration;

/// A fault that goes on is logged of this often, at most.
pub const SUMMARY_EVERY: Duration = Duration::from_secs(60);

/// One kind of fault of one thing.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogThrottle {
    /// While the fault is there.
    since: Option<Duration>,
    total: u64,
    /// A line logged of this fault since it came.
    logged: bool,
    /// The last line, whichever.
    line: Option<Duration>,
    /// Occurrences of which no line has logged, of earlier faults too.
    unlogged: u64,
}

/// What to log for one occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The occurrence itself: the first.
    First,
    /// A summary: so many since the last line, this one included.
    Summary(u64),
    /// Nothing.
    Silent,
}

/// What to log when a fault is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// Occurrences in all.
    pub total: u64,
    /// Of which no line has logged yet.
    pub unlogged: u64,
    /// Since the first.
    pub lasted: Duration,
}

impl Line {
    /// How many occurrences the line tells of; `None`: there is no line.
    #[must_use]
    pub fn times(self) -> Option<u64> {
        match self {
            Line::First => Some(1),
            Line::Summary(times) => Some(times),
            Line::Silent => None,
        }
    }
}

impl LogThrottle {
    /// One more occurrence at `now`. A fault that comes and goes is summed up like one that stays.
    pub fn record(&mut self, now: Duration) -> Line {
        if self.since.is_none() {
            (self.since, self.total, self.logged) = (Some(now), 0, false);
        }
        self.total += 1;
        self.unlogged += 1;
        if self.line.is_some_and(|line| now.saturating_sub(line) < SUMMARY_EVERY) {
            return Line::Silent;
        }
        (self.line, self.logged) = (Some(now), true);
        match std::mem::take(&mut self.unlogged) {
            1 if self.total == 1 => Line::First,
            count => Line::Summary(count),
        }
    }

    /// A summary of what no line has logged of, once its time has come: for faults that nothing ends. Ask now and then.
    pub fn due(&mut self, now: Duration) -> Line {
        if self.unlogged == 0
            || self.line.is_some_and(|line| now.saturating_sub(line) < SUMMARY_EVERY)
        {
            return Line::Silent;
        }
        self.line = Some(now);
        Line::Summary(std::mem::take(&mut self.unlogged))
    }

    /// The fault is over at `now`, if there was one; nothing to log of one that no line has logged of.
    pub fn recover(&mut self, now: Duration) -> Option<Recovered> {
        let since = self.since.take()?;
        if !self.logged {
            return None;
        }
        self.line = Some(now);
        let unlogged = std::mem::take(&mut self.unlogged);
        Some(Recovered { total: self.total, unlogged, lasted: now.saturating_sub(since) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn first_at_once_then_once_a_minute_then_the_end() {
        let mut repeat = LogThrottle::default();
        let second = Duration::from_secs;
        let lines: Vec<Line> =
            [0, 1, 59, 60, 61, 119, 120, 400].map(|at| repeat.record(second(at))).into();
        let (s, n) = (Line::Silent, Line::Summary);
        assert_eq!(lines, [Line::First, s, s, n(3), s, s, n(3), n(1)]);
        repeat.record(second(401));
        assert_eq!(
            repeat.recover(second(402)),
            Some(Recovered { total: 9, unlogged: 1, lasted: second(402) })
        );
        assert_eq!(repeat.recover(second(403)), None);
        assert_eq!(repeat.record(second(500)), Line::First);
    }

    #[test]
    fn the_end_of_a_series_is_told_when_asked_for() {
        let second = Duration::from_secs;
        let mut repeat = LogThrottle::default();
        assert_eq!(
            (repeat.record(second(0)), repeat.record(second(1))),
            (Line::First, Line::Silent)
        );
        assert_eq!(repeat.due(second(59)), Line::Silent);
        assert_eq!(repeat.due(second(60)), Line::Summary(1));
        assert_eq!(repeat.due(second(600)), Line::Silent, "nothing is left to tell");
    }

    #[test]
    fn a_fault_that_comes_and_goes_does_not_flood() {
        let mut repeat = LogThrottle::default();
        let mut lines = 0;
        for half_second in 0..1200 {
            let now = Duration::from_millis(half_second * 500);
            lines += if half_second % 2 == 0 {
                usize::from(repeat.record(now) != Line::Silent)
            } else {
                usize::from(repeat.recover(now).is_some())
            };
        }
        assert!((10..=20).contains(&lines), "{lines} lines in ten minutes");
    }

    proptest! {
        #[test]
        fn every_occurrence_is_told_once(gaps in prop::collection::vec((0..100u64, prop::bool::weighted(0.2)), 1..100)) {
            let (mut repeat, mut now, mut logged, mut occurrences, mut last) = (LogThrottle::default(), 0, 0, 0, None::<u64>);
            for (gap, recovers) in gaps {
                now += gap;
                if recovers {
                    if let Some(over) = repeat.recover(Duration::from_secs(now)) {
                        logged += over.unlogged;
                    }
                    continue;
                }
                occurrences += 1;
                let line = repeat.record(Duration::from_secs(now));
                logged += match line { Line::First => 1, Line::Summary(count) => count, Line::Silent => 0 };
                if line != Line::Silent {
                    prop_assert!(last.is_none_or(|last| now - last >= 60));
                    last = Some(now);
                }
            }
            logged += match repeat.record(Duration::from_secs(now + 60)) { Line::First => 1, Line::Summary(count) => count, Line::Silent => 0 };
            prop_assert_eq!(logged, occurrences + 1);
        }
    }
}
