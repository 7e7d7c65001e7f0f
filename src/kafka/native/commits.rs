//! Commits that report their result, on a queue that nothing else is served from.
//!
//! Invariant: at most one result is taken for each commit that was sent. A result does not say
//! which commit it belongs to.

use std::ptr;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as rd;
use rdkafka::error::{KafkaError, KafkaResult};

use super::queue::{ReplyQueue, check};

/// Sends commits and receives their results.
pub struct CommitQueue(pub ReplyQueue);

impl CommitQueue {
    /// Sends a commit of the offsets in `list` (the *next* ones to read). Does not block.
    ///
    /// # Errors
    /// What librdkafka refuses without a request.
    pub fn send(&self, list: &TopicPartitionList) -> KafkaResult<()> {
        // SAFETY: all pointers are alive; librdkafka copies the list.
        let refused = unsafe {
            rd::rd_kafka_commit_queue(
                self.0.client(),
                list.ptr(),
                self.0.queue.as_ptr(),
                None,
                ptr::null_mut(),
            )
        };
        check(refused).map_err(KafkaError::ConsumerCommit)
    }

    /// Waits for the result of a commit, for at most `timeout`; `None`: none has come.
    pub fn answer(&self, timeout: Duration) -> Option<KafkaResult<()>> {
        Some(self.0.queue.next(timeout)?.result().map_err(KafkaError::ConsumerCommit))
    }
}
