//! Changes to a topic and to a group's commits from outside the program, and a reader of the topic.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::broker::{Broker, client, unique};
use super::poll::{DEADLINE, poll};

/// One commit of a group: the offset and its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The next offset to read.
    pub offset: i64,
    /// The metadata.
    pub metadata: String,
}

impl Broker {
    /// Deletes a topic as an operator does. It may be recreated immediately.
    pub fn delete_topic(&self, topic: &str) {
        let admin: AdminClient<DefaultClientContext> = client(&self.address).create().unwrap();
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let deleted = runtime.block_on(admin.delete_topics(&[topic], &options)).unwrap();
        deleted.into_iter().for_each(|result| drop(result.unwrap()));
    }

    /// The group's commit of one partition with its metadata.
    pub fn commit_of(&self, group: &str, topic: &str, partition: i32) -> Option<Commit> {
        let consumer: BaseConsumer = client(&self.address).set("group.id", group).create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, partition);
        let committed = poll("the committed offset", || {
            consumer.committed_offsets(list.clone(), DEADLINE).map_err(|error| error.to_string())
        });
        let found = committed.find_partition(topic, partition)?;
        let Offset::Offset(offset) = found.offset() else { return None };
        Some(Commit { offset, metadata: found.metadata().to_owned() })
    }

    /// The committed records in a topic's only partition: offset and payload of each.
    pub fn readable(&self, topic: &str) -> Vec<(i64, String)> {
        let mut config = client(&self.address);
        config.set("group.id", unique("reader")).set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
        consumer.assign(&list).unwrap();
        let mut found = Vec::new();
        loop {
            match consumer.poll(DEADLINE).expect("the end of the partition") {
                Ok(record) => {
                    let payload =
                        String::from_utf8_lossy(record.payload().unwrap_or_default()).into_owned();
                    found.push((record.offset(), payload));
                }
                Err(KafkaError::PartitionEOF(_)) => return found,
                Err(error) => panic!("reading `{topic}`: {error}"),
            }
        }
    }

    /// Commits or aborts a transaction after all its records have arrived.
    pub fn end_transaction(producer: &rdkafka::producer::BaseProducer, commits: bool) {
        use rdkafka::producer::Producer as _;
        const PATIENCE: Duration = Duration::from_secs(30);
        producer.flush(PATIENCE).unwrap();
        if commits {
            producer.commit_transaction(PATIENCE)
        } else {
            producer.abort_transaction(PATIENCE)
        }
        .unwrap();
    }
}
