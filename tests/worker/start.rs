//! Starting offsets, and waiting for brokers and topics.

use std::time::Duration;

use crate::checker::Faults;
use crate::harness::broker::{Broker, unique};
use crate::harness::poll::until;
use crate::harness::port::free_address;
use crate::harness::program::{Program, Signal};
use crate::harness::proxy;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const FAST: &[&str] = &["rate_per_second: 100", "burst: 5", "queue_capacity: 700"];

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_new_group_starts_at_the_end_and_commits_that_immediately() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(3);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    produce(&broker, &topic, 3, "a", 0..30);
    let program = Program::ready(&setup);
    // Ready means that the start is committed, before any event arrived.
    assert_eq!(broker.committed(&setup.group, &topic, 3), [Some(10); 3]);
    let expected = produce(&broker, &topic, 3, "a", 100..106);
    slack.await_accepted(6);
    broker.await_committed(&setup.group, &topic, 3);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_restart_before_the_first_event_skips_nothing() {
    for how in [Signal::Term, Signal::Kill] {
        let (broker, slack) = (Broker::real(), Slack::start());
        let topic = broker.topic(2);
        let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
        produce(&broker, &topic, 2, "a", 0..4);
        let first = Program::ready(&setup);
        if how == Signal::Kill {
            first.kill()
        } else {
            drop(first.stop())
        }
        // Events that arrive without a reader, on a partition with only its first commit.
        let expected = produce(&broker, &topic, 2, "a", 100..110);
        let second = Program::ready(&setup);
        slack.await_accepted(10);
        broker.await_committed(&setup.group, &topic, 2);
        Faults::find(&expected, &slack.posts()).assert_none();
        second.stop();
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn with_earliest_a_new_group_reads_everything_and_a_known_one_continues() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(2);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST).earliest();
    let mut expected = produce(&broker, &topic, 2, "a", 0..20);
    let first = Program::ready(&setup);
    slack.await_accepted(20);
    broker.await_committed(&setup.group, &topic, 2);
    first.stop();
    expected.extend(produce(&broker, &topic, 2, "a", 100..120));
    let second = Program::ready(&setup);
    slack.await_accepted(40);
    broker.await_committed(&setup.group, &topic, 2);
    Faults::find(&expected, &slack.posts()).assert_none();
    second.stop();
}

/// Events that the retention removed are lost, but reported, and the remaining ones are delivered.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn events_removed_before_they_were_read_are_counted_and_the_rest_is_delivered() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    Program::ready(&setup).stop();
    let expected = produce(&broker, &topic, 1, "a", 0..50);
    broker.delete_below(&topic, 0, 30);
    let program = Program::ready(&setup);
    slack.await_accepted(20);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected[30..], &slack.posts()).assert_none();
    program.await_sum("slackline_offsets_lost_total", &[("topic", &topic)], 30.0);
    assert_eq!(program.warnings("events were removed by retention before they were read").len(), 1);
    program.stop();
}

const BLOCKED: &[&str] = &[
    "rate_per_second: 100",
    "burst: 5",
    "queue_capacity: 5",
    "when_full: block",
    "retry: {initial: 10ms, max: 100ms}",
];

/// The same under a running worker: a paused partition whose next records were removed continues at
/// the first remaining one. Records that were fetched before are not lost.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn events_removed_from_a_paused_topic_are_counted() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let mut setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", BLOCKED);
    // The smallest prefetch: one producer batch at a time, until a kilobyte waits.
    for name in ["queued.max.messages.kbytes", "fetch.message.max.bytes"] {
        setup.properties.push((name, "1".to_owned()));
    }
    let program = Program::ready(&setup);
    slack.default("a", Answer::Status(503, "down"));
    let mut expected = Vec::new();
    for batch in 0..100 {
        expected.extend(produce(&broker, &topic, 1, "a", batch * 10..(batch + 1) * 10));
    }
    program.await_sum("slackline_paused_partitions", &[("topic", &topic)], 1.0);
    broker.delete_below(&topic, 0, 960);
    slack.default("a", Answer::Ok);
    slack.await_all_accepted(&expected[960..]);
    broker.await_committed(&setup.group, &topic, 1);
    let scrape = program.stop();
    let lost = scrape.sum("slackline_offsets_lost_total", &[("topic", &topic)]) as usize;
    assert!((1..955).contains(&lost), "{lost} lost");
    let kept: Vec<_> = expected[..960 - lost].iter().chain(&expected[960..]).cloned().collect();
    Faults::find(&kept, &slack.posts()).assert_none();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn fetched_events_that_wait_for_room_are_delivered_after_their_removal() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", BLOCKED);
    let program = Program::ready(&setup);
    slack.default("a", Answer::Status(503, "down"));
    let expected = produce(&broker, &topic, 1, "a", 0..400);
    program.await_sum("slackline_paused_partitions", &[("topic", &topic)], 1.0);
    // The client learns the end by fetching, so everything is fetched once it knows the end.
    program.await_metrics("the end is known", |scrape| {
        let read = scrape.sum("slackline_events_consumed_total", &[]);
        scrape.sum("slackline_read_lag", &[("topic", &topic)]) == 400.0 - read
    });
    broker.delete_below(&topic, 0, 300);
    slack.default("a", Answer::Ok);
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 1);
    let scrape = program.stop();
    assert_eq!(scrape.sum("slackline_offsets_lost_total", &[]), 0.0);
    Faults::find(&expected, &slack.posts()).assert_none();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn an_added_partition_is_read_from_its_earliest_offset_whatever_start_is() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    produce(&broker, &topic, 1, "a", 0..5);
    Program::ready(&setup).stop();
    broker.grow(&topic, 3);
    // The old producer does not know the new partitions yet.
    let broker = Broker::real();
    let expected = produce(&broker, &topic, 3, "a", 100..130);
    let program = Program::ready(&setup);
    slack.await_accepted(30);
    broker.await_committed(&setup.group, &topic, 3);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_missing_broker_is_waited_for() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let absent = free_address();
    let mut setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    setup.brokers = absent.to_string();
    let mut program = Program::start(&setup);
    until("the cause is logged", || !program.warnings(&absent.to_string()).is_empty());
    let (status, reason) = program.readiness();
    assert_eq!((status, reason.trim().is_empty()), (503, false), "not ready, with a reason");
    // Long enough for several attempts, to see that the line is not repeated.
    let waited = std::time::Instant::now();
    until("some seconds without a broker", || {
        assert!(program.is_running(), "the program ended");
        waited.elapsed() > Duration::from_secs(4)
    });
    assert_eq!(program.readiness().0, 503);
    let lines = program.warnings("");
    assert_eq!(lines.len(), 1, "one clear line: {lines:#?}");

    proxy::forward(absent, &broker.address);
    program.await_ready();
    let expected = produce(&broker, &topic, 1, "a", 0..5);
    slack.await_accepted(5);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_missing_topic_is_waited_for() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = unique("events-later");
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    let mut program = Program::start(&setup);
    until("the cause is logged", || !program.warnings(&topic).is_empty());
    let (status, reason) = program.readiness();
    assert_eq!(status, 503);
    assert!(reason.contains(&topic), "the reason does not name the topic: `{reason}`");
    assert!(program.is_running());

    broker.create(&topic, 2, &[]);
    program.await_ready();
    let lines = program.warnings(&topic);
    assert_eq!(lines.len(), 1, "one clear line: {lines:#?}");
    let expected = produce(&broker, &topic, 2, "a", 0..6);
    slack.await_accepted(6);
    broker.await_committed(&setup.group, &topic, 2);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}

#[test]
fn a_stop_before_any_broker_answered_is_a_clean_stop() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let mut setup = Setup::new(&broker, &["t"]).webhook(&slack, "a", FAST);
    setup.brokers = free_address().to_string();
    let program = Program::start(&setup);
    program.readiness();
    program.stop();
}
