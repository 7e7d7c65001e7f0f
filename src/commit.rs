//! [5] The only caller of Kafka's commit: explicit, asynchronous, from the poll loop.
//!
//! Invariant: a commit names only partitions that are owned, with the ledger's committable offset and the state that goes with it, and every commit's result comes
//! back: an acknowledged one is noted in the ledger and ends the holds of what it told, a failed one is counted and made again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use crate::config::model::WebhookIndex;
use crate::event::Partition;
use crate::kafka::native::CommitQueue;
use crate::log_throttle::LogThrottle;
use crate::metrics::Metrics;
use crate::topics::TopicNames;
use crate::window::Window;

use self::ledger::{Committable, Ledger, Scope};
use self::pace::{Due, Pace};

pub mod ledger;

pub mod state;

pub mod metadata;

pub mod inherited;

pub mod roster;

pub mod filter;

mod pace;

/// How often a wait for a commit's answer looks at what else came.
const LOOK_AROUND: Duration = Duration::from_millis(20);

/// Commits what the ledger says.
pub struct Committer {
    queue: CommitQueue,
    pace: Pace,
    in_flight: Vec<Committable>,
    /// How the last one ended, until somebody asks.
    verdict: Option<Result<(), RDKafkaErrorCode>>,
    /// The most characters of metadata that the broker takes, as far as is known.
    budget: usize,
    /// Until when Slack has stopped which webhooks, in seconds since the epoch.
    blocked: BTreeMap<WebhookIndex, u64>,
    /// By webhook: what holds its sender.
    windows: Vec<Arc<Window>>,
    metrics: Arc<Metrics>,
    failures: LogThrottle,
    began: Instant,
}

impl Committer {
    /// Nothing is in flight.
    #[must_use]
    pub fn new(
        queue: CommitQueue,
        windows: Vec<Arc<Window>>,
        metrics: Arc<Metrics>,
        now: Instant,
    ) -> Self {
        Self {
            queue,
            pace: Pace::new(now),
            in_flight: Vec::new(),
            verdict: None,
            budget: metadata::BUDGET,
            blocked: BTreeMap::new(),
            windows,
            metrics,
            failures: LogThrottle::default(),
            began: now,
        }
    }

    /// A new client has taken the old one's place: what was in flight is never answered.
    pub fn replace(&mut self, queue: CommitQueue, now: Instant) {
        self.queue = queue;
        self.in_flight.clear();
        self.pace = Pace::new(now);
    }

    /// By webhook: what holds its sender, from now on.
    pub fn watch(&mut self, windows: Vec<Arc<Window>>) {
        self.windows = windows;
    }

    /// An outcome came, or a partition that was never committed: the next turn commits.
    pub fn hurry(&mut self) {
        self.pace.hurry();
    }

    /// Slack has stopped a webhook until then, in seconds since the epoch: the next owner of what feeds it must know.
    pub fn block(&mut self, webhook: WebhookIndex, until: u64, ledger: &mut Ledger) {
        if self.blocked.insert(webhook, until) != Some(until) {
            ledger.urge(webhook);
            self.hurry();
        }
    }

    /// Forgets what has passed at `now`, in seconds since the epoch.
    pub fn unblock(&mut self, now: u64) {
        self.blocked.retain(|_, until| *until > now);
    }

    /// Nobody will commit these outcomes: their partitions are another's now.
    pub fn end_holds(&self, ended: impl IntoIterator<Item = WebhookIndex>) {
        for window in ended.into_iter().filter_map(|webhook| self.windows.get(webhook.0 as usize)) {
            window.leave();
        }
    }

    /// When the next turn is due, where nothing else wakes the loop.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.pace.next()
    }

    /// When the commit in flight was sent; `None`: none is.
    #[must_use]
    pub fn in_flight_since(&self) -> Option<Instant> {
        self.pace.in_flight_since()
    }

    /// How the last commit that was answered ended; `None`: none was since this was asked.
    pub fn take_verdict(&mut self) -> Option<Result<(), RDKafkaErrorCode>> {
        self.verdict.take()
    }

    /// Takes the answer of the commit in flight, if it came, and sends the next one, if it is due.
    pub fn turn(&mut self, ledger: &mut Ledger, topics: &TopicNames, now: Instant) {
        self.take_answer(ledger, Duration::ZERO);
        if let Some(due) = self.pace.due(now) {
            let scope = if due == Due::Urgent { Scope::Urgent } else { Scope::All };
            self.send(ledger, topics, due, scope, now);
        }
    }

    /// One step of committing until the broker has acknowledged everything of `partitions`: sends
    /// what is missing, once no commit is in flight. Returns whether all is acknowledged.
    pub fn finish(
        &mut self,
        ledger: &mut Ledger,
        topics: &TopicNames,
        partitions: &[Partition],
        now: Instant,
    ) -> bool {
        let scope = Scope::Only(partitions);
        if !self.pace.in_flight() && ledger.offer(scope, &self.blocked, self.budget).is_empty() {
            return true;
        }
        self.pace.hurry();
        if let Some(due) = self.pace.due(now) {
            self.send(ledger, topics, due, scope, now);
        }
        false
    }

    /// Waits for the answer of the commit in flight for a moment, at most for `timeout`.
    pub fn await_answer(&mut self, ledger: &mut Ledger, timeout: Duration) {
        self.take_answer(ledger, LOOK_AROUND.min(timeout));
    }

    fn send(
        &mut self,
        ledger: &mut Ledger,
        topics: &TopicNames,
        due: Due,
        scope: Scope<'_>,
        now: Instant,
    ) {
        let offers = ledger.offer(scope, &self.blocked, self.budget);
        if offers.is_empty() {
            self.pace.skipped(now, due);
            return;
        }
        let sent = list(&offers, topics).and_then(|list| self.queue.send(&list));
        self.pace.sent(now, due, offers.iter().map(|offer| offer.cost).sum());
        ledger.sent(&offers);
        match sent {
            Ok(()) => {
                for offer in &offers {
                    if let Some(degree) = offer.cut {
                        self.metrics.restart_state_truncated(offer.partition.topic, degree);
                    }
                }
                self.in_flight = offers;
            }
            Err(error) => self.failed(ledger, &error),
        }
    }

    fn take_answer(&mut self, ledger: &mut Ledger, timeout: Duration) {
        if !self.pace.in_flight() {
            return;
        }
        match self.queue.answer(timeout) {
            None => {}
            Some(Ok(())) => {
                self.metrics.commit(true);
                self.verdict = Some(Ok(()));
                self.pace.acknowledged();
                for committed in std::mem::take(&mut self.in_flight) {
                    self.end_holds(ledger.acknowledge(&committed));
                }
                if let Some(recovered) = self.failures.recover(self.began.elapsed()) {
                    tracing::info!(failed = recovered.total, "commits are acknowledged again");
                }
            }
            Some(Err(error)) => self.failed(ledger, &error),
        }
    }

    /// The broker's answer names every partition with the same error, whichever one failed: all are committed again.
    fn failed(&mut self, ledger: &mut Ledger, error: &KafkaError) {
        self.metrics.commit(false);
        self.verdict = error.rdkafka_error_code().map(Err);
        self.in_flight.clear();
        ledger.failed();
        let now = Instant::now();
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::OffsetMetadataTooLarge)
            && self.budget > 0
        {
            // Down to the bare version mark, and to nothing: it must not hold anything up.
            self.budget /= 2;
            tracing::warn!(
                characters = self.budget,
                "the broker takes less metadata with a commit (`offset.metadata.max.bytes`): what a restart knows is cut to this"
            );
            self.pace.refused(now);
            return;
        }
        self.pace.failed(now);
        if let Some(times) = self.failures.record(now.duration_since(self.began)).times() {
            tracing::warn!(%error, times, "a commit failed and is made again; until then webhooks wait with what they send next");
        }
    }
}

fn list(offers: &[Committable], topics: &TopicNames) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(offers.len());
    for Committable { partition, offset, metadata, .. } in offers {
        let mut element = list.add_partition(topics.name(partition.topic), partition.number);
        element.set_offset(Offset::Offset(offset.0))?;
        if !metadata.is_empty() {
            element.set_metadata(metadata);
        }
    }
    Ok(list)
}
