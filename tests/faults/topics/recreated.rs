//! A topic that is deleted and made again under its name is another topic: its events are read from the beginning.

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

/// A group that has read all of a topic's events, and what it got of the new topic's.
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

    /// The topic again, with these events in it. A producer of before may know the old one still.
    fn create(&self, ids: impl IntoIterator<Item = u64>) -> Vec<Expected> {
        self.broker.create(&self.topic, PARTITIONS, &[]);
        produce(&Broker::real(), &self.topic, PARTITIONS, "a", ids)
    }

    fn check(&self, program: Program, expected: &[Expected], fault: &str) {
        self.come_to_the_end(program, expected, fault).assert_none();
    }

    fn come_to_the_end(&self, mut program: Program, expected: &[Expected], fault: &str) -> Faults {
        let posts = || self.slack.posts().split_off(OLD as usize);
        until("the new topic's events posted", || Faults::find(expected, &posts()).lost.is_empty());
        self.broker.await_committed(&self.setup.group, &self.topic, PARTITIONS);
        await_no_lag(&program, &self.topic, PARTITIONS as usize);
        assert!(program.is_running());
        let log = program.log();
        program.stop();
        let faults = Faults::find(expected, &posts());
        line(&format!("topic deleted and made anew, {fault}"), 1, &figures(&faults));
        let said = |line: &str| {
            line.contains(&self.topic) && (line.contains(" WARN ") || line.contains("ERROR "))
        };
        assert!(log.lines().any(said), "nothing is said of it:\n{log}");
        faults
    }
}

/// Somebody had time to see that it was gone.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_made_anew_after_a_while_is_read_from_its_beginning() {
    let (recreated, program) = Recreated::new();
    recreated.broker.delete_topic(&recreated.topic);
    until("the worker says that it is gone", || !program.warnings(&recreated.topic).is_empty());
    let expected = recreated.create(1000..1010);
    recreated.check(program, &expected, "under a running worker");
}

/// Nobody had, and the new topic's end is below what was read of the old one.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_made_anew_at_once_is_read_from_its_beginning() {
    let (recreated, program) = Recreated::new();
    recreated.broker.delete_topic(&recreated.topic);
    let expected = recreated.create(1000..1010);
    recreated.check(program, &expected, &format!("at once, 10 events for {OLD}"));
}

/// The client may read on at the old position, as if nothing had been: what it reads until the topic's id is looked at comes again, in its order.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_made_anew_at_once_with_more_than_was_read_loses_nothing() {
    let (recreated, program) = Recreated::new();
    recreated.broker.delete_topic(&recreated.topic);
    let events = 2 * OLD;
    let expected = recreated.create(1000..1000 + events);
    let faults = recreated.come_to_the_end(
        program,
        &expected,
        &format!("at once, {events} events for {OLD}"),
    );
    assert_eq!((faults.lost, faults.unexpected), (vec![], vec![]));
}

/// While nobody reads. The broker forgets the group's offsets with the topic, so that the group is new to it: `start` decides.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_topic_made_anew_while_the_worker_was_stopped_begins_as_start_says() {
    let (recreated, program) = Recreated::new();
    program.stop();
    recreated.broker.delete_topic(&recreated.topic);
    until("the broker forgets the offsets", || {
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
    line("topic deleted and made anew, while the worker was stopped", 1, &figures(&faults));
    faults.assert_none();
}

/// A commit that was under way when the topic went can reach the new one: the offset says nothing there, the topic's id in the metadata does.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn an_old_commit_on_a_topic_made_anew_is_no_position_in_it() {
    for events in [10, 2 * OLD] {
        let (recreated, program) = Recreated::new();
        program.stop();
        let Recreated { broker, topic, setup, .. } = &recreated;
        let commits: Vec<_> = (0..PARTITIONS)
            .map(|partition| broker.commit_of(&setup.group, topic, partition).unwrap())
            .collect();
        broker.delete_topic(topic);
        until("the broker forgets the offsets", || {
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
