//! Every number of one scrape.
//!
//! Invariant: each tally is read once per scrape, as a whole, so that its series are of one moment.

use std::collections::BTreeMap;

use super::labels::{CommitResult, ForeignCommit, RebalanceKind};
use super::registry::Registry;
use super::tally::{ActionTally, PartitionGauges, Tally, TopicTally};
use super::webhook::Numbers;
use crate::config::model::{ActionIndex, WebhookIndex};
use crate::event::Partition;

/// The numbers behind one page of metrics.
pub struct Scrape<'a> {
    /// In Unix time.
    pub now: f64,
    pub registry: &'a Registry,
    pub counts: Counts,
    /// Name and counts of each webhook.
    pub webhooks: Vec<(&'a str, Tally, Numbers)>,
}

/// The numbers that do not belong to a webhook.
#[derive(Clone, Default)]
pub struct Counts {
    /// The counts of each topic.
    pub topics: Vec<TopicTally>,
    pub actions: ActionCounts,
    /// The owned partitions.
    pub partitions: BTreeMap<Partition, PartitionGauges>,
    /// Rebalances, in the order of [`RebalanceKind::ALL`].
    pub rebalances: [u64; RebalanceKind::ALL.len()],
    /// Offset commits, in the order of [`CommitResult::ALL`].
    pub commits: [u64; CommitResult::ALL.len()],
    pub fenced_outcomes: u64,
    /// Deliveries that were dropped because both their action and their webhook were removed.
    pub unclaimed: ActionTally,
    pub clients_replaced: u64,
    pub others: OtherDeployments,
    pub healthy: bool,
    pub ready: bool,
    pub config: LoadedConfig,
}

/// What actions do wrong.
#[derive(Clone, Default)]
pub struct ActionCounts {
    /// The number of expressions of each action that failed.
    pub expression_errors: Vec<u64>,
    /// For each action that chooses a channel of its webhook by the event: the number of messages
    /// whose channel the webhook does not list.
    pub channels_not_listed: BTreeMap<(WebhookIndex, ActionIndex), u64>,
}

/// What other deployments in the consumer group have committed.
#[derive(Clone, Default)]
pub struct OtherDeployments {
    /// Their commits that assigned partitions had, in the order of [`ForeignCommit::ALL`].
    pub commits: [u64; ForeignCommit::ALL.len()],
    /// The partitions that have one now, as far as known.
    pub partitions: u64,
}

/// The active configuration.
#[derive(Clone, Default)]
pub struct LoadedConfig {
    pub hash: u64,
    /// When it was loaded, in Unix time.
    pub loaded_at: f64,
    /// Whether the last attempt to load a configuration succeeded.
    pub last_load_succeeded: bool,
}
