//! The configuration of a test, and events that match it.
//!
//! By default, webhook `NAME` gets a post for every event whose `event` is `NAME`, and the post's
//! text is the event's `n`. It posts to its URL, or to the channel `#NAME` of an app.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use super::broker::{Broker, Record, unique};
use super::slack::Slack;
use crate::checker::Expected;

/// A part of every app's token, and of no other text.
pub const SECRET_OF_APPS: &str = "harness-2718281828";

/// The parts of a configuration file.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Bootstrap servers.
    pub brokers: String,
    /// A consumer group that no other test uses.
    pub group: String,
    /// The topics to read.
    pub topics: Vec<String>,
    /// `latest` or `earliest`.
    pub start: &'static str,
    /// More lines of `kafka:`, without indentation.
    pub kafka: Vec<String>,
    /// librdkafka's properties.
    pub properties: Vec<(&'static str, String)>,
    /// The name, the line with the credential, and more lines of each app.
    apps: Vec<(String, String, Vec<String>)>,
    /// The name, the line with the URL or the app's channel, and more lines of each webhook.
    webhooks: Vec<(String, String, Vec<String>)>,
    /// The YAML of the actions.
    actions: String,
}

impl Setup {
    /// A worker on these topics, without webhooks yet.
    pub fn new(broker: &Broker, topics: &[&str]) -> Self {
        Self {
            brokers: broker.address.clone(),
            group: unique("slackline"),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            start: "latest",
            kafka: Vec::new(),
            // The shortest session that librdkafka's mock cluster accepts, so that a killed member
            // is removed soon.
            properties: vec![
                ("session.timeout.ms", "6000".to_owned()),
                ("heartbeat.interval.ms", "500".to_owned()),
            ],
            apps: Vec::new(),
            webhooks: Vec::new(),
            actions: String::new(),
        }
    }

    /// Sets `start: earliest`.
    pub fn earliest(mut self) -> Self {
        self.start = "earliest";
        self
    }

    /// Adds a webhook with its action. `lines` are more settings of the webhook.
    pub fn webhook(self, slack: &Slack, name: &str, lines: &[&str]) -> Self {
        let action = format!(
            "  - {{name: {name}, trigger: \"event == '{name}'\", webhook: {name}, message: '{{{{n}}}}'}}\n"
        );
        self.webhook_with(slack, name, lines, &action)
    }

    /// Adds a webhook with custom actions: a YAML list, indented by two spaces.
    pub fn webhook_with(
        mut self,
        slack: &Slack,
        name: &str,
        lines: &[&str],
        actions: &str,
    ) -> Self {
        let url = format!("url: {}", slack.url(name));
        self.webhooks.push((
            name.to_owned(),
            url,
            lines.iter().map(|line| (*line).to_owned()).collect(),
        ));
        self.actions.push_str(actions);
        self
    }

    /// Adds an app that posts to this fake Slack. `lines` are more settings of it.
    pub fn app(mut self, slack: &Slack, name: &str, lines: &[&str]) -> Self {
        let api = format!("api_url: {}", slack.api_url());
        let lines = std::iter::once(api).chain(lines.iter().map(|line| (*line).to_owned()));
        self.apps.push((name.to_owned(), format!("token: {}", token(name)), lines.collect()));
        self
    }

    /// Reads the token of the app `name` from a file.
    pub fn token_file(mut self, name: &str, file: &Path) -> Self {
        for (_, token, _) in self.apps.iter_mut().filter(|(of, ..)| of == name) {
            *token = format!("token_file: {}", file.display());
        }
        self
    }

    /// Lets these webhooks post to channels of one app, whose own rate is above theirs.
    pub fn on_channels(self, slack: &Slack, webhooks: &[&str]) -> Self {
        let setup = match self.apps.iter().any(|(name, ..)| name == "acme") {
            true => self,
            false => self.app(slack, "acme", &["posts_per_minute: 60000"]),
        };
        setup.in_app("acme", webhooks)
    }

    /// Lets each of these webhooks post to the app's channel of its name, in place of its URL.
    pub fn in_app(self, app: &str, webhooks: &[&str]) -> Self {
        webhooks.iter().fold(self, |setup, name| setup.in_app_as(app, name, name))
    }

    /// Lets a webhook post to the app's channel `#CHANNEL`, in place of its URL.
    pub fn in_app_as(mut self, app: &str, webhook: &str, channel: &str) -> Self {
        for (_, target, _) in self.webhooks.iter_mut().filter(|(name, ..)| name == webhook) {
            *target = format!("app: {app}\n    channel: \"#{channel}\"");
        }
        self
    }

    /// Reads the URL of the webhook `name` from a file.
    pub fn url_file(mut self, name: &str, file: &Path) -> Self {
        for (_, url, _) in self.webhooks.iter_mut().filter(|(of, ..)| of == name) {
            *url = format!("url_file: {}", file.display());
        }
        self
    }

    /// The text of the configuration file.
    pub fn yaml(&self, admin: SocketAddr) -> String {
        let mut out = String::new();
        let Self { brokers, group, topics, start, .. } = self;
        let _ = writeln!(
            out,
            "kafka:\n  brokers: \"{brokers}\"\n  group_id: {group}\n  start: {start}\n  topics: {topics:?}"
        );
        for line in &self.kafka {
            let _ = writeln!(out, "  {line}");
        }
        if !self.properties.is_empty() {
            out.push_str("  properties:\n");
        }
        for (name, value) in &self.properties {
            let _ = writeln!(out, "    {name}: \"{value}\"");
        }
        for (section, entries) in [("apps", &self.apps), ("webhooks", &self.webhooks)] {
            if !entries.is_empty() {
                let _ = writeln!(out, "{section}:");
            }
            for (name, credential, lines) in entries {
                let _ = writeln!(out, "  {name}:\n    {credential}");
                for line in lines {
                    let _ = writeln!(out, "    {line}");
                }
            }
        }
        let _ = writeln!(out, "actions:\n{}admin:\n  listen: \"{admin}\"", self.actions);
        out
    }
}

/// The bot token of an app.
pub fn token(app: &str) -> String {
    format!("xoxb-{SECRET_OF_APPS}-{app}")
}

/// An event for webhook `name`, identified by `n`.
pub fn event(name: &str, n: u64) -> String {
    format!(
        r#"{{"type":"track","userId":"u-{n}","event":"{name}","n":{n},"properties":{{"total":49.90}}}}"#
    )
}

/// Produces one event for `webhook` per id, to the partitions in turn.
pub fn produce(
    broker: &Broker,
    topic: &str,
    partitions: i32,
    webhook: &str,
    ids: impl IntoIterator<Item = u64>,
) -> Vec<Expected> {
    let ids: Vec<u64> = ids.into_iter().collect();
    let partition = |id: u64| (id % partitions as u64) as i32;
    let records: Vec<_> =
        ids.iter().map(|id| Record::new(partition(*id), event(webhook, *id))).collect();
    let offsets = broker.produce(topic, &records);
    ids.iter()
        .zip(offsets)
        .map(|(id, offset)| Expected {
            webhook: webhook.to_owned(),
            id: *id,
            partition: (topic.to_owned(), partition(*id)),
            offset,
        })
        .collect()
}
