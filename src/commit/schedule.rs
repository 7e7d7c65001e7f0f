//! When to commit. Pure: time is an argument.
//!
//! Invariant: at most one commit is in flight. A broker answers a member's commits one at a time,
//! 5–6 ms each (the linger of its log appends), so what arrives while one is in flight goes with
//! the next. Large states are committed less often: every byte is written to `__consumer_offsets`
//! on all of its replicas.

use std::time::{Duration, Instant};

use super::ledger::committable::Scope;

/// How long unmatched events alone may stay uncommitted: after a crash they are read again, and
/// match nothing again.
pub const UNMATCHED_INTERVAL: Duration = Duration::from_secs(3);

/// The pause before a failed commit is retried. Most fail during a rebalance, which takes about
/// this long.
pub const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// Bytes of metadata a second above which the next commit waits: a full state of 3,000 bytes costs
/// 6 ms, which is how long the broker takes anyway.
const BYTES_PER_SECOND: u32 = 512 * 1024;

/// The times of commits.
#[derive(Debug)]
pub struct Schedule {
    /// When the commit in flight was sent.
    pub in_flight: Option<Instant>,
    /// A delivery was settled, or a partition has no committed offset yet: commit without delay.
    urgent: bool,
    /// The earliest time of the next commit.
    not_before: Instant,
    /// The time of the next commit if there are only unmatched events.
    routine: Instant,
}

impl Schedule {
    /// Nothing is due.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { in_flight: None, urgent: false, not_before: now, routine: now + UNMATCHED_INTERVAL }
    }

    /// Makes an urgent commit due: there is something that a restart must not repeat.
    pub fn request(&mut self) {
        self.urgent = true;
    }

    /// Returns what to commit now, if anything: what a crash would repeat, or everything that was
    /// read.
    #[must_use]
    pub fn due(&self, now: Instant) -> Option<Scope<'static>> {
        if self.in_flight.is_some() || now < self.not_before {
            None
        } else if now >= self.routine {
            Some(Scope::All)
        } else {
            self.urgent.then_some(Scope::Urgent)
        }
    }

    /// When to check again, if nothing else wakes the poll loop.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        if self.in_flight.is_some() {
            return None;
        }
        Some(if self.urgent { self.not_before } else { self.routine.max(self.not_before) })
    }

    /// Records that a commit was sent that costs this many bytes.
    pub fn sent(&mut self, now: Instant, bytes: usize) {
        self.in_flight = Some(now);
        self.not_before = now
            + Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX) / BYTES_PER_SECOND;
        self.skipped(now);
    }

    /// Records that a commit was due and had nothing to commit.
    pub fn skipped(&mut self, now: Instant) {
        self.urgent = false;
        if now >= self.routine {
            self.routine = now + UNMATCHED_INTERVAL;
        }
    }

    /// Records that the commit failed, to be retried at `retry_at`.
    pub fn failed(&mut self, retry_at: Instant) {
        self.in_flight = None;
        self.urgent = true;
        self.not_before = retry_at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_committed_without_delay_and_one_commit_at_a_time() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        assert_eq!(schedule.due(now), None);
        schedule.request();
        assert_eq!(schedule.due(now), Some(Scope::Urgent));
        schedule.sent(now, 0);
        schedule.request();
        assert_eq!(
            schedule.due(now + UNMATCHED_INTERVAL * 2),
            None,
            "a second commit while one is in flight"
        );
        schedule.in_flight = None;
        assert_eq!(
            schedule.due(now),
            Some(Scope::Urgent),
            "what arrived meanwhile goes with the next one"
        );
    }

    #[test]
    fn unmatched_events_wait_for_the_interval_whatever_else_is_committed() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        assert_eq!(schedule.next_due(), Some(now + UNMATCHED_INTERVAL));
        schedule.request();
        schedule.sent(now + UNMATCHED_INTERVAL / 2, 0);
        schedule.in_flight = None;
        assert_eq!(schedule.due(now + UNMATCHED_INTERVAL - Duration::from_millis(1)), None);
        assert_eq!(schedule.due(now + UNMATCHED_INTERVAL), Some(Scope::All));
        schedule.skipped(now + UNMATCHED_INTERVAL);
        assert_eq!(schedule.next_due(), Some(now + UNMATCHED_INTERVAL * 2));
    }

    #[test]
    fn a_failed_commit_is_retried_after_a_pause() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        schedule.request();
        schedule.sent(now, 0);
        schedule.failed(now + RETRY_INTERVAL);
        assert_eq!(schedule.due(now), None);
        assert_eq!(schedule.due(now + RETRY_INTERVAL), Some(Scope::Urgent));
        assert_eq!(schedule.next_due(), Some(now + RETRY_INTERVAL));
    }

    #[test]
    fn a_state_that_is_too_large_is_committed_again_without_a_pause() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        schedule.request();
        schedule.sent(now, 3_000);
        schedule.failed(now);
        assert_eq!(schedule.due(now), Some(Scope::Urgent));
    }

    #[test]
    fn large_states_are_committed_less_often() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        schedule.request();
        schedule.sent(now, 512 * 1024 / 2);
        schedule.in_flight = None;
        schedule.request();
        assert_eq!(schedule.due(now + Duration::from_millis(499)), None);
        assert_eq!(schedule.due(now + Duration::from_millis(500)), Some(Scope::Urgent));
    }
}
