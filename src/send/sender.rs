//! One sender at work: waits for its turn, attempts, acts on the verdict, reports the outcome.
//!
//! Invariant: no attempt leaves before [`Pace`] allows it, none of a delivery that was released to
//! its partition's next owner, and none while the commit window is full.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::app::Turn;
use super::attempts::{Attempts, Next};
use super::clearance::{Clearance, Missing, missing};
use super::connection_permits::HOLD_LIMIT;
use super::fault_log::FaultLog;
use super::pace::{Pace, sleep_until};
use super::resting::Resting;
use super::sender_context::SenderContext;
use super::verdict::Verdict;
use crate::commit_hold::CommitHold;
use crate::delivery::{Outcome, Reason};
use crate::event_time::EventTime;
use crate::post::{Post, Report};
use crate::sender_control::SenderControl;

/// A sender at work.
pub struct Sender {
    pub context: SenderContext,
    pace: Pace,
    log: FaultLog,
    /// The number of the configuration in `context`.
    generation: u64,
    /// The webhook was removed from the configuration.
    retired: bool,
    /// What a person must repair before messages are posted again.
    resting: Resting,
}

impl Sender {
    pub fn new(context: SenderContext) -> Self {
        let generation = context.control.borrow().generation;
        let signals = context.active_config.borrow().signals;
        let mut sender = Self {
            pace: Pace::new(context.webhook(), context.metrics.clone()),
            log: FaultLog::default(),
            generation,
            retired: false,
            resting: Resting::new(signals),
            context,
        };
        sender.context.show_rest_of_app();
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
    ///
    /// The post is lent: a future holds its owned arguments twice.
    pub async fn deliver(&mut self, post: &mut Post) -> bool {
        let payload = std::mem::take(&mut post.payload).into();
        let Some(mut attempts) = Attempts::of(payload, post.parts_sent) else {
            return self.end_without_parts(post).await;
        };
        // Acquired before the first attempt of a part, and kept over all of them.
        let mut kept = None;
        loop {
            let turn = self.turn(post, &attempts, kept.take()).await;
            let Some(Clearance { hold, turn, permit }) = turn else {
                if self.retired {
                    post.payload = attempts.into_payload();
                    self.give_back(post);
                    return true;
                }
                return self.drop_if_expired(post).await;
            };
            if !self.context.queue.start_attempt(&post.tickets) {
                return true;
            }
            // Boxed: it lasts for milliseconds, and ten thousand senders wait for their turn.
            let attempt = Box::pin(self.attempt(post, &mut attempts, turn, permit));
            match attempt.await {
                Next::End(outcome) => {
                    return self.context.report_end(&post.tickets, outcome, Some(hold)).await;
                }
                Next::Part => {
                    post.parts_sent = post.parts_sent.saturating_add(1);
                    if !self.context.report_part(post, hold).await {
                        return false;
                    }
                }
                Next::Again => kept = Some(hold),
            }
            if !self.context.queue.end_attempt(&post.tickets) {
                return true;
            }
        }
    }

    /// Ends a delivery of which every part was posted: another configuration has fewer.
    async fn end_without_parts(&self, post: &Post) -> bool {
        let tickets = &post.tickets;
        if !self.context.queue.start_attempt(tickets) {
            return true;
        }
        self.context.report_end(tickets, Outcome::Delivered, None).await
    }

    /// Returns a post to the queue of its webhook, which was removed.
    fn give_back(&self, post: &mut Post) {
        let (tickets, payload) = (post.tickets.clone(), std::mem::take(&mut post.payload));
        self.context.queue.give_back(Post { tickets, payload, ..*post });
        (self.context.wake)();
    }

    /// Drops a post that is too old, unless it was released meanwhile.
    async fn drop_if_expired(&mut self, post: &Post) -> bool {
        let is_expired = self.resting.is_expired(&self.context, post);
        if !is_expired || !self.context.queue.start_attempt(&post.tickets) {
            return true;
        }
        if let Some(ticket) = post.tickets.first() {
            self.log.dropped(&self.context, &ticket, Reason::Expired, None);
        }
        let outcome = Outcome::Dropped(Reason::Expired);
        self.context.report_end(&post.tickets, outcome, None).await
    }

    /// Attempts what is posted next once.
    async fn attempt(
        &mut self,
        post: &Post,
        attempts: &mut Attempts,
        turn: Option<Turn>,
        permit: OwnedSemaphorePermit,
    ) -> Next {
        let Some(ticket) = post.tickets.first() else { return Next::Again };
        let sent = self.pace.now();
        if !self.take(sent, turn, attempts) {
            return Next::Again;
        }
        attempts.budget.attempt(sent);
        let verdict = self.request(attempts.payload.clone(), permit).await;
        let at = self.pace.now();
        let time = Some(post.time).filter(|_| attempts.is_last());
        self.record(&verdict, at.saturating_sub(sent), time);
        let rests = self.resting.record(&self.context, self.generation, &verdict, at);
        let (reason, word) = match verdict {
            Verdict::Delivered => {
                self.log.delivered(&self.context);
                return attempts.delivered();
            }
            Verdict::BlocksRefused { word, pointer } if attempts.without_blocks() => {
                self.log.refused_blocks(&self.context, &ticket, &word, pointer.as_deref());
                self.context.queue.count_refused_blocks(&post.tickets);
                return Next::Again;
            }
            Verdict::Rejected { word } | Verdict::BlocksRefused { word, .. } => {
                (Reason::Rejected, word)
            }
            Verdict::Rest { .. } => {
                attempts.budget.excuse_from(sent);
                return Next::Again;
            }
            Verdict::WithoutCustomization => return Next::Again,
            Verdict::RateLimited { .. } | Verdict::MessageLimit => {
                let pause = self.throttle(&verdict, at).await;
                self.log.limited(&self.context, pause);
                attempts.budget.excuse((at + pause).saturating_sub(sent));
                return Next::Again;
            }
            Verdict::Retry { word, .. } if rests => {
                self.log.failed(&self.context, &ticket, &word);
                attempts.budget.excuse_from(sent);
                return Next::Again;
            }
            Verdict::Retry { ref word, retry_after, .. } => {
                if retry_after.is_some() {
                    self.throttle(&verdict, at).await;
                }
                let retry = &self.context.webhook().retry;
                if let Some(pause) = attempts.budget.failed(retry, at, rand::random()) {
                    self.log.failed(&self.context, &ticket, word);
                    attempts.not_before = at.saturating_add(pause);
                    return Next::Again;
                }
                (Reason::RetriesExhausted, word.clone())
            }
        };
        self.log.dropped(&self.context, &ticket, reason, Some(&word));
        Next::End(Outcome::Dropped(reason))
    }

    /// Logs what no line covers yet.
    pub fn finish_log(&mut self) {
        self.log.finish(&self.context);
    }

    /// Waits until an attempt may leave: it needs a hold, unless the post has one from an earlier
    /// attempt, and a permit. `None`: the post was released meanwhile, it is too old, or the
    /// webhook was removed.
    async fn turn(
        &mut self,
        post: &Post,
        attempts: &Attempts,
        mut hold: Option<CommitHold>,
    ) -> Option<Clearance> {
        let window = Arc::clone(&self.context.window);
        let permits = Arc::clone(&self.context.connection_permits);
        let (mut turn, mut permit) = (None, None);
        loop {
            self.apply_pending();
            if self.retired || self.resting.is_expired(&self.context, post) {
                window.stop_waiting();
                return None;
            }
            let (ready, may_leave) = self.readiness(attempts.not_before);
            if may_leave {
                hold = hold.or_else(|| window.try_acquire());
                let app = self.context.endpoint.app.as_ref();
                if hold.is_some() && turn.is_none() {
                    turn = app.and_then(|app| app.try_turn(self.generation));
                }
                let has_turn = turn.is_some() || app.is_none();
                if hold.is_some() && has_turn && permit.is_none() {
                    permit = Arc::clone(&permits).try_acquire_owned().ok();
                }
                if let Some(permit) = permit.take_if(|_| hold.is_some() && has_turn) {
                    self.pace.clear_throttle();
                    return hold.map(|hold| Clearance { hold, turn, permit });
                }
            } else {
                window.stop_waiting();
                (turn, permit) = (None, None);
            }
            let app = self.context.endpoint.app.as_ref().filter(|_| turn.is_none());
            let app = app.map(|app| (app, self.generation));
            let ready = ready.filter(|_| !may_leave).and_then(|at| self.pace.instant(at));
            let throttle_expiry = self.pace.throttle_expires_at();
            let next = [ready, throttle_expiry, self.resting.next_age_check(&self.context)];
            tokio::select! {
                biased;
                () = self.context.queue.released() => {
                    // The notification may be an old one: the queue knows.
                    let queue = &self.context.queue;
                    let released = !queue.start_attempt(&post.tickets)
                        || !queue.end_attempt(&post.tickets);
                    if released {
                        window.stop_waiting();
                        return None;
                    }
                }
                Ok(()) = self.context.control.changed() => self.apply_control(),
                missing = missing(&window, app, &permits, hold.is_some()), if may_leave => match missing {
                    Missing::Hold(acquired) => hold = Some(acquired),
                    Missing::Turn(acquired) => turn = Some(acquired),
                    Missing::Permit(acquired) => permit = Some(acquired),
                },
                // One timer for all: ten thousand idle senders have one each.
                () = sleep_until(next.into_iter().flatten().min()) => {
                    if throttle_expiry.is_some_and(|at| at <= Instant::now()) {
                        self.pace.clear_throttle();
                    }
                }
            }
        }
    }

    /// The earliest time at which an attempt may leave (`None`: not before the rate share changes),
    /// and whether it may leave now.
    fn readiness(&self, not_before: Duration) -> (Option<Duration>, bool) {
        let now = self.pace.now();
        let earliest = not_before.max(self.resting.next_probe());
        let ready = self.pace.ready_at(now).map(|at| at.max(earliest));
        (ready, ready.is_some_and(|at| at <= now))
    }

    /// One request, to its end: a release takes effect after it. The rate share may change
    /// meanwhile, and the limiter refills at the current one.
    async fn request(&mut self, payload: Bytes, permit: OwnedSemaphorePermit) -> Verdict {
        let (mut permit, hold_limit) = (Some(permit), tokio::time::sleep(HOLD_LIMIT));
        tokio::pin!(hold_limit);
        let endpoint = Arc::clone(&self.context.endpoint);
        let post = endpoint.post(payload.clone());
        tokio::pin!(post);
        loop {
            tokio::select! {
                biased;
                answered = &mut post => {
                    if let Ok(answer) = &answered {
                        answer.log_body(&self.context.webhook().name);
                    }
                    return endpoint.judge(&payload, answered);
                }
                () = &mut hold_limit, if permit.is_some() => permit = None,
                Ok(()) = self.context.control.changed() => {
                    let control = *self.context.control.borrow();
                    self.apply_rates(control);
                }
            }
        }
    }

    /// Counts an attempt to deliver an event of this time; `None`: other parts follow.
    fn record(&mut self, verdict: &Verdict, took: Duration, time: Option<EventTime>) {
        let delivered = *verdict == Verdict::Delivered;
        let latency = time.filter(|_| delivered).and_then(|time| time.latency(SystemTime::now()));
        self.context.metrics.attempt(verdict.result(), took, latency);
        if !matches!(verdict, Verdict::RateLimited { .. } | Verdict::MessageLimit) {
            self.pace.not_rate_limited();
        }
    }

    /// Throttles the webhook after a 429 or a `Retry-After` at `now`; returns for how long.
    async fn throttle(&mut self, verdict: &Verdict, now: Duration) -> Duration {
        let (pause, until) = self.pace.throttle(self.context.webhook(), verdict, now);
        if let Some(until) = until {
            // It outlives this process, in the restart state of the partitions. A poll loop that
            // has ended takes no report: the process is ending.
            let report = Report::Throttled { webhook: self.context.webhook, until };
            let _ = self.context.reports.send(report).await;
            self.context.throttle_app(pause).await;
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
        self.apply_rates(control);
    }

    /// Applies the shares of the rates, and an inherited throttle.
    fn apply_rates(&mut self, control: SenderControl) {
        self.pace.apply(self.context.webhook(), control);
        self.context.apply_app_share(control.app_share);
    }

    /// Spends one attempt of the webhook's rate and of its app's, or of neither.
    fn take(&mut self, now: Duration, turn: Option<Turn>, attempts: &mut Attempts) -> bool {
        attempts.budget.excuse_wait(turn.as_ref().map(Turn::waited).unwrap_or_default());
        self.pace.ready_at(now).is_some_and(|at| at <= now)
            && self.context.take_turn(turn, self.generation)
            && self.pace.take(now)
    }

    /// Changes to the active configuration, if it is another one than before.
    fn reload(&mut self, generation: u64) {
        if generation == self.generation {
            return;
        }
        self.generation = generation;
        let (last, signals) = {
            let active = self.context.active_config.borrow();
            let Some(endpoint) = active.endpoints.get(self.context.webhook.0 as usize) else {
                return;
            };
            self.context.endpoint = Arc::clone(endpoint);
            let config = Arc::clone(&active.config);
            (std::mem::replace(&mut self.context.config, config), active.signals)
        };
        let retired = self.context.queue.is_retired();
        self.resting.reload(&self.context, &last, signals, self.pace.now());
        self.context.show_rest_of_app();
        if retired != self.retired {
            self.retired = retired;
            self.pace.show_throttle(!retired);
        }
    }
}
