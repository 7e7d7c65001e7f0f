//! The configuration of a test, and events that match it.
//!
//! By default, webhook `NAME` gets a post for every event whose `event` is `NAME`, and the post's
//! text is the event's `n`.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use super::broker::{Broker, Record, unique};
use super::slack::Slack;
use crate::checker::Expected;

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
    /// The name, the line with the URL, and more lines of each webhook.
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
        out.push_str("webhooks:\n");
        for (name, url, lines) in &self.webhooks {
            let _ = writeln!(out, "  {name}:\n    {url}");
            for line in lines {
                let _ = writeln!(out, "    {line}");
            }
        }
        let _ = writeln!(out, "actions:\n{}admin:\n  listen: \"{admin}\"", self.actions);
        out
    }
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
