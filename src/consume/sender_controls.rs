//! What the poll loop sets for the senders: their shares of the rates, inherited throttles, and
//! the number of the active configuration.
//!
//! Invariant: a sender's share follows every change of the owned partitions, the partition counts
//! and the configuration.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use crate::commit_hold::CommitWindow;
use crate::config::model::WebhookIndex;
use crate::event::Partition;
use crate::sender_control::SenderControl;

use super::rate_share::{self, AppFeed, Feeds};
use super::topic_table::TopicTable;

/// By webhook: the controls and the hold of its sender.
pub struct SenderControls {
    /// What each sender is set to.
    pub controls: Vec<watch::Sender<SenderControl>>,
    /// What holds each sender until its outcomes are committed.
    pub windows: Vec<Arc<CommitWindow>>,
    /// The topics that feed each webhook.
    pub feeds: Feeds,
    /// The topics that feed each app, and its channels.
    pub apps: Vec<AppFeed>,
}

impl SenderControls {
    /// Sets the share of each rate that belongs to the owned partitions.
    pub fn set_shares(&self, owned: impl Iterator<Item = Partition>, topics: &TopicTable) {
        let owned = rate_share::owned(owned);
        for (feed, control) in self.feeds.iter().zip(&self.controls) {
            let share = rate_share::share(feed, &owned, topics);
            control.send_if_modified(|control| {
                let changed = control.rate_share != share;
                control.rate_share = share;
                changed
            });
        }
        for app in &self.apps {
            let share = rate_share::share(&app.topics, &owned, topics);
            let controls = app.channels.iter().filter_map(|of| self.controls.get(of.0 as usize));
            for control in controls {
                control.send_if_modified(|control| {
                    let changed = control.app_share != share;
                    control.app_share = share;
                    changed
                });
            }
        }
    }

    /// Applies a throttle that a former owner of a partition, or another channel of the same
    /// app, has received.
    pub fn throttle(&self, webhook: WebhookIndex, until: SystemTime) {
        if let Some(control) = self.controls.get(webhook.0 as usize) {
            control.send_if_modified(|control| {
                let later = control.throttled_until.is_none_or(|before| before < until);
                if later {
                    control.throttled_until = Some(until);
                }
                later
            });
        }
    }

    /// [`SenderControls::throttle`] for several senders.
    pub fn throttle_each(&self, throttles: Vec<(WebhookIndex, SystemTime)>) {
        for (webhook, until) in throttles {
            self.throttle(webhook, until);
        }
    }

    /// Takes the senders of another configuration: `more` are the controls of the new ones.
    pub fn reload(
        &mut self,
        more: Vec<watch::Sender<SenderControl>>,
        windows: Vec<Arc<CommitWindow>>,
        feeds: Feeds,
        apps: Vec<AppFeed>,
    ) {
        self.controls.extend(more);
        self.windows = windows;
        self.feeds = feeds;
        self.apps = apps;
    }

    /// Has every sender apply the configuration of this number.
    pub fn activate(&self, generation: u64) {
        for control in &self.controls {
            control.send_modify(|control| control.generation = generation);
        }
    }

    /// A sender's share of its rate.
    pub fn rate_share(&self, webhook: WebhookIndex) -> f64 {
        let control = self.controls.get(webhook.0 as usize);
        control.map_or(0.0, |control| control.borrow().rate_share)
    }

    /// For how long a sender has been held; `None` where it is not.
    pub fn held_for(&self, webhook: WebhookIndex, now: Instant) -> Option<Duration> {
        self.windows.get(webhook.0 as usize)?.held_for(now)
    }
}
