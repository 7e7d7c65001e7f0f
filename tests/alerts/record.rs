//! The faults, by the component that has them. Each is a recording of some minutes; all are made in
//! parallel.

mod configuration;

mod healthy;

mod kafka;

mod replicas;

mod slack;

use crate::harness::broker::{Broker, Record};
use crate::harness::setup::{Setup, event};
use crate::harness::slack::Slack;

/// The partitions of every topic here.
const PARTITIONS: i32 = 4;

/// Minutes until an alert over ten minutes has stopped.
const FORGOTTEN: usize = 12;

/// A topic, its producer, and a fake Slack.
struct Fixture {
    broker: Broker,
    slack: Slack,
    topic: String,
    produced: u64,
}

impl Fixture {
    /// Creates a topic with this name on the broker of `tests/alerts.sh`.
    fn on_real(topic: &str) -> Self {
        Self::on(Broker::real(), topic)
    }

    fn on(broker: Broker, topic: &str) -> Self {
        broker.create(topic, PARTITIONS, &[]);
        Self { broker, slack: Slack::start(), topic: topic.to_owned(), produced: 0 }
    }

    /// A configuration without webhooks.
    fn setup(&self) -> Setup {
        Setup::new(&self.broker, &[&self.topic])
    }

    /// The usual configuration: two webhooks, each with the action of its name.
    fn sales_and_support(&self) -> Setup {
        self.setup().webhook(&self.slack, "sales", &[]).webhook(&self.slack, "support", &[])
    }

    /// Produces this many events for a webhook.
    fn events(&mut self, webhook: &str, count: u64) {
        self.records(count, |n| event(webhook, n));
    }

    /// Produces this many records, to the partitions in turn.
    fn records(&mut self, count: u64, payload: impl Fn(u64) -> String) {
        let numbers = self.produced..self.produced + count;
        self.produced += count;
        let record = |n: u64| Record::new((n % PARTITIONS as u64) as i32, payload(n));
        self.broker.produce(&self.topic, &numbers.map(record).collect::<Vec<_>>());
    }

    /// Produces this many tombstones, as a compacted topic has them.
    fn tombstones(&mut self, count: i32) {
        let tombstone = |n| Record { partition: n % PARTITIONS, ..Record::default() };
        self.broker.produce(&self.topic, &(0..count).map(tombstone).collect::<Vec<_>>());
    }

    /// Produces the events of 15 s of a quiet day.
    fn quiet_day(&mut self) {
        self.events("sales", 2);
        self.events("support", 2);
    }
}
