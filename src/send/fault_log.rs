//! What a sender logs: one line for what an operator acts on, repeated faults summed up.
//!
//! Invariant: a line holds names, positions, Slack's words and numbers; never a URL or a payload.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::config::model::{ActionIndex, Config, WebhookIndex};
use crate::delivery::{Reason, Ticket};
use crate::log_throttle::{Line, LogThrottle, Recovered};

/// The current faults of one webhook.
pub(super) struct FaultLog {
    config: Arc<Config>,
    webhook: WebhookIndex,
    failing: LogThrottle,
    limited: LogThrottle,
    /// By action: a refusal can be about one action alone (its channel). At most as many as the
    /// webhook has actions and reasons.
    dropping: Vec<(ActionIndex, Reason, LogThrottle)>,
}

impl FaultLog {
    pub(super) fn new(config: Arc<Config>, webhook: WebhookIndex) -> Self {
        Self {
            config,
            webhook,
            failing: LogThrottle::default(),
            limited: LogThrottle::default(),
            dropping: Vec::new(),
        }
    }

    /// Takes names from another configuration from now on.
    pub(super) fn reload(&mut self, config: Arc<Config>) {
        self.config = config;
    }

    /// Logs an attempt that failed and will be retried.
    pub(super) fn failed(&mut self, ticket: &Ticket, word: &str, now: Duration) {
        let line = self.failing.record(now);
        let (webhook, action) = (webhook_name(&self.config, self.webhook), self.action(ticket));
        match line {
            Line::First => warn!(webhook, action, answer = word, "attempt failed, will retry"),
            Line::Summary(attempts) => {
                warn!(webhook, action, answer = word, attempts, "attempts still fail, will retry");
            }
            Line::Silent => {}
        }
    }

    /// Logs a 429, which throttles the webhook for `pause`.
    pub(super) fn limited(&mut self, pause: Duration, now: Duration) {
        let line = self.limited.record(now);
        let (webhook, seconds) = (webhook_name(&self.config, self.webhook), pause.as_secs_f64());
        match line {
            Line::First => warn!(webhook, seconds, "throttled by Slack (429)"),
            Line::Summary(times) => {
                warn!(webhook, seconds, times, "still throttled by Slack (429)")
            }
            Line::Silent => {}
        }
    }

    /// Logs a dropped delivery.
    pub(super) fn dropped(&mut self, ticket: &Ticket, reason: Reason, word: &str, now: Duration) {
        let known =
            self.dropping.iter().position(|(of, why, _)| (*of, *why) == (ticket.action, reason));
        let at = known.unwrap_or_else(|| {
            self.dropping.push((ticket.action, reason, LogThrottle::default()));
            self.dropping.len() - 1
        });
        let line = self.dropping[at].2.record(now);
        let (webhook, action) = (webhook_name(&self.config, self.webhook), self.action(ticket));
        let partition = ticket.position.partition;
        let topic =
            self.config.kafka.topics.get(partition.topic.0 as usize).map_or("", String::as_str);
        let (reason, partition, offset) =
            (reason.as_str(), partition.number, ticket.position.offset.0);
        match line {
            Line::First => warn!(
                webhook,
                action,
                reason,
                answer = word,
                topic,
                partition,
                offset,
                "delivery dropped"
            ),
            Line::Summary(deliveries) => {
                warn!(
                    webhook,
                    action,
                    reason,
                    answer = word,
                    deliveries,
                    topic,
                    partition,
                    offset,
                    "more deliveries dropped"
                );
            }
            Line::Silent => {}
        }
    }

    /// Logs the end of every fault: Slack posted a message.
    pub(super) fn delivered(&mut self, now: Duration) {
        let webhook = webhook_name(&self.config, self.webhook);
        if let Some(Recovered { total, lasted, .. }) = self.failing.recover(now) {
            let seconds = lasted.as_secs_f64();
            info!(webhook, attempts_failed = total, seconds, "posting works again");
        }
        if let Some(Recovered { total, lasted, .. }) = self.limited.recover(now) {
            let seconds = lasted.as_secs_f64();
            info!(webhook, times = total, seconds, "no longer throttled by Slack");
        }
        for (_, reason, log) in &mut self.dropping {
            if let Some(Recovered { unlogged: deliveries @ 1.., .. }) = log.recover(now) {
                let reason = reason.as_str();
                info!(webhook, reason, deliveries, "more deliveries had been dropped");
            }
        }
    }

    fn action(&self, ticket: &Ticket) -> &str {
        self.config.actions.get(ticket.action.0 as usize).map_or("", |action| action.name.as_str())
    }
}

fn webhook_name(config: &Config, webhook: WebhookIndex) -> &str {
    config.webhooks.get(webhook.0 as usize).map_or("", |webhook| webhook.name.as_str())
}
