//! [5] When to commit. Pure: time is an argument.
//!
//! Invariant: at most one commit is in flight. A broker answers a member's commits one at a time, 5–6 ms each (its append linger), so what comes while one is in
//! flight goes with the next. Large states come less often: every byte is written to `__consumer_offsets` on all of its replicas.

use std::time::{Duration, Instant};

/// How long unmatched events alone may go by uncommitted: they are read again after a crash, and match nothing again.
pub(super) const UNMATCHED_INTERVAL: Duration = Duration::from_secs(3);

/// How long to wait before a failed commit is made again. Most fail while a rebalance is under way, which takes about this long.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// Bytes of metadata a second, over which the next commit waits: a full state of 3,000 bytes costs 6 ms, as long as the broker takes anyway.
const BYTES_PER_SECOND: u32 = 512 * 1024;

/// What kind of commit is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// For what a crash would repeat.
    Urgent,
    /// For everything that went by.
    Routine,
}

/// The pace of commits.
#[derive(Debug)]
pub(super) struct Pace {
    /// When the commit in flight was sent.
    in_flight: Option<Instant>,
    /// A delivery was settled, or a partition has no committed offset yet: commit at once.
    urgent: bool,
    /// No commit before that.
    not_before: Instant,
    /// The next commit for unmatched events alone.
    routine: Instant,
}

impl Pace {
    /// Nothing is due.
    #[must_use]
    pub(super) fn new(now: Instant) -> Self {
        Self { in_flight: None, urgent: false, not_before: now, routine: now + UNMATCHED_INTERVAL }
    }

    /// Something came that a restart must not repeat.
    pub(super) fn hurry(&mut self) {
        self.urgent = true;
    }

    /// Whether to commit now, if there is anything to commit.
    #[must_use]
    pub(super) fn due(&self, now: Instant) -> Option<Due> {
        if self.in_flight.is_some() || now < self.not_before {
            None
        } else if now >= self.routine {
            Some(Due::Routine)
        } else {
            self.urgent.then_some(Due::Urgent)
        }
    }

    /// Whether a commit's answer is awaited.
    #[must_use]
    pub(super) fn in_flight(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Since when.
    #[must_use]
    pub(super) fn in_flight_since(&self) -> Option<Instant> {
        self.in_flight
    }

    /// When to look again, where nothing else wakes the loop.
    #[must_use]
    pub(super) fn next(&self) -> Option<Instant> {
        match (self.in_flight.is_some(), self.urgent) {
            (true, _) => None,
            (false, true) => Some(self.not_before),
            (false, false) => Some(self.routine.max(self.not_before)),
        }
    }

    /// A commit with so many bytes of metadata was sent.
    pub(super) fn sent(&mut self, now: Instant, due: Due, bytes: usize) {
        self.in_flight = Some(now);
        self.not_before = now
            + Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX) / BYTES_PER_SECOND;
        self.looked(now, due);
    }

    /// A commit was due and there was nothing to say.
    pub(super) fn skipped(&mut self, now: Instant, due: Due) {
        self.looked(now, due);
    }

    fn looked(&mut self, now: Instant, due: Due) {
        self.urgent = false;
        if due == Due::Routine {
            self.routine = now + UNMATCHED_INTERVAL;
        }
    }

    /// The broker acknowledged.
    pub(super) fn acknowledged(&mut self) {
        self.in_flight = None;
    }

    /// The commit failed and is made again.
    pub(super) fn failed(&mut self, now: Instant) {
        self.in_flight = None;
        self.urgent = true;
        self.not_before = now + RETRY_INTERVAL;
    }

    /// The broker has no room for the state, which is made smaller and committed again at once.
    pub(super) fn refused(&mut self, now: Instant) {
        self.in_flight = None;
        self.urgent = true;
        self.not_before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_committed_at_once_and_never_two_at_a_time() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(pace.due(now), None);
        pace.hurry();
        assert_eq!(pace.due(now), Some(Due::Urgent));
        pace.sent(now, Due::Urgent, 0);
        pace.hurry();
        assert_eq!(
            pace.due(now + UNMATCHED_INTERVAL * 2),
            None,
            "a second commit while one is in flight"
        );
        pace.acknowledged();
        assert_eq!(pace.due(now), Some(Due::Urgent), "what came meanwhile goes with the next");
    }

    #[test]
    fn unmatched_events_wait_for_the_interval_and_no_longer_however_much_else_is_committed() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(pace.next(), Some(now + UNMATCHED_INTERVAL));
        pace.hurry();
        pace.sent(now + UNMATCHED_INTERVAL / 2, Due::Urgent, 0);
        pace.acknowledged();
        assert_eq!(pace.due(now + UNMATCHED_INTERVAL - Duration::from_millis(1)), None);
        assert_eq!(pace.due(now + UNMATCHED_INTERVAL), Some(Due::Routine));
        pace.skipped(now + UNMATCHED_INTERVAL, Due::Routine);
        assert_eq!(pace.next(), Some(now + UNMATCHED_INTERVAL * 2));
    }

    #[test]
    fn a_failed_commit_is_made_again_but_not_in_a_busy_loop() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.hurry();
        pace.sent(now, Due::Urgent, 0);
        pace.failed(now);
        assert_eq!(pace.due(now), None);
        assert_eq!(pace.due(now + RETRY_INTERVAL), Some(Due::Urgent));
        assert_eq!(pace.next(), Some(now + RETRY_INTERVAL));
    }

    #[test]
    fn a_state_that_is_too_large_is_made_smaller_at_once() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.hurry();
        pace.sent(now, Due::Urgent, 3_000);
        pace.refused(now);
        assert_eq!(pace.due(now), Some(Due::Urgent));
    }

    #[test]
    fn large_states_come_less_often() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.hurry();
        pace.sent(now, Due::Urgent, 512 * 1024 / 2);
        pace.acknowledged();
        pace.hurry();
        assert_eq!(pace.due(now + Duration::from_millis(499)), None);
        assert_eq!(pace.due(now + Duration::from_millis(500)), Some(Due::Urgent));
    }
}
