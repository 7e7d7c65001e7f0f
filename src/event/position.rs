//! The place of a record in Kafka: topic, partition, offset, each its own type.

use std::fmt;

/// A configured topic, as an index into `kafka.topics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicIndex(pub u32);

/// Kafka's UUID of a topic: it differs between a topic and a recreated one of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId(pub u128);

/// One partition of a configured topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// The topic that it belongs to.
    pub topic: TopicIndex,
    /// Its number in Kafka, from 0.
    pub number: i32,
}

/// The offset of one record within its partition, from 0. Offsets can have gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Offset(pub i64);

/// The place of one record: its partition and its offset there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Topic and partition number.
    pub partition: Partition,
    /// The record's offset in that partition.
    pub offset: Offset,
}

impl Offset {
    /// Returns the offset to read after this one.
    #[must_use]
    pub fn next(self) -> Offset {
        Offset(self.0.saturating_add(1))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
