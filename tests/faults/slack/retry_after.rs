//! An active `Retry-After` outlives the process, that of a webhook, of an app's channel and of a
//! whole app: neither a restarted worker nor a member that takes over the partition sends earlier.

use std::time::Duration;

use crate::checker::{Expected, Faults};
use crate::faults::report::{figures, line};
use crate::harness::broker::{Broker, unique};
use crate::harness::poll::throughout;
use crate::harness::program::{Program, Signal};
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const FAST: &[&str] = &["rate_per_second: 50", "burst: 5"];

/// Each gets one post and then a 429: an incoming webhook, a channel of the app `one`, and two
/// channels of the app `two`, so that this app waits.
const LIMITED: [&str; 4] = ["limited", "channel", "first", "second"];

/// A further channel of the app `two`, which waits too, although none of its requests got a 429.
const WAITS: &str = "third";

/// An incoming webhook, and another channel of the app `one`.
const FREE: [&str; 2] = ["free", "open"];

/// The time between the last 429 and the kill: enough to commit it, without other events.
const KNOWN_FOR: Duration = Duration::from_secs(1);

fn setup(broker: &Broker, slack: &Slack, topic: &str) -> Setup {
    let all = LIMITED.iter().chain([&WAITS]).chain(&FREE);
    all.fold(Setup::new(broker, &[topic]), |setup, name| setup.webhook(slack, name, FAST))
        .app(slack, "one", APP)
        .app(slack, "two", APP)
        .in_app("one", &["channel", "open"])
        .in_app("two", &["first", "second", WAITS])
}

const APP: &[&str] = &["posts_per_minute: 60000"];

/// A worker whose webhooks `LIMITED` have just answered 429.
struct Limited {
    broker: Broker,
    slack: Slack,
    topic: String,
    expected: Vec<Expected>,
    /// The time of each webhook's 429.
    at: Vec<Duration>,
    pause: Duration,
}

impl Limited {
    /// The owner of the partition gets the 429s.
    fn new(broker: Broker, slack: Slack, topic: String, seconds: u64) -> Self {
        let mut expected = Vec::new();
        for name in LIMITED {
            slack.script(name, [Answer::Ok, Answer::RateLimited(seconds)]);
            expected.extend(produce(&broker, &topic, 1, name, 0..5));
        }
        LIMITED.iter().for_each(|name| slack.await_requests(name, 2));
        let at = LIMITED.iter().map(|name| slack.arrivals(name)[1]).collect();
        Self { broker, slack, topic, expected, at, pause: Duration::from_secs(seconds) }
    }

    /// Ends the worker that received them.
    fn end(&self, program: Program, how: Signal) {
        program.await_metrics("the throttles are shown", |scrape| {
            LIMITED.iter().chain([&WAITS]).all(|name| {
                let of = [("webhook", *name)];
                scrape.sum("slackline_throttled_until_timestamp_seconds", &of) > 0.0
            })
        });
        if how == Signal::Term {
            drop(program.stop());
            return;
        }
        throughout(KNOWN_FOR, KNOWN_FOR, |_| {});
        program.kill();
    }

    /// The free webhooks continue immediately, the throttled ones when their time is over.
    fn check(mut self, program: Program, group: &str, fault: &str) {
        for name in FREE.into_iter().chain([WAITS]) {
            self.expected.extend(produce(&self.broker, &self.topic, 1, name, 0..5));
        }
        FREE.iter().for_each(|name| self.slack.await_requests(name, 5));
        let free = self.slack.now() - self.at[0];
        self.slack.await_all_accepted(&self.expected);
        let faults = Faults::find(&self.expected, &self.slack.posts());
        let next = |name: &str, request: usize| self.slack.arrivals(name)[request];
        let waited = LIMITED.iter().zip(&self.at).map(|(name, at)| next(name, 2) - *at);
        // The app `two` waits until the later of its two.
        let waited = waited.chain([next(WAITS, 0) - self.at[2].max(self.at[3])]).min().unwrap();
        line(
            &format!("Retry-After of {} s outlives {fault}", self.pause.as_secs()),
            1,
            &format!("{} · next request after {:.1} s", figures(&faults), waited.as_secs_f64()),
        );
        faults.assert_none();
        assert!(waited >= self.pause, "the next request was {waited:?} after the 429");
        assert!(free < self.pause, "the other webhooks waited too: {free:?}");
        self.broker.await_committed(group, &self.topic, 1);
        program.stop();
    }
}

fn restarted(how: Signal) {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let mut setup = setup(&broker, &slack, &topic);
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
    let mut setup = setup(&broker, &slack, &topic);
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
