//! [4] What a sender logs: one line for what an operator acts on, repeated faults summed up.
//!
//! Invariant: names, positions, Slack's words and figures; never a URL or a payload.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::config::model::{ActionIndex, Config, WebhookIndex};
use crate::delivery::{Reason, Ticket};
use crate::log_throttle::{Line, LogThrottle, Recovered};

/// The faults of one webhook that are being told of.
pub(super) struct FaultLog {
    config: Arc<Config>,
    webhook: WebhookIndex,
    failing: LogThrottle,
    limited: LogThrottle,
    /// A refusal can be one action's own (its channel), so each is told of by itself. Grows to the webhook's actions at most.
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

    /// Names are those of another configuration from now on.
    pub(super) fn reload(&mut self, config: Arc<Config>) {
        self.config = config;
    }

    /// An attempt failed and will be made again.
    pub(super) fn failed(&mut self, ticket: &Ticket, word: &str, now: Duration) {
        let line = self.failing.record(now);
        let (webhook, action) = (self.webhook(), self.action(ticket));
        match line {
            Line::First => {
                warn!(webhook, action, answer = word, "attempt failed, and will be made again")
            }
            Line::Summary(attempts) => {
                warn!(webhook, action, answer = word, attempts, "attempts still fail")
            }
            Line::Silent => {}
        }
    }

    /// Slack answered 429: the webhook stops.
    pub(super) fn limited(&mut self, pause: Duration, now: Duration) {
        let line = self.limited.record(now);
        let (webhook, seconds) = (self.webhook(), pause.as_secs_f64());
        match line {
            Line::First => {
                warn!(webhook, seconds, "rate limited by Slack (429): the webhook pauses")
            }
            Line::Summary(times) => {
                warn!(webhook, seconds, times, "still rate limited by Slack (429)")
            }
            Line::Silent => {}
        }
    }

    /// A delivery was given up.
    pub(super) fn dropped(&mut self, ticket: &Ticket, reason: Reason, word: &str, now: Duration) {
        let known =
            self.dropping.iter().position(|(of, why, _)| (*of, *why) == (ticket.action, reason));
        let at = known.unwrap_or_else(|| {
            self.dropping.push((ticket.action, reason, LogThrottle::default()));
            self.dropping.len() - 1
        });
        let line = self.dropping[at].2.record(now);
        let (webhook, action, reason) = (self.webhook(), self.action(ticket), reason.as_str());
        let partition = ticket.position.partition;
        let topic =
            self.config.kafka.topics.get(partition.topic.0 as usize).map_or("", String::as_str);
        let (partition, offset) = (partition.number, ticket.position.offset.0);
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

    /// A delivery was taken: whatever was wrong is over.
    pub(super) fn delivered(&mut self, now: Duration) {
        let (failing, limited) = (self.failing.recover(now), self.limited.recover(now));
        let webhook = self
            .config
            .webhooks
            .get(self.webhook.0 as usize)
            .map_or("", |webhook| webhook.name.as_str());
        if let Some(Recovered { total, lasted, .. }) = failing {
            info!(
                webhook,
                attempts_failed = total,
                seconds = lasted.as_secs_f64(),
                "posting works again"
            );
        }
        if let Some(Recovered { total, lasted, .. }) = limited {
            info!(
                webhook,
                times = total,
                seconds = lasted.as_secs_f64(),
                "no longer rate limited by Slack"
            );
        }
        for (_, reason, repeat) in &mut self.dropping {
            if let Some(Recovered { unlogged: deliveries @ 1.., .. }) = repeat.recover(now) {
                info!(
                    webhook,
                    reason = reason.as_str(),
                    deliveries,
                    "more deliveries had been dropped"
                );
            }
        }
    }

    fn webhook(&self) -> &str {
        self.config
            .webhooks
            .get(self.webhook.0 as usize)
            .map_or("", |webhook| webhook.name.as_str())
    }

    fn action(&self, ticket: &Ticket) -> &str {
        self.config.actions.get(ticket.action.0 as usize).map_or("", |action| action.name.as_str())
    }
}
