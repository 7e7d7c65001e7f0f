//! End offsets of partitions, without blocking.
//!
//! Invariant: a partition's end is returned as the broker reported it, or not at all.

use std::ffi::CStr;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as rd;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::queue::ReplyQueue;
use crate::kafka::context::Client;
use crate::poll_waker::Waker;

/// Requests end offsets, and receives them.
pub struct Ends(ReplyQueue);

/// The end of one partition: the offset after the last record that can be read. Records of open
/// transactions cannot be.
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
    /// A queue for the end offsets that `client` looks up; `waker` is woken by a response.
    ///
    /// # Errors
    /// When librdkafka has no queue (out of memory).
    pub fn new(client: Arc<Client>, waker: Waker) -> Result<Self, KafkaError> {
        ReplyQueue::new(client, waker).map(Self)
    }

    /// Requests the end offsets of `partitions`. Does not block.
    ///
    /// # Errors
    /// A name that cannot be a topic's.
    pub fn request(&self, partitions: &[(&str, i32)], timeout: Duration) -> Result<(), KafkaError> {
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for (topic, number) in partitions {
            list.add_partition_offset(topic, *number, rdkafka::Offset::End)?;
        }
        // SAFETY: all pointers are alive; librdkafka copies list and options.
        unsafe {
            let options = rd::rd_kafka_AdminOptions_new(
                self.0.client(),
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS,
            );
            let error = rd::rd_kafka_AdminOptions_set_isolation_level(
                options,
                rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED,
            );
            if !error.is_null() {
                rd::rd_kafka_error_destroy(error);
            }
            rd::rd_kafka_AdminOptions_set_request_timeout(options, timeout, ptr::null_mut(), 0);
            rd::rd_kafka_ListOffsets(self.0.client(), list.ptr(), options, self.0.queue.as_ptr());
            if !options.is_null() {
                rd::rd_kafka_AdminOptions_destroy(options);
            }
        }
        Ok(())
    }

    /// Takes the next response, if one has come: the ends of those partitions that have one. Empty
    /// where the request failed.
    pub fn answer(&self) -> Option<Vec<End>> {
        let reply = self.0.next(Duration::ZERO)?;
        if reply.code() != RDKafkaErrorCode::NoError {
            return Some(Vec::new());
        }
        // SAFETY: everything that belongs to the event lives as long as it, and is copied here;
        // null results are skipped.
        let ends = unsafe {
            let result = rd::rd_kafka_event_ListOffsets_result(reply.as_ptr());
            if result.is_null() {
                return Some(Vec::new());
            }
            let mut count = 0;
            let infos = rd::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
            let infos =
                if infos.is_null() { &[] } else { std::slice::from_raw_parts(infos, count) };
            infos
                .iter()
                .filter_map(|info| {
                    rd::rd_kafka_ListOffsetsResultInfo_topic_partition(*info).as_ref()
                })
                .filter(|at| {
                    RDKafkaErrorCode::from(at.err) == RDKafkaErrorCode::NoError && at.offset >= 0
                })
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
