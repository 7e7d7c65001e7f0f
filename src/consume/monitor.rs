//! What the poll loop shows about itself: one owned snapshot a second, from which the probes,
//! the stall detection and the gauges follow.
//!
//! Invariants: only owned partitions have series. A hold that has lasted a second is visible in the
//! metrics, in `/readyz` and in the log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commit_hold::HELD_AFTER;
use crate::config::model::WebhookIndex;
use crate::event::Partition;
use crate::health::{Health, PartitionSnapshot, Snapshot, WebhookSnapshot};
use crate::log_throttle::LogThrottle;
use crate::metrics::{Metrics, PartitionGauges};

use self::stalls::Stalls;

mod stalls;

/// The runbook's section about it.
const NO_PROGRESS: &str =
    "https://github.com/slackline/slackline/blob/main/docs/operations.md#slacklineunhealthy";

/// How often a snapshot is taken.
const INTERVAL: Duration = Duration::from_secs(1);

/// Publishes snapshots, and reports what they show.
pub struct Monitor {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Has what was published last.
    pub health: Arc<Health>,
    stalls: Stalls,
    /// The webhooks that were held in the last snapshot.
    held: BTreeSet<WebhookIndex>,
    holds: LogThrottle,
    /// When the last second's snapshot was taken.
    taken: Instant,
    /// The worker is shutting down.
    stopping: bool,
}

impl Monitor {
    /// Nothing was published yet.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, health: Arc<Health>, now: Instant) -> Self {
        Self {
            metrics,
            health,
            stalls: Stalls::default(),
            held: BTreeSet::new(),
            holds: LogThrottle::default(),
            taken: now,
            stopping: false,
        }
    }

    /// Records that the poll loop has turned.
    pub fn turned(&self, now: Instant) {
        self.health.turned(now);
    }

    /// Publishes that the worker is shutting down: alive, but not ready.
    pub fn stop(&mut self) {
        self.stopping = true;
        self.publish(Snapshot::clone(&self.health.snapshot()));
    }

    /// Returns `true` once a second, when a snapshot is due.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let due = now >= self.taken + INTERVAL;
        if due {
            self.taken = now;
        }
        due
    }

    /// Checks a second's snapshot for owned work without progress, then publishes it.
    pub fn observe(&mut self, mut snapshot: Snapshot) {
        snapshot.problems.stalls = self.stalls.check(&snapshot);
        let known = !self.health.snapshot().problems.stalls.is_empty();
        if !known && !snapshot.problems.stalls.is_empty() {
            let reasons = snapshot.problems.stalls.join("; ");
            tracing::error!(
                reasons,
                help = NO_PROGRESS,
                "no progress detected; failing `/healthz`"
            );
        }
        self.publish(snapshot);
    }

    /// Publishes a snapshot between two seconds, with the stalls of the last one.
    pub fn update(&mut self, mut snapshot: Snapshot) {
        snapshot.problems.stalls.clone_from(&self.health.snapshot().problems.stalls);
        self.publish(snapshot);
    }

    /// Publishes the webhooks of a moment within a drain, and nothing else.
    pub fn update_webhooks(&mut self, webhooks: Vec<WebhookSnapshot>, now: Instant) {
        let last = self.health.snapshot();
        self.publish(Snapshot { at: now, webhooks, ..Snapshot::clone(&last) });
    }

    /// Forgets what was watched: the client is replaced.
    pub fn reset(&mut self, snapshot: Snapshot) {
        self.stalls = Stalls::default();
        self.publish(snapshot);
    }

    fn publish(&mut self, mut snapshot: Snapshot) {
        snapshot.stopping = self.stopping;
        let gauges = gauges(&snapshot, since_epoch());
        self.report_holds(&snapshot);
        // Before the gauges: who sees them also sees the readiness of the same moment.
        self.health.publish(snapshot);
        self.metrics.set_partitions(&gauges);
    }

    /// Reports senders that have something to send and are held: it is delayed, so that nothing is
    /// repeated.
    fn report_holds(&mut self, snapshot: &Snapshot) {
        let held = held(snapshot);
        for webhook in held.symmetric_difference(&self.held) {
            self.metrics.webhook(*webhook).held(held.contains(webhook));
        }
        if let Some(longest) = snapshot.longest_hold().filter(|longest| *longest >= HELD_AFTER) {
            if self.holds.record(snapshot.at).is_some() {
                let (webhooks, seconds) = (held.len(), longest.as_secs());
                tracing::warn!(
                    webhooks,
                    seconds,
                    "deliveries are held: Kafka has not acknowledged the commit of earlier ones"
                );
            }
        } else if let Some(recovered) = self.holds.recover(snapshot.at) {
            tracing::info!(
                seconds = recovered.lasted.as_secs_f64(),
                "deliveries are no longer held: the commits were acknowledged, or the partitions revoked"
            );
        }
        self.held = held;
    }
}

/// The webhooks that have been held for long enough to report it.
fn held(snapshot: &Snapshot) -> BTreeSet<WebhookIndex> {
    let held = |webhook: &&WebhookSnapshot| webhook.held.is_some_and(|held| held >= HELD_AFTER);
    snapshot.webhooks.iter().filter(held).map(|webhook| webhook.webhook).collect()
}

/// The gauges of the owned partitions; `now` since the epoch.
fn gauges(snapshot: &Snapshot, now: Duration) -> Vec<(Partition, PartitionGauges)> {
    let one = |at: &PartitionSnapshot| {
        let age = at.oldest.and_then(|oldest| u64::try_from(oldest).ok());
        let age = age.map(|oldest| now.saturating_sub(Duration::from_millis(oldest)));
        let gauges = PartitionGauges {
            consumer_lag: at
                .end
                .zip(at.committed)
                .map(|(end, committed)| (end.0 - committed.0).max(0)),
            read_lag: at.end.map(|end| end.0 - at.next.0),
            unsettled_events: at.unsettled as u64,
            oldest_unsettled_age_seconds: age.unwrap_or_default().as_secs_f64(),
            paused: at.paused,
        };
        (at.partition, gauges)
    };
    snapshot.partitions.iter().map(one).collect()
}

fn since_epoch() -> Duration {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Offset, TopicIndex};
    use crate::route::fixture;

    fn snapshot() -> Snapshot {
        Snapshot::at_start(fixture::config(Vec::new()), Instant::now())
    }

    #[test]
    fn gauges_follow_from_the_snapshot() {
        let partition = Partition { topic: TopicIndex(0), number: 0 };
        let at = PartitionSnapshot {
            partition,
            next: Offset(7),
            committed: Some(Offset(4)),
            end: Some(Offset(10)),
            unsettled: 2,
            oldest: Some(1_500),
            paused: true,
            unavailable: false,
        };
        let unknown = PartitionSnapshot { committed: None, end: None, oldest: None, ..at };
        let snapshot = Snapshot { partitions: vec![at, unknown], ..snapshot() };
        let gauges = gauges(&snapshot, Duration::from_secs(3));
        let (_, first) = gauges[0];
        assert_eq!((first.consumer_lag, first.read_lag), (Some(6), Some(3)));
        assert_eq!((first.unsettled_events, first.oldest_unsettled_age_seconds), (2, 1.5));
        assert!(first.paused);
        let (_, second) = gauges[1];
        assert_eq!((second.consumer_lag, second.read_lag), (None, None));
        assert_eq!(second.oldest_unsettled_age_seconds, 0.0);
    }

    #[test]
    fn a_hold_counts_once_it_has_lasted_a_second() {
        let webhook = |index, held| WebhookSnapshot {
            webhook: WebhookIndex(index),
            waiting: 0,
            in_flight: true,
            taken: 1,
            attempt: None,
            rate_share: 1.0,
            held,
        };
        let webhooks = vec![
            webhook(0, None),
            webhook(1, Some(Duration::from_millis(999))),
            webhook(2, Some(HELD_AFTER)),
        ];
        let snapshot = Snapshot { webhooks, ..snapshot() };
        assert_eq!(held(&snapshot), BTreeSet::from([WebhookIndex(2)]));
    }
}
