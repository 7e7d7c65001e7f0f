//! The pauses between Kafka clients that fail one after the other. Pure: the time is an
//! argument.
//!
//! After a fatal error librdkafka calls no callback and joins no group any more: everything that
//! the client was reading is released, and a new client takes its place. No fatal error ends the
//! worker except one: another process has taken over its `kafka.instance_id`, and two processes
//! that replace each other in turn would be worse than one that ends.

use std::time::{Duration, Instant};

use crate::backoff::Backoff;

/// The pauses between failures in a row.
const BACKOFF: Backoff = Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(30) };

/// The backoff starts over after a client has worked for this long.
const RESET_AFTER: Duration = Duration::from_secs(120);

/// Counts the failures in a row.
#[derive(Debug, Default)]
pub struct ClientRecovery {
    failed: u32,
    last: Option<Instant>,
}

impl ClientRecovery {
    /// Records that a client failed, or could not be created. Returns the pause before the next
    /// one.
    pub fn pause(&mut self, now: Instant) -> Duration {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) >= RESET_AFTER) {
            self.failed = 0;
        }
        let pause = BACKOFF.pause(self.failed);
        self.failed = self.failed.saturating_add(1);
        self.last = Some(now + pause);
        pause
    }
}

#[cfg(test)]
mod tests;
