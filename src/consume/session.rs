//! The Kafka client with its queues: what it reports, what it reads, and its replacement after
//! a fatal error.
//!
//! Invariants: a rebalance is acted on before the next record is read. A client that failed is
//! destroyed before the next one joins the group, so that both are never members.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::statistics;
use rdkafka::{Offset as KafkaOffset, Statistics, TopicPartitionList};

use crate::event::{Offset, Partition};
use crate::kafka::native::{CommitQueue, Records};
use crate::kafka::{self, Client, ClientEvent, Connect, Connection};
use crate::topics::TopicNames;

use super::broker_queries::BrokerQueries;
use super::client_recovery::ClientRecovery;

/// A connected broker that owes a response and has sent nothing for this long counts as
/// unreachable. Healthy ones answer a fetch within half a second.
const SILENT_AFTER: Duration = Duration::from_secs(5);

/// The Kafka client and everything that belongs to it alone.
pub struct Session {
    /// The client.
    pub client: Arc<Client>,
    /// By topic: what the client reads.
    pub records: Vec<Records>,
    /// Requests that nothing waits for.
    pub queries: BrokerQueries,
    /// The pauses between clients.
    pub recovery: ClientRecovery,
    /// The topics' names.
    pub names: TopicNames,
    /// Creates the next client, with its queues.
    connect: Connect,
    /// The client has failed and can do nothing any more.
    pub fatal: Option<RDKafkaErrorCode>,
    /// An available broker with the fewest requests waiting, as the statistics said last.
    pub broker: Option<i32>,
    /// Since when no broker is reachable; `None` while one is.
    pub unreachable_since: Option<Instant>,
}

/// What one poll has served.
#[derive(Debug, Default)]
pub struct Poll {
    /// In the order in which they happened.
    pub events: Vec<ClientEvent>,
    /// A record that came outside its topic's queue: its partition is not forwarded, and has to be
    /// assigned again.
    pub stray: Option<Partition>,
    /// There may be more to poll.
    pub more: bool,
}

impl Session {
    /// A session with its first client, subscribed to nothing yet, and the queue for its commits.
    ///
    /// # Errors
    /// See [`Connection::open`].
    pub fn open(
        mut connect: Connect,
        names: TopicNames,
        now: Instant,
    ) -> KafkaResult<(Self, CommitQueue)> {
        let Connection { client, records, commits, ends, described } = connect()?;
        let session = Self {
            client,
            records,
            queries: BrokerQueries::new(ends, described, now),
            recovery: ClientRecovery::default(),
            names,
            connect,
            fatal: None,
            broker: None,
            unreachable_since: Some(now),
        };
        Ok((session, commits))
    }

    /// The fatal error in librdkafka's words.
    pub fn fatal_reason(&self) -> Option<String> {
        self.client.client().fatal_error().map(|(_, reason)| reason)
    }

    /// Checks the client for a fatal error that no poll has returned.
    pub fn check_fatal(&mut self) {
        if self.fatal.is_none() {
            self.fatal = self.client.client().fatal_error().map(|(code, _)| code);
        }
    }

    /// Subscribes the client to the configured topics.
    pub fn subscribe(&self) -> KafkaResult<()> {
        self.client.subscribe(&self.names.all())
    }

    /// Leaves the group and joins it again: a rebalance, as graceful as any other.
    pub fn rejoin(&self) -> KafkaResult<()> {
        self.client.unsubscribe();
        self.subscribe()
    }

    /// Polls once, without waiting.
    pub fn poll(&mut self) -> Poll {
        let before = self.client.context().activity();
        let mut poll = Poll::default();
        match self.client.poll(Duration::ZERO) {
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => self.fatal = Some(code),
            // The context reports it too.
            Some(Err(_)) => poll.more = true,
            Some(Ok(stray)) => {
                poll.stray = partition_of(&self.names, stray.topic(), stray.partition());
                poll.more = true;
            }
            None => {}
        }
        // A poll that served something other than a record may have left more behind it.
        poll.more |= self.client.context().activity() != before;
        poll.events = self.client.context().take();
        poll
    }

    /// The partitions among `named` whose topics are configured.
    pub fn partitions(&self, named: &[(String, i32)]) -> Vec<Partition> {
        let known = |(topic, number): &(String, i32)| partition_of(&self.names, topic, *number);
        named.iter().filter_map(known).collect()
    }

    /// Makes the client read newly assigned partitions from these offsets. `kept` is what it reads
    /// already: an eager assignment replaces the one before, and names everything.
    ///
    /// # Errors
    /// What librdkafka says, for instance that the partitions were lost meanwhile.
    pub fn start(
        &self,
        started: &[(Partition, Offset)],
        kept: &[(Partition, Offset)],
    ) -> KafkaResult<()> {
        let list = self.list(started)?;
        if self.is_cooperative() {
            // Those that are resolved again: a second assignment of one would be refused.
            self.unassign(&list)?;
        }
        self.assign(list, started, kept)
    }

    /// Makes the client read stopped partitions again, by assigning them: librdkafka refuses a seek
    /// after a failed offset reset.
    ///
    /// # Errors
    /// What librdkafka says.
    pub fn restart(
        &self,
        stopped: &[(Partition, Offset)],
        kept: &[(Partition, Offset)],
    ) -> KafkaResult<()> {
        let list = self.list(stopped)?;
        // An attempt that failed may have unassigned them already.
        self.unassign(&list)?;
        self.assign(list, stopped, kept)
    }

    /// Acknowledges an assignment with no partitions: librdkafka waits for it, also while it
    /// closes.
    pub fn decline(&self) {
        if let Err(error) = kafka::assign(&self.client, &TopicPartitionList::new()) {
            tracing::debug!(%error, "could not decline an assignment");
        }
    }

    /// Makes the client stop reading revoked partitions.
    pub fn release(&self, partitions: &[Partition]) {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition(self.names.name(partition.topic), partition.number);
        }
        // The client refuses to unassign partitions that are not assigned, which some may never
        // have been. It waits for this call even where none is left.
        let assigned = kafka::assigned_among(&self.client, &list);
        if let Err(error) = assigned.and_then(|list| kafka::unassign(&self.client, &list)) {
            tracing::warn!(%error, "the client could not unassign partitions");
        }
    }

    /// Drops the records of these partitions that were taken from librdkafka and not read: should a
    /// partition be assigned again, it is read from where its starting offset says.
    pub fn forget(&mut self, partitions: &[Partition]) {
        for records in &mut self.records {
            records.forget(|partition| partitions.contains(&partition));
        }
    }

    /// Makes the client continue at `next` after an error in place of a record. Records that it
    /// fetched by its own count meanwhile are skipped and fetched again.
    pub fn reset_position(&self, partition: Partition, next: Offset) {
        // Without waiting this fails only for a partition that is not read: it starts where it is
        // assigned.
        let list = self.list(&[(partition, next)]);
        if let Err(error) = list.and_then(|list| self.client.seek_partitions(list, Duration::ZERO))
        {
            let topic = self.names.name(partition.topic);
            let partition = partition.number;
            tracing::debug!(%error, topic, partition, "could not reset the position after an error");
        }
    }

    /// The client's own read positions, those of partitions with records that were taken and not
    /// read aside (see [`super::client_position`]).
    pub fn positions(&self) -> Vec<(Partition, Offset)> {
        let Ok(positions) = self.client.position() else { return Vec::new() };
        let known = |at: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
            let KafkaOffset::Offset(offset) = at.offset() else { return None };
            Some((partition_of(&self.names, at.topic(), at.partition())?, Offset(offset)))
        };
        let has_unread = |at: Partition| {
            self.records.get(at.topic.0 as usize).is_none_or(|records| records.has_any_of(at))
        };
        positions.elements().iter().filter_map(known).filter(|(at, _)| !has_unread(*at)).collect()
    }

    /// Takes from the statistics which brokers are available. Returns whether any is reachable.
    pub fn apply_statistics(&mut self, statistics: &Statistics, now: Instant) -> bool {
        let brokers = || statistics.brokers.values().filter(|broker| broker.state == "UP");
        let reachable = brokers().any(|broker| !is_silent(broker));
        self.unreachable_since =
            if reachable { None } else { self.unreachable_since.or(Some(now)) };
        let idlest = brokers()
            .filter(|broker| broker.source != "logical" && broker.nodeid >= 0)
            .min_by_key(|broker| broker.waitresp_cnt);
        self.broker = idlest.map(|broker| broker.nodeid);
        reachable
    }

    /// Leaves the group. From here on partitions are released without the poll loop.
    pub fn close(&self) {
        self.client.context().close();
        // A client that failed refuses this too, but leaves the group: the other members need not
        // wait for the end of its session.
        self.client.unsubscribe();
    }

    /// Replaces the client, which nothing else may hold any more, by a new one that joins the
    /// group. Returns the queue for its commits.
    ///
    /// # Errors
    /// No new client could be created, or it refused the subscription.
    pub fn replace(
        &mut self,
        replace_commits: impl FnOnce(CommitQueue),
        now: Instant,
    ) -> KafkaResult<()> {
        let Connection { client, records, commits, ends, described } = (self.connect)()?;
        replace_commits(commits);
        self.records = records;
        self.queries = BrokerQueries::new(ends, described, now);
        // The last one that holds the old client: it is destroyed here, before the new one joins.
        self.client = client;
        self.broker = None;
        self.subscribe()?;
        self.fatal = None;
        Ok(())
    }

    /// Assigns `list`, and has the partitions' records arrive in their topics' queues. An eager
    /// assignment names also those of `kept` that are not among `read`.
    fn assign(
        &self,
        mut list: TopicPartitionList,
        read: &[(Partition, Offset)],
        kept: &[(Partition, Offset)],
    ) -> KafkaResult<()> {
        if !self.is_cooperative() {
            let others = kept.iter().filter(|(at, _)| read.iter().all(|(read, _)| read != at));
            self.add(&mut list, others)?;
        }
        let list = &list;
        // Forward before assigning, so that no record reaches librdkafka's own queue.
        self.forward(list)?;
        kafka::assign(&self.client, list)?;
        // Forward again afterwards: assigning a partition a second time stops it first, which
        // undoes the forwarding. `assignment()` returns after such stops; records fetched in
        // between are still in the partition's queue.
        self.client.assignment()?;
        self.forward(list)
    }

    fn forward(&self, list: &TopicPartitionList) -> KafkaResult<()> {
        for at in list.elements() {
            let topic = self.names.index(at.topic());
            if let Some(records) = topic.and_then(|topic| self.records.get(topic.0 as usize)) {
                records.forward(at.partition())?;
            }
        }
        Ok(())
    }

    /// Unassigns those in `list` that are assigned: the client refuses others.
    fn unassign(&self, list: &TopicPartitionList) -> KafkaResult<()> {
        let assigned = kafka::assigned_among(&self.client, list)?;
        if assigned.count() > 0 { kafka::unassign(&self.client, &assigned) } else { Ok(()) }
    }

    fn is_cooperative(&self) -> bool {
        matches!(self.client.rebalance_protocol(), RebalanceProtocol::Cooperative)
    }

    fn list(&self, partitions: &[(Partition, Offset)]) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        self.add(&mut list, partitions)?;
        Ok(list)
    }

    fn add<'a>(
        &self,
        list: &mut TopicPartitionList,
        partitions: impl IntoIterator<Item = &'a (Partition, Offset)>,
    ) -> KafkaResult<()> {
        for (at, offset) in partitions {
            let offset = KafkaOffset::Offset(offset.0);
            list.add_partition_offset(self.names.name(at.topic), at.number, offset)?;
        }
        Ok(())
    }
}

fn partition_of(names: &TopicNames, topic: &str, number: i32) -> Option<Partition> {
    Some(Partition { topic: names.index(topic)?, number })
}

/// Connected, and silent for long although it has to answer: a broker that hangs, or a network that
/// swallows everything.
fn is_silent(broker: &statistics::Broker) -> bool {
    let silent = u64::try_from(broker.rxidle).map(Duration::from_micros);
    broker.waitresp_cnt > 0 && silent.is_ok_and(|silent| silent >= SILENT_AFTER)
}
