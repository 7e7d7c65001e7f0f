//! Commits that hang, fail, or are refused.
//!
//! A webhook waits for its outcome's commit, so each of these holds it for a while: no longer than the fault lasts, and nothing comes twice.

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

/// A window of one outcome, and a rate that would let ten posts leave in a second.
const ONE: &[&str] = &["rate_per_second: 10", "burst: 10"];

fn held(scrape: &Scrape) -> f64 {
    scrape.sum("slackline_webhook_held", &[])
}

/// Answers that leave the membership alone. Some librdkafka tries again by itself, some are final. (`NotCoordinator`, injected for long enough, costs the session: a
/// real coordinator's death is in `broker.rs`.)
#[test]
fn a_commit_that_is_refused_is_made_again_and_holds_the_lane_meanwhile() {
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
        assert!(scrape.sum("slackline_queue_depth", &[]) > 0.0, "{name}: it holds what it has");
        let sent = slack.posts().iter().filter(|post| post.at > from).count();
        assert_eq!(
            sent, 1,
            "{name}: nothing leaves before the commit of the outcome before is acknowledged"
        );
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

/// A broker whose every answer comes late: the lane goes at the pace of the commits.
#[test]
fn a_commit_that_is_answered_late_delays_and_repeats_nothing() {
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
    // The commit of the one before was sent after its post, and came back so much later.
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

/// The one partition in six that a slow member gives up has an attempt out that does not end.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_rebalance_held_by_a_slow_member_holds_the_others_no_longer_than_its_drain() {
    // One after the other: what is measured is time.
    for protocol in Protocol::ALL {
        slow_member(protocol);
    }
}

const PARTITIONS: i32 = 6;

const DRAIN: Duration = Duration::from_secs(2);

/// Finding out that there is a rebalance (a heartbeat), joining, and looking up where to begin.
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
    // One for each partition: each can have an attempt of its own out.
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
        "{protocol:?}: a member that had nothing to wait for stood still for {hold:?}"
    );
    let abandoned = slow.scrape().sum("slackline_attempts_abandoned_total", &[]);
    assert!(abandoned >= 1.0, "{protocol:?}: the attempt that did not end is counted");
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

/// One attempt of each of these partitions goes out and does not end. Slack does not post it.
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

/// The longest time without a post of these partitions in a rebalance that lasted so long.
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
        "nothing was left to hold: the machine is too slow"
    );
    let gaps = times
        .windows(2)
        .filter(|pair| pair[1] > rebalance.start && pair[0] < rebalance.end)
        .map(|pair| pair[1] - pair[0]);
    gaps.max().unwrap_or_default()
}

/// The partitions that a member owns, of its only topic.
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
