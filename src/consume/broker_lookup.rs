//! Every request that waits for a broker: committed offsets, the logs' ends, the topics' ids
//! and partition counts. They are made on a separate thread, so that the poll loop never waits:
//! it goes on taking outcomes, committing and reading while a broker is slow.
//!
//! Invariants: one lookup is in flight at a time, and all of its requests share one deadline. An
//! answer is complete or an error; a failed lookup is made again, and no offset is ever guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use crate::event::{ClusterId, Offset, Partition, TopicIndex};
use crate::kafka::Client;
use crate::kafka::native::{self, Committed, Described};
use crate::log_throttle::LogThrottle;
use crate::poll_waker::Waker;
use crate::topics::TopicNames;

use super::assignment::{LookupId, Unresolved};
use super::error::ConsumeError;

/// How long all requests of one lookup may take together. As a rule they take milliseconds; a
/// broker that needs seconds for each of them is waited for.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long one request may take. A shutdown, and the replacement of the client, wait for it.
const REQUEST: Duration = Duration::from_secs(10);

/// A lookup that takes longer is logged.
const SLOW: Duration = Duration::from_secs(1);

/// How long the description of the topics may take: the next lookup asks another broker.
const DESCRIPTION: Duration = Duration::from_secs(2);

/// What one lookup requests, besides the description of all topics.
#[derive(Debug, Default)]
pub struct LookupRequest {
    /// Partitions whose starting offset is unknown, and those that are out of range.
    pub unresolved: Unresolved,
    /// Partitions that were added to a topic: does the group have a committed offset for each?
    pub added: Vec<Partition>,
    /// Whether to look up the committed offsets of all partitions.
    pub is_survey: bool,
    /// The partition counts as known before, by topic.
    pub counts: Vec<Option<u32>>,
    /// The broker that describes the topics; `None`: the cluster's controller.
    pub broker: Option<i32>,
}

/// What the brokers have answered.
#[derive(Debug, Default)]
pub struct Findings {
    /// The lookup that they answer.
    pub id: LookupId,
    /// The cluster that the brokers belong to; `None` where they name none.
    pub cluster: Option<ClusterId>,
    /// The topics' descriptions, in the topics' order.
    pub described: Vec<Described>,
    /// The committed offsets of the starting partitions and of the added ones.
    pub committed: BTreeMap<Partition, Committed>,
    /// The first offset of each log and the one after its last, of all unresolved partitions.
    pub logs: BTreeMap<Partition, (Offset, Offset)>,
    /// The committed offsets of all partitions of each topic that has a starting partition without
    /// one; in a survey, of each topic that exists.
    pub of_topic: BTreeMap<TopicIndex, Vec<Committed>>,
    /// Whether it is a survey.
    pub is_survey: bool,
}

/// The answer to one lookup.
pub type Answer = KafkaResult<Findings>;

/// The poll loop's end: sends lookups and takes their answers without waiting.
pub struct BrokerLookup {
    /// Bounded by one: nothing is sent before the answer to the last lookup was taken.
    jobs: SyncSender<Lookup>,
    answers: Receiver<Answer>,
    in_flight: bool,
    /// The lookup in flight resolves starting offsets.
    resolves_starts: bool,
    last: u64,
    failures: LogThrottle,
    /// Ends the lookup in flight between two of its requests.
    cancelled: Arc<AtomicBool>,
}

/// The lookup thread's end.
pub struct LookupThread {
    jobs: Receiver<Lookup>,
    /// Bounded by one, and never full: see above.
    answers: SyncSender<Answer>,
    waker: Waker,
}

/// The requests of one lookup.
struct Lookup {
    id: LookupId,
    cancelled: Arc<AtomicBool>,
    client: Arc<Client>,
    names: TopicNames,
    request: LookupRequest,
    deadline: Instant,
}

/// Creates both ends; `waker` is woken when there is an answer.
pub fn pair(waker: Waker) -> (BrokerLookup, LookupThread) {
    let (job, jobs) = sync_channel(1);
    let (answer, answers) = sync_channel(1);
    let thread = LookupThread { jobs, answers: answer, waker };
    let lookup = BrokerLookup {
        jobs: job,
        answers,
        in_flight: false,
        resolves_starts: false,
        last: 0,
        failures: LogThrottle::default(),
        cancelled: Arc::default(),
    };
    (lookup, thread)
}

impl BrokerLookup {
    /// Returns whether no lookup is in flight: nothing but the poll loop holds the client.
    pub fn is_idle(&self) -> bool {
        !self.in_flight
    }

    /// Sends a lookup; none may be in flight.
    pub fn send(
        &mut self,
        client: Arc<Client>,
        names: &TopicNames,
        request: LookupRequest,
    ) -> Result<LookupId, ConsumeError> {
        self.last += 1;
        let id = LookupId(self.last);
        self.resolves_starts = !request.unresolved.starting.is_empty();
        self.cancelled = Arc::default();
        let cancelled = Arc::clone(&self.cancelled);
        let (names, deadline) = (names.clone(), Instant::now() + DEADLINE);
        let lookup = Lookup { id, cancelled, client, names, request, deadline };
        self.jobs.try_send(lookup).map_err(|_| ConsumeError::LookupDied)?;
        self.in_flight = true;
        Ok(id)
    }

    /// Ends the lookup in flight after the request that it is waiting for: its answer is not
    /// needed.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Cancels the lookup in flight unless it resolves starting offsets, which come first.
    pub fn cancel_unless_resolving(&self) {
        if self.in_flight && !self.resolves_starts {
            self.cancel();
        }
    }

    /// Returns whether the last lookup was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Takes the answer to the lookup in flight, if it is there.
    pub fn take(&mut self) -> Result<Option<Answer>, ConsumeError> {
        match self.answers.try_recv() {
            Ok(answer) => {
                self.in_flight = false;
                Ok(Some(answer))
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(ConsumeError::LookupDied),
        }
    }

    /// Logs that an answer could be applied, where lookups had failed before.
    pub fn log_success(&mut self, now: Instant) {
        if let Some(recovered) = self.failures.recover(now) {
            tracing::info!(failed = recovered.total, "offset lookups succeed again");
        }
    }

    /// Logs that a lookup failed, or its answer could not be applied.
    pub fn log_failure(&mut self, error: &KafkaError, now: Instant) {
        if let Some(times) = self.failures.record(now) {
            tracing::warn!(%error, times, "offset lookup failed, retrying; its partitions are not read until it succeeds");
        }
    }
}

impl Drop for BrokerLookup {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl LookupThread {
    /// Answers lookups until the poll loop has ended.
    pub fn run(self) {
        while let Ok(lookup) = self.jobs.recv() {
            let started = Instant::now();
            let answer = lookup.answer();
            let took = started.elapsed();
            if took >= SLOW {
                tracing::debug!(?took, succeeded = answer.is_ok(), "slow broker lookup");
            }
            // Before the answer is there: the poll loop may destroy the client then.
            drop(lookup);
            if self.answers.send(answer).is_err() {
                return;
            }
            self.waker.wake();
        }
    }
}

impl Lookup {
    /// Four requests, whatever the number of partitions, and one for each topic that has a starting
    /// partition without a committed offset; in a survey, for each topic.
    fn answer(&self) -> KafkaResult<Findings> {
        let LookupRequest { unresolved, added, is_survey, counts, broker } = &self.request;
        let (names, timeout) = (self.names.all(), self.left()?.min(DESCRIPTION));
        let described = native::describe_topics(&self.client, *broker, &names, timeout)?;
        // librdkafka has learnt it from the brokers' metadata by now.
        let cluster = native::cluster_id(&self.client, self.left()?)?;
        let starting = &unresolved.starting;
        let asked: Vec<Partition> = starting.iter().chain(added).copied().collect();
        let committed = self.committed(&asked)?;
        let logs: Vec<Partition> =
            starting.iter().chain(&unresolved.out_of_range).copied().collect();
        let low = self.log_offsets(&logs, KafkaOffset::Beginning)?;
        let high = self.log_offsets(&logs, KafkaOffset::End)?;
        let without = |partition: &&Partition| {
            committed.get(partition).is_none_or(|committed| committed.offset.is_none())
        };
        let new = starting.iter().filter(without).map(|partition| partition.topic);
        let surveyed = self
            .names
            .indices()
            .filter(|topic| *is_survey && partition_count(*topic, &described, counts).is_some());
        let mut of_topic = BTreeMap::new();
        for topic in new.chain(surveyed).collect::<BTreeSet<TopicIndex>>() {
            let count = partition_count(topic, &described, counts)
                .ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopic))?;
            let all: Vec<Partition> = (0..i32::try_from(count).unwrap_or(i32::MAX))
                .map(|number| Partition { topic, number })
                .collect();
            of_topic.insert(topic, self.committed(&all)?.into_values().collect());
        }
        let logs = logs.into_iter().zip(low.into_iter().zip(high)).collect();
        let (id, is_survey) = (self.id, *is_survey);
        Ok(Findings { id, cluster, described, committed, logs, of_topic, is_survey })
    }

    /// The time that the next request may take.
    fn left(&self) -> KafkaResult<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || self.cancelled.load(Ordering::Relaxed) {
            return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::OperationTimedOut));
        }
        Ok(left.min(REQUEST))
    }

    fn committed(&self, partitions: &[Partition]) -> KafkaResult<BTreeMap<Partition, Committed>> {
        if partitions.is_empty() {
            return Ok(BTreeMap::new());
        }
        let named: Vec<(String, i32)> =
            partitions.iter().map(|at| (self.names.name(at.topic).to_owned(), at.number)).collect();
        let committed = native::committed(&self.client, &named, self.left()?)?;
        Ok(partitions.iter().copied().zip(committed).collect())
    }

    /// The first offsets or the ends of the partitions' logs, in their order.
    fn log_offsets(
        &self,
        partitions: &[Partition],
        which: KafkaOffset,
    ) -> KafkaResult<Vec<Offset>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for at in partitions {
            list.add_partition_offset(self.names.name(at.topic), at.number, which)?;
        }
        let answer = self.client.offsets_for_times(list, self.left()?)?;
        answer
            .elements()
            .iter()
            .map(|at| {
                at.error()?;
                match at.offset() {
                    KafkaOffset::Offset(offset) => Ok(Offset(offset)),
                    _ => Err(KafkaError::MetadataFetch(RDKafkaErrorCode::InvalidTimestamp)),
                }
            })
            .collect()
    }
}

fn partition_count(
    topic: TopicIndex,
    described: &[Described],
    known: &[Option<u32>],
) -> Option<u32> {
    match described.get(topic.0 as usize) {
        Some(Described::Exists { partitions, .. }) => Some(*partitions),
        _ => known.get(topic.0 as usize).copied().flatten(),
    }
}
