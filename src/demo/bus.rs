//! The demo's Kafka: librdkafka's mock cluster in this process, and a producer of events.
//!
//! Invariant: it listens on the loopback interface only, holds everything in memory, and stops when
//! it is dropped.

use rdkafka::error::KafkaResult;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use super::producer::Producer;

/// The topic that the demo's configuration reads.
const TOPIC: &str = "events";

const PARTITIONS: i32 = 4;

/// An embedded Kafka with a topic, and a producer.
pub struct Bus {
    /// Sends to the topic. Dropped before the cluster.
    pub producer: Producer,
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Bus {
    /// Starts the cluster on a free port.
    ///
    /// # Errors
    /// There is no free port or thread.
    pub fn start() -> KafkaResult<Self> {
        let cluster = MockCluster::new(1)?;
        cluster.create_topic(TOPIC, PARTITIONS, 1)?;
        let producer = Producer::new(&cluster.bootstrap_servers(), TOPIC)?;
        Ok(Self { producer, cluster })
    }

    /// Returns the address as `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}
