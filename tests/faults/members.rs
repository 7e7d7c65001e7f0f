//! Members that join, leave and are replaced.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::mix;
use super::random::Random;
use super::report::{full_or_short, line};
use super::team::Team;
use super::traffic::Load;
use crate::checker::group::longest_gaps;
use crate::checker::{Expected, Faults};
use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

/// The drain timeout, and so the longest hold that a rebalance may cause.
const DRAIN: Duration = Duration::from_secs(3);

/// The time that a post may take in addition: its turn at a member's share of the rate, and a busy
/// machine.
const TURN: Duration = Duration::from_millis(1500);

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_rolling_restart_of_three_members_loses_and_repeats_nothing() {
    let (broker, slack, mut random) = (Broker::real(), Arc::new(Slack::start()), Random::new());
    let setup = mix::setup(&broker, &slack);
    let mut team = Team::new(&slack);
    for _ in 0..3 {
        team.start_ready(&setup);
    }
    let mut load = Load::start(&setup, &slack);
    load.await_flowing();
    let rounds = full_or_short(20, 2);
    for _ in 0..rounds {
        for place in 0..3 {
            random.let_pass(0, 500);
            team.stop(place);
            team.start_at(place, &setup);
            team.at(place).await_ready();
        }
    }
    team.hand_over_to_one();
    let verdict = team.finish(&mut load, &broker, &setup);
    line("rolling restart of three members under a backlog", rounds, &verdict.of_hand_overs());
    verdict.assert();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn members_join_and_leave_cooperative() {
    join_and_leave(
        "cooperative-sticky",
        &[("partition.assignment.strategy", "cooperative-sticky")],
    );
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn members_join_and_leave_range() {
    join_and_leave("range", &[("partition.assignment.strategy", "range")]);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn members_join_and_leave_roundrobin() {
    join_and_leave("roundrobin", &[("partition.assignment.strategy", "roundrobin")]);
}

/// With this protocol the broker sets session and heartbeat; setting them in the client is refused.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn members_join_and_leave_kip_848() {
    join_and_leave("KIP-848", &[("group.protocol", "consumer")]);
}

/// Between two and four members, of which one joins or leaves every few seconds, whether or not the
/// last rebalance has ended.
fn join_and_leave(protocol: &str, properties: &[(&'static str, &str)]) {
    let (broker, slack, mut random) = (Broker::real(), Arc::new(Slack::start()), Random::new());
    let mut setup = mix::setup(&broker, &slack);
    setup.kafka.push(format!("drain_timeout: {}s", DRAIN.as_secs()));
    if properties.iter().any(|(name, _)| *name == "group.protocol") {
        setup.properties.clear();
    }
    setup.properties.extend(properties.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let mut team = Team::new(&slack);
    for _ in 0..2 {
        team.start_ready(&setup);
    }
    let mut load = Load::start(&setup, &slack);
    load.await_flowing();
    let (started, long) = (Instant::now(), Duration::from_secs(full_or_short(300, 25)));
    let mut changes = 0;
    while started.elapsed() < long {
        let running = team.running();
        if running.len() < 4 && (running.len() == 2 || random.one_in(2)) {
            team.start(&setup);
        } else {
            team.stop(running[random.below(running.len())]);
        }
        changes += 1;
        random.let_pass(1000, 4000);
    }
    let until = slack.now();
    team.hand_over_to_one();
    let verdict = team.finish(&mut load, &broker, &setup);
    let gaps = longest_gaps(&verdict.posts, until);
    // The two webhooks with a backlog in every partition, and a rate at which every gap is a hold.
    let gap = gaps["quick"].max(gaps["steady"]);
    let figures = format!(
        "{} · longest hold {:.1} s, longest gap under a backlog {:.1} s (drain's deadline {:.1} s) · rate kept",
        verdict.of_hand_overs(),
        verdict.longest_hold.as_secs_f64(),
        gap.as_secs_f64(),
        DRAIN.as_secs_f64()
    );
    line(
        &format!("members join and leave for {} s, {protocol}", long.as_secs()),
        changes,
        &figures,
    );
    verdict.assert();
    assert!(
        verdict.longest_hold <= DRAIN + TURN,
        "a webhook was held for {:?}",
        verdict.longest_hold
    );
    assert!(gap <= DRAIN + TURN, "no post for {gap:?} in spite of a backlog: {gaps:?}");
}

/// `slow` sends one post a second, `quick` sends everything immediately: a new owner must
/// distinguish the two.
fn slow_and_quick(broker: &Broker, slack: &Slack, partitions: i32) -> (Setup, String) {
    let topic = broker.topic(partitions);
    let setup = Setup::new(broker, &[&topic])
        .webhook(slack, "slow", &["rate_per_second: 1"])
        .webhook(slack, "quick", &["rate_per_second: 200", "burst: 50"])
        .on_channels(slack, &["slow"]);
    (setup, topic)
}

/// Produces ten events for each of the two webhooks, in turn, to every partition.
fn ten_of_each(broker: &Broker, topic: &str, partitions: i32) -> Vec<Expected> {
    let mut expected = Vec::new();
    for round in 0..10 {
        let ids = round * partitions as u64..(round + 1) * partitions as u64;
        expected.extend(produce(broker, topic, partitions, "slow", ids.clone()));
        expected.extend(produce(broker, topic, partitions, "quick", ids));
    }
    expected
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_new_process_delivers_exactly_the_pending_deliveries_of_a_stopped_one() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let (setup, topic) = slow_and_quick(&broker, &slack, 1);
    let former = Program::ready(&setup);
    let mut expected = ten_of_each(&broker, &topic, 1);
    slack.await_requests("slow", 2);
    slack.await_requests("quick", 10);
    former.stop();
    let done = slack.posts().iter().filter(|post| post.webhook == "slow").count();
    let committed = broker.committed(&setup.group, &topic, 1)[0].unwrap();
    assert_eq!(committed, 2 * done as i64, "not the first event that `slow` has not delivered");

    let next = Program::ready(&setup);
    // Events alternate: the first pending one is at twice the delivered count, and the previous
    // owner had read all twenty.
    let scrape = next.await_sum("slackline_events_reread_total", &[], 20.0 - committed as f64);
    let restored =
        |webhook| scrape.sum("slackline_deliveries_restored_total", &[("webhook", webhook)]);
    assert_eq!((restored("slow"), restored("quick")), (10.0 - done as f64, 0.0));
    assert_eq!(
        scrape.sum("slackline_events_consumed_total", &[]),
        0.0,
        "an event that is read again was counted as consumed"
    );
    // Other tests use this metric, and a missing series would hide a hold.
    assert_eq!(scrape.only("slackline_webhook_held", &[("webhook", "slow")]), Some(0.0));
    expected.extend(produce(&broker, &topic, 1, "quick", 100..105));
    next.await_sum("slackline_events_consumed_total", &[], 5.0);
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 1);
    let scrape = next.stop();
    Faults::find(&expected, &slack.posts()).assert_none();
    assert_eq!(
        scrape.sum("slackline_deliveries_matched_total", &[("webhook", "slow")]),
        10.0 - done as f64
    );
    line(
        "a new process delivers what a stopped one released",
        1,
        &format!("lost 0 · repeated 0 · restored {} · read again {}", 10 - done, 20 - committed),
    );
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_member_delivers_what_a_leaving_one_released() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let (setup, topic) = slow_and_quick(&broker, &slack, 2);
    let (staying, leaving) = (Program::ready(&setup), Program::ready(&setup));
    leaving.await_sum("slackline_assigned_partitions", &[], 1.0);
    staying.await_sum("slackline_assigned_partitions", &[], 1.0);
    let (_, left) = leaving.owned().pop_first().unwrap();
    let expected = ten_of_each(&broker, &topic, 2);
    let of_left = |webhook: &str| {
        let ids = expected
            .iter()
            .filter(|one| one.webhook == webhook && one.partition.1 == left)
            .map(|one| one.id);
        ids.collect::<Vec<_>>()
    };
    slack.await_requests("quick", 20);
    slack.await_requests("slow", 2);
    leaving.stop();
    let posts = slack.posts();
    let done = |webhook: &str| {
        let ids = of_left(webhook);
        posts.iter().filter(|post| post.webhook == webhook && ids.contains(&post.id)).count()
    };
    let (slow, quick) = (10 - done("slow"), 10 - done("quick"));
    assert_eq!(quick, 0, "`quick` had not delivered everything");
    staying.await_sum("slackline_deliveries_restored_total", &[], slow as f64);
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 2);
    let scrape = staying.stop();
    Faults::find(&expected, &slack.posts()).assert_none();
    assert_eq!(
        scrape.sum("slackline_deliveries_restored_total", &[("webhook", "slow")]),
        slow as f64
    );
    let reread = scrape.sum("slackline_events_reread_total", &[]);
    assert!(reread > 0.0, "the new owner delivered events without reading them again");
    assert_eq!(
        scrape.sum("slackline_events_consumed_total", &[]),
        20.0,
        "it consumed events of another's partition"
    );
    line(
        "a member delivers what a leaving one released",
        1,
        &format!("lost 0 · repeated 0 · restored {slow} · read again {reread}"),
    );
}

/// librdkafka keeps a partition paused after its revocation: found with KIP-848 and members that
/// join and leave.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_partition_revoked_while_paused_is_read_when_it_is_assigned_again() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(2);
    let lines = [
        "rate_per_second: 100",
        "queue_capacity: 2",
        "when_full: block",
        "retry: {initial: 50ms, max: 100ms}",
    ];
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", &lines).on_channels(&slack, &["a"]);
    let staying = Program::ready(&setup);
    slack.default("a", Answer::Status(503, "down"));
    let mut expected = produce(&broker, &topic, 2, "a", 0..20);
    staying.await_sum("slackline_paused_partitions", &[], 2.0);
    // One of the two partitions is revoked while paused; the other is resumed; then the first is
    // assigned again.
    let guest = Program::ready(&setup);
    staying.await_sum("slackline_assigned_partitions", &[], 1.0);
    guest.await_sum("slackline_assigned_partitions", &[], 1.0);
    slack.default("a", Answer::Ok);
    slack.await_all_accepted(&expected);
    guest.stop();
    staying.await_sum("slackline_assigned_partitions", &[], 2.0);
    // Too few events to fill the queue: another pause and resume would hide the fault.
    expected.extend(produce(&broker, &topic, 2, "a", 20..22));
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 2);
    staying.stop();
    Faults::find(&expected, &slack.posts()).assert_none();
    line("a partition is revoked while paused and assigned again", 1, "lost 0 · repeated 0");
}
