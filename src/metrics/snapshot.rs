//! Every number of one scrape.
//!
//! Invariant: each tally is read once per scrape, as a whole, so that its series are of one moment.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::labels::{CommitResult, RebalanceKind};
use super::registry::Registry;
use super::tally::{PartitionGauges, Tally, TopicTally};
use super::webhook::Numbers;
use crate::event::Partition;

/// The numbers behind one page of metrics.
pub(super) struct Snapshot<'a> {
    pub(super) now: SystemTime,
    /// Name and counts of each topic, in the order of the configuration.
    pub(super) topics: Vec<(&'a str, TopicTally)>,
    pub(super) registry: &'a Registry,
    /// Name and counts of each webhook.
    pub(super) webhooks: Vec<(&'a str, Tally, Numbers)>,
    /// The owned partitions.
    pub(super) partitions: BTreeMap<Partition, PartitionGauges>,
    pub(super) process: Process,
    /// The version of librdkafka.
    pub(super) librdkafka: &'a str,
}

/// The numbers that belong to the process, not to a topic, webhook or partition.
#[derive(Clone, Copy)]
pub(super) struct Process {
    /// Rebalances, in the order of [`RebalanceKind::ALL`].
    pub(super) rebalances: [u64; RebalanceKind::ALL.len()],
    /// Offset commits, in the order of [`CommitResult::ALL`].
    pub(super) commits: [u64; CommitResult::ALL.len()],
    pub(super) fenced_outcomes: u64,
    /// Deliveries that were dropped because both their action and their webhook were removed.
    pub(super) unclaimed: u64,
    pub(super) clients_replaced: u64,
    pub(super) healthy: bool,
    pub(super) ready: bool,
    pub(super) config: LoadedConfig,
}

/// The active configuration.
#[derive(Clone, Copy)]
pub(super) struct LoadedConfig {
    pub(super) hash: u64,
    /// When it was loaded.
    pub(super) at: SystemTime,
    /// Whether the last attempt to load a configuration succeeded.
    pub(super) last_load_succeeded: bool,
}

impl Process {
    /// Everything at 0: healthy, not ready, with the configuration `hash` loaded just now.
    pub(super) fn new(hash: u64) -> Self {
        Self {
            rebalances: [0; RebalanceKind::ALL.len()],
            commits: [0; CommitResult::ALL.len()],
            fenced_outcomes: 0,
            unclaimed: 0,
            clients_replaced: 0,
            healthy: true,
            ready: false,
            config: LoadedConfig { hash, at: SystemTime::now(), last_load_succeeded: true },
        }
    }
}
