//! Whether owned work stands still without a reason that the metrics name: a worker that is alive and does nothing is worse than one that ends. Pure: what was
//! seen, and the time, are arguments.
//!
//! Invariant: a stall is told only of what was watched without a gap. While the poll loop drains, or the process stands still, no time passes here.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::event::{Offset, Partition};

/// A partition counts as stalled after this long with something to read and nothing read.
pub const UNREAD_AFTER: Duration = Duration::from_secs(60);

/// A commit counts as stalled after this long. One that a rebalance holds up takes as long as the slowest member drains; librdkafka itself gives up after 45 s.
pub const UNCOMMITTED_AFTER: Duration = Duration::from_secs(120);

/// A webhook counts as stalled after this long with deliveries that wait and a sender that takes none; an attempt, this long after its timeout.
pub const UNSENT_AFTER: Duration = Duration::from_secs(60);

/// Two looks further apart than this have a gap between them, of which nothing is known.
const GAP: Duration = Duration::from_secs(5);

/// What the poll loop sees of its work at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Some broker is reachable.
    pub reachable: bool,
    /// Where partitions begin or go on is being looked up.
    pub deciding: bool,
    /// When the commit in flight was sent; `None`: none is.
    pub commit: Option<Instant>,
    /// The owned partitions, sorted.
    pub partitions: &'a [PartitionSeen<'a>],
    /// The webhooks, always in the same order.
    pub webhooks: &'a [WebhookSeen<'a>],
}

/// One owned partition.
#[derive(Debug, Clone, Copy)]
pub struct PartitionSeen<'a> {
    /// Which one.
    pub partition: Partition,
    /// Its topic's name.
    pub topic: &'a str,
    /// The offset to read next.
    pub next: Offset,
    /// How many offsets there are to read, as far as the broker told.
    pub lag: i64,
    /// It is not read for now: it is paused, or its leader is away.
    pub excused: bool,
}

/// One webhook.
#[derive(Debug, Clone, Copy)]
pub struct WebhookSeen<'a> {
    /// Its name.
    pub name: &'a str,
    /// Of one attempt.
    pub timeout: Duration,
    /// Deliveries that wait.
    pub waiting: usize,
    /// A delivery was taken off the queue and has not ended: being sent, or waiting for its turn (the rate, a 429, a backoff, a hold).
    pub in_flight: bool,
    /// How many deliveries were taken off the queue ever.
    pub taken: u64,
    /// Which attempt is under way, counted from the first; `None`: none is.
    pub attempt: Option<u64>,
    /// The next delivery may not be taken for now: it is held, or the share of the rate is 0.
    pub excused: bool,
}

/// What was seen standing still, and since when.
#[derive(Debug, Default)]
pub struct Stalls {
    last: Option<Instant>,
    /// The time that was watched.
    watched: Duration,
    partitions: BTreeMap<Partition, Still<Offset>>,
    commit: Option<Still<Instant>>,
    webhooks: Vec<Webhook>,
}

#[derive(Debug, Default)]
struct Webhook {
    untaken: Option<Still<u64>>,
    attempt: Option<Still<u64>>,
}

/// The same state at every look since then.
#[derive(Debug, Clone, Copy)]
struct Still<T> {
    what: T,
    since: Duration,
}

impl<T: PartialEq> Still<T> {
    fn or_since(what: T, before: Option<Self>, now: Duration) -> Self {
        before.filter(|before| before.what == what).unwrap_or(Self { what, since: now })
    }
}

impl Stalls {
    /// Looks at the work, about once a second. What stalls: one reason a line, nothing as a rule.
    pub fn look(&mut self, seen: &Seen<'_>, now: Instant) -> Vec<String> {
        let step = self.last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        self.watched += step.min(GAP);
        self.last = Some(now);
        let mut reasons = Vec::new();
        self.look_at_partitions(seen, &mut reasons);
        self.look_at_commit(seen, &mut reasons);
        self.look_at_webhooks(seen, &mut reasons);
        reasons
    }

    fn look_at_partitions(&mut self, seen: &Seen<'_>, reasons: &mut Vec<String>) {
        let watched = self.watched;
        let before = std::mem::take(&mut self.partitions);
        if !seen.reachable || seen.deciding {
            return;
        }
        for at in seen.partitions.iter().filter(|at| at.lag > 0 && !at.excused) {
            let still = Still::or_since(at.next, before.get(&at.partition).copied(), watched);
            self.partitions.insert(at.partition, still);
            let lasted = watched.saturating_sub(still.since);
            if lasted >= UNREAD_AFTER {
                let (topic, number, lag) = (at.topic, at.partition.number, at.lag);
                reasons.push(format!(
                    "partition {number} of topic `{topic}` has {lag} offsets to read, and nothing of it was read for {} s",
                    lasted.as_secs()
                ));
            }
        }
    }

    fn look_at_commit(&mut self, seen: &Seen<'_>, reasons: &mut Vec<String>) {
        let before = self.commit.take();
        let Some(sent) = seen.commit.filter(|_| seen.reachable) else { return };
        let still = Still::or_since(sent, before, self.watched);
        self.commit = Some(still);
        let lasted = self.watched.saturating_sub(still.since);
        if lasted >= UNCOMMITTED_AFTER {
            reasons.push(format!("a commit has been in flight for {} s", lasted.as_secs()));
        }
    }

    fn look_at_webhooks(&mut self, seen: &Seen<'_>, reasons: &mut Vec<String>) {
        self.webhooks.resize_with(seen.webhooks.len(), Webhook::default);
        for (webhook, at) in self.webhooks.iter_mut().zip(seen.webhooks) {
            let idle = at.waiting > 0 && !at.in_flight && !at.excused;
            webhook.untaken =
                idle.then(|| Still::or_since(at.taken, webhook.untaken, self.watched));
            webhook.attempt =
                at.attempt.map(|attempt| Still::or_since(attempt, webhook.attempt, self.watched));
            let lasted = |still: Option<Still<u64>>| {
                still.map_or(Duration::ZERO, |still| self.watched.saturating_sub(still.since))
            };
            let (untaken, attempt) = (lasted(webhook.untaken), lasted(webhook.attempt));
            if untaken >= UNSENT_AFTER {
                reasons.push(format!(
                    "webhook `{}` has {} deliveries that wait, and none was taken for {} s",
                    at.name,
                    at.waiting,
                    untaken.as_secs()
                ));
            }
            if attempt >= at.timeout + UNSENT_AFTER {
                reasons.push(format!(
                    "webhook `{}` has had one attempt under way for {} s, with a timeout of {} s",
                    at.name,
                    attempt.as_secs(),
                    at.timeout.as_secs()
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
