//! One sender at work: waits for its turn, attempts, acts on the verdict, reports the outcome.
//!
//! Invariant: no attempt leaves before [`Pace`] allows it, none of a delivery that was released to
//! its partition's next owner, and none while the commit window is full.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::client::HttpClient;
use super::connection_permits::{ConnectionPermit, ConnectionPermits, HOLD_LIMIT};
use super::fault_log::FaultLog;
use super::pace::Pace;
use super::retry::Budget;
use super::sender_context::SenderContext;
use super::verdict::Verdict;
use crate::commit_hold::{CommitHold, CommitWindow};
use crate::delivery::{Outcome, Reason};
use crate::post::{Post, Report, Tickets};
use crate::queue::AfterAttempt;
use crate::sender_control::SenderControl;

/// A sender at work.
pub(super) struct Sender<C> {
    context: SenderContext<C>,
    pace: Pace,
    log: FaultLog,
    /// The number of the configuration in `context`.
    generation: u64,
    /// The webhook was removed from the configuration.
    retired: bool,
}

/// How a post ended, and when.
pub(super) struct Ended {
    outcome: Outcome,
    hold: CommitHold,
    at: Duration,
}

/// What an attempt needs to leave.
enum Acquired {
    Hold(CommitHold),
    Permit(ConnectionPermit),
}

impl<C: HttpClient> Sender<C> {
    pub(super) fn new(mut context: SenderContext<C>) -> Self {
        let control = *context.control.borrow_and_update();
        let mut sender = Self {
            pace: Pace::new(context.webhook(), control.rate_share, context.metrics.clone()),
            log: FaultLog::new(Arc::clone(&context.config), context.webhook),
            generation: control.generation,
            retired: false,
            context,
        };
        sender.apply(control);
        sender
    }

    /// The webhook's name.
    pub(super) fn name(&self) -> &str {
        &self.context.webhook().name
    }

    /// Waits for the next post; `None`: the queue was closed.
    pub(super) async fn next(&mut self) -> Option<Post> {
        loop {
            let throttle_expiry = self.pace.throttle_expires_at();
            tokio::select! {
                biased;
                next = self.context.queue.next() => return next,
                control = changed(&mut self.context.control) => self.apply(control),
                () = sleep_until(throttle_expiry) => self.pace.clear_throttle(),
            }
        }
    }

    /// Attempts a post until it ends.
    ///
    /// `None`: it was released to its partition's next owner, or given back to the queue, because
    /// its webhook was removed.
    pub(super) async fn deliver(&mut self, post: &mut Post) -> Option<Ended> {
        let payload = Bytes::from(std::mem::take(&mut post.payload));
        let tickets = &post.tickets;
        let ticket = tickets.first()?;
        let mut budget = Budget::default();
        let mut not_before = Duration::ZERO;
        // Acquired before the first attempt, and kept over all of them.
        let mut kept = None;
        loop {
            let turn = self.turn(tickets, not_before, kept.take()).await;
            let Some((hold, permit)) = turn else {
                if self.retired {
                    let payload = Vec::from(payload).into_boxed_slice();
                    let (tickets, timestamp) = (tickets.clone(), post.timestamp);
                    self.context.queue.give_back(Post { tickets, payload, timestamp });
                    (self.context.wake)();
                }
                return None;
            };
            if !self.context.queue.start_attempt(tickets) {
                return None;
            }
            let sent = self.pace.now();
            if self.pace.take(sent) {
                budget.attempt(sent);
                let verdict = self.attempt(payload.clone(), permit).await;
                let at = self.pace.now();
                self.record(&verdict, at.saturating_sub(sent), post.timestamp);
                match verdict {
                    Verdict::Delivered => {
                        return Some(Ended { outcome: Outcome::Delivered, hold, at });
                    }
                    Verdict::Rejected { word } => {
                        self.log.dropped(&ticket, Reason::Rejected, &word, at);
                        let outcome = Outcome::Dropped(Reason::Rejected);
                        return Some(Ended { outcome, hold, at });
                    }
                    Verdict::RateLimited { retry_after } => {
                        let pause = self.throttle(retry_after, at).await;
                        budget.excuse((at + pause).saturating_sub(sent));
                    }
                    Verdict::Retry { word, .. } => {
                        let retry = &self.context.webhook().retry;
                        let Some(pause) = budget.failed(retry, at, rand::random()) else {
                            self.log.dropped(&ticket, Reason::RetriesExhausted, &word, at);
                            let outcome = Outcome::Dropped(Reason::RetriesExhausted);
                            return Some(Ended { outcome, hold, at });
                        };
                        self.log.failed(&ticket, &word, at);
                        not_before = at.saturating_add(pause);
                    }
                }
            }
            if self.context.queue.end_attempt(tickets) == AfterAttempt::Released {
                return None;
            }
            kept = Some(hold);
        }
    }

    /// Reports the outcome to the ledger, then closes the queue's books: where nothing is in flight
    /// any more, the outcome is already in the channel. Returns `false` when the poll loop has
    /// ended.
    pub(super) async fn report(&mut self, tickets: Tickets, ended: Ended) -> bool {
        let Ended { outcome, hold, at } = ended;
        if outcome == Outcome::Delivered {
            self.log.delivered(at);
        }
        let (reported, webhook) = (tickets.clone(), self.context.webhook);
        let report = Report::Ended { tickets: reported, webhook, outcome, hold };
        let received = self.context.reports.send(report).await.is_ok();
        self.context.queue.finish(&tickets, outcome);
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
    ) -> Option<(CommitHold, ConnectionPermit)> {
        let window = Arc::clone(&self.context.window);
        let permits = self.context.connection_permits.clone();
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
            if !may_leave {
                window.stop_waiting();
                permit = None;
            } else if hold.is_none() {
                hold = window.try_acquire();
            }
            if may_leave && hold.is_some() && permit.is_none() {
                permit = permits.try_acquire();
            }
            (hold, permit) = match (hold, permit) {
                (Some(hold), Some(permit)) if may_leave => {
                    self.pace.clear_throttle();
                    return Some((hold, permit));
                }
                missing => missing,
            };
            let ready = ready.filter(|_| !may_leave).and_then(|at| self.pace.instant(at));
            let throttle_expiry = self.pace.throttle_expires_at();
            tokio::select! {
                biased;
                () = self.context.queue.released() => {
                    // The notification may be an old one: the queue knows.
                    let queue = &self.context.queue;
                    let released = !queue.start_attempt(tickets)
                        || queue.end_attempt(tickets) == AfterAttempt::Released;
                    if released {
                        window.stop_waiting();
                        return None;
                    }
                }
                control = changed(&mut self.context.control) => self.apply(control),
                acquired = acquire(&window, &permits, hold.is_some()), if may_leave => match acquired {
                    Acquired::Hold(acquired) => hold = Some(acquired),
                    Acquired::Permit(acquired) => permit = Some(acquired),
                },
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
    async fn attempt(&mut self, payload: Bytes, permit: ConnectionPermit) -> Verdict {
        let (mut permit, hold_limit) = (Some(permit), tokio::time::sleep(HOLD_LIMIT));
        tokio::pin!(hold_limit);
        // On the heap, and only while it lasts: thousands of idle senders must stay small.
        let endpoint = Arc::clone(&self.context.endpoint);
        let mut post = Box::pin(async move { endpoint.judge(&endpoint.post(payload).await) });
        loop {
            tokio::select! {
                biased;
                verdict = &mut post => return verdict,
                () = &mut hold_limit, if permit.is_some() => permit = None,
                control = changed(&mut self.context.control) => self.apply_pace(control),
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

    /// Throttles the webhook after a 429 at `now`; returns for how long.
    async fn throttle(&mut self, retry_after: Option<Duration>, now: Duration) -> Duration {
        let (pause, until) = self.pace.throttle(self.context.webhook(), retry_after, now);
        self.log.limited(pause, now);
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
        if self.context.control.has_changed().unwrap_or_default() {
            let control = *self.context.control.borrow_and_update();
            self.apply(control);
        }
        let control = *self.context.control.borrow();
        self.reload(control);
    }

    fn apply(&mut self, control: SenderControl) {
        self.reload(control);
        self.apply_pace(control);
    }

    /// Applies everything but a new configuration, for which an attempt is waited for.
    fn apply_pace(&mut self, control: SenderControl) {
        self.pace.set_rate_share(self.context.webhook(), control.rate_share);
        if let Some(until) = control.throttled_until {
            self.pace.inherit_throttle(until);
        }
    }

    /// Changes to the active configuration, if it is another one than before.
    fn reload(&mut self, control: SenderControl) {
        if control.generation == self.generation {
            return;
        }
        self.generation = control.generation;
        let Some((config, endpoint)) = self.context.active_config.get(self.context.webhook) else {
            return;
        };
        self.log.reload(Arc::clone(&config));
        (self.context.config, self.context.endpoint) = (config, endpoint);
        self.pace.set_rate(self.context.webhook(), control.rate_share);
        let retired = self.context.queue.is_retired();
        if retired != self.retired {
            self.retired = retired;
            self.pace.show_throttle(!retired);
        }
    }
}

/// The time from Kafka's timestamp in milliseconds to now; zero where that clock runs ahead.
pub(super) fn latency(timestamp: i64) -> Option<Duration> {
    let then = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_millis(u64::try_from(timestamp).ok()?))?;
    Some(then.elapsed().unwrap_or_default())
}

/// Waits for what a post needs next to leave: its hold, then its permit.
async fn acquire(
    window: &Arc<CommitWindow>,
    permits: &ConnectionPermits,
    has_hold: bool,
) -> Acquired {
    if has_hold {
        Acquired::Permit(permits.acquire().await)
    } else {
        Acquired::Hold(window.acquire().await)
    }
}

/// The next change of what the poll loop sets. Pending for ever once the poll loop has ended: the
/// last settings stay.
async fn changed(control: &mut watch::Receiver<SenderControl>) -> SenderControl {
    if control.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    *control.borrow_and_update()
}

/// `None`: never.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
