//! [4] One sender at work: waits for its turn, attempts, judges the answer, reports how it ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::client::Transport;
use super::connection_permits::{ConnectionPermit, ConnectionPermits, HELD};
use super::fault_log::FaultLog;
use super::limit::Limiter;
use super::retry::{self, Budget};
use super::slack::{self, Verdict};
use super::{SenderContext, verdict};
use crate::config::model::Webhook;
use crate::delivery::{self, Delivery, Ended, Outcome, Reason, Ticket};
use crate::metrics::WebhookMetrics;
use crate::queue::AfterAttempt;
use crate::sender_control::SenderControl;
use crate::window::Window;

/// A sender at work.
pub(super) struct Sender<T> {
    context: SenderContext<T>,
    /// The zero of the times below.
    started: Instant,
    limiter: Limiter,
    /// Of the configuration that it goes by.
    generation: u64,
    /// 429s in a row, over deliveries: the backoff of those that don't say how long.
    limited: u32,
    /// The gauge shows a pause.
    throttled: bool,
    /// The webhook is gone.
    retired: bool,
    log: FaultLog,
}

/// What can happen to a webhook at any time, whether it has something to send or not.
enum Change {
    Control(SenderControl),
    ThrottleExpired,
}

impl<T: Transport> Sender<T> {
    pub(super) fn new(mut context: SenderContext<T>) -> Self {
        let orders = *context.control.borrow_and_update();
        let webhook = &context.config.webhooks[context.webhook.0 as usize];
        let limiter =
            Limiter::new(webhook.rate_per_second, webhook.burst, orders.rate_share, Duration::ZERO);
        context.metrics.throttled_until(None);
        let log = FaultLog::new(context.config.clone(), context.webhook);
        let generation = orders.generation;
        let (started, limited, throttled, retired) = (Instant::now(), 0, false, false);
        let mut sender =
            Self { context, started, limiter, generation, limited, throttled, retired, log };
        sender.apply(Change::Control(orders));
        sender
    }

    pub(super) fn webhook(&self) -> &Webhook {
        &self.context.config.webhooks[self.context.webhook.0 as usize]
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) async fn next(&mut self) -> Option<Delivery> {
        loop {
            let throttle_expires = self.throttle_expires_at();
            tokio::select! {
                biased;
                next = self.context.queue.next() => return next,
                change = changed(&mut self.context.control, throttle_expires) => self.apply(change),
            }
        }
    }

    /// Attempts until it ends, and when it did; `None`: it was released, and is the partition's next owner's, or given back, since the webhook is gone.
    pub(super) async fn deliver(&mut self, delivery: &mut Delivery) -> Option<(Ended, Duration)> {
        let mut entered = false;
        let ended = self.attempts(delivery, &mut entered).await;
        if ended.is_none() && entered {
            // No outcome that a commit could tell.
            self.context.window.leave();
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
                    self.context.queue.give_back(Delivery { payload, ..*delivery });
                    (self.context.wake)();
                }
                return None;
            };
            if !self.context.queue.begin_attempt(ticket) {
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
            self.context.metrics.attempt(verdict.result(), now.saturating_sub(left), latency);
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
                    let pause = self.throttle(retry_after, now).await;
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
            if self.context.queue.end_attempt(ticket) == AfterAttempt::Gone {
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
    ) -> Option<ConnectionPermit> {
        let (window, connection_permits) =
            (Arc::clone(&self.context.window), self.context.connection_permits.clone());
        let mut place = None;
        loop {
            // An order that was given before this is obeyed before it.
            if self.context.control.has_changed().unwrap_or_default() {
                let orders = *self.context.control.borrow_and_update();
                self.apply(Change::Control(orders));
            }
            // One that came while an attempt was out.
            let orders = *self.context.control.borrow();
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
            if begins && let Some(place) = place.take().or_else(|| connection_permits.try_enter()) {
                if self.throttled {
                    self.apply(Change::ThrottleExpired);
                }
                return Some(place);
            }
            let ready = ready.filter(|_| !may_leave).and_then(|at| self.started.checked_add(at));
            let throttle_expires = self.throttle_expires_at();
            tokio::select! {
                biased;
                () = self.context.queue.released() => {
                    // A stale ring leaves it where it is; only the queue knows.
                    let queue = &self.context.queue;
                    if !queue.begin_attempt(ticket) || queue.end_attempt(ticket) == AfterAttempt::Gone {
                        window.give_up();
                        return None;
                    }
                }
                orders = ordered(&mut self.context.control) => self.apply(Change::Control(orders)),
                admitted = admitted(&window, &connection_permits, *entered), if may_leave => match admitted {
                    Some(begun) => place = Some(begun),
                    None => *entered = true,
                },
                // One timer for both: ten thousand of these lie waiting.
                () = sleep_until(ready.into_iter().chain(throttle_expires).min()) => {
                    if throttle_expires.is_some_and(|at| at <= Instant::now()) {
                        self.apply(Change::ThrottleExpired);
                    }
                }
            }
        }
    }

    /// One request, to its end: a release is heard after it. The share may change under way, and the bucket is refilled by the one in force.
    async fn attempt(&mut self, payload: Bytes, place: ConnectionPermit) -> Verdict {
        let (mut place, held) = (Some(place), tokio::time::sleep(HELD));
        tokio::pin!(held);
        // On the heap, and only while it lasts: thousands of idle senders must stay small.
        let transport = Arc::clone(&self.context.transport);
        let mut post = Box::pin(async move { transport.post(payload).await });
        loop {
            tokio::select! {
                biased;
                answer = &mut post => return verdict(answer),
                () = &mut held, if place.is_some() => place = None,
                orders = ordered(&mut self.context.control) => {
                    let rate = self.context.config.webhooks[self.context.webhook.0 as usize].rate_per_second;
                    self.limiter.set_share(orders.rate_share, self.started.elapsed());
                    self.context.metrics.rate_limit(rate * orders.rate_share);
                    self.throttled |= obey(orders, &mut self.limiter, &self.context.metrics, self.started.elapsed());
                }
            }
        }
    }

    /// Stops the webhook after a 429 at `now`; how long.
    async fn throttle(&mut self, retry_after: Option<Duration>, now: Duration) -> Duration {
        let pause = retry_after
            .unwrap_or_else(|| retry::pause(&self.webhook().retry, self.limited, rand::random()));
        self.limited = self.limited.saturating_add(1);
        self.throttled = true;
        self.limiter.throttle(now.saturating_add(pause));
        let until = SystemTime::now().checked_add(pause);
        self.context.metrics.throttled_until(until);
        self.log.limited(pause, now);
        if let Some(until) = until {
            // It outlives this process: it goes with the state of the partitions. Where nobody listens any more, the process is ending.
            let _ = self
                .context
                .reports
                .send(delivery::Report::Throttled { webhook: self.context.webhook, until })
                .await;
            (self.context.wake)();
        }
        pause
    }

    fn throttle_expires_at(&self) -> Option<Instant> {
        if !self.throttled {
            return None;
        }
        let until = self.limiter.throttled_until(self.now()).unwrap_or_default();
        self.started.checked_add(until)
    }

    /// Goes by the configuration that is in force now. Tokens that were spent, and a block, stay.
    fn reload(&mut self, orders: SenderControl) {
        if orders.generation == self.generation {
            return;
        }
        self.generation = orders.generation;
        let Some((config, transport)) = self.context.active_config.of(self.context.webhook) else {
            return;
        };
        self.log.reload(Arc::clone(&config));
        (self.context.config, self.context.transport) = (config, transport);
        let (rate, burst, now) = (self.webhook().rate_per_second, self.webhook().burst, self.now());
        self.limiter.set_rate(rate, burst, orders.rate_share, now);
        self.context.metrics.rate_limit(rate * orders.rate_share);
        let before = std::mem::replace(&mut self.retired, self.context.queue.is_retired());
        if self.throttled && before != self.retired {
            // Nobody waits for a webhook that is gone, but the pause goes on: it may come back.
            let left = self.limiter.throttled_until(now).map(|until| until.saturating_sub(now));
            let until =
                left.filter(|_| !self.retired).and_then(|left| SystemTime::now().checked_add(left));
            self.context.metrics.throttled_until(until);
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Control(orders) => {
                self.reload(orders);
                let now = self.now();
                self.limiter.set_share(orders.rate_share, now);
                self.context.metrics.rate_limit(self.webhook().rate_per_second * orders.rate_share);
                self.throttled |= obey(orders, &mut self.limiter, &self.context.metrics, now);
            }
            Change::ThrottleExpired => {
                self.throttled = false;
                self.context.metrics.throttled_until(None);
            }
        }
    }

    /// Tells the ledger first and closes the books then: whoever sees that nothing is in flight any more finds the outcome in the channel.
    pub(super) async fn report(&mut self, ticket: Ticket, ended: Ended, at: Duration) -> bool {
        if ended == Ended::Delivered {
            self.log.delivered(at);
        }
        let heard = self
            .context
            .reports
            .send(delivery::Report::Ended(Outcome { ticket, webhook: self.context.webhook, ended }))
            .await
            .is_ok();
        self.context.queue.finish(&ticket, ended);
        (self.context.wake)();
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
fn obey(
    orders: SenderControl,
    limiter: &mut Limiter,
    metrics: &WebhookMetrics,
    now: Duration,
) -> bool {
    let left =
        orders.throttled_until.and_then(|until| until.duration_since(SystemTime::now()).ok());
    let Some(left) = left.map(|left| left.min(slack::LONGEST_PAUSE)).filter(|left| !left.is_zero())
    else {
        return false;
    };
    let until = now.saturating_add(left);
    if limiter.throttled_until(now).is_none_or(|current| current < until) {
        metrics.throttled_until(orders.throttled_until);
        limiter.throttle(until);
    }
    true
}

/// What a delivery still needs to leave: its place in the window (`None`), then one among those that begin.
async fn admitted(
    window: &Window,
    connection_permits: &ConnectionPermits,
    entered: bool,
) -> Option<ConnectionPermit> {
    if entered {
        return Some(connection_permits.enter().await);
    }
    window.enter().await;
    None
}

async fn changed(
    orders: &mut watch::Receiver<SenderControl>,
    throttle_expires: Option<Instant>,
) -> Change {
    tokio::select! {
        orders = ordered(orders) => Change::Control(orders),
        () = sleep_until(throttle_expires) => Change::ThrottleExpired,
    }
}

async fn ordered(orders: &mut watch::Receiver<SenderControl>) -> SenderControl {
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
