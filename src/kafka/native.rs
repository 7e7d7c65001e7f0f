//! The project's only `unsafe`: what librdkafka can do and the crate does not offer.
//!
//! - Commits that report their result: the crate's asynchronous `commit` never calls back (rust-rdkafka#856), so that a failing one says nothing at all. Here the
//!   answer comes to a queue of our own, which can be polled without serving anything else: also during a revoke.
//! - Committed offsets with their metadata as bytes: the crate panics on metadata that is not UTF-8, which another program's group can leave.
//! - The ids of topics, which tell a topic that was deleted and made anew from the one before.
//! - Records by the hundred: the crate polls one at a time, which takes nearly twice as long.
//! - The ends of partitions without waiting for the answer: what librdkafka remembers of them stands still while a partition is paused.
//! - Why a broker's certificate is not valid.
//! - A token before librdkafka asks for it.
//! - Whether a topic may be read.
//!
//! Invariant: nothing here outlives the client that it was made from; every type holds it.
#![allow(unsafe_code, reason = "the one place for it")]

use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::Client;
use crate::poll_waker::Waker;

pub use self::commits::CommitQueue;
pub use self::committed::{Committed, committed};
pub use self::ends::{End, Ends};
pub use self::records::{Message, Records, Taken};
pub use self::token::set_token;
pub use self::topics::{Described, TopicQueue, describe_topics};
pub use self::verify::Handshake;

mod commits;

mod committed;

mod ends;

mod records;

mod token;

mod topics;

mod verify;

/// A queue of librdkafka's. Whoever has one sees to it that the client outlives it.
struct Queue(NonNull<rd::rd_kafka_queue_t>);

/// A queue for answers to us alone, which wakes the poll loop.
struct Answers {
    // Dropped before the client that it is of.
    queue: Queue,
    client: Arc<Client>,
    /// librdkafka writes to its descriptor.
    _waker: Waker,
}

/// One answer, destroyed with this value.
struct Answer(NonNull<rd::rd_kafka_event_t>);

// SAFETY: librdkafka's queues are thread-safe; the pointer is owned by this value alone.
unsafe impl Send for Queue {}

impl Queue {
    fn new(client: &Client) -> Result<Self, KafkaError> {
        // SAFETY: the client is alive.
        NonNull::new(unsafe { rd::rd_kafka_queue_new(client.client().native_ptr()) })
            .map(Self)
            .ok_or_else(|| KafkaError::ClientCreation("no queue for answers".to_owned()))
    }

    fn as_ptr(&self) -> *mut rd::rd_kafka_queue_t {
        self.0.as_ptr()
    }

    /// The next answer, waited for at most for `timeout`.
    fn next(&self, timeout: Duration) -> Option<Answer> {
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive; an event that is returned is ours.
        NonNull::new(unsafe { rd::rd_kafka_queue_poll(self.as_ptr(), timeout) }).map(Answer)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: made by `new`, destroyed once, while the client still lives.
        unsafe { rd::rd_kafka_queue_destroy(self.as_ptr()) }
    }
}

impl Answers {
    fn new(client: Arc<Client>, waker: Waker) -> Result<Self, KafkaError> {
        let queue = Queue::new(&client)?;
        // SAFETY: librdkafka copies the payload; the descriptor lives as long as `waker`, and `drop` makes librdkafka forget it.
        unsafe {
            rd::rd_kafka_queue_io_event_enable(
                queue.as_ptr(),
                waker.fd(),
                [1_u8].as_ptr().cast(),
                1,
            )
        }
        Ok(Self { queue, client, _waker: waker })
    }

    fn client(&self) -> *mut rd::rd_kafka_t {
        self.client.client().native_ptr()
    }

    fn next(&self, timeout: Duration) -> Option<Answer> {
        self.queue.next(timeout)
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        // SAFETY: the queue is alive.
        unsafe { rd::rd_kafka_queue_io_event_enable(self.queue.as_ptr(), -1, ptr::null(), 0) }
    }
}

impl Answer {
    fn code(&self) -> RDKafkaErrorCode {
        // SAFETY: the event is alive.
        unsafe { rd::rd_kafka_event_error(self.as_ptr()) }.into()
    }

    fn as_ptr(&self) -> *mut rd::rd_kafka_event_t {
        self.0.as_ptr()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once.
        unsafe { rd::rd_kafka_event_destroy(self.as_ptr()) }
    }
}

/// Makes a client fail for good, as librdkafka does.
#[cfg(test)]
pub(crate) fn fail_for_good(client: &Client, code: rdkafka::types::RDKafkaRespErr) {
    // SAFETY: the client is alive; the text is copied.
    unsafe {
        rd::rd_kafka_test_fatal_error(client.client().native_ptr(), code, c"a test".as_ptr());
    }
}
