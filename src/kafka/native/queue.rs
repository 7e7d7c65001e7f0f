//! Queues of librdkafka, and the replies that come to them.

use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::kafka::context::Client;
use crate::poll_waker::Waker;

/// One of librdkafka's queues. Its owner keeps the client alive for longer.
pub(super) struct Queue(pub(super) NonNull<rd::rd_kafka_queue_t>);

/// A queue for the replies to slackline's own requests, which wakes the poll loop.
pub(super) struct ReplyQueue {
    // Declared before the client, so that it is dropped first.
    pub(super) queue: Queue,
    pub(super) client: Arc<Client>,
    /// librdkafka writes to its file descriptor.
    _waker: Waker,
}

/// One reply, destroyed with this value.
pub(super) struct Reply(NonNull<rd::rd_kafka_event_t>);

// SAFETY: librdkafka's queues are thread-safe; the pointer is owned by this value alone.
unsafe impl Send for Queue {}

impl Queue {
    pub(super) fn new(client: &Client) -> Result<Self, KafkaError> {
        // SAFETY: the client is alive.
        NonNull::new(unsafe { rd::rd_kafka_queue_new(client.client().native_ptr()) })
            .map(Self)
            .ok_or_else(|| KafkaError::ClientCreation("no queue for replies".to_owned()))
    }

    pub(super) fn as_ptr(&self) -> *mut rd::rd_kafka_queue_t {
        self.0.as_ptr()
    }

    /// Waits for the next reply, for at most `timeout`.
    pub(super) fn next(&self, timeout: Duration) -> Option<Reply> {
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive; an event that is returned belongs to the caller.
        NonNull::new(unsafe { rd::rd_kafka_queue_poll(self.as_ptr(), timeout) }).map(Reply)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: made by `new`, destroyed once, while the client still lives.
        unsafe { rd::rd_kafka_queue_destroy(self.as_ptr()) }
    }
}

impl ReplyQueue {
    pub(super) fn new(client: Arc<Client>, waker: Waker) -> Result<Self, KafkaError> {
        let queue = Queue::new(&client)?;
        // SAFETY: librdkafka copies the payload; the descriptor lives as long as `waker`, and
        // `drop` unregisters it.
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

    pub(super) fn client(&self) -> *mut rd::rd_kafka_t {
        self.client.client().native_ptr()
    }

    pub(super) fn next(&self, timeout: Duration) -> Option<Reply> {
        self.queue.next(timeout)
    }
}

impl Drop for ReplyQueue {
    fn drop(&mut self) {
        // SAFETY: the queue is alive.
        unsafe { rd::rd_kafka_queue_io_event_enable(self.queue.as_ptr(), -1, ptr::null(), 0) }
    }
}

impl Reply {
    pub(super) fn code(&self) -> RDKafkaErrorCode {
        // SAFETY: the event is alive.
        unsafe { rd::rd_kafka_event_error(self.as_ptr()) }.into()
    }

    pub(super) fn as_ptr(&self) -> *mut rd::rd_kafka_event_t {
        self.0.as_ptr()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        // SAFETY: owned by this value, destroyed once.
        unsafe { rd::rd_kafka_event_destroy(self.as_ptr()) }
    }
}
