//! Records in batches: one queue of librdkafka's for each topic, to which the queues of its partitions are forwarded.
//!
//! A call for hundreds of records costs 0.33 µs each, all of librdkafka's threads told, where the crate's poll takes 0.58. It cannot be had on the consumer's own
//! queue: there it throws the events away, rebalances first of all. A topic that is not to be read on is simply not asked; a pause of librdkafka's throws away what
//! was fetched, and fetches it again.
//!
//! Invariant: what is held here comes in the order in which it was read, each once, and nothing of a partition that was forgotten. What is still in librdkafka's
//! queue then, librdkafka drops itself: every assignment, and every end of one, has a version, and the call passes over what is of an earlier one.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::bindings as rd;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::{Answers, Queue};
use crate::event::{Headers, Offset, Partition, Position, Record, TopicIndex};
use crate::kafka::Client;
use crate::poll_waker::Waker;

/// How many records are taken at once: few enough to be in the processor's cache still when their turn comes, and a call's own cost is nothing over so many.
const BATCH: usize = 256;

/// Bytes that the processor fetches at once, and how often it is asked to for one record: the usual event, and the beginning of a long one.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;
#[cfg(target_arch = "x86_64")]
const LINES: usize = 16;

/// What librdkafka has read of one topic.
pub struct Records {
    /// The next one last. Dropped before the queue, and that before the client.
    held: Vec<Held>,
    queue: Answers,
    topic: TopicIndex,
    name: String,
}

/// A record of librdkafka's, or something else in its place; destroyed with this value. Nothing but the pointer that librdkafka writes.
#[repr(transparent)]
struct Held(NonNull<rd::rd_kafka_message_t>);

/// What comes out of a topic, in the order of each of its partitions.
pub enum Taken<'a> {
    /// A record.
    Message(Message<'a>),
    /// Something that librdkafka keeps trying to mend, or can't without us. From here on its own count of what was read of the partition may be one too high.
    Trouble {
        /// Of which partition.
        partition: Partition,
        /// What.
        error: KafkaError,
        /// In librdkafka's words.
        reason: String,
    },
}

/// One record, lent until the next one is asked for.
pub struct Message<'a> {
    held: Held,
    position: Position,
    topic: &'a str,
}

// SAFETY: a message belongs to who took it, whatever the thread.
unsafe impl Send for Held {}

impl Records {
    /// A queue for the records of the topic `name`; `waker` is woken when something comes to the empty queue.
    ///
    /// # Errors
    /// Where librdkafka gives no queue (out of memory).
    pub fn new(
        client: Arc<Client>,
        waker: Waker,
        topic: TopicIndex,
        name: &str,
    ) -> Result<Self, KafkaError> {
        let queue = Answers::new(client, waker)?;
        Ok(Self { held: Vec::with_capacity(BATCH), queue, topic, name: name.to_owned() })
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> TopicIndex {
        self.topic
    }

    /// From now on what is read of this partition comes here. To be said before the partition is assigned: what librdkafka is never told about, it sends to the
    /// consumer's own queue. And again once an assignment that it was part of has been stopped: that undoes it.
    ///
    /// # Errors
    /// A name that can't be a topic's.
    pub fn forward(&self, number: i32) -> Result<(), KafkaError> {
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
        // SAFETY: both queues are alive; librdkafka counts its references to ours.
        unsafe { rd::rd_kafka_queue_forward(queue.as_ptr(), self.queue.queue.as_ptr()) }
        Ok(())
    }

    /// The next of what is held.
    #[inline]
    pub fn take(&mut self) -> Option<Taken<'_>> {
        let held = self.held.pop()?;
        if let Some(next) = self.held.last() {
            next.fetch();
        }
        let message = held.get();
        let partition = Partition { topic: self.topic, number: message.partition };
        let position = Position { partition, offset: Offset(message.offset) };
        if message.err == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Some(Taken::Message(Message { held, position, topic: &self.name }));
        }
        Some(Taken::Trouble {
            partition,
            error: KafkaError::Global(RDKafkaErrorCode::from(message.err)),
            reason: String::from_utf8_lossy(held.payload().unwrap_or_default()).into_owned(),
        })
    }

    /// Takes what has come, if nothing is held any more. Whether anything is held now; if not, the waker is woken by what comes next.
    pub fn fill(&mut self) -> bool {
        if self.held.is_empty() {
            // SAFETY: the queue is alive; `Held` has a pointer's layout, and there is room for `BATCH` of them.
            let taken = unsafe {
                rd::rd_kafka_consume_batch_queue(
                    self.queue.queue.as_ptr(),
                    0,
                    self.held.as_mut_ptr().cast(),
                    BATCH,
                )
            };
            // SAFETY: librdkafka wrote so many pointers, none of them null, and they are ours.
            unsafe { self.held.set_len(usize::try_from(taken).unwrap_or(0).min(BATCH)) }
            self.held.reverse();
        }
        !self.held.is_empty()
    }

    /// Whether anything of a partition was taken and not asked for yet.
    #[must_use]
    pub fn holds(&self, partition: Partition) -> bool {
        partition.topic == self.topic
            && self.held.iter().any(|held| held.get().partition == partition.number)
    }

    /// Drops what is held of the partitions that leave: whoever reads them next is given it again, and so are we.
    pub fn forget(&mut self, leaves: impl Fn(Partition) -> bool) {
        let topic = self.topic;
        self.held.retain(|held| !leaves(Partition { topic, number: held.get().partition }));
    }
}

impl Held {
    #[inline]
    fn get(&self) -> &rd::rd_kafka_message_t {
        // SAFETY: alive until this value is dropped; nobody else has it.
        unsafe { self.0.as_ref() }
    }

    /// Has the payload brought to where it will be read, while the record before it is.
    #[inline]
    fn fetch(&self) {
        #[cfg(target_arch = "x86_64")]
        if let Some(payload) = self.payload() {
            for line in payload.chunks(LINE).take(LINES) {
                // SAFETY: a hint, for any address at all.
                unsafe { _mm_prefetch(line.as_ptr().cast(), _MM_HINT_T0) }
            }
        }
    }

    #[inline]
    fn payload(&self) -> Option<&[u8]> {
        let message = self.get();
        // SAFETY: librdkafka's bytes, alive as long as the message.
        unsafe { bytes(message.payload, message.len) }
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once; the client is alive, since `Records` has it and outlives what it lends.
        unsafe { rd::rd_kafka_message_destroy(self.0.as_ptr()) }
    }
}

impl Message<'_> {
    /// Where it stands.
    #[inline]
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// What the router reads.
    #[inline]
    #[must_use]
    pub fn record(&self) -> Record<'_> {
        let message = self.held.get();
        let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is alive.
        let timestamp = unsafe { rd::rd_kafka_message_timestamp(message, &raw mut kind) };
        Record {
            position: self.position,
            topic: self.topic,
            timestamp: (kind != rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
                && timestamp != -1)
                .then_some(timestamp),
            // SAFETY: librdkafka's bytes, alive as long as the message.
            key: unsafe { bytes(message.key, message.key_len) },
            headers: self,
            payload: self.held.payload(),
        }
    }
}

/// Without it a message could be dropped after the [`Records`] that lent it, and after the client: a borrow that only plain data has need not live so long.
impl Drop for Message<'_> {
    #[inline]
    fn drop(&mut self) {}
}

impl Headers for Message<'_> {
    /// librdkafka reads them only now. One whose name is not UTF-8 is passed over: no expression can name it.
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is alive and this thread's; what is written belongs to it.
        let found = unsafe { rd::rd_kafka_message_headers(self.held.0.as_ptr(), &raw mut headers) };
        if found != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || headers.is_null() {
            return;
        }
        for at in 0.. {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the headers live as long as the message; so do the name, which ends with a zero, and the value.
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
/// `start` is null, or `size` bytes are alive there for `'a`, which nobody changes.
#[inline]
unsafe fn bytes<'a>(start: *const std::ffi::c_void, size: usize) -> Option<&'a [u8]> {
    // SAFETY: as the caller promises.
    (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start.cast(), size) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
