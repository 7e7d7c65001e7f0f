//! The log of the drops that no sender sees: a full queue, an empty message, a delivery that no
//! action claims. Pure: the time is an argument.
//!
//! Invariant: every drop is counted in exactly one line, at most one line a minute per webhook and
//! reason; of empty messages, per action.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::config::model::{ActionIndex, Config, WebhookIndex};
use crate::delivery::{Reason, Ticket};
use crate::log_sample::LogSample;

/// What was dropped since the last line of each kind.
pub struct DropLog {
    drops: BTreeMap<Kind, LogSample<Ticket>>,
    config: Arc<Config>,
}

/// One drop.
pub struct Dropped {
    /// The delivery.
    pub ticket: Ticket,
    /// Where it would have been posted; `None` where only its action says so.
    pub webhook: Option<WebhookIndex>,
    /// Why it was dropped.
    pub reason: Reason,
    /// Whether the partition's former owner is of another deployment.
    pub is_foreign: bool,
}

/// What one line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    reason: Reason,
    /// `None`: the action was removed from the configuration.
    webhook: Option<WebhookIndex>,
    /// A full queue drops the deliveries of many actions, which is one fault. A message that is
    /// empty is that action's fault.
    action: Option<ActionIndex>,
    /// The partition's former owner, which left the delivery, is of another deployment.
    is_foreign: bool,
}

impl DropLog {
    /// Nothing was dropped; names come from `config`.
    pub fn new(config: Arc<Config>) -> Self {
        Self { drops: BTreeMap::new(), config }
    }

    /// Records one drop, and logs it unless a line of the last minute covers it.
    pub fn record(&mut self, dropped: &Dropped, now: Instant) {
        let Dropped { ticket, webhook, reason, is_foreign } = dropped;
        let action = self.config.actions.get(ticket.action.0 as usize);
        let webhook = action.and_then(|action| webhook.or(Some(action.webhook)));
        let is_foreign = *is_foreign && action.is_none();
        let action = (*reason == Reason::EmptyMessage).then_some(ticket.action);
        let kind = Kind { reason: *reason, webhook, action, is_foreign };
        let sample = self.drops.entry(kind).or_default();
        if let Some((ticket, deliveries)) = sample.record(now, || *ticket) {
            log(&self.config, kind, &ticket, deliveries);
        }
    }

    /// Logs what no line covers yet, where its minute has passed.
    pub fn summarize(&mut self, now: Instant) {
        self.log(|sample| sample.due(now));
    }

    /// Logs everything that no line covers yet: the process ends.
    pub fn finish(&mut self) {
        self.log(LogSample::rest);
    }

    /// Takes the names of another configuration.
    pub fn reload(&mut self, config: Arc<Config>) {
        self.config = config;
    }

    fn log(&mut self, take: impl Fn(&mut LogSample<Ticket>) -> Option<(Ticket, u64)>) {
        for (kind, sample) in &mut self.drops {
            if let Some((ticket, deliveries)) = take(sample) {
                log(&self.config, *kind, &ticket, deliveries);
            }
        }
    }
}

fn log(
    config: &Config,
    Kind { reason, webhook, is_foreign, .. }: Kind,
    ticket: &Ticket,
    deliveries: u64,
) {
    let action = config.actions.get(ticket.action.0 as usize);
    let webhook = webhook.and_then(|webhook| config.webhooks.get(webhook.0 as usize));
    let webhook = webhook.map(|webhook| webhook.name.as_str());
    let cause = match (reason, action) {
        (_, None) if is_foreign => "left pending by another deployment in the same consumer group",
        (_, None) => "left pending by the partition's former owner, for an action that was removed",
        (Reason::EmptyMessage, _) => "the message is empty",
        (Reason::Unclaimed, _) => {
            "left pending by the partition's former owner, and the trigger no longer matches"
        }
        _ => "the queue is full",
    };
    let partition = ticket.position.partition;
    tracing::warn!(
        webhook,
        action = action.map(|action| action.name.as_str()),
        reason = reason.as_str(),
        deliveries,
        cause,
        group = is_foreign.then_some(config.kafka.group_id.as_str()),
        topic = config.kafka.topics.get(partition.topic.0 as usize),
        partition = partition.number,
        offset = ticket.position.offset.0,
        "delivery dropped"
    );
}
