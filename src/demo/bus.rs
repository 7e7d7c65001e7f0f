//! The demo's Kafka: librdkafka's mock cluster, in this process, and the producer that stands for everybody's services.
//!
//! Invariant: it listens on the loopback only, holds everything in memory, and is gone when it is dropped.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};

use super::traffic::Sample;

/// The topic that the demo's configuration reads.
const TOPIC: &str = "events";

const PARTITIONS: i32 = 4;

/// For what is still on its way to the broker when the demo stops.
const FLUSH: Duration = Duration::from_secs(1);

/// An embedded Kafka with a topic, and a producer.
pub struct Bus {
    // Dropped before the cluster that it talks to.
    producer: ThreadedProducer<DefaultProducerContext>,
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Bus {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// No port, no thread.
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

    /// Where it listens, as `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// Sends one event on its way.
    ///
    /// # Errors
    /// The producer's queue is full: the cluster is stuck.
    pub fn produce(&self, sample: &Sample) -> Result<(), KafkaError> {
        let record = BaseRecord::to(TOPIC).key(&sample.key).payload(&sample.value);
        self.producer.send(record).map_err(|(error, _)| error)
    }

    /// Waits, shortly, for what was produced to arrive.
    pub fn stop(&self) {
        if let Err(error) = self.producer.flush(FLUSH) {
            tracing::debug!(%error, "not all sample events arrived");
        }
    }
}
