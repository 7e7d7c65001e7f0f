//! Releasing partitions: what is queued is left to the next owner, attempts in flight may end,
//! and what has ended is committed.
//!
//! Invariant: a partition is released only after its attempts have ended, or the drain's deadline
//! has passed, and the result of its last commit is known, or its time has passed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::delivery::Ticket;
use crate::event::Partition;
use crate::queue::Queue;

use super::settlement::Settlement;

/// How often a drain takes what has arrived.
const INTERVAL: Duration = Duration::from_millis(20);

/// The least time for the last commit: a drain may have used its own up, and a commit takes
/// milliseconds.
const LAST_COMMIT: Duration = Duration::from_secs(1);

/// Drains and commits `partitions` until about `deadline`; `None`: they are lost, nothing of them
/// can be committed, and they are only released. `wait`, which waits at most that long, is called
/// in between.
///
/// Everything else goes on meanwhile: outcomes are taken, and the senders of other partitions wait
/// for commits.
pub fn drain(
    partitions: &[Partition],
    deadline: Option<Instant>,
    queues: &[Arc<Queue>],
    settlement: &mut Settlement,
    mut wait: impl FnMut(Duration),
) {
    let released: BTreeSet<&Partition> = partitions.iter().collect();
    let leaving = |ticket: &Ticket| released.contains(&ticket.position.partition);
    for queue in queues {
        queue.release(leaving);
    }
    while let Some(deadline) = deadline {
        // Before the outcomes are taken: an attempt that is over has put its outcome into the
        // channel or is about to (see `Queue::finish`).
        let attempting = queues.iter().any(|queue| queue.is_attempting(leaving));
        settlement.take_reports();
        let now = Instant::now();
        settlement.commit(now);
        if !attempting || now >= deadline {
            break;
        }
        wait(INTERVAL.min(deadline - now));
    }
    let abandoned = queues.iter().filter(|queue| queue.abandon(leaving)).count();
    if abandoned > 0 {
        tracing::warn!(
            abandoned,
            "drain timeout reached with requests in flight; their messages may be duplicated"
        );
    }
    settlement.take_reports();
    let Some(deadline) = deadline else { return };
    let deadline = deadline.max(Instant::now() + LAST_COMMIT);
    if !settlement.commit_and_wait(partitions, deadline, || wait(Duration::ZERO)) {
        tracing::warn!(
            "the last commit was not acknowledged in time; the next owner may repeat deliveries"
        );
    }
}
