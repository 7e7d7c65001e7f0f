//! Every metric: recorded by the stages, read by `/metrics`.
//!
//! Invariant: what adds up in a tally adds up in each scrape. A webhook's tally is read as a whole
//! ([`Tallied`]), and so are the counts of the poll loop, under one lock. Labels are configured
//! names and closed lists, never event data and never a URL.

use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard};

use crate::config::model::{ActionIndex, AppIndex, Config, Reach, WebhookIndex};
use crate::delivery::Reason;
use crate::event::{Partition, TopicIndex};

use registry::Registry;
use snapshot::{Counts, LoadedConfig, Scrape};
use webhook::unix_seconds;

pub use family::Metric;
pub use labels::{AttemptResult, CommitResult, Degree, ForeignCommit, RebalanceKind};
pub use table::DOCUMENTED;
pub use tally::{ActionTally, PartitionGauges, Tallied, Tally, TopicTally};
pub use webhook::{AppMetrics, WebhookMetrics};

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
#[derive(Default)]
pub struct Metrics {
    /// What has its own series.
    registry: RwLock<Registry>,
    /// Everything except what the senders and their queues count.
    counts: Mutex<Counts>,
}

impl Metrics {
    /// Creates the metrics for the topics, webhooks and actions of `config`, all at 0. `config`
    /// counts as loaded now.
    #[must_use]
    pub fn new(config: &Config) -> Arc<Self> {
        let metrics = Self::default();
        metrics.configure(config);
        metrics.config_reloaded(config.hash, true);
        Arc::new(metrics)
    }

    /// Adds the new webhooks and actions of `config`. Those that were removed from it keep their
    /// series.
    pub fn configure(&self, config: &Config) {
        let mut registry = self.registry.write();
        registry.extend(config);
        let mut counts = self.counts();
        counts.topics.resize(registry.topics.len(), TopicTally::default());
        counts.actions.expression_errors.resize(registry.actions.len(), 0);
        for (index, action) in (0..).map(ActionIndex).zip(&config.actions) {
            if let Reach::ByChannel { .. } = config.reach(action) {
                counts.actions.channels_not_listed.entry((action.webhook, index)).or_default();
            }
        }
    }

    /// Returns the handle for recording one webhook's metrics. An index that the configuration does
    /// not have gets a handle whose numbers are not shown.
    #[must_use]
    pub fn webhook(&self, webhook: WebhookIndex) -> WebhookMetrics {
        let registry = self.registry();
        let webhook = registry.webhooks.get(webhook.0 as usize);
        webhook.map(|webhook| webhook.metrics.clone()).unwrap_or_default()
    }

    /// Returns the handle for recording one app's metrics, as [`Metrics::webhook`] does.
    #[must_use]
    pub fn app(&self, app: AppIndex) -> AppMetrics {
        let registry = self.registry();
        registry.apps.get(app.0 as usize).map(|(_, metrics)| metrics.clone()).unwrap_or_default()
    }

    /// Returns the webhooks that rest, one line each, with what to do.
    #[must_use]
    pub fn resting(&self) -> Vec<String> {
        let registry = self.registry();
        let line = |webhook: &registry::Webhook| {
            let why = webhook.metrics.why_resting()?;
            Some(format!("webhook \"{}\" rests: {why}", webhook.name))
        };
        registry.webhooks.iter().filter_map(line).collect()
    }

    /// Reads the webhook's tally from `queue` at every scrape from now on.
    pub fn watch(&self, webhook: WebhookIndex, queue: Arc<dyn Tallied>) {
        if let Some(webhook) = self.registry().webhooks.get(webhook.0 as usize) {
            // A webhook keeps its first queue, as its sender does.
            let _ = webhook.queue.set(queue);
        }
    }

    /// Adds the counts of a batch of events; a scrape sees all of them or none.
    pub fn add_events(&self, topic: TopicIndex, batch: &TopicTally) {
        if let Some(tally) = self.counts().topics.get_mut(topic.0 as usize) {
            tally.add(batch);
        }
    }

    /// Counts expressions of an action that failed at run time.
    pub fn expression_errors(&self, action: ActionIndex, count: u64) {
        if let Some(errors) = self.counts().actions.expression_errors.get_mut(action.0 as usize) {
            *errors += count;
        }
    }

    /// Counts a message of an action whose channel `webhook` does not list: it goes to the
    /// webhook's own channel.
    pub fn channel_not_listed(&self, webhook: WebhookIndex, action: ActionIndex) {
        *self.counts().actions.channels_not_listed.entry((webhook, action)).or_default() += 1;
    }

    /// Counts a change of the owned partitions.
    pub fn rebalance(&self, kind: RebalanceKind) {
        self.counts().rebalances[kind as usize] += 1;
    }

    /// Counts an answered commit.
    pub fn commit(&self, ok: bool) {
        let result = if ok { CommitResult::Ok } else { CommitResult::Failed };
        self.counts().commits[result as usize] += 1;
    }

    /// Counts a commit whose metadata could not list every pending delivery.
    pub fn restart_state_truncated(&self, topic: TopicIndex, degree: Degree) {
        let mut batch = TopicTally::default();
        batch.restart_state_truncated[degree as usize] = 1;
        self.add_events(topic, &batch);
    }

    /// Counts a delivery left by a previous owner whose action and webhook were both removed. It
    /// counts as matched, and as dropped with the reason `unclaimed`.
    pub fn unclaimed(&self) {
        let unclaimed = &mut self.counts().unclaimed;
        unclaimed.matched += 1;
        unclaimed.drop(Reason::Unclaimed);
    }

    /// Counts an outcome that arrived after its partition was revoked.
    pub fn fenced_outcome(&self) {
        self.counts().fenced_outcomes += 1;
    }

    /// Counts a Kafka client that was replaced after a fatal error.
    pub fn client_replaced(&self) {
        self.counts().clients_replaced += 1;
    }

    /// Counts assigned partitions whose last commit was another deployment's.
    pub fn foreign_commits(&self, kind: ForeignCommit, partitions: u64) {
        self.counts().others.commits[kind as usize] += partitions;
    }

    /// Sets how many partitions have another deployment's commit.
    pub fn set_foreign_partitions(&self, partitions: u64) {
        self.counts().others.partitions = partitions;
    }

    /// Sets what the probes answer. Called for each scrape, so that a scrape and a probe at the
    /// same moment agree.
    pub fn set_probes(&self, healthy: bool, ready: bool) {
        let mut counts = self.counts();
        (counts.healthy, counts.ready) = (healthy, ready);
    }

    /// Replaces the gauges of all partitions by those of the owned ones. Revoked partitions
    /// disappear from the page.
    pub fn set_partitions(&self, owned: &[(Partition, PartitionGauges)]) {
        self.counts().partitions = owned.iter().copied().collect();
    }

    /// Records that a configuration was loaded: the hash of the active one, and whether the new one
    /// was accepted.
    pub fn config_reloaded(&self, hash: u64, ok: bool) {
        let config = &mut self.counts().config;
        config.last_load_succeeded = ok;
        if ok {
            let loaded_at = unix_seconds(SystemTime::now());
            *config = LoadedConfig { hash, loaded_at, last_load_succeeded: true };
        }
    }

    /// Returns the page in the Prometheus text format.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_at(SystemTime::now())
    }

    fn text_at(&self, now: SystemTime) -> String {
        let registry = self.registry();
        let webhooks = registry.webhooks.iter();
        let snapshot = Scrape {
            now: unix_seconds(now),
            counts: self.counts().clone(),
            webhooks: webhooks
                .map(|webhook| (webhook.name.as_str(), webhook.tally(), webhook.metrics.read()))
                .collect(),
            registry: &registry,
        };
        let mut page = String::new();
        for metric in DOCUMENTED {
            metric.write(&snapshot, &mut page);
        }
        page
    }

    fn registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read()
    }

    /// Locks despite a panic elsewhere: the numbers are complete after each statement that changes
    /// them.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock()
    }
}
