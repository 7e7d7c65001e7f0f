//! [5] The configuration's names as a commit's metadata tells them: short hashes, and what each of them means under the configuration in force. Pure.
//!
//! Invariant: equal names have equal hashes, in every process and version. Two names of one hash count as both: what may be pending is delivered.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::config::model::{ActionIndex, Config, WebhookIndex};
use crate::event::TopicIndex;

/// 32 bits of a name's XXH3: of 10,000 names about a hundredth has two of one hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NameHash([u8; 4]);

impl NameHash {
    /// The hash of a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let [a, b, c, d, ..] = xxh3_64(name.as_bytes()).to_le_bytes();
        Self([a, b, c, d])
    }

    /// As a number, evenly spread.
    #[must_use]
    pub(super) fn number(self) -> u32 {
        u32::from_le_bytes(self.0)
    }
}

/// Who serves whom in one configuration.
#[derive(Debug, Default)]
pub struct Roster {
    actions: Vec<Member>,
    webhooks: Vec<Lane>,
    by_hash: HashMap<NameHash, Vec<ActionIndex>>,
    webhooks_by_hash: HashMap<NameHash, WebhookIndex>,
    /// The most actions that one webhook has.
    most: usize,
    hash: Option<NameHash>,
}

#[derive(Debug)]
struct Member {
    name: NameHash,
    webhook: WebhookIndex,
}

#[derive(Debug)]
struct Lane {
    name: NameHash,
    /// The topics whose events can reach it.
    feeds: Vec<TopicIndex>,
}

impl Roster {
    /// The roster of `config`.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let webhooks = config.webhooks.iter().map(|webhook| webhook.name.as_str());
        let actions = config
            .actions
            .iter()
            .map(|action| (action.name.as_str(), action.webhook, &*action.topics));
        Self::of(webhooks, actions)
    }

    /// The roster of these webhooks, and of these actions with their webhook and topics, each in the configuration's order.
    pub fn of<'a>(
        webhooks: impl IntoIterator<Item = &'a str>,
        actions: impl IntoIterator<Item = (&'a str, WebhookIndex, &'a [TopicIndex])>,
    ) -> Self {
        let mut roster = Self::default();
        let mut pairs = Vec::new();
        let names: Vec<&str> = webhooks.into_iter().collect();
        for (index, name) in (0..).map(WebhookIndex).zip(&names) {
            roster.webhooks.push(Lane { name: NameHash::of(name), feeds: Vec::new() });
            roster.webhooks_by_hash.insert(NameHash::of(name), index);
        }
        for (index, (name, webhook, topics)) in (0..).map(ActionIndex).zip(actions) {
            roster.actions.push(Member { name: NameHash::of(name), webhook });
            if let Some(lane) = roster.webhooks.get_mut(webhook.0 as usize) {
                lane.feeds.extend_from_slice(topics);
                lane.feeds.sort_unstable();
                lane.feeds.dedup();
            }
            // One that a reload has taken away: only its name is still asked for.
            if topics.is_empty() {
                continue;
            }
            roster.by_hash.entry(NameHash::of(name)).or_default().push(index);
            pairs.push((names.get(webhook.0 as usize).copied().unwrap_or_default(), name));
        }
        pairs.sort_unstable();
        roster.most =
            pairs.chunk_by(|(one, _), (other, _)| one == other).map(<[_]>::len).max().unwrap_or(0);
        let text: String =
            pairs.iter().map(|(webhook, action)| format!("{webhook} {action}\n")).collect();
        roster.hash = Some(NameHash::of(&text));
        roster
    }

    /// Equal where the same actions serve the same webhooks, in whatever order; `None` for a roster of nothing.
    #[must_use]
    pub fn hash(&self) -> Option<NameHash> {
        self.hash
    }

    /// An action's name and its webhook.
    #[must_use]
    pub fn action(&self, action: ActionIndex) -> Option<(NameHash, WebhookIndex)> {
        self.actions.get(action.0 as usize).map(|member| (member.name, member.webhook))
    }

    /// The webhook's name that an action posts to.
    #[must_use]
    pub fn webhook_of(&self, action: ActionIndex) -> Option<NameHash> {
        self.webhook(self.action(action)?.1)
    }

    /// A webhook's name.
    #[must_use]
    pub fn webhook(&self, webhook: WebhookIndex) -> Option<NameHash> {
        self.webhooks.get(webhook.0 as usize).map(|lane| lane.name)
    }

    /// The most actions that serve one webhook.
    #[must_use]
    pub fn most_of_a_webhook(&self) -> usize {
        self.most
    }

    /// The topics that feed a webhook, sorted.
    #[must_use]
    pub fn feeds(&self, webhook: WebhookIndex) -> &[TopicIndex] {
        self.webhooks.get(webhook.0 as usize).map_or(&[], |lane| &lane.feeds)
    }

    /// The actions of that name: none, one, or several where hashes collide.
    #[must_use]
    pub fn named(&self, name: NameHash) -> &[ActionIndex] {
        self.by_hash.get(&name).map_or(&[], |actions| actions)
    }

    /// The webhook of that name.
    #[must_use]
    pub fn webhook_named(&self, name: NameHash) -> Option<WebhookIndex> {
        self.webhooks_by_hash.get(&name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: WebhookIndex = WebhookIndex(0);
    const B: WebhookIndex = WebhookIndex(1);
    const TOPICS: &[TopicIndex] = &[TopicIndex(0)];

    #[test]
    fn a_name_keeps_its_hash_for_ever() {
        // What a former version has committed must be understood: this number may never change.
        assert_eq!(NameHash::of("enterprise-signup").number(), 3_051_844_901);
    }

    #[test]
    fn the_hash_tells_who_serves_whom_and_not_in_which_order() {
        let one = Roster::of(["a", "b"], [("x", A, TOPICS), ("y", B, TOPICS)]);
        let same = Roster::of(["b", "a"], [("y", A, TOPICS), ("x", B, TOPICS)]);
        let moved = Roster::of(["a", "b"], [("x", A, TOPICS), ("y", A, TOPICS)]);
        let renamed = Roster::of(["a", "b"], [("x", A, TOPICS), ("z", B, TOPICS)]);
        assert_eq!(one.hash(), same.hash());
        assert_ne!(one.hash(), moved.hash());
        assert_ne!(one.hash(), renamed.hash());
    }
}
