//! [4] One sender at work: waits for its turn, attempts, judges the answer, reports how it ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::client::Transport;
use super::limit::Limiter;
use super::report::Report;
use super::retry::{self, Budget};
use super::slack::{self, Verdict};
use super::starts::{HELD, Place, Starts};
use super::{Sender, verdict};
use crate::config::model::Webhook;
use crate::delivery::{self, Delivery, Ended, Orders, Outcome, Reason, Ticket};
use crate::metrics::WebhookMetrics;
use crate::queue::AfterAttempt;
use crate::window::Window;

/// A sender at work.
pub(super) struct Lane<T> {
    sender: Sender<T>,
    /// The zero of the times below.
    started: Instant,
    limiter: Limiter,
    /// Of the configuration that it goes by.
    generation: u64,
    /// 429s in a row, over deliveries: the backoff of those that don't say how long.
    limited: u32,
    /// The gauge shows a pause.
    blocked: bool,
    /// The webhook is gone.
    retired: bool,
    log: Report,
}

/// What can happen to a webhook at any time, whether it has something to send or not.
enum Change {
    Orders(Orders),
    Unblocked,
}

impl<T: Transport> Lane<T> {
    pub(super) fn new(mut sender: Sender<T>) -> Self {
        let orders = *sender.orders.borrow_and_update();
        let webhook = &sender.config.webhooks[sender.webhook.0 as usize];
        let limiter =
            Limiter::new(webhook.rate_per_second, webhook.burst, orders.share, Duration::ZERO);
        sender.metrics.blocked_until(None);
        let log = Report::new(sender.config.clone(), sender.webhook);
        let generation = orders.generation;
        let (started, limited, blocked, retired) = (Instant::now(), 0, false, false);
        let mut lane =
            Self { sender, started, limiter, generation, limited, blocked, retired, log };
        lane.apply(Change::Orders(orders));
        lane
    }

    pub(super) fn webhook(&self) -> &Webhook {
        &self.sender.config.webhooks[self.sender.webhook.0 as usize]
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) async fn next(&mut self) -> Option<Delivery> {
        loop {
            let unblocked = self.unblocked_at();
            tokio::select! {
                biased;
                next = self.sender.queue.next() => return next,
                change = changed(&mut self.sender.orders, unblocked) => self.apply(change),
            }
        }
    }

    /// Attempts until it ends, and when it did; `None`: it was released, and is the partition's next owner's, or given back, since the webhook is gone.
    pub(super) async fn deliver(&mut self, delivery: &mut Delivery) -> Option<(Ended, Duration)> {
        let mut entered = false;
        let ended = self.attempts(delivery, &mut entered).await;
        if ended.is_none() && entered {
            // No outcome that a commit could tell.
            self.sender.window.leave();
        }
        ended
    }

    /// `entered`: it has its place in the window, from its first attempt on.
    async fn attempts(
        &mut self,
        delivery: &mut Delivery,
        entered: &mut bool,
    ) -> Option<(Ended, Duration)> {
        let payload = Bytes::from(std::mem::take(&mut delivery.payload));
        let ticket = &delivery.ticket;
        let mut budget = Budget::default();
        let mut not_before = Duration::ZERO;
        loop {
            let Some(place) = self.turn(ticket, not_before, entered).await else {
                if self.retired {
                    let payload = Vec::from(payload).into_boxed_slice();
                    self.sender.queue.give_back(Delivery { payload, ..*delivery });
                    (self.sender.wake)();
                }
                return None;
            };
            if !self.sender.queue.begin_attempt(ticket) {
                return None;
            }
            let left = self.now();
            self.limiter.take(left);
            budget.attempt(left);
            let verdict = self.attempt(payload.clone(), place).await;
            let now = self.now();
            let latency = if verdict == Verdict::Delivered {
                delivery.timestamp.and_then(latency)
            } else {
                None
            };
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
                    let Some(pause) = budget.failed(&self.webhook().retry, now, rand::random())
                    else {
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

    /// Waits until an attempt may leave; `None`: the delivery was released meanwhile, or the webhook is gone.
    async fn turn(
        &mut self,
        ticket: &Ticket,
        not_before: Duration,
        entered: &mut bool,
    ) -> Option<Place> {
        let (window, starts) = (Arc::clone(&self.sender.window), self.sender.starts.clone());
        let mut place = None;
        loop {
            // An order that was given before this is obeyed before it.
            if self.sender.orders.has_changed().unwrap_or_default() {
                let orders = *self.sender.orders.borrow_and_update();
                self.apply(Change::Orders(orders));
            }
            // One that came while an attempt was out.
            let orders = *self.sender.orders.borrow();
            self.reload(orders);
            if self.retired {
                window.give_up();
                return None;
            }
            let now = self.now();
            let ready = self.limiter.ready_at(now).map(|at| at.max(not_before));
            let may_leave = ready.is_some_and(|at| at <= now);
            if !may_leave {
                window.give_up();
                place = None;
            } else if !*entered {
                *entered = window.try_enter();
            }
            let begins = may_leave && *entered;
            if begins && let Some(place) = place.take().or_else(|| starts.try_enter()) {
                if self.blocked {
                    self.apply(Change::Unblocked);
                }
                return Some(place);
            }
            let ready = ready.filter(|_| !may_leave).and_then(|at| self.started.checked_add(at));
            let unblocked = self.unblocked_at();
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
                orders = ordered(&mut self.sender.orders) => self.apply(Change::Orders(orders)),
                admitted = admitted(&window, &starts, *entered), if may_leave => match admitted {
                    Some(begun) => place = Some(begun),
                    None => *entered = true,
                },
                // One timer for both: ten thousand of these lie waiting.
                () = sleep_until(ready.into_iter().chain(unblocked).min()) => {
                    if unblocked.is_some_and(|at| at <= Instant::now()) {
                        self.apply(Change::Unblocked);
                    }
                }
            }
        }
    }

    /// One request, to its end: a release is heard after it. The share may change under way, and the bucket is refilled by the one in force.
    async fn attempt(&mut self, payload: Bytes, place: Place) -> Verdict {
        let (mut place, held) = (Some(place), tokio::time::sleep(HELD));
        tokio::pin!(held);
        // On the heap, and only while it lasts: thousands of idle senders must stay small.
        let transport = Arc::clone(&self.sender.transport);
        let mut post = Box::pin(async move { transport.post(payload).await });
        loop {
            tokio::select! {
                biased;
                answer = &mut post => return verdict(answer),
                () = &mut held, if place.is_some() => place = None,
                orders = ordered(&mut self.sender.orders) => {
                    let rate = self.sender.config.webhooks[self.sender.webhook.0 as usize].rate_per_second;
                    self.limiter.set_share(orders.share, self.started.elapsed());
                    self.sender.metrics.rate_limit(rate * orders.share);
                    self.blocked |= obey(orders, &mut self.limiter, &self.sender.metrics, self.started.elapsed());
                }
            }
        }
    }

    /// Stops the webhook after a 429 at `now`; how long.
    async fn block(&mut self, retry_after: Option<Duration>, now: Duration) -> Duration {
        let pause = retry_after
            .unwrap_or_else(|| retry::pause(&self.webhook().retry, self.limited, rand::random()));
        self.limited = self.limited.saturating_add(1);
        self.blocked = true;
        self.limiter.block(now.saturating_add(pause));
        let until = SystemTime::now().checked_add(pause);
        self.sender.metrics.blocked_until(until);
        self.log.limited(pause, now);
        if let Some(until) = until {
            // It outlives this process: it goes with the state of the partitions. Where nobody listens any more, the process is ending.
            let _ = self
                .sender
                .reports
                .send(delivery::Report::Blocked { webhook: self.sender.webhook, until })
                .await;
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

    /// Goes by the configuration that is in force now. Tokens that were spent, and a block, stay.
    fn reload(&mut self, orders: Orders) {
        if orders.generation == self.generation {
            return;
        }
        self.generation = orders.generation;
        let Some((config, transport)) = self.sender.in_force.of(self.sender.webhook) else {
            return;
        };
        self.log.reload(Arc::clone(&config));
        (self.sender.config, self.sender.transport) = (config, transport);
        let (rate, burst, now) = (self.webhook().rate_per_second, self.webhook().burst, self.now());
        self.limiter.set_rate(rate, burst, orders.share, now);
        self.sender.metrics.rate_limit(rate * orders.share);
        let before = std::mem::replace(&mut self.retired, self.sender.queue.is_retired());
        if self.blocked && before != self.retired {
            // Nobody waits for a webhook that is gone, but the pause goes on: it may come back.
            let left = self.limiter.blocked_until(now).map(|until| until.saturating_sub(now));
            let until =
                left.filter(|_| !self.retired).and_then(|left| SystemTime::now().checked_add(left));
            self.sender.metrics.blocked_until(until);
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Orders(orders) => {
                self.reload(orders);
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
    pub(super) async fn report(&mut self, ticket: Ticket, ended: Ended, at: Duration) -> bool {
        if ended == Ended::Delivered {
            self.log.delivered(at);
        }
        let heard = self
            .sender
            .reports
            .send(delivery::Report::Ended(Outcome { ticket, webhook: self.sender.webhook, ended }))
            .await
            .is_ok();
        self.sender.queue.finish(&ticket, ended);
        (self.sender.wake)();
        heard
    }
}

/// From Kafka's timestamp in milliseconds to now; a clock that runs ahead makes it zero.
pub(super) fn latency(timestamp: i64) -> Option<Duration> {
    let then = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_millis(u64::try_from(timestamp).ok()?))?;
    Some(then.elapsed().unwrap_or_default())
}

/// Stops the limiter where a former owner left a `Retry-After` that is still in force; whether it did.
fn obey(orders: Orders, limiter: &mut Limiter, metrics: &WebhookMetrics, now: Duration) -> bool {
    let left = orders.blocked_until.and_then(|until| until.duration_since(SystemTime::now()).ok());
    let Some(left) = left.map(|left| left.min(slack::LONGEST_PAUSE)).filter(|left| !left.is_zero())
    else {
        return false;
    };
    let until = now.saturating_add(left);
    if limiter.blocked_until(now).is_none_or(|blocked| blocked < until) {
        metrics.blocked_until(orders.blocked_until);
        limiter.block(until);
    }
    true
}

/// What a delivery still needs to leave: its place in the window (`None`), then one among those that begin.
async fn admitted(window: &Window, starts: &Starts, entered: bool) -> Option<Place> {
    if entered {
        return Some(starts.enter().await);
    }
    window.enter().await;
    None
}

async fn changed(orders: &mut watch::Receiver<Orders>, unblocked: Option<Instant>) -> Change {
    tokio::select! {
        orders = ordered(orders) => Change::Orders(orders),
        () = sleep_until(unblocked) => Change::Unblocked,
    }
}

async fn ordered(orders: &mut watch::Receiver<Orders>) -> Orders {
    // Whoever gives orders is gone: the last ones stay in force.
    if orders.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    *orders.borrow_and_update()
}

/// `None`: never.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
