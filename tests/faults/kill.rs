//! The worker is killed at random moments.

use std::sync::Arc;
use std::time::Duration;

use super::mix;
use super::random::Random;
use super::report::{full_or_short, line};
use super::team::Team;
use super::traffic::Load;
use crate::harness::broker::Broker;
use crate::harness::poll::poll;
use crate::harness::setup::Setup;
use crate::harness::slack::{Answer, Slack};

/// The shortest session that is safe on a machine with two cores: a killed member keeps its
/// partitions this long.
const SESSION: Duration = Duration::from_secs(4);

/// The time that a takeover may take in addition to the session.
const TAKEOVER: Duration = Duration::from_secs(1);

/// The limit from a static member's start to its next post.
const BACK: Duration = Duration::from_secs(1);

/// A post of a killed process can wait in a socket for this long: later posts are another's.
const LATE: Duration = Duration::from_millis(50);

/// The mix on new topics, for dynamic members with the session above.
fn mix_with_short_session(broker: &Broker, slack: &Slack) -> Setup {
    let mut setup = mix::setup(broker, slack);
    let session = SESSION.as_millis().to_string();
    setup.properties =
        vec![("session.timeout.ms", session), ("heartbeat.interval.ms", "400".to_owned())];
    setup
}

/// One webhook answers 503 in half of the rounds.
fn alternate_failures(slack: &Slack, round: usize) {
    slack.default("failing", if round % 4 < 2 { Answer::Status(503, "down") } else { Answer::Ok });
}

/// Waits for the first post of one of these partitions after `since`, and returns its time.
#[track_caller]
fn await_post(
    load: &Load,
    slack: &Slack,
    since: Duration,
    owned: impl Fn(&(String, i32)) -> bool,
) -> Duration {
    let mut seen = 0;
    poll("a post of the partitions in question", || {
        let posts = slack.posts_from(seen);
        for post in &posts {
            if post.at > since && post.accepted {
                match load.partition(post) {
                    Some(partition) if owned(&partition) => return Ok(post.at),
                    Some(_) => {}
                    // Its record is not acknowledged yet: retry.
                    None => return Err("a post whose record is not acknowledged yet".to_owned()),
                }
            }
            seen += 1;
        }
        Err(format!("{seen} posts in total"))
    })
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_worker_killed_at_random_moments_loses_nothing_and_repeats_at_most_the_window() {
    let (broker, slack, mut random) = (Broker::real(), Arc::new(Slack::start()), Random::new());
    let setup = mix_with_short_session(&broker, &slack);
    let mut team = Team::new(&slack);
    let place = team.start_ready(&setup);
    let mut load = Load::start(&setup, &slack);
    load.await_flowing();
    let kills = full_or_short(50, 5);
    for round in 0..kills {
        alternate_failures(&slack, round);
        random.let_pass(0, 1500);
        team.kill(place);
        let started = team.start_at(place, &setup);
        // Most kills are under load; one in five is while the worker starts and joins.
        if random.one_in(5) {
            random.let_pass(0, SESSION.as_millis() as u64);
        } else {
            await_post(&load, &slack, started, |_| true);
        }
    }
    let verdict = team.finish(&mut load, &broker, &setup);
    line("SIGKILL of the worker at random moments under load", kills, &verdict.of_kills());
    verdict.assert();
}

/// Most rounds kill a member of a settled group, and measure the takeover. One in four kills the
/// member that was just restarted, before the group has settled.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn one_of_three_members_killed_is_taken_over_within_the_session() {
    let (broker, slack, mut random) = (Broker::real(), Arc::new(Slack::start()), Random::new());
    let setup = mix_with_short_session(&broker, &slack);
    let mut team = Team::new(&slack);
    for _ in 0..3 {
        team.start_ready(&setup);
    }
    let mut load = Load::start(&setup, &slack);
    load.await_flowing();
    let (kills, mut longest) = (full_or_short(20, 2), Duration::ZERO);
    for round in 0..kills {
        let place = random.below(3);
        alternate_failures(&slack, round);
        if round > 0 && random.one_in(4) {
            random.let_pass(0, 1500);
            team.kill(place);
        } else {
            team.await_settled();
            random.let_pass(0, 1000);
            let owned = team.at(place).owned();
            let dead = team.kill(place);
            let taken_over =
                await_post(&load, &slack, dead + LATE, |partition| owned.contains(partition));
            longest = longest.max(taken_over - dead);
        }
        team.start_at(place, &setup);
    }
    team.await_settled();
    team.hand_over_to_one();
    let verdict = team.finish(&mut load, &broker, &setup);
    let failover = format!(
        "{} · failover ≤ {:.1} s of {:.1} s",
        verdict.of_kills(),
        longest.as_secs_f64(),
        (SESSION + TAKEOVER).as_secs_f64()
    );
    line("SIGKILL of one of three members", kills, &failover);
    verdict.assert();
    assert!(
        longest <= SESSION + TAKEOVER,
        "no post of a killed member's partitions for {longest:?}"
    );
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_static_member_killed_and_restarted_is_back_immediately_without_a_rebalance() {
    let (broker, slack, mut random) = (Broker::real(), Arc::new(Slack::start()), Random::new());
    let setup = mix::setup(&broker, &slack);
    let setups: Vec<Setup> = (0..3)
        .map(|number| {
            let mut setup = setup.clone();
            setup.kafka.push(format!("instance_id: member-{number}"));
            // Longer than a restart takes on any machine: the group must not remove the member.
            setup.properties = vec![
                ("session.timeout.ms", "20000".to_owned()),
                ("heartbeat.interval.ms", "500".to_owned()),
            ];
            setup
        })
        .collect();
    let mut team = Team::new(&slack);
    for setup in &setups {
        team.start_ready(setup);
    }
    team.await_settled();
    let mut load = Load::start(&setup, &slack);
    load.await_flowing();
    let (kills, mut longest, mut rebalances) =
        (full_or_short(20, 2), (Duration::ZERO, String::new()), 0.0);
    for round in 0..kills {
        let place = random.below(3);
        alternate_failures(&slack, round);
        random.let_pass(0, 1000);
        let (owned, before) = (team.at(place).owned(), team.rebalances_of_others(place));
        team.kill(place);
        let started = team.start_at(place, &setups[place]);
        let back = await_post(&load, &slack, started + LATE, |partition| owned.contains(partition));
        if back - started > longest.0 {
            longest = (back - started, team.at(place).log());
        }
        rebalances += team.rebalances_of_others(place) - before;
    }
    let verdict = team.finish(&mut load, &broker, &setup);
    let figures = format!(
        "{} · back after ≤ {:.2} s of {:.1} s · rebalances {rebalances}",
        verdict.of_kills(),
        longest.0.as_secs_f64(),
        BACK.as_secs_f64()
    );
    line("SIGKILL of one of three static members, restarted immediately", kills, &figures);
    verdict.assert();
    assert_eq!(rebalances, 0.0, "a static member's restart caused a rebalance");
    assert!(
        longest.0 <= BACK,
        "a static member's first post was {:?} after its start; its log:\n{}",
        longest.0,
        longest.1
    );
}
