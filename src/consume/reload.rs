//! [1] Another configuration, between two records: what is under way goes on, and the next record is the first of the new one.
//!
//! An event is matched by the configuration that is in force when it is read. What a webhook had queued is delivered as it was rendered, as long as the webhook
//! remains; of one that is gone, an action that posts to another webhook now takes its own along, and the rest is dropped (`unclaimed`). So is what was in
//! flight, once its attempt has failed.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::{PollLoop, share};
use crate::commit_hold::CommitWindow;
use crate::config::model::{ActionIndex, Config, WebhookIndex};
use crate::delivery::{Origin, Reason};
use crate::post::Post;
use crate::queue::{Push, Queue};
use crate::route::Router;
use crate::sender_control::SenderControl;

/// What takes the place of what is in force: the same indices, and perhaps some more.
pub struct Reload {
    /// The configuration.
    pub config: Arc<Config>,
    /// Made of it.
    pub router: Router,
    /// By webhook.
    pub queues: Vec<Arc<Queue>>,
    /// Of the webhooks that are new, in order.
    pub orders: Vec<watch::Sender<SenderControl>>,
    /// By webhook.
    pub windows: Vec<Arc<CommitWindow>>,
    /// The webhooks that are gone.
    pub gone: BTreeSet<WebhookIndex>,
    /// Counted from the first configuration.
    pub generation: u64,
}

impl PollLoop {
    /// Puts what came in force.
    pub(super) fn reload(&mut self) {
        while let Ok(reload) = self.parts.reloads.try_recv() {
            self.put_in_force(reload);
        }
        // What their senders have given back since.
        for webhook in self.gone.clone() {
            self.clear(webhook);
        }
    }

    fn put_in_force(&mut self, reload: Reload) {
        let Reload { config, router, queues, orders, windows, gone, generation } = reload;
        let feeds: Vec<_> = share::feeds(&config)
            .into_iter()
            .enumerate()
            // What is still under way where nothing feeds any more goes on at the share that it had.
            .map(|(at, feed)| {
                if feed.is_empty() { self.feeds.get(at).cloned().unwrap_or_default() } else { feed }
            })
            .collect();
        for (webhook, window) in config.webhooks.iter().zip(&windows) {
            window.resize(webhook.rate_per_second);
        }
        self.parts.settlement.reload(&config);
        self.parts.orders.extend(orders);
        self.parts.config = config;
        self.parts.router = router;
        self.parts.queues = queues;
        self.parts.windows = windows;
        self.feeds = feeds.clone();
        let change = self.pauses.feed(feeds);
        self.tell_of_pauses(&change);
        let back: Vec<_> =
            self.gone.difference(&gone).filter_map(|webhook| self.queue(*webhook)).collect();
        back.iter().for_each(|queue| queue.reopen());
        gone.iter().for_each(|webhook| self.clear(*webhook));
        self.gone = gone;
        self.ownership_changed();
        for orders in &self.parts.orders {
            orders.send_modify(|orders| orders.generation = generation);
        }
    }

    fn queue(&self, webhook: WebhookIndex) -> Option<Arc<Queue>> {
        self.parts.queues.get(webhook.0 as usize).cloned()
    }

    fn clear(&mut self, webhook: WebhookIndex) {
        let config = Arc::clone(&self.parts.config);
        let now_of = |action: ActionIndex| {
            let action =
                config.actions.get(action.0 as usize).filter(|action| !action.is_retired());
            action.map(|action| action.webhook).filter(|now| *now != webhook)
        };
        let Some(queue) = self.queue(webhook) else { return };
        let (moved, dropped) = queue.retire(|action| now_of(action).is_some());
        for post in moved {
            self.move_along(post, now_of);
        }
        for tickets in dropped {
            self.end(&tickets, Reason::Unclaimed);
            // It is not pending any more.
            self.parts.settlement.committer.request();
        }
    }

    fn move_along(&mut self, post: Post, now_of: impl Fn(ActionIndex) -> Option<WebhookIndex>) {
        let webhook = post.tickets.first().and_then(|ticket| now_of(ticket.action));
        let to = webhook.and_then(|webhook| self.parts.queues.get(webhook.0 as usize));
        // One that was admitted is admitted above the capacity.
        if let Some(Push::Dropped(tickets)) = to.map(|queue| queue.push(post, Origin::Listed)) {
            self.end(&tickets, Reason::Overflow);
        }
    }
}
