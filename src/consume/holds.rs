//! [1] Which senders wait for Kafka to acknowledge what they sent before, and who is told of it: the metrics, `/readyz`, the log.
//!
//! Invariant: a hold is never silent once it has lasted a second.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::commit_hold::HELD_AFTER;
use crate::config::model::WebhookIndex;
use crate::log_throttle::LogThrottle;

use super::PollLoop;

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Holds {
    held: BTreeSet<WebhookIndex>,
    log: LogThrottle,
}

impl PollLoop {
    /// Tells of senders that have something to send and may not: what they send next is delayed, so that nothing is repeated.
    pub(super) fn observe_holds(&mut self, now: Instant) {
        let mut longest: Option<Duration> = None;
        for (index, window) in (0..).map(WebhookIndex).zip(&self.parts.windows) {
            let held = window.held_for(now).filter(|held| *held >= HELD_AFTER);
            let changed = if held.is_some() {
                self.holds.held.insert(index)
            } else {
                self.holds.held.remove(&index)
            };
            if changed {
                self.parts.metrics.webhook(index).held(held.is_some());
            }
            longest = longest.max(held);
        }
        self.parts.health.set_held(longest);
        let began = now.duration_since(self.began);
        let webhooks = self.holds.held.len();
        match longest {
            Some(longest) => {
                if self.holds.log.record(began).times().is_some() {
                    let seconds = longest.as_secs();
                    tracing::warn!(
                        webhooks,
                        seconds,
                        "webhooks wait with what they send next: Kafka has not acknowledged the commit of what they sent before"
                    );
                }
            }
            None => {
                if let Some(recovered) = self.holds.log.recover(began) {
                    tracing::info!(
                        seconds = recovered.lasted.as_secs_f64(),
                        "no webhook waits for a commit any more: they were acknowledged, or their partitions are another member's"
                    );
                }
            }
        }
    }
}
