//! Committed offsets with their metadata as bytes.
//!
//! Invariant: a response counts as a whole or not at all.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::kafka::context::Client;

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
) -> Result<Vec<Committed>, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        list.add_partition(topic, *partition);
    }
    let list = client.committed_offsets(list, timeout)?;
    // SAFETY: the list is alive until the end of this function; librdkafka reports how many
    // elements it has, and how long the metadata of each is.
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
