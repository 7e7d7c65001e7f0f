//! The state of the worker at one moment, in one owned value: the probes, the stall detection and
//! the metrics are functions of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::model::{Config, WebhookIndex};
use crate::event::{Offset, Partition};

/// The state of the worker, taken once a second and whenever readiness changes.
#[derive(Clone)]
pub struct Snapshot {
    /// When it was taken.
    pub at: Instant,
    /// The active configuration: it has the names.
    pub config: Arc<Config>,
    /// The process is a member of its group, with or without partitions.
    pub joined: bool,
    /// The starting offsets of everything that is owned are committed.
    pub offsets_committed: bool,
    /// Where partitions start or continue is being looked up.
    pub resolving: bool,
    /// The worker is shutting down.
    pub stopping: bool,
    /// Since when no broker is reachable; `None` while one is.
    pub unreachable_since: Option<Instant>,
    /// When the commit in flight was sent; `None` where none is.
    pub commit_in_flight_since: Option<Instant>,
    /// What an operator has to act on.
    pub problems: Problems,
    /// The owned partitions, sorted.
    pub partitions: Vec<PartitionSnapshot>,
    /// The webhooks, by index.
    pub webhooks: Vec<WebhookSnapshot>,
}

/// What an operator has to act on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// Brokers that cannot be reached, or that refuse the connection or the member, one line each,
    /// with the remedy.
    pub refused: Vec<String>,
    /// What Kafka's ACLs deny, one line each, with the remedy.
    pub denied: Vec<String>,
    /// Configured topics that do not exist.
    pub missing_topics: Vec<String>,
    /// Owned work without progress, one line each.
    pub stalls: Vec<String>,
    /// Another deployment uses the consumer group. It does not make the worker unready.
    pub shared_group: Option<String>,
}

/// One owned partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionSnapshot {
    /// Which one.
    pub partition: Partition,
    /// The offset to read next.
    pub next: Offset,
    /// The acknowledged committed offset.
    pub committed: Option<Offset>,
    /// The end of the log, as far as known.
    pub end: Option<Offset>,
    /// Events that were read and not settled.
    pub unsettled: usize,
    /// The timestamp of the oldest unsettled event, in milliseconds since the epoch.
    pub oldest: Option<i64>,
    /// It is not read because a webhook with `when_full: block` is full.
    pub paused: bool,
    /// Its leader is not reachable, or its topic is denied.
    pub unavailable: bool,
}

/// One webhook.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WebhookSnapshot {
    /// Which one.
    pub webhook: WebhookIndex,
    /// Deliveries that wait in its queue.
    pub waiting: usize,
    /// A delivery was taken off the queue and has not ended: it is being sent, or waits for its
    /// turn (the rate, a throttle, a backoff, a hold).
    pub in_flight: bool,
    /// How many deliveries were ever taken off the queue.
    pub taken: u64,
    /// The number of the attempt in progress, counted from the first; `None` where none is.
    pub attempt: Option<u64>,
    /// This replica's share of the rate, 0 to 1.
    pub rate_share: f64,
    /// For how long its sender has been held: it waits for a commit's acknowledgement.
    pub held: Option<Duration>,
}

impl Problems {
    /// Returns whether two differ in nothing but the stalls, which are checked once a second.
    #[must_use]
    pub fn differ_in_stalls_only(&self, other: &Self) -> bool {
        let Self { refused, denied, missing_topics, stalls: _, shared_group } = self;
        (refused, denied, missing_topics, shared_group)
            == (&other.refused, &other.denied, &other.missing_topics, &other.shared_group)
    }
}

impl Snapshot {
    /// A worker that starts at `now` and has reached nothing yet.
    #[must_use]
    pub fn at_start(config: Arc<Config>, now: Instant) -> Self {
        Self {
            at: now,
            config,
            joined: false,
            offsets_committed: false,
            resolving: false,
            stopping: false,
            unreachable_since: Some(now),
            commit_in_flight_since: None,
            problems: Problems::default(),
            partitions: Vec::new(),
            webhooks: Vec::new(),
        }
    }

    /// For how long the sender that is held longest has been held; `None` where none is.
    #[must_use]
    pub fn longest_hold(&self) -> Option<Duration> {
        self.webhooks.iter().filter_map(|webhook| webhook.held).max()
    }
}
