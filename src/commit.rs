//! [5] The only caller of Kafka's commit: explicit, asynchronous, from the poll loop.
//!
//! Invariant: a commit names only partitions that are owned, with the ledger's committable offset, and every commit's result comes back: an acknowledged one is
//! noted in the ledger, a failed one is counted and made again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use crate::event::Partition;
use crate::kafka::native::CommitQueue;
use crate::log_repeat::LogRepeat;
use crate::metrics::Metrics;
use crate::topics::Topics;

use self::ledger::{Committable, Ledger};
use self::metadata::Metadata;
use self::pace::Pace;

pub mod ledger;

pub mod metadata;

mod pace;

/// How often a wait for a commit's answer looks at what else came.
const LOOK_AROUND: Duration = Duration::from_millis(20);

/// Commits what the ledger says.
pub struct Committer {
    queue: CommitQueue,
    pace: Pace,
    in_flight: Vec<Committable>,
    metrics: Arc<Metrics>,
    failures: LogRepeat,
    began: Instant,
}

impl Committer {
    /// Nothing is in flight.
    #[must_use]
    pub fn new(queue: CommitQueue, metrics: Arc<Metrics>, now: Instant) -> Self {
        Self { queue, pace: Pace::new(now), in_flight: Vec::new(), metrics, failures: LogRepeat::default(), began: now }
    }

    /// A new client has taken the old one's place: what was in flight is never answered.
    pub fn replace(&mut self, queue: CommitQueue, now: Instant) {
        self.queue = queue;
        self.in_flight.clear();
        self.pace = Pace::new(now);
    }

    /// An outcome came, or a partition that was never committed: the next turn commits.
    pub fn hurry(&mut self) {
        self.pace.hurry();
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

    /// Takes the answer of the commit in flight, if it came, and sends the next one, if it is due.
    pub fn turn(&mut self, ledger: &mut Ledger, topics: &Topics, now: Instant) {
        self.take_answer(ledger, Duration::ZERO);
        if self.pace.is_due(now) {
            self.send(ledger, topics, now);
        }
    }

    /// Commits until the broker has acknowledged everything of `partitions`, or the deadline has passed. `meanwhile` takes the outcomes that come in.
    /// Whether all was acknowledged.
    pub fn finish(
        &mut self,
        ledger: &mut Ledger,
        topics: &Topics,
        partitions: &[Partition],
        deadline: Instant,
        mut meanwhile: impl FnMut(&mut Ledger),
    ) -> bool {
        loop {
            meanwhile(ledger);
            let now = Instant::now();
            let open = ledger.committable().iter().any(|at| partitions.contains(&at.partition));
            if !open && !self.pace.in_flight() {
                return true;
            }
            if now >= deadline {
                return false;
            }
            self.pace.hurry();
            if self.pace.is_due(now) {
                self.send(ledger, topics, now);
            }
            self.take_answer(ledger, LOOK_AROUND.min(deadline - now));
        }
    }

    fn send(&mut self, ledger: &Ledger, topics: &Topics, now: Instant) {
        let committable = ledger.committable();
        if committable.is_empty() {
            self.pace.skipped(now);
            return;
        }
        self.pace.sent(now);
        match list(&committable, topics).and_then(|list| self.queue.send(&list)) {
            Ok(()) => self.in_flight = committable,
            Err(error) => self.failed(&error),
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
                self.pace.answered(Instant::now(), true);
                for committed in self.in_flight.drain(..) {
                    ledger.acknowledge(&committed);
                }
                if let Some(recovered) = self.failures.recover(self.began.elapsed()) {
                    tracing::info!(failed = recovered.total, "commits are acknowledged again");
                }
            }
            Some(Err(error)) => self.failed(&error),
        }
    }

    /// The broker's answer names every partition with the same error, whichever one failed: all are committed again.
    fn failed(&mut self, error: &KafkaError) {
        self.metrics.commit(false);
        self.in_flight.clear();
        let now = Instant::now();
        self.pace.answered(now, false);
        if let Some(times) = self.failures.note(now.duration_since(self.began)).times() {
            tracing::warn!(%error, times, "a commit failed and is made again; a crash before it succeeds repeats deliveries");
        }
    }
}

fn list(committable: &[Committable], topics: &Topics) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(committable.len());
    for Committable { partition, offset, .. } in committable {
        let mut element = list.add_partition(topics.name(partition.topic), partition.number);
        element.set_offset(Offset::Offset(offset.0))?;
        if let Some(partitions) = topics.partitions(partition.topic) {
            element.set_metadata(Metadata { partitions, topic: topics.id(partition.topic) }.encode());
        }
    }
    Ok(list)
}
