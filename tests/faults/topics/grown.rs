//! Partitions that are added to a known topic: events produced to them immediately are delivered,
//! whatever `start` is.

use super::{FAST, await_some_committed};
use crate::checker::{Expected, Faults};
use crate::faults::report::{figures, full_or_short, line};
use crate::harness::broker::{Broker, Record, unique};
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event, produce};
use crate::harness::slack::Slack;

const OLD: i32 = 2;
const NEW: i32 = 5;

struct Grown {
    slack: Slack,
    topic: String,
    setup: Setup,
    expected: Vec<Expected>,
}

impl Grown {
    /// Starts a worker that has committed an offset of each old partition. `refresh` is the
    /// interval at which its client finds new partitions.
    fn new(refresh: &str, static_member: bool) -> (Self, Program) {
        let (broker, slack) = (Broker::real(), Slack::start());
        let topic = broker.topic(OLD);
        // Before the group exists: `latest` skips them.
        produce(&broker, &topic, OLD, "a", 10_000..10_010);
        let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
        let mut setup = setup.on_channels(&slack, &["a"]);
        setup.properties.push(("topic.metadata.refresh.interval.ms", refresh.to_owned()));
        if static_member {
            setup.kafka = vec![format!("instance_id: {}", unique("member"))];
        }
        let program = Program::ready(&setup);
        let expected = produce(&broker, &topic, OLD, "a", 0..10);
        slack.await_accepted(10);
        broker.await_committed(&setup.group, &topic, OLD);
        (Self { slack, topic, setup, expected }, program)
    }

    /// Adds partitions with events in them before the worker knows them, and returns a broker whose
    /// producer knows them.
    fn grow(&mut self) -> Broker {
        Broker::real().grow(&self.topic, NEW as usize);
        let broker = Broker::real();
        for partition in OLD..NEW {
            let ids = 1000 * partition as u64..1000 * partition as u64 + 10;
            self.expected.extend(to_partition(&broker, &self.topic, partition, ids));
        }
        broker
    }

    /// Produces to the old partitions until each is committed again: their metadata then has the
    /// new partition count, if the worker knows it.
    fn commit_the_old_again(&mut self, broker: &Broker, from: u64) {
        for partition in 0..OLD {
            let ids = from + 100 * partition as u64..from + 100 * partition as u64 + 5;
            let new = to_partition(broker, &self.topic, partition, ids);
            self.slack.await_all_accepted(
                &new.iter().chain(&self.expected[..10]).cloned().collect::<Vec<_>>(),
            );
            self.expected.extend(new);
        }
        broker.await_committed(&self.setup.group, &self.topic, OLD);
    }

    /// Waits until everything is delivered, ends the workers, and returns the faults.
    fn faults(&self, broker: &Broker, programs: impl IntoIterator<Item = Program>) -> Faults {
        self.slack.await_all_accepted(&self.expected);
        broker.await_committed(&self.setup.group, &self.topic, NEW);
        programs.into_iter().for_each(|program| drop(program.stop()));
        Faults::find(&self.expected, &self.slack.posts())
    }
}

/// Runs `once` this many times; the figures are those of the first faulty run.
fn check(fault: &str, times: usize, mut once: impl FnMut() -> Faults) {
    let all: Vec<_> = (0..times).map(|_| once()).collect();
    let worst = all.into_iter().find(|faults| *faults != Faults::default()).unwrap_or_default();
    line(&format!("partitions added, {fault}"), times, &figures(&worst));
    worst.assert_none();
}

fn to_partition(
    broker: &Broker,
    topic: &str,
    partition: i32,
    ids: impl Iterator<Item = u64>,
) -> Vec<Expected> {
    let ids: Vec<u64> = ids.collect();
    let records: Vec<_> = ids.iter().map(|id| Record::new(partition, event("a", *id))).collect();
    let offsets = broker.produce(topic, &records);
    let each = ids.into_iter().zip(offsets);
    each.map(|(id, offset)| Expected {
        webhook: "a".to_owned(),
        id,
        partition: (topic.to_owned(), partition),
        offset,
    })
    .collect()
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn partitions_added_under_a_running_worker_are_read_from_their_earliest_offset() {
    check("under a running worker", full_or_short(5, 1), || {
        let (mut grown, program) = Grown::new("500", false);
        let broker = grown.grow();
        grown.commit_the_old_again(&broker, 100);
        grown.faults(&broker, [program])
    });
}

/// The worker does not know the new partitions when it ends: its successor finds commits of the old
/// ones that are younger than the new partitions.
fn added_before_a_restart(killed: bool, static_member: bool, fault: &str) {
    check(fault, 1, || {
        let (mut grown, program) = Grown::new("300000", static_member);
        let broker = grown.grow();
        grown.commit_the_old_again(&broker, 100);
        if killed {
            program.kill()
        } else {
            drop(program.stop())
        }
        let program = Program::ready(&grown.setup);
        grown.faults(&broker, [program])
    });
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn partitions_added_before_a_stop_and_a_restart_are_read_from_their_earliest_offset() {
    added_before_a_restart(false, false, "then a stop and a restart");
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn partitions_added_before_a_kill_and_a_restart_are_read_from_their_earliest_offset() {
    added_before_a_restart(true, false, "then SIGKILL and a restart");
}

/// A static member returns without a rebalance, to an assignment without the new partitions, and
/// its client does not report them.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn partitions_added_before_a_static_member_returns_are_read_from_their_earliest_offset() {
    added_before_a_restart(false, true, "then a restart of a static member");
}

/// When another member joins, the first one learns the new count and commits it with the old
/// partitions, before the new ones have an owner or a commit.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn partitions_added_before_another_member_joins_are_read_from_their_earliest_offset() {
    check("then members join and leave", full_or_short(5, 1), || {
        let (mut grown, first) = Grown::new("300000", false);
        let broker = grown.grow();
        grown.commit_the_old_again(&broker, 100);
        let second = Program::ready(&grown.setup);
        grown.commit_the_old_again(&broker, 500);
        first.stop();
        let third = Program::ready(&grown.setup);
        grown.commit_the_old_again(&broker, 800);
        await_some_committed(&broker, &grown.setup.group, &grown.topic, NEW);
        grown.faults(&broker, [second, third])
    });
}
