//! Events become posts, in order and once, and are committed; Slack's answers are obeyed.

use std::time::Duration;

use crate::checker::{Faults, Post, Rate};
use crate::harness::broker::{Broker, Record};
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event, produce};
use crate::harness::slack::{Answer, Slack};

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn matches_are_delivered_once_and_in_order_and_everything_is_committed() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(3);
    let fast = &["rate_per_second: 200", "burst: 5", "queue_capacity: 1000"];
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", fast).webhook(&slack, "b", fast);
    let program = Program::ready(&setup);
    assert_eq!(program.health(), 200);

    let mut expected = Vec::new();
    for round in 0..10 {
        let noise: Vec<_> =
            (0..300).map(|n| Record::new(n % 3, event("no match", n as u64))).collect();
        broker.produce(&topic, &noise);
        expected.extend(produce(&broker, &topic, 3, "a", round * 100..round * 100 + 12));
        expected.extend(produce(&broker, &topic, 3, "b", round * 100..round * 100 + 7));
    }
    slack.await_accepted(expected.len());
    broker.await_committed(&setup.group, &topic, 3);

    let labels = [("topic", topic.as_str())];
    let scrape = program.await_sum("slackline_consumer_lag", &labels, 0.0);
    assert_eq!(scrape.sum("slackline_events_consumed_total", &labels), 3000.0 + 190.0);
    assert_eq!(scrape.sum("slackline_events_unmatched_total", &labels), 3000.0);
    assert_eq!(scrape.sum("slackline_events_matched_total", &labels), 190.0);
    assert_eq!(scrape.sum("slackline_deliveries_delivered_total", &[("webhook", "a")]), 120.0);
    assert_eq!(scrape.sum("slackline_deliveries_delivered_total", &[("webhook", "b")]), 70.0);
    assert_eq!(scrape.sum("slackline_assigned_partitions", &labels), 3.0);
    assert_eq!(scrape.sum("slackline_unsettled_events", &labels), 0.0);
    assert!(scrape.sum("slackline_commits_total", &[("result", "ok")]) >= 1.0);
    assert_eq!(scrape.sum("slackline_commits_total", &[("result", "failed")]), 0.0);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}

/// The actions and the message of Customer.io's documentation of its Slack destination.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn the_actions_of_a_customer_data_platform_post_the_same_messages() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic])
        .webhook_with(
            &slack,
            "sales",
            &["rate_per_second: 50"],
            r##"  - name: sales-alerts
    trigger: type == 'identify' && $.traits.plan == 'enterprise'
    webhook: sales
    channel: "#sales-alerts"
    user: Sales bot
    message: "{{$.traits.name}} is on {{$.traits.plan}}"
  - name: order-completed
    trigger: type == 'track' && event == 'Order Completed'
    webhook: sales
    message: "🎉 {{$.properties.name}} just completed an order for {{$.properties.total}}!"
"##,
        )
        .webhook_with(
            &slack,
            "support",
            &["rate_per_second: 50"],
            r##"  - name: support-alerts
    trigger: type == 'track' && $.event == 'NPS Submitted'
    webhook: support
    channel: "#support-alerts"
    message: "{{$.properties.score}} from {{userId}}"
"##,
        );
    let program = Program::ready(&setup);
    let events = [
        r#"{"type":"identify","userId":"1","traits":{"name":"Ann <b> & Co","plan":"enterprise"}}"#,
        r#"{"type":"identify","userId":"2","traits":{"name":"Bob","plan":"free"}}"#,
        r#"{"type":"track","userId":"3","event":"NPS Submitted","properties":{"score":3}}"#,
        r#"{"type":"track","userId":"4","event":"Order Completed","properties":{"name":"Zoë","total":49.90}}"#,
        r#"{"type":"page","userId":"5","name":"NPS Submitted"}"#,
    ];
    broker.produce(&topic, &events.map(|event| Record::new(0, event)));
    slack.await_accepted(3);
    broker.await_committed(&setup.group, &topic, 1);
    assert_eq!(
        slack.bodies("sales"),
        [
            serde_json::json!({"text": "Ann &lt;b&gt; &amp; Co is on enterprise", "channel": "#sales-alerts", "username": "Sales bot"}),
            serde_json::json!({"text": "🎉 Zoë just completed an order for 49.90!", "username": "Slackline"}),
        ]
    );
    assert_eq!(
        slack.bodies("support"),
        [
            serde_json::json!({"text": "3 from 3", "channel": "#support-alerts", "username": "Slackline"})
        ]
    );
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_webhook_gets_no_more_than_its_rate_and_burst() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(2);
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", &["rate_per_second: 8", "burst: 3"]);
    let program = Program::ready(&setup);
    assert_eq!(
        program.scrape().only("slackline_rate_limit_per_second", &[("webhook", "a")]),
        Some(8.0)
    );
    let expected = produce(&broker, &topic, 2, "a", 0..30);
    slack.await_accepted(30);
    let posts = slack.posts();
    Rate { per_second: 8.0, bursts: 3.0, jitter: JITTER }.assert_kept(&posts);
    Faults::find(&expected, &posts).assert_none();
    program.stop();
}

/// How much closer two requests may reach the fake Slack than they were sent, on a busy machine.
pub const JITTER: Duration = Duration::from_millis(150);

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_429_throttles_only_its_webhook_for_the_given_time_and_loses_nothing() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let fast = &["rate_per_second: 50", "burst: 5"];
    let setup = Setup::new(&broker, &[&topic])
        .webhook(&slack, "limited", fast)
        .webhook(&slack, "free", fast);
    let program = Program::ready(&setup);
    slack.script("limited", [Answer::Ok, Answer::RateLimited(3)]);

    let mut expected = produce(&broker, &topic, 1, "limited", 0..5);
    slack.await_requests("limited", 2);
    program.await_metrics("the throttle is shown", |scrape| {
        scrape.sum("slackline_throttled_until_timestamp_seconds", &[("webhook", "limited")]) > 0.0
    });
    expected.extend(produce(&broker, &topic, 1, "free", 0..5));
    slack.await_accepted(10);

    let posts = slack.posts();
    let of =
        |name: &str| -> Vec<&Post> { posts.iter().filter(|post| post.webhook == name).collect() };
    let (limited, free) = (of("limited"), of("free"));
    assert_eq!(limited.iter().map(|post| post.id).collect::<Vec<_>>(), [0, 1, 1, 2, 3, 4]);
    assert!(
        limited[2].at - limited[1].at >= Duration::from_secs(3),
        "sent before the Retry-After had passed: {limited:?}"
    );
    assert!(free.iter().all(|post| post.at < limited[2].at), "the other webhook waited too");
    Faults::find(&expected, &posts).assert_none();
    program.await_sum("slackline_attempts_total", &[("webhook", "limited"), ("result", "ok")], 5.0);
    let scrape = program.await_sum(
        "slackline_throttled_until_timestamp_seconds",
        &[("webhook", "limited")],
        0.0,
    );
    assert_eq!(
        scrape
            .sum("slackline_attempts_total", &[("webhook", "limited"), ("result", "rate_limited")]),
        1.0
    );
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn temporary_failures_are_retried_in_order_and_final_refusals_are_dropped_and_settled() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let lines = &[
        "rate_per_second: 50",
        "burst: 5",
        "timeout: 1s",
        "retry: {initial: 50ms, max: 200ms, max_elapsed: 1m}",
    ];
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", lines).webhook(&slack, "strict", lines);
    let program = Program::ready(&setup);
    slack.script(
        "a",
        [
            Answer::Status(503, "upstream"),
            Answer::Hang,
            Answer::Reset,
            Answer::Status(500, "rollup_error"),
        ],
    );
    slack.default("strict", Answer::Status(400, "invalid_payload"));

    let expected = produce(&broker, &topic, 1, "a", 0..4);
    produce(&broker, &topic, 1, "strict", 0..2);
    slack.await_accepted(4);
    slack.await_requests("strict", 2);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    let strict = [("webhook", "strict"), ("reason", "rejected")];
    let scrape = program.await_sum("slackline_deliveries_dropped_total", &strict, 2.0);
    let attempts =
        |result| scrape.sum("slackline_attempts_total", &[("webhook", "a"), ("result", result)]);
    assert_eq!(
        ["server_error", "timeout", "connect", "ok"].map(attempts),
        [2.0, 1.0, 1.0, 4.0],
        "each answer is counted by its kind"
    );
    // An operator must act on it: the log has Slack's own error code.
    assert!(
        program.warnings("invalid_payload").iter().any(|line| line.contains("strict")),
        "{}",
        program.log()
    );
    program.stop();
}
