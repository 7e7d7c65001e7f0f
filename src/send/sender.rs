//! One sender at work: waits for its turn, attempts, acts on the verdict, reports the outcome.
//!
//! Invariant: no attempt leaves before [`Pace`] allows it, none of a delivery that was released to
//! its partition's next owner, and none while the commit window is full.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::connection_permits::HOLD_LIMIT;
use super::fault_log::FaultLog;
use super::pace::Pace;
use super::retry::Budget;
use super::sender_context::SenderContext;
use super::verdict::Verdict;
use crate::commit_hold::CommitHold;
use crate::delivery::{Outcome, Reason};
use crate::post::{Post, Report, Tickets};

/// A sender at work.
pub struct Sender {
    pub context: SenderContext,
    pace: Pace,
    log: FaultLog,
    /// The number of the configuration in `context`.
    generation: u64,
    /// The webhook was removed from the configuration.
    retired: bool,
}

impl Sender {
    pub fn new(context: SenderContext) -> Self {
        let generation = context.control.borrow().generation;
        let mut sender = Self {
            pace: Pace::new(context.webhook(), context.metrics.clone()),
            log: FaultLog::default(),
            generation,
            retired: false,
            context,
        };
        sender.apply_control();
        sender
    }

    /// Waits for the next post; `None`: the queue was closed.
    pub async fn next(&mut self) -> Option<Post> {
        loop {
            let throttle_expiry = self.pace.throttle_expires_at();
            tokio::select! {
                biased;
                next = self.context.queue.next() => return next,
                Ok(()) = self.context.control.changed() => self.apply_control(),
                () = sleep_until(throttle_expiry) => self.pace.clear_throttle(),
            }
        }
    }

    /// Attempts a post until it ends, and reports its outcome. It has none where it was released to
    /// its partition's next owner, or given back to the queue, because its webhook was removed.
    /// Returns `false` when the poll loop has ended.
    pub async fn deliver(&mut self, mut post: Post) -> bool {
        let payload = Bytes::from(std::mem::take(&mut post.payload));
        let tickets = &post.tickets;
        let Some(ticket) = tickets.first() else { return true };
        let mut budget = Budget::default();
        let mut not_before = Duration::ZERO;
        // Acquired before the first attempt, and kept over all of them.
        let mut kept = None;
        loop {
            let turn = self.turn(tickets, not_before, kept.take()).await;
            let Some((hold, permit)) = turn else {
                if self.retired {
                    let payload = Vec::from(payload).into_boxed_slice();
                    self.context.queue.give_back(Post { payload, ..post });
                    (self.context.wake)();
                }
                return true;
            };
            if !self.context.queue.start_attempt(tickets) {
                return true;
            }
            let sent = self.pace.now();
            if self.pace.take(sent) {
                budget.attempt(sent);
                let verdict = self.attempt(payload.clone(), permit).await;
                let at = self.pace.now();
                self.record(&verdict, at.saturating_sub(sent), post.timestamp);
                let dropped = match verdict {
                    Verdict::Delivered => {
                        self.log.delivered(&self.context);
                        return self.report(tickets, Outcome::Delivered, hold).await;
                    }
                    Verdict::Rejected { word } => Some((Reason::Rejected, word)),
                    Verdict::RateLimited { retry_after } => {
                        let pause = self.throttle(retry_after, at).await;
                        self.log.limited(&self.context, pause);
                        budget.excuse((at + pause).saturating_sub(sent));
                        None
                    }
                    Verdict::Retry { word, retry_after, .. } => {
                        if retry_after.is_some() {
                            self.throttle(retry_after, at).await;
                        }
                        let retry = &self.context.webhook().retry;
                        match budget.failed(retry, at, rand::random()) {
                            Some(pause) => {
                                self.log.failed(&self.context, &ticket, &word);
                                not_before = at.saturating_add(pause);
                                None
                            }
                            None => Some((Reason::RetriesExhausted, word)),
                        }
                    }
                };
                if let Some((reason, word)) = dropped {
                    self.log.dropped(&self.context, &ticket, reason, &word);
                    return self.report(tickets, Outcome::Dropped(reason), hold).await;
                }
            }
            if !self.context.queue.end_attempt(tickets) {
                return true;
            }
            kept = Some(hold);
        }
    }

    /// Logs what no line covers yet.
    pub fn finish_log(&mut self) {
        self.log.finish(&self.context);
    }

    /// Reports the outcome to the ledger, then records it in the queue's counts: where nothing is
    /// in flight any more, the outcome is already in the channel. Returns `false` when the poll
    /// loop has ended.
    async fn report(&self, tickets: &Tickets, outcome: Outcome, hold: CommitHold) -> bool {
        let report = Report::Ended { tickets: tickets.clone(), outcome, hold };
        let received = self.context.reports.send(report).await.is_ok();
        self.context.queue.finish(tickets, outcome);
        (self.context.wake)();
        received
    }

    /// Waits until an attempt may leave: it needs a hold, unless the post has one from an earlier
    /// attempt, and a permit. `None`: the post was released meanwhile, or the webhook was removed.
    async fn turn(
        &mut self,
        tickets: &Tickets,
        not_before: Duration,
        mut hold: Option<CommitHold>,
    ) -> Option<(CommitHold, OwnedSemaphorePermit)> {
        let window = Arc::clone(&self.context.window);
        let permits = Arc::clone(&self.context.connection_permits);
        let mut permit = None;
        loop {
            self.apply_pending();
            if self.retired {
                window.stop_waiting();
                return None;
            }
            let now = self.pace.now();
            let ready = self.pace.ready_at(now).map(|at| at.max(not_before));
            let may_leave = ready.is_some_and(|at| at <= now);
            if may_leave {
                hold = hold.or_else(|| window.try_acquire());
                if hold.is_some() && permit.is_none() {
                    permit = Arc::clone(&permits).try_acquire_owned().ok();
                }
                if hold.is_some() && permit.is_some() {
                    self.pace.clear_throttle();
                    return hold.zip(permit);
                }
            } else {
                window.stop_waiting();
                permit = None;
            }
            let ready = ready.filter(|_| !may_leave).and_then(|at| self.pace.instant(at));
            let throttle_expiry = self.pace.throttle_expires_at();
            tokio::select! {
                biased;
                () = self.context.queue.released() => {
                    // The notification may be an old one: the queue knows.
                    let queue = &self.context.queue;
                    let released = !queue.start_attempt(tickets)
                        || !queue.end_attempt(tickets);
                    if released {
                        window.stop_waiting();
                        return None;
                    }
                }
                Ok(()) = self.context.control.changed() => self.apply_control(),
                acquired = window.acquire(), if may_leave && hold.is_none() => {
                    hold = Some(acquired);
                }
                // Cannot fail: the semaphore is never closed.
                Ok(acquired) = Arc::clone(&permits).acquire_owned(), if may_leave && hold.is_some() => {
                    permit = Some(acquired);
                }
                // One timer for both: ten thousand idle senders have one each.
                () = sleep_until(ready.into_iter().chain(throttle_expiry).min()) => {
                    if throttle_expiry.is_some_and(|at| at <= Instant::now()) {
                        self.pace.clear_throttle();
                    }
                }
            }
        }
    }

    /// One request, to its end: a release takes effect after it. The rate share may change
    /// meanwhile, and the limiter refills at the current one.
    async fn attempt(&mut self, payload: Bytes, permit: OwnedSemaphorePermit) -> Verdict {
        let (mut permit, hold_limit) = (Some(permit), tokio::time::sleep(HOLD_LIMIT));
        tokio::pin!(hold_limit);
        let endpoint = Arc::clone(&self.context.endpoint);
        let post = endpoint.post(payload);
        tokio::pin!(post);
        loop {
            tokio::select! {
                biased;
                answered = &mut post => {
                    if let Ok(answer) = &answered {
                        answer.log_body(&self.context.webhook().name);
                    }
                    return endpoint.judge(answered);
                }
                () = &mut hold_limit, if permit.is_some() => permit = None,
                Ok(()) = self.context.control.changed() => {
                    self.pace.apply(self.context.webhook(), *self.context.control.borrow());
                }
            }
        }
    }

    /// Counts an attempt. `timestamp` is the event's, in Kafka's milliseconds.
    fn record(&mut self, verdict: &Verdict, took: Duration, timestamp: Option<i64>) {
        let delivered = *verdict == Verdict::Delivered;
        let latency = timestamp.filter(|_| delivered).and_then(latency);
        self.context.metrics.attempt(verdict.result(), took, latency);
        if !matches!(verdict, Verdict::RateLimited { .. }) {
            self.pace.not_rate_limited();
        }
    }

    /// Throttles the webhook after a 429 or a `Retry-After` at `now`; returns for how long.
    async fn throttle(&mut self, retry_after: Option<Duration>, now: Duration) -> Duration {
        let (pause, until) = self.pace.throttle(self.context.webhook(), retry_after, now);
        if let Some(until) = until {
            // It outlives this process, in the restart state of the partitions. A poll loop that
            // has ended takes no report: the process is ending.
            let report = Report::Throttled { webhook: self.context.webhook, until };
            let _ = self.context.reports.send(report).await;
            (self.context.wake)();
        }
        pause
    }

    /// Applies what was set before now, and the configuration that came during an attempt.
    fn apply_pending(&mut self) {
        if self.context.control.has_changed().unwrap_or_default()
            || self.context.control.borrow().generation != self.generation
        {
            self.apply_control();
        }
    }

    /// Applies what the poll loop has set.
    fn apply_control(&mut self) {
        let control = *self.context.control.borrow_and_update();
        self.reload(control.generation);
        self.pace.apply(self.context.webhook(), control);
    }

    /// Changes to the active configuration, if it is another one than before.
    fn reload(&mut self, generation: u64) {
        if generation == self.generation {
            return;
        }
        self.generation = generation;
        {
            let active = self.context.active_config.borrow();
            let Some(endpoint) = active.endpoints.get(self.context.webhook.0 as usize) else {
                return;
            };
            self.context.endpoint = Arc::clone(endpoint);
            self.context.config = Arc::clone(&active.config);
        }
        let retired = self.context.queue.is_retired();
        if retired != self.retired {
            self.retired = retired;
            self.pace.show_throttle(!retired);
        }
    }
}

/// The time from Kafka's timestamp in milliseconds to now; zero where that clock runs ahead.
pub fn latency(timestamp: i64) -> Option<Duration> {
    let then = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_millis(u64::try_from(timestamp).ok()?))?;
    Some(then.elapsed().unwrap_or_default())
}

/// `None`: never.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
