//! The rate of a whole group whose processes come and go: over any window at most rate × window, and one burst per process that lived in it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Post, TooFast};

/// From one process's start to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// When it was started.
    pub from: Duration,
    /// When it was seen ended; `Duration::MAX`: it was not.
    pub to: Duration,
}

/// What a webhook may get of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupRate<'a> {
    /// Posts a second of all members together.
    pub per_second: f64,
    /// What one process may send at once. A process's bucket is full when it starts, so a restart has one more.
    pub burst: f64,
    /// All processes.
    pub lives: &'a [Life],
    /// By how much two requests can come closer than they were sent.
    pub jitter: Duration,
}

impl GroupRate<'_> {
    /// The worst window of one webhook's requests (refused ones count too), if any is too fast. Looks at every window: the bursts differ from one to the next.
    pub fn worst(&self, arrivals: &[Duration]) -> Option<TooFast> {
        assert!(arrivals.is_sorted(), "arrivals come in their order");
        let mut worst: Option<TooFast> = None;
        for (first, from) in arrivals.iter().enumerate() {
            let mut starts: Vec<Duration> = self
                .lives
                .iter()
                .filter(|life| life.to.saturating_add(self.jitter) >= *from)
                .map(|life| life.from)
                .collect();
            starts.sort_unstable();
            let mut lived = 0;
            for (more, to) in arrivals[first..].iter().enumerate() {
                lived += starts[lived..].iter().take_while(|start| *start <= to).count();
                let window = (*to - *from + self.jitter).as_secs_f64();
                let allowed = self.per_second * window + self.burst * lived as f64;
                let found = TooFast { from: *from, to: *to, requests: more + 1, allowed };
                if worst.is_none_or(|worst| found.excess() > worst.excess()) {
                    worst = Some(found);
                }
            }
        }
        worst.filter(|worst| worst.excess() > 1e-6)
    }

    /// Fails the test if this webhook got more.
    #[track_caller]
    pub fn assert_kept(&self, webhook: &str, posts: &[Post]) {
        let arrivals: Vec<_> =
            posts.iter().filter(|post| post.webhook == webhook).map(|post| post.at).collect();
        assert_eq!(
            self.worst(&arrivals),
            None,
            "`{webhook}` got more than {}/s and bursts of {} allow",
            self.per_second,
            self.burst
        );
    }
}

/// The longest time that a webhook got no post, between its first one and `until`, by webhook.
pub fn longest_gaps(posts: &[Post], until: Duration) -> BTreeMap<String, Duration> {
    let mut last: BTreeMap<&str, Duration> = BTreeMap::new();
    let mut longest: BTreeMap<String, Duration> = BTreeMap::new();
    for post in posts.iter().filter(|post| post.accepted && post.at <= until) {
        if let Some(before) = last.insert(&post.webhook, post.at) {
            let gap = longest.entry(post.webhook.clone()).or_default();
            *gap = (*gap).max(post.at - before);
        }
    }
    for (webhook, last) in last {
        let gap = longest.entry(webhook.to_owned()).or_default();
        *gap = (*gap).max(until - last);
    }
    longest
}

#[cfg(test)]
mod tests;
