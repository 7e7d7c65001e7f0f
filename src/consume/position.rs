//! [1] The client's own count of what was read: where it tells more than the records, and where it is wrong.
//!
//! librdkafka keeps, for each partition, the offset after the last thing that it handed out. After a rebalance it reads the partitions that stay on from there, and
//! at the end of a partition that offset lies beyond control records, which nothing else shows. But its batch call counts an error as a record that was read, of the
//! offset that could not be: after a rebalance it would skip that one (`rd_kafka_q_serve_rkmessages`, 2.12.1; the same with the ends of partitions, for which it is
//! therefore not asked).
//! Invariant: no offset of the client's is believed while it may be one too far, and none such outlives a rebalance.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;

use crate::event::{Offset, Partition};

use super::PollLoop;

/// How long after an error the client is told where to go on, if no rebalance comes before: what is wrong for good is told so often.
const LATER: Duration = Duration::from_secs(10);

/// Partitions of which the client may count one record too many.
#[derive(Debug, Default)]
pub(super) struct Shifted {
    partitions: BTreeSet<Partition>,
    again: Option<Instant>,
}

impl Shifted {
    /// The client handed out an error.
    pub(super) fn note(&mut self, partition: Partition, now: Instant) {
        self.partitions.insert(partition);
        self.again = self.again.or(Some(now + LATER));
    }

    /// It reads these from where it was told to, or no longer.
    pub(super) fn forget(&mut self, told: impl Fn(Partition) -> bool) {
        self.partitions.retain(|partition| !told(*partition));
        if self.partitions.is_empty() {
            self.again = None;
        }
    }
}

impl PollLoop {
    /// Tells the client where to go on with the partitions of which it may count too many. After each rebalance, before anything is read: it goes on by its own
    /// count then.
    pub(super) fn set_right(&mut self, now: Instant) {
        let shifted: Vec<Partition> = self.shifted.partitions.iter().copied().collect();
        if shifted.is_empty() {
            return;
        }
        if let Err(error) = self.read_anew(&shifted) {
            tracing::warn!(%error, "the client could not be told where to go on after an error; trying again");
            self.shifted.again = Some(now);
        }
    }

    /// Once a second: what an error left is mended, and where something lies ahead of the last record that was read, it is looked whether it is no record.
    pub(super) fn look_at_positions(&mut self, now: Instant) {
        if self.shifted.again.is_some_and(|again| now >= again) {
            self.set_right(now);
        }
        let lags = self.ledger.standings().any(|at| self.end_of(&at).is_some_and(|end| end > at.next.0));
        if lags {
            self.pass_over_markers();
        }
    }

    /// Only where all that was taken from the client was read.
    fn pass_over_markers(&mut self) {
        let Ok(positions) = self.parts.client.position() else { return };
        for at in positions.elements() {
            let (Some(topic), rdkafka::Offset::Offset(offset)) = (self.topics.index(at.topic()), at.offset()) else {
                continue;
            };
            let partition = Partition { topic, number: at.partition() };
            let held = self.parts.records.get(topic.0 as usize).is_none_or(|records| records.holds(partition));
            if !held && !self.shifted.partitions.contains(&partition) {
                self.ledger.advance(partition, Offset(offset));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
