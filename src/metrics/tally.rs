//! The counts that the stages keep and the metrics read: plain numbers without locks.
//!
//! Invariant: a tally is always read as a whole, so that what adds up in it adds up in every
//! scrape.

use super::labels::Degree;
use crate::config::model::ActionIndex;
use crate::delivery::Reason;
use crate::event::Invalid;

/// Counts of one action's deliveries. They only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActionTally {
    /// Deliveries that the action created.
    pub matched: u64,
    /// Of the matched deliveries, those taken over from the partition's previous owner.
    pub restored: u64,
    /// Deliveries that Slack accepted.
    pub delivered: u64,
    /// Deliveries left to the partition's next owner.
    pub released: u64,
    /// Messages whose blocks were refused: each was posted again without them.
    pub blocks_refused: u64,
    /// Dropped deliveries, in the order of [`Reason::ALL`].
    pub dropped: [u64; Reason::ALL.len()],
}

/// One webhook's counts at one moment. Over its actions, matched = delivered + dropped + released +
/// queued + in flight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of deliveries that the queue can hold.
    pub capacity: u64,
    /// Deliveries in the queue.
    pub queued: u64,
    /// Deliveries taken from the queue that have not ended: 0 or 1.
    pub in_flight: u64,
    /// Deliveries released at a drain's deadline although their request had not been answered.
    pub abandoned: u64,
    /// The counts of each action.
    pub actions: Vec<(ActionIndex, ActionTally)>,
}

/// A source of one webhook's counts, read at every scrape.
pub trait Tallied: Send + Sync {
    /// Returns the counts of one moment.
    fn tally(&self) -> Tally;
}

/// Counts of one topic's events since the process started: consumed = invalid + unmatched +
/// matched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TopicTally {
    /// Events that no action matched.
    pub unmatched: u64,
    /// Events that at least one action matched.
    pub matched: u64,
    /// Invalid records, in the order of [`Invalid::ALL`].
    pub invalid: [u64; Invalid::ALL.len()],
    /// Events that a previous owner had read already. They are not counted as consumed.
    pub reread: u64,
    /// Offsets that Kafka deleted before they were read or delivered.
    pub offsets_lost: u64,
    /// Partitions that started at an offset copied from another cluster.
    pub copied_offsets: u64,
    /// Commits whose metadata did not list every pending delivery, in the order of [`Degree::ALL`].
    pub restart_state_truncated: [u64; Degree::ALL.len()],
}

/// The gauges of one owned partition.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PartitionGauges {
    /// The end of the partition minus the committed offset. `None` while unknown.
    pub consumer_lag: Option<i64>,
    /// The end of the partition minus the read position. `None` while unknown.
    pub read_lag: Option<i64>,
    /// Events that were read and are not settled.
    pub unsettled_events: u64,
    /// The age of the oldest unsettled event in seconds. 0 when every event is settled.
    pub oldest_unsettled_age_seconds: f64,
    /// Whether the partition is not read because a queue with `when_full: block` is full.
    pub paused: bool,
}

impl ActionTally {
    /// Counts one dropped delivery.
    pub fn drop(&mut self, reason: Reason) {
        self.dropped[reason as usize] += 1;
    }

    /// Whether every count is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl TopicTally {
    /// Counts one invalid record.
    pub fn invalid(&mut self, reason: Invalid) {
        self.invalid[reason as usize] += 1;
    }

    /// Returns the number of events read for the first time.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.invalid.iter().sum::<u64>() + self.unmatched + self.matched
    }

    /// Adds the counts of a batch.
    pub fn add(&mut self, batch: &TopicTally) {
        self.unmatched += batch.unmatched;
        self.matched += batch.matched;
        self.reread += batch.reread;
        self.offsets_lost += batch.offsets_lost;
        self.copied_offsets += batch.copied_offsets;
        let invalid = self.invalid.iter_mut().zip(batch.invalid);
        let truncated = self.restart_state_truncated.iter_mut().zip(batch.restart_state_truncated);
        invalid.chain(truncated).for_each(|(sum, more)| *sum += more);
    }
}
