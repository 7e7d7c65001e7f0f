//! The configuration's names as a commit's metadata has them: short hashes, and what each of
//! them means in the active configuration. Pure.
//!
//! A webhook is one sender here; an action that chooses a channel by the event can post to several.
//!
//! Invariant: equal names have equal hashes, in every process and version. Two names with one hash
//! count as both: what may be pending is delivered.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::config::model::{ActionIndex, Config, Reach, WebhookIndex};
use crate::delivery::Route;
use crate::event::TopicIndex;

use super::sketch::Sketch;

/// 32 bits of a name's XXH3. Among 10,000 names two have the same hash in about one case of a
/// hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NameHash([u8; 4]);

/// One delivery's names: its action's, and that of the sender to which the action posted then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The sender's.
    pub webhook: NameHash,
    /// The action's.
    pub action: NameHash,
}

/// The names of one configuration, and which action can post to which webhook.
#[derive(Debug, Default)]
pub struct NameIndex {
    actions: Vec<ActionNames>,
    webhooks: Vec<WebhookNames>,
    actions_by_hash: HashMap<NameHash, Vec<ActionIndex>>,
    webhooks_by_hash: HashMap<NameHash, WebhookIndex>,
    /// The number of actions of the webhook that has the most.
    pub max_actions_per_webhook: usize,
    has_choices: bool,
    hash: Option<NameHash>,
    sketch: Sketch<NameHash>,
}

/// One action of a configuration.
pub struct NamedAction<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it posts; if it chooses a channel, where what is not listed goes.
    pub webhook: WebhookIndex,
    /// The other senders among which it chooses, and by which template.
    pub choice: Option<(&'a str, Vec<WebhookIndex>)>,
    /// The topics whose events it can match; none if a reload has removed it.
    pub topics: &'a [TopicIndex],
}

#[derive(Debug)]
struct ActionNames {
    name: NameHash,
    /// As in [`NamedAction`].
    webhook: WebhookIndex,
    /// Whether it can post to every sender of the webhook.
    chooses: bool,
}

#[derive(Debug)]
struct WebhookNames {
    name: NameHash,
    /// The webhook of which it is a channel; otherwise itself.
    own: WebhookIndex,
    /// The topics whose events can reach it, sorted.
    feeds: Vec<TopicIndex>,
}

/// An action that posts to one sender.
impl<'a> From<(&'a str, WebhookIndex, &'a [TopicIndex])> for NamedAction<'a> {
    fn from((name, webhook, topics): (&'a str, WebhookIndex, &'a [TopicIndex])) -> Self {
        Self { name, webhook, choice: None, topics }
    }
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
        let actions = config.actions.iter().map(|action| {
            let (webhook, choice) = match config.reach(action) {
                Reach::One(webhook) => (webhook, None),
                Reach::ByChannel { template, senders } => {
                    let others = senders.values().copied().filter(|of| *of != action.webhook);
                    (action.webhook, Some((template.source(), others.collect())))
                }
            };
            NamedAction { name: &action.name, webhook, choice, topics: &action.topics }
        });
        let mut index = Self::of(webhooks, actions);
        for (own, senders) in config.channels.iter() {
            for sender in senders.values() {
                index.webhooks[sender.0 as usize].own = own;
            }
        }
        index
    }

    /// The names of these webhooks and actions, each in the configuration's order.
    pub fn of<'a>(
        webhooks: impl IntoIterator<Item = &'a str>,
        actions: impl IntoIterator<Item = impl Into<NamedAction<'a>>>,
    ) -> Self {
        let mut index = Self::default();
        // Who posts where, by name, and how the others choose.
        let (mut pairs, mut choices) = (Vec::new(), Vec::new());
        let webhooks: Vec<&str> = webhooks.into_iter().collect();
        for (own, name) in (0..).map(WebhookIndex).zip(&webhooks) {
            let name = NameHash::of(name);
            index.webhooks.push(WebhookNames { name, own, feeds: Vec::new() });
            index.webhooks_by_hash.insert(name, own);
        }
        for (at, action) in (0..).map(ActionIndex).zip(actions) {
            let NamedAction { name, webhook, choice, topics } = action.into();
            let hash = NameHash::of(name);
            index.actions.push(ActionNames { name: hash, webhook, chooses: choice.is_some() });
            let others = choice.iter().flat_map(|(_, others)| others);
            for &other in others.clone() {
                index.webhooks[other.0 as usize].own = webhook;
            }
            // A reload has removed the action: it is only looked up by its index.
            if topics.is_empty() {
                continue;
            }
            for of in std::iter::once(&webhook).chain(others) {
                let feeds = &mut index.webhooks[of.0 as usize].feeds;
                feeds.extend_from_slice(topics);
                feeds.sort_unstable();
                feeds.dedup();
                pairs.push((webhooks[of.0 as usize], name));
            }
            choices.extend(choice.map(|(template, _)| (name, template)));
            index.actions_by_hash.entry(hash).or_default().push(at);
        }
        pairs.sort_unstable();
        choices.sort_unstable();
        index.max_actions_per_webhook =
            pairs.chunk_by(|(one, _), (other, _)| one == other).map(<[_]>::len).max().unwrap_or(0);
        let mut text: String =
            pairs.iter().map(|(webhook, action)| format!("{webhook} {action}\n")).collect();
        // Another template sends the same event to another sender.
        text.extend(choices.iter().map(|(action, template)| format!("{action} {template:?}\n")));
        index.has_choices = !choices.is_empty();
        index.hash = Some(NameHash::of(&text));
        index.sketch = Sketch::of(index.actions_by_hash.keys().copied());
        index
    }

    /// The hash of all names. Equal where the same actions post to the same senders, and choose in
    /// the same way among several, in whatever order; `None` for an empty index.
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
        let had = |action| self.actions.iter().any(|names| names.name == action);
        actions.is_foreign_to(|action| self.actions_by_hash.contains_key(&action) || had(action))
    }

    /// A delivery's names. What a reload has taken from its sender goes where its action posts now.
    #[must_use]
    pub fn name(&self, Route { action, webhook }: Route) -> Option<Name> {
        let action = self.actions.get(action.0 as usize)?;
        let sender = if self.reaches(action, webhook) { webhook } else { action.webhook };
        Some(Name { webhook: self.webhook(sender)?, action: action.name })
    }

    /// The sender with that name, if an action can post to it; otherwise the one to which it posts
    /// what is not listed.
    #[must_use]
    pub fn sender_named(&self, action: ActionIndex, name: NameHash) -> Option<WebhookIndex> {
        let action = self.actions.get(action.0 as usize)?;
        let named = self.webhook_named(name).filter(|sender| self.reaches(action, *sender));
        Some(named.unwrap_or(action.webhook))
    }

    /// Whether an action can post to the sender with that name.
    #[must_use]
    pub fn can_post_to(&self, action: ActionIndex, name: NameHash) -> bool {
        self.sender_named(action, name).and_then(|sender| self.webhook(sender)) == Some(name)
    }

    /// Whether the event decides to which of several senders an action posts.
    #[must_use]
    pub fn chooses(&self, action: ActionIndex) -> bool {
        self.actions.get(action.0 as usize).is_some_and(|action| action.chooses)
    }

    /// The webhooks among whose channels the actions with that name choose.
    pub fn chosen_webhooks(&self, name: NameHash) -> impl Iterator<Item = WebhookIndex> {
        let actions =
            self.actions_named(name).iter().filter_map(|at| self.actions.get(at.0 as usize));
        actions.filter(|action| action.chooses).map(|action| action.webhook)
    }

    /// The webhook of which the sender with that name is a channel; otherwise itself.
    #[must_use]
    pub fn own(&self, name: NameHash) -> Option<WebhookIndex> {
        let webhook = self.webhook_named(name)?;
        self.webhooks.get(webhook.0 as usize).map(|webhook| webhook.own)
    }

    /// Whether there is an action that chooses.
    #[must_use]
    pub fn has_choices(&self) -> bool {
        self.has_choices
    }

    fn reaches(&self, action: &ActionNames, sender: WebhookIndex) -> bool {
        let own = self.webhooks.get(sender.0 as usize).map(|webhook| webhook.own);
        sender == action.webhook || action.chooses && own == Some(action.webhook)
    }

    /// An action's name.
    #[must_use]
    pub fn action(&self, action: ActionIndex) -> Option<NameHash> {
        self.actions.get(action.0 as usize).map(|action| action.name)
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

    /// The topics that feed any channel of a webhook, sorted.
    #[must_use]
    pub fn channel_feeds(&self, webhook: WebhookIndex) -> Vec<TopicIndex> {
        let channels = self.webhooks.iter().filter(|names| names.own == webhook);
        let mut feeds: Vec<TopicIndex> = channels.flat_map(|names| &names.feeds).copied().collect();
        feeds.sort_unstable();
        feeds.dedup();
        feeds
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

    /// The webhooks `w`, `w/#1`, `w/#2`, `v` with an action that chooses among some of the first
    /// three, and one that posts to the last.
    fn choosing(template: &str, others: &[u32]) -> NameIndex {
        let others = others.iter().copied().map(WebhookIndex).collect();
        let choice = Some((template, others));
        let x = NamedAction { name: "x", webhook: A, choice, topics: TOPICS };
        NameIndex::of(
            ["w", "w/#1", "w/#2", "v"],
            [x, ("y", WebhookIndex(3), &[TopicIndex(1)][..]).into()],
        )
    }

    #[test]
    fn the_hash_depends_on_how_an_action_chooses() {
        let one = choosing("{{ a }}", &[1, 2]);
        assert_eq!(one.hash(), choosing("{{ a }}", &[2, 1]).hash());
        assert_ne!(one.hash(), choosing("{{ b }}", &[1, 2]).hash());
        assert_ne!(one.hash(), choosing("{{ a }}", &[1]).hash());
    }

    #[test]
    fn a_delivery_is_named_by_its_sender_or_by_where_it_goes_now() {
        let names = choosing("{{ a }}", &[1]);
        let sender = |action, webhook| {
            let route = Route { action: ActionIndex(action), webhook: WebhookIndex(webhook) };
            names.name(route).map(|name| names.webhook_named(name.webhook))
        };
        let at = |webhook| Some(Some(WebhookIndex(webhook)));
        assert_eq!([0, 1, 2, 3].map(|webhook| sender(0, webhook)), [at(0), at(1), at(0), at(0)]);
        assert_eq!([0, 1, 2, 3].map(|webhook| sender(1, webhook)), [at(3); 4]);
        assert_eq!(sender(2, 0), None);
        let named = |action, name| names.sender_named(ActionIndex(action), NameHash::of(name));
        assert_eq!(named(0, "w/#1"), Some(WebhookIndex(1)));
        assert_eq!(named(0, "w/#2"), Some(A), "not listed any longer");
        assert_eq!(named(1, "w/#1"), Some(WebhookIndex(3)), "of another webhook");
    }

    #[test]
    fn an_action_feeds_every_sender_that_it_can_post_to() {
        let names = choosing("{{ a }}", &[1]);
        let feeds = [0, 1, 2, 3].map(|webhook| names.feeds(WebhookIndex(webhook)).to_vec());
        assert_eq!(feeds, [vec![TopicIndex(0)], vec![TopicIndex(0)], vec![], vec![TopicIndex(1)]]);
    }
}
