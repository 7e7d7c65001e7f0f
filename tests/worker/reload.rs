//! A new configuration for a running worker: nothing is lost, repeated or restarted.

use std::time::Duration;

use crate::checker::Faults;
use crate::harness::broker::Broker;
use crate::harness::poll::until;
use crate::harness::program::{Program, Signal};
use crate::harness::scrape::Scrape;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const FAST: &[&str] = &["rate_per_second: 100", "burst: 10", "queue_capacity: 1000"];

const SUCCESSFUL: &str = "slackline_config_last_reload_successful";

fn hash(program: &Program) -> f64 {
    program.scrape().only("slackline_config_hash", &[]).unwrap()
}

/// Waits until a configuration with another hash is active.
fn await_reloaded(program: &Program, before: f64) {
    program.await_metrics("another configuration", |scrape| {
        scrape.only("slackline_config_hash", &[]) != Some(before)
            && scrape.only(SUCCESSFUL, &[]) == Some(1.0)
    });
}

/// Waits for a log line: it may follow a moment after the metrics.
fn await_logged(program: &Program, text: &str, with: &str) {
    until(&format!("`{text}` with `{with}` in the log"), || {
        program.warnings(text).iter().any(|line| line.contains(with))
    });
}

#[test]
fn a_reload_keeps_queues_and_throttles() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(2);
    let setup = Setup::new(&broker, &[&topic]);
    let program = Program::ready(&setup.clone().webhook(&slack, "a", FAST));
    let pause = Duration::from_secs(5);
    slack.script("a", [Answer::RateLimited(pause.as_secs())]);
    let mut expected = produce(&broker, &topic, 2, "a", 0..10);
    slack.await_requests("a", 1);
    let scrape = program.await_metrics("nine wait, and the webhook is throttled", |scrape| {
        scrape.sum("slackline_queue_depth", &[("webhook", "a")]) == 9.0
            && scrape.sum("slackline_throttled_until_timestamp_seconds", &[]) > 0.0
    });
    let blocked = scrape.sum("slackline_throttled_until_timestamp_seconds", &[]);

    let before = hash(&program);
    let slower: &[&str] = &["rate_per_second: 50", "burst: 5", "queue_capacity: 2000"];
    program.configure(&setup.clone().webhook(&slack, "a", slower).webhook(&slack, "b", FAST));
    program.signal(Signal::Hup);
    await_reloaded(&program, before);
    let scrape = program.scrape();
    assert_eq!(scrape.sum("slackline_queue_depth", &[("webhook", "a")]), 9.0);
    assert_eq!(scrape.sum("slackline_queue_capacity", &[("webhook", "a")]), 2000.0);
    assert_eq!(
        scrape.sum("slackline_throttled_until_timestamp_seconds", &[("webhook", "a")]),
        blocked
    );
    program.await_sum("slackline_rate_limit_per_second", &[("webhook", "a")], 50.0);

    // The new webhook works immediately, the old one when its throttle ends.
    let of_b = produce(&broker, &topic, 2, "b", 100..105);
    slack.await_accepted(5);
    expected.extend(of_b);
    slack.await_accepted(15);
    let posts = slack.posts();
    let stopped = posts.iter().find(|post| !post.accepted).map(|post| post.at).unwrap();
    let early: Vec<_> = posts
        .iter()
        .filter(|post| post.webhook == "a" && post.accepted && post.at < stopped + pause)
        .collect();
    assert!(early.is_empty(), "{early:?}");
    broker.await_committed(&setup.group, &topic, 2);
    Faults::find(&expected, &posts).assert_none();
    assert_eq!(program.scrape().sum("slackline_rebalances_total", &[("kind", "revoke")]), 0.0);
    program.stop();
}

#[test]
fn a_changed_file_is_loaded_without_a_signal_and_a_bad_one_changes_nothing() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    let program = Program::ready(&setup);
    let before = hash(&program);

    program.write("kafka: {}\nactions: [{name: x, trigger: 'a ==', webhook: a, message: hi}]\n");
    program.await_sum(SUCCESSFUL, &[], 0.0);
    assert_eq!(hash(&program), before);
    await_logged(&program, "new configuration refused", "slackline.yaml:1:8");
    let mut expected = produce(&broker, &topic, 1, "a", 0..3);
    slack.await_accepted(3);

    let better = setup.clone().webhook(&slack, "b", FAST);
    program.configure(&better);
    await_reloaded(&program, before);
    expected.extend(produce(&broker, &topic, 1, "b", 10..13));
    slack.await_accepted(6);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}

#[test]
fn a_change_that_requires_a_restart_is_refused_by_name() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    let program = Program::ready(&setup);
    let before = hash(&program);
    let mut other = setup.clone().webhook(&slack, "b", FAST);
    other.group = "another".to_owned();
    other.kafka.push("drain_timeout: 9s".to_owned());
    program.configure(&other);
    program.signal(Signal::Hup);
    program.await_sum(SUCCESSFUL, &[], 0.0);
    await_logged(&program, "require a restart", "kafka.group_id, kafka.drain_timeout");
    assert_eq!(hash(&program), before);
    assert_eq!(program.scrape().select("slackline_queue_depth", &[("webhook", "b")]).count(), 0);
    program.configure(&setup);
    program.await_sum(SUCCESSFUL, &[], 1.0);
    program.stop();
}

/// With a delivery in flight of the dropped ones or of the moved ones, and with a throttle of an
/// hour or an attempt that does not end.
#[test]
fn a_removed_webhooks_deliveries_move_with_their_action_and_the_rest_is_dropped() {
    let stopped = || Answer::RateLimited(3600);
    remove_a_webhook("removed", stopped());
    remove_a_webhook("moved", stopped());
    remove_a_webhook("removed", Answer::Hang);
    remove_a_webhook("moved", Answer::Hang);
}

fn remove_a_webhook(in_flight: &str, answer: Answer) {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let action = |name: &str, webhook: &str| {
        format!(
            "  - {{name: {name}, trigger: \"event == '{name}'\", webhook: {webhook}, message: '{{{{n}}}}'}}\n"
        )
    };
    let setup = Setup::new(&broker, &[&topic]);
    let both = format!("{}{}", action("moved", "old"), action("removed", "old"));
    let lines = [FAST, &["timeout: 3s"]].concat();
    let first =
        setup.clone().webhook_with(&slack, "old", &lines, &both).webhook(&slack, "other", FAST);
    let program = Program::ready(&first);
    let stops = matches!(answer, Answer::RateLimited(_));
    slack.script("old", [answer]);
    produce(&broker, &topic, 1, in_flight, 0..1);
    slack.await_requests("old", 1);
    produce(&broker, &topic, 1, "removed", 1..4);
    produce(&broker, &topic, 1, "moved", 10..15);
    program.await_sum("slackline_queue_depth", &[("webhook", "old")], 8.0);

    let before = hash(&program);
    program.configure(
        &setup
            .clone()
            .webhook_with(&slack, "new", FAST, &action("moved", "new"))
            .webhook(&slack, "other", FAST),
    );
    program.signal(Signal::Hup);
    await_reloaded(&program, before);
    let (moving, dropped): (&[u64], _) = if in_flight == "moved" {
        (&[0, 10, 11, 12, 13, 14], 3.0)
    } else {
        (&[10, 11, 12, 13, 14], 4.0)
    };
    slack.await_accepted(moving.len());
    let mut moved: Vec<_> = slack
        .posts()
        .into_iter()
        .filter(|post| post.webhook == "new")
        .map(|post| post.id)
        .collect();
    moved.sort_unstable();
    assert_eq!(moved, moving);
    let unclaimed = [("webhook", "old"), ("action", "removed"), ("reason", "unclaimed")];
    let scrape = program.await_sum("slackline_deliveries_dropped_total", &unclaimed, dropped);
    assert_eq!(scrape.sum("slackline_queue_depth", &[]), 0.0);
    assert_eq!(scrape.sum("slackline_throttled_until_timestamp_seconds", &[]), 0.0);
    await_logged(&program, "unclaimed", "removed");
    // Its deliveries do not hold back the committed offset any more.
    broker.await_committed(&first.group, &topic, 1);

    // The remaining webhooks work, and a new one has a sender.
    let before = hash(&program);
    program.configure(&setup.clone().webhook(&slack, "other", FAST).webhook(&slack, "third", FAST));
    await_reloaded(&program, before);
    produce(&broker, &topic, 1, "other", 20..22);
    produce(&broker, &topic, 1, "third", 30..32);
    slack.await_accepted(moving.len() + 4);

    // Under its old name, the throttle is still active and its deliveries are kept.
    let before = hash(&program);
    program.configure(&first);
    await_reloaded(&program, before);
    produce(&broker, &topic, 1, "removed", 40..42);
    let blocked =
        |scrape: &Scrape| scrape.sum("slackline_throttled_until_timestamp_seconds", &[]) > 0.0;
    if stops {
        program.await_metrics("the throttle continues", |scrape| {
            blocked(scrape)
                && scrape.sum("slackline_queue_depth", &[]) + scrape.sum("slackline_in_flight", &[])
                    == 2.0
        });
    } else {
        slack.await_accepted(moving.len() + 6);
    }
    program.stop();
}

/// The outcomes of queued deliveries release the webhook that had them, not the one that the action
/// posts to now.
#[test]
fn queued_deliveries_of_a_moved_action_stay_with_their_sender() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    // A window of one message.
    let lines: &[&str] = &["rate_per_second: 10", "burst: 1"];
    let action = |webhook: &str| {
        format!(
            "  - {{name: x, trigger: \"event == 'x'\", webhook: {webhook}, message: '{{{{n}}}}'}}\n"
        )
    };
    let both = |webhook: &str| {
        let (first, second) = if webhook == "a" {
            (action("a"), String::new())
        } else {
            (String::new(), action("b"))
        };
        let setup = Setup::new(&broker, &[&topic]).webhook_with(&slack, "a", lines, &first);
        setup.webhook_with(&slack, "b", lines, &second).webhook(&slack, "other", FAST)
    };
    let first = both("a");
    let program = Program::ready(&first);
    slack.script("a", [Answer::RateLimited(4)]);
    produce(&broker, &topic, 1, "x", 0..5);
    program.await_sum("slackline_queue_depth", &[("webhook", "a")], 4.0);
    let before = hash(&program);
    let mut second = both("b");
    second.group.clone_from(&first.group);
    program.configure(&second);
    program.signal(Signal::Hup);
    await_reloaded(&program, before);
    produce(&broker, &topic, 1, "x", 10..13);
    slack.await_accepted(8);
    broker.await_committed(&first.group, &topic, 1);
    let at = |webhook: &str| {
        slack.posts().iter().filter(|post| post.accepted && post.webhook == webhook).count()
    };
    assert_eq!((at("a"), at("b")), (5, 3));
    program.stop();
}

#[test]
fn a_webhooks_url_is_read_again_from_its_file() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let secrets = tempfile::TempDir::new().unwrap();
    let file = secrets.path().join("sales");
    std::fs::write(&file, slack.url("first")).unwrap();
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST).url_file("a", &file);
    let program = Program::ready(&setup);
    produce(&broker, &topic, 1, "a", 0..2);
    slack.await_requests("first", 2);
    let before = hash(&program);
    std::fs::write(&file, slack.url("second")).unwrap();
    await_reloaded(&program, before);
    produce(&broker, &topic, 1, "a", 2..5);
    slack.await_requests("second", 3);
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
}

#[test]
fn reloads_under_load_lose_and_repeat_nothing() {
    reloads_under_load(&Broker::mock());
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn reloads_under_load_on_a_real_broker_lose_and_repeat_nothing() {
    reloads_under_load(&Broker::real());
}

/// Reloads under load, once after each post that arrived.
fn reloads_under_load(broker: &Broker) {
    let slack = Slack::start();
    let topic = broker.topic(3);
    let setup = |burst: u32| {
        let lines = [
            "rate_per_second: 200".to_owned(),
            format!("burst: {burst}"),
            "queue_capacity: 5000".to_owned(),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let setup =
            Setup::new(broker, &[&topic]).webhook(&slack, "a", &lines).webhook(&slack, "b", &lines);
        if burst.is_multiple_of(2) {
            setup.webhook(&slack, "c", &lines).on_channels(&slack, &["b"])
        } else {
            setup
        }
    };
    let first = setup(1);
    let same_group = |burst: u32| {
        let mut setup = setup(burst);
        setup.group.clone_from(&first.group);
        setup
    };
    let program = Program::ready(&first);
    let mut expected = Vec::new();
    for round in 0..6_u64 {
        let before = hash(&program);
        expected.extend(produce(broker, &topic, 3, "a", round * 100..round * 100 + 60));
        expected.extend(produce(
            broker,
            &topic,
            3,
            "b",
            10_000 + round * 100..10_000 + round * 100 + 60,
        ));
        slack.await_accepted((round * 120 + 10) as usize);
        program.configure(&same_group(round as u32 + 2));
        program.signal(Signal::Hup);
        await_reloaded(&program, before);
    }
    slack.await_accepted(720);
    broker.await_committed(&first.group, &topic, 3);
    Faults::find(&expected, &slack.posts()).assert_none();
    let scrape = program.scrape();
    assert_eq!(scrape.sum("slackline_deliveries_dropped_total", &[]), 0.0);
    assert_eq!(scrape.sum("slackline_events_reread_total", &[]), 0.0);
    assert_eq!(scrape.sum("slackline_fenced_outcomes_total", &[]), 0.0);
    program.stop();
}
