//! Configuration: a new one in place of the one in force, without a restart. Pure.
//!
//! Invariant: what keeps its name keeps its index, so that everything that is under way goes on meaning the same; an index is never given to another name.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Action, ActionIndex, Config, Kafka, Webhook, WebhookIndex};

/// A configuration that can take the place of the one before.
pub struct Merged {
    /// The new one, in the indices of the one before. What is gone is still in it: actions without a topic, and the webhooks that are named below.
    pub config: Config,
    /// The webhooks that are gone.
    pub gone: BTreeSet<WebhookIndex>,
}

/// Merges `new` into `current`.
///
/// # Errors
/// The keys that have changed and take a restart.
pub fn merge(current: &Config, new: Config) -> Result<Merged, Vec<String>> {
    let restart = needs_restart(current, &new);
    if !restart.is_empty() {
        return Err(restart);
    }
    let Config { kafka, webhooks, actions, admin, hash } = new;
    let names: Vec<String> = webhooks.iter().map(|webhook| webhook.name.clone()).collect();
    let (webhooks, gone) =
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
    let gone = gone.into_iter().map(WebhookIndex).collect();
    Ok(Merged { config: Config { kafka, webhooks, actions, admin, hash }, gone })
}

/// The new entries, each where the one of its name was, the others behind; in the place of one that is gone, what `retire` makes of it. With the places of those.
fn in_place<T>(
    current: &[T],
    new: Vec<T>,
    name: impl Fn(&T) -> &String,
    retire: impl Fn(&T) -> T,
) -> (Vec<T>, Vec<u32>) {
    let mut order: Vec<String> = new.iter().map(|entry| name(entry).clone()).collect();
    let mut by_name: BTreeMap<String, T> =
        new.into_iter().map(|entry| (name(&entry).clone(), entry)).collect();
    let mut gone = Vec::new();
    let mut merged = Vec::with_capacity(current.len());
    for (index, entry) in (0..).zip(current) {
        merged.push(by_name.remove(name(entry)).unwrap_or_else(|| {
            gone.push(index);
            retire(entry)
        }));
    }
    order.retain(|name| by_name.contains_key(name));
    merged.extend(order.iter().filter_map(|name| by_name.remove(name)));
    (merged, gone)
}

fn needs_restart(current: &Config, new: &Config) -> Vec<String> {
    let (one, other) = (&current.kafka, &new.kafka);
    let changed = [
        ("kafka.brokers", one.brokers != other.brokers),
        ("kafka.group_id", one.group_id != other.group_id),
        ("kafka.topics", one.topics != other.topics),
        ("kafka.start", one.start != other.start),
        ("kafka.instance_id", one.instance_id != other.instance_id),
        ("kafka.drain_timeout", one.drain_timeout != other.drain_timeout),
        ("kafka.oauth_token_file", one.oauth_token_file != other.oauth_token_file),
        ("admin.listen", current.admin.listen != new.admin.listen),
    ];
    let changed =
        changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key.to_owned());
    changed.chain(changed_properties(one, other)).collect()
}

/// By name: a password in a file may have changed by itself, where nobody has touched the configuration.
fn changed_properties<'k>(one: &'k Kafka, other: &'k Kafka) -> impl Iterator<Item = String> + 'k {
    let names: BTreeSet<&String> = one.properties.keys().chain(other.properties.keys()).collect();
    let changed =
        names.into_iter().filter(|name| one.properties.get(*name) != other.properties.get(*name));
    changed.map(|name| format!("kafka.properties.{name}"))
}

/// What a configuration changes, for the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Names that were not there before.
    pub added: usize,
    /// Names that are gone.
    pub removed: usize,
}

impl Merged {
    /// Webhooks and actions that came and went against `current`.
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
            removed: before.difference(&now).count() + self.gone.len(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn config(kafka: &str, actions: &[(u8, u8)]) -> Config {
        let mut yaml = format!("kafka: {{ brokers: k, topics: [a, b]{kafka} }}\nwebhooks:\n");
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
    fn what_takes_a_restart_is_named() {
        let current = config("", &[(0, 0)]);
        let refused =
            |kafka: &str| merge(&current, config(kafka, &[(0, 0)])).err().unwrap_or_default();
        assert_eq!(refused(", group_id: other"), ["kafka.group_id"]);
        assert_eq!(
            refused(", drain_timeout: 9s, start: earliest"),
            ["kafka.start", "kafka.drain_timeout"]
        );
        assert_eq!(refused(", properties: { client.id: x }"), ["kafka.properties.client.id"]);
        assert!(refused("").is_empty());
    }

    proptest! {
        /// However often: every name keeps its index for ever, and what serves whom is what the newest configuration says.
        #[test]
        fn names_keep_their_indices(all in prop::collection::vec(prop::collection::btree_map(0..6u8, 0..4u8, 1..6), 1..6)) {
            let mut current = None;
            for actions in all {
                let actions: Vec<(u8, u8)> = actions.into_iter().collect();
                let new = config("", &actions);
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
                    prop_assert_eq!(merged.gone.contains(&index), !live.contains(webhook));
                }
                current = Some(merged.config);
            }
        }
    }
}
