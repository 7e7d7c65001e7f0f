//! What the stages hand to each other between a match and its end: a delivery one way, an outcome back.

use std::fmt;

use bytes::Bytes;

use crate::config::check::ActionIndex;
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

/// One event for one action, already rendered: what a queue holds.
pub struct Delivery {
    /// Which delivery it is.
    pub ticket: Ticket,
    /// The request's body: the JSON object that Slack is sent. Event data: never logged above debug level.
    pub payload: Bytes,
    /// Kafka's timestamp of the event in milliseconds since the epoch, for the delivery's latency.
    pub timestamp: Option<i64>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("ticket", &self.ticket).field("bytes", &self.payload.len()).finish()
    }
}

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
}

impl Reason {
    /// Every reason; its place here is its place in a tally.
    pub const ALL: [Reason; 4] = [Reason::Overflow, Reason::Rejected, Reason::RetriesExhausted, Reason::EmptyMessage];

    /// The reason as the metric's label and the logs name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Overflow => "overflow",
            Reason::Rejected => "rejected",
            Reason::RetriesExhausted => "retries_exhausted",
            Reason::EmptyMessage => "empty_message",
        }
    }
}

/// What a sender reports to the ledger: this delivery ended so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Which delivery.
    pub ticket: Ticket,
    /// How it ended.
    pub ended: Ended,
}
