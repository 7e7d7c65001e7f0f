//! What the stages hand to each other between a match and its end: a delivery one way, an outcome back.

use std::fmt;
use std::time::SystemTime;

use crate::config::model::{ActionIndex, WebhookIndex};
use crate::event::Position;

/// Changes at every assignment of a partition, so that an outcome of an earlier ownership is told apart. Never used twice in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// Names one delivery for as long as it is pending: one event for one action, under one ownership of its partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// Where the event stands.
    pub position: Position,
    /// The ownership under which it was read.
    pub epoch: Epoch,
    /// The action that it matched.
    pub action: ActionIndex,
}

/// Where a delivery comes from: what its webhook's full queue does with it hangs on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// An event that nobody had read before.
    Read,
    /// Left by the partition's former owner, who had admitted it: it is not dropped because it moved.
    Listed,
    /// At or above the position where its webhook was when the partition changed its owner; the former one may have dropped it.
    Position,
}

/// One event for one action, already rendered: what a queue holds.
pub struct Delivery {
    /// Which delivery it is.
    pub ticket: Ticket,
    /// The request's body: the JSON object that Slack is sent. Event data: never logged above debug level.
    pub payload: Box<[u8]>,
    /// Kafka's timestamp of the event in milliseconds since the epoch, for the delivery's latency.
    pub timestamp: Option<i64>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("ticket", &self.ticket)
            .field("bytes", &self.payload.len())
            .finish()
    }
}

/// An action of a former configuration, where a delivery of its is told of that nobody claims.
pub const REMOVED_ACTION: ActionIndex = ActionIndex(u32::MAX);

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// Slack took it: 200 with the body `ok`.
    Delivered,
    /// Given up deliberately.
    Dropped(Reason),
}

/// Why a delivery was dropped: the label `reason` of `slackline_deliveries_dropped_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The webhook's queue was full.
    Overflow,
    /// Slack's answer was final and not `ok`.
    Rejected,
    /// Every attempt failed until `retry.max_elapsed` had passed.
    RetriesExhausted,
    /// The message rendered to nothing but white space.
    EmptyMessage,
    /// Left by the partition's former owner for an action that is gone, or does not apply to the event any more.
    Unclaimed,
}

impl Reason {
    /// Every reason; its place here is its place in a tally.
    pub const ALL: [Reason; 5] = [
        Reason::Overflow,
        Reason::Rejected,
        Reason::RetriesExhausted,
        Reason::EmptyMessage,
        Reason::Unclaimed,
    ];

    /// The reason as the metric's label and the logs name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Overflow => "overflow",
            Reason::Rejected => "rejected",
            Reason::RetriesExhausted => "retries_exhausted",
            Reason::EmptyMessage => "empty_message",
            Reason::Unclaimed => "unclaimed",
        }
    }
}

/// What a sender reports to the poll loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// A delivery has ended.
    Ended(Outcome),
    /// Slack has throttled the webhook: the next owner of a partition that feeds it must know.
    Throttled {
        /// Which webhook.
        webhook: WebhookIndex,
        /// Until when.
        until: SystemTime,
    },
}

/// This delivery ended so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Which delivery.
    pub ticket: Ticket,
    /// Whose sender had it: an action's webhook may be another one by now.
    pub webhook: WebhookIndex,
    /// How it ended.
    pub ended: Ended,
}
