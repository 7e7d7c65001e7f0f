//! The queues of webhooks that the active configuration has removed.
//!
//! Deliveries that a webhook had queued are sent as they were rendered, as long as the webhook
//! remains. Of a removed webhook, an action that posts to another webhook now takes its deliveries
//! along, and the rest is dropped (`unclaimed`). So is what was in flight, once its attempt has
//! failed.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::model::{ActionIndex, Config, WebhookIndex};
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
        for webhook in &self.0 {
            let Some(queue) = queues.get(webhook.0 as usize) else { continue };
            let moved_to = |action: ActionIndex| {
                let action = config.actions.get(action.0 as usize)?;
                (!action.is_retired() && action.webhook != *webhook).then_some(action.webhook)
            };
            let (moved, dropped) = queue.retire(|action| moved_to(action).is_some());
            for post in moved {
                let to = post.tickets.first().and_then(|ticket| moved_to(ticket.action));
                let to = to.and_then(|webhook| queues.get(webhook.0 as usize));
                // It was admitted before: it is admitted above the capacity.
                if let Some(Push::Dropped(tickets)) = to.map(|to| to.push(post, Origin::Listed)) {
                    settlement.drop_unsent(&tickets, Reason::Overflow);
                }
            }
            for tickets in dropped {
                settlement.drop_unsent(&tickets, Reason::Unclaimed);
                // It is not pending any more, which the next owner has to know.
                settlement.committer.schedule.request();
            }
        }
    }
}
