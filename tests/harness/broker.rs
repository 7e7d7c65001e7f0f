//! The tests' own Kafka client: creates topics, produces, and reads a group's committed offsets.
//!
//! It is not under test: an error here fails the test immediately.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{
    BaseProducer, DefaultProducerContext, FutureProducer, FutureRecord, Producer,
};
use rdkafka::{Offset, TopicPartitionList};
use tokio::runtime::Runtime;

use super::poll::{DEADLINE, poll};

/// The environment variable in which `tests/kafka.sh` passes the brokers' addresses.
pub const BROKERS: &str = "SLACKLINE_TEST_BROKERS";

/// Runs the few calls of the client that are futures.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A cluster, real or mock.
pub struct Broker {
    /// Its bootstrap servers.
    pub address: String,
    producer: FutureProducer,
    /// Keeps the mock cluster alive.
    mock: Option<MockCluster<'static, DefaultProducerContext>>,
}

/// One record to produce.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The partition of the topic.
    pub partition: i32,
    /// `None`: a tombstone.
    pub payload: Option<Vec<u8>>,
    /// The key.
    pub key: Option<String>,
    /// Name and value of each header.
    pub headers: Vec<(String, String)>,
    /// Its time in milliseconds since 1970; `None` for the current one.
    pub timestamp: Option<i64>,
}

impl Record {
    /// A record with a payload only.
    pub fn new(partition: i32, payload: impl Into<Vec<u8>>) -> Self {
        Self { partition, payload: Some(payload.into()), ..Self::default() }
    }
}

impl Broker {
    /// The real broker, whose address is in the environment.
    #[track_caller]
    pub fn real() -> Self {
        match std::env::var(BROKERS) {
            Ok(address) if !address.is_empty() => Self::at(address, None),
            _ => panic!(
                "needs a broker, and {BROKERS} is not set: tests/kafka.sh run cargo test -- --ignored"
            ),
        }
    }

    /// librdkafka's mock cluster inside this process: enough for plumbing, not for guarantees.
    pub fn mock() -> Self {
        Self::mock_of(1)
    }

    /// A mock cluster of this many brokers, which are numbered from 1.
    pub fn mock_of(brokers: i32) -> Self {
        let mock = MockCluster::new(brokers).unwrap();
        Self::at(mock.bootstrap_servers(), Some(mock))
    }

    /// A real cluster at these bootstrap servers.
    pub fn connect(address: &str) -> Self {
        Self::at(address.to_owned(), None)
    }

    fn at(address: String, mock: Option<MockCluster<'static, DefaultProducerContext>>) -> Self {
        let producer = client(&address)
            .set("linger.ms", "1")
            .set("message.max.bytes", "20000000")
            .set("queue.buffering.max.messages", "2000000")
            // A broker that comes back may have stored what it did not acknowledge: sent again, it
            // would be in the topic twice.
            .set("enable.idempotence", if mock.is_none() { "true" } else { "false" })
            .create()
            .unwrap();
        Self { address, producer, mock }
    }

    /// The mock cluster, to inject errors. Fails the test for a real one.
    #[track_caller]
    pub fn mock_cluster(&self) -> &MockCluster<'static, DefaultProducerContext> {
        self.mock.as_ref().expect("a mock cluster")
    }

    /// Creates a topic whose name no other test uses.
    pub fn topic(&self, partitions: i32) -> String {
        let topic = unique("events");
        self.create(&topic, partitions, &[]);
        topic
    }

    /// Creates a topic with this name and these settings.
    pub fn create(&self, topic: &str, partitions: i32, settings: &[(&str, &str)]) {
        if let Some(mock) = &self.mock {
            mock.create_topic(topic, partitions, 1).unwrap();
            return;
        }
        let admin: AdminClient<DefaultClientContext> = client(&self.address).create().unwrap();
        let replication = TopicReplication::Fixed(-1);
        let new = settings
            .iter()
            .fold(NewTopic::new(topic, partitions, replication), |new, (key, value)| {
                new.set(key, value)
            });
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let results = RUNTIME.block_on(admin.create_topics([&new], &options)).unwrap();
        results.into_iter().for_each(|result| drop(result.unwrap()));
        // A created topic is not known to every broker yet: a worker started now might not see it.
        poll("the new topic in the metadata", || {
            let consumer: BaseConsumer = client(&self.address).create().unwrap();
            let metadata = consumer
                .fetch_metadata(Some(topic), DEADLINE)
                .map_err(|error| error.to_string())?;
            let led = metadata
                .topics()
                .iter()
                .flat_map(|topic| topic.partitions())
                .filter(|one| one.leader() >= 0)
                .count();
            if led == partitions as usize {
                Ok(())
            } else {
                Err(format!("{led} of {partitions} partitions have a leader"))
            }
        });
    }

    /// Produces the records in order, waits until all are acknowledged, and returns their offsets.
    pub fn produce(&self, topic: &str, records: &[Record]) -> Vec<i64> {
        let sent: Vec<_> = records
            .iter()
            .map(|record| {
                let mut headers = OwnedHeaders::new();
                for (key, value) in &record.headers {
                    headers = headers.insert(Header { key, value: Some(value) });
                }
                let mut out: FutureRecord<'_, String, [u8]> =
                    FutureRecord::to(topic).partition(record.partition).headers(headers);
                out.payload = record.payload.as_deref();
                out.key = record.key.as_ref();
                out.timestamp = record.timestamp;
                self.producer.send_result(out).map_err(|(error, _)| error).unwrap()
            })
            .collect();
        RUNTIME.block_on(async {
            let mut offsets = Vec::with_capacity(sent.len());
            for delivery in sent {
                offsets.push(delivery.await.unwrap().map_err(|(error, _)| error).unwrap().offset);
            }
            offsets
        })
    }

    /// Produces `count` records, spread over the partitions, and waits until all are acknowledged.
    /// For large counts.
    pub fn flood(&self, topic: &str, partitions: i32, count: u64, payload: impl Fn(u64) -> String) {
        let producer: BaseProducer = client(&self.address)
            .set("linger.ms", "20")
            .set("queue.buffering.max.messages", "200000")
            .set("compression.type", "lz4")
            .create()
            .unwrap();
        for n in 0..count {
            let payload = payload(n);
            let partition = (n % partitions as u64) as i32;
            let mut record = rdkafka::producer::BaseRecord::<(), str>::to(topic)
                .partition(partition)
                .payload(&payload);
            while let Err((_, back)) = producer.send(record) {
                // The producer's queue is full: the next poll makes room.
                producer.poll(Duration::from_millis(100));
                record = back;
            }
        }
        producer.flush(DEADLINE * 4).unwrap();
    }

    /// Deletes a partition's records below `offset`, as its retention does.
    pub fn delete_below(&self, topic: &str, partition: i32, offset: i64) {
        let admin: AdminClient<DefaultClientContext> = client(&self.address).create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(offset)).unwrap();
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let deleted = RUNTIME.block_on(admin.delete_records(&list, &options)).unwrap();
        deleted.elements().iter().for_each(|one| one.error().unwrap());
    }

    /// Deletes a topic with its records.
    pub fn delete(&self, topic: &str) {
        let admin: AdminClient<DefaultClientContext> = client(&self.address).create().unwrap();
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let results = RUNTIME.block_on(admin.delete_topics(&[topic], &options)).unwrap();
        results.into_iter().for_each(|result| drop(result.unwrap()));
    }

    /// Adds partitions to a topic, up to `partitions`.
    pub fn grow(&self, topic: &str, partitions: usize) {
        let admin: AdminClient<DefaultClientContext> = client(&self.address).create().unwrap();
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let more = NewPartitions::new(topic, partitions);
        let results = RUNTIME.block_on(admin.create_partitions([&more], &options)).unwrap();
        results.into_iter().for_each(|result| drop(result.unwrap()));
        poll("the new partitions in the metadata", || {
            let consumer: BaseConsumer = client(&self.address).create().unwrap();
            let metadata = consumer
                .fetch_metadata(Some(topic), DEADLINE)
                .map_err(|error| error.to_string())?;
            let led = metadata
                .topics()
                .iter()
                .flat_map(|topic| topic.partitions())
                .filter(|one| one.leader() >= 0)
                .count();
            if led == partitions {
                Ok(())
            } else {
                Err(format!("{led} of {partitions} partitions have a leader"))
            }
        });
    }

    /// A transactional producer on this cluster.
    pub fn transactional(&self) -> BaseProducer {
        let producer: BaseProducer =
            client(&self.address).set("transactional.id", unique("tx")).create().unwrap();
        producer.init_transactions(DEADLINE).unwrap();
        producer
    }

    /// The group's committed offset of each partition; `None` where it has none.
    pub fn committed(&self, group: &str, topic: &str, partitions: i32) -> Vec<Option<i64>> {
        let consumer: BaseConsumer = client(&self.address).set("group.id", group).create().unwrap();
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition(topic, partition);
        }
        let committed = poll("the committed offsets", || {
            consumer.committed_offsets(list.clone(), DEADLINE).map_err(|error| error.to_string())
        });
        let number = |offset| if let Offset::Offset(number) = offset { Some(number) } else { None };
        (0..partitions)
            .map(|partition| {
                committed.find_partition(topic, partition).and_then(|one| number(one.offset()))
            })
            .collect()
    }

    /// The end of each partition: the offset of the next record, open transactions included.
    pub fn ends(&self, topic: &str, partitions: i32) -> Vec<i64> {
        let consumer: BaseConsumer =
            client(&self.address).set("isolation.level", "read_uncommitted").create().unwrap();
        (0..partitions)
            .map(|partition| {
                poll("the end of the partition", || {
                    consumer
                        .fetch_watermarks(topic, partition, DEADLINE)
                        .map_err(|error| error.to_string())
                })
                .1
            })
            .collect()
    }

    /// Waits until a topic of one partition has this end. A transaction's control record is written
    /// after the transaction is acknowledged.
    #[track_caller]
    pub fn await_end(&self, topic: &str, end: i64) {
        poll("the end of the partition", || {
            let ends = self.ends(topic, 1);
            if ends == [end] { Ok(()) } else { Err(format!("it is {ends:?}, not {end}")) }
        });
    }

    /// Waits until the group has committed the end of every partition.
    #[track_caller]
    pub fn await_committed(&self, group: &str, topic: &str, partitions: i32) {
        let ends = self.ends(topic, partitions);
        poll("everything committed", || {
            let committed = self.committed(group, topic, partitions);
            let done =
                committed.iter().zip(&ends).all(|(committed, end)| committed.unwrap_or(0) == *end);
            if done {
                Ok(())
            } else {
                Err(format!("`{group}` committed {committed:?} of {ends:?} in `{topic}`"))
            }
        });
    }
}

/// The configuration that every client of the tests starts from.
pub fn client(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address).set("log_level", "0");
    config
}

/// A name that no other test and no other run on the same broker uses.
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    format!("{prefix}-{now}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
