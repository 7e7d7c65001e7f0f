//! Every metric: recorded by the stages, read by `/metrics`.
//!
//! Invariant: what adds up in a tally adds up in each scrape. A webhook's tally is read as a whole
//! ([`Tallied`]), the events of a topic are added and read under one lock, and the owned partitions
//! are replaced as a whole. Labels are configured names and closed lists, never event data and
//! never a URL.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::SystemTime;

use rdkafka::util::get_rdkafka_version;

use crate::config::model::{ActionIndex, Config, WebhookIndex};
use crate::event::{Partition, TopicIndex};

use registry::Registry;
use snapshot::{Process, Snapshot};

pub use family::{Kind, Metric};
pub use labels::{AttemptResult, CommitResult, Degree, RebalanceKind};
pub use table::DOCUMENTED;
pub use tally::{ActionTally, PartitionGauges, Tallied, Tally, TopicTally};
pub use webhook::WebhookMetrics;

mod labels;

mod tally;

mod histogram;

mod webhook;

mod registry;

mod snapshot;

mod family;

mod table;

#[cfg(test)]
mod tests;

/// The metrics of one process.
pub struct Metrics {
    /// The configured topics, in the order of the configuration.
    topics: Vec<String>,
    /// The counts of each topic.
    events: Mutex<Vec<TopicTally>>,
    /// The webhooks and actions.
    registry: RwLock<Registry>,
    /// The owned partitions.
    partitions: Mutex<BTreeMap<Partition, PartitionGauges>>,
    process: Mutex<Process>,
    /// The version of librdkafka.
    librdkafka: String,
}

impl Metrics {
    /// Creates the metrics for the topics, webhooks and actions of `config`, all at 0. `config`
    /// counts as loaded now.
    #[must_use]
    pub fn new(config: &Config) -> Arc<Self> {
        let mut registry = Registry::default();
        registry.extend(config);
        Arc::new(Self {
            topics: config.kafka.topics.clone(),
            events: Mutex::new(vec![TopicTally::default(); config.kafka.topics.len()]),
            registry: RwLock::new(registry),
            partitions: Mutex::default(),
            process: Mutex::new(Process::new(config.hash)),
            librdkafka: get_rdkafka_version().1,
        })
    }

    /// Adds the new webhooks and actions of `config`. Those that were removed from it keep their
    /// series.
    pub fn configure(&self, config: &Config) {
        self.registry.write().unwrap_or_else(PoisonError::into_inner).extend(config);
    }

    /// Returns the handle for recording one webhook's metrics. An index that the configuration does
    /// not have gets a handle whose numbers are not shown.
    #[must_use]
    pub fn webhook(&self, webhook: WebhookIndex) -> WebhookMetrics {
        let registry = self.registry();
        registry
            .webhook(webhook)
            .map_or_else(WebhookMetrics::new, |webhook| webhook.metrics.clone())
    }

    /// Reads the webhook's tally from `queue` at every scrape from now on.
    pub fn watch(&self, webhook: WebhookIndex, queue: Arc<dyn Tallied>) {
        if let Some(webhook) = self.registry().webhook(webhook) {
            webhook.set_queue(queue);
        }
    }

    /// Adds the counts of a batch of events; a scrape sees all of them or none.
    pub fn add_events(&self, topic: TopicIndex, batch: &TopicTally) {
        if let Some(tally) = lock(&self.events).get_mut(topic.0 as usize) {
            tally.add(batch);
        }
    }

    /// Counts expressions of an action that failed at run time.
    pub fn expression_errors(&self, action: ActionIndex, count: u64) {
        if let Some(action) = self.registry().action(action) {
            action.add_expression_errors(count);
        }
    }

    /// Counts a change of the owned partitions.
    pub fn rebalance(&self, kind: RebalanceKind) {
        lock(&self.process).rebalances[kind as usize] += 1;
    }

    /// Counts an answered commit.
    pub fn commit(&self, ok: bool) {
        let result = if ok { CommitResult::Ok } else { CommitResult::Failed };
        lock(&self.process).commits[result as usize] += 1;
    }

    /// Counts a commit whose metadata could not list every pending delivery.
    pub fn restart_state_truncated(&self, topic: TopicIndex, degree: Degree) {
        if let Some(tally) = lock(&self.events).get_mut(topic.0 as usize) {
            tally.restart_state_truncated[degree as usize] += 1;
        }
    }

    /// Counts a delivery left by a previous owner whose action and webhook were both removed. It
    /// counts as matched, and as dropped with the reason `unclaimed`.
    pub fn unclaimed(&self) {
        lock(&self.process).unclaimed += 1;
    }

    /// Counts an outcome that arrived after its partition was revoked.
    pub fn fenced_outcome(&self) {
        lock(&self.process).fenced_outcomes += 1;
    }

    /// Counts a Kafka client that was replaced after a fatal error.
    pub fn client_replaced(&self) {
        lock(&self.process).clients_replaced += 1;
    }

    /// Sets what the probes answer. Called for each scrape, so that a scrape and a probe at the
    /// same moment agree.
    pub fn set_probes(&self, healthy: bool, ready: bool) {
        let mut process = lock(&self.process);
        process.healthy = healthy;
        process.ready = ready;
    }

    /// Replaces the gauges of all partitions by those of the owned ones. Revoked partitions
    /// disappear from the page.
    pub fn set_partitions(&self, owned: &[(Partition, PartitionGauges)]) {
        *lock(&self.partitions) = owned.iter().copied().collect();
    }

    /// Records that a configuration was loaded: the hash of the active one, and whether the new one
    /// was accepted.
    pub fn config_reloaded(&self, hash: u64, ok: bool) {
        let config = &mut lock(&self.process).config;
        config.last_load_succeeded = ok;
        if ok {
            config.hash = hash;
            config.at = SystemTime::now();
        }
    }

    /// Returns the page in the Prometheus text format.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_at(SystemTime::now())
    }

    fn text_at(&self, now: SystemTime) -> String {
        let registry = self.registry();
        let events = lock(&self.events).clone();
        let webhooks = registry.webhooks().iter();
        let snapshot = Snapshot {
            now,
            topics: self.topics.iter().map(String::as_str).zip(events).collect(),
            registry: &registry,
            webhooks: webhooks
                .map(|webhook| (webhook.name.as_str(), webhook.tally(), webhook.metrics.read()))
                .collect(),
            partitions: lock(&self.partitions).clone(),
            process: *lock(&self.process),
            librdkafka: &self.librdkafka,
        };
        let mut page = String::new();
        for metric in DOCUMENTED {
            metric.write(&snapshot, &mut page);
        }
        page
    }

    fn registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Locks despite a panic elsewhere: the numbers are complete after each statement that changes
/// them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
