//! A stop in the middle: attempts in flight end and are committed, what is queued stays in Kafka for the next process.

use std::time::{Duration, Instant};

use crate::checker::Faults;
use crate::harness::broker::Broker;
use crate::harness::program::{Program, Signal};
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_stop_in_mid_delivery_ends_the_attempt_and_leaves_the_rest_to_the_next_process() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", &["rate_per_second: 50", "burst: 5"]);
    let program = Program::ready(&setup);
    slack.script("a", [Answer::Ok, Answer::Slow(Duration::from_secs(2))]);
    let expected = produce(&broker, &topic, 1, "a", 0..6);
    // One is out at Slack, four wait.
    program.await_metrics("the second is in flight", |scrape| {
        scrape.sum("slackline_attempts_total", &[("result", "ok")]) == 1.0
            && scrape.sum("slackline_in_flight", &[]) == 1.0
            && scrape.sum("slackline_queue_depth", &[]) == 4.0
    });
    slack.await_requests("a", 2);
    let mut program = program;
    program.signal(Signal::Term);
    let status = program.await_end(Duration::from_secs(20));
    assert_eq!(status.code(), Some(0), "{}", program.log());
    assert_eq!(
        broker.committed(&setup.group, &topic, 1),
        [Some(2)],
        "the attempt in flight was waited for and committed"
    );
    assert_eq!(
        slack.posts().iter().filter(|post| post.accepted).count(),
        2,
        "nothing was sent after it"
    );
    drop(program);

    let next = Program::ready(&setup);
    slack.await_accepted(6);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    next.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn an_attempt_that_does_not_end_is_waited_for_no_longer_than_the_drain_timeout() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let mut setup = Setup::new(&broker, &[&topic]).webhook(
        &slack,
        "a",
        &["rate_per_second: 50", "burst: 5", "timeout: 60s"],
    );
    setup.kafka = vec!["drain_timeout: 1s".to_owned()];
    let program = Program::ready(&setup);
    slack.script("a", [Answer::Hang]);
    let expected = produce(&broker, &topic, 1, "a", 0..3);
    slack.await_requests("a", 1);
    let started = Instant::now();
    let last = program.stop();
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "the attempt's own timeout is no reason to stay"
    );
    assert_eq!(last.sum("slackline_deliveries_delivered_total", &[]), 0.0);
    assert_eq!(
        broker.committed(&setup.group, &topic, 1),
        [Some(0)],
        "it was not delivered, so it is not committed"
    );

    let next = Program::ready(&setup);
    slack.await_accepted(3);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    next.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_stop_while_a_webhook_waits_does_not_wait_with_it() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let fast = &["rate_per_second: 50", "burst: 5"];
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", fast).webhook(&slack, "b", fast);
    let program = Program::ready(&setup);
    // One between two attempts, one under a Retry-After that is longer than a stop may take; it is in force for the next process too.
    slack.default("a", Answer::Status(503, "down"));
    slack.default("b", Answer::RateLimited(20));
    let mut expected = produce(&broker, &topic, 1, "a", 0..3);
    expected.extend(produce(&broker, &topic, 1, "b", 0..3));
    slack.await_requests("a", 1);
    slack.await_requests("b", 1);
    program.await_metrics("both wait", |scrape| {
        scrape.sum("slackline_attempts_total", &[("result", "rate_limited")]) == 1.0
            && scrape.sum("slackline_attempts_total", &[("result", "server_error")]) >= 1.0
    });
    let started = Instant::now();
    program.stop();
    assert!(started.elapsed() < Duration::from_secs(15), "nothing was in flight to wait for");
    slack.default("a", Answer::Ok);
    slack.default("b", Answer::Ok);
    let next = Program::ready(&setup);
    slack.await_accepted(6);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    next.stop();
}
