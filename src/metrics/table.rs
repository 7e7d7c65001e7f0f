//! Every metric, declared once: name, type, labels, help, and where its values come from.
//!
//! `/metrics` shows these metrics in this order and no others; the documentation's table is
//! compared with them. After a release, renaming one is a breaking change. To add a metric, add it
//! here, and count its value in the tally, in [`Numbers`] or in [`Counts`].

use prometheus::proto::MetricType;
use rdkafka::util::get_rdkafka_version;

use super::family::{Metric, Series};
use super::labels::{AttemptResult, CommitResult, Degree, ForeignCommit, RebalanceKind};
use super::snapshot::Counts;
use super::tally::{ActionTally, PartitionGauges, Tally, TopicTally};
use super::webhook::Numbers;
use crate::delivery::Reason;
use crate::event::{Invalid, TopicIndex};
use crate::truncation::Truncation;

/// Shown in place of the name of an action or webhook that was removed from the configuration.
/// Configured names cannot contain parentheses.
const REMOVED: &str = "(removed)";

/// Declares the metrics. The doc comment is the help text. `SCOPE(value)` calls the function
/// `SCOPE`, which adds the series.
macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $kind:ident $name:ident [$($label:ident),*] = $scope:ident($value:expr);)*) => {
        /// Every metric, in the order of the page.
        pub const DOCUMENTED: &[Metric] = &[$(Metric {
            name: stringify!($name),
            kind: MetricType::$kind,
            labels: &[$(stringify!($label)),*],
            help: concat!($($help),+).trim_ascii_start(),
            read: |out| $scope(out, $value),
        }),*];
    };
}

metrics! {
    // Events.

    /// Events read; always invalid + unmatched + matched.
    COUNTER slackline_events_consumed_total[topic] = per_topic(TopicTally::consumed);

    /// Events that no action matched.
    COUNTER slackline_events_unmatched_total[topic] = per_topic(|tally| tally.unmatched);

    /// Events that at least one action matched.
    COUNTER slackline_events_matched_total[topic] = per_topic(|tally| tally.matched);

    /// Events that the partition's previous owner had read already; not counted as consumed.
    COUNTER slackline_events_reread_total[topic] = per_topic(|tally| tally.reread);

    /// Records that are not a valid event, by reason.
    COUNTER slackline_events_invalid_total[topic, reason] = each_topic(|topic, tally, out| {
        out.add_each(&[topic], Invalid::NAMES, tally.invalid);
    });

    /// Offsets that Kafka deleted before they were read or delivered.
    COUNTER slackline_offsets_lost_total[topic] = per_topic(|tally| tally.offsets_lost);

    /// Committed offsets that were copied from another cluster, as MirrorMaker does: a partition
    /// started there, without the pending deliveries that the commit lists.
    COUNTER slackline_copied_offsets_total[topic] = per_topic(|tally| tally.copied_offsets);

    /// Expressions that failed at run time: false in a trigger, empty in a message.
    COUNTER slackline_expression_errors_total[action] = custom(|out| {
        for (action, errors) in out.snapshot.registry.actions.iter().zip(&out.snapshot.counts.actions.expression_errors) {
            out.add(&[action], *errors as f64);
        }
    });

    /// Messages whose rendered channel is not one of the webhook's: they go to its own channel.
    COUNTER slackline_channel_not_listed_total[webhook, action] = custom(|out| {
        for ((webhook, action), messages) in &out.snapshot.counts.actions.channels_not_listed {
            let webhook = out.snapshot.webhooks.get(webhook.0 as usize).map(|(name, ..)| *name);
            let action = out.snapshot.registry.actions.get(action.0 as usize);
            if let Some((webhook, action)) = webhook.zip(action) {
                out.add(&[webhook, action], *messages as f64);
            }
        }
    });

    // Deliveries.

    /// Deliveries created; always delivered + dropped + released + queued + in flight.
    COUNTER slackline_deliveries_matched_total[webhook, action] = per_action(|tally| tally.matched);

    /// Deliveries that Slack accepted.
    COUNTER slackline_deliveries_delivered_total[webhook, action] = per_action(|tally| tally.delivered);

    /// Deliveries dropped deliberately, by reason.
    COUNTER slackline_deliveries_dropped_total[webhook, action, reason] = each_action(|labels, tally, out| {
        out.add_each(labels, Reason::NAMES, tally.dropped);
    });

    /// Deliveries left to the partition's next owner, at a revoke or shutdown.
    COUNTER slackline_deliveries_released_total[webhook, action] = per_action(|tally| tally.released);

    /// Of the matched deliveries, those taken over from the partition's previous owner.
    COUNTER slackline_deliveries_restored_total[webhook, action] = per_action(|tally| tally.restored);

    /// Messages whose blocks Slack refused: each was posted again without them.
    COUNTER slackline_blocks_refused_total[webhook, action] = per_action(|tally| tally.blocks_refused);

    /// Deliveries released at a drain's deadline while their request was in flight.
    COUNTER slackline_attempts_abandoned_total[webhook] = per_webhook(|tally, _| tally.abandoned as f64);

    // Attempts.

    /// HTTP requests to the webhook, by result.
    COUNTER slackline_attempts_total[webhook, result] = each_webhook(|webhook, numbers, out| {
        out.add_each(&[webhook], AttemptResult::NAMES, numbers.attempts);
    });

    /// Duration of an HTTP request, whatever its result.
    HISTOGRAM slackline_attempt_duration_seconds[webhook] =
        each_webhook(|webhook, numbers, out| out.add_histogram(&[webhook], &numbers.duration));

    /// Time from the event's Kafka timestamp to Slack's acceptance.
    HISTOGRAM slackline_delivery_latency_seconds[webhook] =
        each_webhook(|webhook, numbers, out| out.add_histogram(&[webhook], &numbers.latency));

    // Queues and limits.

    /// Deliveries in the queue.
    GAUGE slackline_queue_depth[webhook] = per_webhook(|tally, _| tally.queued as f64);

    /// Deliveries that the queue can hold before when_full applies.
    GAUGE slackline_queue_capacity[webhook] = per_webhook(|tally, _| tally.capacity as f64);

    /// Deliveries taken from the queue that have not ended: being sent, or between two attempts.
    GAUGE slackline_in_flight[webhook] = per_webhook(|tally, _| tally.in_flight as f64);

    /// This replica's share of the webhook's rate, in messages a second.
    GAUGE slackline_rate_limit_per_second[webhook] = per_webhook(|_, numbers| numbers.rate_limit);

    /// This replica's share of the app's rate, in messages a second.
    GAUGE slackline_app_rate_limit_per_second[app] = custom(|out| {
        for (app, metrics) in &out.snapshot.registry.apps {
            out.add(&[app], metrics.rate_limit());
        }
    });

    /// When Slack's Retry-After for the webhook ends, in Unix time; 0 while not throttled.
    GAUGE slackline_throttled_until_timestamp_seconds[webhook] = custom(|out| {
        for (webhook, _, numbers) in &out.snapshot.webhooks {
            // The sender may not have run since the end.
            let until = Some(numbers.throttled_until).filter(|until| *until > out.snapshot.now);
            out.add(&[webhook], until.unwrap_or_default());
        }
    });

    /// Messages of which something was left out or cut, once for each kind: the text (message), a
    /// channel, user or icon (field), rounds of loops, texts of blocks, fields, rows, blocks.
    COUNTER slackline_messages_truncated_total[webhook, what] = each_webhook(|webhook, numbers, out| {
        out.add_each(&[webhook], Truncation::NAMES, numbers.truncated);
    });

    // Partitions.

    /// End of the partition - committed offset.
    GAUGE slackline_consumer_lag[topic, partition] = per_partition(|gauges| gauges.consumer_lag.map(|lag| lag as f64));

    /// End of the partition - read position: the value to scale and alert by.
    GAUGE slackline_read_lag[topic, partition] = per_partition(|gauges| gauges.read_lag.map(|lag| lag as f64));

    /// Events that were read and have a delivery without an outcome.
    GAUGE slackline_unsettled_events[topic, partition] = per_partition(|gauges| Some(gauges.unsettled_events as f64));

    /// Age of the oldest unsettled event; 0 when every event is settled.
    GAUGE slackline_oldest_unsettled_age_seconds[topic, partition] = per_partition(|gauges| Some(gauges.oldest_unsettled_age_seconds));

    /// Partitions assigned to this replica.
    GAUGE slackline_assigned_partitions[topic] = count_partitions(|_| true);

    /// Assigned partitions that are not read because a queue with when_full: block is full.
    GAUGE slackline_paused_partitions[topic] = count_partitions(|gauges| gauges.paused);

    /// Changes of the partitions assigned to this replica, by kind.
    COUNTER slackline_rebalances_total[kind] = custom(|out| {
        out.add_each(&[], RebalanceKind::NAMES, out.snapshot.counts.rebalances);
    });

    // Commits.

    /// Offset commits that were answered, by result; a failed commit is retried.
    COUNTER slackline_commits_total[result] = custom(|out| {
        out.add_each(&[], CommitResult::NAMES, out.snapshot.counts.commits);
    });

    /// Outcomes ignored because their partition had been revoked.
    COUNTER slackline_fenced_outcomes_total[] = once(|counts| counts.fenced_outcomes as f64);

    /// 1 while the webhook's next message has waited for more than a second for Kafka to
    /// acknowledge a commit with the previous outcome.
    GAUGE slackline_webhook_held[webhook] = per_webhook(|_, numbers| numbers.held.into());

    /// 1 while the webhook rests: nothing but a probe is posted until a person has repaired its
    /// credential or its channel.
    GAUGE slackline_webhook_resting[webhook] = per_webhook(|_, numbers| numbers.resting.into());

    /// Commits whose metadata could not list every pending delivery: it has one position per
    /// webhook (positions), or a shared one for some webhooks (floor); or not the parts of long
    /// texts that were posted (parts).
    COUNTER slackline_restart_state_truncated_total[topic, degree] = each_topic(|topic, tally, out| {
        out.add_each(&[topic], Degree::NAMES, tally.restart_state_truncated);
    });

    // Other deployments with the same `kafka.group_id`.

    /// Partitions whose last commit is another deployment's: it uses the same kafka.group_id.
    /// Updated every minute while there are some.
    GAUGE slackline_foreign_partitions[] = once(|counts| counts.others.partitions as f64);

    /// Partitions that were assigned with another deployment's last commit, by kind; alternating:
    /// within an hour after this replica had committed them.
    COUNTER slackline_foreign_commits_total[kind] = custom(|out| {
        out.add_each(&[], ForeignCommit::NAMES, out.snapshot.counts.others.commits);
    });

    // The process.

    /// 1 while /healthz answers 200: the poll loop runs and assigned work makes progress.
    GAUGE slackline_healthy[] = once(|counts| counts.healthy.into());

    /// 1 while /readyz answers 200: the group is joined, its starting offsets are committed, and
    /// Kafka answers.
    GAUGE slackline_ready[] = once(|counts| counts.ready.into());

    /// Kafka clients that were replaced after a fatal error.
    COUNTER slackline_clients_replaced_total[] = once(|counts| counts.clients_replaced as f64);

    /// Hash of the active configuration: equal on replicas with equal configuration.
    GAUGE slackline_config_hash[] = once(|counts| counts.config.hash as f64);

    /// 1 when the configuration was accepted at the last load or reload.
    GAUGE slackline_config_last_reload_successful[] = once(|counts| counts.config.last_load_succeeded.into());

    /// When the active configuration was loaded, in Unix time.
    GAUGE slackline_config_last_reload_success_timestamp_seconds[] =
        once(|counts| counts.config.loaded_at);

    /// Always 1; the versions are the labels.
    GAUGE slackline_build_info[version, librdkafka] =
        custom(|out| out.add(&[env!("CARGO_PKG_VERSION"), &get_rdkafka_version().1], 1.0));
}

fn custom(out: &mut Series<'_>, add: fn(&mut Series<'_>)) {
    add(out);
}

fn once(out: &mut Series<'_>, value: fn(&Counts) -> f64) {
    out.add(&[], value(&out.snapshot.counts));
}

fn each_topic(out: &mut Series<'_>, add: impl Fn(&str, &TopicTally, &mut Series<'_>)) {
    for (topic, tally) in out.snapshot.registry.topics.iter().zip(&out.snapshot.counts.topics) {
        add(topic, tally, out);
    }
}

fn per_topic(out: &mut Series<'_>, value: fn(&TopicTally) -> u64) {
    each_topic(out, |topic, tally, out| out.add(&[topic], value(tally) as f64));
}

fn each_webhook(out: &mut Series<'_>, add: fn(&str, &Numbers, &mut Series<'_>)) {
    for (webhook, _, numbers) in &out.snapshot.webhooks {
        add(webhook, numbers, out);
    }
}

fn per_webhook(out: &mut Series<'_>, value: fn(&Tally, &Numbers) -> f64) {
    for (webhook, tally, numbers) in &out.snapshot.webhooks {
        out.add(&[webhook], value(tally, numbers));
    }
}

/// Adds series labelled with a webhook and an action. The deliveries that belonged to neither are
/// among them once there are some.
fn each_action(out: &mut Series<'_>, add: impl Fn(&[&str], &ActionTally, &mut Series<'_>)) {
    if !out.snapshot.counts.unclaimed.is_zero() {
        add(&[REMOVED, REMOVED], &out.snapshot.counts.unclaimed, out);
    }
    for (webhook, tally, _) in &out.snapshot.webhooks {
        for (action, counts) in &tally.actions {
            let action =
                out.snapshot.registry.actions.get(action.0 as usize).map_or(REMOVED, |name| name);
            add(&[webhook, action], counts, out);
        }
    }
}

fn per_action(out: &mut Series<'_>, value: fn(&ActionTally) -> u64) {
    each_action(out, |labels, tally, out| out.add(labels, value(tally) as f64));
}

fn per_partition(out: &mut Series<'_>, value: fn(&PartitionGauges) -> Option<f64>) {
    for (partition, gauges) in &out.snapshot.counts.partitions {
        let topic = out.snapshot.registry.topics.get(partition.topic.0 as usize);
        if let (Some(topic), Some(value)) = (topic, value(gauges)) {
            out.add(&[topic, &partition.number.to_string()], value);
        }
    }
}

fn count_partitions(out: &mut Series<'_>, counts: fn(&PartitionGauges) -> bool) {
    for (index, topic) in (0..).map(TopicIndex).zip(&out.snapshot.registry.topics) {
        let assigned = out.snapshot.counts.partitions.iter().filter(|(at, _)| at.topic == index);
        out.add(&[topic], assigned.filter(|(_, gauges)| counts(gauges)).count() as f64);
    }
}
