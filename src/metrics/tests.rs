#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use prometheus::proto::MetricType;
use proptest::prelude::*;

use super::*;
use crate::config::fixture;
use crate::config::model::{self, Admin, WhenFull};
use crate::delivery::{Epoch, Origin, Outcome, Reason, Ticket};
use crate::event::{Invalid, Offset, Position};
use crate::post::Post;
use crate::queue::{Push, Queue};
use crate::truncation::Truncation;

mod channels;

mod size;

/// A configuration with this many webhooks, each with this many actions.
fn config(webhooks: u32, actions_each: u32) -> Config {
    let webhook = |index: u32| model::Webhook {
        queue_capacity: 7,
        ..fixture::webhook(
            &format!("hook-{index}"),
            &format!("https://hooks.slack.com/services/SECRET{index}"),
        )
    };
    let action = |webhook: u32, index: u32| model::Action {
        name: format!("action-{webhook}-{index}"),
        topics: vec![TopicIndex(0)],
        webhook: WebhookIndex(webhook),
        ..crate::route::fixture::action("", "`true`", "hello")
    };
    Config {
        apps: vec![fixture::app("acme", "https://slack.com/api/", "xoxb-1-2-a")],
        channels: model::ChannelIndex::default(),
        people: None,
        kafka: fixture::kafka(&["events", "orders"]),
        webhooks: (0..webhooks).map(webhook).collect(),
        actions: (0..webhooks)
            .flat_map(|of| (0..actions_each).map(move |index| action(of, index)))
            .collect(),
        admin: Admin { listen: "127.0.0.1:0".to_owned() },
        hash: 4_503_599_627_370_497,
    }
}

/// The metrics of `config`, with the queue of each webhook, as in the worker.
fn watched(config: &Config) -> Arc<Metrics> {
    let metrics = Metrics::new(config);
    for (index, webhook) in (0..).map(WebhookIndex).zip(&config.webhooks) {
        let actions = (0..).map(ActionIndex).zip(&config.actions);
        let own = actions.filter(|(_, action)| action.webhook == index).map(|(at, _)| at);
        let queue = Queue::new(webhook.queue_capacity, webhook.when_full, own);
        metrics.watch(index, Arc::new(queue));
    }
    metrics
}

/// The page as a map from series to value; panics on a duplicate series.
fn series(page: &str) -> HashMap<String, f64> {
    let mut series = HashMap::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let replaced = series.insert(name.to_owned(), value.parse().unwrap());
        assert!(replaced.is_none(), "duplicate series: {name}");
    }
    series
}

fn partition(topic: u32, number: i32) -> Partition {
    Partition { topic: TopicIndex(topic), number }
}

fn ticket(offset: i64, action: u32) -> Ticket {
    let position = Position { partition: partition(0, 0), offset: Offset(offset) };
    Ticket { position, epoch: Epoch(1), action: ActionIndex(action) }
}

fn post(offset: i64, action: u32) -> Post {
    let time = crate::event_time::EventTime::timestamp(0);
    Post { tickets: ticket(offset, action).into(), payload: (*b"{}").into(), time, parts_sent: 0 }
}

#[test]
fn the_page_shows_the_documented_metrics_and_no_others() {
    let metrics = watched(&config(2, 2));
    let lags =
        PartitionGauges { consumer_lag: Some(1), read_lag: Some(1), ..PartitionGauges::default() };
    metrics.set_partitions(&[(partition(0, 0), lags)]);
    metrics.channel_not_listed(WebhookIndex(0), ActionIndex(0));
    let page = metrics.text();
    let mut shown = BTreeSet::new();
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(shown.insert(name.to_owned()), "duplicate series: {name}");
            let documented = DOCUMENTED.iter().find(|documented| documented.name == name).unwrap();
            assert_eq!(help, documented.help);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            let documented = DOCUMENTED.iter().find(|documented| documented.name == name).unwrap();
            assert_eq!(kind, format!("{:?}", documented.kind).to_lowercase());
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            let base =
                ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
            let documented = DOCUMENTED
                .iter()
                .find(|of| {
                    of.name == name || (of.kind == MetricType::HISTOGRAM && Some(of.name) == base)
                })
                .unwrap_or_else(|| panic!("not documented: {line}"));
            let labels =
                line.split_once('{').map_or("", |(_, labels)| labels.split_once('}').unwrap().0);
            let labels: Vec<&str> = labels
                .split(',')
                .filter_map(|pair| pair.split_once('=').map(|(name, _)| name))
                .filter(|label| *label != "le")
                .collect();
            assert_eq!(labels, documented.labels, "{line}");
        }
    }
    let documented: BTreeSet<String> =
        DOCUMENTED.iter().map(|documented| documented.name.to_owned()).collect();
    assert_eq!(shown, documented);
    assert_eq!(documented.len(), DOCUMENTED.len(), "duplicate name");
}

#[test]
fn series_start_at_zero() {
    let page = watched(&config(1, 1)).text();
    let series = series(&page);
    for expected in [
        r#"slackline_events_consumed_total{topic="orders"}"#,
        r#"slackline_events_invalid_total{topic="events",reason="too_deep"}"#,
        r#"slackline_expression_errors_total{action="action-0-0"}"#,
        r#"slackline_deliveries_dropped_total{webhook="hook-0",action="action-0-0",reason="empty_message"}"#,
        r#"slackline_attempts_total{webhook="hook-0",result="connect"}"#,
        r#"slackline_attempt_duration_seconds_count{webhook="hook-0"}"#,
        r#"slackline_delivery_latency_seconds_bucket{webhook="hook-0",le="900"}"#,
        r#"slackline_queue_depth{webhook="hook-0"}"#,
        r#"slackline_rebalances_total{kind="lost"}"#,
        r#"slackline_assigned_partitions{topic="events"}"#,
        "slackline_fenced_outcomes_total",
        "slackline_clients_replaced_total",
    ] {
        assert_eq!(series.get(expected), Some(&0.0), "{expected}\n{page}");
    }
    assert_eq!(series[r#"slackline_queue_capacity{webhook="hook-0"}"#], 7.0);
    assert_eq!(series["slackline_config_hash"], 4_503_599_627_370_497.0);
    assert!(
        page.contains("slackline_config_hash 4503599627370497\n"),
        "the hash must keep every digit"
    );
}

#[test]
fn counts_appear_under_their_labels() {
    let metrics = watched(&config(1, 1));
    let mut batch = TopicTally {
        unmatched: 3,
        matched: 2,
        offsets_lost: 9,
        copied_offsets: 5,
        ..TopicTally::default()
    };
    batch.invalid(Invalid::NotObject);
    metrics.add_events(TopicIndex(1), &batch);
    metrics.add_events(TopicIndex(1), &batch);
    metrics.expression_errors(ActionIndex(0), 4);
    metrics.rebalance(RebalanceKind::Revoke);
    metrics.commit(true);
    metrics.commit(false);
    metrics.commit(false);
    metrics.fenced_outcome();
    let webhook = metrics.webhook(WebhookIndex(0));
    webhook.attempt(AttemptResult::RateLimited, Duration::from_millis(30), None);
    webhook.attempt(AttemptResult::Ok, Duration::from_secs(11), Some(Duration::from_secs(20)));
    webhook.truncated([Truncation::Message, Truncation::Rows].into_iter().collect());
    webhook.rate_limit(0.25);
    let series = series(&metrics.text());
    for (name, value) in [
        (r#"slackline_events_consumed_total{topic="orders"}"#, 12.0),
        (r#"slackline_events_matched_total{topic="orders"}"#, 4.0),
        (r#"slackline_events_unmatched_total{topic="orders"}"#, 6.0),
        (r#"slackline_events_invalid_total{topic="orders",reason="not_object"}"#, 2.0),
        (r#"slackline_events_consumed_total{topic="events"}"#, 0.0),
        (r#"slackline_offsets_lost_total{topic="orders"}"#, 18.0),
        (r#"slackline_copied_offsets_total{topic="orders"}"#, 10.0),
        (r#"slackline_expression_errors_total{action="action-0-0"}"#, 4.0),
        (r#"slackline_rebalances_total{kind="revoke"}"#, 1.0),
        (r#"slackline_rebalances_total{kind="assign"}"#, 0.0),
        (r#"slackline_commits_total{result="ok"}"#, 1.0),
        (r#"slackline_commits_total{result="failed"}"#, 2.0),
        ("slackline_fenced_outcomes_total", 1.0),
        (r#"slackline_attempts_total{webhook="hook-0",result="rate_limited"}"#, 1.0),
        (r#"slackline_attempt_duration_seconds_bucket{webhook="hook-0",le="0.025"}"#, 0.0),
        (r#"slackline_attempt_duration_seconds_bucket{webhook="hook-0",le="0.05"}"#, 1.0),
        (r#"slackline_attempt_duration_seconds_bucket{webhook="hook-0",le="10"}"#, 1.0),
        (r#"slackline_attempt_duration_seconds_bucket{webhook="hook-0",le="+Inf"}"#, 2.0),
        (r#"slackline_attempt_duration_seconds_sum{webhook="hook-0"}"#, 11.03),
        (r#"slackline_delivery_latency_seconds_count{webhook="hook-0"}"#, 1.0),
        (r#"slackline_messages_truncated_total{webhook="hook-0",what="message"}"#, 1.0),
        (r#"slackline_messages_truncated_total{webhook="hook-0",what="rows"}"#, 1.0),
        (r#"slackline_messages_truncated_total{webhook="hook-0",what="blocks"}"#, 0.0),
        (r#"slackline_rate_limit_per_second{webhook="hook-0"}"#, 0.25),
    ] {
        assert_eq!(series.get(name), Some(&value), "{name}");
    }
}

#[test]
fn throttled_until_returns_to_zero_by_itself() {
    let metrics = watched(&config(1, 1));
    let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
    metrics.webhook(WebhookIndex(0)).throttled_until(Some(now + Duration::from_secs(5)));
    let name = r#"slackline_throttled_until_timestamp_seconds{webhook="hook-0"}"#;
    assert_eq!(series(&metrics.text_at(now))[name], 1_000_005.0);
    assert_eq!(series(&metrics.text_at(now + Duration::from_secs(5)))[name], 0.0);
    metrics.webhook(WebhookIndex(0)).throttled_until(None);
    assert_eq!(series(&metrics.text_at(now))[name], 0.0);
}

#[test]
fn revoked_partitions_disappear() {
    let metrics = watched(&config(1, 1));
    let known = PartitionGauges {
        consumer_lag: Some(12),
        read_lag: None,
        unsettled_events: 3,
        oldest_unsettled_age_seconds: 1.5,
        paused: true,
    };
    metrics
        .set_partitions(&[(partition(0, 3), known), (partition(1, 0), PartitionGauges::default())]);
    let page = metrics.text();
    let before = series(&page);
    assert_eq!(before[r#"slackline_consumer_lag{topic="events",partition="3"}"#], 12.0);
    assert_eq!(
        before[r#"slackline_oldest_unsettled_age_seconds{topic="events",partition="3"}"#],
        1.5
    );
    assert_eq!(before[r#"slackline_paused_partitions{topic="events"}"#], 1.0);
    assert_eq!(before[r#"slackline_assigned_partitions{topic="orders"}"#], 1.0);
    assert!(!page.contains("slackline_read_lag{"), "an unknown lag is not a lag of 0");
    metrics.set_partitions(&[(partition(1, 0), PartitionGauges::default())]);
    let page = metrics.text();
    assert!(!page.contains(r#"topic="events",partition"#), "{page}");
    assert_eq!(series(&page)[r#"slackline_assigned_partitions{topic="events"}"#], 0.0);
}

#[test]
fn a_refused_reload_keeps_the_hash_of_the_active_configuration() {
    let metrics = watched(&config(1, 1));
    metrics.config_reloaded(5, true);
    metrics.config_reloaded(6, false);
    let series = series(&metrics.text());
    assert_eq!(series["slackline_config_hash"], 5.0);
    assert_eq!(series["slackline_config_last_reload_successful"], 0.0);
    assert!(series["slackline_config_last_reload_success_timestamp_seconds"] > 1.7e9);
}

#[test]
fn many_actions_appear_when_first_counted() {
    let metrics = watched(&config(1_001, 1));
    let page = metrics.text();
    for sparse in [
        "slackline_deliveries_matched_total{",
        "slackline_attempts_total{",
        "slackline_expression_errors",
    ] {
        assert!(
            !page.contains(sparse),
            "{sparse} of 1,001 actions must not appear before they are counted"
        );
    }
    assert!(page.contains(r#"slackline_queue_depth{webhook="hook-1000"} 0"#));
    metrics.expression_errors(ActionIndex(7), 1);
    metrics.webhook(WebhookIndex(1_000)).attempt(AttemptResult::Ok, Duration::ZERO, None);
    let series = series(&metrics.text());
    assert_eq!(series[r#"slackline_expression_errors_total{action="action-7-0"}"#], 1.0);
    assert_eq!(series[r#"slackline_attempts_total{webhook="hook-1000",result="ok"}"#], 1.0);
    assert!(
        !series.contains_key(r#"slackline_attempts_total{webhook="hook-1000",result="connect"}"#)
    );
}

#[test]
fn labels_are_escaped_and_secrets_absent() {
    let mut config = config(1, 1);
    config.webhooks[0].name = "a\"b\\c\nd".to_owned();
    let page = watched(&config).text();
    assert!(page.contains(r#"slackline_queue_depth{webhook="a\"b\\c\nd"} 0"#), "{page}");
    assert!(!page.contains("SECRET") && !page.contains("hooks.slack.com"));
}

/// Every scrape adds up (invariant 2) while two threads move deliveries through a real queue.
#[test]
fn one_scrape_is_consistent_while_deliveries_move() {
    let metrics = Metrics::new(&config(1, 2));
    let queue = Arc::new(Queue::new(2, WhenFull::DropOldest, [ActionIndex(0), ActionIndex(1)]));
    metrics.watch(WebhookIndex(0), Arc::clone(&queue) as Arc<dyn Tallied>);
    let done = Arc::new(AtomicBool::new(false));
    let movers: Vec<_> = [false, true]
        .into_iter()
        .map(|sends| {
            let (queue, done, metrics) =
                (Arc::clone(&queue), Arc::clone(&done), Arc::clone(&metrics));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            thread::spawn(move || {
                for offset in 0.. {
                    if done.load(Ordering::Relaxed) {
                        queue.close();
                        break;
                    }
                    if sends {
                        let Some(next) = runtime.block_on(queue.next()) else { break };
                        assert!(queue.start_attempt(&next.tickets));
                        queue.finish(&next.tickets, Outcome::Delivered);
                    } else {
                        let batch =
                            TopicTally { matched: 1, unmatched: 2, ..TopicTally::default() };
                        metrics.add_events(TopicIndex(0), &batch);
                        assert_ne!(
                            queue.push(post(offset, u32::from(offset % 3 == 0)), Origin::Read),
                            Push::Full
                        );
                    }
                }
            })
        })
        .collect();
    let mut moved = 0.0;
    let mut scrapes = 0;
    while moved < 20_000.0 || scrapes < 200 {
        let series = series(&metrics.text());
        let sum = |name: &str| -> f64 {
            series
                .iter()
                .filter(|(series, _)| series.split('{').next() == Some(name))
                .map(|(_, value)| value)
                .sum()
        };
        moved = sum("slackline_deliveries_matched_total");
        scrapes += 1;
        let ended = sum("slackline_deliveries_delivered_total")
            + sum("slackline_deliveries_dropped_total")
            + sum("slackline_deliveries_released_total");
        assert_eq!(
            moved,
            ended + sum("slackline_queue_depth") + sum("slackline_in_flight"),
            "{series:?}"
        );
        let events =
            sum("slackline_events_matched_total") + sum("slackline_events_unmatched_total");
        assert_eq!(sum("slackline_events_consumed_total"), events);
        assert_eq!(events % 3.0, 0.0, "half a batch was seen");
    }
    done.store(true, Ordering::Relaxed);
    for mover in movers {
        mover.join().unwrap();
    }
}

proptest! {
    /// Compared with counting by hand: each bucket counts the values up to its bound.
    #[test]
    fn a_histogram_counts_by_upper_bound(millis in proptest::collection::vec(0u64..20_000, 0..60)) {
        let metrics = watched(&config(1, 1));
        let webhook = metrics.webhook(WebhookIndex(0));
        for took in &millis {
            webhook.attempt(AttemptResult::Ok, Duration::from_millis(*took), None);
        }
        let series = series(&metrics.text());
        for bound in [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0] {
            let name = format!("slackline_attempt_duration_seconds_bucket{{webhook=\"hook-0\",le=\"{bound}\"}}");
            let within = millis.iter().filter(|took| Duration::from_millis(**took).as_secs_f64() <= bound).count();
            prop_assert_eq!(series[&name], within as f64, "{}", name);
        }
        let name = "slackline_attempt_duration_seconds_bucket{webhook=\"hook-0\",le=\"+Inf\"}";
        prop_assert_eq!(series[name], millis.len() as f64);
    }
}
