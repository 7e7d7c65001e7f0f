//! Commits on behalf of a group, and the brokers that hold it.

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::broker::{Broker, client};
use super::poll::{DEADLINE, poll};
use super::wire::Body;

/// `offsets.topic.num.partitions`, as `tests/kafka.sh` sets it.
const OFFSETS_PARTITIONS: i32 = 4;

impl Broker {
    /// Commits an offset for a group without members: with `None` as an operator who resets it, or
    /// as another program with its own metadata.
    pub fn commit(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        offset: i64,
        metadata: Option<&str>,
    ) {
        let consumer: BaseConsumer = client(&self.address).set("group.id", group).create().unwrap();
        let mut list = TopicPartitionList::new();
        let mut element = list.add_partition(topic, partition);
        element.set_offset(Offset::Offset(offset)).unwrap();
        if let Some(metadata) = metadata {
            element.set_metadata(metadata);
        }
        // A coordinator that was elected a moment ago is still loading, and takes no commit.
        poll("the commit", || {
            consumer.commit(&list, CommitMode::Sync).map_err(|error| error.to_string())
        });
    }

    /// Commits metadata of any bytes, UTF-8 or not. No Rust client can write these, so this sends
    /// the protocol's own request (`OffsetCommit`, version 2). The first broker must be the group's
    /// coordinator.
    pub fn commit_bytes(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        offset: i64,
        metadata: &[u8],
    ) {
        // No generation, no member, the broker's default retention.
        let request = Body::default().text(group).count(-1).text("").bytes(&(-1_i64).to_be_bytes());
        let request =
            request.count(1).text(topic).count(1).count(partition).bytes(&offset.to_be_bytes());
        let answer = request.text(metadata).ask(&self.address, 8, 2);
        let error = [answer[answer.len() - 2], answer[answer.len() - 1]];
        assert_eq!(i16::from_be_bytes(error), 0, "the commit was refused");
    }

    /// The broker that leads a partition.
    #[track_caller]
    pub fn leader(&self, topic: &str, partition: i32) -> i32 {
        self.in_sync(topic).into_iter().find(|(number, ..)| *number == partition).unwrap().1
    }

    /// The group's coordinator: the leader of the partition of `__consumer_offsets` that Java's
    /// hash of the group's name selects.
    #[track_caller]
    pub fn coordinator(&self, group: &str) -> i32 {
        let hash =
            group.chars().fold(0_i32, |hash, one| hash.wrapping_mul(31).wrapping_add(one as i32));
        self.leader("__consumer_offsets", (hash & i32::MAX) % OFFSETS_PARTITIONS)
    }

    /// Waits until every replica of the topic is in sync, so that the next broker may be killed.
    #[track_caller]
    pub fn await_in_sync(&self, topic: &str, replicas: usize) {
        poll(&format!("`{topic}` is in sync"), || {
            let now = self.in_sync(topic);
            let whole = now.iter().all(|(_, leader, in_sync)| *leader > 0 && *in_sync == replicas);
            if whole {
                Ok(())
            } else {
                Err(format!("partition, leader and replicas in sync: {now:?}"))
            }
        });
    }

    /// The number, the leader and the count of in-sync replicas of each partition.
    fn in_sync(&self, topic: &str) -> Vec<(i32, i32, usize)> {
        let consumer: BaseConsumer = client(&self.address).create().unwrap();
        let metadata = poll("metadata", || {
            consumer.fetch_metadata(Some(topic), DEADLINE).map_err(|error| error.to_string())
        });
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        partitions.map(|one| (one.id(), one.leader(), one.isr().len())).collect()
    }
}
