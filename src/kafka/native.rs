//! The project's only `unsafe`: what librdkafka can do and the crate does not offer.
//!
//! - Commits that report their result: the crate's asynchronous `commit` never calls back (rust-rdkafka#856), so that a failing one says nothing at all. Here the
//!   answer comes to a queue of our own, which can be polled without serving anything else: also during a revoke.
//! - Committed offsets with their metadata as bytes: the crate panics on metadata that is not UTF-8, which another program's group can leave.
//! - The ends of partitions without waiting for the answer: what librdkafka remembers of them stands still while a partition is paused.
//!
//! Invariant: nothing here outlives the client that it was made from; every type holds it.
#![allow(unsafe_code, reason = "the one place for it")]

use std::ffi::CStr;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::Client;
use crate::wake::Waker;

/// A queue of librdkafka's for answers to us alone.
struct Answers {
    queue: NonNull<rd::rd_kafka_queue_t>,
    client: Arc<Client>,
    /// librdkafka writes to its descriptor.
    _waker: Waker,
}

/// One answer, destroyed with this value.
struct Answer(NonNull<rd::rd_kafka_event_t>);

// SAFETY: librdkafka's queues are thread-safe; the pointer is owned by this value alone.
unsafe impl Send for Answers {}

impl Answers {
    fn new(client: Arc<Client>, waker: Waker) -> Result<Self, KafkaError> {
        // SAFETY: the client lives as long as `client` is held. librdkafka copies the payload; the descriptor lives as long as `waker`, and `drop` makes librdkafka forget it.
        let queue = unsafe {
            let queue = NonNull::new(rd::rd_kafka_queue_new(client.client().native_ptr()))
                .ok_or_else(|| KafkaError::ClientCreation("no queue for answers".to_owned()))?;
            rd::rd_kafka_queue_io_event_enable(queue.as_ptr(), waker.fd(), [1_u8].as_ptr().cast(), 1);
            queue
        };
        Ok(Self { queue, client, _waker: waker })
    }

    fn client(&self) -> *mut rd::rd_kafka_t {
        self.client.client().native_ptr()
    }

    /// The next answer, waited for at most for `timeout`.
    fn next(&self, timeout: Duration) -> Option<Answer> {
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive; an event that is returned is ours.
        NonNull::new(unsafe { rd::rd_kafka_queue_poll(self.queue.as_ptr(), timeout) }).map(Answer)
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        // SAFETY: made by `new`, destroyed once, while the client still lives.
        unsafe {
            rd::rd_kafka_queue_io_event_enable(self.queue.as_ptr(), -1, ptr::null(), 0);
            rd::rd_kafka_queue_destroy(self.queue.as_ptr());
        }
    }
}

impl Answer {
    fn code(&self) -> RDKafkaErrorCode {
        // SAFETY: the event is alive.
        unsafe { rd::rd_kafka_event_error(self.0.as_ptr()) }.into()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once.
        unsafe { rd::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}

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
            rd::rd_kafka_commit_queue(self.0.client(), list.ptr(), self.0.queue.as_ptr(), None, ptr::null_mut())
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

/// Asks for the ends of partitions, and takes the answers when they come.
pub struct Ends(Answers);

/// The end of one partition: the offset after the last record that can be read, transactions that are still open aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The topic's name.
    pub topic: String,
    /// The partition's number.
    pub number: i32,
    /// The offset.
    pub offset: i64,
}

impl Ends {
    /// A queue for the ends that `client` is asked for; `waker` is woken when an answer is there.
    ///
    /// # Errors
    /// Where librdkafka gives no queue (out of memory).
    pub fn new(client: Arc<Client>, waker: Waker) -> Result<Self, KafkaError> {
        Answers::new(client, waker).map(Self)
    }

    /// Asks for the ends of `partitions`. Returns at once.
    ///
    /// # Errors
    /// Where the list can't be made of them.
    pub fn ask(&self, partitions: &[(&str, i32)]) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for (topic, number) in partitions {
            list.add_partition_offset(topic, *number, rdkafka::Offset::End)?;
        }
        // SAFETY: all pointers are alive; librdkafka copies list and options.
        unsafe {
            let options =
                rd::rd_kafka_AdminOptions_new(self.0.client(), rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS);
            let error = rd::rd_kafka_AdminOptions_set_isolation_level(
                options,
                rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED,
            );
            if !error.is_null() {
                rd::rd_kafka_error_destroy(error);
            }
            rd::rd_kafka_ListOffsets(self.0.client(), list.ptr(), options, self.0.queue.as_ptr());
            if !options.is_null() {
                rd::rd_kafka_AdminOptions_destroy(options);
            }
        }
        Ok(())
    }

    /// The next answer, if one has come: the ends of those partitions that had one. Empty where the request failed.
    pub fn answer(&self) -> Option<Vec<End>> {
        let answer = self.0.next(Duration::ZERO)?;
        if answer.code() != RDKafkaErrorCode::NoError {
            return Some(Vec::new());
        }
        // SAFETY: what hangs on the event lives as long as it does, and is copied here; null results are passed over.
        let ends = unsafe {
            let result = rd::rd_kafka_event_ListOffsets_result(answer.0.as_ptr());
            if result.is_null() {
                return Some(Vec::new());
            }
            let mut count = 0;
            let infos = rd::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
            let infos = if infos.is_null() { &[] } else { std::slice::from_raw_parts(infos, count) };
            infos
                .iter()
                .filter_map(|info| rd::rd_kafka_ListOffsetsResultInfo_topic_partition(*info).as_ref())
                .filter(|at| RDKafkaErrorCode::from(at.err) == RDKafkaErrorCode::NoError && at.offset >= 0)
                .map(|at| End {
                    topic: CStr::from_ptr(at.topic).to_string_lossy().into_owned(),
                    number: at.partition,
                    offset: at.offset,
                })
                .collect()
        };
        Some(ends)
    }
}

/// What the broker holds for one partition of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Topic and partition.
    pub partition: (String, i32),
    /// The committed offset; `None` where there is none.
    pub offset: Option<i64>,
    /// The commit's metadata, whoever wrote it.
    pub metadata: Vec<u8>,
}

/// The group's committed offsets of `partitions`, with their metadata. Blocks: 0.4–5 ms as a rule, `timeout` at most.
///
/// # Errors
/// What librdkafka says, also where it says it of one partition only: never a guess in place of an offset.
pub fn committed(
    client: &Client,
    partitions: &[(String, i32)],
    timeout: Duration,
) -> Result<Vec<Committed>, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        list.add_partition(topic, *partition);
    }
    let list = client.committed_offsets(list, timeout)?;
    // SAFETY: the list is alive until the end of this function; librdkafka says how many elements it has, and of each how long its metadata is.
    let elements = unsafe {
        let raw = &*list.ptr();
        match usize::try_from(raw.cnt) {
            Ok(count) if count > 0 => std::slice::from_raw_parts(raw.elems, count),
            _ => &[],
        }
    };
    elements
        .iter()
        .zip(partitions)
        .map(|(element, partition)| {
            let code = RDKafkaErrorCode::from(element.err);
            if code != RDKafkaErrorCode::NoError {
                return Err(KafkaError::MetadataFetch(code));
            }
            let metadata = if element.metadata.is_null() {
                Vec::new()
            } else {
                // SAFETY: see above.
                unsafe { std::slice::from_raw_parts(element.metadata.cast::<u8>(), element.metadata_size) }.to_vec()
            };
            let offset = (element.offset >= 0).then_some(element.offset);
            Ok(Committed { partition: partition.clone(), offset, metadata })
        })
        .collect()
}
