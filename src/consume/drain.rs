//! Releasing partitions: what is queued is left to the next owner, attempts in flight may end,
//! and what has ended is committed.
//!
//! Invariant: a partition is released only after its attempts have ended, or the drain's deadline
//! has passed, and the result of its last commit is known, or its time has passed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::delivery::Ticket;
use crate::event::Partition;
use crate::poll_waker::WakeReceiver;
use crate::queue::Queue;

use super::assignment::Assignment;
use super::monitor::Monitor;
use super::observed::webhooks;
use super::sender_controls::SenderControls;
use super::settlement::Settlement;

/// How often a drain takes what has arrived.
const INTERVAL: Duration = Duration::from_millis(20);

/// The least time for the last commit: a drain may have used its own up, and a commit takes
/// milliseconds.
const LAST_COMMIT: Duration = Duration::from_secs(1);

/// What a drain works on.
pub(crate) struct Drain<'a> {
    /// Knows which partitions are leaving.
    pub(crate) assignment: &'a Assignment,
    /// The webhooks' queues.
    pub(crate) queues: &'a [Arc<Queue>],
    /// How deliveries end.
    pub(crate) settlement: &'a mut Settlement,
    /// For what the senders are held.
    pub(crate) controls: &'a SenderControls,
    /// A drain counts as turning.
    pub(crate) monitor: &'a mut Monitor,
    /// Ends a wait.
    pub(crate) wakes: &'a mut WakeReceiver,
}

impl Drain<'_> {
    /// Drains and commits `partitions`, which are leaving, within about `timeout`. Of `lost` ones
    /// nothing can be committed: they are only released.
    pub(crate) fn run(mut self, partitions: &[Partition], lost: bool, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        let assignment = self.assignment;
        let leaving = |ticket: &Ticket| assignment.is_leaving(ticket.position.partition);
        for queue in self.queues {
            queue.release(leaving);
        }
        if !lost {
            self.await_attempts(leaving, deadline);
        }
        let abandoned = self.queues.iter().filter(|queue| queue.abandon(leaving)).count();
        if abandoned > 0 {
            tracing::warn!(
                abandoned,
                "drain timeout reached with requests in flight; their messages may be duplicated"
            );
        }
        self.settlement.take_reports();
        if lost {
            return;
        }
        let Self { settlement, monitor, .. } = self;
        let deadline = deadline.max(Instant::now() + LAST_COMMIT);
        let turned = || monitor.turned(Instant::now());
        if !settlement.commit_finally(partitions, deadline, turned) {
            tracing::warn!(
                "the last commit was not acknowledged in time; the next owner may repeat deliveries"
            );
        }
    }

    /// Waits until no attempt of the leaving partitions is in progress. Everything else goes on
    /// meanwhile: outcomes are taken, and the senders of other partitions wait for commits.
    fn await_attempts(&mut self, leaving: impl Fn(&Ticket) -> bool, deadline: Instant) {
        loop {
            // Before the outcomes are taken: an attempt that is over has put its outcome into the
            // channel or is about to (see `Queue::finish`).
            let attempting = self.queues.iter().any(|queue| queue.is_attempting(&leaving));
            self.settlement.take_reports();
            let now = Instant::now();
            self.monitor.turned(now);
            self.settlement.commit(now);
            if self.monitor.is_due(now) {
                self.monitor.update_webhooks(webhooks(self.queues, self.controls, now), now);
            }
            if !attempting || now >= deadline {
                return;
            }
            self.wakes.wait(INTERVAL.min(deadline - now));
        }
    }
}
