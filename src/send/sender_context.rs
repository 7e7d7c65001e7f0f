//! Everything that one sender is given to work with.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};

use super::app::{Attempter, Turn};
use super::endpoint::Endpoint;
use crate::commit_hold::{CommitHold, CommitWindow};
use crate::config::model::{Config, Webhook, WebhookIndex};
use crate::delivery::{Outcome, Ticket};
use crate::metrics::WebhookMetrics;
use crate::post::{Post, Report, Tickets};
use crate::queue::Queue;
use crate::sender_control::SenderControl;

/// What one sender works with.
pub struct SenderContext {
    /// Names, rates and retries; whole, because the logs name actions and topics.
    pub config: Arc<Config>,
    /// Where a reload puts the next configuration and endpoint. A sender reads it when
    /// [`SenderControl::generation`] has changed.
    pub active_config: watch::Receiver<ActiveConfig>,
    /// Whose sender it is.
    pub webhook: WebhookIndex,
    /// What it drains, alone.
    pub queue: Arc<Queue>,
    /// Where it posts, and with which client.
    pub endpoint: Arc<Endpoint>,
    /// What the poll loop sets while it runs.
    pub control: watch::Receiver<SenderControl>,
    /// Limits how many of the webhook's outcomes are in no acknowledged commit.
    pub window: Arc<CommitWindow>,
    /// Limits how many attempts of all webhooks start at the same time: see
    /// [`super::connection_permits`].
    pub connection_permits: Arc<Semaphore>,
    /// To the ledger. When it is full the sender waits: the poll loop takes reports before anything
    /// else, also while it waits for attempts to end.
    pub reports: mpsc::Sender<Report>,
    /// Called after each report: the poll loop waits on a socket and would not notice a channel.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// The webhook's metrics.
    pub metrics: WebhookMetrics,
}

/// The active configuration, which a reload replaces as a whole.
pub struct ActiveConfig {
    /// The configuration.
    pub config: Arc<Config>,
    /// Each webhook's endpoint.
    pub endpoints: Vec<Arc<Endpoint>>,
    /// The number of reloads that a signal requested: each one probes what rests.
    pub signals: u64,
}

impl SenderContext {
    /// The webhook's configuration.
    #[must_use]
    pub fn webhook(&self) -> &Webhook {
        &self.config.webhooks[self.webhook.0 as usize]
    }

    /// The senders of all channels of the webhook's app, its own included; none without an app.
    pub fn channels_of_app(&self) -> impl Iterator<Item = WebhookIndex> + '_ {
        let app = self.webhook().app;
        let all = (0..).map(WebhookIndex).zip(&self.config.webhooks);
        all.filter(move |(_, webhook)| app.is_some() && webhook.app == app).map(|(index, _)| index)
    }

    /// Lets this replica's `share` of the app's rate leave.
    pub fn apply_app_share(&self, share: f64) {
        let app = self.config.app_of(self.webhook);
        if let Some((shared, app)) = self.endpoint.app.as_ref().zip(app) {
            shared.set_rate(app.posts_per_minute / 60.0, share);
        }
    }

    /// Shows the rest of the webhook's app as the webhook's, while it is in the configuration.
    pub fn show_rest_of_app(&self) {
        let app = self.endpoint.app.as_ref().filter(|_| !self.queue.is_retired());
        self.metrics.belongs_to(app.map(|app| app.metrics()));
    }

    /// Spends one attempt of the app's rate, with its turn. `false`: not yet. Without an app there
    /// is nothing to spend.
    pub fn take_turn(&self, turn: Option<Turn>, generation: u64) -> bool {
        let by = Attempter { channel: self.webhook, generation };
        let Some(app) = &self.endpoint.app else { return true };
        turn.is_some_and(|turn| app.take(turn, by))
    }

    /// Records the throttle with the webhook's app. Where two channels are throttled, each channel
    /// of the app is: they show it, and the next owners of their partitions must know.
    pub async fn throttle_app(&self, pause: Duration) {
        let Some(app) = &self.endpoint.app else { return };
        let Some(until) = app.throttle(self.webhook, pause) else { return };
        for webhook in self.channels_of_app() {
            let _ = self.reports.send(Report::Throttled { webhook, until }).await;
        }
    }

    /// Reports the outcome to the ledger, then records it in the queue's counts: where nothing is
    /// in flight any more, the outcome is already in the channel. Returns `false` when the poll
    /// loop has ended.
    pub async fn report_end(
        &self,
        tickets: &Tickets,
        outcome: Outcome,
        hold: Option<CommitHold>,
    ) -> bool {
        let report = Report::Ended { tickets: tickets.clone(), outcome, hold };
        let received = self.reports.send(report).await.is_ok();
        self.queue.finish(tickets, outcome);
        (self.wake)();
        received
    }

    /// Reports to the ledger that a part of a post was posted, while the queue still counts it as
    /// being attempted: a drain waits for the report. Returns `false` when the poll loop has ended.
    pub async fn report_part(&self, post: &Post, hold: CommitHold) -> bool {
        let (tickets, parts_sent) = (post.tickets.clone(), post.parts_sent);
        let received = self.reports.send(Report::Progress { tickets, parts_sent, hold }).await;
        (self.wake)();
        received.is_ok()
    }

    /// The name of the app that posts; `None`: an incoming webhook.
    #[must_use]
    pub fn app_name(&self) -> Option<&str> {
        self.config.app_of(self.webhook).map(|app| app.name.as_str())
    }

    /// The name of a delivery's action; empty where the configuration has it no longer.
    pub fn action_name(&self, ticket: &Ticket) -> &str {
        self.config.actions.get(ticket.action.0 as usize).map_or("", |action| &action.name)
    }
}
