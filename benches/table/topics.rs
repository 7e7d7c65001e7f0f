//! Topics full of events, and the producer's settings.

use std::time::Duration;

use anyhow::ensure;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::report::progress;
use super::settings::Settings;
use crate::events;

/// The size of a producer's batches. With 16 KB, reading costs 1.8 times as much.
pub const BATCH_BYTES: u64 = 102_400;

const PATIENCE: Duration = Duration::from_secs(120);

/// A kind of topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The number of partitions.
    pub partitions: i32,
    /// A value of `compression.type`.
    pub codec: &'static str,
}

impl Kind {
    /// All kinds in the table.
    pub const ALL: [Kind; 6] = [
        Kind { partitions: 1, codec: "lz4" },
        Kind { partitions: 4, codec: "lz4" },
        Kind { partitions: 12, codec: "lz4" },
        Kind { partitions: 1, codec: "none" },
        Kind { partitions: 4, codec: "none" },
        Kind { partitions: 12, codec: "none" },
    ];

    /// The kind for rows that need only one.
    pub const USUAL: Kind = Self::ALL[1];

    /// Its name in the table.
    pub fn name(self) -> String {
        format!("{}-{}", self.partitions, self.codec)
    }
}

/// Creates a topic and fills it, with its own process on the measured core, which is still
/// idle.
pub fn full(settings: &Settings, topic: &str, kind: Kind) -> anyhow::Result<()> {
    progress(&format!(
        "{} events into a topic of {} partitions, {}",
        settings.events, kind.partitions, kind.codec
    ));
    create(settings, topic, kind.partitions)?;
    let (partitions, events) = (kind.partitions.to_string(), settings.events.to_string());
    settings.run_mode(&["flood", &settings.brokers, topic, &partitions, &events, kind.codec])?;
    Ok(())
}

/// Creates a topic.
pub fn create(settings: &Settings, topic: &str, partitions: i32) -> anyhow::Result<()> {
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    admin(&settings.brokers, async |admin, options| admin.create_topics([&new], options).await)
}

/// Deletes a topic, to make room for the next one.
pub fn delete(settings: &Settings, topic: &str) -> anyhow::Result<()> {
    admin(&settings.brokers, async |admin, options| admin.delete_topics(&[topic], options).await)
}

fn admin<F>(brokers: &str, ask: F) -> anyhow::Result<()>
where
    F: AsyncFnOnce(
        &AdminClient<DefaultClientContext>,
        &AdminOptions,
    ) -> rdkafka::error::KafkaResult<Vec<rdkafka::admin::TopicResult>>,
{
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for result in runtime.block_on(ask(&admin, &options))? {
        result.map_err(|(topic, code)| anyhow::anyhow!("topic `{topic}`: {code}"))?;
    }
    Ok(())
}

/// Returns a producer with these properties.
pub fn producer(brokers: &str, properties: &[(&str, &str)]) -> anyhow::Result<BaseProducer> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    for (name, value) in properties {
        config.set(*name, *value);
    }
    Ok(config.create()?)
}

/// The process that fills a topic with events, and with a mark at the end of each partition.
pub fn flood(
    brokers: &str,
    topic: &str,
    partitions: u64,
    events: u64,
    codec: &str,
) -> anyhow::Result<()> {
    let properties = [
        ("compression.type", codec),
        ("batch.size", &BATCH_BYTES.to_string()),
        // Only the size ends a batch.
        ("batch.num.messages", "100000"),
        ("linger.ms", "500"),
        ("queue.buffering.max.messages", "200000"),
        ("queue.buffering.max.kbytes", "262144"),
    ];
    let producer = producer(brokers, &properties)?;
    for number in 0..events {
        let partition = number % partitions;
        let payload = match number {
            last if last + partitions >= events => events::mark(&format!("end-{partition}")),
            before => events::event(before),
        };
        let mut record =
            BaseRecord::<(), str>::to(topic).partition(partition as i32).payload(&payload);
        while let Err((error, back)) = producer.send(record) {
            ensure!(
                error.rdkafka_error_code() == Some(rdkafka::error::RDKafkaErrorCode::QueueFull),
                "cannot produce: {error}"
            );
            producer.poll(Duration::from_millis(50));
            record = back;
        }
    }
    producer.flush(PATIENCE)?;
    Ok(())
}
