//! The books that the stages keep and the metrics read: plain numbers, no locks.
//!
//! A tally is only ever handed over whole, so that what adds up in the books adds up in every scrape.

use crate::config::model::ActionIndex;
use crate::delivery::Reason;
use crate::event::Invalid;

/// What happened to one action's deliveries so far. Monotone counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActionTally {
    /// Deliveries that the action asked for.
    pub matched: u64,
    /// Of these, left by a former owner of the partition.
    pub restored: u64,
    /// Taken by Slack.
    pub delivered: u64,
    /// Left to the partition's next owner.
    pub released: u64,
    /// By [`Reason::ALL`]'s order.
    pub dropped: [u64; Reason::ALL.len()],
}

/// One webhook's books at one moment: matched = delivered + dropped + released + queued + in flight, over its actions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Deliveries that may wait.
    pub capacity: u64,
    /// Deliveries that wait.
    pub queued: u64,
    /// 0 or 1.
    pub in_flight: u64,
    /// Deliveries released at a drain's deadline though their attempt was still out.
    pub abandoned: u64,
    /// By action.
    pub actions: Vec<(ActionIndex, ActionTally)>,
}

/// Something with the books of one webhook; read at every scrape.
pub trait Tallied: Send + Sync {
    /// The books, consistent in themselves.
    fn tally(&self) -> Tally;
}

/// What one topic's events came to, per process: consumed = invalid + unmatched + matched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TopicTally {
    /// Events for which no action applied.
    pub unmatched: u64,
    /// Events for which at least one action applied.
    pub matched: u64,
    /// By [`Invalid::ALL`]'s order.
    pub invalid: [u64; Invalid::ALL.len()],
    /// Events read again that a former owner had read; not in the consumed ones.
    pub reread: u64,
    /// Events that left the topic before they were read.
    pub offsets_lost: u64,
}

/// What is known of one owned partition.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PartitionGauges {
    /// End of the partition − committed offset; `None` while unknown.
    pub consumer_lag: Option<i64>,
    /// End of the partition − read position; `None` while unknown.
    pub read_lag: Option<i64>,
    /// Events that are read and not settled.
    pub unsettled_events: u64,
    /// Of the oldest of them, in seconds; 0 where there is none.
    pub oldest_unsettled_age_seconds: f64,
    /// Not read for now, because a `block` queue is full.
    pub paused: bool,
}

impl ActionTally {
    /// Counts one drop.
    pub fn drop(&mut self, reason: Reason) {
        self.dropped[reason as usize] += 1;
    }

    /// Whether nothing ever happened.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl TopicTally {
    /// Counts one record that was no event.
    pub fn invalid(&mut self, reason: Invalid) {
        self.invalid[reason as usize] += 1;
    }

    /// Every event that was read and not read before.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.invalid.iter().sum::<u64>() + self.unmatched + self.matched
    }

    /// Adds what a batch came to.
    pub fn add(&mut self, delta: &TopicTally) {
        self.unmatched += delta.unmatched;
        self.matched += delta.matched;
        self.reread += delta.reread;
        self.offsets_lost += delta.offsets_lost;
        for (sum, more) in self.invalid.iter_mut().zip(delta.invalid) {
            *sum += more;
        }
    }
}
