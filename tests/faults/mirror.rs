//! A cluster fails, and the group moves to another one, to which MirrorMaker 2 has copied the topic
//! and the group's offsets.

use std::time::Duration;

use super::report::{figures, line};
use crate::checker::{Expected, Faults};
use crate::harness::broker::{Broker, unique};
use crate::harness::cluster::Cluster;
use crate::harness::mirror::MirrorMaker;
use crate::harness::poll::poll_for;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const FAST: &[&str] = &[
    "rate_per_second: 100",
    "burst: 100",
    "queue_capacity: 500",
    "retry: {initial: 50ms, max: 200ms}",
];
const PARTITIONS: i32 = 2;

/// MirrorMaker starts for half a minute on a busy machine, and copies every second.
const COPIED_WITHIN: Duration = Duration::from_secs(120);

fn setup(broker: &Broker, slack: &Slack, topic: &str, group: &str) -> Setup {
    let mut setup = Setup::new(broker, &[topic]);
    setup.group = group.to_owned();
    setup.webhook(slack, "a", FAST).webhook(slack, "b", FAST).on_channels(slack, &["b"])
}

/// Waits until the group has these offsets on the new cluster, or others that also suffice.
#[track_caller]
fn await_copied(new: &Broker, group: &str, topic: &str, so: impl Fn(&[Option<i64>]) -> bool) {
    poll_for(COPIED_WITHIN, "the copied offsets", || {
        let copied = new.committed(group, topic, PARTITIONS);
        if so(&copied) { Ok(()) } else { Err(format!("{copied:?}")) }
    });
}

/// One webhook lags behind in one partition, so that the commit there lists pending deliveries.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_group_that_mirror_maker_has_copied_loses_nothing_and_posts_no_history() {
    let (old, new) = (Broker::real(), Cluster::start(&[]));
    let (topic, group) = (old.topic(PARTITIONS), unique("slackline"));
    // Before the group exists: `latest` skips them, on both clusters.
    let mut all = produce(&old, &topic, PARTITIONS, "a", 10_000..10_100);
    let first = Slack::start();
    first.default("b", Answer::Status(503, "down"));
    let program = Program::ready(&setup(&old, &first, &topic, &group));
    let mirror = MirrorMaker::start(&old, &new, &topic, &group);
    await_copied(&new, &group, &topic, |copied| copied == [Some(50), Some(50)]);

    let mut posted = Vec::new();
    for ten in 0..10 {
        posted.extend(produce(&old, &topic, PARTITIONS, "a", ten * 10..(ten + 1) * 10));
        first.await_all_accepted(&posted);
    }
    // Odd ids: the second partition.
    let pending = produce(&old, &topic, PARTITIONS, "b", [101, 103, 105]);
    all.extend(posted.iter().chain(&pending).cloned());
    let beyond = produce(&old, &topic, PARTITIONS, "a", 106..120);
    posted.extend(beyond.iter().cloned());
    all.extend(beyond);
    first.await_all_accepted(&posted);
    let delivered = [("webhook", "a")];
    program.await_sum("slackline_deliveries_delivered_total", &delivered, posted.len() as f64);
    program.stop();
    let committed = old.committed(&group, &topic, PARTITIONS);
    assert_eq!(committed, [Some(old.ends(&topic, PARTITIONS)[0]), Some(pending[0].offset)]);
    await_copied(&new, &group, &topic, |copied| {
        copied[0] == committed[0]
            && copied[1] > Some(50)
            && new.ends(&topic, 2) == old.ends(&topic, 2)
    });
    drop(mirror);

    let from = new.committed(&group, &topic, PARTITIONS);
    let is_ahead = |one: &&Expected| Some(one.offset) >= from[one.partition.1 as usize];
    let mut expected: Vec<_> = all.iter().filter(is_ahead).cloned().collect();
    let again = expected.len() - pending.len();
    assert!(again < posted.len() / 2, "{again} of {} are repeated: {from:?}", posted.len());
    let second = Slack::start();
    let program = Program::ready(&setup(&new, &second, &topic, &group));
    expected.extend(produce(&new, &topic, PARTITIONS, "a", 200..210));
    second.await_all_accepted(&expected);
    new.await_committed(&group, &topic, PARTITIONS);
    let warnings = program.warnings("");
    assert!(matches!(&*warnings, [one] if one.contains("another cluster")), "{warnings:#?}");
    let scrape = program.stop();
    assert_eq!(scrape.sum("slackline_copied_offsets_total", &[]), f64::from(PARTITIONS));
    let faults = Faults::find(&expected, &second.posts());
    let old_ones = second.posts().iter().filter(|post| post.id >= 10_000).count();
    line(
        "moved to another cluster by MirrorMaker 2",
        1,
        &format!(
            "{} · old ones posted {old_ones} · {} pending ones posted · posted before, at or above the copied offsets {again}",
            figures(&faults),
            pending.len()
        ),
    );
    faults.assert_none();
}
