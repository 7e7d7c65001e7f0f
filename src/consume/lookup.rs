//! [1] What the broker is asked at an assignment: committed offsets, the logs' beginnings and ends, partition counts. The only requests that the poll loop waits for.
//!
//! Invariant: every answer counts whole or not at all; one that fails is asked for again, never guessed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use crate::commit::ledger::Taken;
use crate::commit::metadata;
use crate::commit::state::State;
use crate::event::{Offset, Partition, TopicIndex};
use crate::kafka::{self, native};
use crate::metrics::TopicTally;

use super::PollLoop;
use super::start::{self, Begin, Known, TopicCommits};

/// How long one look-up may take. It takes milliseconds; the group's session goes on meanwhile.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause between two tries of a look-up that failed.
pub(super) const LOOKUP_RETRY: Duration = Duration::from_secs(1);

/// How long asking for a topic may take; librdkafka's request waits behind a long-poll fetch for up to half a second.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);

/// Where one partition begins, and with what.
pub(super) struct Beginning {
    pub(super) partition: Partition,
    pub(super) known: Known,
    pub(super) begin: Begin,
    /// What the commit's metadata says, if slackline wrote it.
    pub(super) state: Option<State>,
}

impl PollLoop {
    /// What the broker holds of `partitions`, and where each begins: three requests whatever the number.
    pub(super) fn look_up(&self, partitions: &[Partition]) -> Result<Vec<Beginning>, KafkaError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<(String, i32)> =
            partitions.iter().map(|at| (self.topics.name(at.topic).to_owned(), at.number)).collect();
        let committed = native::committed(&self.parts.client, &names, LOOKUP_TIMEOUT)?;
        let low = self.log_offsets(&names, KafkaOffset::Beginning)?;
        let high = self.log_offsets(&names, KafkaOffset::End)?;
        let mut others = BTreeMap::new();
        partitions
            .iter()
            .zip(committed.iter().zip(low.iter().zip(&high)))
            .map(|(&partition, (committed, (&low, &high)))| {
                let known = Known { number: partition.number, committed: committed.offset.map(Offset), low, high };
                let others = match others.get(&partition.topic) {
                    Some(known) => *known,
                    None if known.committed.is_some() => TopicCommits::None,
                    None => {
                        let commits = self.topic_commits(partition.topic)?;
                        others.insert(partition.topic, commits);
                        commits
                    }
                };
                let begin = start::begin(known, others, self.parts.config.kafka.start);
                let state = self.state(partition, known.committed, &committed.metadata);
                let begin = begin.reckoned(state.as_ref());
                Ok(Beginning { partition, known, begin, state })
            })
            .collect()
    }

    /// The state that a commit carries. Without one of ours the committed offset counts alone: everything from there on is pending.
    fn state(&self, partition: Partition, committed: Option<Offset>, metadata: &[u8]) -> Option<State> {
        let offset = committed?;
        let state = metadata::decode(metadata, offset);
        if state.is_none() {
            let (topic, partition) = (self.topics.name(partition.topic), partition.number);
            if metadata.is_empty() {
                tracing::info!(topic, partition, %offset, "the committed offset was set by somebody else: everything from there on is delivered");
            } else {
                tracing::warn!(topic, partition, %offset, "the committed offset's metadata is another program's, or a later version's, and is ignored: everything from the offset on is delivered");
            }
        }
        state
    }

    /// Partitions that the client can't read on: what it was about to read has left the log. They go on where there is something; what was read before stays pending.
    pub(super) fn go_on_in_range(&mut self, now: Instant) {
        let Some(_) = self.out_of_range.take_if(|again| now >= *again) else { return };
        if let Err(error) = self.try_to_go_on() {
            tracing::warn!(%error, "could not look up where a partition goes on, whose next events are gone; trying again");
            self.out_of_range = Some(now + LOOKUP_RETRY);
        }
    }

    /// librdkafka does not say which partition it is: all that are owned are looked at.
    fn try_to_go_on(&mut self) -> Result<(), KafkaError> {
        let owned: Vec<(Partition, Offset)> = self.ledger.standings().map(|at| (at.partition, at.next)).collect();
        let names: Vec<(String, i32)> =
            owned.iter().map(|(at, _)| (self.topics.name(at.topic).to_owned(), at.number)).collect();
        let low = self.log_offsets(&names, KafkaOffset::Beginning)?;
        let high = self.log_offsets(&names, KafkaOffset::End)?;
        let mut stuck = Vec::new();
        for ((partition, next), (low, high)) in owned.into_iter().zip(low.into_iter().zip(high)) {
            let known = Known { number: partition.number, committed: Some(next), low, high };
            let begin = start::begin(known, TopicCommits::None, self.parts.config.kafka.start);
            match begin {
                Begin::Committed(_) => continue,
                // Another log: what was read of the old one is no position of this one.
                Begin::Beyond(offset) => {
                    let (_, ended) = self.ledger.assign(partition, offset, Taken::default());
                    self.parts.committer.end_holds(ended);
                }
                begin => self.ledger.advance(partition, begin.offset()),
            }
            self.log_begin(partition, begin, &known);
            self.ends.insert(partition, high);
            stuck.push(partition);
        }
        if stuck.is_empty() { Ok(()) } else { self.read_anew(&stuck) }
    }

    /// Makes the client read on where the ledger stands. A seek fails after a reset that failed; taking the partitions over again works.
    fn read_anew(&mut self, stuck: &[Partition]) -> Result<(), KafkaError> {
        let eager = !matches!(self.parts.client.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let mut list = TopicPartitionList::new();
        let mut paused = TopicPartitionList::new();
        for standing in self.ledger.standings() {
            let partition = standing.partition;
            // An eager assignment replaces the one before: it names everything.
            if !eager && !stuck.contains(&partition) {
                continue;
            }
            let name = self.topics.name(partition.topic);
            list.add_partition_offset(name, partition.number, KafkaOffset::Offset(standing.next.0))?;
            if self.pauses.is_paused(partition.topic) {
                paused.add_partition(name, partition.number);
            }
        }
        kafka::give_up(&self.parts.client, &list)?;
        kafka::take_over(&self.parts.client, &list)?;
        self.parts.client.pause(&paused)?;
        self.parts.committer.hurry();
        Ok(())
    }

    /// What the group has committed of all of a topic's partitions.
    fn topic_commits(&self, topic: TopicIndex) -> Result<TopicCommits, KafkaError> {
        let count = self.topics.partitions(topic).ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopic))?;
        let names: Vec<(String, i32)> = (0..i32::try_from(count).unwrap_or(i32::MAX))
            .map(|number| (self.topics.name(topic).to_owned(), number))
            .collect();
        let committed = native::committed(&self.parts.client, &names, LOOKUP_TIMEOUT)?;
        let states: Vec<Option<State>> =
            committed.iter().filter_map(|at| Some(metadata::decode(&at.metadata, Offset(at.offset?)))).collect();
        Ok(TopicCommits::of(states.iter().map(Option::as_ref)))
    }

    /// The beginnings or the ends of the partitions' logs, in their order.
    fn log_offsets(&self, names: &[(String, i32)], which: KafkaOffset) -> Result<Vec<Offset>, KafkaError> {
        let mut list = TopicPartitionList::with_capacity(names.len());
        for (topic, number) in names {
            list.add_partition_offset(topic, *number, which)?;
        }
        let answer = self.parts.client.offsets_for_times(list, LOOKUP_TIMEOUT)?;
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

    pub(super) fn log_begin(&mut self, partition: Partition, begin: Begin, known: &Known) {
        let topic = self.topics.name(partition.topic);
        match begin {
            Begin::Committed(_) => {}
            Begin::Start(offset) => {
                tracing::info!(topic, partition = partition.number, %offset, "no committed offset: beginning where `kafka.start` says");
            }
            Begin::Added(offset) => {
                tracing::info!(topic, partition = partition.number, %offset, "a partition added to a known topic: beginning at its beginning");
            }
            Begin::Lost { offset, lost } => {
                tracing::error!(topic, partition = partition.number, lost, %offset, "events left the topic before they were read: raise its retention, or find out why slackline was away");
                let tally = TopicTally { offsets_lost: lost, ..TopicTally::default() };
                self.parts.metrics.add_events(partition.topic, &tally);
            }
            Begin::Beyond(offset) => {
                let committed = known.committed.map(|at| at.0);
                tracing::warn!(topic, partition = partition.number, committed, end = %known.high, %offset, "the committed offset lies beyond the partition's end: the topic was made anew or cut; beginning at its beginning");
            }
        }
    }

    /// Asks how many partitions the topics have: at every assignment, since the shares of the rate hang on it. A topic that appears comes with one.
    pub(super) fn count_partitions(&mut self) {
        for topic in self.topics.indices() {
            let there = self.count_partitions_of(topic);
            let name = self.topics.name(topic);
            if there && self.missing.remove(&topic) {
                tracing::info!(topic = name, "the topic is there now");
            } else if !there && self.missing.insert(topic) {
                tracing::warn!(topic = name, "the topic does not exist; waiting for it");
            }
        }
        self.report_missing();
    }

    fn report_missing(&self) {
        let names = self.missing.iter().map(|topic| self.topics.name(*topic).to_owned()).collect();
        self.parts.health.set_missing_topics(names);
    }

    /// Whether the topic exists, and has told its number of partitions. A broker that does not answer leaves things as they are.
    fn count_partitions_of(&mut self, topic: TopicIndex) -> bool {
        let name = self.topics.name(topic).to_owned();
        let Ok(metadata) = self.parts.client.fetch_metadata(Some(&name), METADATA_TIMEOUT) else {
            return !self.missing.contains(&topic);
        };
        let count =
            metadata.topics().iter().find(|found| found.name() == name).map_or(0, |found| found.partitions().len());
        match u32::try_from(count) {
            Ok(count) if count > 0 => {
                self.topics.set_partitions(topic, count);
                true
            }
            _ => false,
        }
    }
}
