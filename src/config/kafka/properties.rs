//! `kafka.properties` and `kafka.property_files`.
//!
//! Invariant: no property's value is in any message. librdkafka's own messages may quote the value,
//! so only those that do not are passed on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;
use serde_json::{Value as Json, json};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::written::{Property, Written};
use super::{conflicts, java, security};
use crate::config::external;
use crate::config::file_content::FileContent;
use crate::config::located::Located;
use crate::config::names::nearest;
use crate::config::reader::{Fields, Reader};
use crate::config::section::{Kind, Setting, SettingValue, add_text};
use crate::config::tree::{Node, Value};
use crate::secret::Secret;

/// `properties` and `property_files` as one, by name.
pub struct Properties;

/// The files of properties by name. Their contents are values of [`Properties`].
pub struct PropertyFiles;

const COMMITS: &str = "remove it: slackline commits the offsets of settled events";

/// The properties that slackline sets, and the remedy.
const SET_BY_SLACKLINE: [(&str, &str); 14] = [
    ("bootstrap.servers", "set `kafka.brokers` instead"),
    ("metadata.broker.list", "set `kafka.brokers` instead"),
    ("group.id", "set `kafka.group_id` instead"),
    ("group.instance.id", "set `kafka.instance_id` instead"),
    ("auto.offset.reset", "set `kafka.start` instead"),
    ("enable.auto.commit", COMMITS),
    ("auto.commit.enable", COMMITS),
    ("auto.commit.interval.ms", COMMITS),
    ("enable.auto.offset.store", COMMITS),
    ("offset.store.method", COMMITS),
    ("enable.partition.eof", "remove it: slackline requires it"),
    ("statistics.interval.ms", "remove it: slackline reads the statistics for its metrics"),
    ("plugin.library.paths", "remove it: a configuration may not load code"),
    ("test.mock.num.brokers", "remove it; `slackline demo` has an embedded Kafka"),
];

/// Properties with few values, which librdkafka's message does not list.
const VALUES: [(&str, &str); 4] = [
    ("security.protocol", "`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`"),
    ("ssl.endpoint.identification.algorithm", "`https`, or `none` in place of Java's empty value"),
    ("isolation.level", "`read_committed` or `read_uncommitted`"),
    ("group.protocol", "`classic` or `consumer`"),
];

/// Properties that a misspelled one is compared with.
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

impl Kind for Properties {
    type Value = BTreeMap<String, Secret<String>>;

    fn default(&self) -> Option<Self::Value> {
        Some(BTreeMap::new())
    }

    fn schema(&self) -> Json {
        let values = json!({ "type": ["string", "number", "boolean"] });
        json!({ "type": "object", "additionalProperties": values })
    }

    fn words(&self) -> String {
        "mapping of text, number or boolean".to_owned()
    }

    fn setting(
        &self,
        key: &'static str,
        fields: &Fields<'_>,
        reader: &mut Reader<'_>,
    ) -> Setting<Self::Value> {
        let at = fields.get(key).map(|node| node.written.start);
        let written = written(key, fields, reader);
        conflicts::with_drain_timeout(written.as_ref(), at, fields, reader);
        let value = written.and_then(|written| {
            conflicts::between_properties(&written, reader);
            conflicts::with_instance_id(&written, fields, reader);
            let token = fields.get("oauth_token_file").map(|node| reader.at(node));
            security::check(&written, token.as_ref(), reader);
            let checked: Vec<_> =
                written.0.iter().map(|property| checked(property, reader)).collect();
            checked.into_iter().collect()
        });
        Setting { value, at }
    }
}

/// `properties` and `property_files` as one. `None` if one is not a mapping, which is reported.
fn written(key: &str, fields: &Fields<'_>, reader: &mut Reader<'_>) -> Option<Written> {
    let mut all: Vec<Property> = Vec::new();
    if let Some(node) = fields.get(key) {
        for (name, node) in reader.entries(node, key)? {
            let value = value(node, &name.value, reader);
            all.push(Property { name, value });
        }
    }
    if let Some(node) = fields.get(PropertyFiles::KEY) {
        for (name, node) in reader.entries(node, PropertyFiles::KEY)? {
            if all.iter().any(|other| other.name.value == name.value) {
                let message =
                    format!("`{}` is in both `properties` and `property_files`", name.at.shown);
                reader.error(&name.at, message, "remove one of them");
                continue;
            }
            let owner = format!("the file of `{}`", name.at.shown);
            let what = "the property's value";
            let file = FileContent { key: PropertyFiles::KEY, owner: &owner, what };
            let value = file.read(node, reader);
            all.push(Property { name, value });
        }
    }
    Some(Written(all))
}

/// A property's value as the author wrote it: a number or a boolean is a text to librdkafka.
fn value(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Located> {
    if let Value::Bool(_) | Value::Number(_) = node.value {
        let value = reader.source.slice(&node.defined).to_owned();
        return Some(Located { value, at: reader.at(node) });
    }
    let Located { value, at } = reader.located(node, name)?;
    // A block scalar ends with a line break.
    Some(Located { value: external::content(&value).to_owned(), at })
}

/// A property that librdkafka takes. `None`: it does not, which is reported, or its value is not
/// known, and only its name can be judged.
fn checked(property: &Property, reader: &mut Reader<'_>) -> Option<(String, Secret<String>)> {
    let Property { name: key, value } = property;
    let name = key.value.as_str();
    if let Some((_, help)) = SET_BY_SLACKLINE.iter().find(|(set, _)| *set == name) {
        reader.error(&key.at, format!("`{name}` cannot be set here: slackline sets it"), *help);
        return None;
    }
    if let Some(help) = java::remedy(name) {
        reader.error(&key.at, format!("`{name}` is a property of Java's clients"), help);
        return None;
    }
    if let Some(value) = value.as_ref().filter(|_| is_credential(name)) {
        if value.value.is_empty() {
            reader.error(&value.at, format!("`{name}` is empty"), "give it a value");
            return None;
        }
        if value.value.contains(['\r', '\n']) {
            let message = format!("`{name}` has a line break inside");
            reader.warn(&value.at, message, "remove it where the value is set");
        }
    }
    let mut one = ClientConfig::new();
    one.set(name, value.as_ref().map_or("", |value| value.value.as_str()));
    match (one.create_native_config(), value) {
        (Ok(_), Some(value)) => return Some((name.to_owned(), Secret::new(value.value.clone()))),
        (Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)), _) => {
            let help = match nearest(name, &COMMON) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "librdkafka's CONFIGURATION.md lists them; Java's names differ".to_owned(),
            };
            let message = format!("librdkafka has no property `{}`", key.at.shown);
            reader.error(&key.at, message, help);
        }
        (Err(KafkaError::ClientConfig(_, text, ..)), Some(value)) => {
            let help = value_help(name, &value.value, &text);
            let message = format!("librdkafka refuses this value of `{name}`");
            reader.error(&value.at, message, help);
        }
        (Ok(_) | Err(KafkaError::ClientConfig(..)), None) => {}
        (Err(_), _) => {
            let message = format!("librdkafka cannot take the property `{}`", key.at.shown);
            reader.error(&key.at, message, "remove characters that no property's name has");
        }
    }
    None
}

/// How to correct a value that librdkafka refuses, from its message `said`, which may quote the
/// value.
fn value_help(name: &str, value: &str, said: &str) -> String {
    let range = said.split_once("allowed range ").map(|(_, range)| range.trim());
    let is_range = |range: &&str| {
        range.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
    };
    if let Some(range) = range.filter(is_range) {
        return format!("choose a value within {range}");
    }
    if let Some((_, values)) = VALUES.iter().find(|(of, _)| *of == name) {
        return format!("write {values}");
    }
    let quotes_value = (!value.is_empty() && said.contains(value)) || said.contains(" value \"");
    if quotes_value || said.starts_with("Invalid value") {
        return "librdkafka's CONFIGURATION.md lists its values".to_owned();
    }
    format!("librdkafka says: {}", said.trim())
}

/// Whether a property is what a person logs in with: it cannot be empty, nor have several lines.
fn is_credential(name: &str) -> bool {
    matches!(name, "sasl.username" | "sasl.password")
}

impl PropertyFiles {
    const KEY: &'static str = "property_files";
}

impl Kind for PropertyFiles {
    type Value = BTreeMap<String, PathBuf>;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let entries = reader.entries(node, key)?;
        let files = entries.into_iter().map(|(name, node)| {
            let path = reader.filled(node, key)?;
            Some((name.value, path.value.into()))
        });
        files.collect::<Vec<_>>().into_iter().collect()
    }

    fn default(&self) -> Option<Self::Value> {
        Some(BTreeMap::new())
    }

    fn schema(&self) -> Json {
        let paths = json!({ "type": "string" });
        json!({ "type": "object", "additionalProperties": paths, "minProperties": 1 })
    }

    fn words(&self) -> String {
        "mapping of paths".to_owned()
    }
}

impl SettingValue for BTreeMap<String, Secret<String>> {
    /// The names only: values can be secrets.
    fn shown(&self) -> Json {
        self.keys().cloned().collect()
    }

    /// Leaves out what replicas may differ in, and the values of secrets that a person made up.
    fn add_to(&self, hash: &mut Xxh3) {
        let differs = |name: &str| matches!(name, "client.id" | "client.rack");
        for (name, value) in self.iter().filter(|(name, _)| !differs(name)) {
            add_text(name, hash);
            add_text(if is_guessable(name) { "" } else { value.expose() }, hash);
        }
    }

    /// One of each property: a password in a file may have changed without an edit of the
    /// configuration itself.
    fn digests(&self) -> BTreeMap<String, u64> {
        let digest = |(name, value): (&String, &Secret<String>)| {
            (format!(".{name}"), xxh3_64(value.expose().as_bytes()))
        };
        self.iter().map(digest).collect()
    }
}

impl SettingValue for BTreeMap<String, PathBuf> {
    fn shown(&self) -> Json {
        json!(self)
    }

    /// None: the contents of the files are compared as properties.
    fn digests(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}

/// Whether a property's value is, or may contain, a secret that a person made up.
fn is_guessable(name: &str) -> bool {
    ["password", "secret", "key", "pem", "config", "sasl.username", "token", "jaas", "kinit"]
        .iter()
        .any(|part| name.contains(part))
}
