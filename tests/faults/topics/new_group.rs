//! Three replicas of a new group start at the same time, at `latest`: old events are not delivered,
//! new ones are.

use super::FAST;
use crate::checker::{Expected, Faults};
use crate::faults::report::{figures, full_or_short, line};
use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

const PARTITIONS: i32 = 6;

/// Runs the first start of a group, and returns the expected posts and the faults.
fn start_three(broker: &Broker) -> (Vec<Expected>, Faults) {
    let slack = Slack::start();
    let topic = broker.topic(PARTITIONS);
    let setup = Setup::new(broker, &[&topic]).webhook(&slack, "a", FAST);
    produce(broker, &topic, PARTITIONS, "a", 10_000..10_060);
    let mut replicas = [(); 3].map(|()| Program::start(&setup));
    replicas.iter_mut().for_each(Program::await_ready);
    // Immediately, while partitions still move from the first member to the others.
    let mut expected = Vec::new();
    for burst in 0..10 {
        expected.extend(produce(broker, &topic, PARTITIONS, "a", burst * 12..(burst + 1) * 12));
    }
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, PARTITIONS);
    let owned = |replica: &Program| replica.scrape().sum("slackline_assigned_partitions", &[]);
    assert_eq!(replicas.iter().map(owned).sum::<f64>(), f64::from(PARTITIONS));
    drop(replicas.map(Program::stop));
    let faults = Faults::find(&expected, &slack.posts());
    (expected, faults)
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn three_replicas_of_a_new_group_post_nothing_old_and_lose_nothing_new() {
    let times = full_or_short(20, 3);
    let broker = Broker::real();
    let mut all = Faults::default();
    let mut events = 0;
    for _ in 0..times {
        let (expected, faults) = start_three(&broker);
        events += expected.len();
        all.lost.extend(faults.lost);
        all.repeated.extend(faults.repeated);
        all.unexpected.extend(faults.unexpected);
        all.disordered.extend(faults.disordered);
    }
    line(
        "three replicas of a new group started together",
        times,
        &format!(
            "{} · old ones posted {} · new ones {events}",
            figures(&all),
            all.unexpected.len()
        ),
    );
    all.assert_none();
}
