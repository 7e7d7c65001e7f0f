//! Replaces the active configuration with a new one without a restart. Pure.
//!
//! Invariant: a webhook or action that keeps its name keeps its index, because queued deliveries
//! and requests in flight refer to it. An index is never given to another name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::model::{Action, ActionIndex, ChannelIndex, Config, Webhook, WebhookIndex};
use super::section::restart_keys;

/// A configuration that can replace the active one.
pub struct Merged {
    /// The new one, with the active one's indices. It still contains what was removed: actions
    /// without a topic, and the webhooks in `removed`.
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
    let Config { kafka, apps, webhooks, actions, admin, hash, .. } = new;
    let names: Vec<String> = webhooks.iter().map(|webhook| webhook.name.clone()).collect();
    let (webhooks, removed) =
        in_place(&current.webhooks, webhooks, |webhook| &webhook.name, Webhook::clone);
    let index_of: BTreeMap<&str, WebhookIndex> = (0..)
        .map(WebhookIndex)
        .zip(&webhooks)
        .map(|(index, webhook)| (webhook.name.as_str(), index))
        .collect();
    let index_of = |webhook: WebhookIndex| {
        names
            .get(webhook.0 as usize)
            .and_then(|name| index_of.get(name.as_str()))
            .copied()
            .unwrap_or(webhook)
    };
    let actions =
        actions.into_iter().map(|action| Action { webhook: index_of(action.webhook), ..action });
    let without_topics = |action: &Action| Action { topics: Vec::new(), ..action.clone() };
    let (actions, _) =
        in_place(&current.actions, actions.collect(), |action| &action.name, without_topics);
    let removed = removed.into_iter().map(WebhookIndex).collect();
    let channels = ChannelIndex::of(&webhooks);
    let config = Config { kafka, apps, webhooks, channels, actions, admin, hash };
    Ok(Merged { config, removed })
}

/// Returns the new entries, each at the index of the current one with its name, and the others
/// after them. A removed entry is replaced with the result of `retire`. Also returns the indices
/// of those.
fn in_place<T>(
    current: &[T],
    new: Vec<T>,
    name: impl Fn(&T) -> &String,
    retire: impl Fn(&T) -> T,
) -> (Vec<T>, Vec<u32>) {
    let index: HashMap<String, usize> =
        new.iter().map(|entry| name(entry).clone()).zip(0..).collect();
    let mut new: Vec<Option<T>> = new.into_iter().map(Some).collect();
    let mut removed = Vec::new();
    let mut merged = Vec::with_capacity(current.len());
    for (place, entry) in (0..).zip(current) {
        let kept = index.get(name(entry)).and_then(|index| new.get_mut(*index)?.take());
        merged.push(kept.unwrap_or_else(|| {
            removed.push(place);
            retire(entry)
        }));
    }
    merged.extend(new.into_iter().flatten());
    (merged, removed)
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
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// What most tests have in `kafka` besides brokers and topics.
    const GROUP: &str = "group_id: g";

    fn config(kafka: &str, actions: &[(u8, u8)]) -> Config {
        let mut yaml = format!("kafka: {{ brokers: k, topics: [a, b], {kafka} }}\nwebhooks:\n");
        let webhooks: BTreeSet<u8> = actions.iter().map(|(_, webhook)| *webhook).collect();
        for webhook in webhooks {
            yaml += &format!(
                "  w{webhook}: {{ url: \"https://hooks.slack.com/services/T/B/{webhook}\" }}\n"
            );
        }
        yaml += "actions:\n";
        for (action, webhook) in actions {
            yaml += &format!(
                "  - {{ name: a{action}, trigger: x, webhook: w{webhook}, message: hi }}\n"
            );
        }
        let files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        crate::config::check(&yaml, Path::new("c.yaml"), &|_| None, &files)
            .unwrap_or_else(|errors| panic!("{errors}"))
            .config
    }

    fn served(config: &Config) -> BTreeMap<String, String> {
        let live = config.actions.iter().filter(|action| !action.is_retired());
        live.map(|action| {
            (action.name.clone(), config.webhooks[action.webhook.0 as usize].name.clone())
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
        /// However often it is reloaded, every name keeps its index, and actions and webhooks are
        /// those of the newest configuration.
        #[test]
        fn names_keep_their_indices(all in prop::collection::vec(prop::collection::btree_map(0..6u8, 0..4u8, 1..6), 1..6)) {
            let mut current = None;
            for actions in all {
                let actions: Vec<(u8, u8)> = actions.into_iter().collect();
                let new = config(GROUP, &actions);
                let (said, hash) = (served(&new), new.hash);
                let Some(before) = current.take() else {
                    current = Some(new);
                    continue;
                };
                let merged = merge(&before, new).ok().unwrap();
                prop_assert_eq!(served(&merged.config), said);
                prop_assert_eq!(merged.config.hash, hash);
                let names = |config: &Config| -> (Vec<String>, Vec<String>) {
                    (config.webhooks.iter().map(|it| it.name.clone()).collect(), config.actions.iter().map(|it| it.name.clone()).collect())
                };
                let ((webhooks, actions), (now_webhooks, now_actions)) = (names(&before), names(&merged.config));
                prop_assert!(now_webhooks.starts_with(&webhooks) && now_actions.starts_with(&actions));
                let unique: BTreeSet<&String> = now_webhooks.iter().collect();
                prop_assert_eq!(unique.len(), now_webhooks.len());
                let live: BTreeSet<String> = served(&merged.config).into_values().collect();
                for (index, webhook) in (0..).map(WebhookIndex).zip(&now_webhooks) {
                    prop_assert_eq!(merged.removed.contains(&index), !live.contains(webhook));
                }
                current = Some(merged.config);
            }
        }
    }
}
