//! [4] The sender: drains one webhook's queue at the webhook's pace, and tells the ledger how each delivery ended.
//!
//! One delivery is in flight at a time and stays first in line while it is made again, so that order is kept. Invariant: no attempt leaves before the
//! limiter allows it, none of a delivery that was released to its partition's next owner, and none while the window is full of outcomes that no acknowledged
//! commit tells.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::config::check::{Config, Webhook, WebhookIndex};
use crate::delivery::{self, Delivery, Ended, Orders, Outcome, Reason, Ticket};
use crate::metrics::WebhookMetrics;
use crate::queue::{AfterAttempt, Queue};
use crate::window::Window;

pub mod slack;

pub mod limit;

pub mod retry;

pub mod client;

mod report;

use client::{ClientError, Clients, NoAnswer, Transport};
use limit::Limiter;
use report::Report;
use retry::Budget;
use slack::{Answer, Verdict};

/// Everything one sender works with.
pub struct Sender<T> {
    /// Names, rates and retries; whole, because the logs name actions and topics.
    pub config: Arc<Config>,
    /// Whose sender it is.
    pub webhook: WebhookIndex,
    /// What it drains, alone.
    pub queue: Arc<Queue>,
    /// How an attempt is made: [`client::Endpoint`], or a test's.
    pub transport: T,
    /// This replica's share of the webhook's rate, and a `Retry-After` that a former owner left.
    pub orders: watch::Receiver<Orders>,
    /// How many outcomes may be uncommitted.
    pub window: Arc<Window>,
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
pub fn run<T: Transport>(sender: Sender<T>) -> impl Future<Output = String> {
    // Made outside: what an async function takes and what it makes of it would both be kept in each of thousands of tasks.
    let mut lane = Lane::new(sender);
    async move {
        while let Some(mut delivery) = lane.next().await {
            let Some((ended, at)) = lane.deliver(&mut delivery).await else { continue };
            if !lane.report(delivery.ticket, ended, at).await {
                break;
            }
        }
        format!("sender of `{}`", lane.webhook().name)
    }
}

/// A sender at work.
struct Lane<T> {
    sender: Sender<T>,
    /// The zero of the times below.
    started: Instant,
    limiter: Limiter,
    /// 429s in a row, over deliveries: the backoff of those that don't say how long.
    limited: u32,
    /// The gauge shows a pause.
    blocked: bool,
    log: Report,
}

/// What can happen to a webhook at any time, whether it has something to send or not.
enum Change {
    Orders(Orders),
    Unblocked,
}

impl<T: Transport> Lane<T> {
    fn new(mut sender: Sender<T>) -> Self {
        let orders = *sender.orders.borrow_and_update();
        let webhook = &sender.config.webhooks[sender.webhook.0 as usize];
        let limiter = Limiter::new(webhook.rate_per_second, webhook.burst, orders.share, Duration::ZERO);
        sender.metrics.blocked_until(None);
        let log = Report::new(sender.config.clone(), sender.webhook);
        let mut lane = Self { sender, started: Instant::now(), limiter, limited: 0, blocked: false, log };
        lane.apply(Change::Orders(orders));
        lane
    }

    fn webhook(&self) -> &Webhook {
        &self.sender.config.webhooks[self.sender.webhook.0 as usize]
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    async fn next(&mut self) -> Option<Delivery> {
        loop {
            let unblocked = self.unblocked_at();
            tokio::select! {
                biased;
                next = self.sender.queue.next() => return next,
                change = changed(&mut self.sender.orders, unblocked) => self.apply(change),
            }
        }
    }

    /// Attempts until it ends, and when it did; `None`: it was released, and is the partition's next owner's.
    async fn deliver(&mut self, delivery: &mut Delivery) -> Option<(Ended, Duration)> {
        let mut entered = false;
        let ended = self.attempts(delivery, &mut entered).await;
        if ended.is_none() && entered {
            // No outcome that a commit could tell.
            self.sender.window.leave();
        }
        ended
    }

    /// `entered`: it has its place in the window, from its first attempt on.
    async fn attempts(&mut self, delivery: &mut Delivery, entered: &mut bool) -> Option<(Ended, Duration)> {
        let payload = Bytes::from(std::mem::take(&mut delivery.payload));
        let ticket = &delivery.ticket;
        let mut budget = Budget::default();
        let mut not_before = Duration::ZERO;
        loop {
            self.turn(ticket, not_before, entered).await?;
            if !self.sender.queue.begin_attempt(ticket) {
                return None;
            }
            let left = self.now();
            self.limiter.take(left);
            budget.attempt(left);
            let verdict = self.attempt(payload.clone()).await;
            let now = self.now();
            let latency = if verdict == Verdict::Delivered { delivery.timestamp.and_then(latency) } else { None };
            self.sender.metrics.attempt(verdict.result(), now.saturating_sub(left), latency);
            if !matches!(verdict, Verdict::RateLimited { .. }) {
                self.limited = 0;
            }
            match verdict {
                Verdict::Delivered => return Some((Ended::Delivered, now)),
                Verdict::Rejected { word } => {
                    self.log.dropped(ticket, Reason::Rejected, &word, now);
                    return Some((Ended::Dropped(Reason::Rejected), now));
                }
                Verdict::RateLimited { retry_after } => {
                    let pause = self.block(retry_after, now).await;
                    budget.excuse((now + pause).saturating_sub(left));
                }
                Verdict::Retry { word, .. } => {
                    let Some(pause) = budget.failed(&self.webhook().retry, now, rand::random()) else {
                        self.log.dropped(ticket, Reason::RetriesExhausted, &word, now);
                        return Some((Ended::Dropped(Reason::RetriesExhausted), now));
                    };
                    self.log.failed(ticket, &word, now);
                    not_before = now.saturating_add(pause);
                }
            }
            if self.sender.queue.end_attempt(ticket) == AfterAttempt::Gone {
                return None;
            }
        }
    }

    /// Waits until an attempt may leave; `None`: the delivery was released meanwhile.
    async fn turn(&mut self, ticket: &Ticket, not_before: Duration, entered: &mut bool) -> Option<()> {
        let window = Arc::clone(&self.sender.window);
        loop {
            let now = self.now();
            let ready = self.limiter.ready_at(now).map(|at| at.max(not_before));
            let may_leave = ready.is_some_and(|at| at <= now);
            if !may_leave {
                window.give_up();
            } else if !*entered {
                *entered = window.try_enter();
            }
            if may_leave && *entered {
                if self.blocked {
                    self.apply(Change::Unblocked);
                }
                return Some(());
            }
            let (ready, unblocked) = (ready.and_then(|at| self.started.checked_add(at)), self.unblocked_at());
            tokio::select! {
                biased;
                () = self.sender.queue.released() => {
                    // A stale ring leaves it where it is; only the queue knows.
                    let queue = &self.sender.queue;
                    if !queue.begin_attempt(ticket) || queue.end_attempt(ticket) == AfterAttempt::Gone {
                        window.give_up();
                        return None;
                    }
                }
                change = changed(&mut self.sender.orders, unblocked) => self.apply(change),
                () = window.enter(), if may_leave => *entered = true,
                () = sleep_until(ready), if !may_leave => {}
            }
        }
    }

    /// One request, to its end: a release is heard after it. The share may change under way, and the bucket is refilled by the one in force.
    async fn attempt(&mut self, payload: Bytes) -> Verdict {
        // On the heap, and only while it lasts: thousands of idle senders must stay small.
        let mut post = Box::pin(self.sender.transport.post(payload));
        loop {
            tokio::select! {
                biased;
                answer = &mut post => return verdict(answer),
                change = changed(&mut self.sender.orders, None) => {
                    if let Change::Orders(orders) = change {
                        let rate = self.sender.config.webhooks[self.sender.webhook.0 as usize].rate_per_second;
                        self.limiter.set_share(orders.share, self.started.elapsed());
                        self.sender.metrics.rate_limit(rate * orders.share);
                        self.blocked |= obey(orders, &mut self.limiter, &self.sender.metrics, self.started.elapsed());
                    }
                }
            }
        }
    }

    /// Stops the webhook after a 429 at `now`; how long.
    async fn block(&mut self, retry_after: Option<Duration>, now: Duration) -> Duration {
        let pause = retry_after.unwrap_or_else(|| retry::pause(&self.webhook().retry, self.limited, rand::random()));
        self.limited = self.limited.saturating_add(1);
        self.blocked = true;
        self.limiter.block(now.saturating_add(pause));
        let until = SystemTime::now().checked_add(pause);
        self.sender.metrics.blocked_until(until);
        self.log.limited(pause, now);
        if let Some(until) = until {
            // It outlives this process: it goes with the state of the partitions. Where nobody listens any more, the process is ending.
            let _ = self.sender.reports.send(delivery::Report::Blocked { webhook: self.sender.webhook, until }).await;
            (self.sender.wake)();
        }
        pause
    }

    fn unblocked_at(&self) -> Option<Instant> {
        if !self.blocked {
            return None;
        }
        let until = self.limiter.blocked_until(self.now()).unwrap_or_default();
        self.started.checked_add(until)
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Orders(orders) => {
                let now = self.now();
                self.limiter.set_share(orders.share, now);
                self.sender.metrics.rate_limit(self.webhook().rate_per_second * orders.share);
                self.blocked |= obey(orders, &mut self.limiter, &self.sender.metrics, now);
            }
            Change::Unblocked => {
                self.blocked = false;
                self.sender.metrics.blocked_until(None);
            }
        }
    }

    /// Tells the ledger first and closes the books then: whoever sees that nothing is in flight any more finds the outcome in the channel.
    async fn report(&mut self, ticket: Ticket, ended: Ended, at: Duration) -> bool {
        if ended == Ended::Delivered {
            self.log.delivered(at);
        }
        let heard = self.sender.reports.send(delivery::Report::Ended(Outcome { ticket, ended })).await.is_ok();
        self.sender.queue.finish(&ticket, ended);
        (self.sender.wake)();
        heard
    }
}

/// From Kafka's timestamp in milliseconds to now; a clock that runs ahead makes it zero.
fn latency(timestamp: i64) -> Option<Duration> {
    let then = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(timestamp).ok()?))?;
    Some(then.elapsed().unwrap_or_default())
}

/// Stops the limiter where a former owner left a `Retry-After` that is still in force; whether it did.
fn obey(orders: Orders, limiter: &mut Limiter, metrics: &WebhookMetrics, now: Duration) -> bool {
    let left = orders.blocked_until.and_then(|until| until.duration_since(SystemTime::now()).ok());
    let Some(left) = left.map(|left| left.min(slack::LONGEST_PAUSE)).filter(|left| !left.is_zero()) else {
        return false;
    };
    let until = now.saturating_add(left);
    if limiter.blocked_until(now).is_none_or(|blocked| blocked < until) {
        metrics.blocked_until(orders.blocked_until);
        limiter.block(until);
    }
    true
}

async fn changed(orders: &mut watch::Receiver<Orders>, unblocked: Option<Instant>) -> Change {
    let new_orders = async {
        // Whoever gives orders is gone: the last ones stay in force.
        if orders.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *orders.borrow_and_update()
    };
    tokio::select! {
        orders = new_orders => Change::Orders(orders),
        () = sleep_until(unblocked) => Change::Unblocked,
    }
}

/// `None`: never.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
