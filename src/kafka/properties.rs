//! The properties of the Kafka client: slackline's defaults, and what the configuration sets.

use std::time::Duration;

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};

use crate::config::model::Kafka;

/// How often librdkafka reports its statistics, which hold end offsets and the brokers' states.
const STATISTICS_INTERVAL: Duration = Duration::from_secs(1);

/// What slackline sets unless `kafka.properties` sets it.
const DEFAULTS: &[(&str, &str)] = &[
    // A rebalance does not interrupt the partitions that a member keeps.
    ("partition.assignment.strategy", "cooperative-sticky"),
    // Over 20 s: the failover of a broker takes 9 to 12 s, which is no reason to leave the group.
    ("session.timeout.ms", "30000"),
    // A new member gets its partitions within a second instead of three.
    ("heartbeat.interval.ms", "1000"),
    // The first record comes 0.2–1 s after a broker's return instead of 2–6 s.
    ("reconnect.backoff.max.ms", "500"),
    // A broker that accepts connections but does not answer is retried after 10 s instead of 30, as
    // Kafka's own clients do (KIP-601).
    ("socket.connection.setup.timeout.ms", "10000"),
    // A newly assigned partition waits for the current fetch, which waits this long for events of
    // the others; so do requests at an assignment. Events end the wait immediately, so this only
    // costs an idle worker twenty requests a second.
    ("fetch.wait.max.ms", "50"),
    // Prefetch is memory, so it is small (see `PREFETCH_KBYTES`). At librdkafka's default backoff
    // of 1,000 ms a small queue would starve the loop.
    ("fetch.queue.backoff.ms", "5"),
    // The queue's limit is checked before a fetch, and one response can exceed it by what it
    // decompresses to. At librdkafka's defaults (50 MB a response, 1 MB a partition) 300,000 small
    // events of four partitions took 140 MB. A larger batch is still fetched, alone. Larger
    // responses are not faster: 1,000,000 events of 600 bytes took 2.04 µs each with these, 2.04 to
    // 2.24 with 4 MB and 1 MB, and 102 MB instead of 47.
    ("fetch.max.bytes", "1048576"),
    ("fetch.message.max.bytes", "262144"),
    // Added partitions are found within half a minute.
    ("topic.metadata.refresh.interval.ms", "30000"),
];

/// How much of all topics is prefetched. librdkafka's `queued.max.messages.kbytes` limits each
/// queue that partitions are forwarded to, one a topic. Measured: 1,000,000 events of 600 bytes
/// take the same time with 16 MiB, 8 or 4; each MiB is 1 to 3 MB of the process.
const PREFETCH_KBYTES: usize = 4_096;

/// The least that is prefetched of one topic, however many there are. With less than one response
/// every fetch would wait until the one before is read.
const TOPIC_KBYTES: usize = 1_024;

/// Defaults that the KIP-848 protocol refuses, because there the broker sets them.
const CLASSIC_ONLY: &[&str] =
    &["partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"];

/// Returns every property of the client. Public for the benchmarks, whose other client uses the
/// same.
#[must_use]
pub fn properties(kafka: &Kafka) -> ClientConfig {
    let mut config = ClientConfig::new();
    let consumer_protocol = kafka
        .properties
        .get("group.protocol")
        .is_some_and(|value| value.expose().eq_ignore_ascii_case("consumer"));
    for (name, value) in DEFAULTS {
        if !(consumer_protocol && CLASSIC_ONLY.contains(name)) {
            config.set(*name, *value);
        }
    }
    let prefetch = (PREFETCH_KBYTES / kafka.topics.len().max(1)).max(TOPIC_KBYTES);
    config.set("queued.max.messages.kbytes", prefetch.to_string());
    config.set("client.id", "slackline");
    for (name, value) in &kafka.properties {
        config.set(name, value.expose());
    }
    config
        .set("bootstrap.servers", &kafka.brokers)
        .set("group.id", &kafka.group_id)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // `consume` decides where a partition starts. The property would skip records silently.
        .set("auto.offset.reset", "error")
        // librdkafka's batch call would count the end of a partition as a record.
        .set("enable.partition.eof", "false")
        .set("statistics.interval.ms", STATISTICS_INTERVAL.as_millis().to_string())
        .set_log_level(RDKafkaLogLevel::Info);
    if let Some(instance_id) = &kafka.instance_id {
        config.set("group.instance.id", instance_id);
    }
    config
}
