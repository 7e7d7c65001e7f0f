//! Tests with librdkafka's mock cluster, which depend on no timing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::{ClientConfig, Offset as KafkaOffset, TopicPartitionList};

use super::*;
use crate::kafka::client::Client;
use crate::poll_waker::{self, WakeReceiver};

const TOPIC: &str = "t";
const WAIT: Duration = Duration::from_secs(20);

struct Fixture {
    records: Records,
    wakes: WakeReceiver,
    client: Arc<Client>,
    producer: BaseProducer,
    _cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Fixture {
    fn new(partitions: i32) -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, partitions, 1).unwrap();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", cluster.bootstrap_servers());
        let producer: BaseProducer = config.create().unwrap();
        config.set("group.id", "test").set("auto.offset.reset", "error");
        let client = Arc::new(crate::kafka::client_with(&config));
        let (waker, wakes) = poll_waker::pair().unwrap();
        let queue = ReplyQueue::new(Arc::clone(&client), waker).unwrap();
        let records = Records::new(queue, TopicIndex(0), TOPIC);
        Self { records, wakes, client, producer, _cluster: cluster }
    }

    fn produce(&self, partition: i32, count: usize) {
        for _ in 0..count {
            let record = BaseRecord::<(), [u8]>::to(TOPIC).partition(partition).payload(b"{}");
            self.producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        self.producer.flush(WAIT).unwrap();
    }

    /// As the poll loop does it.
    fn assign(&self, from: &[(i32, i64)]) {
        let mut list = TopicPartitionList::new();
        for (number, offset) in from {
            list.add_partition_offset(TOPIC, *number, KafkaOffset::Offset(*offset)).unwrap();
        }
        let forward = || from.iter().for_each(|(number, _)| self.records.forward(*number).unwrap());
        forward();
        self.client.assign(&list).unwrap();
        self.client.assignment().unwrap();
        forward();
    }

    fn next(&mut self) -> (i32, i64) {
        let began = Instant::now();
        loop {
            assert!(
                self.client.poll(Duration::ZERO).is_none_or(|polled| polled.is_err()),
                "a record came to the consumer's own queue"
            );
            if self.records.fill() {
                break;
            }
            assert!(began.elapsed() < WAIT, "no record comes");
            self.wakes.wait(WAIT);
        }
        match self.records.take().unwrap() {
            Taken::Message(message) => {
                let Position { partition, offset } = message.position;
                (partition.number, offset.0)
            }
            Taken::Error(error) => panic!("{error:?}"),
        }
    }

    fn await_held(&mut self) {
        let began = Instant::now();
        while !self.records.fill() {
            assert!(began.elapsed() < WAIT);
            self.wakes.wait(WAIT);
        }
    }
}

#[test]
fn records_come_in_order_each_once_and_the_waker_is_woken() {
    let mut fixture = Fixture::new(1);
    fixture.produce(0, 1_000);
    fixture.assign(&[(0, 0)]);
    for offset in 0..1_000 {
        assert_eq!(fixture.next(), (0, offset));
    }
    fixture.produce(0, 1);
    assert_eq!(fixture.next(), (0, 1_000));
}

#[test]
fn records_of_a_partition_that_leaves_are_dropped_and_the_others_keep_their_order() {
    let mut fixture = Fixture::new(2);
    fixture.produce(0, 10);
    fixture.produce(1, 10);
    fixture.assign(&[(0, 0), (1, 0)]);
    let mut left = Vec::new();
    let mut went = 0;
    while left.len() < 10 {
        fixture.await_held();
        fixture.records.forget(|partition| partition.number == 0);
        went += 1;
        assert!(went < 100, "the other partition never comes");
        while let Some(taken) = fixture.records.take() {
            left.push(match taken {
                Taken::Message(message) => {
                    (message.position.partition.number, message.position.offset.0)
                }
                Taken::Error(error) => panic!("{error:?}"),
            });
        }
    }
    let expected: Vec<(i32, i64)> = (0..10).map(|offset| (1, offset)).collect();
    assert_eq!(left, expected);
}

/// Records of an earlier assignment in librdkafka's queue have an earlier version; those in the
/// batch are dropped by `forget`.
#[test]
fn a_partition_that_is_assigned_again_starts_at_its_offset() {
    let mut fixture = Fixture::new(1);
    fixture.produce(0, 2_000);
    fixture.assign(&[(0, 0)]);
    assert_eq!(fixture.next(), (0, 0));
    for start in [1_500, 3, 1_998, 700] {
        fixture.records.forget(|_| true);
        fixture.assign(&[(0, start)]);
        assert_eq!(fixture.next(), (0, start), "the offset of the assignment is {start}");
        assert_eq!(fixture.next(), (0, start + 1));
    }
    fixture.records.forget(|_| true);
    fixture.client.unassign().unwrap();
    fixture.client.assignment().unwrap();
    assert!(!fixture.records.fill(), "a record of a revoked partition came");
}

#[test]
fn a_record_is_whole_and_a_header_whose_name_is_not_utf8_is_skipped() {
    let mut fixture = Fixture::new(1);
    let headers = OwnedHeaders::new()
        .insert(Header { key: "one", value: Some("1") })
        .insert(Header { key: "none", value: None::<&str> })
        .insert(Header { key: "two", value: Some("2") });
    let record =
        BaseRecord::to(TOPIC).partition(0).key(b"k").payload(b"{}").timestamp(42).headers(headers);
    fixture.producer.send::<[u8; 1], [u8; 2]>(record).map_err(|(error, _)| error).unwrap();
    fixture
        .producer
        .send(BaseRecord::<(), ()>::to(TOPIC).partition(0))
        .map_err(|(error, _)| error)
        .unwrap();
    fixture.producer.flush(WAIT).unwrap();
    produce_with_header(&fixture.producer, b"\xff\0", b"3");
    fixture.assign(&[(0, 0)]);
    let mut seen = Vec::new();
    while seen.len() < 3 {
        fixture.await_held();
        let Some(Taken::Message(message)) = fixture.records.take() else { continue };
        let record = message.record();
        let mut headers = Vec::new();
        record.headers.for_each(&mut |name, value| {
            headers.push((name.to_owned(), value.map(<[u8]>::to_vec)))
        });
        let bytes = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        seen.push((bytes(record.key), bytes(record.payload), headers));
        assert_eq!(record.topic, TOPIC);
        if seen.len() == 1 {
            assert_eq!(record.timestamp, Some(42));
        }
    }
    let header = |name: &str, value: Option<&[u8]>| (name.to_owned(), value.map(<[u8]>::to_vec));
    let all = vec![header("one", Some(b"1")), header("none", None), header("two", Some(b"2"))];
    assert_eq!(seen[0], (Some(b"k".to_vec()), Some(b"{}".to_vec()), all));
    assert_eq!(seen[1], (None, None, Vec::new()));
    assert_eq!(seen[2].2, Vec::new());
}

/// Produces a header whose name is not UTF-8, which the crate cannot. `name` ends with a zero.
fn produce_with_header(producer: &BaseProducer, name: &[u8], value: &[u8]) {
    use rd::rd_kafka_vtype_t as kind;
    let topic = CString::new(TOPIC).unwrap();
    let bytes = rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
        ptr: value.as_ptr().cast_mut().cast(),
        size: value.len(),
    };
    let header = rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_2 {
        name: name.as_ptr().cast(),
        val: value.as_ptr().cast(),
        size: value.len().cast_signed(),
    };
    let what = [
        (kind::RD_KAFKA_VTYPE_TOPIC, rd::rd_kafka_vu_s__bindgen_ty_1 { cstr: topic.as_ptr() }),
        (kind::RD_KAFKA_VTYPE_PARTITION, rd::rd_kafka_vu_s__bindgen_ty_1 { i32_: 0 }),
        (
            kind::RD_KAFKA_VTYPE_MSGFLAGS,
            rd::rd_kafka_vu_s__bindgen_ty_1 { i: rd::RD_KAFKA_MSG_F_COPY },
        ),
        (kind::RD_KAFKA_VTYPE_VALUE, rd::rd_kafka_vu_s__bindgen_ty_1 { mem: bytes }),
        (kind::RD_KAFKA_VTYPE_HEADER, rd::rd_kafka_vu_s__bindgen_ty_1 { header }),
    ];
    let what = what.map(|(vtype, u)| rd::rd_kafka_vu_s { vtype, u });
    // SAFETY: the producer and everything that is pointed to are alive; librdkafka copies it.
    let error = unsafe {
        rd::rd_kafka_produceva(producer.client().native_ptr(), what.as_ptr(), what.len())
    };
    assert!(error.is_null());
    producer.flush(WAIT).unwrap();
}
