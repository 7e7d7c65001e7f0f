//! A topic that is deleted and recreated under a running worker, with every protocol: the new topic
//! is delivered from its earliest offset.

use crate::checker::Faults;
use crate::harness::broker::Broker;
use crate::harness::poll::until;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const FAST: &[&str] = &["rate_per_second: 200", "burst: 5", "queue_capacity: 1000"];

/// Recreates a topic with `after` events, of which 20 had been read before.
fn recreate(after: u64, properties: &[(&'static str, &str)]) -> Faults {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let mut setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    if !properties.is_empty() {
        setup.properties =
            properties.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    }
    let program = Program::ready(&setup);
    let before = produce(&broker, &topic, 1, "a", 0..20);
    slack.await_all_accepted(&before);
    broker.await_committed(&setup.group, &topic, 1);
    broker.delete(&topic);
    broker.create(&topic, 1, &[]);
    // The old producer would search for the deleted topic.
    let broker = Broker::real();
    let new = produce(&broker, &topic, 1, "a", 100..100 + after);
    let expected: Vec<_> = before.into_iter().chain(new).collect();
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
    let faults = Faults::find(&expected, &slack.posts());
    assert_eq!((&faults.lost, &faults.unexpected), (&vec![], &vec![]));
    faults
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_recreated_topic_that_is_shorter_is_read_from_its_earliest_offset() {
    // The client finds its position past the end: it has read nothing before that.
    assert_eq!(recreate(5, &[]).repeated, []);
}

/// The client continues at the old position without an error: what it reads until the topic's id is
/// checked is repeated.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_recreated_topic_that_is_longer_is_read_from_its_earliest_offset() {
    recreate(50, &[]);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_recreated_topic_is_read_from_its_earliest_offset_in_a_kip_848_group() {
    recreate(50, &[("group.protocol", "consumer")]);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_recreated_topic_is_read_from_its_earliest_offset_with_an_eager_assignor() {
    recreate(50, &[("partition.assignment.strategy", "range"), ("session.timeout.ms", "6000")]);
}

/// A record of the old topic that waits for room must be discarded: read first, it would set a
/// position in the new topic, and everything below would be skipped.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_paused_topic_that_is_recreated_is_read_from_its_earliest_offset() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let lines = [
        "rate_per_second: 200",
        "queue_capacity: 5",
        "when_full: block",
        "retry: {initial: 50ms, max: 100ms}",
    ];
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", &lines);
    let program = Program::ready(&setup);
    slack.default("a", Answer::Status(503, "down"));
    produce(&broker, &topic, 1, "a", 0..100);
    program.await_sum("slackline_paused_partitions", &[("topic", &topic)], 1.0);
    broker.delete(&topic);
    broker.create(&topic, 1, &[]);
    let broker = Broker::real();
    let new = produce(&broker, &topic, 1, "a", 100..150);
    until("the new topic is seen", || {
        !program.warnings("resolving their starting offsets again").is_empty()
    });
    slack.default("a", Answer::Ok);
    slack.await_all_accepted(&new);
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
    let faults = Faults::find(&new, &slack.posts());
    assert_eq!((&faults.lost, &faults.repeated, &faults.disordered), (&vec![], &vec![], &vec![]));
}
