//! Records in batches: one of librdkafka's queues for each topic, to which the queues of its
//! partitions are forwarded.
//!
//! A call for hundreds of records costs 0.33 µs for each, librdkafka's threads included, where the
//! crate's poll takes 0.58. It cannot be used on the consumer's own queue, where it discards
//! events, rebalances among them. A paused topic's queue is not polled: librdkafka's own pause
//! discards what was fetched, and fetches it again.
//!
//! Invariant: the records of a partition come in order, each once, and none of a partition after
//! [`Records::forget`]. Those that are still in librdkafka's queue then are dropped by librdkafka:
//! every assignment and every end of one has a version, and the call skips earlier ones.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};

use rdkafka::bindings as rd;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::queue::{Queue, ReplyQueue};
use crate::event::{Headers, Offset, Partition, Position, Record, TopicIndex};

/// The most records of one call: few enough to be in the processor's cache still when they are
/// read, and enough that the call's own cost does not matter.
const BATCH: usize = 256;

/// The bytes of one cache line.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// The most lines that are prefetched of one record: a usual event, and the start of a long one.
#[cfg(target_arch = "x86_64")]
const LINES: usize = 16;

/// The records of one topic that librdkafka has fetched.
pub struct Records {
    /// The next one is the last. Declared before the queue, so that it is dropped first.
    batch: Vec<RawMessage>,
    queue: ReplyQueue,
    /// The topic.
    pub topic: TopicIndex,
    name: String,
}

/// One of librdkafka's messages, a record or an error; destroyed with this value. It has the layout
/// of the pointer that librdkafka writes.
#[repr(transparent)]
struct RawMessage(NonNull<rd::rd_kafka_message_t>);

/// What is taken from a topic, in the order of each partition.
pub enum Taken<'a> {
    /// A record.
    Message(Message<'a>),
    /// An error, which librdkafka keeps retrying or cannot fix by itself. From here on its own read
    /// position of the partition may be one too high.
    Error(PartitionError),
}

/// An error in place of a record.
#[derive(Debug)]
pub struct PartitionError {
    /// The partition.
    pub partition: Partition,
    /// The error.
    pub error: KafkaError,
    /// The error in librdkafka's words.
    pub reason: String,
}

/// One record, borrowed until the next one is taken.
pub struct Message<'a> {
    raw: RawMessage,
    /// Its position.
    pub position: Position,
    topic: &'a str,
}

// SAFETY: a message belongs to the value that holds it, on any thread.
unsafe impl Send for RawMessage {}

impl Records {
    /// The records of the topic `name` come to `queue`, whose waker is woken when it was empty.
    pub fn new(queue: ReplyQueue, topic: TopicIndex, name: &str) -> Self {
        Self { batch: Vec::with_capacity(BATCH), queue, topic, name: name.to_owned() }
    }

    /// Directs the records of this partition to this queue. Call it before the partition is
    /// assigned, or its records go to the consumer's own queue; and again after an assignment of it
    /// was stopped, which undoes it.
    ///
    /// # Errors
    /// A name that cannot be a topic's.
    pub fn forward(&self, number: i32) -> KafkaResult<()> {
        let name = CString::new(self.name.as_str())?;
        // SAFETY: the client is alive; the name is copied.
        let queue =
            unsafe { rd::rd_kafka_queue_get_partition(self.queue.client(), name.as_ptr(), number) };
        let queue = NonNull::new(queue).map(Queue).ok_or_else(|| {
            KafkaError::ClientCreation(format!(
                "no queue for partition {number} of `{}`",
                self.name
            ))
        })?;
        // SAFETY: both queues are alive; librdkafka counts its references to them.
        unsafe { rd::rd_kafka_queue_forward(queue.as_ptr(), self.queue.queue.as_ptr()) }
        Ok(())
    }

    /// Takes the next record of the batch.
    #[inline]
    pub fn take(&mut self) -> Option<Taken<'_>> {
        let raw = self.batch.pop()?;
        if let Some(next) = self.batch.last() {
            next.prefetch();
        }
        let message = raw.get();
        let partition = Partition { topic: self.topic, number: message.partition };
        let position = Position { partition, offset: Offset(message.offset) };
        if message.err == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Some(Taken::Message(Message { raw, position, topic: &self.name }));
        }
        Some(Taken::Error(PartitionError {
            partition,
            error: KafkaError::Global(RDKafkaErrorCode::from(message.err)),
            reason: String::from_utf8_lossy(raw.payload().unwrap_or_default()).into_owned(),
        }))
    }

    /// Takes another batch, if the last one is used up. Returns whether there is a record now; if
    /// not, the next one wakes the waker.
    pub fn fill(&mut self) -> bool {
        if self.batch.is_empty() {
            // SAFETY: the queue is alive; `RawMessage` has the layout of a pointer, and there is
            // room for `BATCH` of them.
            let taken = unsafe {
                rd::rd_kafka_consume_batch_queue(
                    self.queue.queue.as_ptr(),
                    0,
                    self.batch.as_mut_ptr().cast(),
                    BATCH,
                )
            };
            // SAFETY: librdkafka wrote this many pointers, none of them null, and handed them over.
            unsafe { self.batch.set_len(usize::try_from(taken).unwrap_or(0).min(BATCH)) }
            self.batch.reverse();
        }
        !self.batch.is_empty()
    }

    /// Whether the batch has a record of a partition.
    #[must_use]
    pub fn has_any_of(&self, partition: Partition) -> bool {
        partition.topic == self.topic
            && self.batch.iter().any(|raw| raw.get().partition == partition.number)
    }

    /// Drops the batch's records of partitions that leave: their next owner, which may be this
    /// member, reads them again.
    pub fn forget(&mut self, leaves: impl Fn(Partition) -> bool) {
        let topic = self.topic;
        self.batch.retain(|raw| !leaves(Partition { topic, number: raw.get().partition }));
    }
}

impl RawMessage {
    #[inline]
    fn get(&self) -> &rd::rd_kafka_message_t {
        // SAFETY: alive until this value is dropped, and not shared.
        unsafe { self.0.as_ref() }
    }

    /// Loads the payload into the processor's cache while the record before it is handled.
    #[inline]
    fn prefetch(&self) {
        #[cfg(target_arch = "x86_64")]
        if let Some(payload) = self.payload() {
            for line in payload.chunks(LINE).take(LINES) {
                // SAFETY: a hint, valid for any address.
                unsafe { _mm_prefetch(line.as_ptr().cast(), _MM_HINT_T0) }
            }
        }
    }

    #[inline]
    fn payload(&self) -> Option<&[u8]> {
        let message = self.get();
        // SAFETY: the bytes live as long as the message.
        unsafe { bytes(message.payload, message.len) }
    }
}

impl Drop for RawMessage {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: owned by this value, destroyed once; the client is alive, because `Records` holds
        // it and outlives the messages that it lends.
        unsafe { rd::rd_kafka_message_destroy(self.0.as_ptr()) }
    }
}

impl Message<'_> {
    /// The record for the router.
    #[inline]
    #[must_use]
    pub fn record(&self) -> Record<'_> {
        let message = self.raw.get();
        let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is alive.
        let timestamp = unsafe { rd::rd_kafka_message_timestamp(message, &raw mut kind) };
        Record {
            position: self.position,
            topic: self.topic,
            timestamp: (kind != rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
                && timestamp != -1)
                .then_some(timestamp),
            // SAFETY: the bytes live as long as the message.
            key: unsafe { bytes(message.key, message.key_len) },
            headers: self,
            payload: self.raw.payload(),
        }
    }
}

/// Keeps the borrow alive until the drop: without it the compiler would allow a message to be
/// dropped after its [`Records`], and after the client.
impl Drop for Message<'_> {
    #[inline]
    fn drop(&mut self) {}
}

impl Headers for Message<'_> {
    /// librdkafka parses the headers only now. One whose name is not UTF-8 is skipped: no
    /// expression can name it.
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is alive and not shared; the headers belong to it.
        let found = unsafe { rd::rd_kafka_message_headers(self.raw.0.as_ptr(), &raw mut headers) };
        if found != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || headers.is_null() {
            return;
        }
        for at in 0.. {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the headers live as long as the message; so do the value and the name, which
            // ends with a zero.
            let (name, value) = unsafe {
                let found = rd::rd_kafka_header_get_all(
                    headers,
                    at,
                    &raw mut name,
                    &raw mut value,
                    &raw mut size,
                );
                if found != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                    return;
                }
                (CStr::from_ptr(name).to_str(), bytes(value, size))
            };
            if let Ok(name) = name {
                each(name, value);
            }
        }
    }
}

/// # Safety
/// `start` is null, or points to `size` bytes that live for `'a` and do not change.
#[inline]
unsafe fn bytes<'a>(start: *const std::ffi::c_void, size: usize) -> Option<&'a [u8]> {
    // SAFETY: as the caller promises.
    (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start.cast(), size) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
