//! What the cluster says about each configured topic: how many partitions it has, its id, and
//! whether it exists. Pure.
//!
//! Invariants: while partitions of a deleted topic are owned, the topic keeps its old id: an offset
//! of the old topic must not be committed under the id of the new one. Only within one cluster does
//! another id mean that a topic was recreated.

use rdkafka::error::RDKafkaErrorCode;

use crate::event::{ClusterId, LogId, Origin, TopicId, TopicIndex};
use crate::kafka::native::Described;
use crate::topics::TopicNames;

/// The configured topics, by [`TopicIndex`].
#[derive(Debug)]
pub struct TopicTable {
    /// Their names.
    pub names: TopicNames,
    topics: Vec<Topic>,
    /// The brokers' cluster, as the last lookup said.
    cluster: Option<ClusterId>,
}

#[derive(Debug, Clone, Default)]
struct Topic {
    /// `None` until the cluster has answered.
    partitions: Option<u32>,
    /// Of the topic that is being read; without ids until the cluster has answered.
    log: LogId,
    /// Of the topic that has the name now, while partitions of a deleted one are owned.
    next_id: Option<TopicId>,
    /// It was recreated since this process first saw it: the broker forgets a topic's committed
    /// offsets with the topic.
    recreated: bool,
    missing: bool,
}

/// What a description of the topics has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TopicChanges {
    /// Whether a partition count has changed: the rate shares depend on it.
    pub partition_count_changed: bool,
    /// Topics that were recreated while partitions of the deleted ones are owned.
    pub recreated: Vec<TopicIndex>,
    /// Topics with the expected id.
    pub confirmed: Vec<TopicIndex>,
    /// Whether this worker's user may read a topic, where the broker says so.
    pub readable: Vec<(TopicIndex, bool)>,
    /// Topics that exist now and did not before.
    pub found: Vec<TopicIndex>,
    /// Topics that do not exist and did, or were not known.
    pub missing: Vec<TopicIndex>,
}

impl TopicTable {
    /// Nothing is known about the topics yet.
    #[must_use]
    pub fn new(names: TopicNames) -> Self {
        let topics = names.indices().map(|_| Topic::default()).collect();
        Self { names, topics, cluster: None }
    }

    /// Returns a topic's name.
    #[must_use]
    pub fn name(&self, index: TopicIndex) -> &str {
        self.names.name(index)
    }

    /// Returns how many partitions a topic has; `None` while unknown, or where it does not exist.
    #[must_use]
    pub fn partitions(&self, index: TopicIndex) -> Option<u32> {
        self.topics.get(index.0 as usize)?.partitions
    }

    /// Returns the partition counts of all topics, in their order.
    pub fn counts(&self) -> Vec<Option<u32>> {
        self.topics.iter().map(|topic| topic.partitions).collect()
    }

    /// Records how many partitions a topic has. Returns whether that changed.
    pub fn set_partitions(&mut self, index: TopicIndex, count: u32) -> bool {
        match self.topics.get_mut(index.0 as usize) {
            Some(topic) if topic.partitions != Some(count) => {
                topic.partitions = Some(count);
                true
            }
            _ => false,
        }
    }

    /// Returns the ids of the topic that is being read: commits of its partitions carry them.
    #[must_use]
    pub fn log(&self, index: TopicIndex) -> LogId {
        self.topics.get(index.0 as usize).map(|topic| topic.log).unwrap_or_default()
    }

    /// Records which cluster the brokers belong to; descriptions of its topics follow. It can
    /// change under a running worker, when the brokers' names come to mean other ones.
    pub fn set_cluster(&mut self, cluster: Option<ClusterId>) {
        self.cluster = cluster.or(self.cluster);
    }

    /// Returns whether a topic was recreated since this process first saw it.
    #[must_use]
    pub fn is_recreated(&self, index: TopicIndex) -> bool {
        self.topics.get(index.0 as usize).is_some_and(|topic| topic.recreated)
    }

    /// Returns the topics that do not exist; they are waited for.
    pub fn missing(&self) -> Vec<TopicIndex> {
        let missing = |index: &TopicIndex| {
            self.topics.get(index.0 as usize).is_some_and(|topic| topic.missing)
        };
        self.names.indices().filter(missing).collect()
    }

    /// Applies what the broker says about the topics, in their order. `owned`: whether a partition
    /// of the topic is owned, so that a new id has to wait for [`TopicTable::adopt_new_ids`].
    pub fn apply(
        &mut self,
        described: &[Described],
        owned: impl Fn(TopicIndex) -> bool,
    ) -> TopicChanges {
        let mut changes = TopicChanges::default();
        for (index, described) in self.names.indices().zip(described) {
            let exists = match described {
                Described::Exists { partitions, id, readable } => {
                    changes.partition_count_changed |= self.set_partitions(index, *partitions);
                    self.identify(index, *id, &owned, &mut changes);
                    changes.readable.push((index, *readable));
                    true
                }
                Described::Missing => {
                    changes.readable.push((index, true));
                    false
                }
                Described::Unknown(code) => {
                    if *code == RDKafkaErrorCode::TopicAuthorizationFailed {
                        changes.readable.push((index, false));
                    }
                    continue;
                }
            };
            let Some(topic) = self.topics.get_mut(index.0 as usize) else { continue };
            if std::mem::replace(&mut topic.missing, !exists) == exists {
                if exists { &mut changes.found } else { &mut changes.missing }.push(index);
            }
        }
        changes
    }

    fn identify(
        &mut self,
        index: TopicIndex,
        id: Option<TopicId>,
        owned: &impl Fn(TopicIndex) -> bool,
        changes: &mut TopicChanges,
    ) {
        let Some((topic, id)) = self.topics.get_mut(index.0 as usize).zip(id) else { return };
        if topic.log.topic.is_some_and(|before| before != id) && owned(index) {
            topic.next_id = Some(id);
            changes.recreated.push(index);
        } else {
            topic.next_id = None;
            topic.set_log(LogId { cluster: self.cluster, topic: Some(id) });
            changes.confirmed.push(index);
        }
    }

    /// Takes the new ids of recreated topics, once nothing of the deleted ones is owned any more.
    pub fn adopt_new_ids(&mut self) {
        for topic in &mut self.topics {
            if let Some(id) = topic.next_id.take() {
                topic.set_log(LogId { cluster: self.cluster, topic: Some(id) });
            }
        }
    }
}

impl Topic {
    fn set_log(&mut self, log: LogId) {
        self.recreated = match self.log.seen_from(log) {
            Origin::ThisLog => self.recreated,
            Origin::DeletedTopic => true,
            Origin::AnotherCluster => false,
        };
        self.log = log;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TopicIndex = TopicIndex(0);

    fn table() -> TopicTable {
        TopicTable::new(TopicNames::new(["a".to_owned()]))
    }

    fn existing(partitions: u32, id: u128) -> Described {
        Described::Exists { partitions, readable: true, id: Some(TopicId(id)) }
    }

    #[test]
    fn a_new_id_waits_until_nothing_of_the_deleted_topic_is_owned() {
        let mut table = table();
        table.apply(&[existing(3, 1)], |_| false);
        assert_eq!((table.log(A).topic, table.partitions(A)), (Some(TopicId(1)), Some(3)));
        let changes = table.apply(&[existing(3, 2)], |_| true);
        assert_eq!((changes.recreated, table.log(A).topic), (vec![A], Some(TopicId(1))));
        assert!(!table.is_recreated(A), "not yet");
        table.adopt_new_ids();
        assert!(table.is_recreated(A));
        assert_eq!(table.log(A).topic, Some(TopicId(2)));
    }

    #[test]
    fn a_broker_that_still_described_the_old_topic_is_corrected_by_the_next_answer() {
        let mut table = table();
        table.apply(&[existing(3, 1)], |_| true);
        table.apply(&[existing(3, 2)], |_| true);
        assert_eq!(table.apply(&[existing(3, 1)], |_| true).confirmed, [A]);
        table.adopt_new_ids();
        assert_eq!((table.log(A).topic, table.is_recreated(A)), (Some(TopicId(1)), false));
    }

    /// The brokers' names come to mean those of another cluster: a description of its topic may
    /// come before the cluster's id.
    #[test]
    fn a_topic_of_another_cluster_is_not_recreated() {
        for owned in [false, true] {
            let mut table = table();
            table.set_cluster(Some(ClusterId(1)));
            table.apply(&[existing(3, 1)], |_| false);
            table.apply(&[existing(3, 2)], |_| owned);
            assert_eq!(table.is_recreated(A), !owned, "the cluster is the same, as far as known");
            table.set_cluster(Some(ClusterId(2)));
            table.apply(&[existing(3, 2)], |_| owned);
            table.adopt_new_ids();
            assert!(!table.is_recreated(A));
            let log = LogId { cluster: Some(ClusterId(2)), topic: Some(TopicId(2)) };
            assert_eq!(table.log(A), log);
            table.apply(&[existing(3, 3)], |_| false);
            assert!(table.is_recreated(A), "within the other cluster");
        }
    }

    #[test]
    fn a_missing_topic_is_reported_when_it_disappears_and_when_it_exists_again() {
        let mut table = table();
        assert_eq!(table.apply(&[Described::Missing], |_| false).missing, [A]);
        assert_eq!(table.apply(&[Described::Missing], |_| false).missing, []);
        let unclear = Described::Unknown(RDKafkaErrorCode::LeaderNotAvailable);
        assert_eq!(table.apply(&[unclear], |_| false), TopicChanges::default());
        assert_eq!(table.missing(), [A]);
        let changes = table.apply(&[existing(1, 1)], |_| false);
        assert!(
            changes.partition_count_changed && changes.found == [A] && table.missing().is_empty()
        );
    }
}
