//! The queues of webhooks that the active configuration has removed.
//!
//! Deliveries that a webhook had queued are sent as they were rendered, as long as the webhook
//! remains. Of a removed webhook, an action that posts to another webhook now takes its deliveries
//! along; those of a channel that its webhook no longer lists go to the webhook's own channel; and
//! the rest is dropped (`unclaimed`). So is what was in flight, once its attempt has failed.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::model::{ActionIndex, Config, Reach, WebhookIndex, webhook_of_channel};
use crate::delivery::{Origin, Reason};
use crate::queue::{Push, Queue};

use super::settlement::Settlement;

/// The removed webhooks: their senders may still give deliveries back.
#[derive(Debug, Default)]
pub struct RemovedWebhooks(BTreeSet<WebhookIndex>);

impl RemovedWebhooks {
    /// Replaces the removed webhooks; the queues of those that were added again are reopened.
    pub fn replace(&mut self, removed: BTreeSet<WebhookIndex>, queues: &[Arc<Queue>]) {
        for webhook in self.0.difference(&removed) {
            if let Some(queue) = queues.get(webhook.0 as usize) {
                queue.reopen();
            }
        }
        self.0 = removed;
    }

    /// Empties the queues of the removed webhooks, including what their senders have given back.
    pub fn clear(&self, config: &Config, queues: &[Arc<Queue>], settlement: &mut Settlement) {
        for &webhook in &self.0 {
            let Some(queue) = queues.get(webhook.0 as usize) else { continue };
            let moved_to = |action| self.moved_to(action, webhook, config);
            let (moved, dropped) = queue.retire(|action| moved_to(action).is_some());
            for post in moved {
                let to = post.tickets.first().and_then(|ticket| moved_to(ticket.action));
                let queue = to.and_then(|webhook| queues.get(webhook.0 as usize));
                // It was admitted before: it is admitted above the capacity.
                if let Some(Push::Dropped(tickets)) = queue.map(|to| to.push(post, Origin::Listed))
                {
                    settlement.drop_unsent(&tickets, to, Reason::Overflow);
                }
            }
            for tickets in dropped {
                settlement.drop_unsent(&tickets, Some(webhook), Reason::Unclaimed);
                // It is not pending any more, which the next owner has to know.
                settlement.committer.schedule.request();
            }
        }
    }

    /// Where a removed webhook's delivery of an action goes; `None`: it is dropped.
    fn moved_to(
        &self,
        action: ActionIndex,
        removed: WebhookIndex,
        config: &Config,
    ) -> Option<WebhookIndex> {
        posts_to(action, removed, config).or_else(|| self.own_channel(removed, config))
    }

    /// The webhook that no longer lists the channel that a removed sender posts to.
    fn own_channel(&self, removed: WebhookIndex, config: &Config) -> Option<WebhookIndex> {
        let name = &config.webhooks.get(removed.0 as usize)?.name;
        let webhook = webhook_of_channel(name)?;
        let mut all = (0..).map(WebhookIndex).zip(&config.webhooks);
        let (own, _) = all.find(|(_, of)| of.name == webhook)?;
        (!self.0.contains(&own)).then_some(own)
    }
}

/// Where an action posts now, if it still exists. One that chooses a channel by the event keeps
/// the channel of the removed webhook, if its webhook lists it.
fn posts_to(action: ActionIndex, removed: WebhookIndex, config: &Config) -> Option<WebhookIndex> {
    let action = config.actions.get(action.0 as usize).filter(|action| !action.is_retired())?;
    Some(match config.reach(action) {
        Reach::One(webhook) => webhook,
        Reach::ByChannel { senders, .. } => {
            let channel = config.webhooks.get(removed.0 as usize)?.channel.as_ref();
            let same = channel.and_then(|channel| senders.get(&channel.key()));
            same.copied().unwrap_or(action.webhook)
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::config::fixture;
    use crate::config::reload::{Merged, merge};

    const URL: &str = "https://hooks.slack.com/services/T/B/x";

    fn config(webhooks: &[&str], actions: &[&str]) -> Config {
        let webhooks = webhooks.join(", ");
        let actions =
            actions.iter().map(|keys| format!("\n  - {{ trigger: x, message: hi, {keys} }}"));
        let app =
            if webhooks.contains("app:") { "apps: { acme: { token: xoxb-1-2-x } }" } else { "" };
        let kafka = "kafka: { brokers: k, group_id: g, topics: [events] }";
        fixture::checked(&format!(
            "{kafka}\n{app}\nwebhooks: {{ {webhooks} }}\nactions:{}",
            actions.collect::<String>()
        ))
    }

    /// Where a reload moves the deliveries of each removed sender, for each action.
    fn moves(before: &Config, after: Config) -> Vec<String> {
        let Merged { config, removed } = merge(before, after).ok().unwrap();
        let name = |webhook: WebhookIndex| config.webhooks[webhook.0 as usize].name.clone();
        let webhooks = RemovedWebhooks(removed);
        let each = |removed: &WebhookIndex| {
            let removed = *removed;
            let reaching = (0..).map(ActionIndex).zip(&before.actions);
            let reaching = reaching.filter(|(_, action)| before.reach(action).contains(removed));
            let moved = reaching.map(|(index, action)| {
                let to = webhooks.moved_to(index, removed, &config);
                let to = to.map_or_else(|| "dropped".to_owned(), name);
                format!("{} of {} -> {to}", action.name, name(removed))
            });
            moved.collect::<Vec<_>>()
        };
        webhooks.0.iter().flat_map(each).collect()
    }

    const CHOSEN: &str = "name: a, webhook: r, channel: '{{ c }}'";

    fn regions(own: &str, further: &str) -> String {
        format!("r: {{ app: acme, channel: '{own}', channels: [{further}] }}")
    }

    #[test]
    fn what_a_channel_that_is_no_longer_listed_had_goes_to_the_webhooks_own() {
        let before = config(
            &[&regions("#own", "'#one', '#two'")],
            &[CHOSEN, "name: b, webhook: r, channel: '#one'", "name: c, webhook: r, channel: one"],
        );
        let after = config(
            &[&regions("#own", "'#two'")],
            &[CHOSEN, "name: b, webhook: r, channel: '#two'"],
        );
        // An action that was removed counts as well: its deliveries were admitted.
        let expected = ["a of r/#one -> r", "b of r/#one -> r/#two", "c of r/#one -> r"];
        assert_eq!(moves(&before, after), expected);
    }

    #[test]
    fn a_webhook_that_moves_to_a_url_takes_its_channels_along() {
        let before = config(&[&regions("#own", "'#one'")], &[CHOSEN]);
        let after = config(&[&format!("r: {{ url: '{URL}' }}")], &["name: a, webhook: r"]);
        assert_eq!(moves(&before, after), ["a of r/#one -> r"]);
    }

    #[test]
    fn a_webhook_that_moves_to_an_app_has_its_own_queue() {
        let before = config(&[&format!("r: {{ url: '{URL}' }}")], &["name: a, webhook: r"]);
        let after = config(&[&regions("#own", "'#one'")], &[CHOSEN]);
        assert_eq!(moves(&before, after), [""; 0]);
    }

    #[test]
    fn another_webhook_that_lists_the_channel_takes_over_its_deliveries() {
        let before =
            config(&[&regions("#own", "'#one', '#two'")], &[CHOSEN, "name: b, webhook: r"]);
        let other = "s: { app: acme, channel: '#s', channels: ['#one', '#own'] }";
        let after =
            config(&[other], &["name: a, webhook: s, channel: '{{ c }}'", "name: b, webhook: s"]);
        let expected =
            ["a of r -> s/#own", "b of r -> s", "a of r/#one -> s/#one", "a of r/#two -> s"];
        assert_eq!(moves(&before, after), expected);
    }

    #[test]
    fn what_nothing_takes_over_is_dropped() {
        let before = config(&[&regions("#own", "'#one'")], &[CHOSEN]);
        let after = config(&[&format!("s: {{ url: '{URL}' }}")], &["name: b, webhook: s"]);
        assert_eq!(moves(&before, after), ["a of r -> dropped", "a of r/#one -> dropped"]);
    }
}
