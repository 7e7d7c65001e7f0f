//! What a sender counts beside the queue's books: attempts, durations, limits.
//!
//! One lock a webhook, so that a scrape sees an attempt's result and its duration together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::histogram::Histogram;

/// How an attempt ended: the label `result` of `slackline_attempts_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptResult {
    /// 200 and `ok`.
    Ok,
    /// 429.
    RateLimited,
    /// 408 and 5xx (501 aside): will be tried again.
    ServerError,
    /// Any other answer: final.
    Rejected,
    /// No whole answer in time.
    Timeout,
    /// No connection, or one that broke.
    Connect,
}

/// One webhook's metrics, for its sender. Cheap to clone.
#[derive(Clone)]
pub struct WebhookMetrics {
    numbers: Arc<Mutex<Numbers>>,
}

const DURATION_BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const LATENCY_BOUNDS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 180.0, 420.0, 900.0];

/// The numbers themselves.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    /// By [`AttemptResult::ALL`]'s order.
    pub(super) attempts: [u64; AttemptResult::ALL.len()],
    pub(super) duration: Histogram<{ DURATION_BOUNDS.len() }>,
    pub(super) latency: Histogram<{ LATENCY_BOUNDS.len() }>,
    pub(super) truncated: u64,
    pub(super) rate_limit: f64,
    pub(super) held: bool,
    blocked_until: Option<SystemTime>,
}

impl AttemptResult {
    /// Every result; its place here is its place in the counts.
    pub const ALL: [AttemptResult; 6] = [
        AttemptResult::Ok,
        AttemptResult::RateLimited,
        AttemptResult::ServerError,
        AttemptResult::Rejected,
        AttemptResult::Timeout,
        AttemptResult::Connect,
    ];

    /// The result as the metric's label and the logs name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            AttemptResult::Ok => "ok",
            AttemptResult::RateLimited => "rate_limited",
            AttemptResult::ServerError => "server_error",
            AttemptResult::Rejected => "rejected",
            AttemptResult::Timeout => "timeout",
            AttemptResult::Connect => "connect",
        }
    }
}

impl WebhookMetrics {
    pub(super) fn new() -> Self {
        Self {
            numbers: Arc::new(Mutex::new(Numbers {
                attempts: [0; AttemptResult::ALL.len()],
                duration: Histogram::new(&DURATION_BOUNDS),
                latency: Histogram::new(&LATENCY_BOUNDS),
                truncated: 0,
                rate_limit: 0.0,
                held: false,
                blocked_until: None,
            })),
        }
    }

    /// One attempt ended. `latency`: where Slack took the delivery, how long after its event's Kafka timestamp (`None` where the record has none).
    pub fn attempt(&self, result: AttemptResult, took: Duration, latency: Option<Duration>) {
        let mut numbers = self.lock();
        numbers.attempts[result as usize] += 1;
        numbers.duration.observe(took);
        if let Some(latency) = latency {
            numbers.latency.observe(latency);
        }
    }

    /// Retry-After in force until then; `None`: none.
    pub fn blocked_until(&self, until: Option<SystemTime>) {
        self.lock().blocked_until = until;
    }

    /// A message was cut to 40,000 characters.
    pub fn truncated(&self) {
        self.lock().truncated += 1;
    }

    /// This replica's share of the rate, in posts a second.
    pub fn rate_limit(&self, per_second: f64) {
        self.lock().rate_limit = per_second;
    }

    /// Whether the next message waits for an acknowledged commit, for longer than a second.
    pub fn held(&self, held: bool) {
        self.lock().held = held;
    }

    pub(super) fn read(&self) -> Numbers {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Numbers {
    /// In Unix time; 0 once it has passed, also where the sender had no reason yet to look again.
    pub(super) fn blocked_until(&self, now: SystemTime) -> f64 {
        self.blocked_until
            .filter(|until| *until > now)
            .and_then(|until| until.duration_since(UNIX_EPOCH).ok())
            .map_or(0.0, |since| since.as_secs_f64())
    }
}
