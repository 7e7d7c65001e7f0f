//! From the file's webhooks to one webhook for each sender: a webhook of an app has a sender for
//! each of its channels. Pure.
//!
//! Invariant: the file's webhooks come first, in the file's order. A further channel is named
//! `WEBHOOK/CHANNEL`, which no webhook of the file can be.

use std::collections::HashMap;

use super::action::Action;
use super::index::WebhookIndex;
use super::webhook::{Webhook, key_of};
use crate::expression::template::Template;

/// Between the name of a webhook and its further channel, in the name of a sender.
const SEPARATOR: char = '/';

/// The senders of each app's webhook, by what an action's `channel` is compared by: see
/// [`key_of`].
#[derive(Debug, Default)]
pub struct ChannelIndex(HashMap<WebhookIndex, HashMap<String, WebhookIndex>>);

/// Which senders the messages of an action can go to.
#[derive(Debug, Clone, Copy)]
pub enum Reach<'a> {
    /// To this one.
    One(WebhookIndex),
    /// To one of these, by the channel that `template` renders; to the webhook's own channel where
    /// it is not among them.
    ByChannel {
        /// The action's `channel`, which has variables.
        template: &'a Template,
        /// By channel.
        senders: &'a HashMap<String, WebhookIndex>,
    },
}

/// Adds a webhook for each further channel.
pub fn expand(mut webhooks: Vec<Webhook>) -> Vec<Webhook> {
    let further: Vec<Webhook> = webhooks
        .iter()
        .flat_map(|webhook| {
            webhook.channels.iter().map(|channel| Webhook {
                name: sender_name(&webhook.name, channel.as_str()),
                channel: Some(channel.clone()),
                channels: Vec::new(),
                ..webhook.clone()
            })
        })
        .collect();
    webhooks.extend(further);
    webhooks
}

fn sender_name(webhook: &str, channel: &str) -> String {
    format!("{webhook}{SEPARATOR}{channel}")
}

/// The name of the webhook whose further channel a sender is; `None`: it is a webhook of the file.
#[must_use]
pub fn webhook_of_channel(sender: &str) -> Option<&str> {
    sender.split_once(SEPARATOR).map(|(webhook, _)| webhook)
}

impl ChannelIndex {
    /// The index of expanded webhooks.
    pub fn of(webhooks: &[Webhook]) -> Self {
        let all = || (0..).map(WebhookIndex).zip(webhooks);
        let by_name: HashMap<&str, WebhookIndex> =
            all().map(|(index, webhook)| (webhook.name.as_str(), index)).collect();
        let in_file = all().filter(|(_, webhook)| webhook_of_channel(&webhook.name).is_none());
        let senders = in_file.filter_map(|(index, webhook)| {
            let own = (webhook.channel.as_ref()?.key(), index);
            let further = webhook.channels.iter().filter_map(|channel| {
                let name = sender_name(&webhook.name, channel.as_str());
                Some((channel.key(), *by_name.get(name.as_str())?))
            });
            Some((index, further.chain([own]).collect()))
        });
        Self(senders.collect())
    }

    /// Each app's webhook with its senders.
    pub fn iter(&self) -> impl Iterator<Item = (WebhookIndex, &HashMap<String, WebhookIndex>)> {
        self.0.iter().map(|(webhook, senders)| (*webhook, senders))
    }

    /// The senders of a webhook by its channels' keys; `None`: it is not an app's.
    #[must_use]
    pub fn senders(&self, webhook: WebhookIndex) -> Option<&HashMap<String, WebhookIndex>> {
        self.0.get(&webhook)
    }
}

impl<'a> Reach<'a> {
    /// Returns the senders of an action's messages.
    #[must_use]
    pub fn of(action: &'a Action, channels: &'a ChannelIndex) -> Self {
        let own = action.webhook;
        let choice = action.channel.as_ref().zip(channels.senders(own));
        let Some((template, senders)) = choice else { return Self::One(own) };
        match template.constant() {
            Some(channel) => Self::One(senders.get(&key_of(channel)).copied().unwrap_or(own)),
            None => Self::ByChannel { template, senders },
        }
    }

    /// Whether the messages can go to `sender`.
    #[must_use]
    pub fn contains(&self, sender: WebhookIndex) -> bool {
        match self {
            Self::One(one) => *one == sender,
            Self::ByChannel { senders, .. } => senders.values().any(|of| *of == sender),
        }
    }

    /// The senders, in no order.
    pub fn iter(&self) -> impl Iterator<Item = WebhookIndex> + '_ {
        let (one, several) = match self {
            Self::One(one) => (Some(*one), None),
            Self::ByChannel { senders, .. } => (None, Some(senders.values().copied())),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{check, fixture};

    const FILE: &str = r##"
kafka: { brokers: k, group_id: g, topics: [events] }
apps: { acme: { token: xoxb-1-2-secret } }
webhooks:
  regions: { app: acme, channel: "#own", channels: ["#one", C024BE91L], queue_capacity: 7 }
  unused: { app: acme, channel: "#u", channels: ["#v"] }
actions:
  - { name: chosen, trigger: a, webhook: regions, channel: "{{ a }}", message: hi }
  - { name: constant, trigger: a, webhook: regions, channel: " #ONE ", message: hi }
  - { name: none, trigger: a, webhook: regions, message: hi }
"##;

    #[test]
    fn each_channel_is_a_webhook_after_those_of_the_file() {
        let config = fixture::checked(FILE);
        let names: Vec<&str> = config.webhooks.iter().map(|webhook| &*webhook.name).collect();
        assert_eq!(names, ["regions", "unused", "regions/#one", "regions/C024BE91L", "unused/#v"]);
        let webhooks = names.iter().map(|name| webhook_of_channel(name));
        let of = |name| Some(name);
        assert_eq!(
            webhooks.collect::<Vec<_>>(),
            [None, None, of("regions"), of("regions"), of("unused")]
        );
        let capacities = config.webhooks.iter().map(|webhook| webhook.queue_capacity);
        assert_eq!(capacities.collect::<Vec<_>>(), [7, 100, 7, 7, 100]);
    }

    #[test]
    fn an_action_reaches_what_its_channel_can_name() {
        let config = fixture::checked(FILE);
        let reached = config.actions.iter().map(|action| {
            let mut reached: Vec<u32> = config.reach(action).iter().map(|it| it.0).collect();
            reached.sort_unstable();
            reached
        });
        assert_eq!(reached.collect::<Vec<_>>(), [vec![0, 2, 3], vec![2], vec![0]]);
    }

    #[test]
    fn a_warning_names_a_webhook_of_the_file_and_no_channel() {
        let files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        let loaded = check(FILE, Path::new("c.yaml"), &|_| None, &files).unwrap();
        let warnings: Vec<&str> = loaded.warnings.iter().map(|warning| &*warning.message).collect();
        assert_eq!(warnings, ["no action uses the webhook `unused`"]);
    }
}
