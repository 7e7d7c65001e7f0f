//! The demo's Kafka: librdkafka's mock cluster in this process, and a producer of events.
//!
//! Invariant: it listens on the loopback interface only, holds everything in memory, and stops when
//! it is dropped.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};

use super::traffic::Sample;

/// The topic that the demo's configuration reads.
const TOPIC: &str = "events";

const PARTITIONS: i32 = 4;

/// How long to wait at the end for events that are not acknowledged.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// An embedded Kafka with a topic, and a producer.
pub struct Bus {
    // Dropped before the cluster that it sends to.
    producer: ThreadedProducer<DefaultProducerContext>,
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
        let producer = ClientConfig::new()
            .set("bootstrap.servers", cluster.bootstrap_servers())
            .set("client.id", "slackline-demo-traffic")
            .set("queue.buffering.max.ms", "5")
            .create()?;
        Ok(Self { producer, cluster })
    }

    /// Returns the address as `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// Adds an event to the producer's queue.
    ///
    /// # Errors
    /// The queue is full, because the cluster does not respond.
    pub fn produce(&self, sample: &Sample) -> Result<(), KafkaError> {
        let record = BaseRecord::to(TOPIC).key(&sample.key).payload(&sample.value);
        self.producer.send(record).map_err(|(error, _)| error)
    }

    /// Waits a moment until every produced event is acknowledged.
    pub fn stop(&self) {
        if let Err(error) = self.producer.flush(FLUSH_TIMEOUT) {
            tracing::debug!(%error, "not all sample events were acknowledged");
        }
    }
}
