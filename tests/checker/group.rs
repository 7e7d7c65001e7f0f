//! The rate limit of a group whose processes start and end: at most rate × window requests in any
//! window, plus one burst per process that ran in it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Post, TooFast};

/// From one process's start to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// When it was started.
    pub from: Duration,
    /// When its end was seen; `Duration::MAX` if it did not end.
    pub to: Duration,
}

/// The limit of a webhook for a whole group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupRate<'a> {
    /// Posts a second of all members together.
    pub per_second: f64,
    /// The burst of one process. A process's bucket is full when it starts, so a restart adds one
    /// burst.
    pub burst: f64,
    /// All processes.
    pub lifetimes: &'a [Lifetime],
    /// How much closer two requests can arrive than they were sent.
    pub jitter: Duration,
}

impl GroupRate<'_> {
    /// Returns the worst window of one webhook's requests (refused ones count too), if any is too
    /// fast. Checks every window, because the bursts differ between windows.
    pub fn worst(&self, arrivals: &[Duration]) -> Option<TooFast> {
        assert!(arrivals.is_sorted(), "arrivals are not sorted");
        let mut worst: Option<TooFast> = None;
        for (first, from) in arrivals.iter().enumerate() {
            let mut starts: Vec<Duration> = self
                .lifetimes
                .iter()
                .filter(|lifetime| lifetime.to.saturating_add(self.jitter) >= *from)
                .map(|lifetime| lifetime.from)
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

    /// Fails the test if this webhook got more than this rate.
    #[track_caller]
    pub fn assert_kept(&self, webhook: &str, posts: &[Post]) {
        self.assert_kept_together(webhook, posts, |of| of == webhook);
    }

    /// Fails the test if these webhooks, such as the channels of an app, together got more than
    /// this rate.
    #[track_caller]
    pub fn assert_kept_together(&self, name: &str, posts: &[Post], is_one: impl Fn(&str) -> bool) {
        let arrivals: Vec<_> =
            posts.iter().filter(|post| is_one(&post.webhook)).map(|post| post.at).collect();
        assert_eq!(
            self.worst(&arrivals),
            None,
            "`{name}` got more than {}/s and bursts of {} allow",
            self.per_second,
            self.burst
        );
    }
}

/// The longest time without a post of each webhook, between its first post and `until`.
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
