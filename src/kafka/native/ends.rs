//! End offsets of partitions, without blocking.
//!
//! Invariant: a partition's end is returned as the broker reported it, or not at all.

use std::ffi::CStr;
use std::ptr;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as rd;
use rdkafka::error::KafkaResult;

use super::queue::{Options, ReplyQueue, check, slice};

/// Requests end offsets, and receives them.
pub struct Ends(pub ReplyQueue);

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
    /// Requests the end offsets of `partitions`. Does not block.
    ///
    /// # Errors
    /// A name that cannot be a topic's.
    pub fn request(&self, partitions: &[(&str, i32)], timeout: Duration) -> KafkaResult<()> {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for (topic, number) in partitions {
            list.add_partition_offset(topic, *number, rdkafka::Offset::End)?;
        }
        let kind = rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
        let options = Options::new(self.0.client(), kind, timeout)?;
        let isolation = rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
        // SAFETY: all pointers are alive; librdkafka copies list and options. An option that is
        // refused keeps its default.
        unsafe {
            let set = rd::rd_kafka_AdminOptions_set_isolation_level;
            rd::rd_kafka_error_destroy(set(options.as_ptr(), isolation));
            rd::rd_kafka_ListOffsets(
                self.0.client(),
                list.ptr(),
                options.as_ptr(),
                self.0.queue.as_ptr(),
            );
        }
        Ok(())
    }

    /// Takes the next response, if one has come: the ends of those partitions that have one. Empty
    /// where the request failed.
    pub fn answer(&self) -> Option<Vec<End>> {
        let reply = self.0.queue.next(Duration::ZERO)?;
        if reply.result().is_err() {
            return Some(Vec::new());
        }
        // SAFETY: everything that belongs to the event lives as long as it, and is copied here;
        // null results are skipped.
        let ends = unsafe {
            let mut count = 0;
            let infos = rd::rd_kafka_event_ListOffsets_result(reply.as_ptr())
                .as_ref()
                .map(|result| rd::rd_kafka_ListOffsets_result_infos(result, &raw mut count));
            slice(infos.unwrap_or(ptr::null_mut()), count)
                .iter()
                .filter_map(|info| {
                    rd::rd_kafka_ListOffsetsResultInfo_topic_partition(*info).as_ref()
                })
                .filter(|at| check(at.err).is_ok() && at.offset >= 0)
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
