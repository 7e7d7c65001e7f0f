//! Two deployments with one `kafka.group_id`: each reads a part of the events, which is reported;
//! what a deployment reads, it posts, and what it leaves pending to the other one is dropped as
//! `unclaimed`.

use super::report::{figures, full_or_short, line};
use crate::checker::{Expected, Faults};
use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const PARTITIONS: i32 = 4;

/// The events for each deployment in a round.
const EVENTS: u64 = 20;

const FAST: &[&str] = &["rate_per_second: 100", "burst: 50", "retry: {initial: 1s, max: 1s}"];

fn await_partitions(program: &Program, count: i32) {
    program.await_sum("slackline_assigned_partitions", &[], f64::from(count));
}

/// How often the log reports the other deployment at this level.
fn reports(program: &Program, level: &str) -> usize {
    let lines = program.warnings("reads only a part of the events");
    lines.iter().filter(|line| line.contains(level)).count()
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn two_deployments_in_one_group_are_reported_and_drop_only_what_is_unclaimed() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(PARTITIONS);
    let ours =
        Setup::new(&broker, &[&topic]).webhook(&slack, "ours", FAST).on_channels(&slack, &["ours"]);
    let mut theirs = Setup::new(&broker, &[&topic]).webhook(&slack, "theirs", FAST);
    theirs.group.clone_from(&ours.group);
    let program = Program::ready(&ours);
    let mut expected: Vec<Expected> = Vec::new();
    let (mut unclaimed, mut read_by_other, mut id) = (0.0, 0.0, 0);
    let rounds = full_or_short(10, 2);
    for round in 1..=rounds {
        slack.default("theirs", Answer::Ok);
        let other = Program::ready(&theirs);
        await_partitions(&other, PARTITIONS / 2);
        await_partitions(&program, PARTITIONS / 2);
        assert_eq!(reports(&other, " WARN "), 1, "{}", other.log());
        assert_eq!(reports(&other, "ERROR "), 0, "{}", other.log());
        let (status, page) = other.readiness();
        assert_eq!(status, 200, "{page}");
        assert!(page.contains(&format!("the consumer group `{}`", ours.group)), "{page}");

        let owned = other.owned();
        let is_others = |one: &Expected| owned.contains(&one.partition);
        let produced =
            |webhook, from: u64| produce(&broker, &topic, PARTITIONS, webhook, from..from + EVENTS);
        expected.extend(produced("ours", id).into_iter().filter(|one| !is_others(one)));
        expected.extend(produced("theirs", id + 1_000).into_iter().filter(is_others));
        id += EVENTS;
        slack.await_all_accepted(&expected);
        // It stops with deliveries that its webhook does not take.
        slack.default("theirs", Answer::Status(503, "down"));
        let pending = produced("theirs", id + 1_000).into_iter().filter(is_others).count();
        id += EVENTS;
        other.await_metrics("the other deployment reads the events", |scrape| {
            scrape.sum("slackline_deliveries_matched_total", &[])
                == (EVENTS / 2) as f64 + pending as f64
        });
        let last = other.stop();
        assert_eq!(last.sum("slackline_deliveries_dropped_total", &[]), 0.0);
        read_by_other += last.sum("slackline_events_consumed_total", &[]);
        unclaimed += pending as f64;

        await_partitions(&program, PARTITIONS);
        program.await_sum(
            "slackline_deliveries_dropped_total",
            &[("reason", "unclaimed")],
            unclaimed,
        );
        assert_eq!(reports(&program, "ERROR "), round, "{}", program.log());
        let alternating = [("kind", "alternating")];
        program.await_sum(
            "slackline_foreign_commits_total",
            &alternating,
            (round * PARTITIONS as usize / 2) as f64,
        );
        assert!(program.readiness().1.contains("alternate"), "{}", program.readiness().1);
    }
    assert!(
        !program.warnings("left pending by another deployment").is_empty(),
        "{}",
        program.log()
    );
    slack.await_all_accepted(&expected);
    let faults = Faults::find(&expected, &slack.posts());
    let last = program.stop();
    // Each event was read by one of the two, and what matched there was posted.
    let all = (rounds as u64 * 3 * EVENTS) as f64;
    assert_eq!(last.sum("slackline_events_consumed_total", &[]) + read_by_other, all);
    faults.assert_none();
    let figures = format!("{} · unclaimed {unclaimed} · reported {rounds}", figures(&faults));
    line("two deployments in one group", rounds, &figures);
}
