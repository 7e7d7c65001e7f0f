//! What replaces the active configuration, between two records.
//!
//! Invariant: an event is matched by the configuration that is active when it is read.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use crate::commit_hold::CommitWindow;
use crate::config::model::{Config, WebhookIndex};
use crate::queue::Queue;
use crate::route::Router;
use crate::sender_control::SenderControl;

use super::intake::Intake;
use super::rate_share;
use super::sender_controls::SenderControls;
use super::settlement::Settlement;

/// A new configuration with its router, queues and senders. Every webhook and action of the active
/// configuration has the same index in it.
pub struct Reload {
    /// The configuration.
    pub config: Arc<Config>,
    /// The routing of the configuration.
    pub router: Router,
    /// By webhook.
    pub queues: Vec<Arc<Queue>>,
    /// The controls of the new webhooks' senders, in order.
    pub controls: Vec<watch::Sender<SenderControl>>,
    /// By webhook.
    pub windows: Vec<Arc<CommitWindow>>,
    /// The removed webhooks.
    pub removed: BTreeSet<WebhookIndex>,
    /// The number of the configuration, counted from the first.
    pub generation: u64,
}

impl Reload {
    /// Replaces the active configuration. Returns its number, for the senders to apply once their
    /// shares of the rates are set.
    pub fn apply(
        self,
        settlement: &mut Settlement,
        controls: &mut SenderControls,
        intake: &mut Intake,
    ) -> u64 {
        let Self { config, router, queues, controls: more, windows, removed, generation } = self;
        for (webhook, window) in config.webhooks.iter().zip(&windows) {
            window.resize(webhook.rate_per_second);
        }
        settlement.reload(&config);
        let names = settlement.ledger.names();
        let feeds = rate_share::feeds(names, config.webhooks.len(), &controls.feeds);
        let apps = rate_share::app_feeds(&config.webhooks, &feeds);
        controls.reload(more, windows, Arc::clone(&feeds), apps);
        intake.reload(config, router, queues, feeds, removed);
        // Before the senders apply it: that of a removed webhook has to find its queue retired.
        intake.clear_removed(settlement);
        generation
    }
}
