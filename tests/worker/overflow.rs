//! A full queue: deliveries are dropped and counted, or the topic is paused, by its policy; other
//! webhooks are not affected.

use crate::checker::{Expected, Faults};
use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const RETRY: &str = "retry: {initial: 20ms, max: 100ms, max_elapsed: 10m}";
const FAST: &[&str] = &["rate_per_second: 100", "burst: 10"];

/// Ten events for a webhook that is down and whose queue holds three; then it is up again. Returns
/// the events and the faults found.
fn ten_into_three(when_full: &str) -> (Vec<Expected>, Faults) {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let policy = format!("when_full: {when_full}");
    let lines = ["rate_per_second: 100", "burst: 10", "queue_capacity: 3", &policy, RETRY];
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", &lines).webhook(&slack, "other", FAST);
    let program = Program::ready(&setup);
    slack.default("a", Answer::Status(503, "down"));
    // The first is in flight before the others arrive, so it is not in the queue.
    let mut expected = produce(&broker, &topic, 1, "a", 0..1);
    slack.await_requests("a", 1);
    expected.extend(produce(&broker, &topic, 1, "a", 1..10));
    let others = produce(&broker, &topic, 1, "other", 100..105);
    slack.await_accepted(5);
    let overflow = [("webhook", "a"), ("reason", "overflow")];
    let scrape = program.await_sum("slackline_deliveries_dropped_total", &overflow, 6.0);
    assert_eq!(scrape.sum("slackline_queue_depth", &[("webhook", "a")]), 3.0);
    assert_eq!(scrape.sum("slackline_queue_capacity", &[("webhook", "a")]), 3.0);
    assert_eq!(scrape.sum("slackline_deliveries_dropped_total", &[("webhook", "other")]), 0.0);
    assert!(!program.warnings("overflow").is_empty(), "a drop is logged");
    slack.default("a", Answer::Ok);
    slack.await_accepted(5 + 4);
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
    let all: Vec<_> = expected.iter().chain(&others).cloned().collect();
    let faults = Faults::find(&all, &slack.posts());
    (expected, faults)
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn drop_newest_keeps_the_first_deliveries() {
    let (expected, faults) = ten_into_three("drop_newest");
    let lost = expected[4..].iter().map(|one| (one.webhook.clone(), one.id)).collect();
    assert_eq!(faults, Faults { lost, ..Faults::default() });
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn drop_oldest_keeps_the_last_deliveries() {
    let (expected, faults) = ten_into_three("drop_oldest");
    let lost = expected[1..7].iter().map(|one| (one.webhook.clone(), one.id)).collect();
    assert_eq!(faults, Faults { lost, ..Faults::default() });
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn block_pauses_only_the_topics_that_feed_it() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let (feeding, free) = (broker.topic(2), broker.topic(2));
    let lines =
        ["rate_per_second: 100", "burst: 10", "queue_capacity: 5", "when_full: block", RETRY];
    let action = |name: &str, topic: &str| {
        format!(
            "  - {{name: {name}, topics: [{topic}], trigger: \"event == '{name}'\", webhook: {name}, message: '{{{{n}}}}'}}\n"
        )
    };
    let setup = Setup::new(&broker, &[&feeding, &free])
        .webhook_with(&slack, "slow", &lines, &action("slow", &feeding))
        .webhook_with(&slack, "free", FAST, &action("free", &free));
    let program = Program::ready(&setup);
    slack.default("slow", Answer::Status(503, "down"));
    let mut expected = produce(&broker, &feeding, 2, "slow", 0..200);
    program.await_sum("slackline_paused_partitions", &[("topic", &feeding)], 2.0);

    // While it is paused, the other topic is read and delivered as usual.
    expected.extend(produce(&broker, &free, 2, "free", 1000..1020));
    slack.await_accepted(20);
    broker.await_committed(&setup.group, &free, 2);
    let scrape = program.scrape();
    assert_eq!(scrape.sum("slackline_paused_partitions", &[("topic", &free)]), 0.0);
    assert_eq!(scrape.sum("slackline_paused_partitions", &[("topic", &feeding)]), 2.0);
    let held = scrape.sum("slackline_deliveries_matched_total", &[("webhook", "slow")]);
    assert!(held <= 7.0, "{held} deliveries were admitted to a queue of 5 with one in flight");

    // The read lag includes new events of a paused partition, because scaling and alerts use it.
    expected.extend(produce(&broker, &feeding, 2, "slow", 200..300));
    program.await_metrics("the read lag grows while paused", |scrape| {
        let read = scrape.sum("slackline_events_consumed_total", &[("topic", &feeding)]);
        scrape.sum("slackline_read_lag", &[("topic", &feeding)]) == 300.0 - read
    });

    slack.default("slow", Answer::Ok);
    slack.await_accepted(320);
    broker.await_committed(&setup.group, &feeding, 2);
    let scrape = program.await_sum("slackline_paused_partitions", &[("topic", &feeding)], 0.0);
    assert_eq!(scrape.sum("slackline_deliveries_dropped_total", &[]), 0.0);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}

/// A member whose `block` queue is full gets another partition: it reads nothing of it before there
/// is room, and then delivers the pending events first.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_newly_assigned_partition_starts_paused_while_the_queue_that_it_feeds_is_full() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(2);
    let lines =
        ["rate_per_second: 100", "burst: 10", "queue_capacity: 5", "when_full: block", RETRY];
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", &lines);
    let (staying, leaving) = (Program::ready(&setup), Program::ready(&setup));
    for program in [&staying, &leaving] {
        program.await_sum("slackline_assigned_partitions", &[], 1.0);
    }
    slack.default("a", Answer::Status(503, "down"));
    let expected = produce(&broker, &topic, 2, "a", 0..100);
    for program in [&staying, &leaving] {
        program.await_sum("slackline_paused_partitions", &[], 1.0);
    }
    leaving.stop();
    let scrape = staying.await_sum("slackline_assigned_partitions", &[], 2.0);
    assert_eq!(scrape.sum("slackline_paused_partitions", &[]), 2.0);
    assert_eq!(
        scrape.sum("slackline_deliveries_restored_total", &[]),
        0.0,
        "it was read without room in the queue"
    );
    slack.default("a", Answer::Ok);
    slack.await_accepted(100);
    broker.await_committed(&setup.group, &topic, 2);
    Faults::find(&expected, &slack.posts()).assert_none();
    staying.stop();
}
