//! Committed offsets with their metadata as bytes.
//!
//! Invariant: an answer counts whole or not at all.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::kafka::Client;

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
                unsafe {
                    std::slice::from_raw_parts(element.metadata.cast::<u8>(), element.metadata_size)
                }
                .to_vec()
            };
            let offset = (element.offset >= 0).then_some(element.offset);
            Ok(Committed { partition: partition.clone(), offset, metadata })
        })
        .collect()
}
