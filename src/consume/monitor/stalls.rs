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
pub struct Stalls {
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

/// Updates what was seen `before`; `None` where there is nothing to watch. Returns for how long it
/// has not changed.
fn unchanged_for<T: PartialEq>(
    before: &mut Option<Unchanged<T>>,
    value: Option<T>,
    now: Duration,
) -> Duration {
    let same = before.take().filter(|before| Some(&before.value) == value.as_ref());
    *before = same.or(value.map(|value| Unchanged { value, since: now }));
    before.as_ref().map_or(Duration::ZERO, |unchanged| now.saturating_sub(unchanged.since))
}

impl Stalls {
    /// Checks the next snapshot, about a second after the last one. Returns what makes no progress,
    /// one reason a line: nothing as a rule.
    pub fn check(&mut self, snapshot: &Snapshot) -> Vec<String> {
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
            let mut unread = before.get(&at.partition).copied();
            let lasted = unchanged_for(&mut unread, Some(at.next), watched);
            self.partitions.extend(unread.map(|unread| (at.partition, unread)));
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
        let reachable = snapshot.unreachable_since.is_none();
        let sent = snapshot.commit_in_flight_since.filter(|_| reachable);
        let lasted = unchanged_for(&mut self.commit, sent, self.watched);
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
            let idle = idle.then_some(at.taken);
            let untaken = unchanged_for(&mut webhook.untaken, idle, self.watched);
            let attempt = unchanged_for(&mut webhook.attempt, at.attempt, self.watched);
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
