//! Replaces the active configuration with a new one without a restart. Pure.
//!
//! Invariant: an app, webhook or action that keeps its name keeps its index, because queued
//! deliveries and requests in flight refer to it. An index is never given to another name.

use std::collections::{BTreeSet, HashMap};

use super::model::{
    Action, ActionIndex, App, AppIndex, ChannelIndex, Config, Webhook, WebhookIndex,
};
use super::section::restart_keys;

/// A configuration that can replace the active one.
pub struct Merged {
    /// The new one, with the active one's indices. It still contains what was removed: actions
    /// without a topic, the webhooks in `removed`, and their apps.
    pub config: Config,
    /// The webhooks that were removed.
    pub removed: BTreeSet<WebhookIndex>,
}

/// Merges `new` into `current`.
///
/// # Errors
/// The changed keys that need a restart.
pub fn merge(current: &Config, new: Config) -> Result<Merged, Vec<String>> {
    let mut restart = restart_keys("kafka", &current.kafka, &new.kafka);
    restart.extend(restart_keys("admin", &current.admin, &new.admin));
    if !restart.is_empty() {
        return Err(restart);
    }
    let Config { kafka, apps, webhooks, people, actions, admin, hash, .. } = new;
    let apps = in_place(&current.apps, apps, |app| &app.name, App::clone);
    let app = |webhook: &Webhook| webhook.app.map(|app| AppIndex(apps.now(app.0)));
    let webhooks = webhooks.into_iter().map(|webhook| Webhook { app: app(&webhook), ..webhook });
    let webhooks =
        in_place(&current.webhooks, webhooks.collect(), |webhook| &webhook.name, Webhook::clone);
    let webhook = |action: &Action| WebhookIndex(webhooks.now(action.webhook.0));
    let actions = actions.into_iter().map(|action| Action { webhook: webhook(&action), ..action });
    let without_topics = |action: &Action| Action { topics: Vec::new(), ..action.clone() };
    let actions =
        in_place(&current.actions, actions.collect(), |action| &action.name, without_topics);
    let removed = webhooks.removed.into_iter().map(WebhookIndex).collect();
    let (apps, webhooks, actions) = (apps.entries, webhooks.entries, actions.entries);
    let channels = ChannelIndex::of(&webhooks);
    let config = Config { kafka, apps, webhooks, channels, people, actions, admin, hash };
    Ok(Merged { config, removed })
}

/// One list of a configuration, merged into the active one's.
struct InPlace<T> {
    entries: Vec<T>,
    /// By index in the new list: the index among `entries`.
    now: Vec<u32>,
    /// The indices of those that were removed.
    removed: Vec<u32>,
}

impl<T> InPlace<T> {
    /// The index now of the entry at this index in the new list.
    fn now(&self, index: u32) -> u32 {
        self.now.get(index as usize).copied().unwrap_or(index)
    }
}

/// Returns the new entries, each at the index of the current one with its name, and the others
/// after them. A removed entry is replaced with the result of `retire`.
fn in_place<T>(
    current: &[T],
    new: Vec<T>,
    name: impl Fn(&T) -> &String,
    retire: impl Fn(&T) -> T,
) -> InPlace<T> {
    let index: HashMap<String, usize> =
        new.iter().map(|entry| name(entry).clone()).zip(0..).collect();
    let mut now = vec![0; new.len()];
    let mut new: Vec<Option<T>> = new.into_iter().map(Some).collect();
    let mut removed = Vec::new();
    let mut entries = Vec::with_capacity(current.len());
    for (place, entry) in (0..).zip(current) {
        let kept = index.get(name(entry)).and_then(|index| {
            now[*index] = place;
            new[*index].take()
        });
        entries.push(kept.unwrap_or_else(|| {
            removed.push(place);
            retire(entry)
        }));
    }
    for (entry, now) in new.into_iter().zip(&mut now) {
        let Some(entry) = entry else { continue };
        *now = entries.len() as u32;
        entries.push(entry);
    }
    InPlace { entries, now, removed }
}

/// How many webhooks and actions a new configuration adds and removes, for the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Names that are new.
    pub added: usize,
    /// Names that were removed.
    pub removed: usize,
}

impl Merged {
    /// Counts the webhooks and actions that differ from `current`.
    #[must_use]
    pub fn changes(&self, current: &Config) -> Changes {
        let live = |actions: &[Action]| -> BTreeSet<ActionIndex> {
            let live =
                (0..).map(ActionIndex).zip(actions).filter(|(_, action)| !action.is_retired());
            live.map(|(index, _)| index).collect()
        };
        let (before, now) = (live(&current.actions), live(&self.config.actions));
        Changes {
            added: now.difference(&before).count() + self.config.webhooks.len()
                - current.webhooks.len(),
            removed: before.difference(&now).count() + self.removed.len(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::fixture;

    /// What most tests have in `kafka` besides brokers and topics.
    const GROUP: &str = "group_id: g";

    fn config(kafka: &str, actions: &[(u8, u8)]) -> Config {
        with_kinds(kafka, actions, &[0; 4])
    }

    /// By webhook: whether it has a URL, or an app and how many channels.
    fn with_kinds(kafka: &str, actions: &[(u8, u8)], kinds: &[u8; 4]) -> Config {
        let mut yaml = format!("kafka: {{ brokers: k, topics: [a, b], {kafka} }}\n");
        let webhooks: BTreeSet<u8> = actions.iter().map(|(_, webhook)| *webhook).collect();
        let kind = |webhook: &u8| kinds[*webhook as usize];
        // An app that no webhook uses is not written.
        let apps: BTreeSet<u8> = webhooks.iter().map(kind).filter(|kind| *kind > 0).collect();
        yaml += if apps.is_empty() { "" } else { "apps:\n" };
        for app in apps.iter().rev() {
            yaml += &format!("  app{app}: {{ token: xoxb-1-2-{app} }}\n");
        }
        yaml += "webhooks:\n";
        for webhook in webhooks {
            yaml += &match kind(&webhook) {
                0 => format!(
                    "  w{webhook}: {{ url: \"https://hooks.slack.com/services/T/B/{webhook}\" }}\n"
                ),
                app => {
                    let own = format!("app: app{app}, channel: \"#w{webhook}\"");
                    let further = (1..app).map(|further| format!("\"#w{webhook}-{further}\""));
                    let further = further.collect::<Vec<_>>().join(", ");
                    format!("  w{webhook}: {{ {own}, channels: [{further}] }}\n")
                }
            };
        }
        yaml += "actions:\n";
        for (action, webhook) in actions {
            yaml += &format!(
                "  - {{ name: a{action}, trigger: x, webhook: w{webhook}, message: hi }}\n"
            );
        }
        fixture::checked(&yaml)
    }

    fn served(config: &Config) -> BTreeMap<String, String> {
        let live = config.actions.iter().filter(|action| !action.is_retired());
        live.map(|action| {
            (action.name.clone(), config.webhooks[action.webhook.0 as usize].name.clone())
        })
        .collect()
    }

    /// By name of a sender: its app and channel, the key by which its webhook finds it.
    fn targets(
        config: &Config,
        removed: &BTreeSet<WebhookIndex>,
    ) -> BTreeMap<String, Option<(String, String)>> {
        let live = (0..).map(WebhookIndex).zip(&config.webhooks);
        let live = live.filter(|(index, _)| !removed.contains(index));
        live.map(|(index, webhook)| {
            let app = webhook.app.map(|app| config.apps[app.0 as usize].name.clone());
            let channel = webhook.channel.as_ref().map(|channel| {
                let key = channel.key();
                let own = webhook.name.split('/').next().unwrap();
                let all = || (0..).map(WebhookIndex).zip(&config.webhooks);
                let (own, _) = all().find(|(_, webhook)| webhook.name == own).unwrap();
                assert_eq!(config.channels.senders(own).unwrap()[&key], index);
                key
            });
            (webhook.name.clone(), app.zip(channel))
        })
        .collect()
    }

    #[test]
    fn changed_keys_that_need_a_restart_are_named() {
        let current = config(GROUP, &[(0, 0)]);
        let refused =
            |kafka: &str| merge(&current, config(kafka, &[(0, 0)])).err().unwrap_or_default();
        assert_eq!(refused("group_id: other"), ["kafka.group_id"]);
        assert_eq!(
            refused("group_id: g, drain_timeout: 9s, start: earliest"),
            ["kafka.start", "kafka.drain_timeout"]
        );
        assert_eq!(
            refused("group_id: g, properties: { client.id: x }"),
            ["kafka.properties.client.id"]
        );
        assert!(refused(GROUP).is_empty());
    }

    proptest! {
        /// However often it is reloaded, every name keeps its index, and actions, webhooks and
        /// their apps are those of the newest configuration, with a URL or with channels.
        #[test]
        fn names_keep_their_indices(all in prop::collection::vec((prop::collection::btree_map(0..6u8, 0..4u8, 1..6), [0..4u8, 0..4, 0..4, 0..4]), 1..6)) {
            let mut current = None;
            for (actions, kinds) in all {
                let actions: Vec<(u8, u8)> = actions.into_iter().collect();
                let new = with_kinds(GROUP, &actions, &kinds);
                let (said, hash) = (served(&new), new.hash);
                let configured = targets(&new, &BTreeSet::new());
                let Some(before) = current.take() else {
                    current = Some(new);
                    continue;
                };
                let merged = merge(&before, new).ok().unwrap();
                prop_assert_eq!(served(&merged.config), said);
                prop_assert_eq!(merged.config.hash, hash);
                prop_assert_eq!(targets(&merged.config, &merged.removed), configured);
                let names = |config: &Config| -> [Vec<String>; 3] {
                    [
                        config.webhooks.iter().map(|it| it.name.clone()).collect(),
                        config.actions.iter().map(|it| it.name.clone()).collect(),
                        config.apps.iter().map(|it| it.name.clone()).collect(),
                    ]
                };
                for (before, now) in names(&before).iter().zip(names(&merged.config)) {
                    prop_assert!(now.starts_with(before));
                    let unique: BTreeSet<&String> = now.iter().collect();
                    prop_assert_eq!(unique.len(), now.len());
                }
                // What was removed can still be opened.
                prop_assert!(merged.config.webhooks.iter().all(|webhook| webhook.app.is_none_or(|app| merged.config.apps.get(app.0 as usize).is_some())));
                current = Some(merged.config);
            }
        }
    }
}
