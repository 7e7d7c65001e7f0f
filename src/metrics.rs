//! Every metric: fed by the stages, read by `/metrics`.
//!
//! Invariant: what adds up in the books adds up in each scrape. One webhook's books are read whole ([`Tallied`]), one topic's events are
//! added and read under one lock, and the owned partitions are replaced as a whole. Labels are configured names and closed lists, never event
//! data and never a URL.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::SystemTime;

use rdkafka::util::get_rdkafka_version;

use crate::config::model::{ActionIndex, Config, WebhookIndex};
use crate::event::{Partition, TopicIndex};

pub use documented::{DOCUMENTED, Documented, Kind};
pub use tally::{ActionTally, PartitionGauges, Tallied, Tally, TopicTally};
pub use webhook::{AttemptResult, WebhookMetrics};

mod documented;
mod histogram;
mod page;
mod series;
mod tally;
#[cfg(test)]
mod tests;
mod webhook;

/// From so many actions or webhooks on, a series appears when it is first counted instead of at 0.
const SPARSE_ABOVE: usize = 1_000;

/// What changed the partitions that this replica owns: the label `kind` of `slackline_rebalances_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RebalanceKind {
    /// Some came.
    Assign,
    /// Some were given up in order.
    Revoke,
    /// Some had been given to another member already.
    Lost,
}

/// What a commit's metadata had room for where it could not name each pending delivery: the label `degree` of `slackline_restart_state_truncated_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Degree {
    /// One position per lagging webhook.
    Positions,
    /// The same, and some of the webhooks share the lowest of their positions.
    Floor,
}

/// All metrics of one process.
pub struct Metrics {
    topics: Vec<Topic>,
    configured: RwLock<Configured>,
    partitions: Mutex<BTreeMap<Partition, PartitionGauges>>,
    /// By [`RebalanceKind::ALL`]'s order.
    rebalances: [AtomicU64; RebalanceKind::ALL.len()],
    commits_ok: AtomicU64,
    commits_failed: AtomicU64,
    fenced_outcomes: AtomicU64,
    /// Pending deliveries that were dropped because both their action and their webhook are gone.
    unclaimed: AtomicU64,
    clients_replaced: AtomicU64,
    healthy: AtomicBool,
    ready: AtomicBool,
    loaded: Mutex<Loaded>,
    librdkafka: String,
}

/// What a reload adds to; nothing of it is ever taken away, so that no counter goes back.
#[derive(Default)]
struct Configured {
    webhooks: Vec<Webhook>,
    actions: Vec<Action>,
    /// Whether series that never counted are left out.
    sparse: bool,
}

struct Topic {
    name: String,
    tally: Mutex<TopicTally>,
    /// By [`Degree::ALL`]'s order.
    truncated: [AtomicU64; Degree::ALL.len()],
}

struct Webhook {
    name: String,
    capacity: u64,
    /// Its actions, for the time before it is watched.
    actions: Vec<ActionIndex>,
    numbers: WebhookMetrics,
    books: Mutex<Option<Arc<dyn Tallied>>>,
}

struct Action {
    name: String,
    expression_errors: AtomicU64,
}

/// The configuration in force.
#[derive(Clone, Copy)]
struct Loaded {
    hash: u64,
    successful: bool,
    at: SystemTime,
}

impl RebalanceKind {
    /// Every kind; its place here is its place in the counts.
    pub const ALL: [RebalanceKind; 3] =
        [RebalanceKind::Assign, RebalanceKind::Revoke, RebalanceKind::Lost];

    /// The kind as the metric's label names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RebalanceKind::Assign => "assign",
            RebalanceKind::Revoke => "revoke",
            RebalanceKind::Lost => "lost",
        }
    }
}

impl Degree {
    /// Every degree; its place here is its place in the counts.
    pub const ALL: [Degree; 2] = [Degree::Positions, Degree::Floor];

    /// The degree as the metric's label names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Degree::Positions => "positions",
            Degree::Floor => "floor",
        }
    }
}

impl Metrics {
    /// Everything at 0, for the topics, webhooks and actions of `config`, which counts as loaded now.
    #[must_use]
    pub fn new(config: &Config) -> Arc<Self> {
        let topic = |name: &String| Topic {
            name: name.clone(),
            tally: Mutex::default(),
            truncated: Default::default(),
        };
        Arc::new(Self {
            topics: config.kafka.topics.iter().map(topic).collect(),
            configured: RwLock::new(Configured::default().with(config)),
            partitions: Mutex::default(),
            rebalances: Default::default(),
            commits_ok: AtomicU64::new(0),
            commits_failed: AtomicU64::new(0),
            fenced_outcomes: AtomicU64::new(0),
            unclaimed: AtomicU64::new(0),
            clients_replaced: AtomicU64::new(0),
            healthy: AtomicBool::new(true),
            ready: AtomicBool::new(false),
            loaded: Mutex::new(Loaded {
                hash: config.hash,
                successful: true,
                at: SystemTime::now(),
            }),
            librdkafka: get_rdkafka_version().1,
        })
    }

    /// The webhooks and actions that `config` has more. Those that it has no more keep their series.
    pub fn configure(&self, config: &Config) {
        let mut configured = self.configured.write().unwrap_or_else(PoisonError::into_inner);
        *configured = std::mem::take(&mut *configured).with(config);
    }

    fn configured(&self) -> RwLockReadGuard<'_, Configured> {
        self.configured.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What one webhook's sender counts. An index that the configuration doesn't have gets numbers that nobody sees.
    #[must_use]
    pub fn webhook(&self, webhook: WebhookIndex) -> WebhookMetrics {
        let configured = self.configured();
        configured
            .webhooks
            .get(webhook.0 as usize)
            .map_or_else(WebhookMetrics::new, |webhook| webhook.numbers.clone())
    }

    /// From now on the webhook's books are read here at every scrape.
    pub fn watch(&self, webhook: WebhookIndex, books: Arc<dyn Tallied>) {
        if let Some(webhook) = self.configured().webhooks.get(webhook.0 as usize) {
            *lock(&webhook.books) = Some(books);
        }
    }

    /// Adds what a batch of events came to; all of it is seen at once.
    pub fn add_events(&self, topic: TopicIndex, delta: &TopicTally) {
        if let Some(topic) = self.topics.get(topic.0 as usize) {
            lock(&topic.tally).add(delta);
        }
    }

    /// Counts expressions of an action that failed at run time.
    pub fn expression_errors(&self, action: ActionIndex, count: u64) {
        if let Some(action) = self.configured().actions.get(action.0 as usize) {
            action.expression_errors.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Counts a change of the owned partitions.
    pub fn rebalance(&self, kind: RebalanceKind) {
        self.rebalances[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an answered commit.
    pub fn commit(&self, ok: bool) {
        if ok { &self.commits_ok } else { &self.commits_failed }.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a commit of a partition whose state was cut.
    pub fn restart_state_truncated(&self, topic: TopicIndex, degree: Degree) {
        if let Some(topic) = self.topics.get(topic.0 as usize) {
            topic.truncated[degree as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a delivery that a former owner left for an action and a webhook that are both gone: it is matched, and dropped (`unclaimed`).
    pub fn unclaimed(&self) {
        self.unclaimed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an outcome that came after its partition was gone.
    pub fn fenced_outcome(&self) {
        self.fenced_outcomes.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a Kafka client that had failed for good and was replaced.
    pub fn client_replaced(&self) {
        self.clients_replaced.fetch_add(1, Ordering::Relaxed);
    }

    /// What the probes answer now: asked for by whoever makes a page, so that a scrape and a probe of one moment say the same.
    pub fn probed(&self, healthy: bool, ready: bool) {
        self.healthy.store(healthy, Ordering::Relaxed);
        self.ready.store(ready, Ordering::Relaxed);
    }

    /// Replaces the series of all partitions by those of the owned ones (revoked ones disappear). Also sets assigned/paused per topic.
    pub fn set_partitions(&self, owned: &[(Partition, PartitionGauges)]) {
        let owned = owned.iter().copied().collect();
        *lock(&self.partitions) = owned;
    }

    /// A configuration was loaded: `hash` of the one in force, and whether the new one was accepted.
    pub fn config_reloaded(&self, hash: u64, ok: bool) {
        let mut loaded = lock(&self.loaded);
        loaded.successful = ok;
        if ok {
            loaded.hash = hash;
            loaded.at = SystemTime::now();
        }
    }

    /// The Prometheus text.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_at(SystemTime::now())
    }
}

impl Configured {
    fn with(mut self, config: &Config) -> Self {
        let mut actions_of = vec![Vec::new(); config.webhooks.len()];
        for (index, action) in (0..).zip(&config.actions) {
            if let Some(actions) = actions_of.get_mut(action.webhook.0 as usize) {
                actions.push(ActionIndex(index));
            }
        }
        let webhooks = config.webhooks.iter().zip(actions_of).skip(self.webhooks.len());
        self.webhooks.extend(webhooks.map(|(webhook, actions)| Webhook {
            name: webhook.name.clone(),
            capacity: webhook.queue_capacity as u64,
            actions,
            numbers: WebhookMetrics::new(),
            books: Mutex::new(None),
        }));
        let actions = config.actions.iter().skip(self.actions.len());
        self.actions.extend(actions.map(|action| Action {
            name: action.name.clone(),
            expression_errors: AtomicU64::new(0),
        }));
        self.sparse = self.actions.len().max(self.webhooks.len()) > SPARSE_ABOVE;
        self
    }
}

impl Webhook {
    fn tally(&self) -> Tally {
        let books = lock(&self.books).clone();
        match books {
            Some(books) => books.tally(),
            None => Tally {
                capacity: self.capacity,
                actions: self
                    .actions
                    .iter()
                    .map(|action| (*action, ActionTally::default()))
                    .collect(),
                ..Tally::default()
            },
        }
    }
}

/// A panic elsewhere must not take the metrics along: the numbers are whole after every statement that changes them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
