//! Configuration: the rules of `kafka.properties`.
//!
//! Invariant: no value of a property is in any message; librdkafka's own texts, which quote it, are never passed on whole.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use super::Rules;
use crate::config::decode::nearest;
use crate::config::values::{At, Located, Properties};
use crate::secret::Secret;

/// What slackline decides itself, and what decides it instead.
const DECIDED: [(&str, &str); 14] = [
    ("bootstrap.servers", "set `kafka.brokers` instead"),
    ("metadata.broker.list", "set `kafka.brokers` instead"),
    ("group.id", "set `kafka.group_id` instead"),
    ("group.instance.id", "set `kafka.instance_id` instead"),
    ("auto.offset.reset", "set `kafka.start` instead"),
    ("enable.auto.commit", "remove it: slackline commits what is settled"),
    ("auto.commit.enable", "remove it: slackline commits what is settled"),
    ("auto.commit.interval.ms", "remove it: slackline commits what is settled"),
    ("enable.auto.offset.store", "remove it: slackline commits what is settled"),
    ("offset.store.method", "remove it: slackline commits what is settled"),
    ("enable.partition.eof", "remove it: slackline needs it on"),
    ("statistics.interval.ms", "remove it: slackline reads the statistics for its metrics"),
    ("plugin.library.paths", "remove it: a configuration loads no code"),
    ("test.mock.num.brokers", "remove it; `slackline demo` has an embedded Kafka"),
];

/// What a misspelled property may have been meant for.
const COMMON: [&str; 34] = [
    "allow.auto.create.topics",
    "broker.address.family",
    "client.id",
    "client.rack",
    "connections.max.idle.ms",
    "debug",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.wait.max.ms",
    "group.protocol",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "isolation.level",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "partition.assignment.strategy",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.oauthbearer.config",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "session.timeout.ms",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.key.password",
    "topic.metadata.refresh.interval.ms",
];

/// What librdkafka refuses next to `group.protocol: consumer` (`rd_kafka_conf_finalize`).
const NOT_WITH_CONSUMER: [&str; 4] = [
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "partition.assignment.strategy",
    "group.protocol.type",
];

/// The value of a property that is a whole number.
pub(super) fn number(Properties(properties): &Properties, name: &str) -> Option<u64> {
    properties.iter().find(|(key, _)| key.value == name)?.1.value.trim().parse().ok()
}

/// The value of a property without blanks, and where its name stands.
pub(super) fn text<'p>(
    Properties(properties): &'p Properties,
    name: &str,
) -> Option<(&'p str, &'p At)> {
    properties
        .iter()
        .find(|(key, _)| key.value == name)
        .map(|(key, value)| (value.value.trim(), &key.at))
}

/// Whether the group is to be a KIP-848 one. librdkafka takes the value in any case.
pub(super) fn is_consumer_protocol(properties: &Properties) -> bool {
    text(properties, "group.protocol")
        .is_some_and(|(value, _)| value.eq_ignore_ascii_case("consumer"))
}

impl Rules<'_> {
    pub(super) fn properties(
        &mut self,
        Properties(properties): &Properties,
    ) -> Option<BTreeMap<String, Secret<String>>> {
        let checked: Vec<_> =
            properties.iter().map(|(key, value)| self.property(key, value)).collect();
        checked.into_iter().collect()
    }

    fn property(
        &mut self,
        key: &Located<String>,
        value: &Located<String>,
    ) -> Option<(String, Secret<String>)> {
        let name = key.value.as_str();
        if let Some((_, help)) = DECIDED.iter().find(|(decided, _)| *decided == name) {
            self.error(&key.at, format!("`{name}` is slackline's to decide"), *help);
            return None;
        }
        let mut one = ClientConfig::new();
        one.set(name, value.value.as_str());
        match one.create_native_config() {
            Ok(_) => Some((name.to_owned(), Secret::new(value.value.clone()))),
            Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => {
                let help = match nearest(name, &COMMON) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "look it up in librdkafka's CONFIGURATION.md; Java's names differ"
                        .to_owned(),
                };
                self.error(
                    &key.at,
                    format!("librdkafka knows no property `{}`", key.at.shown),
                    help,
                );
                None
            }
            Err(KafkaError::ClientConfig(_, text, ..)) => {
                // The one part of the text that tells the remedy and nothing of the value.
                let range = text.split_once("allowed range ").map(|(_, range)| range.trim());
                let range = range.filter(|range| {
                    range.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
                });
                let help = match range {
                    Some(range) => format!("stay within {range}"),
                    None => "look the property up in librdkafka's CONFIGURATION.md".to_owned(),
                };
                self.error(&value.at, format!("librdkafka refuses this value of `{name}`"), help);
                None
            }
            Err(_) => {
                self.error(
                    &key.at,
                    format!("librdkafka can't be given `{}`", key.at.shown),
                    "remove characters that no property has",
                );
                None
            }
        }
    }

    /// What makes the client's creation fail though each property alone is fine (`rd_kafka_conf_finalize`, librdkafka 2.12).
    pub(super) fn property_conflicts(&mut self, properties: &Properties) {
        if is_consumer_protocol(properties) {
            for name in NOT_WITH_CONSUMER {
                if let Some((_, at)) = text(properties, name) {
                    let at = at.clone();
                    let help = "remove it (the broker decides it), or `group.protocol`";
                    self.error(
                        &at,
                        format!("`{name}` does not go with `group.protocol: consumer`"),
                        help,
                    );
                }
            }
        } else if let Some((_, at)) = text(properties, "session.timeout.ms") {
            let longest = number(properties, "max.poll.interval.ms")
                .unwrap_or(super::kafka::MAX_POLL_INTERVAL_MS);
            if number(properties, "session.timeout.ms").is_some_and(|session| session > longest) {
                self.error(
                    at,
                    "`session.timeout.ms` is over `max.poll.interval.ms`",
                    format!("stay within {longest}"),
                );
            }
        }
        if let Some((_, at)) = text(properties, "max.poll.interval.ms")
            && text(properties, "session.timeout.ms").is_none()
            && !is_consumer_protocol(properties)
            && number(properties, "max.poll.interval.ms")
                .is_some_and(|longest| longest < SESSION_TIMEOUT_MS)
        {
            self.error(
                at,
                "`max.poll.interval.ms` is under `session.timeout.ms`",
                format!("stay at {SESSION_TIMEOUT_MS} or above"),
            );
        }
        let message = number(properties, "message.max.bytes").unwrap_or(MESSAGE_MAX_BYTES);
        if let Some((_, at)) = text(properties, "fetch.max.bytes")
            && number(properties, "fetch.max.bytes").is_some_and(|fetch| fetch < message)
        {
            self.error(
                at,
                "`fetch.max.bytes` is under `message.max.bytes`",
                format!("stay at {message} or above"),
            );
        }
        if let Some((_, at)) = text(properties, "ssl.keystore.location")
            && text(properties, "ssl.keystore.password").is_none()
        {
            self.error(
                at,
                "`ssl.keystore.location` goes with `ssl.keystore.password` only",
                "add `ssl.keystore.password`",
            );
        }
    }
}

/// librdkafka's defaults.
const SESSION_TIMEOUT_MS: u64 = 45_000;
const MESSAGE_MAX_BYTES: u64 = 1_000_000;
