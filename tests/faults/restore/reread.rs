//! The worker ends again while it still re-reads its predecessor's events: the inherited state must
//! survive.

use std::time::Duration;

use super::{FAST, How};
use crate::checker::Faults;
use crate::faults::report::full_or_short;
use crate::harness::broker::Broker;
use crate::harness::poll::poll_for;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event, produce};
use crate::harness::slack::{Answer, Slack};

const PENDING: u64 = 40;
/// The number of events that match nothing, so that re-reading takes a while. The full form is for
/// a release build.
fn between() -> u64 {
    full_or_short(1_500_000, 150_000)
}

/// Waits until some events, but not all, were read again.
#[track_caller]
fn await_rereading(program: &Program) {
    poll_for(Duration::from_secs(30), "events are read again", || {
        let reread = program.scrape().sum("slackline_events_reread_total", &[]);
        if reread > 0.0 { Ok(()) } else { Err("none yet".to_owned()) }
    });
}

fn ends_below_the_mark(how: How) {
    let rounds = full_or_short(15, 4);
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "slow", FAST).webhook(&slack, "a", FAST);
    let setup = how.setup(setup.on_channels(&slack, &["a"]));
    slack.default("slow", Answer::Status(503, "down"));
    let program = Program::ready(&setup);
    // Pending and delivered events are at both ends of the re-read range.
    let mut expected = produce(&broker, &topic, 1, "slow", 0..PENDING / 2);
    expected.extend(produce(&broker, &topic, 1, "a", 1000..1010));
    broker.flood(&topic, 1, between(), |n| event("no match", n));
    expected.extend(produce(&broker, &topic, 1, "slow", PENDING / 2..PENDING));
    expected.extend(produce(&broker, &topic, 1, "a", 1010..1020));
    slack.await_accepted(20);
    let all = (between() + PENDING + 20) as f64;
    program.await_sum("slackline_events_consumed_total", &[], all);
    how.end(program);

    let mut middle = 0;
    for round in 0..rounds {
        let program = Program::start(&setup);
        // The state changes while the inherited one is still needed.
        slack.script("slow", [Answer::Ok]);
        expected.extend(produce(&broker, &topic, 1, "a", [2000 + round]));
        await_rereading(&program);
        let last = how.end(program);
        middle += u64::from(last.sum("slackline_events_reread_total", &[]) < between() as f64);
    }
    let last = Program::ready(&setup);
    slack.default("slow", Answer::Ok);
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 1);
    let faults = Faults::find(&expected, &slack.posts());
    how.check(
        "end while reading below an inherited mark",
        rounds as usize + 1,
        &faults,
        &format!(" · of which below the mark {middle}"),
    );
    assert!(middle > rounds / 2, "too few ends happened while re-reading: {middle} of {rounds}");
    last.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_stop_below_an_inherited_mark_repeats_nothing() {
    ends_below_the_mark(How::Stop);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_kill_below_an_inherited_mark_repeats_no_more_than_the_window() {
    ends_below_the_mark(How::Kill);
}
