//! Rules between Kafka properties, and between them and other keys of `kafka`: values that are
//! valid alone and not together.

use std::time::Duration;

use super::written::Written;
use crate::config::duration::{self, hours, seconds};
use crate::config::kinds::Period;
use crate::config::reader::{Fields, Reader};
use crate::config::section::Kind;

pub const DRAIN_TIMEOUT: Period = Period { default: seconds(5), most: hours(1) };

/// librdkafka's defaults.
const MAX_POLL_INTERVAL_MS: u64 = 300_000;
const SESSION_TIMEOUT_MS: u64 = 45_000;
const MESSAGE_MAX_BYTES: u64 = 1_000_000;

/// What librdkafka refuses beside `group.protocol: consumer` (`rd_kafka_conf_finalize`).
const NOT_WITH_CONSUMER: [&str; 4] = [
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "partition.assignment.strategy",
    "group.protocol.type",
];

/// Reports what would make the creation of the client fail although each property alone is valid
/// (`rd_kafka_conf_finalize`, librdkafka 2.12).
pub fn between_properties(properties: &Written, reader: &mut Reader<'_>) {
    group_protocol(properties, reader);
    assignors(properties, reader);
    let message = properties.number_or("message.max.bytes", MESSAGE_MAX_BYTES);
    if let Some(((fetch, at), message)) = properties.number("fetch.max.bytes").zip(message)
        && fetch < message
    {
        let help = format!("set it to {message} or more");
        reader.error(at, "`fetch.max.bytes` is under `message.max.bytes`", help);
    }
    if let Some(at) = properties.place("ssl.keystore.location")
        && properties.place("ssl.keystore.password").is_none()
    {
        let message = "`ssl.keystore.location` requires `ssl.keystore.password`";
        reader.error(at, message, "add `ssl.keystore.password`");
    }
}

/// The assignment strategies: their names differ from Java's, and the client refuses a mixture.
fn assignors(properties: &Written, reader: &mut Reader<'_>) {
    const EAGER: [&str; 2] = ["range", "roundrobin"];
    const COOPERATIVE: &str = "cooperative-sticky";
    let Some((strategy, at)) = properties.text("partition.assignment.strategy") else { return };
    let named: Vec<&str> =
        strategy.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if named.is_empty() || named.iter().any(|name| *name != COOPERATIVE && !EAGER.contains(name)) {
        let message = "`partition.assignment.strategy` has a strategy that librdkafka does not";
        let help = "write `cooperative-sticky`, `range` or `roundrobin`; \
                    the classes of Java's clients have other names";
        reader.error(at, message, help);
    } else if named.contains(&COOPERATIVE) && named.len() > 1 {
        let message = "`partition.assignment.strategy` mixes `cooperative-sticky` with others";
        reader.error(at, message, "name one strategy");
    }
}

/// Session and poll timeouts, which depend on the group's protocol.
fn group_protocol(properties: &Written, reader: &mut Reader<'_>) {
    if properties.is_unknown("group.protocol") {
        return;
    }
    if properties.is_consumer_protocol() {
        for name in NOT_WITH_CONSUMER {
            if let Some(at) = properties.place(name) {
                let message = format!("`{name}` cannot be set with `group.protocol: consumer`");
                let help = "remove it (the broker decides it), or `group.protocol`";
                reader.error(at, message, help);
            }
        }
        return;
    }
    let longest = properties.number_or("max.poll.interval.ms", MAX_POLL_INTERVAL_MS);
    if let Some(((session, at), longest)) = properties.number("session.timeout.ms").zip(longest) {
        if session > longest {
            let message = "`session.timeout.ms` is over `max.poll.interval.ms`";
            reader.error(at, message, format!("set it to {longest} or less"));
        }
    } else if let Some((longest, at)) = properties.number("max.poll.interval.ms")
        && longest < SESSION_TIMEOUT_MS
        && properties.place("session.timeout.ms").is_none()
    {
        let message = "`max.poll.interval.ms` is under `session.timeout.ms`";
        reader.error(at, message, format!("set it to {SESSION_TIMEOUT_MS} or more"));
    }
}

/// `instance_id` and KIP-848's protocol exclude each other.
pub fn with_instance_id(properties: &Written, fields: &Fields<'_>, reader: &mut Reader<'_>) {
    if let Some(node) = fields.get("instance_id")
        && properties.is_consumer_protocol()
    {
        let message = "`instance_id` cannot be set with `group.protocol: consumer`: a worker that \
                       is killed and started again could not join until its session has ended";
        let help =
            "remove `group.protocol` to rejoin immediately after a restart, or `instance_id`";
        reader.error(node, message, help);
    }
}

/// `drain_timeout` must leave time before `max.poll.interval.ms`. `properties_at` is where a
/// default `drain_timeout` is in conflict.
pub fn with_drain_timeout(
    properties: Option<&Written>,
    properties_at: Option<usize>,
    fields: &Fields<'_>,
    reader: &mut Reader<'_>,
) {
    let longest = properties.map_or(Some(MAX_POLL_INTERVAL_MS), |properties| {
        properties.number_or("max.poll.interval.ms", MAX_POLL_INTERVAL_MS)
    });
    let (drain, at) = match fields.get("drain_timeout") {
        Some(node) => (DRAIN_TIMEOUT.read(node, "drain_timeout", reader), Some(node.written.start)),
        None => (Some(DRAIN_TIMEOUT.default), properties_at),
    };
    let (Some(drain), Some(at), Some(longest)) = (drain, at, longest) else { return };
    // The commits after the drain need time too, and the other members wait.
    if drain.as_millis() * 2 > u128::from(longest) {
        let limit = duration::show(Duration::from_millis(longest / 2));
        let default = duration::show(DRAIN_TIMEOUT.default);
        let message = "`drain_timeout` is over half of `max.poll.interval.ms`: \
                       the broker could remove the worker during a rebalance";
        let help = format!("set it to `{limit}` or less; the default is `{default}`");
        reader.error(at, message, help);
    }
}
