//! [5] When to commit. Pure: time is an argument.
//!
//! Invariant: at most one commit is in flight. A broker answers a member's commits one at a time, 5–6 ms each (its append linger), so what comes while one is in
//! flight goes with the next.

use std::time::{Duration, Instant};

/// How long unmatched events alone may go by uncommitted: they are read again after a crash, and match nothing again.
pub(super) const UNMATCHED_INTERVAL: Duration = Duration::from_secs(3);

/// How long to wait before a failed commit is made again. Most fail while a rebalance is under way, which takes about this long.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_millis(250);

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
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.in_flight.is_none() && now >= self.not_before && (self.urgent || now >= self.routine)
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

    /// A commit was sent.
    pub(super) fn sent(&mut self, now: Instant) {
        self.in_flight = Some(now);
        self.urgent = false;
        self.routine = now + UNMATCHED_INTERVAL;
    }

    /// A commit was due and there was nothing to say.
    pub(super) fn skipped(&mut self, now: Instant) {
        self.urgent = false;
        self.routine = now + UNMATCHED_INTERVAL;
    }

    /// The answer came. After a failure the commit is made again.
    pub(super) fn answered(&mut self, now: Instant, ok: bool) {
        self.in_flight = None;
        if !ok {
            self.urgent = true;
            self.not_before = now + RETRY_INTERVAL;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_committed_at_once_and_never_two_at_a_time() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(!pace.is_due(now));
        pace.hurry();
        assert!(pace.is_due(now));
        pace.sent(now);
        pace.hurry();
        assert!(!pace.is_due(now + UNMATCHED_INTERVAL * 2), "a second commit while one is in flight");
        pace.answered(now, true);
        assert!(pace.is_due(now), "what came meanwhile goes with the next");
    }

    #[test]
    fn unmatched_events_wait_for_the_interval() {
        let now = Instant::now();
        let pace = Pace::new(now);
        assert!(!pace.is_due(now + UNMATCHED_INTERVAL - Duration::from_millis(1)));
        assert!(pace.is_due(now + UNMATCHED_INTERVAL));
        assert_eq!(pace.next(), Some(now + UNMATCHED_INTERVAL));
    }

    #[test]
    fn a_failed_commit_is_made_again_but_not_in_a_busy_loop() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.hurry();
        pace.sent(now);
        pace.answered(now, false);
        assert!(!pace.is_due(now));
        assert!(pace.is_due(now + RETRY_INTERVAL));
        assert_eq!(pace.next(), Some(now + RETRY_INTERVAL));
    }
}
