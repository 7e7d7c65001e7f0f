//! A commit's metadata: too large for the broker, erased by an operator, or written by another
//! program.

use super::super::load::judge;
use super::super::report::line;
use crate::checker::{Expected, Faults};
use crate::harness::broker::{Broker, Record};
use crate::harness::cluster::Cluster;
use crate::harness::program::Program;
use crate::harness::scrape::Scrape;
use crate::harness::setup::{Setup, event};
use crate::harness::slack::{Answer, Slack};

/// More events than 200 bytes have bits.
const EVENTS: u64 = 2_400;

const BRISK: &[&str] = &["rate_per_second: 400", "burst: 100", "queue_capacity: 10000"];

/// The first delivery fails for a while, and everything after it waits.
const PENDING: &[&str] = &[
    "rate_per_second: 400",
    "burst: 100",
    "queue_capacity: 10000",
    "retry: {initial: 100ms, max: 500ms}",
];

/// Events for two webhooks, mixed without a pattern that could be encoded shorter.
fn mixed(broker: &Broker, topic: &str, count: u64) -> Vec<Expected> {
    let webhook = |id: u64| {
        let hash = id.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if hash.count_ones().is_multiple_of(2) { "pending" } else { "done" }
    };
    let records: Vec<_> = (0..count).map(|id| Record::new(0, event(webhook(id), id))).collect();
    let offsets = broker.produce(topic, &records);
    (0..count)
        .zip(offsets)
        .map(|(id, offset)| Expected {
            webhook: webhook(id).to_owned(),
            id,
            partition: (topic.to_owned(), 0),
            offset,
        })
        .collect()
}

fn of(expected: &[Expected], webhook: &str) -> Vec<Expected> {
    expected.iter().filter(|one| one.webhook == webhook).cloned().collect()
}

/// Runs and stops a worker of which one webhook has delivered everything and the other nothing.
fn half_done(
    broker: &Broker,
    slack: &Slack,
    topic: &str,
    count: u64,
) -> (Setup, Vec<Expected>, Scrape) {
    let setup = Setup::new(broker, &[topic])
        .webhook(slack, "pending", PENDING)
        .webhook(slack, "done", BRISK);
    slack.default("pending", Answer::Status(503, "down"));
    let program = Program::ready(&setup);
    let expected = mixed(broker, topic, count);
    let done = of(&expected, "done");
    slack.await_all_accepted(&done);
    program.await_sum(
        "slackline_deliveries_delivered_total",
        &[("webhook", "done")],
        done.len() as f64,
    );
    let last = program.stop();
    let first = of(&expected, "pending")[0].offset;
    assert_eq!(
        broker.committed(&setup.group, topic, 1),
        [Some(first)],
        "the first pending event's"
    );
    slack.default("pending", Answer::Ok);
    (setup, expected, last)
}

/// `repeats`: how many delivered messages may be repeated after a graceful restart.
fn too_large(limit: u32, repeats: usize) {
    let cluster = Cluster::start(&["--set", &format!("offset.metadata.max.bytes={limit}")]);
    let (slack, topic) = (Slack::start(), cluster.topic(1));
    let (setup, expected, last) = half_done(&cluster, &slack, &topic, EVENTS);
    let truncated = last.sum("slackline_restart_state_truncated_total", &[("topic", &topic)]);
    assert!(truncated > 0.0, "the truncation was not counted");
    // Halving finds a size that fits within a dozen commits; a state that grows later is shortened
    // before it is sent.
    let failed = last.sum("slackline_commits_total", &[("result", "failed")]);
    assert!(
        failed <= 24.0,
        "{failed} commits failed: a commit that is too large was retried unchanged"
    );

    let program = Program::ready(&setup);
    slack.await_all_accepted(&expected);
    cluster.await_committed(&setup.group, &topic, 1);
    program.await_sum("slackline_queue_depth", &[], 0.0);
    let figures = judge(&expected, &slack.posts(), &[("pending", 0), ("done", repeats)]);
    line(
        &format!("metadata too large, a broker that takes {limit} bytes"),
        1,
        &format!("{figures} · {EVENTS} events · {failed} failed commits · cut {truncated} times"),
    );
    program.stop();
}

/// The exact list does not fit; the position of each webhook does, and a queue is first in, first
/// out.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_state_over_200_bytes_is_cut_to_positions_and_repeats_nothing() {
    too_large(200, 0);
}

/// Only the version mark fits: the deliveries above the committed offset are unknown.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_state_over_20_bytes_is_cut_to_nothing_and_loses_nothing() {
    too_large(20, EVENTS as usize);
}

/// Not even the version mark fits.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_broker_that_takes_no_metadata_loses_nothing() {
    too_large(0, EVENTS as usize);
}

/// A reset of the group's offsets, even to their current values, erases the metadata: everything
/// from there on is delivered.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_reset_delivers_everything_from_its_offset_on_again() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let (setup, expected, _) = half_done(&broker, &slack, &topic, 60);
    let here = broker.committed(&setup.group, &topic, 1)[0].unwrap();
    broker.commit(&setup.group, &topic, 0, here, None);
    let figures = delivers_again(&broker, &slack, &setup, &expected, here, 0);
    line("reset by an operator, to the current offset", 1, &figures);
}

/// Metadata of another program is ignored.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn foreign_metadata_is_ignored_with_one_warning() {
    // Kafka Streams, a later version of slackline, and bytes that are not text: a broker replaces
    // these by U+FFFD.
    for foreign in [&b"AgAAAXq9"[..], b"slackline/999 x=y", b"\xff\xfe\x00\xc3"] {
        let (broker, slack) = (Broker::real(), Slack::start());
        let topic = broker.topic(1);
        let (setup, expected, _) = half_done(&broker, &slack, &topic, 60);
        broker.commit_bytes(&setup.group, &topic, 0, 7, foreign);
        let figures = delivers_again(&broker, &slack, &setup, &expected, 7, 1);
        line(&format!("foreign metadata, {}", foreign.escape_ascii()), 1, &figures);
    }
}

/// The mock cluster returns the bytes unchanged.
#[test]
fn foreign_bytes_that_are_not_text_are_ignored_with_one_warning() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic])
        .webhook(&slack, "pending", PENDING)
        .webhook(&slack, "done", BRISK)
        .on_channels(&slack, &["pending"]);
    let expected = mixed(&broker, &topic, 60);
    broker.commit_bytes(&setup.group, &topic, 0, 7, b"\xff\xfe\x00\xc3");
    let program = Program::ready(&setup);
    slack.await_accepted(53);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected[7..], &slack.posts()).assert_none();
    assert_eq!(program.warnings("committed offset's metadata").len(), 1, "{}", program.log());
    program.stop();
}

/// After a commit for the stopped group, the worker delivers everything from there on, delivered
/// messages included, with this many warnings about metadata.
#[track_caller]
fn delivers_again(
    broker: &Broker,
    slack: &Slack,
    setup: &Setup,
    expected: &[Expected],
    from: i64,
    warnings: usize,
) -> String {
    let above: Vec<_> = expected.iter().filter(|one| one.offset >= from).cloned().collect();
    let again: Vec<_> = of(&above, "done").into_iter().map(|one| (one.webhook, one.id)).collect();
    let program = Program::ready(setup);
    slack.await_accepted(of(expected, "done").len() + above.len());
    broker.await_committed(&setup.group, &setup.topics[0], 1);
    // Events below the committed offset are skipped.
    let skipped =
        expected.iter().filter(|one| one.offset < from && one.webhook == "pending").count();
    let faults = Faults::find(expected, &slack.posts());
    assert_eq!(
        (faults.lost.len(), faults.repeated, faults.unexpected),
        (skipped, again.clone(), vec![])
    );
    assert_eq!(
        program.warnings("committed offset's metadata").len(),
        warnings,
        "{}",
        program.log()
    );
    program.stop();
    format!("from offset {from} on all {} delivered, {} of them again", above.len(), again.len())
}
