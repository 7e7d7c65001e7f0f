//! Commits that report their result, on a queue that nothing else is served from.
//!
//! Invariant: at most one result is taken for each commit that was sent. A result does not say
//! which commit it belongs to.

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as rd;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::queue::ReplyQueue;
use crate::kafka::context::Client;
use crate::poll_waker::Waker;

/// Sends commits and receives their results.
pub struct CommitQueue(ReplyQueue);

impl CommitQueue {
    /// A queue for the commits of `client`; `waker` is woken by a result.
    ///
    /// # Errors
    /// When librdkafka has no queue (out of memory).
    pub fn new(client: Arc<Client>, waker: Waker) -> Result<Self, KafkaError> {
        ReplyQueue::new(client, waker).map(Self)
    }

    /// Sends a commit of the offsets in `list` (the *next* ones to read). Does not block.
    ///
    /// # Errors
    /// What librdkafka refuses without a request.
    pub fn send(&self, list: &TopicPartitionList) -> Result<(), KafkaError> {
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
        match RDKafkaErrorCode::from(refused) {
            RDKafkaErrorCode::NoError => Ok(()),
            code => Err(KafkaError::ConsumerCommit(code)),
        }
    }

    /// Waits for the result of a commit, for at most `timeout`; `None`: none has come.
    pub fn answer(&self, timeout: Duration) -> Option<Result<(), KafkaError>> {
        Some(match self.0.next(timeout)?.code() {
            RDKafkaErrorCode::NoError => Ok(()),
            code => Err(KafkaError::ConsumerCommit(code)),
        })
    }
}
