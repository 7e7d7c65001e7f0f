//! `preview --at`: the record at one position in Kafka, as its user writes it.

use std::str::FromStr;
use std::time::Duration;

use crate::config::model::Kafka;
use crate::event::{Offset, Partition, Position, TopicIndex};
use crate::kafka::single_record::{self, NoRecord, SingleRecord};

/// How long the brokers may take.
const LIMIT: Duration = Duration::from_secs(10);

/// `TOPIC/PARTITION@OFFSET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    pub topic: String,
    partition: i32,
    offset: i64,
}

impl FromStr for At {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = || {
            let (partition, offset) = text.rsplit_once('@')?;
            let (topic, partition) = partition.rsplit_once('/')?;
            let (partition, offset) = (partition.parse().ok()?, offset.parse().ok()?);
            let valid = !topic.is_empty() && partition >= 0 && offset >= 0;
            valid.then(|| At { topic: topic.to_owned(), partition, offset })
        };
        parsed().ok_or("write topic, partition and offset as in `events/0@17`")
    }
}

impl At {
    /// Returns the position in a topic of the configuration.
    pub fn position(&self, topic: TopicIndex) -> Position {
        let partition = Partition { topic, number: self.partition };
        Position { partition, offset: Offset(self.offset) }
    }

    /// Reads the record. The group is not joined, and nothing is committed.
    pub fn read(&self, kafka: &Kafka, position: Position) -> Result<SingleRecord, NoRecord> {
        single_record::read(kafka, &self.topic, position, LIMIT)
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}@{}", self.topic, self.partition, self.offset)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_topic_partition_and_offset() {
        let at: At = "my.events-1/12@345".parse().unwrap();
        let expected = At { topic: "my.events-1".to_owned(), partition: 12, offset: 345 };
        assert_eq!((at.to_string().as_str(), &at), ("my.events-1/12@345", &expected));
        for wrong in [
            "",
            "events",
            "events/0",
            "events@1",
            "/0@1",
            "events/@1",
            "events/0@",
            "e/-1@0",
            "e/0@-1",
            "e/x@0",
            "e/0@99999999999999999999",
        ] {
            assert!(wrong.parse::<At>().is_err(), "{wrong}");
        }
    }
}
