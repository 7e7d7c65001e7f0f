//! An event with two posts, one of them at a full `block` webhook: one half is delivered, the other
//! waits.

use super::{FAST, How, RETRY, to};
use crate::checker::Faults;
use crate::faults::report::full_or_short;
use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const FULL: &[&str] =
    &["rate_per_second: 10", "burst: 100", "queue_capacity: 3", "when_full: block", RETRY];
const ROOMY: &[&str] =
    &["rate_per_second: 10", "burst: 100", "queue_capacity: 8", "when_full: block", RETRY];
const EVENTS: u64 = 30;

/// `webhooks` are in the order of their actions, because the order of the halves may matter.
fn half_admitted(how: How, webhooks: [(&'static str, &[&str]); 2], order: &str) {
    let rounds = full_or_short(10, 2);
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = webhooks.iter().fold(Setup::new(&broker, &[&topic]), |setup, (name, lines)| {
        let action =
            format!("  - {{name: {name}, trigger: \"event == 'both'\", webhook: {name}, message: '{{{{n}}}}'}}\n");
        setup.webhook_with(&slack, name, lines, &action)
    });
    let setup = how.setup(setup.on_channels(&slack, &["full"]));
    slack.default("full", Answer::Status(503, "down"));
    let events = produce(&broker, &topic, 1, "both", 0..EVENTS);
    let expected = [to("full", &events), to("free", &events)].concat();
    let mut program = Program::ready(&setup.clone().earliest());
    for round in 0..rounds {
        program.await_sum("slackline_paused_partitions", &[("topic", &topic)], 1.0);
        // The other half of the admitted events is delivered: it must not be repeated.
        slack.await_requests("free", 3);
        how.end(program);
        program = Program::ready(&setup);
        // The pending deliveries change between two ends.
        slack.script("full", [Answer::Ok]);
        slack.await_accepted(3 + round as usize + 1);
    }
    program.await_sum("slackline_paused_partitions", &[("topic", &topic)], 1.0);
    slack.default("full", Answer::Ok);
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 1);
    assert_eq!(program.scrape().sum("slackline_deliveries_dropped_total", &[]), 0.0);
    program.stop();
    let faults = Faults::find(&expected, &slack.posts());
    how.check(
        &format!("`block` with an event half admitted, {order}"),
        rounds as usize,
        &faults,
        "",
    );
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_stop_with_an_event_half_admitted_repeats_nothing() {
    half_admitted(How::Stop, [("full", FULL), ("free", FAST)], "the full one first");
    half_admitted(How::Stop, [("free", FAST), ("full", FULL)], "the full one last");
    half_admitted(How::Stop, [("full", FULL), ("free", ROOMY)], "both `block`");
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_kill_with_an_event_half_admitted_repeats_no_more_than_the_window() {
    half_admitted(How::Kill, [("full", FULL), ("free", FAST)], "the full one first");
    half_admitted(How::Kill, [("free", FAST), ("full", FULL)], "the full one last");
    half_admitted(How::Kill, [("full", FULL), ("free", ROOMY)], "both `block`");
}
