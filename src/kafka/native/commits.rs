//! Commits that report their result, on a queue that nothing else is served from.
//!
//! Invariant: at most as many answers are taken as commits were sent; an answer says nothing of which commit it is of.

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as rd;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::Answers;
use crate::kafka::Client;
use crate::poll_waker::Waker;

/// Commits, and where their answers arrive.
pub struct CommitQueue(Answers);

impl CommitQueue {
    /// A queue for the commits of `client`; `waker` is woken when an answer is there.
    ///
    /// # Errors
    /// Where librdkafka gives no queue (out of memory).
    pub fn new(client: Arc<Client>, waker: Waker) -> Result<Self, KafkaError> {
        Answers::new(client, waker).map(Self)
    }

    /// Sends a commit of the offsets in `list` (the *next* ones to read). Returns at once.
    ///
    /// # Errors
    /// What librdkafka refuses without asking the broker.
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

    /// The answer to a commit that was sent, waited for at most for `timeout`; `None`: there is none yet.
    pub fn answer(&self, timeout: Duration) -> Option<Result<(), KafkaError>> {
        Some(match self.0.next(timeout)?.code() {
            RDKafkaErrorCode::NoError => Ok(()),
            code => Err(KafkaError::ConsumerCommit(code)),
        })
    }
}
