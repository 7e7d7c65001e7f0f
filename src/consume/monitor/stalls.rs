//! Whether owned work makes no progress without a reason that the metrics name: a worker that is
//! alive and does nothing is worse than one that ends. Pure: a function of the snapshots so far.
//!
//! Invariant: only watched time counts. While the poll loop drains, or the process is suspended, at
//! most `GAP` is added.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::event::{Offset, Partition};
use crate::health::Snapshot;

/// A partition counts as stalled after this long with something to read and nothing read.
const UNREAD_AFTER: Duration = Duration::from_secs(60);

/// A commit counts as stalled after this long. During a rebalance it takes as long as the slowest
/// member drains; librdkafka itself gives up after 45 s.
const UNCOMMITTED_AFTER: Duration = Duration::from_secs(120);

/// A webhook counts as stalled after this long with deliveries that wait and a sender that takes
/// none; an attempt, this long after its timeout.
const UNSENT_AFTER: Duration = Duration::from_secs(60);

/// The longest time that one gap between two snapshots counts as watched: during a drain or a
/// suspend no more is added.
const GAP: Duration = Duration::from_secs(5);

/// What has not changed, and since when.
#[derive(Debug, Default)]
pub(super) struct Stalls {
    last: Option<Instant>,
    /// The time that was watched.
    watched: Duration,
    partitions: BTreeMap<Partition, Unchanged<Offset>>,
    commit: Option<Unchanged<Instant>>,
    webhooks: Vec<Webhook>,
}

#[derive(Debug, Default)]
struct Webhook {
    untaken: Option<Unchanged<u64>>,
    attempt: Option<Unchanged<u64>>,
}

/// The same value in every snapshot since then.
#[derive(Debug, Clone, Copy)]
struct Unchanged<T> {
    value: T,
    since: Duration,
}

impl<T: PartialEq> Unchanged<T> {
    fn or_since(value: T, before: Option<Self>, now: Duration) -> Self {
        before.filter(|before| before.value == value).unwrap_or(Self { value, since: now })
    }
}

impl Stalls {
    /// Checks the next snapshot, about a second after the last one. Returns what makes no progress,
    /// one reason a line: nothing as a rule.
    pub(super) fn check(&mut self, snapshot: &Snapshot) -> Vec<String> {
        let step =
            self.last.map_or(Duration::ZERO, |last| snapshot.at.saturating_duration_since(last));
        self.watched += step.min(GAP);
        self.last = Some(snapshot.at);
        let mut reasons = Vec::new();
        self.check_partitions(snapshot, &mut reasons);
        self.check_commit(snapshot, &mut reasons);
        self.check_webhooks(snapshot, &mut reasons);
        reasons
    }

    fn check_partitions(&mut self, snapshot: &Snapshot, reasons: &mut Vec<String>) {
        let watched = self.watched;
        let before = std::mem::take(&mut self.partitions);
        if snapshot.unreachable_since.is_some() || snapshot.resolving {
            return;
        }
        for at in snapshot.partitions.iter().filter(|at| !at.paused && !at.unavailable) {
            let lag = at.end.map_or(0, |end| end.0 - at.next.0);
            if lag <= 0 {
                continue;
            }
            let unchanged =
                Unchanged::or_since(at.next, before.get(&at.partition).copied(), watched);
            self.partitions.insert(at.partition, unchanged);
            let lasted = watched.saturating_sub(unchanged.since);
            if lasted >= UNREAD_AFTER {
                let Partition { topic, number } = at.partition;
                let topics = &snapshot.config.kafka.topics;
                let topic = topics.get(topic.0 as usize).map_or("", String::as_str);
                reasons.push(format!(
                    "partition {number} of topic `{topic}` has {lag} offsets to read, and nothing of it was read for {} s",
                    lasted.as_secs()
                ));
            }
        }
    }

    fn check_commit(&mut self, snapshot: &Snapshot, reasons: &mut Vec<String>) {
        let before = self.commit.take();
        let reachable = snapshot.unreachable_since.is_none();
        let Some(sent) = snapshot.commit_in_flight_since.filter(|_| reachable) else { return };
        let unchanged = Unchanged::or_since(sent, before, self.watched);
        self.commit = Some(unchanged);
        let lasted = self.watched.saturating_sub(unchanged.since);
        if lasted >= UNCOMMITTED_AFTER {
            reasons.push(format!("a commit has been in flight for {} s", lasted.as_secs()));
        }
    }

    fn check_webhooks(&mut self, snapshot: &Snapshot, reasons: &mut Vec<String>) {
        self.webhooks.resize_with(snapshot.webhooks.len(), Webhook::default);
        let settings = &snapshot.config.webhooks;
        for (webhook, at) in self.webhooks.iter_mut().zip(&snapshot.webhooks) {
            let Some(settings) = settings.get(at.webhook.0 as usize) else { continue };
            let idle = at.waiting > 0 && !at.in_flight && at.rate_share > 0.0;
            webhook.untaken =
                idle.then(|| Unchanged::or_since(at.taken, webhook.untaken, self.watched));
            webhook.attempt = at
                .attempt
                .map(|attempt| Unchanged::or_since(attempt, webhook.attempt, self.watched));
            let lasted = |unchanged: Option<Unchanged<u64>>| {
                unchanged.map_or(Duration::ZERO, |unchanged| {
                    self.watched.saturating_sub(unchanged.since)
                })
            };
            let (untaken, attempt) = (lasted(webhook.untaken), lasted(webhook.attempt));
            let (name, timeout) = (&settings.name, settings.timeout);
            if untaken >= UNSENT_AFTER {
                reasons.push(format!(
                    "webhook `{name}` has {} deliveries that wait, and none was taken for {} s",
                    at.waiting,
                    untaken.as_secs()
                ));
            }
            if attempt >= timeout + UNSENT_AFTER {
                reasons.push(format!(
                    "webhook `{name}` has had one attempt in progress for {} s, with a timeout of {} s",
                    attempt.as_secs(),
                    timeout.as_secs()
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
