//! The configurations of the benchmarks: a number of actions of one kind, as YAML text.
//!
//! The last trigger of each set is of the same kind as the others and matches only the marks
//! (`events::mark`), whose posts show that the whole topic was read. In a set of one it is the only
//! trigger.
#![allow(dead_code, reason = "not every program that shares this file uses all of it")]

use std::fmt::Write as _;
use std::path::Path;

use slackline::config::{self, model::Config};

use super::events::{NAMES, SHARDS};

/// A kind of triggers, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Triggers {
    /// This many that compare with a value that no event has; half of them with a name that no
    /// event has.
    Selective(usize),
    /// This many with the same equality and different numbers, which no event reaches.
    Numbers(usize),
    /// This many; one event in a hundred matches one of them.
    Matching(usize),
    /// 64 that read 3 paths.
    Paths3,
    /// 64 that read 64 paths.
    Paths64,
    /// This many selective ones, with one per shard that matches the orders of that shard.
    Full(usize),
    /// This many, of which an event matches those of its group.
    Grouped(usize),
}

/// The groups `g0`, `g1` … of [`Triggers::Grouped`].
pub const GROUPS: usize = 100;

/// The webhook that receives the marks.
pub const MARKS: &str = "marks";

/// 61 paths besides `type`, `event` and `properties.plan`.
const PATHS: [&str; 61] = [
    "userId",
    "anonymousId",
    "messageId",
    "timestamp",
    "name",
    "sentAt",
    "receivedAt",
    "version",
    "channel",
    "properties.name",
    "properties.orderId",
    "properties.shard",
    "properties.currency",
    "properties.query",
    "properties.score",
    "properties.comment",
    "properties.total",
    "properties.path",
    "properties.url",
    "properties.title",
    "properties.referrer",
    "properties.visits",
    "properties.search",
    "properties.coupon",
    "properties.tax",
    "properties.shipping",
    "properties.discount",
    "properties.product.sku",
    "properties.product.name",
    "properties.product.price",
    "properties.product.quantity",
    "properties.feature.id",
    "properties.feature.beta",
    "properties.feature.owner",
    "traits.name",
    "traits.email",
    "traits.plan",
    "traits.seats",
    "traits.trial",
    "traits.company.name",
    "traits.company.employees",
    "traits.company.industry",
    "traits.address.city",
    "traits.address.country",
    "traits.address.postalCode",
    "context.ip",
    "context.locale",
    "context.userAgent",
    "context.library.name",
    "context.library.version",
    "context.campaign.name",
    "context.campaign.source",
    "context.campaign.medium",
    "context.campaign.term",
    "context.page.path",
    "context.page.title",
    "context.device.id",
    "context.device.model",
    "context.os.name",
    "context.os.version",
    "context.timezone",
];

impl Triggers {
    /// The number of triggers.
    pub fn count(self) -> usize {
        match self {
            Self::Selective(count)
            | Self::Numbers(count)
            | Self::Matching(count)
            | Self::Full(count)
            | Self::Grouped(count) => count,
            Self::Paths3 | Self::Paths64 => 64,
        }
    }

    /// The `index`th of them.
    fn trigger(self, index: usize) -> String {
        let (order, name) = (NAMES[0], NAMES[index % NAMES.len()]);
        let condition = match self {
            Self::Numbers(count) if index + 1 == count => "properties.total < `0`".to_owned(),
            _ if index + 1 == self.count() => {
                format!("event == '{order}' && properties.plan == 'bench-mark'")
            }
            Self::Full(_) if (index as u64) < SHARDS => {
                format!("event == '{order}' && properties.shard == 's{index}'")
            }
            Self::Selective(_) | Self::Full(_) if index.is_multiple_of(2) => {
                format!("event == 'Button {index} Pressed'")
            }
            Self::Selective(_) | Self::Full(_) | Self::Paths3 => {
                format!("event == '{name}' && properties.plan == 'never-{index}'")
            }
            Self::Numbers(_) => format!("properties.total > `{}`", 10_000 + index),
            Self::Grouped(_) => format!("properties.group == 'g{}'", index % GROUPS),
            Self::Matching(_) => format!("event == '{order}' && properties.plan == 'plan-{index}'"),
            Self::Paths64 => {
                format!("event == '{name}' && {} == 'never-{index}'", PATHS[index % PATHS.len()])
            }
        };
        format!("type == 'track' && {condition}")
    }
}

/// The parts of a configuration besides its triggers.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Bootstrap servers.
    pub brokers: String,
    /// The consumer group. A new one starts from the earliest offset.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The fake Slack: `http://HOST:PORT`.
    pub slack: String,
    /// The address of `/metrics`.
    pub admin: String,
    /// The number of webhooks besides [`MARKS`], `w0`, `w1` …; the actions use them in turn.
    pub webhooks: usize,
    /// What each of them posts to.
    pub destinations: Destinations,
    /// The settings of each of them.
    pub settings: &'static str,
}

/// What the webhooks besides [`MARKS`] post to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destinations {
    /// Each has a URL.
    IncomingWebhooks,
    /// Each is a channel of one app, whose own rate does not limit them.
    Channels,
}

impl Default for Setup {
    fn default() -> Self {
        Self::of("events")
    }
}

impl Setup {
    /// The set-up for one topic, with addresses that are never called.
    pub fn of(topic: &str) -> Self {
        Self {
            brokers: "localhost:9092".to_owned(),
            group: "slackline".to_owned(),
            topic: topic.to_owned(),
            slack: "http://127.0.0.1:9465".to_owned(),
            admin: "127.0.0.1:9464".to_owned(),
            webhooks: 10,
            destinations: Destinations::IncomingWebhooks,
            settings: "timeout: 10m",
        }
    }
}

/// The path of a webhook at the fake Slack.
pub fn path(webhook: &str) -> String {
    format!("/services/T00/B00/{webhook}")
}

/// The checked configuration.
pub fn config(setup: &Setup, triggers: Triggers) -> Config {
    checked(&yaml(setup, triggers))
}

/// Checks the text of a configuration file.
///
/// # Panics
/// If it is invalid.
pub fn checked(yaml: &str) -> Config {
    match config::check(yaml, Path::new("bench.yaml"), &|_| None, &|path| std::fs::read(path)) {
        Ok(loaded) => loaded.config,
        Err(errors) => unreachable!("the benchmark's own configuration: {errors}"),
    }
}

/// The text of a configuration file.
pub fn yaml(setup: &Setup, triggers: Triggers) -> String {
    let Setup { brokers, group, topic, slack, admin, webhooks, destinations, settings } = setup;
    let mut yaml = format!(
        "kafka:\n  brokers: \"{brokers}\"\n  group_id: {group}\n  topics: [{topic}]\n  start: earliest\nadmin:\n  listen: {admin}\n"
    );
    if *destinations == Destinations::Channels {
        let _ = writeln!(
            yaml,
            "apps:\n  bench: {{ token: xoxb-bench, api_url: \"{slack}/api/\", posts_per_minute: 600000 }}"
        );
    }
    yaml += "webhooks:\n";
    let url = |name: &str| format!("url: \"{slack}{}\"", path(name));
    // Fast enough that marks do not wait for each other.
    let _ = writeln!(yaml, "  {MARKS}: {{ {}, rate_per_second: 1000, burst: 100 }}", url(MARKS));
    for index in 0..*webhooks {
        let name = format!("w{index}");
        let destination = match destinations {
            Destinations::IncomingWebhooks => url(&name),
            Destinations::Channels => format!("app: bench, channel: \"#{name}\""),
        };
        let _ = writeln!(yaml, "  {name}: {{ {destination}, {settings} }}");
    }
    yaml += "actions:\n";
    for index in 0..triggers.count() {
        // A JSON string is valid YAML.
        let trigger = serde_json::Value::from(triggers.trigger(index));
        let (webhook, message) = if index + 1 == triggers.count() {
            (MARKS.to_owned(), "{{messageId}}")
        } else {
            (
                format!("w{}", index % webhooks),
                "🎉 {{properties.name}} ({{userId}}): {{event}} for {{properties.total}} EUR",
            )
        };
        let _ = writeln!(
            yaml,
            "  - {{ name: action-{index}, trigger: {trigger}, webhook: {webhook}, message: \"{message}\" }}"
        );
    }
    yaml
}
