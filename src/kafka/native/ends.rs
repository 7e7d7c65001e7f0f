//! The ends of partitions without waiting for the answer.
//!
//! Invariant: what the broker said of a partition is told as it said it, or not at all.

use std::ffi::CStr;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as rd;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::Answers;
use crate::kafka::Client;
use crate::poll_waker::Waker;

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
    pub fn ask(&self, partitions: &[(&str, i32)], timeout: Duration) -> Result<(), KafkaError> {
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

    /// The next answer, if one has come: the ends of those partitions that had one. Empty where the request failed.
    pub fn answer(&self) -> Option<Vec<End>> {
        let answer = self.0.next(Duration::ZERO)?;
        if answer.code() != RDKafkaErrorCode::NoError {
            return Some(Vec::new());
        }
        // SAFETY: what hangs on the event lives as long as it does, and is copied here; null results are passed over.
        let ends = unsafe {
            let result = rd::rd_kafka_event_ListOffsets_result(answer.as_ptr());
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
