use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};

use super::*;
use crate::event::{Offset, Partition, TopicIndex};
use crate::route::fixture;

const LIMIT: Duration = Duration::from_secs(20);

fn at(number: i32, offset: i64) -> Position {
    Position { partition: Partition { topic: TopicIndex(0), number }, offset: Offset(offset) }
}

fn kafka(brokers: &str) -> Kafka {
    let mut kafka = Arc::into_inner(fixture::config(Vec::new())).unwrap().kafka;
    brokers.clone_into(&mut kafka.brokers);
    kafka
}

/// A cluster with the topic `events` of two partitions, of which the second has two records.
fn cluster() -> (MockCluster<'static, DefaultProducerContext>, Kafka) {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("events", 2, 1).unwrap();
    let brokers = cluster.bootstrap_servers();
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &brokers).create().unwrap();
    let header = Header { key: "env", value: Some("production") };
    let first = BaseRecord::to("events").partition(1).key("k").payload("{}").timestamp(5);
    let first = first.headers(OwnedHeaders::new().insert(header));
    producer.send::<str, str>(first).ok().unwrap();
    producer.send::<str, str>(BaseRecord::to("events").partition(1).key("k")).ok().unwrap();
    producer.flush(LIMIT).unwrap();
    let kafka = kafka(&brokers);
    (cluster, kafka)
}

#[test]
fn a_record_has_its_value_key_timestamp_and_headers() {
    let (_cluster, kafka) = cluster();
    let read = super::read(&kafka, "events", at(1, 0), LIMIT).unwrap();
    let record = read.record("events", at(1, 0));
    let (key, value) = (Some(&b"k"[..]), Some(&b"{}"[..]));
    assert_eq!((record.key, record.payload, record.timestamp), (key, value, Some(5)));
    let mut headers = Vec::new();
    record.headers.for_each(&mut |name, value| headers.push((name, value)));
    assert_eq!(headers, [("env", Some(&b"production"[..]))]);
    let tombstone = super::read(&kafka, "events", at(1, 1), LIMIT).unwrap();
    assert_eq!(tombstone.value, None);
}

#[test]
fn an_offset_that_is_not_there_is_answered_with_those_that_are() {
    let (_cluster, kafka) = cluster();
    let refused = |at| super::read(&kafka, "events", at, LIMIT).unwrap_err().to_string();
    assert_eq!(refused(at(1, 2)), "the partition has the offsets 0 to 1");
    assert_eq!(refused(at(1, i64::MAX)), "the partition has the offsets 0 to 1");
    assert_eq!(refused(at(0, 0)), "the partition has no records: the next offset is 0");
    assert_eq!(refused(at(2, 0)), "the topic has no such partition: it has 2, numbered from 0");
}

#[test]
fn an_unreachable_broker_ends_the_wait_with_its_error() {
    let limit = Duration::from_secs(3);
    let refused = super::read(&kafka("127.0.0.1:1"), "events", at(0, 0), limit).unwrap_err();
    let text = refused.to_string();
    assert!(text.starts_with("no answer from `127.0.0.1:1` within 3 s: "), "{text}");
    assert!(text.contains("Connection refused"), "{text}");
}

#[test]
fn an_offset_without_a_record_names_the_next_one() {
    let text = NoRecord::NoSuchOffset(Some(9)).to_string();
    assert!(text.ends_with("; the next record has the offset 9"), "{text}");
    let text = NoRecord::NoSuchOffset(None).to_string();
    assert!(text.ends_with("; no record follows"), "{text}");
}
