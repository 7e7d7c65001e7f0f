//! Every number of one scrape.
//!
//! Invariant: each tally is read once per scrape, as a whole, so that its series are of one moment.

use std::collections::BTreeMap;

use super::labels::{CommitResult, RebalanceKind};
use super::registry::Registry;
use super::tally::{ActionTally, PartitionGauges, Tally, TopicTally};
use super::webhook::Numbers;
use crate::event::Partition;

/// The numbers behind one page of metrics.
pub(super) struct Scrape<'a> {
    /// In Unix time.
    pub(super) now: f64,
    pub(super) registry: &'a Registry,
    pub(super) counts: Counts,
    /// Name and counts of each webhook.
    pub(super) webhooks: Vec<(&'a str, Tally, Numbers)>,
}

/// The numbers that do not belong to a webhook.
#[derive(Clone, Default)]
pub(super) struct Counts {
    /// The counts of each topic.
    pub(super) topics: Vec<TopicTally>,
    /// The number of expressions of each action that failed.
    pub(super) expression_errors: Vec<u64>,
    /// The owned partitions.
    pub(super) partitions: BTreeMap<Partition, PartitionGauges>,
    /// Rebalances, in the order of [`RebalanceKind::ALL`].
    pub(super) rebalances: [u64; RebalanceKind::ALL.len()],
    /// Offset commits, in the order of [`CommitResult::ALL`].
    pub(super) commits: [u64; CommitResult::ALL.len()],
    pub(super) fenced_outcomes: u64,
    /// Deliveries that were dropped because both their action and their webhook were removed.
    pub(super) unclaimed: ActionTally,
    pub(super) clients_replaced: u64,
    pub(super) healthy: bool,
    pub(super) ready: bool,
    pub(super) config: LoadedConfig,
}

/// The active configuration.
#[derive(Clone, Default)]
pub(super) struct LoadedConfig {
    pub(super) hash: u64,
    /// When it was loaded, in Unix time.
    pub(super) loaded_at: f64,
    /// Whether the last attempt to load a configuration succeeded.
    pub(super) last_load_succeeded: bool,
}
