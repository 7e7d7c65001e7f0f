//! [1] The poll loop: one OS thread that owns the Kafka client, the router, the ledger and the commits. No locks but the queues' own.
//!
//! Invariant: it never blocks but in a rebalance, for a bounded drain: a topic that feeds a full queue is not read on and polling goes on, so `max.poll.interval.ms`
//! is never at risk.
//! Outcomes are taken before new records: what ends makes room, and its commit is what a crash would cost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::commit_hold::CommitWindow;
use crate::config::model::{Config, WebhookIndex};
use crate::event::{Offset, Partition, TopicId, TopicIndex};
use crate::health::Health;
use crate::health::stall::Stalls;
use crate::kafka::native::{Ends, Records, TopicQueue};
use crate::kafka::refusal::Refusal;
use crate::kafka::{self, Client, Connect};
use crate::log_throttle::LogThrottle;
use crate::metrics::{Metrics, TopicTally};
use crate::poll_waker::WakeReceiver;
use crate::queue::Queue;
use crate::route::{Router, Routing};
use crate::sender_control::SenderControl;

use self::holds::Holds;
use self::pause::Pauses;
use self::topic_table::TopicTable;

pub use self::reload::Reload;
pub use self::settlement::Settlement;

mod anew;

mod denied;

mod drop_log;

mod grown;

mod holds;

mod lookup;

mod observe;

mod pause;

mod poll;

mod position;

mod read;

mod rebalance;

mod reload;

mod refused;

#[cfg(test)]
mod rig;

mod settlement;

mod share;

mod start;

mod topic_table;

/// The longest wait of an idle loop; everything that matters wakes it.
const IDLE: Duration = Duration::from_millis(200);

/// Why the poll loop ended other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    /// Another process took over this one's static membership.
    #[error(
        "another process has joined the group with the `kafka.instance_id` of this one{}: give each its own, such as its pod's name",
        instance_id.as_ref().map(|id| format!(", `{id}`")).unwrap_or_default()
    )]
    Fenced {
        /// The id.
        instance_id: Option<String>,
    },
    /// The client refused the subscription.
    #[error("the Kafka client refused to subscribe to the configured topics")]
    Subscribe(#[source] KafkaError),
}

/// What the poll loop is made of: everything is passed in.
pub struct Parts {
    /// The configuration in force.
    pub config: Arc<Config>,
    /// The client, subscribed to nothing yet.
    pub client: Arc<Client>,
    /// What ends the loop's waits.
    pub wakes: WakeReceiver,
    /// By webhook: its queue.
    pub queues: Vec<Arc<Queue>>,
    /// By webhook: where its sender learns this replica's share of the rate.
    pub orders: Vec<watch::Sender<SenderControl>>,
    /// By webhook: what holds its sender.
    pub windows: Vec<Arc<CommitWindow>>,
    /// Matches and renders.
    pub router: Router,
    /// How deliveries end.
    pub settlement: Settlement,
    /// By topic: what the client reads of it.
    pub records: Vec<Records>,
    /// Tells the ends of paused partitions.
    pub ends: Ends,
    /// Tells which topics there are.
    pub described: TopicQueue,
    /// What takes the place of the configuration in force.
    pub reloads: mpsc::UnboundedReceiver<Reload>,
    /// Makes the next client, with its queues, where one has failed for good.
    pub connect: Connect,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What `/healthz` and `/readyz` answer from.
    pub health: Arc<Health>,
}

/// The poll loop.
pub struct PollLoop {
    parts: Parts,
    topics: TopicTable,
    feeds: Vec<Vec<TopicIndex>>,
    pauses: Pauses,
    routing: Routing,
    /// By topic: what the current batch came to; added to the metrics in one go.
    tallies: Vec<TopicTally>,
    /// The offset after the last record of each owned partition, as the broker said last.
    ends: BTreeMap<Partition, Offset>,
    /// The same, as the broker answered last: the statistics stand still where nothing is fetched.
    asked_ends: BTreeMap<Partition, Offset>,
    /// Assigned, but where to begin could not be looked up yet.
    undecided: Option<rebalance::Undecided>,
    /// Topics that were made anew while partitions of the one before are owned, with the new one's id: see [`PollLoop::describe_topics`].
    remade: BTreeMap<TopicIndex, TopicId>,
    /// A broker that is up, as the statistics said last, and has least to do.
    broker: Option<i32>,
    /// Partitions whose leader is not reachable, as the statistics said last.
    leaderless: BTreeSet<Partition>,
    /// What stands still without a reason.
    stalls: Stalls,
    /// Some partition's next events are gone: when to look where it goes on.
    out_of_range: Option<Instant>,
    /// Which ones these are.
    stuck: BTreeSet<Partition>,
    /// The topic whose turn it is to be read first.
    first: usize,
    /// Topics that are not there.
    missing: BTreeSet<TopicIndex>,
    /// Webhooks that the configuration in force has no more.
    gone: BTreeSet<WebhookIndex>,
    began: Instant,
    observed: Instant,
    asked_for_ends: Instant,
    asked_for_all_ends: Instant,
    asked_for_topics: Instant,
    trouble: LogThrottle,
    refused: refused::Refused,
    denied: denied::Denied,
    lookups: LogThrottle,
    holds: Holds,
    grown: grown::Grown,
    /// The client has failed for good.
    fatal: Option<RDKafkaErrorCode>,
    backoff: anew::Backoff,
}

impl PollLoop {
    /// A loop over `parts` that has not joined its group yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let feeds = share::feeds(&parts.config);
        let topics = TopicTable::new(parts.config.kafka.topics.iter().cloned());
        Self {
            pauses: Pauses::new(feeds.clone()),
            feeds,
            tallies: vec![TopicTally::default(); parts.config.kafka.topics.len()],
            topics,
            routing: Routing::default(),
            ends: BTreeMap::new(),
            asked_ends: BTreeMap::new(),
            undecided: None,
            remade: BTreeMap::new(),
            broker: None,
            leaderless: BTreeSet::new(),
            stalls: Stalls::default(),
            out_of_range: None,
            stuck: BTreeSet::new(),
            first: 0,
            missing: BTreeSet::new(),
            gone: BTreeSet::new(),
            began: Instant::now(),
            observed: Instant::now(),
            asked_for_ends: Instant::now(),
            asked_for_all_ends: Instant::now(),
            asked_for_topics: Instant::now(),
            trouble: LogThrottle::default(),
            refused: refused::Refused::default(),
            denied: denied::Denied::default(),
            lookups: LogThrottle::default(),
            holds: Holds::default(),
            grown: grown::Grown::default(),
            fatal: None,
            backoff: anew::Backoff::default(),
            parts,
        }
    }

    /// Consumes until `shutdown`, then drains, commits and leaves the group.
    ///
    /// # Errors
    /// Where no client can go on.
    pub fn run(mut self, shutdown: &CancellationToken) -> Result<(), ConsumeError> {
        self.subscribe().map_err(ConsumeError::Subscribe)?;
        while !shutdown.is_cancelled() {
            match self.fatal {
                None => {
                    if !self.turn() {
                        let wait = self.wait();
                        self.parts.wakes.wait(wait);
                    }
                }
                Some(RDKafkaErrorCode::FencedInstanceId) => break,
                Some(code) => self.replace_client(code, shutdown),
            }
        }
        self.leave();
        match self.fatal {
            Some(RDKafkaErrorCode::FencedInstanceId) => Err(ConsumeError::Fenced {
                instance_id: self.parts.config.kafka.instance_id.clone(),
            }),
            // A stop that came before the next client.
            Some(_) | None => Ok(()),
        }
    }

    /// One turn. Whether there is more to do at once.
    fn turn(&mut self) -> bool {
        let now = Instant::now();
        self.parts.health.turned(now);
        self.parts.settlement.take_reports();
        self.reload();
        self.parts.settlement.commit(now);
        self.resume_what_has_room();
        self.decide_the_undecided(now);
        self.go_on_in_range(now);
        self.observe(now);
        let more = self.hear();
        self.read_on() || more
    }

    /// How long nothing is due.
    fn wait(&self) -> Duration {
        self.parts.settlement.idle(IDLE)
    }

    fn client_error(&mut self, error: &KafkaError, reason: &str) {
        self.look_for_failure();
        if self.fatal.is_some() {
            // ClientEvent where the client is replaced.
        } else if kafka::is_unknown_topic(error) {
            if let Err(error) = self.describe_topics() {
                tracing::debug!(%error, "could not ask for the topics");
            }
        } else if self.is_denied(error.rdkafka_error_code()) {
            // ClientEvent by name.
        } else if let Some(refusal) = Refusal::of(reason) {
            self.refused(refusal);
        } else if self.refused.is_known()
            && error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown)
        {
            // The same, told once more.
        } else if let Some(times) = self.trouble.record(self.began.elapsed()).times() {
            tracing::warn!(%error, reason, times, "trouble with Kafka; the client keeps trying");
        }
    }
}
