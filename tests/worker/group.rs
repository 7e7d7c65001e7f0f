//! Several members of one group share the partitions, and with them every webhook's rate.

use super::deliver::JITTER;
use crate::checker::{Faults, Post, Rate};
use crate::harness::broker::Broker;
use crate::harness::program::{Program, Signal};
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

const SHARED: &[&str] = &["rate_per_second: 12", "burst: 2", "queue_capacity: 1000"];

fn await_share(program: &Program, partitions: f64, rate: f64) {
    program.await_metrics(&format!("{partitions} partitions and a rate of {rate}"), |scrape| {
        scrape.sum("slackline_assigned_partitions", &[]) == partitions
            && scrape.sum("slackline_rate_limit_per_second", &[("webhook", "a")]) == rate
    });
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn members_share_partitions_and_rate_and_a_leaving_one_repeats_nothing() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(4);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", SHARED);
    let first = Program::ready(&setup);
    await_share(&first, 4.0, 12.0);
    let mut expected = produce(&broker, &topic, 4, "a", 0..40);

    let second = Program::ready(&setup);
    await_share(&first, 2.0, 6.0);
    await_share(&second, 2.0, 6.0);
    expected.extend(produce(&broker, &topic, 4, "a", 40..80));
    second.await_metrics("the second one delivers", |scrape| {
        scrape.sum("slackline_deliveries_delivered_total", &[]) >= 3.0
    });

    // It leaves with a queue that is not empty: the other member takes over its deliveries.
    let last = second.stop();
    assert!(last.sum("slackline_deliveries_matched_total", &[]) > 0.0);
    await_share(&first, 4.0, 12.0);
    slack.await_accepted(80);
    broker.await_committed(&setup.group, &topic, 4);
    let posts = slack.posts();
    Faults::find(&expected, &posts).assert_none();
    Rate { per_second: 12.0, bursts: 4.0, jitter: JITTER }.assert_kept(&posts);
    let scrape = first.scrape();
    assert!(scrape.sum("slackline_rebalances_total", &[("kind", "assign")]) >= 2.0);
    assert!(scrape.sum("slackline_rebalances_total", &[("kind", "revoke")]) >= 1.0);
    first.stop();
}

/// Its share counts the partitions of all topics that feed any of its channels.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn members_share_the_rate_of_an_app_whose_channels_have_different_topics() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let (wide, narrow) = (broker.topic(4), broker.topic(2));
    let of_topic = |setup: Setup, (name, topic): (&str, &String)| {
        let action = format!(
            "  - {{name: {name}, topics: [{topic}], trigger: event, webhook: {name}, message: '{{{{n}}}}'}}\n"
        );
        let lines = ["rate_per_second: 50", "queue_capacity: 1000"];
        setup.webhook_with(&slack, name, &lines, &action)
    };
    let webhooks = [("a", &wide), ("b", &narrow)]
        .into_iter()
        .fold(Setup::new(&broker, &[&wide, &narrow]), of_topic);
    let at = |posts_per_minute: u32| {
        let line = format!("posts_per_minute: {posts_per_minute}");
        webhooks.clone().app(&slack, "acme", &[&line]).in_app("acme", &["a", "b"])
    };
    let both = |ids: std::ops::Range<u64>| {
        let mut produced = produce(&broker, &wide, 4, "a", ids.clone());
        produced.extend(produce(&broker, &narrow, 2, "b", ids));
        produced
    };
    let await_share = |program: &Program, rate: f64| {
        let app = [("app", "acme")];
        program.await_sum("slackline_app_rate_limit_per_second", &app, rate);
    };
    let setup = at(720);
    let first = Program::ready(&setup);
    await_share(&first, 12.0);
    let mut expected = both(0..30);
    let second = Program::ready(&setup);
    await_share(&first, 6.0);
    await_share(&second, 6.0);
    expected.extend(both(30..60));
    second.await_metrics("the second one delivers", |scrape| {
        scrape.sum("slackline_deliveries_delivered_total", &[]) >= 3.0
    });
    second.stop();
    await_share(&first, 12.0);
    slack.await_all_accepted(&expected);
    let posts = slack.posts();
    let together: Vec<_> =
        posts.iter().map(|post| Post { webhook: "acme".to_owned(), ..post.clone() }).collect();
    Rate { per_second: 12.0, bursts: 2.0, jitter: JITTER }.assert_kept(&together);
    Faults::find(&expected, &posts).assert_none();
    first.configure(&at(360));
    await_share(&first, 6.0);
    broker.await_committed(&setup.group, &wide, 4);
    broker.await_committed(&setup.group, &narrow, 2);
    first.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn the_partitions_of_a_killed_member_move_to_the_others_and_nothing_is_lost() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(4);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", SHARED);
    let first = Program::ready(&setup);
    let second = Program::ready(&setup);
    await_share(&first, 2.0, 6.0);
    await_share(&second, 2.0, 6.0);
    let expected = produce(&broker, &topic, 4, "a", 0..60);
    second.await_metrics("the second one delivers", |scrape| {
        scrape.sum("slackline_deliveries_delivered_total", &[]) >= 3.0
    });
    second.kill();
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 4);
    await_share(&first, 4.0, 12.0);
    let posts = slack.posts();
    let faults = Faults::find(&expected, &posts);
    // Posts without a commit may be repeated: the window of a rate of 12.
    assert!(faults.repeated.len() <= 2, "{faults}");
    assert_eq!((faults.lost, faults.unexpected, faults.disordered), (vec![], vec![], vec![]));
    Rate { per_second: 12.0, bursts: 4.0, jitter: JITTER }.assert_kept(&posts);
    first.stop();
}

/// A member without a partition (more members than partitions) is ready, sends nothing, and takes
/// over when the other leaves.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_member_without_partitions_is_ready_and_takes_over() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", SHARED);
    let first = Program::ready(&setup);
    let second = Program::ready(&setup);
    let owned = |program: &Program| program.scrape().sum("slackline_assigned_partitions", &[]);
    let (owner, idle) = if owned(&first) == 1.0 { (first, second) } else { (second, first) };
    await_share(&owner, 1.0, 12.0);
    await_share(&idle, 0.0, 0.0);
    let mut expected = produce(&broker, &topic, 1, "a", 0..5);
    slack.await_accepted(5);
    owner.signal(Signal::Int);
    let mut owner = owner;
    assert_eq!(
        owner.await_end(std::time::Duration::from_secs(20)).code(),
        Some(0),
        "SIGINT is a graceful stop too"
    );
    await_share(&idle, 1.0, 12.0);
    expected.extend(produce(&broker, &topic, 1, "a", 5..10));
    slack.await_accepted(10);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    idle.stop();
}

/// A member that is paused past its session has lost its partitions without knowing. When it
/// resumes, its late outcomes do no harm.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_member_paused_past_its_session_loses_nothing_and_joins_again() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(4);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", SHARED);
    let first = Program::ready(&setup);
    let second = Program::ready(&setup);
    await_share(&first, 2.0, 6.0);
    await_share(&second, 2.0, 6.0);
    let mut expected = produce(&broker, &topic, 4, "a", 0..60);
    second.await_metrics("the second one delivers", |scrape| {
        scrape.sum("slackline_deliveries_delivered_total", &[]) >= 3.0
    });
    second.signal(Signal::Stop);
    await_share(&first, 4.0, 12.0);
    slack.await_all_accepted(&expected);
    second.signal(Signal::Cont);
    await_share(&first, 2.0, 6.0);
    await_share(&second, 2.0, 6.0);
    expected.extend(produce(&broker, &topic, 4, "a", 60..80));
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 4);
    let faults = Faults::find(&expected, &slack.posts());
    // It may have had an attempt in flight when it was paused: no more than its window is repeated.
    assert!(faults.repeated.len() <= 2, "{faults}");
    assert_eq!((faults.lost, faults.unexpected), (vec![], vec![]));
    first.stop();
    second.stop();
}
