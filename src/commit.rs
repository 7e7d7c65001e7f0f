//! The only caller of Kafka's commit: explicit, asynchronous, from the poll loop.
//!
//! Invariant: a commit names only owned partitions, each with the ledger's committable offset and
//! its restart state, and every commit's result is handled: an acknowledged one ends the holds of
//! the outcomes that it contains, a failed one is counted and retried.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use crate::event::Partition;
use crate::kafka::native::CommitQueue;
use crate::log_throttle::LogThrottle;
use crate::metrics::{Degree, Metrics};
use crate::topics::TopicNames;

use self::ledger::Ledger;
use self::ledger::committable::{Committable, Scope};
use self::restart_state::codec;
use self::schedule::{RETRY_INTERVAL, Schedule};

pub mod ledger;

pub mod restart_state;

pub mod recovery;

pub mod name_index;

pub mod bloom;

pub mod sketch;

pub mod schedule;

/// The longest wait for a commit's answer before new outcomes are taken.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// The runbook's section about commits that fail.
const FAILING: &str =
    "https://github.com/slackline/slackline/blob/main/docs/operations.md#slacklinecommitsfailing";

/// Commits what the ledger says.
pub struct Committer {
    /// When to commit.
    pub schedule: Schedule,
    queue: CommitQueue,
    /// What the commit in flight contains.
    in_flight: Vec<Committable>,
    /// How the last answered commit ended, until the poll loop takes it.
    pub result: Option<Result<(), RDKafkaErrorCode>>,
    /// The most characters of metadata that the broker accepts, as far as is known.
    budget: usize,
    metrics: Arc<Metrics>,
    failures: LogThrottle,
}

impl Committer {
    /// A committer with nothing in flight.
    #[must_use]
    pub fn new(queue: CommitQueue, metrics: Arc<Metrics>, now: Instant) -> Self {
        Self {
            queue,
            schedule: Schedule::new(now),
            in_flight: Vec::new(),
            result: None,
            budget: codec::BUDGET,
            metrics,
            failures: LogThrottle::default(),
        }
    }

    /// Continues with a new client's queue. The commit in flight will never be answered.
    pub fn replace(&mut self, queue: CommitQueue, now: Instant) {
        self.queue = queue;
        self.in_flight.clear();
        self.schedule = Schedule::new(now);
    }

    /// Takes the answer of the commit in flight, if there is one, and sends the next commit, if it
    /// is due.
    pub fn poll(&mut self, ledger: &mut Ledger, topics: &TopicNames, now: Instant) {
        self.take_answer(ledger, Duration::ZERO);
        let Some(scope) = self.schedule.due(now) else { return };
        let states = ledger.to_commit(scope, self.budget);
        if states.is_empty() {
            self.schedule.skipped(now);
        } else {
            self.send(ledger, topics, states, now);
        }
    }

    /// One step of committing until the broker has acknowledged everything of `partitions`: sends
    /// what is missing, once no commit is in flight. Returns whether everything is acknowledged.
    pub fn flush(
        &mut self,
        ledger: &mut Ledger,
        topics: &TopicNames,
        partitions: &[Partition],
        now: Instant,
    ) -> bool {
        if self.schedule.in_flight.is_some() {
            return false;
        }
        let states = ledger.to_commit(Scope::Only(partitions), self.budget);
        if states.is_empty() {
            return true;
        }
        self.schedule.request();
        if self.schedule.due(now).is_some() {
            self.send(ledger, topics, states, now);
        }
        false
    }

    /// Waits for the answer of the commit in flight, for a moment and at most for `timeout`.
    pub fn await_answer(&mut self, ledger: &mut Ledger, timeout: Duration) {
        self.take_answer(ledger, LONGEST_WAIT.min(timeout));
    }

    fn send(
        &mut self,
        ledger: &mut Ledger,
        topics: &TopicNames,
        states: Vec<Committable>,
        now: Instant,
    ) {
        let sent = offsets(&states, topics).and_then(|offsets| self.queue.send(&offsets));
        self.schedule.sent(now, states.iter().map(|state| state.cost).sum());
        ledger.commit_sent(&states);
        match sent {
            Ok(()) => {
                for state in &states {
                    let parts = state.lacks_parts.then_some(Degree::Parts);
                    for degree in state.cut.into_iter().chain(parts) {
                        self.metrics.restart_state_truncated(state.partition.topic, degree);
                    }
                }
                self.in_flight = states;
            }
            Err(error) => self.failed(ledger, &error),
        }
    }

    fn take_answer(&mut self, ledger: &mut Ledger, timeout: Duration) {
        if self.schedule.in_flight.is_none() {
            return;
        }
        match self.queue.answer(timeout) {
            None => return,
            Some(Err(error)) => return self.failed(ledger, &error),
            Some(Ok(())) => {}
        }
        self.metrics.commit(true);
        self.result = Some(Ok(()));
        self.schedule.in_flight = None;
        for state in std::mem::take(&mut self.in_flight) {
            ledger.commit_acknowledged(&state);
        }
        if let Some(recovered) = self.failures.recover(Instant::now()) {
            tracing::info!(failed = recovered.total, "offset commits succeed again");
        }
    }

    /// The broker's answer has the same error for every partition, whichever one failed: all of
    /// them are committed again.
    fn failed(&mut self, ledger: &mut Ledger, error: &KafkaError) {
        self.metrics.commit(false);
        let code = error.rdkafka_error_code();
        self.result = code.map(Err);
        self.in_flight.clear();
        ledger.commit_failed();
        let now = Instant::now();
        if code == Some(RDKafkaErrorCode::OffsetMetadataTooLarge) && self.budget > 0 {
            // Down to the bare version mark, and then to nothing: metadata must not stop commits.
            self.budget /= 2;
            tracing::warn!(
                characters = self.budget,
                "the broker's `offset.metadata.max.bytes` is too small, truncating the restart \
                 state"
            );
            self.schedule.failed(now);
            return;
        }
        self.schedule.failed(now + RETRY_INTERVAL);
        if let Some(times) = self.failures.record(now) {
            tracing::warn!(
                %error,
                help = FAILING,
                times,
                "offset commit failed, retrying; deliveries are held until a commit succeeds"
            );
        }
    }
}

fn offsets(states: &[Committable], topics: &TopicNames) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(states.len());
    for Committable { partition, offset, metadata, .. } in states {
        let mut element = list.add_partition(topics.name(partition.topic), partition.number);
        element.set_offset(Offset::Offset(offset.0))?;
        if !metadata.is_empty() {
            element.set_metadata(metadata);
        }
    }
    Ok(list)
}
