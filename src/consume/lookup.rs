//! [1] What the broker is asked at an assignment: committed offsets, the logs' beginnings and ends, the topics' ids and partition counts. The only requests that the poll loop waits for.
//!
//! Invariant: every answer counts whole or not at all; one that fails is asked for again, never guessed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use crate::commit::restart_state::RestartState;
use crate::commit::restart_state::codec;
use crate::event::{Offset, Partition, TopicId, TopicIndex};
use crate::kafka::native::Described;
use crate::kafka::{self, native};
use crate::metrics::TopicTally;

use super::PollLoop;
use super::start::{self, Begin, Known, TopicCommits};

/// How long one look-up may take. It takes milliseconds; the group's session goes on meanwhile.
pub(super) const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause between two tries of a look-up that failed.
pub(super) const LOOKUP_RETRY: Duration = Duration::from_secs(1);

/// How long asking for the topics may take; librdkafka's request waits behind a long-poll fetch for up to half a second.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);

/// Where one partition begins, and with what.
pub(super) struct Beginning {
    pub(super) partition: Partition,
    pub(super) known: Known,
    pub(super) begin: Begin,
    /// What the commit's metadata says, if slackline wrote it.
    pub(super) state: Option<RestartState>,
}

impl PollLoop {
    /// What the broker holds of `partitions`, and where each begins: three requests whatever the number.
    pub(super) fn look_up(&self, partitions: &[Partition]) -> Result<Vec<Beginning>, KafkaError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<(String, i32)> = partitions
            .iter()
            .map(|at| (self.topics.name(at.topic).to_owned(), at.number))
            .collect();
        let committed = native::committed(&self.parts.client, &names, LOOKUP_TIMEOUT)?;
        let low = self.log_offsets(&names, KafkaOffset::Beginning)?;
        let high = self.log_offsets(&names, KafkaOffset::End)?;
        let mut others = BTreeMap::new();
        partitions
            .iter()
            .zip(committed.iter().zip(low.iter().zip(&high)))
            .map(|(&partition, (committed, (&low, &high)))| {
                let state =
                    self.state(partition, committed.offset.map(Offset), &committed.metadata);
                let known = Known {
                    number: partition.number,
                    topic: self.topics.id(partition.topic),
                    committed: committed.offset.map(Offset),
                    committed_topic: state.as_ref().and_then(|state| state.topic),
                    low,
                    high,
                };
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
                let begin = begin.reckoned(state.as_ref());
                Ok(Beginning { partition, known, begin, state })
            })
            .collect()
    }

    /// The state that a commit carries. Without one of ours the committed offset counts alone: everything from there on is pending.
    fn state(
        &self,
        partition: Partition,
        committed: Option<Offset>,
        metadata: &[u8],
    ) -> Option<RestartState> {
        let offset = committed?;
        let state = codec::decode(metadata, offset);
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

    /// Of the partitions that librdkafka named, those that are still owned. No others: what was fetched of them and waits for room is there, though it may have
    /// left the log meanwhile.
    fn try_to_go_on(&mut self) -> Result<(), KafkaError> {
        self.describe_topics()?;
        self.leave_remade();
        let standings =
            self.parts.settlement.ledger.progress().filter(|at| self.stuck.contains(&at.partition));
        let owned: Vec<(Partition, Offset)> = standings.map(|at| (at.partition, at.next)).collect();
        if owned.is_empty() {
            self.stuck.clear();
            return Ok(());
        }
        let names: Vec<(String, i32)> = owned
            .iter()
            .map(|(at, _)| (self.topics.name(at.topic).to_owned(), at.number))
            .collect();
        let low = self.log_offsets(&names, KafkaOffset::Beginning)?;
        let high = self.log_offsets(&names, KafkaOffset::End)?;
        let mut go_on = Vec::new();
        let mut cut = Vec::new();
        for ((partition, next), (low, high)) in owned.into_iter().zip(low.into_iter().zip(high)) {
            let topic = self.topics.id(partition.topic);
            let known = Known {
                number: partition.number,
                topic,
                committed: Some(next),
                committed_topic: topic,
                low,
                high,
            };
            match start::begin(known, TopicCommits::None, self.parts.config.kafka.start) {
                begin @ Begin::Lost { offset, .. } => {
                    self.parts.settlement.ledger.advance(partition, offset);
                    self.log_begin(partition, begin, &known);
                    self.ends.insert(partition, high);
                    go_on.push(partition);
                }
                // It is there again, or was advanced to by a try that failed later: the client has stopped reading it all the same.
                Begin::Committed(_) => go_on.push(partition),
                _ => cut.push(partition),
            }
        }
        if !go_on.is_empty() {
            self.read_anew(&go_on)?;
        }
        self.stuck.clear();
        if !cut.is_empty() {
            self.begin_again(cut);
        }
        Ok(())
    }

    /// What is owned of topics that were deleted and made anew is left behind, and begun with as the new ones; from then on commits name those.
    pub(super) fn leave_remade(&mut self) {
        if self.remade.is_empty() {
            return;
        }
        let remade = std::mem::take(&mut self.remade);
        let partitions: Vec<Partition> = self
            .parts
            .settlement
            .ledger
            .partitions()
            .filter(|partition| remade.contains_key(&partition.topic))
            .collect();
        if !partitions.is_empty() {
            self.begin_again(partitions);
        }
        for (topic, id) in remade {
            self.topics.set_id(topic, id);
        }
    }

    /// Makes the client read on where the ledger stands. A seek fails after a reset that failed; taking the partitions over again works.
    fn read_anew(&mut self, stuck: &[Partition]) -> Result<(), KafkaError> {
        let eager =
            !matches!(self.parts.client.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let mut list = TopicPartitionList::new();
        for standing in self.parts.settlement.ledger.progress() {
            let partition = standing.partition;
            // An eager assignment replaces the one before: it names everything.
            if !eager && !stuck.contains(&partition) {
                continue;
            }
            let name = self.topics.name(partition.topic);
            list.add_partition_offset(
                name,
                partition.number,
                KafkaOffset::Offset(standing.next.0),
            )?;
        }
        // A try that failed may have come so far already, and what is not held can't be given up.
        let held = kafka::held(&self.parts.client, &list)?;
        kafka::give_up(&self.parts.client, &held)?;
        self.take_over(&list)?;
        self.parts.settlement.committer.request();
        Ok(())
    }

    /// What the group has committed of all of a topic's partitions.
    fn topic_commits(&self, topic: TopicIndex) -> Result<TopicCommits, KafkaError> {
        let count = self
            .topics
            .partitions(topic)
            .ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopic))?;
        let names: Vec<(String, i32)> = (0..i32::try_from(count).unwrap_or(i32::MAX))
            .map(|number| (self.topics.name(topic).to_owned(), number))
            .collect();
        let committed = native::committed(&self.parts.client, &names, LOOKUP_TIMEOUT)?;
        let states: Vec<Option<RestartState>> = committed
            .iter()
            .filter_map(|at| Some(codec::decode(&at.metadata, Offset(at.offset?))))
            .collect();
        Ok(match TopicCommits::of(states.iter().map(Option::as_ref), self.topics.id(topic)) {
            // The broker forgets a topic's offsets with the topic.
            TopicCommits::None if self.topics.is_remade(topic) => TopicCommits::Earlier,
            commits => commits,
        })
    }

    /// The beginnings or the ends of the partitions' logs, in their order.
    fn log_offsets(
        &self,
        names: &[(String, i32)],
        which: KafkaOffset,
    ) -> Result<Vec<Offset>, KafkaError> {
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
            Begin::Remade(offset) => {
                let committed = known.committed.map(|at| at.0);
                tracing::warn!(topic, partition = partition.number, committed, %offset, "the topic was deleted and made anew: beginning at its beginning");
            }
            Begin::Cut(offset) => {
                let committed = known.committed.map(|at| at.0);
                tracing::warn!(topic, partition = partition.number, committed, %offset, "the committed offset lies beyond the end of the partition's log, which was cut (an unclean leader election): beginning at its end");
            }
            Begin::Beyond(offset) => {
                let committed = known.committed.map(|at| at.0);
                tracing::warn!(topic, partition = partition.number, committed, end = %known.high, %offset, "the committed offset lies beyond the partition's end: the topic was made anew or cut; beginning at its beginning");
            }
        }
    }

    /// Asks which topics there are, how many partitions each has, and its id: at every assignment, since the shares of the rate hang on it, and commits name it.
    ///
    /// A topic that was made anew while partitions of the one before are owned keeps its old id until they are given up: an old offset must not be committed under
    /// the new id.
    pub(super) fn describe_topics(&mut self) -> Result<(), KafkaError> {
        let names: Vec<&str> = self.topics.indices().map(|topic| self.topics.name(topic)).collect();
        let described =
            native::describe_topics(&self.parts.client, self.broker, &names, METADATA_TIMEOUT)?;
        self.note_topics(described);
        Ok(())
    }

    pub(super) fn note_topics(&mut self, described: Vec<Described>) {
        let mut news = false;
        for (topic, described) in self.topics.indices().zip(described) {
            let there = match described {
                Described::There { partitions, id, readable } => {
                    news |= self.topics.set_partitions(topic, partitions);
                    self.identify(topic, id);
                    if readable {
                        self.allow_topic(topic)
                    } else {
                        self.deny_topic(topic)
                    }
                    true
                }
                Described::Missing => {
                    self.allow_topic(topic);
                    false
                }
                Described::Unclear(code) => {
                    if code == RDKafkaErrorCode::TopicAuthorizationFailed {
                        self.deny_topic(topic);
                    }
                    continue;
                }
            };
            let name = self.topics.name(topic);
            if there && self.missing.remove(&topic) {
                tracing::info!(topic = name, "the topic is there now");
            } else if !there && self.missing.insert(topic) {
                tracing::warn!(topic = name, "the topic does not exist; waiting for it");
            }
        }
        self.report_missing();
        if news {
            self.ownership_changed();
        }
    }

    fn identify(&mut self, topic: TopicIndex, id: Option<TopicId>) {
        let Some(id) = id else { return };
        let remade = start::differ(self.topics.id(topic), Some(id));
        if remade
            && self.parts.settlement.ledger.partitions().any(|partition| partition.topic == topic)
        {
            self.remade.insert(topic, id);
            self.out_of_range = self.out_of_range.or(Some(Instant::now()));
        } else {
            self.remade.remove(&topic);
            self.topics.set_id(topic, id);
        }
    }

    fn report_missing(&self) {
        let names = self.missing.iter().map(|topic| self.topics.name(*topic).to_owned()).collect();
        self.parts.health.set_missing_topics(names);
    }
}
