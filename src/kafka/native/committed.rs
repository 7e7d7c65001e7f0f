//! Committed offsets with their metadata as bytes.
//!
//! Invariant: a response counts as a whole or not at all.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};

use super::queue::{check, slice};
use crate::kafka::client::Client;

/// The group's committed offset of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Topic and partition.
    pub partition: (String, i32),
    /// The committed offset; `None`: nothing was committed.
    pub offset: Option<i64>,
    /// The commit's metadata, which any program may have written.
    pub metadata: Vec<u8>,
}

/// Returns the group's committed offsets of `partitions`, with their metadata. Blocks: usually for
/// 0.4–5 ms, at most for `timeout`.
///
/// # Errors
/// librdkafka's error, also where it is about one partition only: no offset is guessed.
pub fn committed(
    client: &Client,
    partitions: &[(String, i32)],
    timeout: Duration,
) -> KafkaResult<Vec<Committed>> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        list.add_partition(topic, *partition);
    }
    let list = client.committed_offsets(list, timeout)?;
    // SAFETY: the list is alive until the end of this function; librdkafka reports how many
    // elements it has, and how long the metadata of each is.
    let elements = unsafe {
        let raw = &*list.ptr();
        slice(raw.elems, usize::try_from(raw.cnt).unwrap_or(0))
    };
    elements
        .iter()
        .zip(partitions)
        .map(|(element, partition)| {
            check(element.err).map_err(KafkaError::MetadataFetch)?;
            // SAFETY: see above.
            let metadata =
                unsafe { slice(element.metadata.cast(), element.metadata_size) }.to_vec();
            let offset = (element.offset >= 0).then_some(element.offset);
            Ok(Committed { partition: partition.clone(), offset, metadata })
        })
        .collect()
}
