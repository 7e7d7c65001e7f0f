//! The terms of one delivery: its ticket, where it comes from, and how it ends.

use crate::config::model::{ActionIndex, WebhookIndex};
use crate::event::Position;
use crate::label::label;

/// A number that changes at every assignment of a partition and is never reused in a process: an
/// outcome from an earlier assignment is recognized by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// Identifies one pending delivery: one event for one action, under one assignment of its
/// partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// The event's topic, partition and offset.
    pub position: Position,
    /// The assignment under which it was read.
    pub epoch: Epoch,
    /// The action that it matched.
    pub action: ActionIndex,
}

/// Where one event is delivered: an action posts each event once, to one sender of its webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Route {
    /// The action.
    pub action: ActionIndex,
    /// The sender.
    pub webhook: WebhookIndex,
}

/// Where a delivery comes from: it decides what a full queue does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// An event that was read for the first time.
    Read,
    /// Listed as pending by the partition's former owner, which had admitted it: a full queue
    /// does not drop it.
    Listed,
    /// At or above the position of its webhook when the partition changed its owner. The former
    /// owner may have dropped it, so a full queue may too.
    Position,
}

/// Takes the place of an action that the configuration no longer has, where its delivery is
/// reported as unclaimed.
pub const REMOVED_ACTION: ActionIndex = ActionIndex(u32::MAX);

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Slack accepted it: status 200 with the body `ok`.
    Delivered,
    /// Given up deliberately.
    Dropped(Reason),
}

label! {
    /// Why a delivery was dropped: the label `reason` of `slackline_deliveries_dropped_total`.
    #[derive(PartialOrd, Ord)]
    Reason {
        /// The webhook's queue was full.
        Overflow = "overflow",
        /// Slack's answer was final and not `ok`.
        Rejected = "rejected",
        /// Every attempt failed until `retry.max_elapsed` had passed.
        RetriesExhausted = "retries_exhausted",
        /// The message rendered to nothing but white space.
        EmptyMessage = "empty_message",
        /// The event was older than `max_age`, or than a day while its webhook rested.
        Expired = "expired",
        /// Left by the partition's former owner for an action that was removed, or whose trigger no
        /// longer applies to the event.
        Unclaimed = "unclaimed",
    }
}
