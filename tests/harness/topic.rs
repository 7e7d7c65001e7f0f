//! What the faults do to a topic and to a group's commits behind the program's back, and what a reader of the topic is shown.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::broker::{Broker, client, unique};
use super::poll::{DEADLINE, poll};

/// One commit of a group: the offset and what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The next offset to read.
    pub offset: i64,
    /// The metadata, as it is.
    pub metadata: String,
}

impl Broker {
    /// Deletes a topic, as a human does. It may be made again at once.
    pub fn delete_topic(&self, topic: &str) {
        let admin: AdminClient<DefaultClientContext> = client(&self.address).create().unwrap();
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let deleted = runtime.block_on(admin.delete_topics(&[topic], &options)).unwrap();
        deleted.into_iter().for_each(|result| drop(result.unwrap()));
    }

    /// What the group committed of one partition, metadata and all.
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

    /// What a reader of committed records finds in a topic's only partition: offset and payload of each.
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

    /// Commits or aborts what was sent in a transaction, once all of it has arrived.
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
