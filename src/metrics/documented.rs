//! Every metric by name, type, labels and meaning: what `# HELP` says, what the README's table is compared with.
//!
//! Invariant: `/metrics` shows these and no others; renaming one is a breaking change.

use prometheus::proto::MetricType;

/// One metric as it is documented.
#[derive(Debug, Clone, Copy)]
pub struct Documented {
    /// The name in the Prometheus text.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// The names of its labels, in their order.
    pub labels: &'static [&'static str],
    /// One line for operators.
    pub help: &'static str,
}

/// A metric's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes both ways.
    Gauge,
    /// Counts by upper bound, with a sum.
    Histogram,
}

impl Kind {
    /// As `# TYPE` names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }

    pub(super) fn proto(self) -> MetricType {
        match self {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
            Kind::Histogram => MetricType::HISTOGRAM,
        }
    }
}

/// Declares each metric once, as a constant and as an entry of [`DOCUMENTED`], so that none can be forgotten in either.
macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(pub(super) const $constant: Documented =
            Documented { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };)*

        /// Every metric, in the order of the page.
        pub const DOCUMENTED: &[Documented] = &[$($constant),*];
    };
}

metrics! {
    EVENTS_CONSUMED = Counter "slackline_events_consumed_total" ["topic"]
        "Events read; always invalid + unmatched + matched.";
    EVENTS_UNMATCHED = Counter "slackline_events_unmatched_total" ["topic"]
        "Events for which no action applied.";
    EVENTS_MATCHED = Counter "slackline_events_matched_total" ["topic"]
        "Events for which at least one action applied.";
    EVENTS_REREAD = Counter "slackline_events_reread_total" ["topic"]
        "Events read again below what the partition's former owner had reached; not in the consumed ones.";
    EVENTS_INVALID = Counter "slackline_events_invalid_total" ["topic", "reason"]
        "Records that are no event, by reason.";
    OFFSETS_LOST = Counter "slackline_offsets_lost_total" ["topic"]
        "Events that left the topic before they were read or delivered.";
    EXPRESSION_ERRORS = Counter "slackline_expression_errors_total" ["action"]
        "Expressions that failed at run time: false in a trigger, empty in a message.";
    DELIVERIES_MATCHED = Counter "slackline_deliveries_matched_total" ["webhook", "action"]
        "Deliveries asked for; always delivered + dropped + released + queued + in flight.";
    DELIVERIES_DELIVERED = Counter "slackline_deliveries_delivered_total" ["webhook", "action"]
        "Deliveries that Slack took.";
    DELIVERIES_DROPPED = Counter "slackline_deliveries_dropped_total" ["webhook", "action", "reason"]
        "Deliveries given up deliberately, by reason.";
    DELIVERIES_RELEASED = Counter "slackline_deliveries_released_total" ["webhook", "action"]
        "Deliveries left to the partition's next owner, at a revoke or a stop.";
    DELIVERIES_RESTORED = Counter "slackline_deliveries_restored_total" ["webhook", "action"]
        "Of the matched deliveries, those that the partition's former owner had left.";
    ATTEMPTS_ABANDONED = Counter "slackline_attempts_abandoned_total" ["webhook"]
        "Deliveries whose attempt was still out at a drain's deadline; they are released.";
    ATTEMPTS = Counter "slackline_attempts_total" ["webhook", "result"]
        "HTTP requests to the webhook, by result.";
    ATTEMPT_DURATION = Histogram "slackline_attempt_duration_seconds" ["webhook"]
        "How long one HTTP request took, whatever its result.";
    DELIVERY_LATENCY = Histogram "slackline_delivery_latency_seconds" ["webhook"]
        "From the event's Kafka timestamp to Slack's ok.";
    QUEUE_DEPTH = Gauge "slackline_queue_depth" ["webhook"]
        "Deliveries that wait.";
    QUEUE_CAPACITY = Gauge "slackline_queue_capacity" ["webhook"]
        "Deliveries that may wait before when_full applies.";
    IN_FLIGHT = Gauge "slackline_in_flight" ["webhook"]
        "Deliveries taken off the queue and not ended: being sent, or between two attempts.";
    RATE_LIMIT = Gauge "slackline_rate_limit_per_second" ["webhook"]
        "This replica's share of the webhook's rate, in posts a second.";
    BLOCKED_UNTIL = Gauge "slackline_throttled_until_timestamp_seconds" ["webhook"]
        "Until when Slack's Retry-After stops the webhook, in Unix time; 0 when it does not.";
    MESSAGES_TRUNCATED = Counter "slackline_messages_truncated_total" ["webhook"]
        "Messages cut to 40,000 characters.";
    CONSUMER_LAG = Gauge "slackline_consumer_lag" ["topic", "partition"]
        "End of the partition - committed offset.";
    READ_LAG = Gauge "slackline_read_lag" ["topic", "partition"]
        "End of the partition - read position: what to scale and alert by.";
    UNSETTLED_EVENTS = Gauge "slackline_unsettled_events" ["topic", "partition"]
        "Events read of which a delivery has no outcome yet.";
    OLDEST_UNSETTLED_AGE = Gauge "slackline_oldest_unsettled_age_seconds" ["topic", "partition"]
        "Age of the oldest of them; 0 when there is none.";
    ASSIGNED_PARTITIONS = Gauge "slackline_assigned_partitions" ["topic"]
        "Partitions that this replica owns.";
    PAUSED_PARTITIONS = Gauge "slackline_paused_partitions" ["topic"]
        "Owned partitions that are not read for now, because a queue with when_full: block is full.";
    REBALANCES = Counter "slackline_rebalances_total" ["kind"]
        "Changes of the partitions that this replica owns, by kind.";
    COMMITS = Counter "slackline_commits_total" ["result"]
        "Offset commits that were answered, by result; a failed one is made again.";
    FENCED_OUTCOMES = Counter "slackline_fenced_outcomes_total" []
        "Outcomes that came after their partition was gone and changed nothing.";
    LANES_HELD = Gauge "slackline_webhook_held" ["webhook"]
        "1 while the webhook's next message waits for Kafka to acknowledge the outcome of the one before, for longer than a second.";
    RESTART_STATE_TRUNCATED = Counter "slackline_restart_state_truncated_total" ["topic", "degree"]
        "Commits of a partition whose metadata had no room for each pending delivery: a position per webhook, or a floor for some.";
    HEALTHY = Gauge "slackline_healthy" []
        "1 while /healthz answers 200: the poll loop turns and owned work moves.";
    READY = Gauge "slackline_ready" []
        "1 while /readyz answers 200: the group is joined, its starting offsets are committed, and Kafka answers.";
    CLIENTS_REPLACED = Counter "slackline_clients_replaced_total" []
        "Kafka clients that failed for good, and were replaced by a new one.";
    CONFIG_HASH = Gauge "slackline_config_hash" []
        "Hash of the configuration in force: equal on replicas with equal configuration.";
    CONFIG_SUCCESSFUL = Gauge "slackline_config_last_reload_successful" []
        "1 when the configuration was accepted the last time that it was loaded.";
    CONFIG_TIMESTAMP = Gauge "slackline_config_last_reload_success_timestamp_seconds" []
        "When the configuration in force was loaded, in Unix time.";
    BUILD_INFO = Gauge "slackline_build_info" ["version", "librdkafka"]
        "Always 1; the versions are the labels.";
}
