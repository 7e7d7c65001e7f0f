//! Which log a committed offset belongs to: the cluster and the topic. Pure.
//!
//! Tools such as MirrorMaker copy a group's committed offsets, with their metadata, to another
//! cluster, where the topic of the same name has another id. So only within one cluster does
//! another topic id mean that the topic was deleted and created again.

use xxhash_rust::xxh3::xxh3_64;

use super::position::TopicId;

/// A Kafka cluster's id, as 32 bits of its XXH3: clusters have ids of any length, and a commit's
/// metadata has little room. Equal ids are equal here in every process and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterId(pub u32);

/// The ids of a log. An id is `None` where the broker has none (topics before Kafka 2.8), or an
/// earlier version of slackline committed without it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogId {
    /// The cluster's.
    pub cluster: Option<ClusterId>,
    /// The topic's.
    pub topic: Option<TopicId>,
}

/// Where a committed offset comes from, seen from the log that has its topic's name now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This log, as far as ids are known.
    ThisLog,
    /// A topic of this cluster that was deleted; another one has its name now.
    DeletedTopic,
    /// Another cluster: a tool copied the offset.
    AnotherCluster,
}

impl ClusterId {
    /// The id of the cluster that its brokers call `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let [a, b, c, d, ..] = xxh3_64(name.as_bytes()).to_le_bytes();
        Self(u32::from_le_bytes([a, b, c, d]))
    }
}

impl LogId {
    /// Returns where an offset that was committed for `self` comes from, seen from the `current`
    /// log.
    #[must_use]
    pub fn seen_from(self, current: Self) -> Origin {
        let differ = |(one, other): (TopicId, TopicId)| one != other;
        if self.cluster.is_some() && self.cluster != current.cluster {
            Origin::AnotherCluster
        } else if self.topic.zip(current.topic).is_some_and(differ) {
            Origin::DeletedTopic
        } else {
            Origin::ThisLog
        }
    }
}
