//! A group whose committed offsets, with their metadata, were copied to another cluster, by hand:
//! what a copy can contain, on two mock clusters. `faults/mirror.rs` has the real MirrorMaker.

use crate::checker::{Expected, Faults};
use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};
use crate::harness::topic::Commit;

const FAST: &[&str] = &["rate_per_second: 100", "burst: 50", "queue_capacity: 500"];
const TOPIC: &str = "orders";
const GROUP: &str = "alerts";
const COPIED: &str = "copied from another cluster";

/// A cluster with the topic, and its own Slack.
struct Side {
    broker: Broker,
    slack: Slack,
    setup: Setup,
    partitions: i32,
}

impl Side {
    fn new(partitions: i32) -> Self {
        let (broker, slack) = (Broker::mock(), Slack::start());
        broker.create(TOPIC, partitions, &[]);
        let mut setup = Setup::new(&broker, &[TOPIC]);
        setup.group = GROUP.to_owned();
        let setup = setup.webhook(&slack, "a", FAST).webhook(&slack, "b", FAST);
        Self { broker, slack, setup, partitions }
    }

    fn produce(&self, webhook: &str, ids: impl IntoIterator<Item = u64>) -> Vec<Expected> {
        produce(&self.broker, TOPIC, self.partitions, webhook, ids)
    }

    fn copy(&self, offset: i64, metadata: Option<&str>) {
        self.broker.commit(GROUP, TOPIC, 0, offset, metadata);
    }

    /// Fails the test unless exactly these arrive at Slack and everything is committed.
    #[track_caller]
    fn assert_posted(&self, expected: &[Expected]) {
        self.slack.await_all_accepted(expected);
        self.broker.await_committed(GROUP, TOPIC, self.partitions);
        Faults::find(expected, &self.slack.posts()).assert_none();
    }
}

/// What a group commits on the source after ten events of a partition: nothing is pending. The
/// source stays: a mock cluster's id is its address.
fn commit_of_ten() -> (Side, Commit) {
    let source = Side::new(1);
    let program = Program::ready(&source.setup);
    let expected = source.produce("a", 0..10);
    source.assert_posted(&expected);
    program.stop();
    let commit = source.broker.commit_of(GROUP, TOPIC, 0).unwrap();
    (source, commit)
}

/// The copied offset is one event too low, as a translated one may be: what the metadata says of
/// the offsets behind it is about other events.
#[test]
fn a_mirrored_group_reads_on_from_its_offset_and_posts_no_history() {
    let source = Side::new(1);
    source.slack.default("b", Answer::Status(503, "down"));
    let program = Program::ready(&source.setup);
    let first = source.produce("a", 0..5);
    source.produce("b", [5]);
    let last = source.produce("a", 6..10);
    source.slack.await_all_accepted(&[first, last].concat());
    program.await_sum("slackline_deliveries_delivered_total", &[], 9.0);
    program.stop();
    let Commit { offset, metadata } = source.broker.commit_of(GROUP, TOPIC, 0).unwrap();
    assert_eq!(offset, 5, "the event that is pending");

    // The target lacks the first three events.
    let target = Side::new(1);
    let mut all = target.produce("a", 3..5);
    all.extend(target.produce("b", [5]));
    all.extend(target.produce("a", 6..10));
    target.copy(offset - 3 - 1, Some(&metadata));
    let program = Program::ready(&target.setup);
    all.extend(target.produce("a", 100..103));
    target.assert_posted(&all[1..]);
    assert_eq!(program.warnings("").len(), 1, "{}", program.log());
    assert_eq!(program.warnings(COPIED).len(), 1, "{}", program.log());
    program.await_sum("slackline_copied_offsets_total", &[("topic", TOPIC)], 1.0);
    program.stop();

    // From then on the commits are the target's own.
    let program = Program::ready(&target.setup);
    all.extend(target.produce("a", [200]));
    target.assert_posted(&all[1..]);
    assert_eq!(program.warnings("").len(), 0, "{}", program.log());
    assert_eq!(program.stop().sum("slackline_copied_offsets_total", &[]), 0.0);
}

/// The copy of the log is behind the copied offset.
#[test]
fn an_offset_copied_past_the_end_posts_no_history() {
    let (_source, Commit { offset, metadata }) = commit_of_ten();
    for start in ["latest", "earliest"] {
        let mut target = Side::new(1);
        target.setup.start = start;
        target.produce("a", 0..4);
        target.copy(offset, Some(&metadata));
        let program = Program::ready(&target.setup);
        let new = target.produce("a", 100..103);
        target.assert_posted(&new);
        assert_eq!(program.warnings(COPIED).len(), 1, "{}", program.log());
        program.stop();
    }
}

/// The target has more partitions than offsets were copied for: with their metadata, or without, as
/// `kafka-consumer-groups --reset-offsets --from-file` does.
#[test]
fn partitions_without_a_copied_offset_start_by_the_setting() {
    let (_source, Commit { offset, metadata }) = commit_of_ten();
    for metadata in [Some(metadata.as_str()), None] {
        let target = Side::new(3);
        target.produce("a", 0..30);
        target.copy(offset, metadata);
        let program = Program::ready(&target.setup);
        let new = target.produce("a", 100..106);
        target.assert_posted(&new);
        let warnings = program.warnings("");
        let said = if metadata.is_some() { "missing=2" } else { "partitions=2" };
        assert!(matches!(&*warnings, [one] if one.contains(said)), "{warnings:#?}");
        program.stop();
    }
}

/// A `Retry-After` is Slack's: it holds on both clusters.
#[test]
fn a_retry_after_is_kept_on_the_other_cluster() {
    let throttled = |program: &Program| {
        let scrape = program.await_metrics("webhook `b` is throttled", |scrape| {
            scrape.sum("slackline_throttled_until_timestamp_seconds", &[("webhook", "b")]) > 0.0
        });
        scrape.sum("slackline_throttled_until_timestamp_seconds", &[("webhook", "b")])
    };
    let source = Side::new(1);
    source.slack.default("b", Answer::RateLimited(600));
    let program = Program::ready(&source.setup);
    source.produce("b", [1]);
    let until = throttled(&program);
    program.stop();
    let Commit { offset, metadata } = source.broker.commit_of(GROUP, TOPIC, 0).unwrap();

    let target = Side::new(1);
    target.produce("b", [1]);
    target.copy(offset, Some(&metadata));
    let program = Program::ready(&target.setup);
    // The commit has whole seconds.
    assert!((until..=until + 1.0).contains(&throttled(&program)));
    assert_eq!(target.slack.posts(), []);
    program.stop();
}
