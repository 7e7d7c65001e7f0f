//! The topics that are paused because a `when_full: block` webhook that they feed is full.
//! Pure.
//!
//! Invariant: a topic that feeds no full `block` webhook is not paused.

use std::collections::BTreeSet;

use crate::config::model::WebhookIndex;
use crate::event::TopicIndex;

use super::rate_share::Feeds;

/// The full webhooks, and the topics that are paused for them.
#[derive(Debug)]
pub struct Backpressure {
    /// By webhook: the topics that feed it.
    feeds: Feeds,
    full: BTreeSet<WebhookIndex>,
    paused: BTreeSet<TopicIndex>,
}

/// Topics whose state has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Topics that are paused from now on.
    pub pause: Vec<TopicIndex>,
    /// Topics that are read again.
    pub resume: Vec<TopicIndex>,
}

impl Backpressure {
    /// Starts with no full webhook.
    #[must_use]
    pub fn new(feeds: Feeds) -> Self {
        Self { feeds, full: BTreeSet::new(), paused: BTreeSet::new() }
    }

    /// Applies another configuration; full webhooks stay full.
    pub fn reload(&mut self, feeds: Feeds) -> Change {
        self.feeds = feeds;
        self.change()
    }

    /// Records that a webhook's queue is full.
    pub fn block(&mut self, webhook: WebhookIndex) -> Change {
        self.full.insert(webhook);
        self.change()
    }

    /// Releases every full webhook that has room again.
    pub fn unblock(&mut self, has_room: impl Fn(WebhookIndex) -> bool) -> Change {
        if self.full.is_empty() {
            return Change::default();
        }
        self.full.retain(|webhook| !has_room(*webhook));
        self.change()
    }

    /// Returns whether a topic is paused.
    #[inline]
    #[must_use]
    pub fn is_paused(&self, topic: TopicIndex) -> bool {
        self.paused.contains(&topic)
    }

    fn change(&mut self) -> Change {
        let wanted: BTreeSet<TopicIndex> = self
            .full
            .iter()
            .filter_map(|webhook| self.feeds.get(webhook.0 as usize))
            .flatten()
            .copied()
            .collect();
        let change = Change {
            pause: wanted.difference(&self.paused).copied().collect(),
            resume: self.paused.difference(&wanted).copied().collect(),
        };
        self.paused = wanted;
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TopicIndex = TopicIndex(0);
    const B: TopicIndex = TopicIndex(1);
    const C: TopicIndex = TopicIndex(2);

    #[test]
    fn only_topics_that_feed_a_full_webhook_are_paused() {
        let mut backpressure = Backpressure::new(vec![vec![A, B], vec![B], vec![C]].into());
        assert_eq!(
            backpressure.block(WebhookIndex(0)),
            Change { pause: vec![A, B], resume: vec![] }
        );
        assert_eq!(backpressure.block(WebhookIndex(1)), Change::default(), "B is paused already");
        assert!(!backpressure.is_paused(C));

        assert_eq!(
            backpressure.unblock(|webhook| webhook == WebhookIndex(0)),
            Change { pause: vec![], resume: vec![A] }
        );
        assert!(backpressure.is_paused(B), "the other webhook is still full");
        assert_eq!(backpressure.unblock(|_| true), Change { pause: vec![], resume: vec![B] });
    }
}
