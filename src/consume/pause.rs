//! [1] Which topics stand still because a `block` webhook that they feed is full. Pure.
//!
//! Invariant: a topic that feeds no full `block` webhook goes on.

use std::collections::BTreeSet;

use crate::config::model::WebhookIndex;
use crate::event::TopicIndex;

/// The full webhooks and what follows from them.
#[derive(Debug)]
pub(super) struct Pauses {
    /// By webhook: the topics that feed it.
    feeds: Vec<Vec<TopicIndex>>,
    full: BTreeSet<WebhookIndex>,
    paused: BTreeSet<TopicIndex>,
}

/// What has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Topics that stand still from now on.
    pub(super) pause: Vec<TopicIndex>,
    /// Topics that go on.
    pub(super) resume: Vec<TopicIndex>,
}

impl Pauses {
    /// Nothing is full.
    #[must_use]
    pub(super) fn new(feeds: Vec<Vec<TopicIndex>>) -> Self {
        Self { feeds, full: BTreeSet::new(), paused: BTreeSet::new() }
    }

    /// Another configuration: the webhooks stay as full as they are.
    pub(super) fn feed(&mut self, feeds: Vec<Vec<TopicIndex>>) -> Change {
        self.feeds = feeds;
        self.change()
    }

    /// A webhook's queue is full.
    pub(super) fn block(&mut self, webhook: WebhookIndex) -> Change {
        self.full.insert(webhook);
        self.change()
    }

    /// Asks of every full webhook whether it has room again.
    pub(super) fn unblock(&mut self, has_room: impl Fn(WebhookIndex) -> bool) -> Change {
        if self.full.is_empty() {
            return Change::default();
        }
        self.full.retain(|webhook| !has_room(*webhook));
        self.change()
    }

    /// Whether a topic stands still.
    #[inline]
    #[must_use]
    pub(super) fn is_paused(&self, topic: TopicIndex) -> bool {
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
    fn only_what_feeds_a_full_webhook_stands_still() {
        let mut pauses = Pauses::new(vec![vec![A, B], vec![B], vec![C]]);
        assert_eq!(pauses.block(WebhookIndex(0)), Change { pause: vec![A, B], resume: vec![] });
        assert_eq!(pauses.block(WebhookIndex(1)), Change::default(), "B stands still already");
        assert!(!pauses.is_paused(C));

        assert_eq!(
            pauses.unblock(|webhook| webhook == WebhookIndex(0)),
            Change { pause: vec![], resume: vec![A] }
        );
        assert!(pauses.is_paused(B), "the other webhook is still full");
        assert_eq!(pauses.unblock(|_| true), Change { pause: vec![], resume: vec![B] });
    }
}
