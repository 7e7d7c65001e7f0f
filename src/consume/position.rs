//! [1] The client's own count of what was read: where it tells more than the records, and where it is wrong.
//!
//! librdkafka keeps, for each partition, the offset after the last thing that it handed out. After a rebalance it reads the partitions that stay on from there, and
//! at the end of a partition that offset lies beyond control records, which nothing else shows. But its batch call counts an error as a record that was read, of the
//! offset that could not be: after a rebalance it would skip that one (`rd_kafka_q_serve_rkmessages`, 2.12.1; the same with the ends of partitions, for which it is
//! therefore not asked).
//! Invariant: no offset of the client's is believed while it may be one too far.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use crate::event::{Offset, Partition};

use super::PollLoop;

impl PollLoop {
    /// An error came out of a partition: the client is told where to go on. What it fetched by its own count since is passed over then, were it already waiting.
    pub(super) fn set_right(&self, partition: Partition) {
        let Some(next) = self.parts.settlement.ledger.next(partition) else { return };
        let mut list = TopicPartitionList::new();
        let topic = self.topics.name(partition.topic);
        // Without a wait nothing fails but for a partition that is not read: it begins where it is told to.
        let told = list
            .add_partition_offset(topic, partition.number, KafkaOffset::Offset(next.0))
            .and_then(|()| self.parts.client.seek_partitions(list, Duration::ZERO));
        if let Err(error) = told {
            tracing::debug!(%error, topic, partition = partition.number, "could not say where to go on after an error");
        }
    }

    /// Where something lies ahead of the last record that was read, it may be no record. Only where all that was taken from the client was read.
    pub(super) fn pass_over_markers(&mut self) {
        if !self
            .parts
            .settlement
            .ledger
            .progress()
            .any(|at| self.end_of(&at).is_some_and(|end| end > at.next.0))
        {
            return;
        }
        let Ok(positions) = self.parts.client.position() else { return };
        for at in positions.elements() {
            let (Some(topic), KafkaOffset::Offset(offset)) =
                (self.topics.index(at.topic()), at.offset())
            else {
                continue;
            };
            let partition = Partition { topic, number: at.partition() };
            let held = self
                .parts
                .records
                .get(topic.0 as usize)
                .is_none_or(|records| records.holds(partition));
            if !held && !self.stuck.contains(&partition) {
                self.parts.settlement.ledger.advance(partition, Offset(offset));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
