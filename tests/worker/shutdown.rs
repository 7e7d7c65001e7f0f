//! A stop under load: attempts in flight end and are committed; queued deliveries are released to
//! the next process.

use std::time::{Duration, Instant};

use crate::checker::Faults;
use crate::harness::broker::Broker;
use crate::harness::program::{Program, Signal};
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_stop_completes_the_attempt_in_flight_and_releases_the_rest() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", &["rate_per_second: 50", "burst: 5"]);
    let program = Program::ready(&setup);
    slack.script("a", [Answer::Ok, Answer::Slow(Duration::from_secs(2))]);
    let expected = produce(&broker, &topic, 1, "a", 0..6);
    // One is in flight, four wait.
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
        "an attempt started after the stop"
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
fn an_attempt_that_does_not_end_delays_a_stop_by_the_drain_timeout_at_most() {
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
        "the stop waited for the attempt's own timeout"
    );
    assert_eq!(last.sum("slackline_deliveries_delivered_total", &[]), 0.0);
    assert_eq!(
        broker.committed(&setup.group, &topic, 1),
        [Some(0)],
        "an undelivered event was committed"
    );

    let next = Program::ready(&setup);
    slack.await_accepted(3);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    next.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_stop_does_not_wait_for_a_throttled_webhook() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let fast = &["rate_per_second: 50", "burst: 5"];
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", fast).webhook(&slack, "b", fast);
    let program = Program::ready(&setup);
    // One waits between two attempts; one is throttled for longer than a stop may take, and the
    // next process must respect that too.
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
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "the stop waited without an attempt in flight"
    );
    slack.default("a", Answer::Ok);
    slack.default("b", Answer::Ok);
    let next = Program::ready(&setup);
    slack.await_accepted(6);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    next.stop();
}
