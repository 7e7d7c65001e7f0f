//! [4] The sender: drains one webhook's queue at the webhook's pace, and tells the ledger how each delivery ended.
//!
//! One delivery is in flight at a time and stays first in line while it is made again, so that order is kept. Invariant: no attempt leaves before the
//! limiter allows it, none of a delivery that was released to its partition's next owner, and none while the window is full of outcomes that no acknowledged
//! commit tells.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::config::model::{Config, Webhook, WebhookIndex};
use crate::delivery;
use crate::metrics::WebhookMetrics;
use crate::queue::Queue;
use crate::sender_control::SenderControl;
use crate::window::Window;

pub mod slack;

pub mod limit;

pub mod retry;

pub mod client;

pub mod connection_permits;

mod sender;

mod fault_log;

use client::{ClientError, Clients, NoAnswer, Transport};
use connection_permits::ConnectionPermits;
use sender::Sender;
use slack::{Answer, Verdict};

/// What every sender goes by: the configuration, and by webhook how an attempt is made. Replaced as a whole by a reload.
pub struct ActiveConfig<T>(RwLock<(Arc<Config>, Vec<Arc<T>>)>);

impl<T> ActiveConfig<T> {
    /// `transports`: by webhook.
    #[must_use]
    pub fn new(config: Arc<Config>, transports: Vec<Arc<T>>) -> Self {
        Self(RwLock::new((config, transports)))
    }

    /// What comes in its place. Senders look once [`SenderControl::generation`] has changed.
    pub fn replace(&self, config: Arc<Config>, transports: Vec<Arc<T>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (config, transports);
    }

    /// What holds for one webhook; `None`: it has no transport.
    #[must_use]
    pub fn of(&self, webhook: WebhookIndex) -> Option<(Arc<Config>, Arc<T>)> {
        let active_config = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some((Arc::clone(&active_config.0), Arc::clone(active_config.1.get(webhook.0 as usize)?)))
    }
}

/// Everything one sender works with.
pub struct SenderContext<T> {
    /// Names, rates and retries; whole, because the logs name actions and topics.
    pub config: Arc<Config>,
    /// Where the next configuration is found.
    pub active_config: Arc<ActiveConfig<T>>,
    /// Whose sender it is.
    pub webhook: WebhookIndex,
    /// What it drains, alone.
    pub queue: Arc<Queue>,
    /// How an attempt is made: [`client::Endpoint`], or a test's.
    pub transport: Arc<T>,
    /// This replica's share of the webhook's rate, and a `Retry-After` that a former owner left.
    pub control: watch::Receiver<SenderControl>,
    /// How many outcomes may be uncommitted.
    pub window: Arc<Window>,
    /// How many attempts begin at once.
    pub connection_permits: ConnectionPermits,
    /// To the ledger. When it is full the sender waits: the poll loop takes reports before anything else, also while it waits for attempts to end.
    pub reports: mpsc::Sender<delivery::Report>,
    /// Called after each outcome: the poll loop waits on a socket and hears no channel.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// The webhook's metrics.
    pub metrics: WebhookMetrics,
}

/// One attempt for `slackline send`, and what it came to.
#[derive(Debug)]
pub struct Attempted {
    /// The HTTP status; `None`: there was no answer.
    pub status: Option<u16>,
    /// Slack's word, or why there is none; fit for printing.
    pub word: String,
    /// What the worker would make of it.
    pub verdict: Verdict,
    /// From the request to the verdict.
    pub took: Duration,
}

/// Posts `payload` once, outside of any rate or queue.
///
/// # Errors
/// When no client can be made of the webhook's settings; an attempt that fails is no error.
pub async fn attempt_once(webhook: &Webhook, payload: Bytes) -> Result<Attempted, ClientError> {
    let endpoint = Clients::new().endpoint(webhook)?;
    let began = Instant::now();
    let answer = endpoint.post(payload).await;
    let (status, word) = match &answer {
        Ok(Answer { status, body, .. }) => (Some(*status), slack::word(body)),
        Err(none) => (None, none.to_string()),
    };
    Ok(Attempted { status, word, verdict: verdict(answer), took: began.elapsed() })
}

fn verdict(answer: Result<Answer, NoAnswer>) -> Verdict {
    match answer {
        Ok(answer) => slack::judge(&answer, SystemTime::now()),
        Err(none) => Verdict::Retry { result: none.result(), word: none.to_string() },
    }
}

/// Works until the queue is closed, or nobody takes outcomes any more; then names itself.
pub fn run<T: Transport>(context: SenderContext<T>) -> impl Future<Output = String> {
    // Made outside: what an async function takes and what it makes of it would both be kept in each of thousands of tasks.
    let mut sender = Sender::new(context);
    async move {
        loop {
            // Not in a `while let`, which would keep what `next` gave beside it.
            let Some(mut delivery) = sender.next().await else { break };
            let Some((ended, at)) = sender.deliver(&mut delivery).await else { continue };
            if !sender.report(delivery.ticket, ended, at).await {
                break;
            }
        }
        format!("sender of `{}`", sender.webhook().name)
    }
}

#[cfg(test)]
mod tests;
