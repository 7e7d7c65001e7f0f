//! Topics and groups that change: transactions, compaction, new partitions, new groups, resets.

use crate::harness::broker::Broker;
use crate::harness::poll::poll;
use crate::harness::program::Program;

mod gaps;

mod new_group;

mod grown;

mod recreated;

mod out_of_range;

const FAST: &[&str] = &[
    "rate_per_second: 100",
    "burst: 100",
    "queue_capacity: 1000",
    "retry: {initial: 50ms, max: 200ms}",
];

/// Waits until the worker reports no lag, neither of reading nor of commits, for every partition.
#[track_caller]
fn await_no_lag(program: &Program, topic: &str, partitions: usize) {
    for name in ["slackline_consumer_lag", "slackline_read_lag"] {
        program.await_metrics(&format!("{name} of `{topic}` at 0"), |scrape| {
            let labels = [("topic", topic)];
            scrape.select(name, &labels).count() == partitions && scrape.sum(name, &labels) == 0.0
        });
    }
}

/// Waits until the group has a committed offset for each of the first partitions.
#[track_caller]
fn await_some_committed(broker: &Broker, group: &str, topic: &str, partitions: i32) {
    poll("a commit of each partition", || {
        let committed = broker.committed(group, topic, partitions);
        if committed.iter().all(Option::is_some) { Ok(()) } else { Err(format!("{committed:?}")) }
    });
}
