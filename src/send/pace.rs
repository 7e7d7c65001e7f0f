//! When a sender's next attempt may leave: its rate limit, and Slack's `Retry-After`.
//!
//! Invariant: an attempt leaves only after [`Pace::take`] has allowed it; the metrics show the rate
//! and the throttle that are obeyed.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::answer::LONGEST_PAUSE;
use super::limit::Limiter;
use super::retry;
use super::verdict::Verdict;
use crate::backoff::Backoff;
use crate::config::model::Webhook;
use crate::metrics::WebhookMetrics;
use crate::sender_control::SenderControl;

/// The pauses while the workspace's limit of messages is reached.
const MESSAGE_LIMIT: Backoff =
    Backoff { initial: Duration::from_secs(60), max: Duration::from_secs(15 * 60) };

/// The pace of one sender. Times are counted from when it was created.
///
/// A sender waits until [`Pace::ready_at`] and then calls [`Pace::take`]; where that refuses, it
/// waits again. A limiter that several senders share therefore goes beside the webhook's own:
/// `ready_at` is the later of both, and `take` takes from both or from neither.
pub struct Pace {
    started: Instant,
    /// The webhook's own.
    limiter: Limiter,
    /// The webhook is throttled, or its throttle has expired but is still shown.
    throttled: bool,
    /// The throttle is hidden: see [`Pace::show_throttle`].
    hidden: bool,
    /// The number of 429s in a row, over all deliveries: the exponent of the backoff after one that
    /// does not say how long to wait.
    rate_limited: u32,
    metrics: WebhookMetrics,
}

impl Pace {
    /// Without a share of the rate: [`Pace::apply`] sets it.
    pub fn new(webhook: &Webhook, metrics: WebhookMetrics) -> Self {
        metrics.throttled_until(None);
        Self {
            started: Instant::now(),
            limiter: Limiter::new(webhook.rate_per_second, webhook.burst, 0.0, Duration::ZERO),
            throttled: false,
            hidden: false,
            rate_limited: 0,
            metrics,
        }
    }

    /// The time since the pace was created.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// The earliest time from `now` on at which an attempt may leave; `None`: not before the rate
    /// share changes.
    pub fn ready_at(&self, now: Duration) -> Option<Duration> {
        self.limiter.ready_at(now)
    }

    /// Lets one attempt leave at `now`. `false`: not yet, and nothing is spent.
    pub fn take(&mut self, now: Duration) -> bool {
        self.limiter.take(now)
    }

    /// The clock's time for a time of this pace; `None`: too far away for the clock.
    pub fn instant(&self, at: Duration) -> Option<Instant> {
        self.started.checked_add(at)
    }

    /// Sets the rate, the burst and this replica's share of them, and applies an inherited
    /// throttle. What was spent stays spent, and a throttle stays.
    pub fn apply(&mut self, webhook: &Webhook, control: SenderControl) {
        let (rate, share, now) = (webhook.rate_per_second, control.rate_share, self.now());
        self.limiter.set_rate(rate, webhook.burst, share, now);
        self.metrics.rate_limit(rate * share);
        if let Some(until) = control.throttled_until {
            self.inherit_throttle(until, now);
        }
    }

    /// Records an attempt that was not answered with 429.
    pub fn not_rate_limited(&mut self) {
        self.rate_limited = 0;
    }

    /// Throttles the webhook after an answer at `now` that says to wait, or that a limit is
    /// reached. Returns for how long, and until when.
    pub fn throttle(
        &mut self,
        webhook: &Webhook,
        verdict: &Verdict,
        now: Duration,
    ) -> (Duration, Option<SystemTime>) {
        let pause = match verdict {
            Verdict::RateLimited { retry_after: Some(pause) }
            | Verdict::Retry { retry_after: Some(pause), .. } => *pause,
            Verdict::MessageLimit => MESSAGE_LIMIT.pause(self.rate_limited),
            _ => retry::backoff(&webhook.retry).jittered(self.rate_limited, rand::random()),
        };
        self.rate_limited = self.rate_limited.saturating_add(1);
        self.throttled = true;
        self.limiter.throttle(now.saturating_add(pause));
        let until = SystemTime::now().checked_add(pause);
        self.show(until);
        (pause, until)
    }

    /// Throttles the webhook until `until`, which a former owner of a partition received from
    /// Slack. A time that has passed, or that is earlier than the current throttle's, changes
    /// nothing.
    fn inherit_throttle(&mut self, until: SystemTime, now: Duration) {
        let left = until.duration_since(SystemTime::now()).unwrap_or_default().min(LONGEST_PAUSE);
        if left.is_zero() {
            return;
        }
        let at = now.saturating_add(left);
        if self.limiter.throttled_until(now).is_none_or(|current| current < at) {
            self.show(Some(until));
            self.limiter.throttle(at);
        }
        self.throttled = true;
    }

    /// When the throttle expires; `None` without one.
    pub fn throttle_expires_at(&self) -> Option<Instant> {
        let until = self.limiter.throttled_until(self.now()).unwrap_or_default();
        if self.throttled { self.instant(until) } else { None }
    }

    /// Shows that there is no throttle any more.
    pub fn clear_throttle(&mut self) {
        if std::mem::take(&mut self.throttled) {
            self.metrics.throttled_until(None);
        }
    }

    /// Shows the throttle, or hides it while the webhook is not in the configuration: no delivery
    /// waits for it then, but it stays, since the webhook may come back.
    pub fn show_throttle(&mut self, shown: bool) {
        self.hidden = !shown;
        if !self.throttled {
            return;
        }
        let now = self.now();
        let left = self.limiter.throttled_until(now).map(|until| until.saturating_sub(now));
        self.show(left.and_then(|left| SystemTime::now().checked_add(left)));
    }

    /// Shows until when the webhook is throttled, unless that is hidden.
    fn show(&self, until: Option<SystemTime>) {
        self.metrics.throttled_until(until.filter(|_| !self.hidden));
    }
}

/// Waits until `at`; `None`: for ever.
pub async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
