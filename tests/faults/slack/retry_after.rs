//! An active `Retry-After` outlives the process: neither a restarted worker nor a member that takes
//! over the partition sends earlier.

use std::time::Duration;

use crate::checker::{Expected, Faults};
use crate::faults::report::{figures, line};
use crate::harness::broker::{Broker, unique};
use crate::harness::poll::throughout;
use crate::harness::program::{Program, Signal};
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const FAST: &[&str] = &["rate_per_second: 50", "burst: 5"];

/// The time between the 429 and the kill: enough to commit it, without other events.
const KNOWN_FOR: Duration = Duration::from_secs(1);

/// A worker whose webhook `limited` has just answered 429.
struct Limited {
    broker: Broker,
    slack: Slack,
    topic: String,
    expected: Vec<Expected>,
    /// The time of the 429.
    at: Duration,
    pause: Duration,
}

impl Limited {
    /// The owner of the partition gets the 429.
    fn new(broker: Broker, slack: Slack, topic: String, seconds: u64) -> Self {
        slack.script("limited", [Answer::Ok, Answer::RateLimited(seconds)]);
        let expected = produce(&broker, &topic, 1, "limited", 0..5);
        slack.await_requests("limited", 2);
        let at = slack.arrivals("limited")[1];
        Self { broker, slack, topic, expected, at, pause: Duration::from_secs(seconds) }
    }

    /// Ends the worker that received it.
    fn end(&self, program: Program, how: Signal) {
        if how == Signal::Term {
            drop(program.stop());
            return;
        }
        program.await_metrics("the throttle is shown", |scrape| {
            scrape.sum("slackline_throttled_until_timestamp_seconds", &[("webhook", "limited")])
                > 0.0
        });
        throughout(KNOWN_FOR, KNOWN_FOR, |_| {});
        program.kill();
    }

    /// The other webhook continues immediately, the throttled one when its time is over.
    fn check(mut self, program: Program, group: &str, fault: &str) {
        self.expected.extend(produce(&self.broker, &self.topic, 1, "free", 0..5));
        self.slack.await_requests("free", 5);
        let free = self.slack.now() - self.at;
        self.slack.await_all_accepted(&self.expected);
        let faults = Faults::find(&self.expected, &self.slack.posts());
        let waited = self.slack.arrivals("limited")[2] - self.at;
        line(
            &format!("Retry-After of {} s outlives {fault}", self.pause.as_secs()),
            1,
            &format!("{} · next request after {:.1} s", figures(&faults), waited.as_secs_f64()),
        );
        faults.assert_none();
        assert!(waited >= self.pause, "the next request was {waited:?} after the 429");
        assert!(free < self.pause, "the other webhook waited too: {free:?}");
        self.broker.await_committed(group, &self.topic, 1);
        program.stop();
    }
}

fn restarted(how: Signal) {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let mut setup = Setup::new(&broker, &[&topic])
        .webhook(&slack, "limited", FAST)
        .webhook(&slack, "free", FAST);
    if how == Signal::Kill {
        // So that the partition is assigned again immediately, not after the session.
        setup.kafka = vec![format!("instance_id: {}", unique("member"))];
    }
    let first = Program::ready(&setup);
    let limited = Limited::new(broker, slack, topic, 5);
    limited.end(first, how);
    let second = Program::ready(&setup);
    limited.check(second, &setup.group, &format!("{} and a restart", name(how)));
}

fn taken_over(how: Signal, seconds: u64) {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let mut setup = Setup::new(&broker, &[&topic])
        .webhook(&slack, "limited", FAST)
        .webhook(&slack, "free", FAST);
    setup.properties = vec![
        ("session.timeout.ms", "4000".to_owned()),
        ("heartbeat.interval.ms", "500".to_owned()),
    ];
    let members = [Program::ready(&setup), Program::ready(&setup)];
    let limited = Limited::new(broker, slack, topic, seconds);
    let owns =
        |program: &Program| program.scrape().sum("slackline_assigned_partitions", &[]) == 1.0;
    let [first, second] = members;
    let (owner, other) = if owns(&first) { (first, second) } else { (second, first) };
    limited.end(owner, how);
    other.await_sum("slackline_assigned_partitions", &[], 1.0);
    limited.check(other, &setup.group, &format!("{} and a take-over", name(how)));
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_retry_after_outlives_a_stop_and_a_restart() {
    restarted(Signal::Term);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_retry_after_outlives_a_kill_and_a_restart() {
    restarted(Signal::Kill);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_retry_after_moves_with_the_partition_of_a_member_that_stops() {
    taken_over(Signal::Term, 5);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_retry_after_moves_with_the_partition_of_a_killed_member() {
    // More than a second, the session of 4 s and a rebalance.
    taken_over(Signal::Kill, 10);
}

fn name(how: Signal) -> &'static str {
    if how == Signal::Kill { "SIGKILL" } else { "SIGTERM" }
}
