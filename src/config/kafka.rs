//! The section `kafka`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::admin::host_and_port;
use super::kinds::{FILLED, Optional, READABLE_FILE, Word};
use super::located::{At, Located};
use super::reader::{Names, Reader};
use super::section::{Kind, Section, SettingValue, section};
use super::source::quotable;
use super::tree::{Node, Value};
use crate::secret::Secret;

mod written;

mod properties;

mod conflicts;

mod java;

mod security;

use conflicts::DRAIN_TIMEOUT;
use properties::{Properties, PropertyFiles};

section! {
    /// How events are read from Kafka. In every value, `${NAME}` is replaced with the environment
    /// variable, `${NAME:-default}` also where it is unset or empty; `$${` is a plain `${`.
    pub Kafka, KafkaKeys {
        /// The brokers to connect to first, as `host:port`: a list, or one text with commas.
        brokers: String = Brokers,
            restart = true;
        /// The consumer group: all replicas of a deployment share it, and no other deployment may.
        group_id: String = FILLED,
            restart = true, if_missing = Some(NO_GROUP), example = Some("slackline-sales");
        /// The topics to read, by their full names.
        topics: Vec<String> = Topics,
            restart = true;
        /// Where to start in a topic without a committed offset of the group.
        start: Start = START,
            restart = true;
        /// Static membership: a restart within the session timeout causes no rebalance. Only for
        /// names that are stable and unique, such as a StatefulSet's pods.
        instance_id: Option<String> = Optional(FILLED),
            restart = true, local = true, example = Some("${HOSTNAME}");
        /// How long a stop or a rebalance waits for requests in flight. At most half of
        /// `max.poll.interval.ms` (5m unless set).
        drain_timeout: Duration = DRAIN_TIMEOUT,
            restart = true;
        /// Any of librdkafka's consumer properties, passed on unchanged. Those that slackline sets
        /// are refused.
        properties: BTreeMap<String, Secret<String>> = Properties,
            restart = true, secret = true,
            example = Some(r#"{"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512"}"#);
        /// Properties whose values are in files, such as mounted secrets: the file of each, read at
        /// start, without the line break at its end. A relative path is resolved against the
        /// configuration's directory.
        property_files: BTreeMap<String, PathBuf> = PropertyFiles,
            restart = true, secret = true, local = true,
            example = Some(r#"{"sasl.password": "/run/secrets/kafka-password"}"#);
        /// For `sasl.mechanism: OAUTHBEARER`: a file that contains the token, read again whenever a
        /// new token is due. A relative path is resolved against the configuration's directory.
        oauth_token_file: Option<PathBuf> = Optional(READABLE_FILE),
            restart = true, secret = true, example = Some("/var/run/secrets/kafka/token");
    }
}

/// How to name the group. Two deployments with one default would take each other's events.
const NO_GROUP: &str = "name the consumer group of this deployment, such as \
    `group_id: slackline-sales`; earlier versions used `slackline`: write `group_id: slackline` to \
    keep their committed offsets";

const START: Word<Start> = Word(&[("latest", Start::Latest), ("earliest", Start::Earliest)]);

/// Where to start in a topic without a committed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the end: only new events.
    Latest,
    /// At the oldest event that the topic still holds.
    Earliest,
}

/// A list of brokers, or one text with commas.
struct Brokers;

/// A list of topics.
struct Topics;

/// The rules that concern several keys are those of properties: see [`conflicts`].
impl Section for Kafka {
    const EXPANDS: bool = true;
}

impl SettingValue for Start {
    fn shown(&self) -> Json {
        START.of(*self).into()
    }
}

impl Kind for Brokers {
    /// Comma-separated, for librdkafka.
    type Value = String;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<String> {
        let (brokers, mut valid) = match &node.value {
            Value::List(_) => reader.texts(node, key)?,
            Value::Text(_) => (split(&reader.located(node, key)?, reader), true),
            _ => {
                reader.wrong_type(node, key, "a text or a list");
                return None;
            }
        };
        if valid && brokers.iter().all(|broker| broker.value.is_empty()) {
            let help = "name at least one broker as `host:port`";
            reader.error(node, "`brokers` is empty", help);
            return None;
        }
        for broker in brokers.iter().filter(|broker| !is_broker(&broker.value)) {
            valid = false;
            let reason = unexpected(&broker.value);
            let message = format!("invalid broker address `{}`{reason}", broker.at.shown);
            reader.error(&broker.at, message, "write `host:port`, such as `kafka:9092`");
        }
        let hosts: Vec<&str> = brokers.iter().map(|broker| broker.value.as_str()).collect();
        valid.then(|| hosts.join(","))
    }

    fn schema(&self) -> Json {
        let items = json!({ "type": "string" });
        json!({ "type": ["string", "array"], "items": items, "minItems": 1, "minLength": 1 })
    }

    fn words(&self) -> String {
        "text, or list of texts".to_owned()
    }
}

/// The parts of a text with commas, each with its place.
fn split(Located { value, at }: &Located, reader: &Reader<'_>) -> Vec<Located> {
    let mut from = 0;
    let parts = value.split(',').map(|part| {
        let offset = from + part.len() - part.trim_start().len();
        from += part.len() + 1;
        let start = at.place(reader.source, value, offset);
        let part = part.trim();
        let shown = if at.token.is_some() { quotable(part) } else { at.shown.clone() };
        Located { value: part.to_owned(), at: At { start, token: None, shown, hidden: at.hidden } }
    });
    parts.collect()
}

/// Whether `text` is `[protocol://]host[:port]`, as librdkafka reads it.
fn is_broker(text: &str) -> bool {
    let protocols = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];
    let text = match text.split_once("://") {
        Some((protocol, rest)) if protocols.contains(&&*protocol.to_lowercase()) => rest,
        Some(_) => return false,
        None => text,
    };
    let with_port = if text.contains(':') && !text.ends_with(']') {
        text.to_owned()
    } else {
        format!("{text}:9092")
    };
    host_and_port(&with_port).is_some_and(|(host, port)| !host.is_empty() && port > 0)
}

impl Kind for Topics {
    type Value = Vec<String>;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Vec<String>> {
        let (mut topics, are_all) = reader.texts(node, key)?;
        for topic in &mut topics {
            topic.value = topic.value.trim().to_owned();
        }
        if are_all && topics.is_empty() {
            reader.error(node, "`topics` is empty", "name at least one topic");
        }
        reader.duplicates(&topics, "topic");
        let mut valid = are_all;
        for topic in topics.iter().filter(|topic| !is_topic(&topic.value)) {
            valid = false;
            let help = if topic.value.starts_with('^') {
                "name every topic: patterns are not supported"
            } else if topic.value.contains(',') {
                "write each topic as its own item: `[a, b]`"
            } else {
                "use up to 249 letters, digits, `.`, `_` and `-`"
            };
            let reason = unexpected(&topic.value);
            let message = format!("invalid topic name `{}`{reason}", topic.at.shown);
            reader.error(&topic.at, message, help);
        }
        let names = topics.iter().map(|topic| topic.value.clone()).collect();
        reader.topics = are_all.then(|| Names::new(topics));
        valid.then_some(names)
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 })
    }

    fn words(&self) -> String {
        "list of texts, at least one".to_owned()
    }
}

/// What an address or a name cannot contain, for a message that may not show the value; empty where
/// there is no such thing.
fn unexpected(value: &str) -> &'static str {
    let has = |what: fn(char) -> bool| value.contains(what);
    if value.is_empty() {
        ": it is empty"
    } else if has(|c| matches!(c, '\r' | '\n')) {
        ": it has a line break inside"
    } else if has(|c| matches!(c, '"' | '\'')) {
        ": it contains quotes"
    } else if has(char::is_whitespace) {
        ": it contains a blank"
    } else if has(|c| c == ',') {
        ": it contains a comma"
    } else {
        ""
    }
}

/// Kafka's own rule for a topic's name (`org.apache.kafka.common.internals.Topic`).
fn is_topic(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=249).contains(&name.len()) && name.bytes().all(legal) && name != "." && name != ".."
}
