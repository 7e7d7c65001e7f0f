//! From the file's webhooks to one webhook for each sender: a webhook of an app has a sender for
//! each of its channels. Pure.
//!
//! Invariant: the file's webhooks come first, in the file's order. A further channel is named
//! `WEBHOOK/CHANNEL`, which no webhook of the file can be.

use std::collections::HashMap;

use super::index::WebhookIndex;
use super::webhook::Webhook;

/// The senders of each webhook that has several channels, by what an action's `channel` is
/// compared by: see [`key_of`](super::webhook::key_of).
#[derive(Debug, Default)]
pub struct ChannelIndex(HashMap<WebhookIndex, HashMap<String, WebhookIndex>>);

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
    format!("{webhook}/{channel}")
}

impl ChannelIndex {
    /// The index of expanded webhooks.
    pub fn of(webhooks: &[Webhook]) -> Self {
        let all = || (0..).map(WebhookIndex).zip(webhooks);
        let by_name: HashMap<&str, WebhookIndex> =
            all().map(|(index, webhook)| (webhook.name.as_str(), index)).collect();
        let several = all().filter(|(_, webhook)| !webhook.channels.is_empty());
        let senders = several.map(|(index, webhook)| {
            let own = webhook.channel.iter().map(|channel| (channel.key(), index));
            let further = webhook.channels.iter().filter_map(|channel| {
                let name = sender_name(&webhook.name, channel.as_str());
                Some((channel.key(), *by_name.get(name.as_str())?))
            });
            (index, further.chain(own).collect())
        });
        Self(senders.collect())
    }

    /// The senders of a webhook by its channels' keys; `None`: it has one sender.
    #[must_use]
    pub fn senders(&self, webhook: WebhookIndex) -> Option<&HashMap<String, WebhookIndex>> {
        self.0.get(&webhook)
    }
}
