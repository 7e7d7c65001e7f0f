//! Committed offsets that are out of the log's range: below its start or past its end.

use super::{FAST, await_no_lag};
use crate::checker::Faults;
use crate::faults::report::{figures, line};
use crate::harness::broker::{Broker, Record};
use crate::harness::cluster::Cluster;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event, produce};
use crate::harness::slack::{Answer, Slack};

/// Of the events that the retention removed, only the pending ones are lost: the others were
/// delivered, or matched nothing.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn pending_events_that_left_the_topic_are_counted_as_lost_and_the_rest_is_delivered() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic])
        .webhook(&slack, "a", FAST)
        .webhook(&slack, "slow", FAST)
        .on_channels(&slack, &["slow"]);
    slack.default("slow", Answer::Status(503, "down"));
    let program = Program::ready(&setup);
    let mut slow = Vec::new();
    let mut of_a = Vec::new();
    for id in 0..20 {
        slow.extend(produce(&broker, &topic, 1, "slow", [id]));
        of_a.extend(produce(&broker, &topic, 1, "a", [id]));
        broker.produce(&topic, &[Record::new(0, event("no match", id))]);
    }
    slack.await_accepted(20);
    let labels = [("topic", topic.as_str())];
    program.await_sum("slackline_events_consumed_total", &labels, 60.0);
    program.stop();

    // Ten events of each kind are removed, and ten unread ones follow the read ones.
    broker.delete_below(&topic, 0, 30);
    slow.extend(produce(&broker, &topic, 1, "slow", 20..30));
    slack.default("slow", Answer::Ok);
    let program = Program::ready(&setup);
    let expected = [of_a, slow[10..].to_vec()].concat();
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 1);
    await_no_lag(&program, &topic, 1);
    let lost = program.scrape().sum("slackline_offsets_lost_total", &labels);
    assert!(!program.warnings("removed by retention").is_empty(), "{}", program.log());
    program.stop();
    let faults = Faults::find(&expected, &slack.posts());
    line(
        "committed offset below the log's start",
        1,
        &format!("{} · removed and counted {lost}", figures(&faults)),
    );
    faults.assert_none();
    assert_eq!(lost, 10.0, "ten pending events were removed");
}

/// An operator's faulty reset: no metadata, and an offset past the end. Every event of the topic is
/// pending.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn an_offset_past_the_end_does_not_stall_and_skips_nothing_new() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    let program = Program::ready(&setup);
    let old = produce(&broker, &topic, 1, "a", 0..10);
    slack.await_accepted(10);
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
    broker.commit(&setup.group, &topic, 0, 1000, None);

    let program = Program::ready(&setup);
    let new = produce(&broker, &topic, 1, "a", 100..110);
    slack.await_all_accepted(&[old.clone(), new.clone()].concat());
    broker.await_committed(&setup.group, &topic, 1);
    await_no_lag(&program, &topic, 1);
    assert!(!program.warnings(&topic).is_empty(), "{}", program.log());
    program.stop();
    // Old events may be repeated, because no topic id identifies this log. New ones must arrive
    // once.
    let posts: Vec<_> = slack.posts().into_iter().filter(|post| post.id >= 100).collect();
    let faults = Faults::find(&new, &posts);
    line("committed offset past the end, no metadata", 1, &figures(&faults));
    faults.assert_none();
}

/// A reset by an operator to an earlier offset erases the metadata: everything from there on is
/// pending, posted or not.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_reset_by_an_operator_is_obeyed() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    let program = Program::ready(&setup);
    let all = produce(&broker, &topic, 1, "a", 0..10);
    slack.await_accepted(10);
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
    broker.commit(&setup.group, &topic, 0, 4, None);

    let program = Program::ready(&setup);
    slack.await_accepted(16);
    broker.await_committed(&setup.group, &topic, 1);
    let scrape = program.scrape();
    program.stop();
    let again = slack.posts().split_off(10);
    let faults = Faults::find(&all[4..], &again);
    line(
        "offsets reset by an operator",
        1,
        &format!("{} · posted again as requested {}", figures(&faults), again.len()),
    );
    faults.assert_none();
    assert_eq!(
        scrape.sum("slackline_events_consumed_total", &[]),
        6.0,
        "the events after the reset were not counted as new"
    );
}

/// An election of a lagging replica truncates the log. The topic is the same, so the remaining
/// events were read, and new events are read at offsets that were committed before.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_truncated_log_is_read_from_its_end() {
    let (mut cluster, slack) = (Cluster::start(&[]), Slack::start());
    let topic = cluster.topic(1);
    let setup = Setup::new(&cluster, &[&topic]).webhook(&slack, "a", FAST);
    let program = Program::ready(&setup);
    let mut old = Vec::new();
    // Each in its own batch, so that half of them can be lost.
    for id in 0..20 {
        old.extend(produce(&cluster, &topic, 1, "a", [id]));
    }
    slack.await_all_accepted(&old);
    cluster.await_committed(&setup.group, &topic, 1);
    program.stop();
    cluster.kill(1);
    cluster.cut_log(1, &topic, 0);
    cluster.restart(1);
    let end = cluster.ends(&topic, 1)[0];
    assert!((1..20).contains(&end), "{end} of 20 records are left");

    let program = Program::ready(&setup);
    let new = produce(&cluster, &topic, 1, "a", 100..105);
    slack.await_all_accepted(&[old.clone(), new.clone()].concat());
    cluster.await_committed(&setup.group, &topic, 1);
    await_no_lag(&program, &topic, 1);
    assert!(!program.warnings(&topic).is_empty(), "{}", program.log());
    program.stop();
    // Their offsets are those of removed events, so each kind is judged separately.
    let (before, after): (Vec<_>, Vec<_>) =
        slack.posts().into_iter().partition(|post| post.id < 100);
    let (before, after) = (Faults::find(&old, &before), Faults::find(&new, &after));
    let figures = format!(
        "{} · {} events truncated, of which posted again {}",
        figures(&after),
        20 - end,
        before.repeated.len()
    );
    line("committed offset past the end of a truncated log", 1, &figures);
    before.assert_none();
    after.assert_none();
}
