//! Compares the events that match an action with the requests that Slack received: which posts were
//! lost, repeated, out of order, or too fast.
//!
//! Pure, and tested with planted faults: otherwise a checker that finds nothing would prove
//! nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

pub mod group;

pub mod repeats;

pub mod turns;

#[cfg(test)]
mod tests;

/// One post that an event must cause: what was produced for one webhook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    /// The webhook that must get it.
    pub webhook: String,
    /// Identifies its post among all others of the test.
    pub id: u64,
    /// Topic and partition.
    pub partition: (String, i32),
    /// Its offset there.
    pub offset: i64,
}

/// One request that Slack received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The webhook that received it.
    pub webhook: String,
    /// The event that caused it.
    pub id: u64,
    /// The time of arrival, since any fixed moment.
    pub at: Duration,
    /// Slack answered that it was posted.
    pub accepted: bool,
}

/// The faults found; empty for a correct run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Expected and never accepted.
    pub lost: Vec<(String, u64)>,
    /// Accepted again; listed once per repetition.
    pub repeated: Vec<(String, u64)>,
    /// Accepted by a webhook that it was not meant for.
    pub unexpected: Vec<(String, u64)>,
    /// First accepted after a later one of the same webhook and partition.
    pub disordered: Vec<(String, u64)>,
}

impl Faults {
    /// Compares the accepted posts with the expected ones. For order, only the first arrival of a
    /// repeated post counts.
    pub fn find(expected: &[Expected], posts: &[Post]) -> Self {
        let mut faults = Self::default();
        let wanted: HashMap<(&str, u64), &Expected> =
            expected.iter().map(|one| ((one.webhook.as_str(), one.id), one)).collect();
        assert_eq!(
            wanted.len(),
            expected.len(),
            "the test is wrong: it expects one id of a webhook twice"
        );
        let mut seen = BTreeSet::new();
        let mut last: HashMap<(&str, &(String, i32)), i64> = HashMap::new();
        for post in posts.iter().filter(|post| post.accepted) {
            let key = (post.webhook.as_str(), post.id);
            let named = (post.webhook.clone(), post.id);
            let Some(event) = wanted.get(&key) else {
                faults.unexpected.push(named);
                continue;
            };
            if !seen.insert(key) {
                faults.repeated.push(named);
                continue;
            }
            let last = last.entry((key.0, &event.partition)).or_insert(-1);
            if event.offset < *last {
                faults.disordered.push(named);
            }
            *last = event.offset.max(*last);
        }
        faults.lost = expected
            .iter()
            .filter(|one| !seen.contains(&(one.webhook.as_str(), one.id)))
            .map(|one| (one.webhook.clone(), one.id))
            .collect();
        faults
    }

    /// Fails the test if any fault was found.
    #[track_caller]
    pub fn assert_none(&self) {
        assert_eq!(*self, Self::default(), "{self}");
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, repeated, unexpected, disordered } = self;
        write!(
            f,
            "lost {}, repeated {}, unexpected {}, out of order {}",
            lost.len(),
            repeated.len(),
            unexpected.len(),
            disordered.len()
        )
    }
}

/// The limit of a webhook: at most rate × window + bursts requests in any window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Posts a second.
    pub per_second: f64,
    /// The sum of all processes' bursts.
    pub bursts: f64,
    /// How much closer two requests can arrive than they were sent: the machine's jitter.
    pub jitter: Duration,
}

/// A window with more requests than the rate allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TooFast {
    /// The arrival of its first request.
    pub from: Duration,
    /// The arrival of its last request.
    pub to: Duration,
    /// The requests that arrived.
    pub requests: usize,
    /// The requests that the rate allows.
    pub allowed: f64,
}

impl TooFast {
    /// The number of requests over the limit.
    pub fn excess(&self) -> f64 {
        self.requests as f64 - self.allowed
    }
}

impl Rate {
    /// Returns the worst window of one webhook's requests (refused ones count too), if any is too
    /// fast.
    ///
    /// With x(i) = i − rate × t(i), a window from i to j holds j − i + 1 requests and is too fast
    /// by x(j) − x(i) + 1 − bursts: the least x so far
    /// finds the worst window to each j in one pass.
    pub fn worst(&self, arrivals: &[Duration]) -> Option<TooFast> {
        assert!(arrivals.is_sorted(), "arrivals are not sorted");
        let mut least: Option<(f64, usize)> = None;
        let mut worst: Option<(f64, usize, usize)> = None;
        for (at, time) in arrivals.iter().enumerate() {
            let x = at as f64 - self.per_second * time.as_secs_f64();
            if least.is_none_or(|(least, _)| x < least) {
                least = Some((x, at));
            }
            let (from_x, from) = least?;
            let excess = x - from_x;
            if worst.is_none_or(|(most, ..)| excess > most) {
                worst = Some((excess, from, at));
            }
        }
        let (_, from, to) = worst?;
        let window = (arrivals[to] - arrivals[from] + self.jitter).as_secs_f64();
        let found = TooFast {
            from: arrivals[from],
            to: arrivals[to],
            requests: to - from + 1,
            allowed: self.per_second * window + self.bursts,
        };
        (found.requests as f64 > found.allowed + 1e-6).then_some(found)
    }

    /// Fails the test if any webhook got more than this rate.
    #[track_caller]
    pub fn assert_kept(&self, posts: &[Post]) {
        let mut by_webhook: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        for post in posts {
            by_webhook.entry(&post.webhook).or_default().push(post.at);
        }
        for (webhook, arrivals) in by_webhook {
            assert_eq!(self.worst(&arrivals), None, "`{webhook}` got more than {self:?} allows");
        }
    }
}
