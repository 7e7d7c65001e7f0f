//! Queues of librdkafka, the replies that come to them, and the options of requests.

use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use crate::kafka::client::Client;
use crate::poll_waker::Waker;

/// One of librdkafka's queues. Its owner keeps the client alive for longer.
pub struct Queue(pub NonNull<rd::rd_kafka_queue_t>);

/// A queue for the replies to slackline's own requests, which wakes the poll loop.
pub struct ReplyQueue {
    // Declared before the client, so that it is dropped first.
    pub queue: Queue,
    pub client: Arc<Client>,
    /// librdkafka writes to its file descriptor.
    _waker: Waker,
}

/// One reply, destroyed with this value.
pub struct Reply(NonNull<rd::rd_kafka_event_t>);

/// The options of one request, destroyed with this value.
pub struct Options(NonNull<rd::rd_kafka_AdminOptions_t>);

// SAFETY: librdkafka's queues are thread-safe; the pointer is owned by this value alone.
unsafe impl Send for Queue {}

impl Queue {
    pub fn new(client: &Client) -> KafkaResult<Self> {
        // SAFETY: the client is alive.
        NonNull::new(unsafe { rd::rd_kafka_queue_new(client.client().native_ptr()) })
            .map(Self)
            .ok_or_else(|| KafkaError::ClientCreation("no queue for replies".to_owned()))
    }

    pub fn as_ptr(&self) -> *mut rd::rd_kafka_queue_t {
        self.0.as_ptr()
    }

    /// Waits for the next reply, for at most `timeout`.
    pub fn next(&self, timeout: Duration) -> Option<Reply> {
        // SAFETY: the queue is alive; an event that is returned belongs to the caller.
        NonNull::new(unsafe { rd::rd_kafka_queue_poll(self.as_ptr(), milliseconds(timeout)) })
            .map(Reply)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: made by `new`, destroyed once, while the client still lives.
        unsafe { rd::rd_kafka_queue_destroy(self.as_ptr()) }
    }
}

impl ReplyQueue {
    /// A queue for the replies to `client`; `waker` is woken by a reply.
    ///
    /// # Errors
    /// When librdkafka has no queue (out of memory).
    pub fn new(client: Arc<Client>, waker: Waker) -> KafkaResult<Self> {
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

    pub fn client(&self) -> *mut rd::rd_kafka_t {
        self.client.client().native_ptr()
    }
}

impl Drop for ReplyQueue {
    fn drop(&mut self) {
        // SAFETY: the queue is alive.
        unsafe { rd::rd_kafka_queue_io_event_enable(self.queue.as_ptr(), -1, ptr::null(), 0) }
    }
}

impl Reply {
    /// Returns whether the request has succeeded.
    pub fn result(&self) -> Result<(), RDKafkaErrorCode> {
        // SAFETY: the event is alive.
        check(unsafe { rd::rd_kafka_event_error(self.as_ptr()) })
    }

    pub fn as_ptr(&self) -> *mut rd::rd_kafka_event_t {
        self.0.as_ptr()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        // SAFETY: owned by this value, destroyed once.
        unsafe { rd::rd_kafka_event_destroy(self.as_ptr()) }
    }
}

impl Options {
    /// For a request of this kind, which ends within `timeout`.
    pub fn new(
        client: *mut rd::rd_kafka_t,
        kind: rd::rd_kafka_admin_op_t,
        timeout: Duration,
    ) -> KafkaResult<Self> {
        // SAFETY: the client is alive.
        let options = NonNull::new(unsafe { rd::rd_kafka_AdminOptions_new(client, kind) })
            .map(Self)
            .ok_or_else(|| KafkaError::ClientCreation("no options for a request".to_owned()))?;
        let timeout = milliseconds(timeout);
        // SAFETY: the options are alive. A timeout that is refused stays at its default, a minute.
        unsafe {
            rd::rd_kafka_AdminOptions_set_request_timeout(
                options.as_ptr(),
                timeout,
                ptr::null_mut(),
                0,
            );
        }
        Ok(options)
    }

    pub fn as_ptr(&self) -> *mut rd::rd_kafka_AdminOptions_t {
        self.0.as_ptr()
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: owned by this value, destroyed once.
        unsafe { rd::rd_kafka_AdminOptions_destroy(self.as_ptr()) }
    }
}

/// Returns librdkafka's code as an error, unless it means success.
pub fn check(code: rd::rd_kafka_resp_err_t) -> Result<(), RDKafkaErrorCode> {
    match RDKafkaErrorCode::from(code) {
        RDKafkaErrorCode::NoError => Ok(()),
        code => Err(code),
    }
}

fn milliseconds(timeout: Duration) -> i32 {
    i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX)
}

/// Returns librdkafka's array of `length` values; empty where it is null.
///
/// # Safety
/// `start` is null, or points to `length` values that live for `'a` and do not change.
pub unsafe fn slice<'a, T>(start: *const T, length: usize) -> &'a [T] {
    // SAFETY: as the caller promises.
    if start.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(start, length) } }
}
