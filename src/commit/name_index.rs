//! The configuration's names as a commit's metadata has them: short hashes, and what each of
//! them means in the active configuration. Pure.
//!
//! Invariant: equal names have equal hashes, in every process and version. Two names with one hash
//! count as both: what may be pending is delivered.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::config::model::{ActionIndex, Config, WebhookIndex};
use crate::event::TopicIndex;

use super::sketch::Sketch;

/// 32 bits of a name's XXH3. Among 10,000 names two have the same hash in about one case of a
/// hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NameHash([u8; 4]);

/// One delivery's names: its action's, and that of the webhook to which the action posted then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The webhook's.
    pub webhook: NameHash,
    /// The action's.
    pub action: NameHash,
}

/// The names of one configuration, and which action posts to which webhook.
#[derive(Debug, Default)]
pub struct NameIndex {
    actions: Vec<(Name, WebhookIndex)>,
    webhooks: Vec<WebhookNames>,
    actions_by_hash: HashMap<NameHash, Vec<ActionIndex>>,
    webhooks_by_hash: HashMap<NameHash, WebhookIndex>,
    /// The number of actions of the webhook that has the most.
    pub max_actions_per_webhook: usize,
    hash: Option<NameHash>,
    sketch: Sketch<NameHash>,
}

#[derive(Debug)]
struct WebhookNames {
    name: NameHash,
    /// The topics whose events can reach it, sorted.
    feeds: Vec<TopicIndex>,
}

impl NameHash {
    /// The hash of a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let [a, b, c, d, ..] = xxh3_64(name.as_bytes()).to_le_bytes();
        Self([a, b, c, d])
    }

    /// The hash as an evenly distributed number.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::from_le_bytes(self.0)
    }
}

impl NameIndex {
    /// The names of `config`.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let webhooks = config.webhooks.iter().map(|webhook| webhook.name.as_str());
        let actions = config
            .actions
            .iter()
            .map(|action| (action.name.as_str(), action.webhook, &*action.topics));
        Self::of(webhooks, actions)
    }

    /// The names of these webhooks, and of these actions with their webhook and topics, each in the
    /// configuration's order.
    pub fn of<'a>(
        webhooks: impl IntoIterator<Item = &'a str>,
        actions: impl IntoIterator<Item = (&'a str, WebhookIndex, &'a [TopicIndex])>,
    ) -> Self {
        let mut index = Self::default();
        let mut pairs = Vec::new();
        let webhooks: Vec<&str> = webhooks.into_iter().collect();
        for (at, name) in (0..).map(WebhookIndex).zip(&webhooks) {
            let name = NameHash::of(name);
            index.webhooks.push(WebhookNames { name, feeds: Vec::new() });
            index.webhooks_by_hash.insert(name, at);
        }
        for (at, (name, webhook, topics)) in (0..).map(ActionIndex).zip(actions) {
            let action = NameHash::of(name);
            let posts_to = &mut index.webhooks[webhook.0 as usize];
            posts_to.feeds.extend_from_slice(topics);
            posts_to.feeds.sort_unstable();
            posts_to.feeds.dedup();
            index.actions.push((Name { webhook: posts_to.name, action }, webhook));
            // A reload has removed the action: it is only looked up by its index.
            if topics.is_empty() {
                continue;
            }
            index.actions_by_hash.entry(action).or_default().push(at);
            pairs.push((webhooks[webhook.0 as usize], name));
        }
        pairs.sort_unstable();
        index.max_actions_per_webhook =
            pairs.chunk_by(|(one, _), (other, _)| one == other).map(<[_]>::len).max().unwrap_or(0);
        let text: String =
            pairs.iter().map(|(webhook, action)| format!("{webhook} {action}\n")).collect();
        index.hash = Some(NameHash::of(&text));
        index.sketch = Sketch::of(index.actions_by_hash.keys().copied());
        index
    }

    /// The hash of all names. Equal where the same actions post to the same webhooks, in whatever
    /// order; `None` for an empty index.
    #[must_use]
    pub fn hash(&self) -> Option<NameHash> {
        self.hash
    }

    /// A sketch of the actions' names: other deployments in the group see by it whose a commit is.
    #[must_use]
    pub fn sketch(&self) -> &Sketch<NameHash> {
        &self.sketch
    }

    /// Whether these are the actions of another deployment: none of them has, or had before a
    /// reload, a name of this one's.
    #[must_use]
    pub fn is_foreign(&self, actions: &Sketch<NameHash>) -> bool {
        let had = |action| self.actions.iter().any(|(name, _)| name.action == action);
        actions.is_foreign_to(|action| self.actions_by_hash.contains_key(&action) || had(action))
    }

    /// An action's name and its webhook's.
    #[must_use]
    pub fn name(&self, action: ActionIndex) -> Option<Name> {
        self.actions.get(action.0 as usize).map(|(name, _)| *name)
    }

    /// The webhook to which an action posts.
    #[must_use]
    pub fn webhook_of(&self, action: ActionIndex) -> Option<WebhookIndex> {
        self.actions.get(action.0 as usize).map(|(_, webhook)| *webhook)
    }

    /// A webhook's name.
    #[must_use]
    pub fn webhook(&self, webhook: WebhookIndex) -> Option<NameHash> {
        self.webhooks.get(webhook.0 as usize).map(|webhook| webhook.name)
    }

    /// The topics that feed a webhook, sorted.
    #[must_use]
    pub fn feeds(&self, webhook: WebhookIndex) -> &[TopicIndex] {
        self.webhooks.get(webhook.0 as usize).map_or(&[], |webhook| &webhook.feeds)
    }

    /// The actions with that name: none, one, or several where hashes collide.
    #[must_use]
    pub fn actions_named(&self, name: NameHash) -> &[ActionIndex] {
        self.actions_by_hash.get(&name).map_or(&[], |actions| actions)
    }

    /// The webhook with that name.
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
    fn a_name_keeps_its_hash_in_every_version() {
        // Commits of an earlier version must be understood: this number may never change.
        assert_eq!(NameHash::of("enterprise-signup").number(), 3_051_844_901);
    }

    #[test]
    fn an_action_that_a_reload_has_removed_is_not_foreign() {
        let of = |names: &[&'static str]| {
            NameIndex::of(["w"], names.iter().map(|name| (*name, A, TOPICS)))
        };
        let reloaded = NameIndex::of(["w"], [("x", A, &[][..]), ("y", A, TOPICS)]);
        assert!(!reloaded.is_foreign(of(&["x"]).sketch()));
        assert!(reloaded.is_foreign(of(&["z"]).sketch()));
        assert!(!reloaded.is_foreign(of(&["z", "y"]).sketch()));
        assert!(!reloaded.is_foreign(&Sketch::default()), "an earlier version's commit");
        assert!(of(&["x"]).is_foreign(reloaded.sketch()), "only what is active is in the sketch");
    }

    #[test]
    fn the_hash_depends_on_who_posts_where_and_not_on_the_order() {
        let one = NameIndex::of(["a", "b"], [("x", A, TOPICS), ("y", B, TOPICS)]);
        let same = NameIndex::of(["b", "a"], [("y", A, TOPICS), ("x", B, TOPICS)]);
        let moved = NameIndex::of(["a", "b"], [("x", A, TOPICS), ("y", A, TOPICS)]);
        let renamed = NameIndex::of(["a", "b"], [("x", A, TOPICS), ("z", B, TOPICS)]);
        assert_eq!(one.hash(), same.hash());
        assert_ne!(one.hash(), moved.hash());
        assert_ne!(one.hash(), renamed.hash());
    }
}
