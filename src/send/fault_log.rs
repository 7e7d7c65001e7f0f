//! What a sender logs: one line for what an operator acts on, repeated faults summed up.
//!
//! Invariant: a line holds names, positions, Slack's words and numbers; never a URL or a payload.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::sender_context::SenderContext;
use crate::config::model::ActionIndex;
use crate::delivery::{Reason, Ticket};
use crate::log_throttle::{LogThrottle, Recovered};

/// The faults of one webhook. Nothing is held before the first: ten thousand senders have a log.
#[derive(Default)]
pub struct FaultLog(Option<Box<Faults>>);

#[derive(Default)]
struct Faults {
    failing: LogThrottle,
    limited: LogThrottle,
    /// By action: a refusal can be about one action alone (its channel). At most as many as the
    /// webhook has actions and reasons.
    dropping: BTreeMap<(ActionIndex, Reason), LogThrottle>,
    /// By action: its blocks were refused.
    refused_blocks: BTreeMap<ActionIndex, LogThrottle>,
}

impl FaultLog {
    fn faults(&mut self) -> &mut Faults {
        self.0.get_or_insert_default()
    }

    /// Logs an attempt that failed and will be retried.
    pub fn failed(&mut self, of: &SenderContext, ticket: &Ticket, word: &str) {
        if let Some(attempts) = self.faults().failing.record(now()) {
            let (webhook, action) = (&of.webhook().name, of.action_name(ticket));
            warn!(webhook, action, answer = word, attempts, "attempt failed, will retry");
        }
    }

    /// Logs a 429, which throttles the webhook for `pause`.
    pub fn limited(&mut self, of: &SenderContext, pause: Duration) {
        if let Some(responses) = self.faults().limited.record(now()) {
            let (webhook, seconds) = (&of.webhook().name, pause.as_secs_f64());
            warn!(webhook, seconds, responses, "throttled by Slack (429)");
        }
    }

    /// Logs a dropped delivery. `word` is the last answer's, where that is the cause.
    pub fn dropped(
        &mut self,
        of: &SenderContext,
        ticket: &Ticket,
        reason: Reason,
        word: Option<&str>,
    ) {
        let throttle = self.faults().dropping.entry((ticket.action, reason)).or_default();
        if let Some(deliveries) = throttle.record(now()) {
            let partition = ticket.position.partition;
            warn!(
                webhook = of.webhook().name,
                action = of.action_name(ticket),
                reason = reason.as_str(),
                answer = word,
                deliveries,
                topic = of.config.kafka.topics.get(partition.topic.0 as usize),
                partition = partition.number,
                offset = ticket.position.offset.0,
                "delivery dropped"
            );
        }
    }

    /// Logs a message whose blocks were refused, which is posted again without them.
    pub fn refused_blocks(
        &mut self,
        of: &SenderContext,
        ticket: &Ticket,
        word: &str,
        pointer: Option<&str>,
    ) {
        let throttle = self.faults().refused_blocks.entry(ticket.action).or_default();
        if let Some(messages) = throttle.record(now()) {
            let (webhook, action) = (&of.webhook().name, of.action_name(ticket));
            warn!(
                webhook,
                action,
                answer = word,
                pointer,
                messages,
                "blocks refused, posting the message without them"
            );
        }
    }

    /// Logs the end of every fault: Slack posted a message.
    pub fn delivered(&mut self, of: &SenderContext) {
        let Some(faults) = &mut self.0 else { return };
        let webhook = &of.webhook().name;
        if let Some(Recovered { total, lasted, .. }) = faults.failing.recover(now()) {
            let seconds = lasted.as_secs_f64();
            info!(webhook, attempts_failed = total, seconds, "posting works again");
        }
        if let Some(Recovered { total, lasted, .. }) = faults.limited.recover(now()) {
            let seconds = lasted.as_secs_f64();
            info!(webhook, responses = total, seconds, "no longer throttled by Slack");
        }
        for ((_, reason), throttle) in &mut faults.dropping {
            if let Some(Recovered { unlogged, .. }) = throttle.recover(now()) {
                log_rest(webhook, *reason, unlogged);
            }
        }
    }

    /// Logs the drops that no line covers yet: the sender ends.
    pub fn finish(&mut self, of: &SenderContext) {
        let Some(faults) = &mut self.0 else { return };
        for ((_, reason), throttle) in &mut faults.dropping {
            log_rest(&of.webhook().name, *reason, throttle.rest());
        }
        let refused = faults.refused_blocks.values_mut().map(LogThrottle::rest).sum::<u64>();
        if refused > 0 {
            let webhook = &of.webhook().name;
            info!(webhook, messages = refused, "blocks refused since the last line");
        }
    }
}

fn log_rest(webhook: &str, reason: Reason, deliveries: u64) {
    if deliveries > 0 {
        let reason = reason.as_str();
        info!(webhook, reason, deliveries, "deliveries dropped since the last line");
    }
}

/// The runtime's clock, which tests can stop.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
