//! What the client's user may do with its group, and how many members the group has.
//!
//! Invariant: the group is described, not joined. A group that does not exist yet is described,
//! too, and stays so.

use std::ffi::CString;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::queue::{Options, ReplyQueue, slice};

/// The coordinator's description of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DescribedGroup {
    /// How many members it has.
    pub members: usize,
    /// Whether this client's user may read it; true where the broker does not report it (before
    /// Kafka 2.3).
    pub readable: bool,
}

/// Requests the description of a group, and receives it.
pub struct GroupQueue(pub ReplyQueue);

impl GroupQueue {
    /// Requests the description of `group`. Does not block; a response comes within `timeout`, be
    /// it an error.
    ///
    /// # Errors
    /// A name that cannot be a group's.
    pub fn request(&self, group: &str, timeout: Duration) -> KafkaResult<()> {
        let name = CString::new(group)?;
        let mut names = [name.as_ptr()];
        let kind = rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
        let options = Options::new(self.0.client(), kind, timeout)?;
        // SAFETY: all pointers are alive; librdkafka copies the name and the options, and keeps the
        // queue alive until it has replied. An option that is refused keeps its default.
        unsafe {
            let set = rd::rd_kafka_AdminOptions_set_include_authorized_operations;
            rd::rd_kafka_error_destroy(set(options.as_ptr(), 1));
            rd::rd_kafka_DescribeConsumerGroups(
                self.0.client(),
                names.as_mut_ptr(),
                names.len(),
                options.as_ptr(),
                self.0.queue.as_ptr(),
            );
        }
        Ok(())
    }

    /// Takes the next response, if one has come.
    pub fn answer(&self) -> Option<KafkaResult<DescribedGroup>> {
        let reply = self.0.queue.next(Duration::ZERO)?;
        if let Err(code) = reply.result() {
            return Some(Err(KafkaError::GroupListFetch(code)));
        }
        // SAFETY: everything that belongs to the event lives as long as it, and is copied here.
        let described = unsafe {
            let result = rd::rd_kafka_event_DescribeConsumerGroups_result(reply.as_ptr());
            let mut count = 0;
            let groups = result.as_ref().map(|result| {
                rd::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count)
            });
            let groups = groups.map_or(&[][..], |groups| slice(groups, count));
            groups.first().filter(|group| !group.is_null()).map(|group| one(*group))
        };
        Some(
            described
                .unwrap_or(Err(RDKafkaErrorCode::BadMessage))
                .map_err(KafkaError::GroupListFetch),
        )
    }
}

/// # Safety
/// `group` is not null, and lives as long as the call.
unsafe fn one(
    group: *const rd::rd_kafka_ConsumerGroupDescription_t,
) -> Result<DescribedGroup, RDKafkaErrorCode> {
    // SAFETY: not null, and alive; so is everything that belongs to it. Operations are read as
    // numbers: a later librdkafka may have more of them than the enum.
    unsafe {
        let error = rd::rd_kafka_ConsumerGroupDescription_error(group);
        if !error.is_null() {
            return Err(rd::rd_kafka_error_code(error).into());
        }
        let mut count = 0;
        let operations =
            rd::rd_kafka_ConsumerGroupDescription_authorized_operations(group, &raw mut count);
        let operations = slice(operations.cast::<u32>(), count);
        let read = rd::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_READ as u32;
        Ok(DescribedGroup {
            members: rd::rd_kafka_ConsumerGroupDescription_member_count(group),
            readable: operations.is_empty() || operations.contains(&read),
        })
    }
}
