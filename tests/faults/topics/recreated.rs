//! A topic that is deleted and recreated is another topic: its events are read from the earliest
//! offset.

use super::{FAST, await_no_lag};
use crate::checker::{Expected, Faults};
use crate::faults::report::{figures, line};
use crate::harness::broker::Broker;
use crate::harness::poll::until;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

const PARTITIONS: i32 = 2;
const OLD: u64 = 40;

/// A group that has read all events of a topic, before the topic is recreated.
struct Recreated {
    broker: Broker,
    slack: Slack,
    topic: String,
    setup: Setup,
}

impl Recreated {
    fn new() -> (Self, Program) {
        let (broker, slack) = (Broker::real(), Slack::start());
        let topic = broker.topic(PARTITIONS);
        let mut setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
        setup.properties.push(("topic.metadata.refresh.interval.ms", "500".to_owned()));
        let program = Program::ready(&setup);
        produce(&broker, &topic, PARTITIONS, "a", 0..OLD);
        slack.await_accepted(OLD as usize);
        broker.await_committed(&setup.group, &topic, PARTITIONS);
        (Self { broker, slack, topic, setup }, program)
    }

    /// Recreates the topic with these events, by a new producer, because the old one may still know
    /// the old topic.
    fn create(&self, ids: impl IntoIterator<Item = u64>) -> Vec<Expected> {
        self.broker.create(&self.topic, PARTITIONS, &[]);
        produce(&Broker::real(), &self.topic, PARTITIONS, "a", ids)
    }

    fn check(&self, program: Program, expected: &[Expected], fault: &str) {
        self.finish(program, expected, fault).assert_none();
    }

    fn finish(&self, mut program: Program, expected: &[Expected], fault: &str) -> Faults {
        let posts = || self.slack.posts().split_off(OLD as usize);
        until("the new topic's events posted", || Faults::find(expected, &posts()).lost.is_empty());
        self.broker.await_committed(&self.setup.group, &self.topic, PARTITIONS);
        await_no_lag(&program, &self.topic, PARTITIONS as usize);
        assert!(program.is_running());
        let log = program.log();
        program.stop();
        let faults = Faults::find(expected, &posts());
        line(&format!("topic deleted and recreated, {fault}"), 1, &figures(&faults));
        let said = |line: &str| {
            line.contains(&self.topic) && (line.contains(" WARN ") || line.contains("ERROR "))
        };
        assert!(log.lines().any(said), "the recreated topic was not logged:\n{log}");
        faults
    }
}

/// The worker notices that the topic is missing, before it is recreated.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_recreated_after_a_while_is_read_from_its_earliest_offset() {
    let (recreated, program) = Recreated::new();
    recreated.broker.delete_topic(&recreated.topic);
    until("the worker reports the missing topic", || {
        !program.warnings(&recreated.topic).is_empty()
    });
    let expected = recreated.create(1000..1010);
    recreated.check(program, &expected, "under a running worker");
}

/// The topic is recreated before the worker notices, and the new topic's end is below the old
/// position.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_recreated_immediately_is_read_from_its_earliest_offset() {
    let (recreated, program) = Recreated::new();
    recreated.broker.delete_topic(&recreated.topic);
    let expected = recreated.create(1000..1010);
    recreated.check(program, &expected, &format!("immediately, 10 events for {OLD}"));
}

/// The client may continue at the old position without an error: what it reads until the topic's id
/// is checked is repeated, in order.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_recreated_immediately_with_more_events_loses_nothing() {
    let (recreated, program) = Recreated::new();
    recreated.broker.delete_topic(&recreated.topic);
    let events = 2 * OLD;
    let expected = recreated.create(1000..1000 + events);
    let faults =
        recreated.finish(program, &expected, &format!("immediately, {events} events for {OLD}"));
    assert_eq!((faults.lost, faults.unexpected), (vec![], vec![]));
}

/// Without a reader. The broker deletes the group's offsets with the topic, so `start` applies as
/// for a new group.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_recreated_while_the_worker_is_stopped_starts_by_the_setting() {
    let (recreated, program) = Recreated::new();
    program.stop();
    recreated.broker.delete_topic(&recreated.topic);
    until("the broker deletes the offsets", || {
        recreated.broker.committed(&recreated.setup.group, &recreated.topic, PARTITIONS)
            == [None; PARTITIONS as usize]
    });
    let expected = recreated.create(1000..1010);
    let program = Program::ready(&recreated.setup.clone().earliest());
    let posts = || recreated.slack.posts().split_off(OLD as usize);
    until("the new topic's events posted", || Faults::find(&expected, &posts()).lost.is_empty());
    await_no_lag(&program, &recreated.topic, PARTITIONS as usize);
    program.stop();
    let faults = Faults::find(&expected, &posts());
    line("topic deleted and recreated, while the worker was stopped", 1, &figures(&faults));
    faults.assert_none();
}

/// A commit in flight while the topic is deleted can reach the new topic: the topic's id in the
/// metadata shows that the offset is not of this topic.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_commit_of_the_old_topic_is_not_a_position_in_the_recreated_one() {
    for events in [10, 2 * OLD] {
        let (recreated, program) = Recreated::new();
        program.stop();
        let Recreated { broker, topic, setup, .. } = &recreated;
        let commits: Vec<_> = (0..PARTITIONS)
            .map(|partition| broker.commit_of(&setup.group, topic, partition).unwrap())
            .collect();
        broker.delete_topic(topic);
        until("the broker deletes the offsets", || {
            broker.committed(&setup.group, topic, PARTITIONS) == [None; PARTITIONS as usize]
        });
        let expected = recreated.create(1000..1000 + events);
        for (partition, commit) in (0..).zip(&commits) {
            broker.commit(&setup.group, topic, partition, commit.offset, Some(&commit.metadata));
        }
        let program = Program::ready(setup);
        recreated.check(
            program,
            &expected,
            &format!("with the old offsets, {events} events for {OLD}"),
        );
    }
}
