//! The log of the drops that no sender sees: a full queue, an empty message, a delivery that no
//! action claims. Pure: the time is an argument.
//!
//! Invariant: every drop is in exactly one line, at most one line a minute per webhook and reason.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::config::model::{ActionIndex, Config, WebhookIndex};
use crate::delivery::Reason;
use crate::log_throttle::LogThrottle;

/// What was dropped since the last line, per webhook and reason.
pub struct DropLog {
    /// A full queue drops the deliveries of many actions: one line, with the last action. Without a
    /// webhook: the action was removed from the configuration.
    drops: BTreeMap<(Option<WebhookIndex>, Reason), (LogThrottle, ActionIndex)>,
    config: Arc<Config>,
}

impl DropLog {
    /// Nothing was dropped; names come from `config`.
    pub fn new(config: Arc<Config>) -> Self {
        Self { drops: BTreeMap::new(), config }
    }

    /// Records one drop, and logs it unless a line of the last minute covers it.
    pub fn record(&mut self, action: ActionIndex, reason: Reason, now: Instant) {
        let webhook = self.config.actions.get(action.0 as usize).map(|action| action.webhook);
        let (throttle, last) =
            self.drops.entry((webhook, reason)).or_insert_with(|| (LogThrottle::default(), action));
        *last = action;
        if let Some(deliveries) = throttle.record(now) {
            log(&self.config, action, reason, deliveries);
        }
    }

    /// Logs what no line covers yet, where its minute has passed.
    pub fn summarize(&mut self, now: Instant) {
        for ((_, reason), (throttle, action)) in &mut self.drops {
            if let Some(deliveries) = throttle.due(now) {
                log(&self.config, *action, *reason, deliveries);
            }
        }
    }

    /// Takes the names of another configuration.
    pub fn reload(&mut self, config: Arc<Config>) {
        self.config = config;
    }
}

fn log(config: &Config, action: ActionIndex, reason: Reason, deliveries: u64) {
    let Some(action) = config.actions.get(action.0 as usize) else {
        return tracing::warn!(
            reason = reason.as_str(),
            deliveries,
            cause = "left pending by the partition's former owner, for an action that was removed",
            "delivery dropped"
        );
    };
    let webhook =
        config.webhooks.get(action.webhook.0 as usize).map_or("", |webhook| webhook.name.as_str());
    let cause = match reason {
        Reason::EmptyMessage => "the message is empty",
        Reason::Unclaimed => {
            "left pending by the partition's former owner, and the trigger no longer matches"
        }
        _ => "the queue is full",
    };
    let (action, reason) = (action.name.as_str(), reason.as_str());
    tracing::warn!(webhook, action, reason, deliveries, cause, "delivery dropped");
}
