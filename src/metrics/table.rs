//! Every metric, declared once: name, type, labels, help, and where its values come from.
//!
//! `/metrics` shows these metrics in this order and no others; the documentation's table is
//! compared with them. After a release, renaming one is a breaking change. To add a metric, add it
//! here, and count its value in the part of the [`Snapshot`] that it belongs to.

use std::time::UNIX_EPOCH;

use super::family::{Kind, Metric, Series};
use super::labels::{AttemptResult, CommitResult, Degree, RebalanceKind};
use super::registry::REMOVED;
use super::snapshot::Snapshot;
use super::tally::{ActionTally, PartitionGauges, Tally, TopicTally};
use super::webhook::Numbers;
use crate::delivery::Reason;
use crate::event::{Invalid, TopicIndex};

type Read = fn(&Snapshot<'_>, &mut Series<'_>);
type Names = &'static [&'static str];

const fn counter(name: &'static str, labels: Names, help: &'static str, read: Read) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help, read }
}

const fn gauge(name: &'static str, labels: Names, help: &'static str, read: Read) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help, read }
}

const fn histogram(name: &'static str, labels: Names, help: &'static str, read: Read) -> Metric {
    Metric { name, kind: Kind::Histogram, labels, help, read }
}

/// Every metric, in the order of the page.
pub const DOCUMENTED: &[Metric] = &[
    // Events.
    counter(
        "slackline_events_consumed_total",
        &["topic"],
        "Events read; always invalid + unmatched + matched.",
        |of, out| per_topic(of, out, TopicTally::consumed),
    ),
    counter(
        "slackline_events_unmatched_total",
        &["topic"],
        "Events that no action matched.",
        |of, out| per_topic(of, out, |tally| tally.unmatched),
    ),
    counter(
        "slackline_events_matched_total",
        &["topic"],
        "Events that at least one action matched.",
        |of, out| per_topic(of, out, |tally| tally.matched),
    ),
    counter(
        "slackline_events_reread_total",
        &["topic"],
        "Events that the partition's previous owner had read already; not counted as consumed.",
        |of, out| per_topic(of, out, |tally| tally.reread),
    ),
    counter(
        "slackline_events_invalid_total",
        &["topic", "reason"],
        "Records that are not a valid event, by reason.",
        |of, out| {
            for (topic, tally) in &of.topics {
                for (reason, count) in Invalid::ALL.into_iter().zip(tally.invalid) {
                    out.count(&[topic, reason.as_str()], count);
                }
            }
        },
    ),
    counter(
        "slackline_offsets_lost_total",
        &["topic"],
        "Offsets that Kafka deleted before they were read or delivered.",
        |of, out| per_topic(of, out, |tally| tally.offsets_lost),
    ),
    counter(
        "slackline_expression_errors_total",
        &["action"],
        "Expressions that failed at run time: false in a trigger, empty in a message.",
        |of, out| {
            for action in of.registry.actions() {
                out.count_if_seen(&[&action.name], action.expression_errors());
            }
        },
    ),
    // Deliveries.
    counter(
        "slackline_deliveries_matched_total",
        &["webhook", "action"],
        "Deliveries created; always delivered + dropped + released + queued + in flight.",
        |of, out| {
            if of.process.unclaimed > 0 {
                out.count(&[REMOVED, REMOVED], of.process.unclaimed);
            }
            per_action(of, out, |tally| tally.matched);
        },
    ),
    counter(
        "slackline_deliveries_delivered_total",
        &["webhook", "action"],
        "Deliveries that Slack accepted.",
        |of, out| per_action(of, out, |tally| tally.delivered),
    ),
    counter(
        "slackline_deliveries_dropped_total",
        &["webhook", "action", "reason"],
        "Deliveries dropped deliberately, by reason.",
        |of, out| {
            if of.process.unclaimed > 0 {
                let labels = [REMOVED, REMOVED, Reason::Unclaimed.as_str()];
                out.count(&labels, of.process.unclaimed);
            }
            each_action(of, |webhook, action, tally| {
                for (reason, count) in Reason::ALL.into_iter().zip(tally.dropped) {
                    out.count_if_seen(&[webhook, action, reason.as_str()], count);
                }
            });
        },
    ),
    counter(
        "slackline_deliveries_released_total",
        &["webhook", "action"],
        "Deliveries left to the partition's next owner, at a revoke or shutdown.",
        |of, out| per_action(of, out, |tally| tally.released),
    ),
    counter(
        "slackline_deliveries_restored_total",
        &["webhook", "action"],
        "Of the matched deliveries, those taken over from the partition's previous owner.",
        |of, out| per_action(of, out, |tally| tally.restored),
    ),
    counter(
        "slackline_attempts_abandoned_total",
        &["webhook"],
        "Deliveries released at a drain's deadline while their request was in flight.",
        |of, out| per_webhook(of, out, |tally, _| tally.abandoned),
    ),
    // Attempts.
    counter(
        "slackline_attempts_total",
        &["webhook", "result"],
        "HTTP requests to the webhook, by result.",
        |of, out| {
            for (webhook, _, numbers) in &of.webhooks {
                for (result, count) in AttemptResult::ALL.into_iter().zip(numbers.attempts) {
                    out.count_if_seen(&[webhook, result.as_str()], count);
                }
            }
        },
    ),
    histogram(
        "slackline_attempt_duration_seconds",
        &["webhook"],
        "Duration of an HTTP request, whatever its result.",
        |of, out| {
            for (webhook, _, numbers) in &of.webhooks {
                out.histogram(&[webhook], &numbers.duration);
            }
        },
    ),
    histogram(
        "slackline_delivery_latency_seconds",
        &["webhook"],
        "Time from the event's Kafka timestamp to Slack's acceptance.",
        |of, out| {
            for (webhook, _, numbers) in &of.webhooks {
                out.histogram(&[webhook], &numbers.latency);
            }
        },
    ),
    // Queues and limits.
    gauge("slackline_queue_depth", &["webhook"], "Deliveries in the queue.", |of, out| {
        per_webhook(of, out, |tally, _| tally.queued);
    }),
    gauge(
        "slackline_queue_capacity",
        &["webhook"],
        "Deliveries that the queue can hold before when_full applies.",
        |of, out| per_webhook(of, out, |tally, _| tally.capacity),
    ),
    gauge(
        "slackline_in_flight",
        &["webhook"],
        "Deliveries taken from the queue that have not ended: being sent, or between two attempts.",
        |of, out| per_webhook(of, out, |tally, _| tally.in_flight),
    ),
    gauge(
        "slackline_rate_limit_per_second",
        &["webhook"],
        "This replica's share of the webhook's rate, in messages a second.",
        |of, out| {
            for (webhook, _, numbers) in &of.webhooks {
                out.value(&[webhook], numbers.rate_limit);
            }
        },
    ),
    gauge(
        "slackline_throttled_until_timestamp_seconds",
        &["webhook"],
        "When Slack's Retry-After for the webhook ends, in Unix time; 0 while not throttled.",
        |of, out| {
            for (webhook, _, numbers) in &of.webhooks {
                out.value(&[webhook], numbers.throttled_until(of.now));
            }
        },
    ),
    counter(
        "slackline_messages_truncated_total",
        &["webhook"],
        "Messages cut to 40,000 characters.",
        |of, out| per_webhook(of, out, |_, numbers| numbers.truncated),
    ),
    // Partitions.
    gauge(
        "slackline_consumer_lag",
        &["topic", "partition"],
        "End of the partition - committed offset.",
        |of, out| per_partition(of, out, |gauges| gauges.consumer_lag.map(|lag| lag as f64)),
    ),
    gauge(
        "slackline_read_lag",
        &["topic", "partition"],
        "End of the partition - read position: the value to scale and alert by.",
        |of, out| per_partition(of, out, |gauges| gauges.read_lag.map(|lag| lag as f64)),
    ),
    gauge(
        "slackline_unsettled_events",
        &["topic", "partition"],
        "Events that were read and have a delivery without an outcome.",
        |of, out| per_partition(of, out, |gauges| Some(gauges.unsettled_events as f64)),
    ),
    gauge(
        "slackline_oldest_unsettled_age_seconds",
        &["topic", "partition"],
        "Age of the oldest unsettled event; 0 when every event is settled.",
        |of, out| per_partition(of, out, |gauges| Some(gauges.oldest_unsettled_age_seconds)),
    ),
    gauge(
        "slackline_assigned_partitions",
        &["topic"],
        "Partitions assigned to this replica.",
        |of, out| count_partitions(of, out, |_| true),
    ),
    gauge(
        "slackline_paused_partitions",
        &["topic"],
        "Assigned partitions that are not read because a queue with when_full: block is full.",
        |of, out| count_partitions(of, out, |gauges| gauges.paused),
    ),
    counter(
        "slackline_rebalances_total",
        &["kind"],
        "Changes of the partitions assigned to this replica, by kind.",
        |of, out| {
            for (kind, count) in RebalanceKind::ALL.into_iter().zip(of.process.rebalances) {
                out.count(&[kind.as_str()], count);
            }
        },
    ),
    // Commits.
    counter(
        "slackline_commits_total",
        &["result"],
        "Offset commits that were answered, by result; a failed commit is retried.",
        |of, out| {
            for (result, count) in CommitResult::ALL.into_iter().zip(of.process.commits) {
                out.count(&[result.as_str()], count);
            }
        },
    ),
    counter(
        "slackline_fenced_outcomes_total",
        &[],
        "Outcomes ignored because their partition had been revoked.",
        |of, out| out.count(&[], of.process.fenced_outcomes),
    ),
    gauge(
        "slackline_webhook_held",
        &["webhook"],
        "1 while the webhook's next message has waited for more than a second for Kafka to \
         acknowledge a commit with the previous outcome.",
        |of, out| per_webhook(of, out, |_, numbers| u64::from(numbers.held)),
    ),
    counter(
        "slackline_restart_state_truncated_total",
        &["topic", "degree"],
        "Commits whose metadata could not list every pending delivery: it has one position per \
         webhook (positions), or a shared one for some webhooks (floor).",
        |of, out| {
            for (topic, tally) in &of.topics {
                for (degree, count) in Degree::ALL.into_iter().zip(tally.restart_state_truncated) {
                    out.count(&[topic, degree.as_str()], count);
                }
            }
        },
    ),
    // The process.
    gauge(
        "slackline_healthy",
        &[],
        "1 while /healthz answers 200: the poll loop runs and assigned work makes progress.",
        |of, out| out.count(&[], of.process.healthy.into()),
    ),
    gauge(
        "slackline_ready",
        &[],
        "1 while /readyz answers 200: the group is joined, its starting offsets are committed, and \
         Kafka answers.",
        |of, out| out.count(&[], of.process.ready.into()),
    ),
    counter(
        "slackline_clients_replaced_total",
        &[],
        "Kafka clients that were replaced after a fatal error.",
        |of, out| out.count(&[], of.process.clients_replaced),
    ),
    gauge(
        "slackline_config_hash",
        &[],
        "Hash of the active configuration: equal on replicas with equal configuration.",
        |of, out| out.count(&[], of.process.config.hash),
    ),
    gauge(
        "slackline_config_last_reload_successful",
        &[],
        "1 when the configuration was accepted at the last load or reload.",
        |of, out| out.count(&[], of.process.config.last_load_succeeded.into()),
    ),
    gauge(
        "slackline_config_last_reload_success_timestamp_seconds",
        &[],
        "When the active configuration was loaded, in Unix time.",
        |of, out| {
            let at = of.process.config.at.duration_since(UNIX_EPOCH).unwrap_or_default();
            out.value(&[], at.as_secs_f64());
        },
    ),
    gauge(
        "slackline_build_info",
        &["version", "librdkafka"],
        "Always 1; the versions are the labels.",
        |of, out| out.count(&[env!("CARGO_PKG_VERSION"), of.librdkafka], 1),
    ),
];

fn per_topic(of: &Snapshot<'_>, out: &mut Series<'_>, value: fn(&TopicTally) -> u64) {
    for (topic, tally) in &of.topics {
        out.count(&[topic], value(tally));
    }
}

fn per_webhook(of: &Snapshot<'_>, out: &mut Series<'_>, value: fn(&Tally, &Numbers) -> u64) {
    for (webhook, tally, numbers) in &of.webhooks {
        out.count(&[webhook], value(tally, numbers));
    }
}

fn per_action(of: &Snapshot<'_>, out: &mut Series<'_>, value: fn(&ActionTally) -> u64) {
    each_action(of, |webhook, action, tally| {
        out.count_if_seen(&[webhook, action], value(tally));
    });
}

/// Calls `visit` with the names of webhook and action, and the action's counts.
fn each_action(of: &Snapshot<'_>, mut visit: impl FnMut(&str, &str, &ActionTally)) {
    for (webhook, tally, _) in &of.webhooks {
        for (action, counts) in &tally.actions {
            let name = of.registry.action(*action).map_or(REMOVED, |action| &action.name);
            visit(webhook, name, counts);
        }
    }
}

fn per_partition(
    of: &Snapshot<'_>,
    out: &mut Series<'_>,
    value: fn(&PartitionGauges) -> Option<f64>,
) {
    for (partition, gauges) in &of.partitions {
        let topic = of.topics.get(partition.topic.0 as usize);
        if let (Some((topic, _)), Some(value)) = (topic, value(gauges)) {
            out.value(&[topic, &partition.number.to_string()], value);
        }
    }
}

fn count_partitions(of: &Snapshot<'_>, out: &mut Series<'_>, counts: fn(&PartitionGauges) -> bool) {
    for (index, (topic, _)) in (0..).map(TopicIndex).zip(&of.topics) {
        let assigned = of.partitions.iter().filter(|(partition, _)| partition.topic == index);
        let count = assigned.filter(|(_, gauges)| counts(gauges)).count();
        out.count(&[topic], count as u64);
    }
}
