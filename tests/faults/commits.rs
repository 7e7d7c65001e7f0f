//! Commits that are late, fail, or are refused.
//!
//! A webhook waits for its outcome's commit, so each of these holds it, but no longer than the
//! fault lasts, and nothing is repeated.

use std::ops::Range;
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::load::judge;
use super::report::line;
use crate::checker::Expected;
use crate::harness::broker::{Broker, Record};
use crate::harness::program::Program;
use crate::harness::protocol::Protocol;
use crate::harness::scrape::Scrape;
use crate::harness::setup::{Setup, event, produce};
use crate::harness::slack::{Answer, Slack};

mod metadata;

/// A window of one outcome, and a rate of ten posts a second.
const ONE: &[&str] = &["rate_per_second: 10", "burst: 10"];

fn held(scrape: &Scrape) -> f64 {
    scrape.sum("slackline_webhook_held", &[])
}

/// Errors that do not end the membership; librdkafka itself retries some of them.
/// (`NotCoordinator`, injected for long enough, ends the session. The death of a real coordinator
/// is in `broker.rs`.)
#[test]
fn a_refused_commit_is_retried_and_holds_the_webhook_meanwhile() {
    let refusals = [
        ("OperationTimedOut", RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT),
        ("GroupAuthorizationFailed", RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED),
        (
            "CoordinatorLoadInProgress",
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        ),
        ("RebalanceInProgress", RDKafkaRespErr::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS),
    ];
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", ONE);
    let program = Program::ready(&setup);
    let mut expected = Vec::new();
    for (ids, (name, refusal)) in (0..).step_by(100).zip(refusals) {
        let failed =
            |scrape: &Scrape| scrape.sum("slackline_commits_total", &[("result", "failed")]);
        let before = failed(&program.scrape());
        broker.mock_cluster().request_errors(RDKafkaApiKey::OffsetCommit, &[refusal; 10_000]);
        let from = slack.now();
        expected.extend(produce(&broker, &topic, 1, "a", ids..ids + 5));
        let scrape = program
            .await_metrics(&format!("{name}: held, and the failed commit is counted"), |scrape| {
                failed(scrape) > before && held(scrape) == 1.0
            });
        assert!(scrape.sum("slackline_queue_depth", &[]) > 0.0, "{name}: the queue is empty");
        let sent = slack.posts().iter().filter(|post| post.at > from).count();
        assert_eq!(sent, 1, "{name}: a post left before the commit of the previous outcome");
        broker.mock_cluster().clear_request_errors(RDKafkaApiKey::OffsetCommit);
        let released = Instant::now();
        slack.await_all_accepted(&expected);
        let released = released.elapsed();
        program.await_metrics(&format!("{name}: released"), |scrape| held(scrape) == 0.0);
        broker.await_committed(&setup.group, &topic, 1);
        let figures = judge(&expected, &slack.posts(), &[("a", 0)]);
        let failed = failed(&program.scrape()) - before;
        line(
            &format!("commits refused, {name}"),
            1,
            &format!(
                "{figures} · {failed} failed commits counted · the other 4 delivered {released:.1?} after the last"
            ),
        );
    }
    program.stop();
}

/// With a broker that answers late, the webhook sends at the pace of the commits.
#[test]
fn a_late_commit_delays_messages_and_repeats_nothing() {
    const LATE: Duration = Duration::from_millis(2500);
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", ONE);
    let program = Program::ready(&setup);
    broker.mock_cluster().broker_round_trip_time(1, LATE).unwrap();
    let expected = produce(&broker, &topic, 1, "a", 0..3);
    program.await_metrics("held", |scrape| held(scrape) == 1.0);
    slack.await_accepted(3);
    let posts = slack.posts();
    let gaps: Vec<Duration> = posts.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    broker.mock_cluster().broker_round_trip_time(1, Duration::ZERO).unwrap();
    // The commit of the previous outcome was sent after its post, and answered after this delay.
    assert!(
        gaps.iter().all(|gap| *gap > LATE - Duration::from_millis(50)),
        "a post did not wait: {gaps:?}"
    );
    program.await_metrics("released", |scrape| held(scrape) == 0.0);
    broker.await_committed(&setup.group, &topic, 1);
    let figures = judge(&expected, &slack.posts(), &[("a", 0)]);
    line(
        &format!("commits answered {LATE:?} late"),
        1,
        &format!("{figures} · between posts {gaps:.1?}"),
    );
    program.stop();
}

/// Of the slow member's six partitions, the one that is revoked has an attempt in flight that does
/// not end.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_slow_member_delays_the_others_in_a_rebalance_by_its_drain_at_most() {
    // One after the other, because time is measured.
    for protocol in Protocol::ALL {
        slow_member(protocol);
    }
}

const PARTITIONS: i32 = 6;

const DRAIN: Duration = Duration::from_secs(2);

/// The time to learn of the rebalance (a heartbeat), to join, and to look up the starting offsets.
const BESIDES: Duration = Duration::from_millis(1500);

fn slow_member(protocol: Protocol) {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(PARTITIONS);
    let mut setup = Setup::new(&broker, &[&topic]).protocol(protocol);
    setup.kafka.push(format!("drain_timeout: {}s", DRAIN.as_secs()));
    setup = setup.webhook(
        &slack,
        "steady",
        &["rate_per_second: 30", "burst: 3", "queue_capacity: 10000"],
    );
    // One webhook per partition, so that each can have its own attempt in flight.
    let stuck: Vec<String> = (0..PARTITIONS).map(|partition| format!("stuck{partition}")).collect();
    for webhook in &stuck {
        setup =
            setup.webhook(&slack, webhook, &["rate_per_second: 10", "burst: 5", "timeout: 60s"]);
    }
    let (slow, other) = (Program::ready(&setup), Program::ready(&setup));
    for program in [&slow, &other] {
        await_owned(program, 3);
    }
    let mut expected = hang(&broker, &slack, &topic, &owned(&slow.scrape()));
    expected.extend(produce(&broker, &topic, PARTITIONS, "steady", 0..30 * 8));
    other.await_metrics("it delivers", |scrape| {
        scrape.sum("slackline_deliveries_delivered_total", &[("webhook", "steady")]) >= 10.0
    });

    let others = owned(&other.scrape());
    let third = Program::start(&setup);
    let from = slack.now();
    for program in [&slow, &other, &third] {
        await_owned(program, 2);
    }
    let to = slack.now();
    slack.await_all_accepted(&expected[3..]);
    let hold = longest_hold(&slack, from..to, &others);
    assert!(
        hold < DRAIN + BESIDES,
        "{protocol:?}: a member with nothing to drain was held for {hold:?}"
    );
    let abandoned = slow.scrape().sum("slackline_attempts_abandoned_total", &[]);
    assert!(abandoned >= 1.0, "{protocol:?}: the abandoned attempt was not counted");
    slow.stop();
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, PARTITIONS);
    let figures = judge(&expected, &slack.posts(), &[("steady", 0)]);
    line(
        &format!("rebalance held by a slow member, {}", protocol.name()),
        1,
        &format!(
            "{figures} · longest hold of another {hold:.1?} at a drain of {DRAIN:?} · {abandoned} abandoned"
        ),
    );
    other.stop();
    third.stop();
}

/// Starts one attempt for each of these partitions that does not end. Slack does not post it.
fn hang(broker: &Broker, slack: &Slack, topic: &str, partitions: &[i32]) -> Vec<Expected> {
    let hung = |partition: &i32| {
        let (webhook, id) = (format!("stuck{partition}"), 0);
        slack.script(&webhook, [Answer::Hang]);
        let offset = broker.produce(topic, &[Record::new(*partition, event(&webhook, id))])[0];
        slack.await_requests(&webhook, 1);
        Expected { webhook, id, partition: (topic.to_owned(), *partition), offset }
    };
    partitions.iter().map(hung).collect()
}

/// The longest time without a post of these partitions during the rebalance.
fn longest_hold(slack: &Slack, rebalance: Range<Duration>, partitions: &[i32]) -> Duration {
    let theirs = |id: u64| partitions.contains(&((id % PARTITIONS as u64) as i32));
    let posts = slack.posts();
    let times: Vec<_> = posts
        .iter()
        .filter(|post| post.webhook == "steady" && theirs(post.id))
        .map(|post| post.at)
        .collect();
    assert!(
        times.last().is_some_and(|last| *last > rebalance.end),
        "no delivery was left to hold: the machine is too slow"
    );
    let gaps = times
        .windows(2)
        .filter(|pair| pair[1] > rebalance.start && pair[0] < rebalance.end)
        .map(|pair| pair[1] - pair[0]);
    gaps.max().unwrap_or_default()
}

/// The partitions of its only topic that a member owns.
fn owned(scrape: &Scrape) -> Vec<i32> {
    let series = scrape.select("slackline_unsettled_events", &[]);
    series.map(|series| series.labels["partition"].parse().unwrap()).collect()
}

#[track_caller]
fn await_owned(program: &Program, partitions: usize) {
    program.await_metrics(&format!("{partitions} partitions"), |scrape| {
        owned(scrape).len() == partitions
    });
}
