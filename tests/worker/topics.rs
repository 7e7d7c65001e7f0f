//! A topic that is deleted and made anew under a running worker, under every protocol: what is in the new one is delivered from its beginning.

use crate::checker::Faults;
use crate::harness::broker::Broker;
use crate::harness::poll::until;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const FAST: &[&str] = &["rate_per_second: 200", "burst: 5", "queue_capacity: 1000"];

/// `after` events in the new topic, where 20 had been read of the old one.
fn a_topic_made_anew(after: u64, properties: &[(&'static str, &str)]) -> Faults {
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
    // A producer of before would look for the topic that is gone.
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
fn a_topic_made_anew_with_less_than_was_read_of_the_old_one_is_read_from_its_beginning() {
    // The client finds its position beyond the end: nothing was read before that.
    assert_eq!(a_topic_made_anew(5, &[]).repeated, []);
}

/// The client reads on at the old position, and says nothing: what it reads until the id is looked at comes again.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_made_anew_with_more_than_was_read_of_the_old_one_is_read_from_its_beginning() {
    a_topic_made_anew(50, &[]);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_made_anew_is_read_from_its_beginning_also_in_a_kip_848_group() {
    a_topic_made_anew(50, &[("group.protocol", "consumer")]);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_made_anew_is_read_from_its_beginning_also_with_an_eager_assignor() {
    a_topic_made_anew(
        50,
        &[("partition.assignment.strategy", "range"), ("session.timeout.ms", "6000")],
    );
}

/// What was taken of the old one and waits for room is of no topic any more: read first, it would be a position in the new one, and all below would be skipped.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_made_anew_under_a_paused_reader_is_read_from_its_beginning() {
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
    until("the new topic is seen", || !program.warnings("deciding anew").is_empty());
    slack.default("a", Answer::Ok);
    slack.await_all_accepted(&new);
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
    let faults = Faults::find(&new, &slack.posts());
    assert_eq!((&faults.lost, &faults.repeated, &faults.disordered), (&vec![], &vec![], &vec![]));
}
