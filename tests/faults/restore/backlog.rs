//! One webhook has a backlog and holds back the committed offset: a restart repeats nothing at the
//! others.

use super::{FAST, How, WINDOW};
use crate::checker::{Expected, Faults};
use crate::faults::report::full_or_short;
use crate::harness::broker::{Broker, Record};
use crate::harness::poll::until;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event, produce};
use crate::harness::slack::{Answer, Slack};

const PARTITIONS: i32 = 2;
const BACKLOG: u64 = 60;
const EACH: u64 = 12;

/// The number of missing posts of the backlog and of the others.
fn missing(expected: &[Expected], slack: &Slack) -> (usize, usize) {
    let lost = Faults::find(expected, &slack.posts()).lost;
    let (slow, others): (Vec<_>, Vec<_>) =
        lost.into_iter().partition(|(webhook, _)| webhook == "slow");
    (slow.len(), others.len())
}

/// Ends the worker several times during the others' deliveries.
fn others_repeat_nothing(how: How) {
    let rounds = full_or_short(20, 4);
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(PARTITIONS);
    let setup = ["slow", "a", "b"]
        .iter()
        .fold(Setup::new(&broker, &[&topic]), |setup, name| setup.webhook(&slack, name, FAST));
    let setup = how.setup(setup.on_channels(&slack, &["slow", "a"]));
    slack.default("slow", Answer::Status(503, "down"));
    let mut program = Program::ready(&setup);
    let mut expected = produce(&broker, &topic, PARTITIONS, "slow", 0..BACKLOG);
    slack.await_requests("slow", 1);
    let mut left = 0;
    for round in 1..=rounds {
        let before = slack.posts().len();
        for webhook in ["a", "b"] {
            let ids = round * 1000..round * 1000 + EACH;
            expected.extend(produce(&broker, &topic, PARTITIONS, webhook, ids));
            let noise = [0, 1].map(|partition| Record::new(partition, event("no match", round)));
            broker.produce(&topic, &noise);
        }
        // The backlog changes too, by one delivery.
        slack.script("slow", [Answer::Ok]);
        until("half of the round", || {
            slack.posts()[before..].iter().filter(|post| post.webhook != "slow").count()
                >= EACH as usize
        });
        how.end(program);
        left = missing(&expected, &slack).0;
        program = Program::ready(&setup);
        until("the rest of the round", || missing(&expected, &slack).1 == 0);
    }
    slack.default("slow", Answer::Ok);
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, PARTITIONS);
    let scrape = program.scrape();
    program.stop();
    let faults = Faults::find(&expected, &slack.posts());
    how.check("restart with a backlog at one webhook", rounds as usize, &faults, "");
    // The rest of the backlog at the last end; after a kill, also the delivery in doubt.
    let restored =
        scrape.sum("slackline_deliveries_restored_total", &[("webhook", "slow")]) as usize;
    let doubt = if how == How::Kill { WINDOW } else { 0 };
    assert!((left..=left + doubt).contains(&restored), "{restored} restored, {left} were left");
    assert!(scrape.sum("slackline_events_reread_total", &[]) > left as f64);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_stop_with_a_backlog_at_one_webhook_repeats_nothing_at_the_others() {
    others_repeat_nothing(How::Stop);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_kill_with_a_backlog_at_one_webhook_repeats_no_more_than_the_window() {
    others_repeat_nothing(How::Kill);
}
