//! Every metric, declared once: name, type, labels, help, and where its values come from.
//!
//! `/metrics` shows these metrics in this order and no others; the documentation's table is
//! compared with them. After a release, renaming one is a breaking change. To add a metric, add it
//! here, and count its value in the part of the [`Snapshot`] that it belongs to.

use std::time::{SystemTime, UNIX_EPOCH};

use super::family::{Kind, Metric, Series};
use super::labels::{AttemptResult, CommitResult, Degree, RebalanceKind};
use super::registry::REMOVED;
use super::snapshot::Snapshot;
use super::tally::{ActionTally, PartitionGauges, Tally, TopicTally};
use super::webhook::Numbers;
use crate::delivery::Reason;
use crate::event::{Invalid, TopicIndex};

/// Declares the metrics. The doc comment is the help text.
macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $kind:ident $name:ident [$($label:ident),*] = $read:expr;)*) => {
        /// Every metric, in the order of the page.
        pub const DOCUMENTED: &[Metric] = &[$(Metric {
            name: stringify!($name),
            kind: Kind::$kind,
            labels: &[$(stringify!($label)),*],
            help: concat!($($help),+).trim_ascii_start(),
            read: $read,
        }),*];
    };
}

metrics! {
    // Events.

    /// Events read; always invalid + unmatched + matched.
    Counter slackline_events_consumed_total[topic] =
        |of, out| per_topic(of, out, TopicTally::consumed);

    /// Events that no action matched.
    Counter slackline_events_unmatched_total[topic] =
        |of, out| per_topic(of, out, |tally| tally.unmatched);

    /// Events that at least one action matched.
    Counter slackline_events_matched_total[topic] =
        |of, out| per_topic(of, out, |tally| tally.matched);

    /// Events that the partition's previous owner had read already; not counted as consumed.
    Counter slackline_events_reread_total[topic] =
        |of, out| per_topic(of, out, |tally| tally.reread);

    /// Records that are not a valid event, by reason.
    Counter slackline_events_invalid_total[topic, reason] = |of, out| {
        for (topic, tally) in &of.topics {
            out.counts(&[topic], Invalid::ALL.map(Invalid::as_str), tally.invalid);
        }
    };

    /// Offsets that Kafka deleted before they were read or delivered.
    Counter slackline_offsets_lost_total[topic] =
        |of, out| per_topic(of, out, |tally| tally.offsets_lost);

    /// Expressions that failed at run time: false in a trigger, empty in a message.
    Counter slackline_expression_errors_total[action] = |of, out| {
        for action in of.registry.actions() {
            out.count_if_seen(&[&action.name], action.expression_errors());
        }
    };

    // Deliveries.

    /// Deliveries created; always delivered + dropped + released + queued + in flight.
    Counter slackline_deliveries_matched_total[webhook, action] = |of, out| {
        if of.process.unclaimed > 0 {
            out.count(&[REMOVED, REMOVED], of.process.unclaimed);
        }
        per_action(of, out, |tally| tally.matched);
    };

    /// Deliveries that Slack accepted.
    Counter slackline_deliveries_delivered_total[webhook, action] =
        |of, out| per_action(of, out, |tally| tally.delivered);

    /// Deliveries dropped deliberately, by reason.
    Counter slackline_deliveries_dropped_total[webhook, action, reason] = |of, out| {
        if of.process.unclaimed > 0 {
            out.count(&[REMOVED, REMOVED, Reason::Unclaimed.as_str()], of.process.unclaimed);
        }
        each_action(of, |webhook, action, tally| {
            let reasons = Reason::ALL.map(Reason::as_str);
            out.counts_if_seen(&[webhook, action], reasons, tally.dropped);
        });
    };

    /// Deliveries left to the partition's next owner, at a revoke or shutdown.
    Counter slackline_deliveries_released_total[webhook, action] =
        |of, out| per_action(of, out, |tally| tally.released);

    /// Of the matched deliveries, those taken over from the partition's previous owner.
    Counter slackline_deliveries_restored_total[webhook, action] =
        |of, out| per_action(of, out, |tally| tally.restored);

    /// Deliveries released at a drain's deadline while their request was in flight.
    Counter slackline_attempts_abandoned_total[webhook] =
        |of, out| per_webhook(of, out, |tally, _| tally.abandoned as f64);

    // Attempts.

    /// HTTP requests to the webhook, by result.
    Counter slackline_attempts_total[webhook, result] = |of, out| {
        for (webhook, _, numbers) in &of.webhooks {
            let results = AttemptResult::ALL.map(AttemptResult::as_str);
            out.counts_if_seen(&[webhook], results, numbers.attempts);
        }
    };

    /// Duration of an HTTP request, whatever its result.
    Histogram slackline_attempt_duration_seconds[webhook] = |of, out| {
        for (webhook, _, numbers) in &of.webhooks {
            out.histogram(&[webhook], &numbers.duration);
        }
    };

    /// Time from the event's Kafka timestamp to Slack's acceptance.
    Histogram slackline_delivery_latency_seconds[webhook] = |of, out| {
        for (webhook, _, numbers) in &of.webhooks {
            out.histogram(&[webhook], &numbers.latency);
        }
    };

    // Queues and limits.

    /// Deliveries in the queue.
    Gauge slackline_queue_depth[webhook] =
        |of, out| per_webhook(of, out, |tally, _| tally.queued as f64);

    /// Deliveries that the queue can hold before when_full applies.
    Gauge slackline_queue_capacity[webhook] =
        |of, out| per_webhook(of, out, |tally, _| tally.capacity as f64);

    /// Deliveries taken from the queue that have not ended: being sent, or between two attempts.
    Gauge slackline_in_flight[webhook] =
        |of, out| per_webhook(of, out, |tally, _| tally.in_flight as f64);

    /// This replica's share of the webhook's rate, in messages a second.
    Gauge slackline_rate_limit_per_second[webhook] =
        |of, out| per_webhook(of, out, |_, numbers| numbers.rate_limit);

    /// When Slack's Retry-After for the webhook ends, in Unix time; 0 while not throttled.
    Gauge slackline_throttled_until_timestamp_seconds[webhook] = |of, out| {
        for (webhook, _, numbers) in &of.webhooks {
            out.value(&[webhook], numbers.throttled_until(of.now));
        }
    };

    /// Messages cut to 40,000 characters.
    Counter slackline_messages_truncated_total[webhook] =
        |of, out| per_webhook(of, out, |_, numbers| numbers.truncated as f64);

    // Partitions.

    /// End of the partition - committed offset.
    Gauge slackline_consumer_lag[topic, partition] =
        |of, out| per_partition(of, out, |gauges| gauges.consumer_lag.map(|lag| lag as f64));

    /// End of the partition - read position: the value to scale and alert by.
    Gauge slackline_read_lag[topic, partition] =
        |of, out| per_partition(of, out, |gauges| gauges.read_lag.map(|lag| lag as f64));

    /// Events that were read and have a delivery without an outcome.
    Gauge slackline_unsettled_events[topic, partition] =
        |of, out| per_partition(of, out, |gauges| Some(gauges.unsettled_events as f64));

    /// Age of the oldest unsettled event; 0 when every event is settled.
    Gauge slackline_oldest_unsettled_age_seconds[topic, partition] =
        |of, out| per_partition(of, out, |gauges| Some(gauges.oldest_unsettled_age_seconds));

    /// Partitions assigned to this replica.
    Gauge slackline_assigned_partitions[topic] = |of, out| count_partitions(of, out, |_| true);

    /// Assigned partitions that are not read because a queue with when_full: block is full.
    Gauge slackline_paused_partitions[topic] =
        |of, out| count_partitions(of, out, |gauges| gauges.paused);

    /// Changes of the partitions assigned to this replica, by kind.
    Counter slackline_rebalances_total[kind] = |of, out| {
        out.counts(&[], RebalanceKind::ALL.map(RebalanceKind::as_str), of.process.rebalances);
    };

    // Commits.

    /// Offset commits that were answered, by result; a failed commit is retried.
    Counter slackline_commits_total[result] = |of, out| {
        out.counts(&[], CommitResult::ALL.map(CommitResult::as_str), of.process.commits);
    };

    /// Outcomes ignored because their partition had been revoked.
    Counter slackline_fenced_outcomes_total[] =
        |of, out| out.count(&[], of.process.fenced_outcomes);

    /// 1 while the webhook's next message has waited for more than a second for Kafka to
    /// acknowledge a commit with the previous outcome.
    Gauge slackline_webhook_held[webhook] =
        |of, out| per_webhook(of, out, |_, numbers| numbers.held.into());

    /// Commits whose metadata could not list every pending delivery: it has one position per
    /// webhook (positions), or a shared one for some webhooks (floor).
    Counter slackline_restart_state_truncated_total[topic, degree] = |of, out| {
        for (topic, tally) in &of.topics {
            let degrees = Degree::ALL.map(Degree::as_str);
            out.counts(&[topic], degrees, tally.restart_state_truncated);
        }
    };

    // The process.

    /// 1 while /healthz answers 200: the poll loop runs and assigned work makes progress.
    Gauge slackline_healthy[] = |of, out| out.count(&[], of.process.healthy.into());

    /// 1 while /readyz answers 200: the group is joined, its starting offsets are committed, and
    /// Kafka answers.
    Gauge slackline_ready[] = |of, out| out.count(&[], of.process.ready.into());

    /// Kafka clients that were replaced after a fatal error.
    Counter slackline_clients_replaced_total[] =
        |of, out| out.count(&[], of.process.clients_replaced);

    /// Hash of the active configuration: equal on replicas with equal configuration.
    Gauge slackline_config_hash[] = |of, out| out.count(&[], of.process.config.hash);

    /// 1 when the configuration was accepted at the last load or reload.
    Gauge slackline_config_last_reload_successful[] =
        |of, out| out.count(&[], of.process.config.last_load_succeeded.into());

    /// When the active configuration was loaded, in Unix time.
    Gauge slackline_config_last_reload_success_timestamp_seconds[] =
        |of, out| out.value(&[], unix_seconds(of.process.config.at));

    /// Always 1; the versions are the labels.
    Gauge slackline_build_info[version, librdkafka] =
        |of, out| out.count(&[env!("CARGO_PKG_VERSION"), of.librdkafka], 1);
}

fn per_topic(of: &Snapshot<'_>, out: &mut Series<'_>, value: fn(&TopicTally) -> u64) {
    for (topic, tally) in &of.topics {
        out.count(&[topic], value(tally));
    }
}

fn per_webhook(of: &Snapshot<'_>, out: &mut Series<'_>, value: fn(&Tally, &Numbers) -> f64) {
    for (webhook, tally, numbers) in &of.webhooks {
        out.value(&[webhook], value(tally, numbers));
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

fn unix_seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
