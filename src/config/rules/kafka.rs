//! Configuration: the rules of `kafka` and `admin`.

use std::time::Duration;

use super::Rules;
use crate::config::model::{Admin, Kafka, Start};
use crate::config::values::{Located, Properties, StartAt};
use crate::config::{AdminSection, KafkaSection};

/// The consumer group unless configured.
pub(in crate::config) const GROUP_ID: &str = "slackline";
/// Where `/metrics` is served unless configured: on this machine only.
pub(in crate::config) const LISTEN: &str = "127.0.0.1:9464";
pub(super) const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// librdkafka's default: how long a member may go without polling, a revoke's drain included.
pub(super) const MAX_POLL_INTERVAL_MS: u64 = 300_000;

impl Rules<'_> {
    /// `properties`: what the section's own keys for them come to.
    pub(super) fn kafka(
        &mut self,
        section: &KafkaSection,
        properties: Option<&Properties>,
    ) -> Option<Kafka> {
        let brokers = section
            .brokers
            .as_ref()
            .and_then(|brokers| self.brokers(&brokers.value.0, &brokers.at));
        let group_id = match &section.group_id {
            Some(group) => self.filled(group, "group_id"),
            None => Some(GROUP_ID.to_owned()),
        };
        let topics = section.topics.as_ref().and_then(|topics| {
            if topics.value.is_empty() {
                self.error(&topics.at, "`topics` is empty", "name at least one topic");
            }
            self.duplicates(
                topics.value.list.iter().map(|topic| (topic.value.as_str(), &topic.at)),
                "topic",
            );
            let checked: Vec<_> = topics.value.list.iter().map(|topic| self.topic(topic)).collect();
            checked.into_iter().collect::<Option<Vec<String>>>()
        });
        let instance_id = match &section.instance_id {
            Some(id) => self.filled(id, "instance_id").map(Some),
            None => Some(None),
        };
        let most = Duration::from_secs(3600);
        let drain_timeout =
            self.period(section.drain_timeout.as_ref(), "drain_timeout", DRAIN_TIMEOUT, most);
        let properties = properties.and_then(|written| self.properties(written));
        let oauth_token_file = match &section.oauth_token_file {
            Some(file) => self.read(file, "oauth_token_file").map(|(path, _)| Some(path)),
            None => Some(None),
        };
        let start = section
            .start
            .as_ref()
            .map_or(Start::Latest, |Located { value: StartAt(start), .. }| *start);
        Some(Kafka {
            brokers: brokers?,
            group_id: group_id?,
            topics: topics?,
            start,
            instance_id: instance_id?,
            drain_timeout: drain_timeout?,
            properties: properties?,
            oauth_token_file: oauth_token_file?,
        })
    }

    fn brokers(
        &mut self,
        brokers: &[Located<String>],
        at: &crate::config::values::At,
    ) -> Option<String> {
        if brokers.is_empty() || brokers.iter().all(|broker| broker.value.is_empty()) {
            self.error(at, "`brokers` is empty", "name at least one broker as `host:port`");
            return None;
        }
        let mut sound = true;
        for broker in brokers {
            if !is_broker(&broker.value) {
                sound = false;
                self.error(
                    &broker.at,
                    format!("`{}` is no broker", broker.at.shown),
                    "write `host:port`, such as `kafka:9092`",
                );
            }
        }
        let hosts: Vec<&str> = brokers.iter().map(|broker| broker.value.as_str()).collect();
        sound.then(|| hosts.join(","))
    }

    /// Kafka's own rule for a topic's name (`org.apache.kafka.common.internals.Topic`).
    fn topic(&mut self, topic: &Located<String>) -> Option<String> {
        let name = &topic.value;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !name.is_empty()
            && name.len() <= 249
            && name.bytes().all(legal)
            && name != "."
            && name != ".."
        {
            return Some(name.clone());
        }
        let help = if name.starts_with('^') {
            "name every topic: patterns are not supported"
        } else {
            "a topic's name is of up to 249 letters, digits, `.`, `_` and `-`"
        };
        self.error(&topic.at, format!("`{}` can't be a topic", topic.at.shown), help);
        None
    }

    pub(super) fn admin(&mut self, section: Option<&Located<AdminSection>>) -> Option<Admin> {
        let Some(listen) = section.and_then(|section| section.value.listen.as_ref()) else {
            return Some(Admin { listen: LISTEN.to_owned() });
        };
        let value = listen.value.trim();
        if host_and_port(value).is_some_and(|(host, _)| !host.is_empty()) {
            return Some(Admin { listen: value.to_owned() });
        }
        let help = format!(
            "write `host:port`: `{LISTEN}` for this machine only, `0.0.0.0:9464` for all of the network"
        );
        self.error(&listen.at, format!("`{}` is no address to listen on", listen.at.shown), help);
        None
    }
}

/// A host with its port; IPv6 in brackets.
fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok())??;
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let sound = match inside {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')),
    };
    sound.then_some((host, port))
}

/// `[protocol://]host[:port]`, as librdkafka reads it.
fn is_broker(text: &str) -> bool {
    let text = match text.split_once("://") {
        Some((protocol, rest))
            if ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
                .contains(&protocol.to_lowercase().as_str()) =>
        {
            rest
        }
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
