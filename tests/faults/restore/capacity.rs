//! A delivery that was admitted once is not dropped at a restart: restored deliveries may exceed
//! the queue's capacity.

use super::{FAST, How, RETRY};
use crate::checker::Faults;
use crate::harness::broker::{Broker, Record};
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event, produce};
use crate::harness::slack::{Answer, Slack};

const PENDING: u64 = 50;

/// Restarts with a queue capacity below the number of pending deliveries, under each policy.
fn lower_capacity(how: How, when_full: &str) {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let policy = format!("when_full: {when_full}");
    let small = &["rate_per_second: 10", "burst: 100", "queue_capacity: 5", &policy, RETRY];
    let before =
        Setup::new(&broker, &[&topic]).webhook(&slack, "slow", FAST).webhook(&slack, "a", FAST);
    let before = how.setup(before).on_channels(&slack, &["slow"]);
    let mut after =
        Setup::new(&broker, &[&topic]).webhook(&slack, "slow", small).webhook(&slack, "a", FAST);
    (after.group, after.kafka) = (before.group.clone(), before.kafka.clone());
    let after = after.on_channels(&slack, &["slow"]);

    slack.default("slow", Answer::Status(503, "down"));
    let program = Program::ready(&before);
    let mut expected = Vec::new();
    // A settled event follows each pending one, so that the mark is above the last.
    for id in 0..PENDING {
        expected.extend(produce(&broker, &topic, 1, "slow", [id]));
        if id % 2 == 0 || id == PENDING - 1 {
            broker.produce(&topic, &[Record::new(0, event("no match", id))]);
        }
    }
    let read = broker.ends(&topic, 1)[0];
    let reading = [("topic", topic.as_str())];
    program.await_sum("slackline_events_consumed_total", &reading, read as f64);
    program.await_sum("slackline_unsettled_events", &reading, PENDING as f64);
    if how == How::Kill {
        // The restart state is in a commit. The second post leaves after an acknowledged commit
        // with the first one's outcome, which lists all pending deliveries.
        expected.extend(produce(&broker, &topic, 1, "a", 0..2));
        slack.await_requests("a", 2);
    }
    how.end(program);

    let program = Program::ready(&after);
    let slow_ones = [("webhook", "slow")];
    if when_full == "block" {
        // Reading may pause until there is room.
        slack.default("slow", Answer::Ok);
    }
    program.await_sum("slackline_deliveries_restored_total", &slow_ones, PENDING as f64);
    // After a kill, one of the two may be missing in the state.
    let scrape = program.await_metrics("the events are read again", |scrape| {
        scrape.sum("slackline_events_reread_total", &reading) >= read as f64
    });
    assert_eq!(scrape.sum("slackline_deliveries_matched_total", &slow_ones), PENDING as f64);
    if how == How::Stop {
        assert_eq!(scrape.sum("slackline_events_reread_total", &reading), read as f64);
        assert_eq!(
            scrape.sum("slackline_events_consumed_total", &reading),
            0.0,
            "an event was counted as new"
        );
    }
    slack.default("slow", Answer::Ok);
    slack.await_all_accepted(&expected);
    broker.await_committed(&before.group, &topic, 1);
    assert_eq!(program.scrape().sum("slackline_deliveries_dropped_total", &[]), 0.0);
    program.stop();
    let faults = Faults::find(&expected, &slack.posts());
    let fault = format!("{PENDING} pending restored into a queue of 5, {when_full}");
    how.check(&fault, 1, &faults, &format!(" · restored {PENDING} · read again {read}"));
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_lower_capacity_after_a_stop_drops_nothing_that_was_pending() {
    for when_full in ["drop_newest", "drop_oldest", "block"] {
        lower_capacity(How::Stop, when_full);
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_lower_capacity_after_a_kill_drops_nothing_that_was_pending() {
    lower_capacity(How::Kill, "drop_newest");
}
