//! Members that come, go and are replaced.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dice::Dice;
use super::mix;
use super::report::{full_or_short, line};
use super::team::Team;
use super::traffic::Load;
use crate::checker::group::longest_gaps;
use crate::checker::{Expected, Faults};
use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

/// The longest hold that a rebalance may cause: set, so that it is told apart from what merely takes long.
const DRAIN: Duration = Duration::from_secs(3);

/// What a post may take beside that: its turn at a member's share of the rate, and a busy machine.
const TURN: Duration = Duration::from_millis(1500);

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_rolling_restart_of_three_members_loses_and_repeats_nothing() {
    let (broker, slack, mut dice) = (Broker::real(), Arc::new(Slack::start()), Dice::new());
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
            dice.let_pass(0, 500);
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
fn members_come_and_go_cooperative() {
    come_and_go("cooperative-sticky", &[("partition.assignment.strategy", "cooperative-sticky")]);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn members_come_and_go_range() {
    come_and_go("range", &[("partition.assignment.strategy", "range")]);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn members_come_and_go_roundrobin() {
    come_and_go("roundrobin", &[("partition.assignment.strategy", "roundrobin")]);
}

/// The broker decides sessions and heartbeats there; setting them is refused.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn members_come_and_go_kip_848() {
    come_and_go("KIP-848", &[("group.protocol", "consumer")]);
}

/// Between two and four members, of which one comes or goes every few seconds, whether the last change is through or not.
fn come_and_go(protocol: &str, properties: &[(&'static str, &str)]) {
    let (broker, slack, mut dice) = (Broker::real(), Arc::new(Slack::start()), Dice::new());
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
        if running.len() < 4 && (running.len() == 2 || dice.one_in(2)) {
            team.start(&setup);
        } else {
            team.stop(running[dice.below(running.len())]);
        }
        changes += 1;
        dice.let_pass(1000, 4000);
    }
    let until = slack.now();
    team.hand_over_to_one();
    let verdict = team.finish(&mut load, &broker, &setup);
    let gaps = longest_gaps(&verdict.posts, until);
    // The two that have a backlog in every partition, and a rate at which a pause is no pause of theirs.
    let gap = gaps["quick"].max(gaps["steady"]);
    let figures = format!(
        "{} · longest hold {:.1} s, longest gap under a backlog {:.1} s (drain's deadline {:.1} s) · rate kept",
        verdict.of_hand_overs(),
        verdict.longest_hold.as_secs_f64(),
        gap.as_secs_f64(),
        DRAIN.as_secs_f64()
    );
    line(&format!("members come and go for {} s, {protocol}", long.as_secs()), changes, &figures);
    verdict.assert();
    assert!(verdict.longest_hold <= DRAIN + TURN, "a lane was held for {:?}", verdict.longest_hold);
    assert!(gap <= DRAIN + TURN, "no post for {gap:?} in spite of a backlog: {gaps:?}");
}

/// `slow` has one post a second, `quick` does all that it is asked for at once: what lies between the two is what a new owner must tell apart.
fn slow_and_quick(broker: &Broker, slack: &Slack, partitions: i32) -> (Setup, String) {
    let topic = broker.topic(partitions);
    let setup = Setup::new(broker, &[&topic])
        .webhook(slack, "slow", &["rate_per_second: 1"])
        .webhook(slack, "quick", &["rate_per_second: 200", "burst: 50"]);
    (setup, topic)
}

/// Ten events of each of the two, in turn, in every partition.
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
fn a_new_process_delivers_what_a_stopped_one_left_and_nothing_else_of_what_it_reads_again() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let (setup, topic) = slow_and_quick(&broker, &slack, 1);
    let former = Program::ready(&setup);
    let mut expected = ten_of_each(&broker, &topic, 1);
    slack.await_requests("slow", 2);
    slack.await_requests("quick", 10);
    former.stop();
    let done = slack.posts().iter().filter(|post| post.webhook == "slow").count();
    let committed = broker.committed(&setup.group, &topic, 1)[0].unwrap();
    assert_eq!(committed, 2 * done as i64, "up to the first event that `slow` has not done");

    let next = Program::ready(&setup);
    // Events alternate: the first that is pending is at twice the number that is done, and the former owner had read all twenty.
    let scrape = next.await_sum("slackline_events_reread_total", &[], 20.0 - committed as f64);
    let restored =
        |webhook| scrape.sum("slackline_deliveries_restored_total", &[("webhook", webhook)]);
    assert_eq!((restored("slow"), restored("quick")), (10.0 - done as f64, 0.0));
    assert_eq!(
        scrape.sum("slackline_events_consumed_total", &[]),
        0.0,
        "read again is not consumed again"
    );
    // The others go by this metric, and one that is missing shows no hold either.
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
        "a new process finds what a stopped one left",
        1,
        &format!("lost 0 · repeated 0 · restored {} · read again {}", 10 - done, 20 - committed),
    );
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_member_delivers_what_a_leaving_one_left() {
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
    assert_eq!(quick, 0, "`quick` had done everything");
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
    assert!(reread > 0.0, "what is delivered again by another was read again by it");
    assert_eq!(
        scrape.sum("slackline_events_consumed_total", &[]),
        20.0,
        "its own partition's events, and no other's"
    );
    line(
        "a member delivers what a leaving one left",
        1,
        &format!("lost 0 · repeated 0 · restored {slow} · read again {reread}"),
    );
}

/// librdkafka keeps a pause beyond the partition's time with the member: found with KIP-848 and members that come and go.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_partition_that_left_while_it_was_paused_is_read_when_it_comes_back() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(2);
    let lines = [
        "rate_per_second: 100",
        "queue_capacity: 2",
        "when_full: block",
        "retry: {initial: 50ms, max: 100ms}",
    ];
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", &lines);
    let staying = Program::ready(&setup);
    slack.default("a", Answer::Status(503, "down"));
    let mut expected = produce(&broker, &topic, 2, "a", 0..20);
    staying.await_sum("slackline_paused_partitions", &[], 2.0);
    // One of the two goes, paused as it is; the other is resumed without it, and it comes back.
    let guest = Program::ready(&setup);
    staying.await_sum("slackline_assigned_partitions", &[], 1.0);
    guest.await_sum("slackline_assigned_partitions", &[], 1.0);
    slack.default("a", Answer::Ok);
    slack.await_all_accepted(&expected);
    guest.stop();
    staying.await_sum("slackline_assigned_partitions", &[], 2.0);
    // Too few to fill the queue: its next pause and resumption would mend what is stuck.
    expected.extend(produce(&broker, &topic, 2, "a", 20..22));
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 2);
    staying.stop();
    Faults::find(&expected, &slack.posts()).assert_none();
    line("a partition leaves while it is paused and comes back", 1, "lost 0 · repeated 0");
}
