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
            let moved_to = |action| {
                moved_to(action, webhook, config).or_else(|| self.own_channel(webhook, config))
            };
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

    /// The webhook that no longer lists the channel that a removed sender posts to.
    fn own_channel(&self, removed: WebhookIndex, config: &Config) -> Option<WebhookIndex> {
        let name = &config.webhooks.get(removed.0 as usize)?.name;
        let webhook = webhook_of_channel(name)?;
        let mut all = (0..).map(WebhookIndex).zip(&config.webhooks);
        let (own, _) = all.find(|(_, of)| of.name == webhook)?;
        (!self.0.contains(&own)).then_some(own)
    }
}

/// Where an action posts now, if it still exists and posts elsewhere. One that chooses a channel by
/// the event keeps the channel of the removed webhook, if there is one.
fn moved_to(action: ActionIndex, removed: WebhookIndex, config: &Config) -> Option<WebhookIndex> {
    let action = config.actions.get(action.0 as usize).filter(|action| !action.is_retired())?;
    let now = match config.reach(action) {
        Reach::One(now) => now,
        Reach::ByChannel { senders, .. } => {
            let channel = config.webhooks.get(removed.0 as usize)?.channel.as_ref();
            let same = channel.and_then(|channel| senders.get(&channel.key()));
            same.copied().unwrap_or(action.webhook)
        }
    };
    (now != removed).then_some(now)
}
