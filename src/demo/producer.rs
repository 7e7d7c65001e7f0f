//! Sends sample events to Kafka, and counts those that the broker acknowledged.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::error::KafkaResult;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext};

use super::traffic::Sample;

/// A producer of sample events for one topic.
pub struct Producer {
    client: ThreadedProducer<Acknowledged>,
    topic: String,
}

#[derive(Default)]
struct Acknowledged(AtomicU64);

impl Producer {
    /// Creates a producer. It connects in the background.
    ///
    /// # Errors
    /// There is no thread, or `brokers` is invalid.
    pub fn new(brokers: &str, topic: &str) -> KafkaResult<Self> {
        let client = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("client.id", "slackline-sample-events")
            .set("queue.buffering.max.ms", "5")
            .create_with_context(Acknowledged::default())?;
        Ok(Self { client, topic: topic.to_owned() })
    }

    /// Adds an event to the producer's queue.
    ///
    /// # Errors
    /// The queue is full, because the broker does not respond.
    pub fn produce(&self, sample: &Sample) -> KafkaResult<()> {
        let record = BaseRecord::to(&self.topic).key(&sample.key).payload(&sample.value);
        self.client.send(record).map_err(|(error, _)| error)
    }

    /// Waits at most `timeout` until every produced event is acknowledged. Returns the number of
    /// those that are.
    pub fn finish(&self, timeout: Duration) -> u64 {
        if let Err(error) = self.client.flush(timeout) {
            tracing::warn!(%error, "not all sample events were acknowledged");
        }
        self.client.client().context().0.load(Ordering::Relaxed)
    }
}

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, _)) => tracing::debug!(%error, "event not acknowledged"),
        }
    }
}
